//! The query protocol: forms in, XML out (IAM, STS).
//!
//! A form spells a tree by dotted names: `Tags.member.1.Key=a`, `Map.entry.1.key=k`. The reader turns the
//! names back into a tree whose scalars have no type yet; the shapes give them one.
//!
//! Source: Smithy specification, "AWS query protocol".

use crate::document::{DEPTH_MAX, NODES_MAX, Node, Text};
use crate::form;
use crate::malformed::Malformed;
use crate::model::{OperationModel, ServiceModel};
use crate::shape::Output;
use crate::sigv4;
use crate::xml_writer::XmlWriter;
use std::iter::Peekable;

/// A form, apart from the two fields that say what it is for.
pub struct QueryRequest<'a> {
    /// `Action`: the operation.
    pub action: Option<Text<'a>>,
    /// `Version`: the API's version.
    pub version: Option<Text<'a>>,
    /// All other fields.
    pub input: Node<'a>,
}

/// Reads a form (body or query string).
///
/// # Errors
/// [`Malformed::Form`] for what is not a form or spells no tree (`A=1&A.B=2`, a list with a gap),
/// [`Malformed::DuplicateMember`] also for names that differ in case alone, which two readers could take for one,
/// [`Malformed::TooDeep`], [`Malformed::TooManyValues`].
pub fn parse(form: &str) -> Result<QueryRequest<'_>, Malformed> {
    let mut action = None;
    let mut version = None;
    let mut fields = Vec::new();
    for pair in form::pairs(form) {
        let (name, value) = pair?;
        if fields.len() == NODES_MAX {
            return Err(Malformed::TooManyValues);
        }
        let head = match name.as_str() {
            "Action" => &mut action,
            "Version" => &mut version,
            _ => {
                if name.as_str().split('.').count() >= DEPTH_MAX {
                    return Err(Malformed::TooDeep);
                }
                fields.push((name, Some(value)));
                continue;
            }
        };
        if head.replace(value).is_some() {
            return Err(Malformed::DuplicateMember);
        }
    }
    refuse_twins(&fields, action.is_some(), version.is_some())?;
    // Compared by segments, so that everything below one name stands together.
    fields.sort_by(|(a, _), (b, _)| a.as_str().split('.').cmp(b.as_str().split('.')));
    let mut nodes_left = NODES_MAX;
    let input = branch(&mut fields, 0, &mut nodes_left)?;
    Ok(QueryRequest { action, version, input })
}

/// Refuses names that differ in case alone; no model has any.
fn refuse_twins(fields: &[Field<'_>], has_action: bool, has_version: bool) -> Result<(), Malformed> {
    let mut names: Vec<String> = fields.iter().map(|(name, _)| name.as_str().to_lowercase()).collect();
    names.extend(has_action.then(|| "action".to_owned()));
    names.extend(has_version.then(|| "version".to_owned()));
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) { Err(Malformed::DuplicateMember) } else { Ok(()) }
}

/// The fields of a URL's query string as a form: all but those of the URL's own signature.
///
/// # Errors
/// [`Malformed::Form`] for a name that does not decode.
pub fn fields_of_url(query: &str) -> Result<String, Malformed> {
    let mut form = String::new();
    for field in query.split('&').filter(|field| !field.is_empty()) {
        let name = field.split_once('=').map_or(field, |(name, _)| name);
        if sigv4::QUERY_PARAMETERS.contains(&form::decode(name, true)?.as_str()) {
            continue;
        }
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(field);
    }
    Ok(form)
}

/// A field: its whole name, and its value until the tree takes it.
type Field<'a> = (Text<'a>, Option<Text<'a>>);

