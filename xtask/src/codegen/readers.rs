//! Writes `readers.rs`: one reader for each scalar, list and map shape that can be part of an input,
//! with the shape's constraints.

use crate::codegen::overrides::{REWRITTEN_PATTERNS, TRIVIAL_PATTERNS};
use crate::codegen::pattern;
use crate::codegen::service::{Service, part, type_name};
use crate::model::{Kind, Shape};
use crate::names::{constant_case, literal, snake_case};
use std::collections::BTreeSet;

/// The expression of the reader of a shape, as seen from a structure's file.
pub fn reader(service: &Service, name: &str, inside_readers: bool) -> Result<String, String> {
    let shape = service.shape(name)?;
    Ok(if shape.kind == Kind::Structure {
        format!("{}::read", type_name(name))
    } else if inside_readers {
        snake_case(name)
    } else {
        format!("readers::{}", snake_case(name))
    })
}

/// Shapes whose reader is called. Texts and enumerations inside a list or map are checked by the container's
/// reader, against their rule alone.
fn called(service: &Service) -> Result<BTreeSet<&str>, String> {
    let mut called = BTreeSet::new();
    for name in &service.read {
        let shape = service.shape(name)?;
        called.extend(shape.members.iter().map(|(_, reference)| reference.shape.as_str()));
        if let Some(item) = &shape.member
            && service.shape(&item.shape)?.kind != Kind::String
        {
            called.insert(item.shape.as_str());
        }
        if let Some(value) = &shape.value
            && !is_plain_text(service.shape(&value.shape)?)
        {
            called.insert(value.shape.as_str());
        }
    }
    Ok(called)
}

fn is_plain_text(shape: &Shape) -> bool {
    shape.kind == Kind::String && shape.values.is_empty() && !shape.sensitive
}

pub fn write(service: &Service) -> Result<String, String> {
    let called = called(service)?;
    let mut patterns = Vec::new();
    let mut out = String::new();
    for name in &service.read {
        let shape = service.shape(name)?;
        if shape.kind == Kind::Structure {
            continue;
        }
        if shape.kind == Kind::String && shape.values.is_empty() {
            out.push_str(&text_rule(service, name, shape, &mut patterns)?);
        }
        if !called.contains(name.as_str()) {
            continue;
        }
        out.push_str(&format!(
            "pub(super) fn {function}(node: &Node<'_>, at: &Path<'_>, out: &mut Violations) -> Read<{ty}> {{\n{body}\n}}\n\n",
            function = snake_case(name),
            ty = service.rust_type(name)?,
            body = body(service, name, shape)?,
        ));
    }
    let table: Vec<String> = patterns.iter().map(|name| format!("&{name}")).collect();
    out.push_str(&format!(
        "/// Every pattern of the model, for the test that compiles them.\n\
         #[cfg(test)]\n\
         pub(crate) static PATTERNS: crate::rules::PatternTable = &[{}];\n",
        table.join(", ")
    ));
    Ok(out)
}

/// The rule of a text shape, and its pattern.
fn text_rule(
    service: &Service,
    name: &str,
    shape: &Shape,
    patterns: &mut Vec<String>,
) -> Result<String, String> {
    let constant = constant_case(name);
    let mut out = String::new();
    let pattern = match &shape.pattern {
        Some(text) if !TRIVIAL_PATTERNS.contains(&text.as_str()) => {
            let rewritten = REWRITTEN_PATTERNS.iter().find(|(known, _, _)| known == text);
            let spelt = rewritten.map_or(text.as_str(), |(_, spelt, _)| spelt);
            let translated = pattern::translate(spelt).map_err(|error| format!("{name}: {error}"))?;
            let static_name = format!("{constant}_PATTERN");
            out.push_str(&format!(
                "static {static_name}: Pattern = Pattern {{ text: {}, regex: LazyLock::new(|| compile({})) }};\n\n",
                literal(text),
                literal(&translated)
            ));
            let expression = format!("Some(&{static_name})");
            patterns.push(static_name);
            expression
        }
        Some(_) | None => "None".to_owned(),
    };
    out.push_str(&format!(
        "static {constant}: TextRule = TextRule {{ length: {length}, pattern: {pattern}, quoted: {quoted} }};\n\n",
        length = length(service, name, shape)?,
        quoted = !shape.sensitive && service.is_quoted(name),
    ));
    Ok(out)
}

