//! What a blob is, as far as its first bytes tell: one of ours, or whose else.
//!
//! No key is asked: what stands in the clear part of a ciphertext is believed here, and proved only by whoever opens it.
//!
//! Sources: docs/ciphertext.md, section 3, for ours; the beginnings of AWS's own are those of the ciphertexts that its
//! service gives out (in Base64 `AQICAH…`, `AQEDAH…`, `AQECAH…`), which it documents as opaque; AWS Encryption SDK
//! Developer Guide, "Message format reference", for its messages.

use crate::message::{Header, MAGIC, OVERHEAD, SUITE, VERSION};
use keywright_types::KeyId;

/// Why a blob is no ciphertext that this release opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unrecognised {
    #[error("there is nothing: no byte at all")]
    Empty,
    #[error(
        "it begins as a Keywright ciphertext and is cut: it has {bytes} of at least {OVERHEAD} bytes, so that the rest is lost"
    )]
    Cut { bytes: usize },
    #[error(
        "it is a Keywright ciphertext of format version {version}, and this release knows version {VERSION}: a newer release made \
         it, or the byte was damaged"
    )]
    OtherVersion { version: u8 },
    #[error(
        "it is a Keywright ciphertext of suite {suite}, and this release knows suite {SUITE}: a newer release made it, or the byte \
         was damaged"
    )]
    OtherSuite { suite: u8 },
    #[error(
        "it begins as a Keywright ciphertext and names a kind of key ({kind}) that there is not: a newer release made it, or it \
         was damaged"
    )]
    OtherKind { kind: u8 },
    #[error("it looks like a ciphertext of AWS's own KMS; only the AWS key that made it opens it")]
    AwsKms,
    #[error(
        "it looks like a message of the AWS Encryption SDK; the data keys inside of it are the KMS ciphertexts"
    )]
    EncryptionSdk,
    #[error(
        "it is no ciphertext of Keywright's KMS; those of RSA keys have no header that tells whose they are"
    )]
    Foreign,
}

impl Unrecognised {
    /// A word for scripts; stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "EMPTY",
            Self::Cut { .. } => "KEYWRIGHT_KMS_CUT",
            Self::OtherVersion { .. } | Self::OtherSuite { .. } | Self::OtherKind { .. } => {
                "KEYWRIGHT_KMS_UNKNOWN_VERSION"
            }
            Self::AwsKms => "AWS_KMS",
            Self::EncryptionSdk => "AWS_ENCRYPTION_SDK",
            Self::Foreign => "UNKNOWN",
        }
    }
}

/// The clear part of a ciphertext of ours, or what the blob is instead.
///
/// # Errors
/// [`Unrecognised`].
pub fn recognise(blob: &[u8]) -> Result<Header, Unrecognised> {
    if blob.is_empty() {
        return Err(Unrecognised::Empty);
    }
    if !blob.starts_with(&MAGIC) {
        // The first byte alone says little; as many as there are must be the beginning of ours.
        return Err(if MAGIC.starts_with(blob) {
            Unrecognised::Cut { bytes: blob.len() }
        } else {
            foreign(blob)
        });
    }
    let (version, suite, kind) = (blob.get(2).copied(), blob.get(3).copied(), blob.get(4).copied());
    match (version, suite, kind) {
        // No release ever wrote version 0.
        (Some(0), _, _) => return Err(Unrecognised::Foreign),
        (Some(version), _, _) if version != VERSION => return Err(Unrecognised::OtherVersion { version }),
        (_, Some(suite), _) if suite != SUITE => return Err(Unrecognised::OtherSuite { suite }),
        (_, _, Some(kind)) if KeyId::from_kind(kind, [0; 16]).is_none() => {
            return Err(Unrecognised::OtherKind { kind });
        }
        _ => {}
    }
    Header::parse(blob).ok_or(Unrecognised::Cut { bytes: blob.len() })
}

