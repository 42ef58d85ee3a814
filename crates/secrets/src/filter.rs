//! Filters of lists.
//!
//! Source: Secrets Manager User Guide, "Find secrets", and API Reference, `Filter`: values are prefixes, one of them must
//! fit; `!` before a value excludes what fits; every filter must let the secret through. `all` takes a value apart into
//! words, each of which must begin a word somewhere.

use crate::error::SecretsError;
use crate::secret::SecretRow;
use keywright_aws::secretsmanager::{Filter, FilterNameStringType as Key};

/// The filters of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters(Vec<One>);

#[derive(Debug, Clone)]
struct One {
    key: Key,
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Filters {
    /// # Errors
    /// InvalidParameterException for a filter without a key or without values.
    pub(crate) fn parse(filters: Option<Vec<Filter>>) -> Result<Self, SecretsError> {
        let mut parsed = Vec::new();
        for filter in filters.unwrap_or_default() {
            let (Some(key), Some(values)) = (filter.key, filter.values) else {
                return Err(SecretsError::parameter("A filter must have a key and values."));
            };
            let mut one = One { key, wanted: Vec::new(), unwanted: Vec::new() };
            for value in values {
                match value.strip_prefix('!') {
                    Some(unwanted) => one.unwanted.push(unwanted.to_owned()),
                    None => one.wanted.push(value),
                }
            }
            parsed.push(one);
        }
        Ok(Self(parsed))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text that tells these filters from others, for page markers.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{:?}", self.0)
    }

    /// The prefix that every name of the answer has, if there is one.
    pub(crate) fn name_prefix(&self) -> Option<&str> {
        self.0.iter().find_map(|one| match (one.key, one.wanted.as_slice()) {
            (Key::Name, [prefix]) => Some(prefix.as_str()),
            _ => None,
        })
    }

    pub(crate) fn fit(&self, row: &SecretRow) -> bool {
        self.0.iter().all(|one| {
            (one.wanted.is_empty() || one.wanted.iter().any(|value| fits(one.key, value, row)))
                && !one.unwanted.iter().any(|value| fits(one.key, value, row))
        })
    }
}

fn fits(key: Key, value: &str, row: &SecretRow) -> bool {
    match key {
        Key::Name => row.name.starts_with(value),
        Key::Description => row
            .description
            .as_deref()
            .is_some_and(|text| text.to_lowercase().starts_with(&value.to_lowercase())),
        Key::TagKey => row.tags.iter().any(|(key, _)| key.starts_with(value)),
        Key::TagValue => row.tags.iter().any(|(_, text)| text.starts_with(value)),
        Key::PrimaryRegion => row
            .replication
            .as_ref()
            .is_some_and(|_| row.primary_region.as_ref().unwrap_or(&row.region).as_str().starts_with(value)),
        // No other service's secrets there are any.
        Key::OwningService => false,
        Key::All => {
            let mut texts = vec![row.name.to_lowercase()];
            texts.extend(row.description.as_deref().map(str::to_lowercase));
            texts.extend(row.tags.iter().flat_map(|(key, value)| [key.to_lowercase(), value.to_lowercase()]));
            let words = |text: &str| -> Vec<String> {
                let parts = text.split(|letter: char| !letter.is_alphanumeric());
                parts.filter(|word| !word.is_empty()).map(str::to_owned).collect()
            };
            let known: Vec<String> = texts.iter().flat_map(|text| words(text)).collect();
            words(&value.to_lowercase())
                .iter()
                .all(|word| known.iter().any(|known| known.starts_with(word.as_str())))
        }
    }
}
