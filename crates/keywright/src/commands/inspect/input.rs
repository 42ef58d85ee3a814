//! Reads a ciphertext in the forms in which people have one: raw, in Base64, or as a client printed it.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use miette::{IntoDiagnostic as _, Report, WrapErr as _, miette};
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// Larger than any message of an envelope whose head is worth a look; nobody has a KMS ciphertext of that length.
const BYTES_MAX: u64 = 64 << 20;

/// Base64 with or without padding, in both alphabets; whether unused bits are zero does not matter to whoever looks.
const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, CONFIG);
const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// The members of answers and of stored JSON in which ciphertexts stand.
const MEMBERS: &[&str] = &["CiphertextBlob", "ciphertextBlob", "ciphertext_blob", "PrivateKeyCiphertextBlob"];

/// Reads a file, or standard input for `-`, and undoes what the ciphertext was printed in.
pub fn read(path: &Path) -> Result<Vec<u8>, Report> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    read.into_diagnostic().wrap_err_with(|| format!("{} cannot be read", path.display()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > BYTES_MAX {
        return Err(miette!(
            "{} is larger than {} MiB: it is no ciphertext of KMS",
            path.display(),
            BYTES_MAX >> 20
        ));
    }
    Ok(plain(bytes))
}

/// The ciphertext itself. What is no text is taken as it is, and so is text in none of the known forms.
fn plain(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(&bytes) else { return bytes };
    let text = text.trim();
    let found = match text.as_bytes().first() {
        None => return Vec::new(),
        Some(b'{' | b'"') => serde_json::from_str(text).ok().and_then(|json| of_json(&json)),
        Some(_) => unbase64(text),
    };
    found.unwrap_or(bytes)
}

fn of_json(json: &Value) -> Option<Vec<u8>> {
    match json {
        Value::String(text) => unbase64(text),
        Value::Object(members) => {
            MEMBERS.iter().find_map(|name| members.get(*name)).and_then(Value::as_str).and_then(unbase64)
        }
        _ => None,
    }
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if digits.is_empty() {
        return Some(Vec::new());
    }
    STANDARD.decode(&digits).or_else(|_| URL_SAFE.decode(&digits)).ok()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn every_form_is_undone() {
        // "KW" and bytes that need each special letter of the alphabets.
        let blob = b"KW\x01\x01\xfb\xff\xfe".to_vec();
        for form in [
            "S1cBAfv//g==",
            "S1cBAfv//g",
            "S1cBAfv__g==",
            "  S1cB\nAfv/\r\n/g==\n",
            "\"S1cBAfv//g==\"\n",
            "{\"CiphertextBlob\": \"S1cBAfv//g==\", \"KeyId\": \"k\"}",
            "{\"KeyId\": \"k\", \"PrivateKeyCiphertextBlob\": \"S1cBAfv//g==\"}",
        ] {
            assert_eq!(plain(form.as_bytes().to_vec()), blob, "{form}");
        }
        assert_eq!(plain(blob.clone()), blob, "raw");
    }

    #[test]
    fn what_has_none_of_the_forms_stays() {
        for bytes in [&b"not base64!"[..], b"{\"Plaintext\": \"S1cB\"}", b"{broken", b"\xff\x00"] {
            assert_eq!(plain(bytes.to_vec()), bytes);
        }
        for nothing in [&b""[..], b" \n", b"\"\""] {
            assert!(plain(nothing.to_vec()).is_empty());
        }
    }
}
