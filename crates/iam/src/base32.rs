//! Base32 as authenticator apps take seeds (RFC 4648, section 6), without padding.

use keywright_types::SecretText;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The text of secret bytes.
pub(crate) fn encode(bytes: &[u8]) -> SecretText {
    // Reserved whole, so that growing leaves no copies behind.
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut padded = [0; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(padded);
        for place in 0..(group.len() * 8).div_ceil(5) {
            let value = (bits >> (35 - 5 * place)) & 31;
            text.push(char::from(ALPHABET[usize::try_from(value).unwrap_or_default()]));
        }
    }
    SecretText::new(text)
}

#[cfg(test)]
mod tests {
    /// RFC 4648, section 10, without the padding.
    #[test]
    fn texts_are_rfc_4648_s() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(super::encode(bytes.as_bytes()).expose(), text);
        }
    }
}
