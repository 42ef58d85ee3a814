//! What a caller may write where the API asks for a key, and the names of aliases.

use crate::{AccountId, AliasArn, KeyArn, KeyId, Region, RegionSet};
use std::fmt;

/// The name of an alias with its prefix, such as `alias/payroll`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasName(String);

impl AliasName {
    /// Any text that starts with `alias/` and has a name behind it. Which characters a *new* alias may
    /// have is CreateAlias's rule, not this one's: a look-up of an odd name finds nothing. A NUL is no text to PostgreSQL.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("alias/")?;
        (!name.is_empty() && text.len() <= 256 && !name.contains('\0')).then(|| Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Names under `alias/aws/` belong to service-managed keys.
    #[must_use]
    pub fn is_service_managed(&self) -> bool {
        self.0.starts_with("alias/aws/")
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key as a caller names it: id, ARN, alias or alias ARN. It still has to be resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRef {
    Id(KeyId),
    Arn(KeyArn),
    Alias(AliasName),
    AliasArn(AliasArn),
}

/// Why text is no [`KeyRef`]. KMS answers each with NotFoundException and its own text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyRef {
    /// Neither an id, nor an alias, nor an ARN.
    #[error("Invalid keyId '{0}'")]
    NotAKey(String),
    /// An ARN whose parts do not fit.
    #[error("Invalid arn {0}")]
    BadArn(String),
}

impl KeyRef {
    /// # Errors
    /// [`InvalidKeyRef`] when `text` has none of the four forms; an ARN must name a served Region.
    pub fn parse(text: &str, regions: &RegionSet) -> Result<Self, InvalidKeyRef> {
        if text.starts_with("arn:") {
            return parse_arn(text, regions).ok_or_else(|| InvalidKeyRef::BadArn(text.to_owned()));
        }
        if text.starts_with("alias/") {
            return AliasName::parse(text)
                .map(Self::Alias)
                .ok_or_else(|| InvalidKeyRef::NotAKey(text.to_owned()));
        }
        KeyId::parse(text).map(Self::Id).map_err(|_| InvalidKeyRef::NotAKey(text.to_owned()))
    }
}

fn parse_arn(text: &str, regions: &RegionSet) -> Option<KeyRef> {
    let mut parts = text.splitn(6, ':');
    let (Some("arn"), Some(crate::PARTITION), Some("kms")) = (parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let region: Region = regions.find(parts.next()?)?;
    let account = AccountId::parse(parts.next()?).ok()?;
    let resource = parts.next()?;
    if let Some(id) = resource.strip_prefix("key/") {
        let key_id = KeyId::parse(id).ok()?;
        return Some(KeyRef::Arn(KeyArn { region, account, key_id }));
    }
    let name = AliasName::parse(resource)?;
    Some(KeyRef::AliasArn(AliasArn { region, account, name }))
}

#[cfg(test)]
mod tests {
    use super::{InvalidKeyRef, KeyRef};
    use crate::RegionSet;

    #[test]
    fn four_forms() {
        let regions = RegionSet::with_extra(&[]).expect("no extra Regions");
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        assert!(matches!(KeyRef::parse(id, &regions), Ok(KeyRef::Id(_))));
        let arn = format!("arn:aws:kms:eu-central-1:111122223333:key/{id}");
        match KeyRef::parse(&arn, &regions) {
            Ok(KeyRef::Arn(parsed)) => assert_eq!(parsed.to_string(), arn),
            other => panic!("{other:?}"),
        }
        let alias = "arn:aws:kms:eu-central-1:111122223333:alias/a/b";
        match KeyRef::parse(alias, &regions) {
            Ok(KeyRef::AliasArn(parsed)) => assert_eq!(parsed.to_string(), alias),
            other => panic!("{other:?}"),
        }
        assert!(matches!(KeyRef::parse("alias/x", &regions), Ok(KeyRef::Alias(_))));
    }

    #[test]
    fn refusals() {
        let regions = RegionSet::with_extra(&[]).expect("no extra Regions");
        assert_eq!(KeyRef::parse("fake", &regions), Err(InvalidKeyRef::NotAKey("fake".into())));
        for arn in [
            "arn:aws:kms:eu-centrall-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:s3:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-central-1:11112222333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-central-1:111122223333:key/nope",
            "arn:aws:kms:eu-central-1:111122223333",
        ] {
            assert!(matches!(KeyRef::parse(arn, &regions), Err(InvalidKeyRef::BadArn(_))), "{arn}");
        }
    }
}
