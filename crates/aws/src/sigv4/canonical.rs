//! The canonical request: the bytes that both sides hash.
//!
//! Source: IAM User Guide, "Create a signed AWS API request", step 1. Paths are encoded once more than on
//! the wire, as for every service but S3.

use http::HeaderMap;
use std::borrow::Cow;

/// Appends `method, path, query, headers, list of signed headers, hash of the body`. Bytes, not text: a header's
/// value may be any bytes, and a replacement for those that are not UTF-8 would let them be exchanged unnoticed.
pub(super) fn push_request(
    out: &mut Vec<u8>,
    method: &str,
    path: &str,
    query: &[(Cow<'_, str>, Cow<'_, str>)],
    headers: &HeaderMap,
    signed_headers: &str,
    body_hash: &str,
) {
    out.extend_from_slice(method.as_bytes());
    out.push(b'\n');
    push_path(out, path);
    out.push(b'\n');
    push_query(out, query);
    out.push(b'\n');
    for name in signed_headers.split(';') {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        push_values(out, headers, name);
        out.push(b'\n');
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(body_hash.as_bytes());
}

/// Whether a path is its own normal form: no empty segment but the last, none of dots.
///
/// The canonical path drops such segments, so `/a` and `/b/../a` have one signature. A router that reads the
/// path as sent would tell them apart, and so must the verifier.
pub(super) fn is_normal_path(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else { return false };
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if matches!(segment, "." | "..") || (segment.is_empty() && !last) {
            return false;
        }
    }
    true
}

/// The path without empty and dot segments, each segment encoded once more.
fn push_path(out: &mut Vec<u8>, path: &str) {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    for segment in &segments {
        out.push(b'/');
        push_encoded(out, segment.as_bytes());
    }
    if segments.is_empty() || path.ends_with('/') {
        out.push(b'/');
    }
}

/// `name=value` pairs, encoded, in the order of their encoded bytes.
pub(super) fn push_query(out: &mut Vec<u8>, query: &[(Cow<'_, str>, Cow<'_, str>)]) {
    if query.is_empty() {
        return;
    }
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> =
        query.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

/// A header's values, trimmed, inner runs of spaces as one, joined by commas in their order.
fn push_values(out: &mut Vec<u8>, headers: &HeaderMap, name: &str) {
    for (at, value) in headers.get_all(name).iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let mut words = value.as_bytes().split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        if let Some(first) = words.next() {
            out.extend_from_slice(first);
        }
        for word in words {
            out.push(b' ');
            out.extend_from_slice(word);
        }
    }
}

fn encoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    push_encoded(&mut out, text.as_bytes());
    out
}

/// RFC 3986's unreserved characters stay, everything else becomes `%XX` in upper case.
fn push_encoded(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte),
            _ => {
                out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
            }
        }
    }
}

/// The pairs of a query string, decoded as they will be read: `+` is a space, as in a form. None if an escape
/// is broken or the text is not UTF-8.
pub(super) fn query_pairs(query: &str) -> Option<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// Lower-case hex of a SHA-256.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// The 32 bytes of a signature in lower-case hex, which is the one form that signers write.
pub(super) fn signature_bytes(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 || text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}
