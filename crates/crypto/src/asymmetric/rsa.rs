//! RSA: private keys as RFC 8017, A.1.2 has them, with two primes.
//!
//! aws-lc checks that a private key's parts belong together whenever it parses one, blinds every private operation,
//! and verifies its result before giving it out. It does not judge how good the parameters are: that is done here.

use super::error::{InvalidKeyMaterial, InvalidPublicKey, OaepError, SignatureError};
use super::spec::{EncryptionAlgorithm, RsaSize, SigningAlgorithm};
use crate::der::{INTEGER, Reader, SEQUENCE};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair, RsaParameters, RsaSignatureEncoding,
};
use keywright_types::SecretBytes;
use std::sync::OnceLock;
use zeroize::{Zeroize as _, Zeroizing};

pub(super) struct RsaPrivate {
    size: RsaSize,
    key: RsaKeyPair,
    /// aws-lc-rs has another type for decryption, made when it is first wanted: most keys only sign.
    decrypting: OnceLock<OaepPrivateDecryptingKey>,
}

impl RsaPrivate {
    pub(super) fn generate(size: RsaSize) -> Self {
        let size_wanted = match size {
            RsaSize::Bits2048 => KeySize::Rsa2048,
            RsaSize::Bits3072 => KeySize::Rsa3072,
            RsaSize::Bits4096 => KeySize::Rsa4096,
        };
        let key = RsaKeyPair::generate(size_wanted).expect("a system that cannot make keys cannot go on");
        Self { size, key, decrypting: OnceLock::new() }
    }

    /// From an RSAPrivateKey.
    pub(super) fn parse(size: RsaSize, der: &[u8]) -> Result<Self, InvalidKeyMaterial> {
        judge(size, der)?;
        let key = RsaKeyPair::from_der(der).map_err(|_| InvalidKeyMaterial::Inconsistent)?;
        Ok(Self { size, key, decrypting: OnceLock::new() })
    }

    /// Whether the key does what a key does. The parts of one with a composite for a prime can all fit together.
    pub(super) fn works(&self) -> bool {
        let mut signature = vec![0; self.size.bytes()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"keywright", &mut signature).is_ok()
    }

    pub(super) fn pkcs8(&self) -> SecretBytes {
        let der: Pkcs8V1Der<'_> = self.key.as_der().expect("a key that was parsed can be written");
        SecretBytes::copy_of(der.as_ref())
    }

    /// The RSAPublicKey.
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.key.public_key().as_ref().to_vec()
    }

    pub(super) fn sign(
        &self,
        scheme: &Scheme,
        digest: Option<&[u8]>,
        message: &[u8],
    ) -> Result<Vec<u8>, SignatureError> {
        let mut signature = vec![0; self.size.bytes()];
        match digest {
            None => self.key.sign(scheme.signing, &SystemRandom::new(), message, &mut signature),
            Some(digest) => Digest::import_less_safe(digest, scheme.hash)
                .and_then(|digest| self.key.sign_digest(scheme.signing, &digest, &mut signature)),
        }
        .map_err(|_| SignatureError::Failed)?;
        Ok(signature)
    }

    pub(super) fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, OaepError> {
        let key = self.decrypting.get_or_init(|| {
            let der: Pkcs8V1Der<'_> = self.key.as_der().expect("a key that was parsed can be written");
            PrivateDecryptingKey::from_pkcs8(der.as_ref())
                .and_then(|key| OaepPrivateDecryptingKey::new(key).map_err(Into::into))
                .expect("a key that was written can be parsed")
        });
        let mut plaintext = vec![0; key.min_output_size()];
        let opened = key.decrypt(oaep(algorithm), ciphertext, &mut plaintext, None).map(|part| part.len());
        match opened {
            Ok(length) => {
                plaintext[length..].zeroize();
                plaintext.truncate(length);
                Ok(SecretBytes::new(plaintext))
            }
            Err(_) => {
                plaintext.zeroize();
                Err(OaepError::DoesNotOpen)
            }
        }
    }
}

/// How a signing algorithm is called in aws-lc-rs.
pub(super) struct Scheme {
    signing: &'static RsaSignatureEncoding,
    verifying: &'static RsaParameters,
    hash: &'static digest::Algorithm,
    /// Which of the parsed keys of [`RsaPublic`] it uses.
    index: usize,
}

