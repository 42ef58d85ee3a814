//! Reading of shapes from a [`Node`]: the part of decoding that does not depend on the model.
//!
//! Every reader has the form `(node, place, violations) -> Result<Option<T>, Malformed>`: an error ends the
//! request, `None` means that a violation was recorded (or that the value is null) and reading goes on, so
//! that one answer lists all violations.

use crate::document::{Node, Text};
use crate::malformed::{Found, Malformed, Wanted};
use crate::rules::{Constraint, Length, Parts, Range, ShownText, TextRule, push_joint};
use crate::shape::WireEnum;
use crate::violations::{Path, Shown, Violations};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keywright_types::{SecretBytes, SecretText, Timestamp};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Why a request gives no input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// AWS's `SerializationException`.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// AWS's `ValidationException`.
    #[error("{0}")]
    Invalid(Violations),
}

/// What a reader gives; see the module's header.
pub(crate) type Read<T> = Result<Option<T>, Malformed>;

/// Reads an operation's input, which is a structure, and turns violations into an error.
pub(crate) fn decode_input<T>(
    node: &Node<'_>,
    read: impl FnOnce(&Node<'_>, &Path<'_>, &mut Violations) -> Read<T>,
) -> Result<T, DecodeError> {
    let mut violations = Violations::default();
    let input = match node {
        Node::Null => read(&Node::empty(), &Path::Root, &mut violations)?,
        node => read(node, &Path::Root, &mut violations)?,
    };
    match input {
        Some(input) if violations.is_empty() => Ok(input),
        Some(_) | None => Err(DecodeError::Invalid(violations)),
    }
}

/// The members of a structure; null members are left out, as if they had not been sent.
pub(crate) fn members<'n, 'a>(
    node: &'n Node<'a>,
) -> Result<impl Iterator<Item = (&'n str, &'n Node<'a>)>, Malformed> {
    let members = match node {
        Node::Map(members) => members.as_slice(),
        // An untyped protocol writes a structure without members as an empty text.
        Node::Untyped(text) if text.as_str().is_empty() => &[],
        other => return Err(wrong_type(other, Wanted::Container)),
    };
    Ok(members
        .iter()
        .filter(|(_, node)| !matches!(node, Node::Null))
        .map(|(name, node)| (name.as_str(), node)))
}

/// The refusal of a member that the structure at `at` does not have.
pub(crate) fn unknown_member(at: &Path<'_>) -> Malformed {
    Malformed::UnknownMember { path: at.to_string() }
}

/// Reads a member that must be there.
pub(crate) fn required<T>(
    member: Option<&Node<'_>>,
    at: &Path<'_>,
    out: &mut Violations,
    read: impl FnOnce(&Node<'_>, &Path<'_>, &mut Violations) -> Read<T>,
) -> Read<T> {
    if member.is_none() {
        out.push_missing(at);
    }
    optional(member, at, out, read)
}

/// Reads a member that may be absent.
pub(crate) fn optional<T>(
    member: Option<&Node<'_>>,
    at: &Path<'_>,
    out: &mut Violations,
    read: impl FnOnce(&Node<'_>, &Path<'_>, &mut Violations) -> Read<T>,
) -> Read<T> {
    member.map_or(Ok(None), |node| read(node, at, out))
}

fn found(node: &Node<'_>) -> Found {
    match node {
        Node::Bool(true) => Found::True,
        Node::Bool(false) => Found::False,
        Node::Int(_) => Found::Number,
        Node::Float(_) => Found::Decimal,
        Node::Null | Node::Text(_) | Node::Untyped(_) | Node::Bytes(_) => Found::String,
        Node::List(_) => Found::List,
        Node::Map(_) => Found::Structure,
    }
}

fn wrong_type(node: &Node<'_>, wanted: Wanted) -> Malformed {
    Malformed::WrongType { found: found(node), wanted }
}

fn text_of<'n>(node: &'n Node<'_>, wanted: Wanted) -> Result<&'n str, Malformed> {
    match node {
        Node::Text(text) | Node::Untyped(text) => Ok(text.as_str()),
        Node::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|_| wrong_type(node, wanted)),
        Node::Null | Node::Bool(_) | Node::Int(_) | Node::Float(_) | Node::List(_) | Node::Map(_) => {
            Err(wrong_type(node, wanted))
        }
    }
}

/// Text.
pub(crate) fn text(node: &Node<'_>, at: &Path<'_>, out: &mut Violations, rule: &TextRule) -> Read<String> {
    let text = text_of(node, Wanted::String)?;
    if rule.allows(text) {
        return Ok(Some(text.to_owned()));
    }
    rule.check(text, at, out);
    Ok(None)
}

