//! Writing of shapes: what a protocol's writer must offer to the generated `encode` functions.

use keywright_types::Timestamp;

/// Names that a protocol without lists and maps of its own (XML) gives to their parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListStyle {
    /// The element's name of each item.
    pub item: &'static str,
    /// The items stand directly under the member's own name, repeated.
    pub flattened: bool,
}

/// See [`ListStyle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapStyle {
    /// The element's name of each entry's key and value.
    pub key: &'static str,
    pub value: &'static str,
    /// The entries stand directly under the member's own name, repeated.
    pub flattened: bool,
}

/// Takes a document piece by piece. A value follows each [`DocumentWriter::name`] and each
/// [`DocumentWriter::key`]; values follow each other in a list.
pub trait DocumentWriter {
    fn begin_structure(&mut self);
    /// The wire name of the member whose value comes next.
    fn name(&mut self, name: &'static str);
    fn end_structure(&mut self);

    fn begin_list(&mut self, style: ListStyle);
    fn end_list(&mut self);

    fn begin_map(&mut self, style: MapStyle);
    /// The key of the entry whose value comes next.
    fn key(&mut self, key: &str);
    fn end_map(&mut self);

    fn text(&mut self, value: &str);
    fn integer(&mut self, value: i64);
    fn double(&mut self, value: f64);
    fn boolean(&mut self, value: bool);
    /// In the form that the protocol has for instants.
    fn timestamp(&mut self, value: Timestamp);
    /// As standard base64 with padding.
    fn blob(&mut self, value: &[u8]);
}
