//! REST-JSON: the operation in method and path, members in path, query string, headers and JSON body (Lambda).
//!
//! Source: Smithy specification, "AWS restJson1 protocol" and "HTTP binding traits".

use crate::document::{Node, Text};
use crate::form;
use crate::json;
use crate::json_writer::JsonWriter;
use crate::malformed::Malformed;
use crate::model::{MemberBinding, OperationModel, Place};
use crate::shape::Output;
use crate::writer::{DocumentWriter, ListStyle, MapStyle};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keywright_types::Timestamp;

/// The parts of an HTTP request that carry members.
#[derive(Clone, Copy)]
pub struct HttpRequest<'a> {
    /// As sent, still percent-encoded.
    pub path: &'a str,
    /// Without the `?`; empty if there is none.
    pub query: &'a str,
    /// Finds a header's value by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    pub body: &'a [u8],
}

/// The labels of `path` under an operation's URI; `None` if the path is not the operation's.
/// A label takes one segment, `{Name+}` takes the rest of the path.
#[must_use]
pub fn labels<'a>(uri: &'static str, path: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let uri = uri.split_once('?').map_or(uri, |(path, _)| path);
    let mut labels = Vec::new();
    let mut pattern = uri.split('/');
    let mut rest = Some(path);
    for wanted in pattern.by_ref() {
        let whole = rest?;
        if let Some(name) = wanted.strip_prefix('{').and_then(|label| label.strip_suffix("+}")) {
            labels.push((name, whole));
            rest = None;
            break;
        }
        let segment = match whole.split_once('/') {
            Some((segment, after)) => {
                rest = Some(after);
                segment
            }
            None => {
                rest = None;
                whole
            }
        };
        match wanted.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(_) if segment.is_empty() => return None,
            Some(name) => labels.push((name, segment)),
            None if wanted == segment => {}
            None => return None,
        }
    }
    (rest.is_none() && pattern.next().is_none()).then_some(labels)
}

/// Gathers an operation's members from everywhere in the request.
///
/// # Errors
/// [`Malformed::HttpBinding`] if the path is not the operation's or the query string has a parameter that
/// the operation does not have or has once only; whatever the JSON reader finds in the body.
pub fn bind_request<'a>(operation: &OperationModel, request: HttpRequest<'a>) -> Result<Node<'a>, Malformed> {
    let bindings = operation.http.input;
    let labels = labels(operation.http.uri, request.path).ok_or(Malformed::HttpBinding)?;
    let parameters: Vec<(Text<'a>, Text<'a>)> = form::pairs(request.query).collect::<Result<_, _>>()?;
    for (name, _) in &parameters {
        if !is_known_parameter(operation, name.as_str()) {
            return Err(Malformed::HttpBinding);
        }
    }
    let mut payload = None;
    let mut bound: Vec<(Text<'a>, Node<'a>)> = Vec::new();
    let mut parameters: Vec<_> = parameters.into_iter().map(Some).collect();
    for binding in bindings {
        let node = match binding.place {
            Place::Label(wanted) => {
                let (_, raw) =
                    labels.iter().find(|(name, _)| *name == wanted).ok_or(Malformed::HttpBinding)?;
                Some(Node::Untyped(form::decode(raw, false)?))
            }
            Place::Query { name, list } => query_values(&mut parameters, name, list)?,
            Place::Header(name) => (request.header)(name).map(|value| Node::Untyped(Text::Borrowed(value))),
            Place::PayloadBlob => {
                payload = Some(binding.member);
                (!request.body.is_empty()).then_some(Node::Bytes(request.body))
            }
            Place::PayloadDocument => {
                payload = Some(binding.member);
                if request.body.is_empty() { None } else { Some(json::parse(request.body)?) }
            }
            Place::Status => None,
        };
        if let Some(node) = node {
            bound.push((Text::Borrowed(binding.member), node));
        }
    }
    if payload.is_none() {
        let Node::Map(members) = json::parse(request.body)? else { return Err(Malformed::HttpBinding) };
        // A member has one place: one that is bound elsewhere must not come in by the body.
        if members.iter().any(|(name, _)| bindings.iter().any(|binding| binding.member == name.as_str())) {
            return Err(Malformed::UnknownMember { path: String::new() });
        }
        bound.extend(members);
    }
    Ok(Node::Map(bound))
}

/// Parameters of the operation, those written into its URI, and those of a presigned request's signature.
fn is_known_parameter(operation: &OperationModel, name: &str) -> bool {
    let bound = operation
        .http
        .input
        .iter()
        .any(|binding| matches!(binding.place, Place::Query { name: known, .. } if known == name));
    let fixed = operation.http.uri.split_once('?').is_some_and(|(_, fixed)| {
        fixed.split('&').any(|field| field.split_once('=').map_or(field, |(name, _)| name) == name)
    });
    bound || fixed || name.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("x-amz-"))
}

fn query_values<'a>(
    parameters: &mut [Option<(Text<'a>, Text<'a>)>],
    wanted: &str,
    list: bool,
) -> Result<Option<Node<'a>>, Malformed> {
    let mut values: Vec<Node<'a>> = parameters
        .iter_mut()
        .filter_map(|slot| slot.take_if(|(name, _)| name.as_str() == wanted))
        .map(|(_, value)| Node::Untyped(value))
        .collect();
    match (list, values.len()) {
        (_, 0) => Ok(None),
        (true, _) => Ok(Some(Node::List(values))),
        (false, 1) => Ok(values.pop()),
        (false, _) => Err(Malformed::DuplicateMember),
    }
}

