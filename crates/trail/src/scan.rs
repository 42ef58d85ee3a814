//! Reading the chain from a line on, without reading what is before.

use crate::TrailError;
use crate::line::Line;
use crate::reader::Lines;
use crate::segment;
use std::path::Path;

/// Calls `each` with number and bytes of every whole line after `after_seq`, in order.
pub(crate) fn after(dir: &Path, after_seq: u64, mut each: impl FnMut(u64, &[u8])) -> Result<(), TrailError> {
    let segments = segment::list(dir)?;
    let mut first = segments.len();
    // From the end back to the segment that begins at or before the line that is wanted.
    for (at, segment) in segments.iter().enumerate().rev() {
        first = at;
        if first_seq(segment)?.is_some_and(|seq| seq <= after_seq + 1) {
            break;
        }
    }
    for segment in &segments[first..] {
        let Some(mut lines) = Lines::of(segment)? else { continue };
        while let Some(raw) = lines.next()? {
            if let Some(seq) = seq_of(&raw.bytes)
                && raw.whole
                && seq > after_seq
            {
                each(seq, &raw.bytes);
            }
        }
    }
    Ok(())
}

fn first_seq(segment: &segment::Segment) -> Result<Option<u64>, TrailError> {
    let Some(mut lines) = Lines::of(segment)? else { return Ok(None) };
    Ok(lines.next()?.and_then(|raw| Line::parse(&raw.bytes).map(|line| line.seq)))
}

/// The number of a line that we wrote, without parsing all of it.
fn seq_of(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"{\"seq\":")?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

/// The event id of a record. Texts inside a record cannot contain the quotes that stand around the name.
pub(crate) fn event_id(line: &[u8]) -> Option<&str> {
    const NAME: &str = "\"eventID\":\"";
    let text = std::str::from_utf8(line).ok()?;
    let rest = &text[text.rfind(NAME)? + NAME.len()..];
    rest.split('"').next()
}
