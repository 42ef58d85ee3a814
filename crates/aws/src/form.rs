//! Form fields: the pairs of a query string or of an `application/x-www-form-urlencoded` body.

use crate::document::Text;
use crate::malformed::Malformed;

/// The decoded pairs, in the order sent. A field without `=` has an empty value.
pub(crate) fn pairs(form: &str) -> impl Iterator<Item = Result<(Text<'_>, Text<'_>), Malformed>> {
    form.split('&').filter(|field| !field.is_empty()).map(|field| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        Ok((decode(name, true)?, decode(value, true)?))
    })
}

/// Decodes percent-encoding (RFC 3986 section 2.1) and, in forms, `+` for a space. Borrowed if there is
/// nothing to decode; a copy is zeroed when dropped, because a form may carry a password.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> Result<Text<'_>, Malformed> {
    let encoded = |byte: &u8| *byte == b'%' || (plus_is_space && *byte == b'+');
    if !text.as_bytes().iter().any(encoded) {
        return Ok(Text::Borrowed(text));
    }
    let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' if plus_is_space => bytes.push(b' '),
            b'%' => {
                let [high, low, after @ ..] = rest else { return Err(Malformed::Form) };
                bytes.push(hex_digit(*high)? << 4 | hex_digit(*low)?);
                rest = after;
            }
            byte => bytes.push(byte),
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| Malformed::Form)?;
    Ok(Text::owned(text.to_owned()))
}

fn hex_digit(digit: u8) -> Result<u8, Malformed> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(Malformed::Form),
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, pairs};
    use crate::document::Text;

    #[test]
    fn percent_and_plus() {
        let check = |text: &str, wanted: &str| {
            assert_eq!(decode(text, true).expect(text).as_str(), wanted);
        };
        check("a%20b+c", "a b c");
        check("%C3%A9%2b", "é+");
        assert_eq!(decode("a+b", false).expect("plain").as_str(), "a+b");
        assert!(matches!(decode("plain", true), Ok(Text::Borrowed("plain"))));
        for bad in ["%", "%4", "%zz", "%ff", "a%C3"] {
            assert!(decode(bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn fields() {
        let fields: Vec<_> = pairs("Action=X&&Empty=&Bare&A.member.1=%3D")
            .map(|pair| pair.map(|(name, value)| format!("{}:{}", name.as_str(), value.as_str())))
            .collect::<Result<_, _>>()
            .expect("a valid form");
        assert_eq!(fields, ["Action:X", "Empty:", "Bare:", "A.member.1:="]);
    }
}
