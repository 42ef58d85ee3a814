//! The context that a simulation is given.

use super::invalid_input;
use crate::error::IamError;
use keywright_aws::iam::{ContextEntry, ContextKeyTypeEnum};
use keywright_policy::{ConditionValue, Context};
use keywright_types::Timestamp;
use std::net::IpAddr;

/// Condition keys with their values.
#[derive(Debug, Default)]
pub(crate) struct Entries(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    /// In lower case.
    name: String,
    values: Vec<String>,
    is_list: bool,
}

impl Entries {
    /// # Errors
    /// InvalidInput for an entry without a name or type, one whose values are not of its type, or a key twice.
    pub(crate) fn parse(given: Vec<ContextEntry>) -> Result<Self, IamError> {
        let mut entries: Vec<Entry> = Vec::with_capacity(given.len());
        for entry in given {
            let (Some(name), Some(kind)) = (entry.context_key_name, entry.context_key_type) else {
                return Err(invalid_input(
                    "A context entry must have a ContextKeyName and a ContextKeyType.",
                ));
            };
            let values = entry.context_key_values.unwrap_or_default();
            let (fits, is_list) = form(kind);
            if !is_list && values.len() > 1 {
                return Err(invalid_input(format!(
                    "The context key {name} of type {} can have one value.",
                    kind.as_str()
                )));
            }
            if !values.iter().all(|value| fits(value)) {
                return Err(invalid_input(format!(
                    "A value of the context key {name} is not of type {}.",
                    kind.as_str()
                )));
            }
            let lower = name.to_ascii_lowercase();
            if entries.iter().any(|known| known.name == lower) {
                return Err(invalid_input(format!("The context key {name} comes twice.")));
            }
            entries.push(Entry { name: lower, values, is_list });
        }
        Ok(Self(entries))
    }

    /// Whether a key has a value; names ignore case.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|entry| entry.name.eq_ignore_ascii_case(name) && !entry.values.is_empty())
    }
}

impl Context for Entries {
    fn value(&self, name: &str) -> ConditionValue<'_> {
        let Some(entry) = self.0.iter().find(|entry| entry.name == name) else {
            return ConditionValue::Absent;
        };
        match entry.values.as_slice() {
            [] => ConditionValue::Absent,
            [value] if !entry.is_list => ConditionValue::Single(value.as_str().into()),
            values => ConditionValue::Multi(values.iter().map(String::as_str).collect()),
        }
    }
}

/// What a value of the type must be, and whether there may be many.
fn form(kind: ContextKeyTypeEnum) -> (fn(&str) -> bool, bool) {
    let any: fn(&str) -> bool = |_| true;
    match kind {
        ContextKeyTypeEnum::String => (any, false),
        ContextKeyTypeEnum::StringList => (any, true),
        ContextKeyTypeEnum::Numeric => (is_number, false),
        ContextKeyTypeEnum::NumericList => (is_number, true),
        ContextKeyTypeEnum::Boolean => (is_boolean, false),
        ContextKeyTypeEnum::BooleanList => (is_boolean, true),
        ContextKeyTypeEnum::Ip => (is_address, false),
        ContextKeyTypeEnum::IpList => (is_address, true),
        ContextKeyTypeEnum::Binary => (is_base64, false),
        ContextKeyTypeEnum::BinaryList => (is_base64, true),
        ContextKeyTypeEnum::Date => (is_date, false),
        ContextKeyTypeEnum::DateList => (is_date, true),
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_boolean(text: &str) -> bool {
    text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false")
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// RFC 4648 section 4, with padding.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// An instant of ISO 8601, a day, or seconds since 1970.
fn is_date(text: &str) -> bool {
    Timestamp::parse_rfc3339(text).is_some()
        || Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).is_some()
        || text.parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{ContextEntry, ContextKeyTypeEnum, Entries};

    fn accepts(kind: ContextKeyTypeEnum, values: &[&str]) -> bool {
        Entries::parse(vec![ContextEntry {
            context_key_name: Some("aws:Key".to_owned()),
            context_key_values: Some(values.iter().map(|value| (*value).to_owned()).collect()),
            context_key_type: Some(kind),
        }])
        .is_ok()
    }

    #[test]
    fn values_are_of_their_type() {
        use ContextKeyTypeEnum as Type;
        for (kind, list, good, bad) in [
            (Type::Numeric, Type::NumericList, "1.5", "one"),
            (Type::Boolean, Type::BooleanList, "True", "yes"),
            (Type::Ip, Type::IpList, "2001:db8::1", "10.0.0.0/8"),
            (Type::Binary, Type::BinaryList, "aGFsbG8=", "a"),
            (Type::Date, Type::DateList, "2019-04-25T11:00:00Z", "yesterday"),
        ] {
            assert!(accepts(kind, &[good]) && accepts(list, &[good, good]), "{good}");
            assert!(!accepts(kind, &[bad]) && !accepts(list, &[good, bad]), "{bad}");
            assert!(!accepts(kind, &[good, good]), "one value only");
        }
        assert!(accepts(Type::String, &["anything"]) && accepts(Type::StringList, &[]));
        assert!(!accepts(Type::String, &["a", "b"]));
    }
}
