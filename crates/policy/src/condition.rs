//! `Condition`: operators over condition keys.
//!
//! Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Single-valued vs. multivalued context
//! keys".

use crate::arn::ArnPattern;
use crate::error::{Fault, quoted, step};
use crate::glob::Case;
use crate::json::{Node, Value};
use crate::pattern::{Pattern, Syntax, any_matches, is_condition_key};
use crate::request::{ConditionValue, Context};
use keywright_types::Timestamp;
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
        let bits: u8 = match bits {
            Some(bits) if !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().ok()?
            }
            Some(_) => return None,
            None => bits_max,
        };
        if bits > bits_max {
            return None;
        }
        // An address of IPv4 written as one of IPv6 is compared as what it is, here as in requests.
        match (address.to_canonical(), bits.checked_sub(96)) {
            (canonical @ IpAddr::V4(_), Some(bits)) if address.is_ipv6() => {
                Some(Self { address: canonical, bits })
            }
            _ => Some(Self { address, bits }),
        }
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
    pub(crate) fn parse_all(node: &Node, variables: bool, path: &str) -> Result<Vec<Self>, Fault> {
        let expected = |node: &Node, path: &str| {
            Fault::form(node.at, path, format!("expected an object, found {}", node.kind()))
        };
        let Value::Object(operators) = &node.value else { return Err(expected(node, path)) };
        let mut conditions = Vec::new();
        for operator in operators {
            let path = step(path, &operator.name);
            let Value::Object(keys) = &operator.node.value else {
                return Err(expected(&operator.node, &path));
            };
            let operator = Word { at: operator.at, text: &operator.name };
            for key in keys {
                let path = step(&path, &key.name);
                if !is_condition_key(&key.name) {
                    let message = format!("{} is not a condition key", quoted(&key.name));
                    return Err(Fault::form(key.at, path, message));
                }
                conditions.push(Self::parse(operator, &key.name, &key.node, variables, &path)?);
            }
        }
        Ok(conditions)
    }

    fn parse(
        operator: Word<'_>,
        key: &str,
        values: &Node,
        variables: bool,
        path: &str,
    ) -> Result<Self, Fault> {
        let unknown = || {
            let message = format!("unknown condition operator {}", quoted(operator.text));
            Fault::form(operator.at, path, message)
        };
        let (set, name) = match operator.text.split_once(':') {
            None => (Set::None, operator.text),
            Some(("ForAllValues", name)) => (Set::ForAll, name),
            Some(("ForAnyValue", name)) => (Set::ForAny, name),
            Some(_) => return Err(unknown()),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let values = scalars(values, path)?;
        let (test, negated) = Test::parse(name, &values, variables, path)?.ok_or_else(unknown)?;
        if matches!(test, Test::Null(_)) && (if_exists || set != Set::None) {
            return Err(unknown());
        }
        Ok(Self {
            operator: operator.text.to_owned(),
            key: key.to_ascii_lowercase(),
            test,
            negated,
            if_exists,
            set,
        })
    }

    pub(crate) fn holds(&self, context: &dyn Context) -> bool {
        let value = context.value(&self.key);
        let (single, text): ([&str; 1], String);
        // A key with an empty set of values has as much to compare as one that is absent.
        let values: &[&str] = match &value {
            ConditionValue::Absent => &[],
            ConditionValue::Single(value) => {
                single = [value];
                &single
            }
            ConditionValue::Multi(values) => values,
            ConditionValue::Number(number) => {
                text = number.to_string();
                single = [&text];
                &single
            }
            ConditionValue::Bool(value) => {
                single = [if *value { "true" } else { "false" }];
                &single
            }
        };
        if let Test::Null(absent) = &self.test {
            return values.is_empty() == *absent;
        }
        if values.is_empty() {
            return match self.set {
                // IAM User Guide: ForAllValues holds when the key is absent, ForAnyValue does not.
                Set::ForAll => true,
                Set::ForAny => self.if_exists,
                Set::None => self.if_exists || self.negated,
            };
        }
        let fits = |value: &&str| self.test.fits(value, context) != self.negated;
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

impl Test {
    /// The operator's test, and whether it is the negated form; none for an unknown name.
    fn parse(
        name: &str,
        values: &[Word<'_>],
        variables: bool,
        path: &str,
    ) -> Result<Option<(Self, bool)>, Fault> {
        let text = |wildcards: bool, case: Case| {
            let syntax = Syntax { wildcards, variables, parts_of_arn: false };
            each(values, path, |value| Pattern::parse(value, syntax))
                .map(|patterns| Self::Text(patterns, case))
        };
        let number = |comparison| {
            each(values, path, |value| {
                number(value).ok_or_else(|| format!("{} is not a number", quoted(value)))
            })
            .map(|numbers| Self::Number(numbers, comparison))
        };
        let date = |comparison| each(values, path, policy_date).map(|dates| Self::Date(dates, comparison));
        let network = || {
            each(values, path, |value| {
                Network::parse(value)
                    .ok_or_else(|| format!("{} is not an address or a range in CIDR notation", quoted(value)))
            })
            .map(Self::Network)
        };
        let arn = || each(values, path, |value| ArnPattern::parse(value, variables)).map(Self::Arn);
        let binary = || {
            each(values, path, |value| {
                let message = || format!("{} is not base64", quoted(value));
                is_base64(value).then(|| value.to_owned()).ok_or_else(message)
            })
            .map(Self::Binary)
        };
        let booleans = || {
            each(values, path, |value| {
                boolean(value).ok_or_else(|| format!("{} is not true or false", quoted(value)))
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
            "BinaryEquals" => (binary()?, false),
            "IpAddress" => (network()?, false),
            "NotIpAddress" => (network()?, true),
            "ArnEquals" | "ArnLike" => (arn()?, false),
            "ArnNotEquals" | "ArnNotLike" => (arn()?, true),
            "Null" => match booleans()?.as_slice() {
                [absent] => (Self::Null(*absent), false),
                _ => return Err(several_for_null(values, path)),
            },
            _ => return Ok(None),
        };
        Ok(Some((test, negated)))
    }

    fn fits(&self, value: &str, context: &dyn Context) -> bool {
        match self {
            Self::Text(patterns, case) => any_matches(patterns, value, *case, context),
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

/// A text of the policy and where it stands.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    at: usize,
    text: &'a str,
}

fn several_for_null(values: &[Word<'_>], path: &str) -> Fault {
    let at = values.get(1).map_or(0, |second| second.at);
    Fault::form(at, path, "Null takes one value, true or false")
}

fn each<T>(
    values: &[Word<'_>],
    path: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Fault> {
    values
        .iter()
        .map(|value| parse(value.text).map_err(|message| Fault::form(value.at, path, message)))
        .collect()
}

/// An integer or a decimal, as the operators' description has it; no exponent. Exact for integers of up to 53 bits,
/// which is more than any key's value has.
fn number(text: &str) -> Option<f64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if !digits(whole) || !digits(fraction) {
        return None;
    }
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

/// The form of base64 with padding (RFC 4648 section 4); a value of this type is given in base64 too, so that bytes are
/// equal when texts are.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

/// Seconds since 1970, perhaps with parts of one, as the wire has times (`1546257599.0`).
fn epoch(text: &str) -> Option<Timestamp> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text),
    };
    let (seconds, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    if !digits(seconds) || !digits(fraction) {
        return None;
    }
    let millis = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    let millis = seconds.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(millis)?;
    Some(Timestamp::from_millis(if negative { -millis } else { millis }))
}

/// A date as requests give it: seconds since 1970, or one of the W3C's forms of ISO 8601 (W3C Note "Date and Time
/// Formats"): a month, a day, or a time with its zone.
fn date(text: &str) -> Option<Timestamp> {
    if let Some(instant) = epoch(text) {
        return Some(instant);
    }
    match text.len() {
        7 => dated(text, "0000-00").then(|| Timestamp::parse_rfc3339(&format!("{text}-01T00:00:00Z")))?,
        10 => dated(text, "0000-00-00").then(|| Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")))?,
        _ => timed(text).then(|| Timestamp::parse_rfc3339(text))?,
    }
}

/// Whether the text has the form: a digit where that has one, else the same character.
fn dated(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            _ => byte == form,
        })
}

/// A day and a time to the minute, second or a part of it, with `Z` or an offset.
fn timed(text: &str) -> bool {
    let Some((minute, rest)) = text.split_at_checked(16) else { return false };
    let zone = match rest.strip_prefix(':') {
        None => rest,
        Some(rest) => {
            let Some((second, rest)) = rest.split_at_checked(2) else { return false };
            if !dated(second, "00") {
                return false;
            }
            match rest.strip_prefix('.') {
                None => rest,
                Some(rest) => {
                    let zone = rest.trim_start_matches(|character: char| character.is_ascii_digit());
                    // Nine digits are nanoseconds; finer clocks are not sent.
                    if !(1..=9).contains(&(rest.len() - zone.len())) {
                        return false;
                    }
                    zone
                }
            }
        }
    };
    let zoned = zone == "Z" || dated(zone, "+00:00") || dated(zone, "-00:00");
    dated(minute, "0000-00-00T00:00") && zoned
}

/// A date as policies give it. Four digits could be a year or seconds since 1970, and are refused.
fn policy_date(text: &str) -> Result<Timestamp, String> {
    if dated(text, "0000") {
        return Err(format!("{} could be a year or a number of seconds; write a day", quoted(text)));
    }
    date(text).ok_or_else(|| format!("{} is not a date", quoted(text)))
}

/// One value or a list of at least one; numbers and booleans count as their text.
fn scalars<'a>(node: &'a Node, path: &str) -> Result<Vec<Word<'a>>, Fault> {
    let scalar = |node: &'a Node| match &node.value {
        Value::Text(text) | Value::Number(text) => Ok(Word { at: node.at, text }),
        Value::Bool(true) => Ok(Word { at: node.at, text: "true" }),
        Value::Bool(false) => Ok(Word { at: node.at, text: "false" }),
        Value::Null | Value::List(_) | Value::Object(_) => {
            Err(Fault::form(node.at, path, format!("expected a value, found {}", node.kind())))
        }
    };
    match &node.value {
        Value::List(items) if items.is_empty() => Err(Fault::form(node.at, path, "the list is empty")),
        Value::List(items) => items.iter().map(scalar).collect(),
        Value::Null | Value::Text(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            scalar(node).map(|value| vec![value])
        }
    }
}