fn foreign(blob: &[u8]) -> Unrecognised {
    match blob {
        [1, 2, 2, 0, b'x', ..] | [1, 1, 2 | 3, 0, b'x', ..] => Unrecognised::AwsKms,
        // Version 1 with its type and one of its algorithm suites; version 2 with one of its two.
        [1, 0x80, 0x00..=0x03, 0x14 | 0x46 | 0x78, ..] | [2, 0x04 | 0x05, 0x78, ..] => {
            Unrecognised::EncryptionSdk
        }
        _ => Unrecognised::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::{Unrecognised, recognise};
    use crate::message::OVERHEAD;

    /// The example of docs/ciphertext.md.
    const EXAMPLE: &str = "4b570101015f50c8bb7d994a059feb900e6bafb4ab260ba2dd56f51922d6cb68304db0bc93\
                           92dfe6b8d22342334a8443e43ce0754be057ecb9e6547a560b72992dc6226e90\
                           0092f5af60d024be8c92e64694f5fa350f9543f525f44addda361d962c9a5913\
                           4309be22331b9334e28dd0cd86bbc4da946fba394b";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
            .collect()
    }

    #[test]
    fn the_documented_example_is_ours_whatever_it_holds() {
        let blob = bytes(EXAMPLE);
        let header = recognise(&blob).expect("it is ours");
        assert_eq!(header.key_id().to_string(), "5f50c8bb-7d99-4a05-9feb-900e6bafb4ab");
        assert_eq!(header.material_tag()[..3], [0x26, 0x0b, 0xa2]);
        assert_eq!((header.version(), header.suite()), (1, 1));
        assert_eq!(recognise(&blob[..OVERHEAD]).expect("an empty plaintext"), header);
    }

    #[test]
    fn every_cut_of_it_is_told_as_one() {
        let blob = bytes(EXAMPLE);
        for length in 1..OVERHEAD {
            assert_eq!(recognise(&blob[..length]), Err(Unrecognised::Cut { bytes: length }));
        }
        assert_eq!(recognise(&[]), Err(Unrecognised::Empty));
    }

    #[test]
    fn each_byte_of_the_beginning_has_its_own_fault() {
        let changed = |at: usize, to: u8| {
            let mut blob = bytes(EXAMPLE);
            blob[at] = to;
            recognise(&blob)
        };
        assert_eq!(changed(0, b'k'), Err(Unrecognised::Foreign));
        assert_eq!(changed(2, 2), Err(Unrecognised::OtherVersion { version: 2 }));
        assert_eq!(changed(2, 0), Err(Unrecognised::Foreign));
        assert_eq!(changed(3, 2), Err(Unrecognised::OtherSuite { suite: 2 }));
        assert_eq!(changed(4, 3), Err(Unrecognised::OtherKind { kind: 3 }));
        assert!(changed(4, 2).is_ok(), "a multi-Region key of the same bytes");
        // A newer version may be shorter than ours: its length says nothing.
        assert_eq!(recognise(b"KW\x02"), Err(Unrecognised::OtherVersion { version: 2 }));
    }

    #[test]
    fn others_are_named_where_they_can_be() {
        // Of the AWS documentation's and SDKs' examples: "AQICAHhw…", "AQEDAHjR…", "AQECAHig…", "AYADeA…", "AgV4…".
        for (start, is) in [
            ("010202007870", Unrecognised::AwsKms),
            ("0101030078d1", Unrecognised::AwsKms),
            ("0101020078a0", Unrecognised::AwsKms),
            ("0180037800", Unrecognised::EncryptionSdk),
            ("0180001400", Unrecognised::EncryptionSdk),
            ("02057800", Unrecognised::EncryptionSdk),
            ("02047800", Unrecognised::EncryptionSdk),
            ("01020200", Unrecognised::Foreign),
            ("02067800", Unrecognised::Foreign),
            ("00", Unrecognised::Foreign),
        ] {
            assert_eq!(recognise(&bytes(start)), Err(is), "{start}");
        }
        assert_eq!(recognise(&[0x5a; 256]), Err(Unrecognised::Foreign));
    }
}
