//! `Condition`: operators over condition keys.

use crate::PolicyError;
use crate::arn::ArnPattern;
use crate::json::Node;
use crate::pattern::{Case, Pattern, Syntax};
use crate::request::{ConditionValue, Context};
use keywright_types::Timestamp;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

/// One operator applied to one key: `"StringLike": {"kms:ViaService": […]}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    /// As written, for explanations.
    pub(crate) operator: String,
    /// In lower case.
    pub(crate) key: String,
    test: Test,
    negated: bool,
    if_exists: bool,
    set: Set,
}

/// How a key with many values is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    None,
    ForAll,
    ForAny,
}

/// What a value is compared with: it fits if it fits one of them.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    Text(Vec<Pattern>, Case),
    Number(Vec<f64>, Comparison),
    Date(Vec<Timestamp>, Comparison),
    Bool(Vec<bool>),
    Binary(Vec<String>),
    Network(Vec<Network>),
    Arn(Vec<ArnPattern>),
    /// Whether the key must be absent.
    Null(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering == Ordering::Equal,
            Self::Less => ordering == Ordering::Less,
            Self::LessOrEqual => ordering != Ordering::Greater,
            Self::Greater => ordering == Ordering::Greater,
            Self::GreaterOrEqual => ordering != Ordering::Less,
        }
    }
}

/// An address range in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().ok()?
            }
            Some(_) => return None,
            None => bits_max,
        };
        (bits <= bits_max).then_some(Self { address, bits })
    }

    fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                u32::from(own) & mask == u32::from(other) & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0);
                u128::from(own) & mask == u128::from(other) & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl Condition {
    /// The conditions of a `Condition` member; all of them must hold.
    pub(crate) fn parse_all(node: &Node, variables: bool, path: &str) -> Result<Vec<Self>, PolicyError> {
        let Node::Object(operators) = node else {
            return Err(PolicyError::form(path, format!("expected an object, found {}", node.kind())));
        };
        let mut conditions = Vec::new();
        for (operator, keys) in operators {
            let path = format!("{path}.{operator}");
            let Node::Object(keys) = keys else {
                return Err(PolicyError::form(path, format!("expected an object, found {}", keys.kind())));
            };
            for (key, values) in keys {
                conditions.push(Self::parse(operator, key, values, variables, &format!("{path}.{key}"))?);
            }
        }
        Ok(conditions)
    }

    fn parse(
        operator: &str,
        key: &str,
        values: &Node,
        variables: bool,
        path: &str,
    ) -> Result<Self, PolicyError> {
        if !key.contains(':') {
            return Err(PolicyError::form(path, format!("{key:?} is not a condition key")));
        }
        let (set, name) = match operator.split_once(':') {
            None => (Set::None, operator),
            Some(("ForAllValues", name)) => (Set::ForAll, name),
            Some(("ForAnyValue", name)) => (Set::ForAny, name),
            Some(_) => return Err(unknown(operator, path)),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let values = scalars(values, path)?;
        let (test, negated) =
            Test::parse(name, &values, variables, path)?.ok_or_else(|| unknown(operator, path))?;
        if matches!(test, Test::Null(_)) && (if_exists || set != Set::None) {
            return Err(unknown(operator, path));
        }
        Ok(Self {
            operator: operator.to_owned(),
            key: key.to_ascii_lowercase(),
            test,
            negated,
            if_exists,
            set,
        })
    }

    pub(crate) fn holds(&self, context: &dyn Context) -> bool {
        let value = context.value(&self.key);
        if let Test::Null(absent) = &self.test {
            return (value == ConditionValue::Absent) == *absent;
        }
        let values: Vec<Cow<'_, str>> = match value {
            ConditionValue::Absent => {
                return match self.set {
                    // IAM User Guide: ForAllValues holds when the key is absent, ForAnyValue does not.
                    Set::ForAll => true,
                    Set::ForAny => self.if_exists,
                    Set::None => self.if_exists || self.negated,
                };
            }
            ConditionValue::Single(value) => vec![value],
            ConditionValue::Multi(values) => values.into_iter().map(Cow::Borrowed).collect(),
            ConditionValue::Number(number) => vec![Cow::Owned(number.to_string())],
            ConditionValue::Bool(value) => vec![Cow::Borrowed(if value { "true" } else { "false" })],
        };
        let fits = |value: &Cow<'_, str>| self.test.fits(value, context) != self.negated;
        match self.set {
            Set::ForAll => values.iter().all(fits),
            Set::ForAny => values.iter().any(fits),
            // Asked of many values without a set operator: one that fits is enough, and none may fit what
            // is excluded.
            Set::None if self.negated => values.iter().all(fits),
            Set::None => values.iter().any(fits),
        }
    }
}

fn unknown(operator: &str, path: &str) -> PolicyError {
    PolicyError::form(path, format!("unknown condition operator {operator:?}"))
}