pub(super) const fn scheme(algorithm: SigningAlgorithm) -> Option<Scheme> {
    let (signing, verifying, hash, index) = match algorithm {
        SigningAlgorithm::RsassaPssSha256 => (&RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256, &digest::SHA256, 0),
        SigningAlgorithm::RsassaPssSha384 => (&RSA_PSS_SHA384, &RSA_PSS_2048_8192_SHA384, &digest::SHA384, 1),
        SigningAlgorithm::RsassaPssSha512 => (&RSA_PSS_SHA512, &RSA_PSS_2048_8192_SHA512, &digest::SHA512, 2),
        SigningAlgorithm::RsassaPkcs1V15Sha256 => {
            (&RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256, &digest::SHA256, 3)
        }
        SigningAlgorithm::RsassaPkcs1V15Sha384 => {
            (&RSA_PKCS1_SHA384, &RSA_PKCS1_2048_8192_SHA384, &digest::SHA384, 4)
        }
        SigningAlgorithm::RsassaPkcs1V15Sha512 => {
            (&RSA_PKCS1_SHA512, &RSA_PKCS1_2048_8192_SHA512, &digest::SHA512, 5)
        }
        SigningAlgorithm::EcdsaSha256
        | SigningAlgorithm::EcdsaSha384
        | SigningAlgorithm::EcdsaSha512
        | SigningAlgorithm::Ed25519Sha512
        | SigningAlgorithm::Ed25519PhSha512
        | SigningAlgorithm::MlDsaShake256 => return None,
    };
    Some(Scheme { signing, verifying, hash, index })
}

const fn oaep(algorithm: EncryptionAlgorithm) -> &'static OaepAlgorithm {
    match algorithm {
        EncryptionAlgorithm::RsaesOaepSha1 => &OAEP_SHA1_MGF1SHA1,
        EncryptionAlgorithm::RsaesOaepSha256 => &OAEP_SHA256_MGF1SHA256,
    }
}

/// Keys of others' for each scheme, and for encryption, made when they are first wanted.
#[derive(Default)]
pub(super) struct RsaPublic {
    verifying: [OnceLock<ParsedPublicKey>; 6],
    encrypting: OnceLock<OaepPublicEncryptingKey>,
}

impl RsaPublic {
    pub(super) fn verify(
        &self,
        public_key: &[u8],
        scheme: &Scheme,
        digest: Option<&[u8]>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let key = self.verifying[scheme.index].get_or_init(|| {
            ParsedPublicKey::new(scheme.verifying, public_key).expect("it was parsed before")
        });
        match digest {
            None => key.verify_sig(message, signature),
            Some(digest) => Digest::import_less_safe(digest, scheme.hash)
                .and_then(|digest| key.verify_digest_sig(&digest, signature)),
        }
        .is_ok()
    }

    /// `spki` is the key's SubjectPublicKeyInfo.
    pub(super) fn encrypt(
        &self,
        spki: impl FnOnce() -> Vec<u8>,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, OaepError> {
        let key = self.encrypting.get_or_init(|| {
            PublicEncryptingKey::from_der(&spki())
                .and_then(|key| OaepPublicEncryptingKey::new(key).map_err(Into::into))
                .expect("it was parsed before")
        });
        let mut ciphertext = vec![0; key.ciphertext_size()];
        key.encrypt(oaep(algorithm), plaintext, &mut ciphertext, None).map_err(|_| {
            OaepError::PlaintextTooLong { bytes_max: key.max_plaintext_size(oaep(algorithm)) }
        })?;
        Ok(ciphertext)
    }
}

/// The size of an RSAPublicKey that may be used.
pub(super) fn judge_public(der: &[u8]) -> Result<RsaSize, InvalidPublicKey> {
    let mut outer = Reader::new(der);
    let mut key = outer.nested(SEQUENCE)?;
    outer.finish()?;
    let (modulus, exponent) = (key.unsigned()?, key.unsigned()?);
    key.finish()?;
    let size = match bit_len(modulus) {
        2048 => RsaSize::Bits2048,
        3072 => RsaSize::Bits3072,
        4096 => RsaSize::Bits4096,
        _ => return Err(InvalidPublicKey),
    };
    if !sound_exponent(exponent) || ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, der).is_err() {
        return Err(InvalidPublicKey);
    }
    Ok(size)
}

