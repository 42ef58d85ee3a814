//! Names, paths and ARNs of identities.
//!
//! Source: IAM User Guide, "IAM identifiers": names are unique in an account whatever their case.

use keywright_store::{Column, Value};
use keywright_types::{AccountId, PARTITION};
use std::fmt;
use std::sync::Arc;

/// What an ARN of IAM names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityKind {
    User,
    Group,
    Role,
    Policy,
    MfaDevice,
}

impl EntityKind {
    const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
            Self::Policy => "policy",
            Self::MfaDevice => "mfa",
        }
    }
}

/// `arn:aws:iam::ACCOUNT:KIND/PATH/NAME`; a path begins and ends with a slash.
#[must_use]
pub fn entity_arn(account: AccountId, kind: EntityKind, path: &str, name: &str) -> String {
    format!("arn:{PARTITION}:iam::{account}:{}{path}{name}", kind.word())
}

/// An ARN of IAM taken apart: `None` for anything that is none of that kind.
#[must_use]
pub fn parse_entity_arn(arn: &str, kind: EntityKind) -> Option<EntityArn<'_>> {
    let rest = arn.strip_prefix("arn:")?.strip_prefix(PARTITION)?.strip_prefix(":iam::")?;
    let (account, resource) = rest.split_once(':')?;
    let placed = resource.strip_prefix(kind.word())?;
    let (path, name) = placed.split_at_checked(placed.rfind('/')? + 1)?;
    (placed.starts_with('/') && !name.is_empty()).then_some(EntityArn { account, path, name })
}

/// The parts of an IAM ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityArn<'a> {
    /// 12 digits, or `aws` for policies that come with the service.
    pub account: &'a str,
    pub path: &'a str,
    pub name: &'a str,
}

/// A name as the store compares it. Names have ASCII letters only, so that this is all of their case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameKey(String);

impl NameKey {
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(name.to_ascii_lowercase())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Column for NameKey {
    fn to_value(&self) -> Value {
        Value::Text(self.0.clone())
    }
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value).map(Self)
    }
}

impl fmt::Display for NameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A column that holds JSON of `T`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: serde::Serialize + serde::de::DeserializeOwned> Column for Json<T> {
    fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(&self.0).expect("texts, lists and maps always serialise"))
    }
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value).and_then(|text| serde_json::from_str(&text).ok()).map(Self)
    }
}

/// The session ARN of a role: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, without the role's path.
#[must_use]
pub fn session_arn(account: AccountId, role_name: &str, session_name: &str) -> Arc<str> {
    format!("arn:{PARTITION}:sts::{account}:assumed-role/{role_name}/{session_name}").into()
}

#[cfg(test)]
mod tests {
    use super::{EntityArn, EntityKind, parse_entity_arn};

    #[test]
    fn arns_are_taken_apart_or_refused() {
        let user = |arn| parse_entity_arn(arn, EntityKind::User);
        let parts = |path, name| Some(EntityArn { account: "111122223333", path, name });
        assert_eq!(user("arn:aws:iam::111122223333:user/alice"), parts("/", "alice"));
        assert_eq!(user("arn:aws:iam::111122223333:user/a/b/alice"), parts("/a/b/", "alice"));
        for other in [
            "arn:aws:iam::111122223333:role/alice",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:users/alice",
            "arn:aws-cn:iam::111122223333:user/alice",
            "arn:aws:iam:eu-west-1:111122223333:user/alice",
        ] {
            assert_eq!(user(other), None, "{other}");
        }
    }
}
