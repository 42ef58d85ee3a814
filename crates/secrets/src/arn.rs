//! Names of secrets: what a caller may write, and what it means.
//!
//! Source: Secrets Manager User Guide, "What's in a secret"; the rule of partial ARNs as recorded by public test suites.

use crate::error::SecretsError;
use crate::secret::SecretKey;
use keywright_auth::RequestContext;
use keywright_types::{AccountId, PARTITION, Region, RegionSet};

/// How many random characters end an ARN, after a hyphen.
const SUFFIX_LEN: usize = 6;

/// What a caller wrote as SecretId.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// As written, for condition keys.
    pub text: String,
    /// Absent in a bare name.
    home: Option<(Region, AccountId)>,
    name: String,
    /// None of a name and of an ARN without its end.
    suffix: Option<String>,
}

impl SecretRef {
    /// # Errors
    /// ValidationException for what can be no name, ResourceNotFoundException for an ARN of something else.
    pub fn parse(text: &str, regions: &RegionSet) -> Result<Self, SecretsError> {
        let Some(rest) = text.strip_prefix("arn:") else {
            check_name(text)?;
            return Ok(Self { text: text.to_owned(), home: None, name: text.to_owned(), suffix: None });
        };
        let parts: Vec<&str> = rest.splitn(6, ':').collect();
        let [partition, "secretsmanager", region, account, "secret", resource] = parts[..] else {
            return Err(SecretsError::NotFound);
        };
        let account = AccountId::parse(account).map_err(|_| SecretsError::NotFound)?;
        let region = regions.find(region).filter(|_| partition == PARTITION).ok_or(SecretsError::NotFound)?;
        let (name, suffix) = split_suffix(resource);
        check_name(name)?;
        Ok(Self {
            text: text.to_owned(),
            home: Some((region, account)),
            name: name.to_owned(),
            suffix: suffix.map(str::to_owned),
        })
    }

    /// Where the secret is, if it is there.
    pub fn key(&self, request: &RequestContext) -> SecretKey {
        let (region, account) =
            self.home.clone().unwrap_or_else(|| (request.region.clone(), request.caller.account));
        SecretKey { account, region, name: self.name.clone() }
    }

    /// Whether a secret whose ARN ends so is meant.
    pub fn fits(&self, suffix: &str) -> bool {
        self.suffix.as_deref().is_none_or(|wanted| wanted == suffix)
    }

    /// What denials call a secret that is not there.
    pub fn absent_arn(&self, request: &RequestContext) -> String {
        match &self.home {
            Some(_) => self.text.clone(),
            None => self.key(request).partial_arn(),
        }
    }
}

/// Splits the random end off, if it has the form of one.
fn split_suffix(resource: &str) -> (&str, Option<&str>) {
    match resource.len().checked_sub(SUFFIX_LEN + 1).and_then(|at| resource.split_at_checked(at)) {
        Some((name, end))
            if !name.is_empty()
                && end.starts_with('-')
                && end[1..].bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            (name, Some(&end[1..]))
        }
        _ => (resource, None),
    }
}

/// # Errors
/// ValidationException, with AWS's text.
pub fn check_name(name: &str) -> Result<(), SecretsError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@!-".contains(&byte);
    if !name.is_empty() && name.len() <= 512 && name.bytes().all(fits) {
        return Ok(());
    }
    Err(SecretsError::validation(
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    ))
}

/// The random end of a new secret's ARN, drawn from the id of the request's record: it is the same however often the
/// request is decided anew.
pub fn suffix_of(request: &RequestContext) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digest = keywright_crypto::sha256(request.event_id.as_bytes());
    let mut number = u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"));
    (0..SUFFIX_LEN)
        .map(|_| {
            let letter = LETTERS[usize::try_from(number % 62).unwrap_or_default()];
            number /= 62;
            char::from(letter)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{check_name, split_suffix};

    #[test]
    fn an_end_of_six_is_a_suffix_whatever_it_was_meant_for() {
        let check = |text, expected| assert_eq!(split_suffix(text), expected, "{text}");
        check("app/db-AbC123", ("app/db", Some("AbC123")));
        check("app/db", ("app/db", None));
        check("x-a1b2c3", ("x", Some("a1b2c3")));
        check("x-a1b2", ("x-a1b2", None));
        check("x-a1b2c3-AbCdEf", ("x-a1b2c3", Some("AbCdEf")));
        check("-a1b2c3", ("-a1b2c3", None));
        check("x-a1b2_3", ("x-a1b2_3", None));
    }

    #[test]
    fn names() {
        for good in ["a", "app/db_1+=.@-!", &"x".repeat(512)] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a:b", "ä", "a\0", "a*", &"x".repeat(513)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }
}