impl Test {
    /// The operator's test, and whether it is the negated form; none for an unknown name.
    fn parse(
        name: &str,
        values: &[String],
        variables: bool,
        path: &str,
    ) -> Result<Option<(Self, bool)>, PolicyError> {
        let text = |wildcards: bool, case: Case| {
            let syntax = Syntax { wildcards, variables };
            each(values, path, |value| Pattern::parse(value, syntax))
                .map(|patterns| Self::Text(patterns, case))
        };
        let number = |comparison| {
            each(values, path, |value| number(value).ok_or_else(|| format!("{value:?} is not a number")))
                .map(|numbers| Self::Number(numbers, comparison))
        };
        let date = |comparison| {
            each(values, path, |value| date(value).ok_or_else(|| format!("{value:?} is not a date")))
                .map(|dates| Self::Date(dates, comparison))
        };
        let network = || {
            each(values, path, |value| {
                Network::parse(value)
                    .ok_or_else(|| format!("{value:?} is not an address or a range in CIDR notation"))
            })
            .map(Self::Network)
        };
        let arn = || each(values, path, |value| ArnPattern::parse(value, variables)).map(Self::Arn);
        let booleans = || {
            each(values, path, |value| {
                boolean(value).ok_or_else(|| format!("{value:?} is not true or false"))
            })
        };
        let (test, negated) = match name {
            "StringEquals" => (text(false, Case::Sensitive)?, false),
            "StringNotEquals" => (text(false, Case::Sensitive)?, true),
            "StringEqualsIgnoreCase" => (text(false, Case::Insensitive)?, false),
            "StringNotEqualsIgnoreCase" => (text(false, Case::Insensitive)?, true),
            "StringLike" => (text(true, Case::Sensitive)?, false),
            "StringNotLike" => (text(true, Case::Sensitive)?, true),
            "NumericEquals" => (number(Comparison::Equal)?, false),
            "NumericNotEquals" => (number(Comparison::Equal)?, true),
            "NumericLessThan" => (number(Comparison::Less)?, false),
            "NumericLessThanEquals" => (number(Comparison::LessOrEqual)?, false),
            "NumericGreaterThan" => (number(Comparison::Greater)?, false),
            "NumericGreaterThanEquals" => (number(Comparison::GreaterOrEqual)?, false),
            "DateEquals" => (date(Comparison::Equal)?, false),
            "DateNotEquals" => (date(Comparison::Equal)?, true),
            "DateLessThan" => (date(Comparison::Less)?, false),
            "DateLessThanEquals" => (date(Comparison::LessOrEqual)?, false),
            "DateGreaterThan" => (date(Comparison::Greater)?, false),
            "DateGreaterThanEquals" => (date(Comparison::GreaterOrEqual)?, false),
            "Bool" => (Self::Bool(booleans()?), false),
            "BinaryEquals" => (Self::Binary(values.to_vec()), false),
            "IpAddress" => (network()?, false),
            "NotIpAddress" => (network()?, true),
            "ArnEquals" | "ArnLike" => (arn()?, false),
            "ArnNotEquals" | "ArnNotLike" => (arn()?, true),
            "Null" => match booleans()?.as_slice() {
                [absent] => (Self::Null(*absent), false),
                _ => return Err(PolicyError::form(path, "Null takes one value, true or false")),
            },
            _ => return Ok(None),
        };
        Ok(Some((test, negated)))
    }

    fn fits(&self, value: &str, context: &dyn Context) -> bool {
        match self {
            Self::Text(patterns, case) => {
                patterns.iter().any(|pattern| pattern.matches(value, *case, context))
            }
            Self::Number(numbers, comparison) => number(value).is_some_and(|value| {
                numbers.iter().any(|wanted| {
                    value.partial_cmp(wanted).is_some_and(|ordering| comparison.holds(ordering))
                })
            }),
            Self::Date(dates, comparison) => date(value)
                .is_some_and(|value| dates.iter().any(|wanted| comparison.holds(value.cmp(wanted)))),
            Self::Bool(wanted) => boolean(value).is_some_and(|value| wanted.contains(&value)),
            Self::Binary(wanted) => wanted.iter().any(|wanted| wanted == value),
            Self::Network(networks) => value
                .parse::<IpAddr>()
                .is_ok_and(|address| networks.iter().any(|network| network.contains(address))),
            Self::Arn(patterns) => patterns.iter().any(|pattern| pattern.matches(value, context)),
            // Decided before values are looked at.
            Self::Null(_) => false,
        }
    }
}

fn each<T>(
    values: &[String],
    path: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, PolicyError> {
    values.iter().map(|value| parse(value).map_err(|message| PolicyError::form(path, message))).collect()
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// ISO 8601 with a time, a day alone, or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(Timestamp::from_seconds(seconds));
    }
    Timestamp::parse_rfc3339(text).or_else(|| Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")))
}

/// One value or a list of at least one; numbers and booleans count as their text.
fn scalars(node: &Node, path: &str) -> Result<Vec<String>, PolicyError> {
    let scalar = |node: &Node| match node {
        Node::Text(text) => Ok(text.clone()),
        Node::Number(number) => Ok(number.clone()),
        Node::Bool(value) => Ok(value.to_string()),
        Node::Null | Node::List(_) | Node::Object(_) => {
            Err(PolicyError::form(path, format!("expected a value, found {}", node.kind())))
        }
    };
    match node {
        Node::List(items) if items.is_empty() => Err(PolicyError::form(path, "the list is empty")),
        Node::List(items) => items.iter().map(scalar).collect(),
        other => scalar(other).map(|value| vec![value]),
    }
}
