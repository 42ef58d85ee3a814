//! The canonical request: the bytes that both sides hash.
//!
//! Source: IAM User Guide, "Create a signed AWS API request", step 1. Paths are encoded once more than on
//! the wire, as for every service but S3.

use http::HeaderMap;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Appends `method, path, query, headers, list of signed headers, hash of the body`.
pub(super) fn push_request(
    out: &mut String,
    method: &str,
    path: &str,
    query: &[(Cow<'_, str>, Cow<'_, str>)],
    headers: &HeaderMap,
    signed_headers: &str,
    body_hash: &str,
) {
    out.push_str(method);
    out.push('\n');
    push_path(out, path);
    out.push('\n');
    push_query(out, query);
    out.push('\n');
    for name in signed_headers.split(';') {
        out.push_str(name);
        out.push(':');
        push_values(out, headers, name);
        out.push('\n');
    }
    out.push('\n');
    out.push_str(signed_headers);
    out.push('\n');
    out.push_str(body_hash);
}

/// The path without empty and dot segments, each segment encoded once more.
fn push_path(out: &mut String, path: &str) {
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
        out.push('/');
        push_encoded(out, segment.as_bytes());
    }
    if segments.is_empty() || path.ends_with('/') {
        out.push('/');
    }
}

/// `name=value` pairs, encoded, in the order of their encoded bytes.
pub(super) fn push_query(out: &mut String, query: &[(Cow<'_, str>, Cow<'_, str>)]) {
    if query.is_empty() {
        return;
    }
    let mut pairs: Vec<(String, String)> =
        query.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
}

/// A header's values, trimmed, inner runs of spaces as one, joined by commas in their order.
fn push_values(out: &mut String, headers: &HeaderMap, name: &str) {
    for (at, value) in headers.get_all(name).iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        // Header values are bytes; those beyond ASCII are hashed as the Latin-1 characters they stand for on
        // the wire only if they are UTF-8, which is what clients send.
        let text = String::from_utf8_lossy(value.as_bytes());
        let mut words = text.split(' ').filter(|word| !word.is_empty());
        if let Some(first) = words.next() {
            out.push_str(first);
        }
        for word in words {
            out.push(' ');
            out.push_str(word);
        }
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_encoded(&mut out, text.as_bytes());
    out
}

/// RFC 3986's unreserved characters stay, everything else becomes `%XX` in upper case.
fn push_encoded(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(*byte))
            }
            _ => write!(out, "%{byte:02X}").expect("writing to a String cannot fail"),
        }
    }
}

/// The pairs of a query string, decoded. `+` stays itself: signers encode a space as `%20`. None if an
/// escape is broken or the text is not UTF-8.
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
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
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

/// The 32 bytes of a signature in hex, of either case.
pub(super) fn signature_bytes(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    if text.len() != 64 {
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
