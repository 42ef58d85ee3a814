//! What the generated types of a service can do.

use crate::decode::DecodeError;
use crate::document::Node;
use crate::json_writer::JsonWriter;
use crate::writer::DocumentWriter;
use std::fmt;

/// The input of an operation: read from a request, written to the trail and (by clients) to the wire.
pub trait Input: Sized + Send {
    /// Reads and validates a request in one pass.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if the request is not of this shape, [`DecodeError::Invalid`] with all of
    /// AWS's violations if its values break the shape's constraints.
    fn decode(node: &Node<'_>) -> Result<Self, DecodeError>;

    /// Writes the request as a client sends it.
    fn encode<W: DocumentWriter>(&self, out: &mut W);

    /// Writes an object with the members that the model marks `audit`, named and formatted as CloudTrail's
    /// `requestParameters`.
    fn write_audit(&self, out: &mut JsonWriter);
}

/// The output of an operation: written to the answer and to the trail.
pub trait Output: Send {
    /// The model has no output shape: the answer's body is empty.
    const EMPTY: bool;

    fn encode<W: DocumentWriter>(&self, out: &mut W);

    /// Writes an object with the members that the model marks `audit`, named and formatted as CloudTrail's
    /// `responseElements`.
    fn write_audit(&self, out: &mut JsonWriter);
}

/// The output of an operation that has none.
impl Output for () {
    const EMPTY: bool = true;

    fn encode<W: DocumentWriter>(&self, _out: &mut W) {}

    fn write_audit(&self, out: &mut JsonWriter) {
        out.begin_structure();
        out.end_structure();
    }
}

/// An enumeration of a model: a closed set, because values outside it are refused by validation.
pub trait WireEnum: Copy + Eq + fmt::Display + 'static {
    /// The values on the wire, in the model's order.
    const WIRE_VALUES: &'static [&'static str];

    /// The value's text on the wire.
    fn as_str(self) -> &'static str;

    /// The value that `text` spells exactly; `None` if it is none of them.
    fn parse(text: &str) -> Option<Self>;
}
