//! One-time codes by time, as authenticator apps show them.
//!
//! Source: RFC 6238 (time steps of 30 seconds) over RFC 4226 (HMAC-SHA-1, six digits): what every app computes from the
//! address that a QR code carries. HMAC is not hurt by what broke SHA-1.

use aws_lc_rs::{constant_time, hmac};
use std::ops::RangeInclusive;

/// Length of a time step in seconds.
pub const STEP_SECONDS: i64 = 30;

const DIGITS: u32 = 6;

/// The last of `steps` whose code under `seed` is `code`.
///
/// Every step is computed and compared in constant time, whether one matched or not: how long it takes tells nothing.
#[must_use]
pub fn matching_step(seed: &[u8], code: &[u8], steps: RangeInclusive<i64>) -> Option<i64> {
    let key = key(seed);
    let mut matched = None;
    for step in steps {
        let Ok(counter) = u64::try_from(step) else { continue };
        let wanted = format!("{:06}", truncated(&key, counter) % 10_u32.pow(DIGITS));
        if constant_time::verify_slices_are_equal(wanted.as_bytes(), code).is_ok() {
            matched = Some(step);
        }
    }
    matched
}

fn key(seed: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed)
}

/// RFC 4226, section 5.3: 31 bits of the MAC, from where its last four bits say.
fn truncated(key: &hmac::Key, counter: u64) -> u32 {
    let tag = hmac::sign(key, &counter.to_be_bytes());
    let mac = tag.as_ref();
    let offset = usize::from(mac[mac.len() - 1] & 0x0f);
    let picked: [u8; 4] =
        mac[offset..offset + 4].try_into().expect("twenty bytes hold four from any of the first 16");
    u32::from_be_bytes(picked) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::{STEP_SECONDS, key, matching_step, truncated};

    const SEED: &[u8] = b"12345678901234567890";

    /// RFC 4226, appendix D.
    #[test]
    fn codes_by_counter_are_rfc_4226_s() {
        let decimals = [
            1_284_755_224,
            1_094_287_082,
            137_359_152,
            1_726_969_429,
            1_640_338_314,
            868_254_676,
            1_918_287_922,
            82_162_583,
            673_399_871,
            645_520_489,
        ];
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for ((step, decimal), code) in (0_i64..).zip(decimals).zip(codes) {
            assert_eq!(truncated(&key(SEED), step.unsigned_abs()), decimal);
            assert_eq!(matching_step(SEED, code.as_bytes(), 0..=9), Some(step));
        }
    }

    /// RFC 6238, appendix B, the rows of SHA-1; they have eight digits.
    #[test]
    fn codes_by_time_are_rfc_6238_s() {
        for (seconds, code) in [
            (59_i64, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            let step = seconds / STEP_SECONDS;
            assert_eq!(truncated(&key(SEED), step.unsigned_abs()) % 100_000_000, code, "{seconds}");
            let six = format!("{:06}", code % 1_000_000);
            assert_eq!(matching_step(SEED, six.as_bytes(), step - 1..=step + 1), Some(step));
            assert_eq!(matching_step(SEED, six.as_bytes(), step + 1..=step + 3), None);
        }
    }

    #[test]
    fn what_is_no_code_matches_nothing() {
        for other in ["", "755225", "75522", "0755224", "755224\0", "٧٥٥٢٢٤"] {
            assert_eq!(matching_step(SEED, other.as_bytes(), 0..=0), None, "{other}");
        }
        assert_eq!(matching_step(SEED, b"755224", -3..=-1), None, "before the epoch");
    }
}
