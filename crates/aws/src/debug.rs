//! `Debug` of generated structures.

use crate::json_writer::JsonWriter;
use std::fmt;

/// Shows a structure's name and the members that may enter the audit trail, and nothing else: what ends up
/// in a log by `{:?}` is held to the trail's rule.
pub(crate) fn debug_as_audited(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    write_audit: impl FnOnce(&mut JsonWriter),
) -> fmt::Result {
    let mut out = JsonWriter::default();
    write_audit(&mut out);
    write!(f, "{name} {}", String::from_utf8_lossy(out.as_bytes()))
}
