//! Key derivation: NIST SP 800-108r1, counter mode, PRF HMAC-SHA-256.
//!
//! `K(i) = HMAC(key, i ‖ label ‖ 0x00 ‖ context ‖ L)`, `i` from 1 and `L` in bits, both 32 bits big-endian.
//! It is composed of aws-lc's HMAC and not its one-call KDF, so that the context can be given in parts and the
//! keyed state serves all blocks. Tests hold it against the one-call KDF and NIST's vectors.

use aws_lc_rs::hmac;

const BLOCK: usize = 32;

/// Fills `out` (at most 255 blocks) from `key`.
pub(crate) fn derive(key: &hmac::Key, label: &[u8], context: &[&[u8]], out: &mut [u8]) {
    let bits = u32::try_from(out.len() * 8).expect("outputs are a few blocks").to_be_bytes();
    let fixed = [label, &[0]].into_iter().chain(context.iter().copied()).chain([bits.as_slice()]);
    derive_fixed(key, fixed, out);
}

/// The same over fixed input that is already put together, as NIST's vectors give it.
pub(crate) fn derive_fixed<'a>(
    key: &hmac::Key,
    fixed: impl Iterator<Item = &'a [u8]> + Clone,
    out: &mut [u8],
) {
    for (block, i) in out.chunks_mut(BLOCK).zip(1_u32..) {
        let mut hmac = hmac::Context::with_key(key);
        hmac.update(&i.to_be_bytes());
        for part in fixed.clone() {
            hmac.update(part);
        }
        block.copy_from_slice(&hmac.sign().as_ref()[..block.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::derive;
    use aws_lc_rs::hmac;
    use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};

    #[test]
    fn agrees_with_the_one_call_kdf() {
        let algorithm =
            get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).expect("it is built in");
        for length in [1_usize, 31, 32, 33, 64, 80, 200] {
            let secret: Vec<u8> = (0..32).map(|i| u8::try_from(i * 5 + length % 7).expect("small")).collect();
            let (label, context) = (b"keywright/kms/sym/v1".as_slice(), [7_u8; 81]);
            let mut info = label.to_vec();
            info.push(0);
            info.extend_from_slice(&context);
            info.extend_from_slice(&u32::try_from(length * 8).expect("small").to_be_bytes());
            let mut expected = vec![0; length];
            kbkdf_ctr_hmac(algorithm, &secret, &info, &mut expected).expect("derives");
            let mut ours = vec![0; length];
            derive(&hmac::Key::new(hmac::HMAC_SHA256, &secret), label, &[&context], &mut ours);
            assert_eq!(ours, expected, "{length} bytes");
        }
    }
}