/// The structure of the fields whose names agree in their first `depth` segments.
fn branch<'a>(fields: &mut [Field<'a>], depth: usize, nodes_left: &mut usize) -> Result<Node<'a>, Malformed> {
    *nodes_left = nodes_left.checked_sub(1).ok_or(Malformed::TooManyValues)?;
    let mut members = Vec::new();
    let mut rest = fields;
    while let Some((name, _)) = rest.first() {
        let segment = segment(name.as_str(), depth).ok_or(Malformed::Form)?.to_owned();
        let together =
            rest.iter().take_while(|(name, _)| self::segment(name.as_str(), depth) == Some(&segment)).count();
        let (group, after) = rest.split_at_mut(together);
        rest = after;
        let ends_here = |(name, _): &Field<'_>| self::segment(name.as_str(), depth + 1).is_none();
        let node = match group {
            [only] if ends_here(only) => {
                *nodes_left = nodes_left.checked_sub(1).ok_or(Malformed::TooManyValues)?;
                only.1.take().map_or(Node::Null, Node::Untyped)
            }
            group if group.iter().all(ends_here) => return Err(Malformed::DuplicateMember),
            // A name cannot be a value and the beginning of other names.
            group if group.iter().any(ends_here) => return Err(Malformed::Form),
            group => branch(group, depth + 1, nodes_left)?,
        };
        members.push((Text::owned(segment), node));
    }
    collect(members)
}

fn segment(name: &str, at: usize) -> Option<&str> {
    name.split('.').nth(at)
}

/// Recognises lists and maps among structures: `member.N`, `entry.N.key` and, flattened, plain numbers.
/// No shape of a query service has members of these names.
fn collect<'a>(mut members: Vec<(Text<'a>, Node<'a>)>) -> Result<Node<'a>, Malformed> {
    match members.as_slice() {
        [(name, Node::List(_))] if name.as_str() == "member" => {
            return members.pop().map(|(_, list)| list).ok_or(Malformed::Form);
        }
        [(name, Node::List(_))] if name.as_str() == "entry" => {
            let Some((_, Node::List(items))) = members.pop() else { return Err(Malformed::Form) };
            return entries(items);
        }
        _ => {}
    }
    if members.is_empty() || !members.iter().all(|(name, _)| is_number(name.as_str())) {
        return Ok(Node::Map(members));
    }
    let mut numbered: Vec<(usize, Node<'a>)> = members
        .into_iter()
        .map(|(name, node)| Ok((name.as_str().parse().map_err(|_| Malformed::Form)?, node)))
        .collect::<Result<_, Malformed>>()?;
    numbered.sort_by_key(|(number, _)| *number);
    if !numbered.iter().map(|(number, _)| *number).eq(1..=numbered.len()) {
        return Err(Malformed::Form);
    }
    Ok(Node::List(numbered.into_iter().map(|(_, node)| node).collect()))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Turns `[{key, value}, …]` into a map.
fn entries(items: Vec<Node<'_>>) -> Result<Node<'_>, Malformed> {
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let Node::Map(members) = item else { return Err(Malformed::Form) };
        let mut members = members.into_iter().peekable();
        let key = take(&mut members, "key").ok_or(Malformed::Form)?;
        let value = take(&mut members, "value").ok_or(Malformed::Form)?;
        let (Node::Untyped(key), None) = (key, members.next()) else { return Err(Malformed::Form) };
        entries.push((key, value));
    }
    if crate::document::has_duplicates(&entries) {
        return Err(Malformed::DuplicateMember);
    }
    Ok(Node::Map(entries))
}

/// The next member, if it has this name.
fn take<'a>(
    members: &mut Peekable<impl Iterator<Item = (Text<'a>, Node<'a>)>>,
    wanted: &str,
) -> Option<Node<'a>> {
    members.next_if(|(name, _)| name.as_str() == wanted).map(|(_, node)| node)
}

/// Writes a successful answer: the output in its wrapper, and the id of the request.
#[must_use]
pub fn encode_answer<O: Output>(
    service: &ServiceModel,
    operation: &OperationModel,
    output: &O,
    request_id: &str,
) -> Vec<u8> {
    let mut out = XmlWriter::new();
    let response = format!("{}Response", operation.name);
    match service.xml_namespace {
        Some(namespace) => out.open(&response, &[("xmlns", namespace)]),
        None => out.open(&response, &[]),
    }
    if !O::EMPTY {
        match operation.result_wrapper {
            Some(wrapper) => {
                out.open(wrapper, &[]);
                output.encode(&mut out);
                out.close(wrapper);
            }
            None => output.encode(&mut out),
        }
    }
    out.open("ResponseMetadata", &[]);
    out.element("RequestId", request_id);
    out.close("ResponseMetadata");
    out.close(&response);
    out.into_bytes()
}

#[cfg(test)]
mod tests;