/// Text that the model marks sensitive.
pub(crate) fn secret_text(
    node: &Node<'_>,
    at: &Path<'_>,
    out: &mut Violations,
    rule: &TextRule,
) -> Read<SecretText> {
    let text = text_of(node, Wanted::String)?;
    if rule.allows(text) {
        return Ok(Some(SecretText::new(text.to_owned())));
    }
    rule.check(text, at, out);
    Ok(None)
}

/// A value of an enumeration.
pub(crate) fn enumeration<E: WireEnum>(node: &Node<'_>, at: &Path<'_>, out: &mut Violations) -> Read<E> {
    let text = text_of(node, Wanted::String)?;
    let value = E::parse(text);
    if value.is_none() {
        out.push(Shown::Quoted(text), at, &Constraint::OneOf(E::WIRE_VALUES));
    }
    Ok(value)
}

/// Decodes base64 (standard alphabet, padding required) into a buffer that is wiped if anything fails.
fn decode_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD.decode_slice(text, &mut bytes).map_err(|_| Malformed::Base64)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn blob_bytes(node: &Node<'_>) -> Result<Zeroizing<Vec<u8>>, Malformed> {
    match node {
        Node::Bytes(bytes) => Ok(Zeroizing::new(bytes.to_vec())),
        Node::Null
        | Node::Bool(_)
        | Node::Int(_)
        | Node::Float(_)
        | Node::Text(_)
        | Node::Untyped(_)
        | Node::List(_)
        | Node::Map(_) => decode_base64(text_of(node, Wanted::Blob)?),
    }
}

/// A blob is quoted by its length, in the form that Java gives a `ByteBuffer`: AWS's validation quotes values
/// by their Java text. Nobody recorded this text for KMS where it could be checked.
fn shown_blob(length: usize, quoted: bool) -> ShownText {
    if quoted {
        ShownText::Quoted(format!("java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]"))
    } else {
        ShownText::Withheld
    }
}

/// Bytes, base64 in every protocol's text; the length counts decoded bytes.
pub(crate) fn blob(node: &Node<'_>, at: &Path<'_>, out: &mut Violations, length: Length) -> Read<Vec<u8>> {
    let mut bytes = blob_bytes(node)?;
    length.check(bytes.len(), || shown_blob(bytes.len(), true), at, out);
    Ok(length.allows(bytes.len()).then(|| std::mem::take(&mut *bytes)))
}

/// Bytes that the model marks sensitive.
pub(crate) fn secret_blob(
    node: &Node<'_>,
    at: &Path<'_>,
    out: &mut Violations,
    length: Length,
) -> Read<SecretBytes> {
    let mut bytes = blob_bytes(node)?;
    length.check(bytes.len(), || shown_blob(bytes.len(), false), at, out);
    Ok(length.allows(bytes.len()).then(|| SecretBytes::new(std::mem::take(&mut *bytes))))
}

/// True or false.
pub(crate) fn boolean(node: &Node<'_>, _at: &Path<'_>, _out: &mut Violations) -> Read<bool> {
    match node {
        Node::Bool(value) => Ok(Some(*value)),
        Node::Untyped(text) if text.as_str().eq_ignore_ascii_case("true") => Ok(Some(true)),
        Node::Untyped(text) if text.as_str().eq_ignore_ascii_case("false") => Ok(Some(false)),
        other => Err(wrong_type(other, Wanted::Boolean)),
    }
}

/// Numbers below this magnitude are exact in `f64`.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// A whole number. One written with a zero fraction or an exponent (`30.0`, `3e1`) is taken, because
/// clients in languages without integers write it so; one with a fraction is refused, not rounded.
fn whole_number(node: &Node<'_>, wanted: Wanted) -> Result<i64, Malformed> {
    match node {
        Node::Int(value) => Ok(*value),
        Node::Float(value) if value.fract() == 0.0 && value.abs() < EXACT_MAX => {
            #[allow(clippy::cast_possible_truncation)] // Whole and below 2^53: exact.
            let whole = *value as i64;
            Ok(whole)
        }
        Node::Untyped(text) => text.as_str().parse().map_err(|_| wrong_type(node, wanted)),
        other => Err(wrong_type(other, wanted)),
    }
}

