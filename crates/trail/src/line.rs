//! A line of the trail: its number, the hash of the line before it, and what it holds.

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::fmt::Write as _;

/// SHA-256 of a line without its line end; of the line before the first, all zero.
pub(crate) type LineHash = [u8; 32];

pub(crate) const NO_LINE: LineHash = [0; 32];

pub(crate) fn hash(line: &[u8]) -> LineHash {
    digest(&SHA256, line).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

pub(crate) fn hex(hash: &LineHash) -> String {
    let mut text = String::with_capacity(64);
    push_hex(&mut text, hash);
    text
}

fn push_hex(text: &mut String, hash: &LineHash) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in hash {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

pub(crate) fn unhex(text: &str) -> Option<LineHash> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut hash = NO_LINE;
    for (byte, pair) in hash.iter_mut().zip(bytes.chunks_exact(2)) {
        let digit = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

/// What a line holds besides its place in the chain.
pub(crate) const EVENT: &str = "event";
pub(crate) const SEGMENT: &str = "segment";
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// Appends a whole line to `out` and gives its hash.
pub(crate) fn push(out: &mut String, seq: u64, prev: &LineHash, member: &str, content: &str) -> LineHash {
    let start = out.len();
    write!(out, "{{\"seq\":{seq},\"prev\":\"").expect("writing to a String cannot fail");
    push_hex(out, prev);
    out.push_str("\",\"");
    out.push_str(member);
    out.push_str("\":");
    out.push_str(content);
    out.push('}');
    let hash = hash(&out.as_bytes()[start..]);
    out.push('\n');
    hash
}

/// A line read back. Exactly one of the three contents is there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line<'a> {
    pub(crate) seq: u64,
    pub(crate) prev: &'a str,
    #[serde(borrow, default)]
    pub(crate) event: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) segment: Option<SegmentStart>,
    #[serde(default)]
    pub(crate) checkpoint: Option<Checkpoint>,
}

/// The first line of a segment.
#[derive(Debug, serde::Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SegmentStart {
    pub(crate) node: String,
    pub(crate) number: u64,
    pub(crate) started_at: String,
}

/// A signed statement of the chain's state.
#[derive(Debug, serde::Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Checkpoint {
    pub(crate) node: String,
    pub(crate) at: String,
    pub(crate) public_key: String,
    pub(crate) signature: String,
}

/// What a checkpoint's signature covers.
pub(crate) fn checkpoint_message(node: &str, seq: u64, prev: &LineHash, at: &str) -> Vec<u8> {
    format!("keywright/trail-checkpoint/v1\n{node}\n{seq}\n{}\n{at}\n", hex(prev)).into_bytes()
}

impl<'a> Line<'a> {
    /// None if it is not a line of the trail.
    pub(crate) fn parse(line: &'a [u8]) -> Option<Self> {
        let parsed: Self = serde_json::from_slice(line).ok()?;
        let contents = usize::from(parsed.event.is_some())
            + usize::from(parsed.segment.is_some())
            + usize::from(parsed.checkpoint.is_some());
        (contents == 1).then_some(parsed)
    }
}
