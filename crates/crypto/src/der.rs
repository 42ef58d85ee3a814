//! The part of DER (X.690) that key encodings need, read strictly and written.
//!
//! The reader takes one encoding of each value: definite lengths in their shortest form, tags below 31, integers
//! without needless bytes. Whatever else is [`Malformed`]; whoever reads calls [`Reader::finish`], so that nothing trails.

use zeroize::Zeroize as _;

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;

/// `[number]`, primitive: a simple value under an IMPLICIT tag.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// `[number]`, constructed.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

/// Not DER, or not the element that belongs there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads elements one after the other.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The tag of the next element, if there is one.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn element(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let (&[first, length], rest) = self.0.split_first_chunk::<2>().ok_or(Malformed)?;
        if first != tag {
            return Err(Malformed);
        }
        let (length, rest) = match length {
            0..=0x7f => (usize::from(length), rest),
            // Keys are shorter than 64 KiB.
            0x81 => {
                let (&[length], rest) = rest.split_first_chunk::<1>().ok_or(Malformed)?;
                (if length < 0x80 { return Err(Malformed) } else { usize::from(length) }, rest)
            }
            0x82 => {
                let (&bytes, rest) = rest.split_first_chunk::<2>().ok_or(Malformed)?;
                (
                    if bytes[0] == 0 {
                        return Err(Malformed);
                    } else {
                        usize::from(u16::from_be_bytes(bytes))
                    },
                    rest,
                )
            }
            _ => return Err(Malformed),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(content)
    }

    /// The next element if it has this tag, and none if another follows, or nothing.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.peek() == Some(tag) { self.element(tag).map(Some) } else { Ok(None) }
    }

    /// The elements within the next one.
    pub(crate) fn nested(&mut self, tag: u8) -> Result<Reader<'a>, Malformed> {
        self.element(tag).map(Reader)
    }

    /// A non-negative INTEGER: its bytes, big-endian, without leading zeros. Zero is no byte at all.
    pub(crate) fn unsigned(&mut self) -> Result<&'a [u8], Malformed> {
        match self.element(INTEGER)? {
            [0] => Ok(&[]),
            [0, rest @ ..] if rest[0] & 0x80 != 0 => Ok(rest),
            bytes @ [first, ..] if *first != 0 && first & 0x80 == 0 => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    /// A BIT STRING of whole bytes.
    pub(crate) fn bit_string(&mut self) -> Result<&'a [u8], Malformed> {
        bits(self.element(BIT_STRING)?)
    }

    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

/// The whole bytes of a BIT STRING's content.
pub(crate) fn bits(content: &[u8]) -> Result<&[u8], Malformed> {
    match content {
        [0, bytes @ ..] => Ok(bytes),
        _ => Err(Malformed),
    }
}

/// An element. The parts are copied once, into a buffer of the right size, so that nothing secret is left behind
/// by one that grows.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(length + 4);
    out.push(tag);
    match u16::try_from(length).expect("key encodings are shorter than 64 KiB").to_be_bytes() {
        [0, low] if low < 0x80 => out.push(low),
        [0, low] => out.extend_from_slice(&[0x81, low]),
        [high, low] => out.extend_from_slice(&[0x82, high, low]),
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// An element around a secret one, which is wiped.
pub(crate) fn wrap_secret(tag: u8, parts: &[&[u8]], mut secret: Vec<u8>) -> Vec<u8> {
    let out = element(tag, &[parts, &[secret.as_slice()]].concat());
    secret.zeroize();
    out
}

#[cfg(test)]
mod tests {
    use super::{INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE, element};

    fn read(bytes: &[u8]) -> Result<&[u8], Malformed> {
        let mut reader = Reader::new(bytes);
        let content = reader.element(OCTET_STRING)?;
        reader.finish().map(|()| content)
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 129, 255, 256, 257, 5000, 65_535] {
            let content = vec![7; length];
            assert_eq!(read(&element(OCTET_STRING, &[&content])), Ok(content.as_slice()), "{length}");
        }
    }

    #[test]
    fn there_is_one_encoding_of_a_length() {
        for other in [
            &[4, 0x81, 1, 9][..],   // a long form that has a short one
            &[4, 0x82, 0, 1, 9],    // two bytes where one would do
            &[4, 0x83, 0, 0, 1, 9], // three
            &[4, 0x80, 9, 0, 0],    // BER's indefinite length
            &[4, 0xff, 9],          // reserved
            &[0x24, 3, 4, 1, 9],    // BER's constructed string
            &[4, 2, 9],             // cut
            &[4, 1, 9, 0],          // trailing
            &[4],
            &[],
            &[4, 0x81],
            &[4, 0x82, 1],
            &[5, 1, 9],
        ] {
            assert_eq!(read(other), Err(Malformed), "{other:?}");
        }
    }

    #[test]
    fn there_is_one_encoding_of_a_number() {
        let unsigned = |content: &[u8]| {
            let bytes = element(INTEGER, &[content]);
            Reader::new(&bytes).unsigned().map(<[u8]>::to_vec)
        };
        assert_eq!(unsigned(&[0]), Ok(vec![]));
        assert_eq!(unsigned(&[1]), Ok(vec![1]));
        assert_eq!(unsigned(&[0, 0x80]), Ok(vec![0x80]));
        assert_eq!(unsigned(&[0x7f, 0xff]), Ok(vec![0x7f, 0xff]));
        for other in [&[][..], &[0x80], &[0xff, 1], &[0, 0], &[0, 0x7f], &[0, 0, 0x80]] {
            assert_eq!(unsigned(other), Err(Malformed), "{other:?}");
        }
    }

    #[test]
    fn nested_elements_end_where_they_end() {
        let bytes = element(SEQUENCE, &[&element(OCTET_STRING, &[&[1]]), &element(OCTET_STRING, &[&[2]])]);
        let mut outer = Reader::new(&bytes);
        let mut inner = outer.nested(SEQUENCE).expect("a sequence");
        assert_eq!(inner.element(OCTET_STRING), Ok(&[1][..]));
        assert_eq!(inner.optional(INTEGER), Ok(None));
        assert_eq!(inner.optional(OCTET_STRING), Ok(Some(&[2][..])));
        assert_eq!(inner.optional(OCTET_STRING), Ok(None));
        assert_eq!((inner.finish(), outer.finish()), (Ok(()), Ok(())));
    }
}