/// A 32-bit whole number.
pub(crate) fn integer(node: &Node<'_>, at: &Path<'_>, out: &mut Violations, range: Range) -> Read<i32> {
    let whole = whole_number(node, Wanted::Integer)?;
    let value = i32::try_from(whole)
        .map_err(|_| Malformed::WrongType { found: Found::Number, wanted: Wanted::Integer })?;
    let before = out.len();
    range.check(whole, at, out);
    Ok((out.len() == before).then_some(value))
}

/// A 64-bit whole number.
pub(crate) fn long(node: &Node<'_>, at: &Path<'_>, out: &mut Violations, range: Range) -> Read<i64> {
    let value = whole_number(node, Wanted::Long)?;
    let before = out.len();
    range.check(value, at, out);
    Ok((out.len() == before).then_some(value))
}

/// An instant: epoch seconds with an optional fraction (kept to milliseconds) in typed protocols, RFC 3339
/// or epoch seconds as text in untyped ones.
pub(crate) fn timestamp(node: &Node<'_>, _at: &Path<'_>, _out: &mut Violations) -> Read<Timestamp> {
    let refused = || wrong_type(node, Wanted::Timestamp);
    let from_seconds = |seconds: f64| {
        let millis = (seconds * 1000.0).round();
        if millis.is_nan() || millis.abs() >= EXACT_MAX {
            return Err(refused());
        }
        #[allow(clippy::cast_possible_truncation)] // Whole and below 2^53: exact.
        let millis = millis as i64;
        Ok(Some(Timestamp::from_millis(millis)))
    };
    match node {
        Node::Int(seconds) => {
            seconds.checked_mul(1000).map(|millis| Some(Timestamp::from_millis(millis))).ok_or_else(refused)
        }
        Node::Float(seconds) => from_seconds(*seconds),
        Node::Untyped(text) => match Timestamp::parse_rfc3339(text.as_str()) {
            Some(instant) => Ok(Some(instant)),
            None => from_seconds(text.as_str().parse().map_err(|_| refused())?),
        },
        Node::Null | Node::Bool(_) | Node::Text(_) | Node::Bytes(_) | Node::List(_) | Node::Map(_) => {
            Err(refused())
        }
    }
}

fn items<'n, 'a>(node: &'n Node<'a>) -> Result<&'n [Node<'a>], Malformed> {
    match node {
        Node::List(items) => Ok(items),
        // An untyped protocol writes an empty list as an empty text.
        Node::Untyped(text) if text.as_str().is_empty() => Ok(&[]),
        other => Err(wrong_type(other, Wanted::Container)),
    }
}

/// `[a, b]`: a list of scalars, as AWS quotes it.
fn shown_list<'n>(items: impl Iterator<Item = &'n str>, quoted: bool) -> ShownText {
    if !quoted {
        return ShownText::Withheld;
    }
    let items: Vec<&str> = items.collect();
    ShownText::Quoted(format!("[{}]", items.join(", ")))
}

/// A list whose items are structures, lists or maps: each reports under its own path, `tags.1.member`.
pub(crate) fn list<T>(
    node: &Node<'_>,
    at: &Path<'_>,
    out: &mut Violations,
    length: Length,
    read: impl Fn(&Node<'_>, &Path<'_>, &mut Violations) -> Read<T>,
) -> Read<Vec<T>> {
    let nodes = items(node)?;
    // The items are structures, for which AWS has no common text: the value is left out.
    length.check(nodes.len(), || ShownText::Withheld, at, out);
    let mut values = Vec::with_capacity(nodes.len());
    let mut complete = length.allows(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let place = Path::Item(at, index + 1);
        if matches!(node, Node::Null) {
            out.push_missing(&place);
            complete = false;
            continue;
        }
        match read(node, &place, out)? {
            Some(value) => values.push(value),
            None => complete = false,
        }
    }
    Ok(complete.then_some(values))
}

/// A list of texts: broken rules of its items are reported once, on the list.
pub(crate) fn list_of_texts(
    node: &Node<'_>,
    at: &Path<'_>,
    out: &mut Violations,
    length: Length,
    rule: &TextRule,
) -> Read<Vec<String>> {
    list_of_scalars(
        node,
        at,
        out,
        length,
        rule.quoted,
        |text| rule.allows(text),
        |text| text.to_owned(),
        || rule.constraints(),
    )
}

/// A list of values of an enumeration.
pub(crate) fn list_of_enums<E: WireEnum>(
    node: &Node<'_>,
    at: &Path<'_>,
    out: &mut Violations,
    length: Length,
) -> Read<Vec<E>> {
    let list = list_of_scalars(
        node,
        at,
        out,
        length,
        true,
        |text| E::parse(text).is_some(),
        E::parse,
        || vec![Constraint::OneOf(E::WIRE_VALUES)],
    )?;
    Ok(list.and_then(|values| values.into_iter().collect()))
}

