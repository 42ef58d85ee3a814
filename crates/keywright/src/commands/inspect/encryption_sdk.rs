//! The data keys that stand, encrypted, at the head of a message of the AWS Encryption SDK.
//!
//! Source: AWS Encryption SDK Developer Guide, "AWS Encryption SDK message format reference", the message header of
//! versions 1 and 2. Numbers are big-endian; what varies in length stands behind its length in two bytes.

/// One encrypted data key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataKey<'a> {
    /// Who encrypted it, `aws-kms` for a KMS.
    pub provider: &'a [u8],
    /// Of `aws-kms`: the key's ARN.
    pub key_name: &'a [u8],
    pub ciphertext: &'a [u8],
}

/// The message's version and its encrypted data keys; none if it is no such message, or cut within its head.
pub fn data_keys(message: &[u8]) -> Option<(u8, Vec<DataKey<'_>>)> {
    let mut head = Head(message);
    let version = head.take(1)?[0];
    let before_context = match version {
        // Type, algorithm, message id.
        1 => 1 + 2 + 16,
        // Algorithm, message id.
        2 => 2 + 32,
        _ => return None,
    };
    head.take(before_context)?;
    let context_bytes = head.length()?;
    head.take(context_bytes)?;
    let count = head.length()?;
    let keys = (0..count).map(|_| head.data_key()).collect::<Option<Vec<_>>>()?;
    Some((version, keys))
}

struct Head<'a>(&'a [u8]);

impl<'a> Head<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn length(&mut self) -> Option<usize> {
        let bytes: [u8; 2] = self.take(2)?.try_into().ok()?;
        Some(usize::from(u16::from_be_bytes(bytes)))
    }

    fn field(&mut self) -> Option<&'a [u8]> {
        let bytes = self.length()?;
        self.take(bytes)
    }

    fn data_key(&mut self) -> Option<DataKey<'a>> {
        Some(DataKey { provider: self.field()?, key_name: self.field()?, ciphertext: self.field()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{DataKey, data_keys};

    fn message(version: u8) -> Vec<u8> {
        let mut message = vec![version];
        match version {
            1 => message.extend([0x80, 0x03, 0x78]),
            _ => message.extend([0x05, 0x78]),
        }
        message.extend(vec![7; if version == 1 { 16 } else { 32 }]);
        // A context of one pair, "a" and "b".
        message.extend([0, 8, 0, 1, 0, 1, b'a', 0, 1, b'b']);
        message.extend([0, 2]);
        for (name, blob) in [(&b"arn:one"[..], &b"KW-one"[..]), (b"arn:two", b"KW-twos")] {
            for field in [&b"aws-kms"[..], name, blob] {
                message.extend(u16::try_from(field.len()).expect("short").to_be_bytes());
                message.extend(field);
            }
        }
        message
    }

    #[test]
    fn both_versions_give_their_data_keys() {
        for version in [1, 2] {
            let message = [message(version), b"the rest of it".to_vec()].concat();
            let key = |key_name, ciphertext| DataKey { provider: b"aws-kms", key_name, ciphertext };
            let expected = vec![key(b"arn:one", b"KW-one"), key(b"arn:two", b"KW-twos")];
            assert_eq!(data_keys(&message), Some((version, expected)));
        }
    }

    #[test]
    fn a_head_that_is_cut_anywhere_gives_none() {
        let whole = message(2);
        for length in 0..whole.len() {
            assert_eq!(data_keys(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(data_keys(&[3; 100]), None, "another version");
    }
}
