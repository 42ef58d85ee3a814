//! A text as the picture of a QR code, in PNG.
//!
//! Of PNG only the little that a picture of two colours needs: a header, the rows, an end (PNG specification, third
//! edition, sections 5 and 11). An image library would bring decoders along, which are where such libraries fail.

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use keywright_types::SecretBytes;
use qrcode::{Color, QrCode};
use std::io::Write as _;
use zeroize::Zeroizing;

/// Pixels of one module's side.
const SCALE: usize = 5;
/// Modules left white on each side (ISO/IEC 18004 wants four).
const MARGIN: usize = 4;

/// The text is too long for a QR code: more than some two thousand bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// The PNG, which is as secret as the text.
///
/// # Errors
/// [`TooLong`].
pub(crate) fn png(text: &str) -> Result<SecretBytes, TooLong> {
    let code = QrCode::new(text).map_err(|_| TooLong)?;
    let width = code.width();
    let side = (width + 2 * MARGIN) * SCALE;
    let dark = |x: usize, y: usize| {
        let module = |at: usize| (at / SCALE).checked_sub(MARGIN).filter(|at| *at < width);
        matches!((module(x), module(y)), (Some(x), Some(y)) if code[(x, y)] == Color::Dark)
    };
    let row_len = 1 + side.div_ceil(8);
    let mut rows = Zeroizing::new(vec![0_u8; row_len * side]);
    for (y, row) in rows.chunks_mut(row_len).enumerate() {
        // The first byte of a row says that it is not filtered.
        for (at, byte) in row.iter_mut().skip(1).enumerate() {
            *byte = (0..8).fold(0, |bits, bit| bits << 1 | u8::from(!dark(at * 8 + bit, y)));
        }
    }
    let mut packer = ZlibEncoder::new(Vec::with_capacity(rows.len()), Compression::default());
    packer.write_all(&rows).expect("a vector takes all that is written");
    let packed = Zeroizing::new(packer.finish().expect("a vector takes all that is written"));

    let side = u32::try_from(side).expect("a QR code has some hundred modules").to_be_bytes();
    let mut png = Vec::with_capacity(packed.len() + 64);
    png.extend_from_slice(b"\x89PNG\r\n\x1a\n");
    // One bit for each pixel, grey; the methods that PNG knows; not interlaced.
    chunk(&mut png, b"IHDR", &[&side[..], &side[..], &[1, 0, 0, 0, 0]].concat());
    chunk(&mut png, b"IDAT", &packed);
    chunk(&mut png, b"IEND", b"");
    Ok(SecretBytes::new(png))
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).expect("a chunk is some kilobytes");
    png.extend_from_slice(&length.to_be_bytes());
    let start = png.len();
    png.extend_from_slice(kind);
    png.extend_from_slice(data);
    let mut crc = Crc::new();
    crc.update(&png[start..]);
    png.extend_from_slice(&crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::{MARGIN, SCALE, TooLong, png};
    use std::io::Read as _;

    #[test]
    fn the_picture_is_a_png_of_the_code() {
        let made = png("otpauth://totp/Keywright:alice@111122223333?secret=MZXW6YTB").expect("it is short");
        let bytes = made.expose();
        assert_eq!(bytes[..16], *b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
        let side = u32::from_be_bytes(bytes[16..20].try_into().expect("four bytes")) as usize;
        assert_eq!(bytes[20..24], bytes[16..20], "it is square");
        // CRC-32 of the end's chunk, as every PNG has it.
        assert_eq!(bytes[bytes.len() - 12..], *b"\0\0\0\0IEND\xae\x42\x60\x82");
        let packed = u32::from_be_bytes(bytes[33..37].try_into().expect("four bytes")) as usize;
        let mut rows = Vec::new();
        flate2::read::ZlibDecoder::new(&bytes[41..41 + packed]).read_to_end(&mut rows).expect("it unpacks");
        let row_len = 1 + side.div_ceil(8);
        assert_eq!(rows.len(), row_len * side);
        // The finder pattern in the corner: seven dark modules, then light ones.
        let is_dark = |x: usize, y: usize| rows[y * row_len + 1 + x / 8] & (0x80 >> (x % 8)) == 0;
        let corner = MARGIN * SCALE;
        assert!(!is_dark(corner - 1, corner) && !is_dark(corner, corner - 1));
        assert!((0..7 * SCALE).all(|at| is_dark(corner + at, corner) && is_dark(corner, corner + at)));
        assert!(!is_dark(corner + 7 * SCALE, corner));
    }

    #[test]
    fn a_text_that_fits_no_code_is_refused() {
        assert_eq!(png(&"x".repeat(3_000)), Err(TooLong));
    }
}
