//! Bytes and text that must not be printed, copied or left behind in memory.

use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Secret bytes: zeroed when dropped, compared in constant time, shown only as their length.
///
/// There is no `Clone`, no `Serialize` and no `Deref`; [`SecretBytes::expose`] is the one way in, so
/// that a search for `expose` lists every place where a secret is read.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes over `bytes`; the caller's buffer is moved, not copied.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Copies `bytes`; the caller remains responsible for wiping its own copy.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The bytes themselves. Do not log, store or return what this gives except where it is meant to go.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.0.len())
    }
}

/// Secret UTF-8 text, with the rules of [`SecretBytes`].
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SecretText(String);

impl SecretText {
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself; see [`SecretBytes::expose`].
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes of the UTF-8 form.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretText {}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}

/// A secret cannot be copied:
/// ```compile_fail
/// let secret = keywright_types::SecretBytes::new(vec![1]);
/// let copy = secret.clone();
/// ```
/// nor shown:
/// ```compile_fail
/// let secret = keywright_types::SecretText::new("x".into());
/// println!("{secret}");
/// ```
/// nor serialised:
/// ```compile_fail
/// fn needs<T: serde::Serialize>(_: &T) {}
/// needs(&keywright_types::SecretBytes::new(vec![1]));
/// ```
#[allow(dead_code)]
struct CompileFailProofs;

#[cfg(test)]
mod tests {
    use super::{SecretBytes, SecretText};

    #[test]
    fn debug_shows_only_the_length() {
        assert_eq!(format!("{:?}", SecretBytes::new(b"hunter2".to_vec())), "SecretBytes(7 bytes)");
        assert_eq!(format!("{:?}", SecretText::new("hunter2".into())), "SecretText(7 bytes)");
    }

    #[test]
    fn equality_compares_content() {
        assert_eq!(SecretBytes::new(vec![1, 2]), SecretBytes::new(vec![1, 2]));
        assert_ne!(SecretBytes::new(vec![1, 2]), SecretBytes::new(vec![1, 3]));
        assert_ne!(SecretBytes::new(vec![1, 2]), SecretBytes::new(vec![1, 2, 3]));
    }
}