/// A length's bounds; a minimum of zero says nothing.
fn length(service: &Service, name: &str, shape: &Shape) -> Result<String, String> {
    if !service.is_checked(name) {
        return Ok("Length { min: None, max: None }".into());
    }
    let bound = |value: Option<i64>| match value {
        None => Ok("None".to_owned()),
        Some(value) if value < 0 => Err(format!("{name}: a negative length")),
        Some(value) => Ok(format!("Some({value})")),
    };
    Ok(format!("Length {{ min: {}, max: {} }}", bound(shape.min)?, bound(shape.max)?))
}

fn range(service: &Service, name: &str, shape: &Shape) -> String {
    let bound = |value: Option<i64>| match value {
        Some(value) if service.is_checked(name) => format!("Some({value})"),
        Some(_) | None => "None".to_owned(),
    };
    format!("Range {{ min: {}, max: {} }}", bound(shape.min), bound(shape.max))
}

fn body(service: &Service, name: &str, shape: &Shape) -> Result<String, String> {
    Ok(match shape.kind {
        Kind::String if !shape.values.is_empty() => "decode::enumeration(node, at, out)".into(),
        Kind::String if shape.sensitive => {
            format!("decode::secret_text(node, at, out, &{})", constant_case(name))
        }
        Kind::String => format!("decode::text(node, at, out, &{})", constant_case(name)),
        Kind::Blob if shape.sensitive => {
            format!("decode::secret_blob(node, at, out, {})", length(service, name, shape)?)
        }
        Kind::Blob => format!("decode::blob(node, at, out, {})", length(service, name, shape)?),
        Kind::Boolean => "decode::boolean(node, at, out)".into(),
        Kind::Integer => format!("decode::integer(node, at, out, {})", range(service, name, shape)),
        Kind::Long => format!("decode::long(node, at, out, {})", range(service, name, shape)),
        Kind::Timestamp => "decode::timestamp(node, at, out)".into(),
        Kind::Double | Kind::Float => return Err(format!("{name}: no input of ours has fractions yet")),
        Kind::List => {
            let member = &part(shape.member.as_ref(), name)?.shape;
            let item = service.shape(member)?;
            let length = length(service, name, shape)?;
            match item.kind {
                Kind::String if !item.values.is_empty() => {
                    format!("decode::list_of_enums(node, at, out, {length})")
                }
                Kind::String if item.sensitive => {
                    format!(
                        "decode::list_of_secret_texts(node, at, out, {length}, &{})",
                        constant_case(member)
                    )
                }
                Kind::String => {
                    format!("decode::list_of_texts(node, at, out, {length}, &{})", constant_case(member))
                }
                Kind::Structure
                | Kind::List
                | Kind::Map
                | Kind::Blob
                | Kind::Boolean
                | Kind::Integer
                | Kind::Long
                | Kind::Double
                | Kind::Float
                | Kind::Timestamp => {
                    format!("decode::list(node, at, out, {length}, {})", reader(service, member, true)?)
                }
            }
        }
        Kind::Map => {
            let key_name = &part(shape.key.as_ref(), name)?.shape;
            let value_name = &part(shape.value.as_ref(), name)?.shape;
            let (key, value) = (service.shape(key_name)?, service.shape(value_name)?);
            if key.kind != Kind::String || !key.values.is_empty() || key.sensitive {
                return Err(format!("{name}: a map's keys are plain text"));
            }
            let length = length(service, name, shape)?;
            let key = constant_case(key_name);
            if is_plain_text(value) {
                format!(
                    "decode::map_of_texts(node, at, out, {length}, &{key}, &{})",
                    constant_case(value_name)
                )
            } else {
                format!(
                    "decode::map(node, at, out, {length}, &{key}, {})",
                    reader(service, value_name, true)?
                )
            }
        }
        Kind::Structure => return Err(format!("{name}: a structure reads itself")),
    })
}