#[allow(clippy::too_many_arguments)] // A reader's four and what differs between kinds of scalars.
fn list_of_scalars<T>(
    node: &Node<'_>,
    at: &Path<'_>,
    out: &mut Violations,
    length: Length,
    quoted: bool,
    allows: impl Fn(&str) -> bool,
    make: impl Fn(&str) -> T,
    constraints: impl Fn() -> Vec<Constraint>,
) -> Read<Vec<T>> {
    let nodes = items(node)?;
    let before = out.len();
    let mut texts = Vec::with_capacity(nodes.len());
    let mut nulls = false;
    for node in nodes {
        match node {
            Node::Null => {
                nulls = true;
                texts.push("null");
            }
            node => texts.push(text_of(node, Wanted::String)?),
        }
    }
    let shown = || shown_list(texts.iter().copied(), quoted);
    length.check(texts.len(), shown, at, out);
    if nulls {
        let mut all = constraints();
        all.push(Constraint::NotNull);
        push_joint(Parts::Items, &all, shown(), at, out);
    } else if !texts.iter().all(|text| allows(text)) {
        push_joint(Parts::Items, &constraints(), shown(), at, out);
    }
    Ok((out.len() == before).then(|| texts.into_iter().map(make).collect()))
}

fn entries<'n, 'a>(node: &'n Node<'a>) -> Result<&'n [(Text<'a>, Node<'a>)], Malformed> {
    match node {
        Node::Map(entries) => Ok(entries),
        Node::Untyped(text) if text.as_str().is_empty() => Ok(&[]),
        other => Err(wrong_type(other, Wanted::Container)),
    }
}

/// A map from text to text: broken rules are reported once each for its keys and its values, on the map.
pub(crate) fn map_of_texts(
    node: &Node<'_>,
    at: &Path<'_>,
    out: &mut Violations,
    length: Length,
    key: &TextRule,
    value: &TextRule,
) -> Read<BTreeMap<String, String>> {
    let nodes = entries(node)?;
    let before = out.len();
    let mut pairs = Vec::with_capacity(nodes.len());
    let mut nulls = false;
    for (name, node) in nodes {
        match node {
            Node::Null => {
                nulls = true;
                pairs.push((name.as_str(), "null"));
            }
            node => pairs.push((name.as_str(), text_of(node, Wanted::String)?)),
        }
    }
    let shown = || {
        if !(key.quoted && value.quoted) {
            return ShownText::Withheld;
        }
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        ShownText::Quoted(format!("{{{}}}", pairs.join(", ")))
    };
    length.check(pairs.len(), shown, at, out);
    if !pairs.iter().all(|(name, _)| key.allows(name)) {
        push_joint(Parts::Keys, &key.constraints(), shown(), at, out);
    }
    if nulls {
        let mut all = value.constraints();
        all.push(Constraint::NotNull);
        push_joint(Parts::Values, &all, shown(), at, out);
    } else if !pairs.iter().all(|(_, text)| value.allows(text)) {
        push_joint(Parts::Values, &value.constraints(), shown(), at, out);
    }
    Ok((out.len() == before)
        .then(|| pairs.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect()))
}

/// A map from text to anything else: values report under their own path, `weights.<key>.member`.
#[cfg_attr(not(test), expect(dead_code, reason = "only a test model has a map of anything but text yet"))]
pub(crate) fn map<T>(
    node: &Node<'_>,
    at: &Path<'_>,
    out: &mut Violations,
    length: Length,
    key: &TextRule,
    read: impl Fn(&Node<'_>, &Path<'_>, &mut Violations) -> Read<T>,
) -> Read<BTreeMap<String, T>> {
    let nodes = entries(node)?;
    let before = out.len();
    length.check(nodes.len(), || ShownText::Withheld, at, out);
    if !nodes.iter().all(|(name, _)| key.allows(name.as_str())) {
        push_joint(Parts::Keys, &key.constraints(), ShownText::Withheld, at, out);
    }
    let mut values = BTreeMap::new();
    let mut complete = true;
    for (name, node) in nodes {
        let place = if key.quoted { Path::Entry(at, name.as_str()) } else { *at };
        if matches!(node, Node::Null) {
            out.push_missing(&place);
            continue;
        }
        match read(node, &place, out)? {
            Some(value) => {
                values.insert(name.as_str().to_owned(), value);
            }
            None => complete = false,
        }
    }
    Ok((complete && out.len() == before).then_some(values))
}
