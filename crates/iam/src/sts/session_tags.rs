//! Tags of a session: those given, those inherited from the session that asks, and which are handed on.
//!
//! Source: IAM User Guide, "Pass session tags in AWS STS"; texts as AWS answers them, as the snapshot tests of LocalStack
//! have recorded.

use crate::error::IamError;
use crate::tags;
use keywright_auth::{RequestContext, SessionOf};
use keywright_policy::ConditionValue;
use keywright_types::Tags;

const TAGS_MAX: usize = 50;

/// The tags of a request.
#[derive(Debug, Default)]
pub(crate) struct SessionTags {
    given: Vec<(String, String)>,
    /// Keys out of `given`.
    transitive: Vec<String>,
}

impl SessionTags {
    /// # Errors
    /// InvalidParameterValue.
    pub(crate) fn new(given: Vec<(String, String)>, transitive: Vec<String>) -> Result<Self, IamError> {
        let mut seen: Vec<String> = Vec::with_capacity(given.len());
        for (key, _) in &given {
            let folded = key.to_lowercase();
            if folded.starts_with("aws:") {
                return Err(IamError::parameter("Tag keys that begin with aws: are reserved."));
            }
            if seen.contains(&folded) {
                return Err(IamError::parameter(
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                ));
            }
            seen.push(folded);
        }
        if transitive.iter().any(|key| !seen.contains(&key.to_lowercase())) {
            return Err(IamError::parameter(
                "The specified transitive tag key must be included in the requested tags.",
            ));
        }
        Ok(Self { given, transitive })
    }

    /// With what the calling session hands on.
    ///
    /// # Errors
    /// InvalidParameterValue for a key that would take another value than the one handed on.
    pub(crate) fn inheriting(&self, request: &RequestContext) -> Result<Self, IamError> {
        let mut all = Self { given: self.given.clone(), transitive: self.transitive.clone() };
        let Some(SessionOf::Role { tags, transitive, .. }) =
            request.caller.session.as_deref().map(|session| &session.facts.of)
        else {
            return Ok(all);
        };
        let is_handed_on = |key: &str| transitive.iter().any(|handed| handed.eq_ignore_ascii_case(key));
        if self.given.iter().any(|(key, _)| is_handed_on(key)) {
            return Err(IamError::parameter(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
                 from the calling session.",
            ));
        }
        for (key, value) in tags.iter().filter(|(key, _)| is_handed_on(key)) {
            all.given.push((key.to_owned(), value.to_owned()));
            all.transitive.push(key.to_owned());
        }
        if all.given.len() > TAGS_MAX {
            return Err(IamError::parameter("A session can have at most 50 tags."));
        }
        Ok(all)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    pub(crate) fn tags(&self) -> Tags {
        let mut tags = Tags::default();
        for (key, value) in &self.given {
            tags.insert(key.clone(), value.clone());
        }
        tags
    }

    pub(crate) fn transitive(&self) -> &[String] {
        &self.transitive
    }

    /// `aws:RequestTag`, `aws:TagKeys`, `sts:TransitiveTagKeys`.
    pub(crate) fn condition(&self, name: &str) -> ConditionValue<'_> {
        match name {
            "sts:transitivetagkeys" if self.transitive.is_empty() => ConditionValue::Absent,
            "sts:transitivetagkeys" => {
                ConditionValue::Multi(self.transitive.iter().map(String::as_str).collect())
            }
            _ => tags::requested(&self.given, name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SessionTags;
    use crate::error::IamError;

    fn pairs(keys: &[&str]) -> Vec<(String, String)> {
        keys.iter().map(|key| ((*key).to_owned(), "v".to_owned())).collect()
    }

    #[test]
    fn keys_are_single_known_and_not_reserved() {
        let check = |given: &[&str], transitive: &[&str]| {
            let transitive = transitive.iter().map(|key| (*key).to_owned()).collect();
            match SessionTags::new(pairs(given), transitive) {
                Ok(_) => None,
                Err(IamError::InvalidParameter { message }) => Some(message.into_owned()),
                Err(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(check(&["a", "b"], &["A"]), None);
        assert_eq!(
            check(&["a", "A"], &[]).as_deref(),
            Some("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
        );
        assert_eq!(
            check(&["a"], &["b"]).as_deref(),
            Some("The specified transitive tag key must be included in the requested tags.")
        );
        assert!(check(&["AWS:x"], &[]).is_some());
    }
}