/// Refuses private keys that are well-formed and weak, by FIPS 186-5, A.1.1 and A.1.3: a public exponent that is not
/// sound, a short private exponent (Wiener's attack), primes of other than half the size or close to each other
/// (Fermat's factorisation).
fn judge(size: RsaSize, der: &[u8]) -> Result<(), InvalidKeyMaterial> {
    let mut outer = Reader::new(der);
    let mut key = outer.nested(SEQUENCE)?;
    outer.finish()?;
    // Version 1 is of keys with more than two primes.
    if key.element(INTEGER)? != [0] {
        return Err(InvalidKeyMaterial::Encoding);
    }
    let (modulus, exponent) = (key.unsigned()?, key.unsigned()?);
    let (private_exponent, p, q) = (key.unsigned()?, key.unsigned()?, key.unsigned()?);
    for _crt in ["d mod (p-1)", "d mod (q-1)", "q^-1 mod p"] {
        key.unsigned()?;
    }
    key.finish()?;
    let bits = size.bytes() * 8;
    if bit_len(modulus) != bits {
        return Err(InvalidKeyMaterial::OtherSpec);
    }
    let halves = bit_len(p) == bits / 2 && bit_len(q) == bits / 2;
    if !sound_exponent(exponent)
        || bit_len(private_exponent) <= bits / 2
        || !halves
        || bit_len(&difference(p, q)) <= bits / 2 - 100
    {
        return Err(InvalidKeyMaterial::Weak);
    }
    Ok(())
}

/// Odd, at least 65,537 and below 2^33. Smaller ones make padding faults and small messages exploitable, and FIPS 186-5
/// forbids them; aws-lc takes no larger ones, since they slow whoever verifies. Nearly every key has 65,537.
fn sound_exponent(exponent: &[u8]) -> bool {
    exponent.last().is_some_and(|last| last % 2 == 1) && (17..=33).contains(&bit_len(exponent))
}

/// Of a number without leading zero bytes.
fn bit_len(bytes: &[u8]) -> usize {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    bytes[start..].first().map_or(0, |first| (bytes.len() - start) * 8 - first.leading_zeros() as usize)
}

/// The distance of two numbers of the same length.
fn difference(a: &[u8], b: &[u8]) -> Zeroizing<Vec<u8>> {
    let (large, small) = if a > b { (a, b) } else { (b, a) };
    let mut difference = Zeroizing::new(vec![0; large.len()]);
    let mut borrow = false;
    for at in (0..large.len()).rev() {
        let (byte, first) = large[at].overflowing_sub(small[at]);
        let (byte, second) = byte.overflowing_sub(u8::from(borrow));
        difference[at] = byte;
        borrow = first || second;
    }
    difference
}

#[cfg(test)]
mod tests {
    use super::{bit_len, difference, sound_exponent};

    #[test]
    fn numbers_are_measured() {
        for (bytes, bits) in [(&[][..], 0), (&[0], 0), (&[1], 1), (&[0xff], 8), (&[1, 0], 9), (&[0, 0, 2], 2)]
        {
            assert_eq!(bit_len(bytes), bits, "{bytes:?}");
        }
        assert_eq!(*difference(&[1, 0], &[0, 1]), [0, 0xff]);
        assert_eq!(*difference(&[0, 1], &[1, 0]), [0, 0xff]);
        assert_eq!(*difference(&[9, 9], &[9, 9]), [0, 0]);
    }

    #[test]
    fn exponents() {
        for sound in [&[1, 0, 1][..], &[1, 0, 3], &[0xff, 0xff, 0xff, 0xff], &[1, 0, 0, 0, 1]] {
            assert!(sound_exponent(sound), "{sound:?}");
        }
        for weak in
            [&[][..], &[1], &[3], &[17], &[1, 1], &[0xff, 0xff], &[1, 0, 0], &[1, 0, 2], &[2, 0, 0, 0, 1]]
        {
            assert!(!sound_exponent(weak), "{weak:?}");
        }
    }
}