/// A successful answer in parts.
#[derive(Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The caller answers for wiping it.
    pub body: Vec<u8>,
}

/// Distributes an operation's output over status, headers and body.
#[must_use]
pub fn encode_answer<O: Output>(operation: &OperationModel, output: &O) -> HttpAnswer {
    let mut out = AnswerWriter {
        bindings: operation.http.output,
        body: JsonWriter::default(),
        depth: 0,
        place: None,
        whole_body_is_member: false,
        raw: None,
        status: operation.http.status,
        headers: Vec::new(),
    };
    if O::EMPTY {
        return HttpAnswer { status: out.status, headers: Vec::new(), body: Vec::new() };
    }
    output.encode(&mut out);
    let has_payload_member = operation
        .http
        .output
        .iter()
        .any(|binding| matches!(binding.place, Place::PayloadBlob | Place::PayloadDocument));
    let body = match out.raw {
        Some(raw) => raw,
        None if has_payload_member && !out.whole_body_is_member => Vec::new(),
        None => out.body.into_bytes(),
    };
    HttpAnswer { status: out.status, headers: out.headers, body }
}

/// Sends each top-level member to its place, and everything else to the JSON body.
struct AnswerWriter {
    bindings: &'static [MemberBinding],
    body: JsonWriter,
    /// Structures, lists and maps that are open.
    depth: usize,
    /// Where the next value goes, if not into the body.
    place: Option<Place>,
    /// A payload member replaces the object of all members.
    whole_body_is_member: bool,
    /// The payload, if it is a blob.
    raw: Option<Vec<u8>>,
    status: u16,
    headers: Vec<(&'static str, String)>,
}

impl AnswerWriter {
    /// Takes a scalar that is not part of the body. True if it was taken.
    fn place_scalar(&mut self, text: impl FnOnce() -> String) -> bool {
        match self.place.take() {
            Some(Place::Header(name)) => {
                self.headers.push((name, text()));
                true
            }
            Some(Place::PayloadBlob) => {
                self.raw = Some(text().into_bytes());
                true
            }
            Some(Place::PayloadDocument) => {
                self.replace_body();
                false
            }
            Some(Place::Label(_) | Place::Query { .. } | Place::Status) | None => false,
        }
    }

    fn replace_body(&mut self) {
        self.body = JsonWriter::default();
        self.whole_body_is_member = true;
    }

    fn begin(&mut self) {
        if self.place.take() == Some(Place::PayloadDocument) {
            self.replace_body();
        }
        self.depth += 1;
    }
}

impl DocumentWriter for AnswerWriter {
    fn begin_structure(&mut self) {
        self.begin();
        self.body.begin_structure();
    }

    fn name(&mut self, name: &'static str) {
        if self.depth == 1 {
            self.place =
                self.bindings.iter().find(|binding| binding.member == name).map(|binding| binding.place);
        }
        if self.place.is_none() {
            self.body.name(name);
        }
    }

    fn end_structure(&mut self) {
        self.depth -= 1;
        if self.depth > 0 || !self.whole_body_is_member {
            self.body.end_structure();
        }
    }

    fn begin_list(&mut self, style: ListStyle) {
        self.begin();
        self.body.begin_list(style);
    }

    fn end_list(&mut self) {
        self.depth -= 1;
        self.body.end_list();
    }

    fn begin_map(&mut self, style: MapStyle) {
        self.begin();
        self.body.begin_map(style);
    }

    fn key(&mut self, key: &str) {
        self.body.key(key);
    }

    fn end_map(&mut self) {
        self.depth -= 1;
        self.body.end_map();
    }

    fn text(&mut self, value: &str) {
        if !self.place_scalar(|| value.to_owned()) {
            self.body.text(value);
        }
    }

    fn integer(&mut self, value: i64) {
        if self.place == Some(Place::Status) {
            self.place = None;
            // A status outside the range of HTTP keeps the operation's own.
            if let Some(status) = u16::try_from(value).ok().filter(|status| (100..600).contains(status)) {
                self.status = status;
            }
        } else if !self.place_scalar(|| value.to_string()) {
            self.body.integer(value);
        }
    }

    fn double(&mut self, value: f64) {
        if !self.place_scalar(|| value.to_string()) {
            self.body.double(value);
        }
    }

    fn boolean(&mut self, value: bool) {
        if !self.place_scalar(|| value.to_string()) {
            self.body.boolean(value);
        }
    }

    fn timestamp(&mut self, value: Timestamp) {
        if !self.place_scalar(|| value.rfc3339()) {
            self.body.timestamp(value);
        }
    }

    fn blob(&mut self, value: &[u8]) {
        if self.place == Some(Place::PayloadBlob) {
            self.place = None;
            self.raw = Some(value.to_vec());
        } else if !self.place_scalar(|| STANDARD.encode(value)) {
            self.body.blob(value);
        }
    }
}

#[cfg(test)]
mod tests;
