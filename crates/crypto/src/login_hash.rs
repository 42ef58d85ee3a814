//! Hashes of passwords as databases keep them, so that a password need not be sent to be set.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// `mysql_native_password`: `*` and SHA-1 of the SHA-1, in upper-case hex (MySQL Reference Manual, "Native Pluggable
/// Authentication"). As weak as it is, it is what the account's plugin compares with.
#[must_use]
pub fn mysql_native_hash(password: &[u8]) -> String {
    let once = digest(&SHA1_FOR_LEGACY_USE_ONLY, password);
    let twice = digest(&SHA1_FOR_LEGACY_USE_ONLY, once.as_ref());
    let mut text = String::from("*");
    text.extend(twice.as_ref().iter().map(|byte| format!("{byte:02X}")));
    text
}

/// SHA-256 in lower-case hex, as Redis takes a user's password behind `#` (Redis documentation, `ACL SETUSER`).
#[must_use]
pub fn redis_acl_hash(password: &[u8]) -> String {
    digest(&SHA256, password).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{mysql_native_hash, redis_acl_hash};

    #[test]
    fn known_hashes() {
        // MySQL Reference Manual and MariaDB Knowledge Base, PASSWORD().
        assert_eq!(mysql_native_hash(b"password"), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
        assert_eq!(mysql_native_hash(b"mypass"), "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4");
        // FIPS 180-4, the example "abc".
        assert_eq!(
            redis_acl_hash(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
