//! Versions of managed policies, `v1` and up.
//!
//! Source: IAM User Guide, "Versioning IAM policies": five at most, one of them in force; numbers are not used again.

use crate::error::IamError;
use keywright_auth::identities::{PolicyRow, PolicyVersion};

/// A managed policy has at most this many versions at a time.
pub(crate) const VERSIONS_MAX: usize = 5;

pub(crate) fn id(number: u32) -> String {
    format!("v{number}")
}

/// The version that an id names; any other text names none, as the model's pattern lets more through.
fn number(id: &str) -> Option<u32> {
    let digits = id.strip_prefix('v')?;
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// # Errors
/// NoSuchEntity with AWS's text.
pub(crate) fn get<'a>(row: &'a PolicyRow, id: &str) -> Result<(u32, &'a PolicyVersion), IamError> {
    number(id)
        .and_then(|number| row.versions.0.get(&number).map(|version| (number, version)))
        .ok_or_else(|| no_such(&row.arn(), id))
}

pub(crate) fn no_such(arn: &str, id: &str) -> IamError {
    IamError::NoSuchEntity {
        message: format!("Policy {arn} version {id} does not exist or is not attachable."),
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn version_ids_are_read_strictly() {
        assert_eq!(number("v1"), Some(1));
        assert_eq!(number("v4294967295"), Some(u32::MAX));
        for other in ["", "v", "1", "v0", "v01", "v1.2", "v+1", "V1", "v4294967296"] {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
