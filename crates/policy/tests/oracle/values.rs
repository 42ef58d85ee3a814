//! Numbers, dates and addresses of conditions, read by hand.

/// A decimal in millionths of a millionth.
pub fn number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.chars().all(|one| one.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 12 {
        return None;
    }
    let padded = format!("{whole}{fraction:0<12}");
    padded.parse::<i128>().ok().map(|number| sign * number)
}

/// Milliseconds since 1970: seconds as a number, or W3C's forms.
pub fn date(text: &str) -> Option<i64> {
    // Millionths of a millionth of a second, cut to thousandths.
    if let Some(seconds) = number(text) {
        return i64::try_from(seconds / 1_000_000_000).ok();
    }
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.chars().all(|one| one.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let is = |at: usize, wanted: &str| text.get(at..at + wanted.len()) == Some(wanted);
    let (year, month) = (number(0, 4)?, number(5, 7)?);
    let day = if text.len() == 7 { 1 } else { number(8, 10)? };
    if !is(4, "-") || (text.len() > 7 && !is(7, "-")) || !(1..=12).contains(&month) {
        return None;
    }
    if day < 1 || day > days_of(year, month) {
        return None;
    }
    let mut days = 0;
    for one in 1970..year {
        days += if leap(one) { 366 } else { 365 };
    }
    for one in year..1970 {
        days -= if leap(one) { 366 } else { 365 };
    }
    for one in 1..month {
        days += days_of(year, one);
    }
    let midnight = (days + day - 1) * 86_400_000;
    if text.len() == 7 || text.len() == 10 {
        return Some(midnight);
    }
    let (hour, minute) = (number(11, 13)?, number(14, 16)?);
    if !is(10, "T") || !is(13, ":") || hour > 23 || minute > 59 {
        return None;
    }
    let (mut at, mut second, mut millis) = (16, 0, 0);
    if is(16, ":") {
        second = number(17, 19)?;
        at = 19;
        if is(19, ".") {
            let fraction: String = text[20..].chars().take_while(char::is_ascii_digit).collect();
            at = 20 + fraction.len();
            millis = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        }
    }
    let offset = match text.get(at..)? {
        "Z" => 0,
        zone if zone.len() == 6 && is(at + 3, ":") => {
            let minutes = number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?;
            match zone.as_bytes()[0] {
                b'+' => minutes,
                b'-' => -minutes,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000 + millis)
}

fn leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Bit by bit.
pub fn in_network(address: &str, network: &str) -> bool {
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, length.parse().ok()),
        None => (network, None),
    };
    let (Some(address), Some(base)) = (bits(address), bits(base)) else { return false };
    // A mapped range counts its own 96 bits.
    let mapped = base.len() == 32 && network.contains(':');
    let length: usize = length.unwrap_or(if mapped { 128 } else { base.len() });
    let length = if mapped { length.saturating_sub(96) } else { length };
    address.len() == base.len() && address[..length] == base[..length]
}

/// The bits of an address; one of IPv4 written in IPv6 is one of IPv4.
fn bits(text: &str) -> Option<Vec<bool>> {
    let of_byte = |byte: u8| (0..8).rev().map(move |bit| byte >> bit & 1 == 1);
    let v4 = |text: &str| -> Option<Vec<bool>> {
        let bytes: Option<Vec<u8>> = text.split('.').map(|one| one.parse().ok()).collect();
        bytes.filter(|bytes| bytes.len() == 4).map(|bytes| bytes.into_iter().flat_map(of_byte).collect())
    };
    if !text.contains(':') {
        return v4(text);
    }
    if let Some(mapped) = text.strip_prefix("::ffff:")
        && mapped.contains('.')
    {
        return v4(mapped);
    }
    let (before, after) = match text.split_once("::") {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    };
    let groups = |text: &str| -> Option<Vec<u16>> {
        text.split(':').filter(|one| !one.is_empty()).map(|one| u16::from_str_radix(one, 16).ok()).collect()
    };
    let (mut all, tail) = (groups(before)?, groups(after.unwrap_or_default())?);
    if after.is_some() {
        all.resize(8 - tail.len(), 0);
    }
    all.extend(tail);
    (all.len() == 8).then(|| all.into_iter().flat_map(u16::to_be_bytes).flat_map(of_byte).collect())
}
