//! The wrapping of key material on its way in: GetParametersForImport gives out a public key, ImportKeyMaterial brings what
//! was wrapped with it.
//!
//! Source: KMS Developer Guide, "Select a wrapping algorithm"; PKCS #11 3.0, 2.1.21 (CKM_RSA_AES_KEY_WRAP); RFC 5649.

use crate::asymmetric::{EncryptionAlgorithm, InvalidKeyMaterial, KeyPair, KeyPairSpec};
use crate::material::KeyMaterial;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, KeyEncryptionKey, KeyWrapPadded as _};
use keywright_types::SecretBytes;
use zeroize::Zeroize as _;

/// How key material is wrapped, by the API's AlgorithmSpec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WrappingAlgorithm {
    RsaesOaepSha1,
    RsaesOaepSha256,
    /// An AES key in RSAES-OAEP, as long as the modulus, and behind it the material in AES key wrap with padding.
    RsaAesKeyWrapSha1,
    RsaAesKeyWrapSha256,
}

impl WrappingAlgorithm {
    pub const ALL: [Self; 4] =
        [Self::RsaesOaepSha1, Self::RsaesOaepSha256, Self::RsaAesKeyWrapSha1, Self::RsaAesKeyWrapSha256];

    /// The API's name: `RSA_AES_KEY_WRAP_SHA_256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RsaesOaepSha1 => "RSAES_OAEP_SHA_1",
            Self::RsaesOaepSha256 => "RSAES_OAEP_SHA_256",
            Self::RsaAesKeyWrapSha1 => "RSA_AES_KEY_WRAP_SHA_1",
            Self::RsaAesKeyWrapSha256 => "RSA_AES_KEY_WRAP_SHA_256",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// It does not unwrap. There is one such error, whichever check failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the wrapped key material does not unwrap")]
pub struct InvalidWrapping;

/// A key pair that material is wrapped for: RSA, for one import.
pub struct ImportWrappingKey(KeyPair);

impl ImportWrappingKey {
    /// The specs of wrapping keys, by the API's WrappingKeySpec.
    pub const SPECS: [KeyPairSpec; 3] = [KeyPairSpec::Rsa2048, KeyPairSpec::Rsa3072, KeyPairSpec::Rsa4096];

    /// As slow as [`KeyPair::generate`]. None unless `spec` is one of [`ImportWrappingKey::SPECS`].
    #[must_use]
    pub fn generate(spec: KeyPairSpec) -> Option<Self> {
        Self::SPECS.contains(&spec).then(|| Self(KeyPair::generate(spec)))
    }

    /// # Errors
    /// [`InvalidKeyMaterial`]: it is not this spec's.
    pub fn from_material(spec: KeyPairSpec, material: &KeyMaterial) -> Result<Self, InvalidKeyMaterial> {
        if !Self::SPECS.contains(&spec) {
            return Err(InvalidKeyMaterial::OtherSpec);
        }
        KeyPair::from_material(spec, material).map(Self)
    }

    #[must_use]
    pub fn spec(&self) -> KeyPairSpec {
        self.0.spec()
    }

    /// What is wrapped and stored until the import, or its end of validity.
    #[must_use]
    pub fn material(&self) -> KeyMaterial {
        self.0.material()
    }

    /// As a DER-encoded SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key_spki(&self) -> Vec<u8> {
        self.0.public_key().spki()
    }

    /// # Errors
    /// [`InvalidWrapping`].
    pub fn unwrap(
        &self,
        algorithm: WrappingAlgorithm,
        wrapped: &[u8],
    ) -> Result<SecretBytes, InvalidWrapping> {
        match algorithm {
            WrappingAlgorithm::RsaesOaepSha1 => self.open(EncryptionAlgorithm::RsaesOaepSha1, wrapped),
            WrappingAlgorithm::RsaesOaepSha256 => self.open(EncryptionAlgorithm::RsaesOaepSha256, wrapped),
            WrappingAlgorithm::RsaAesKeyWrapSha1 => {
                self.open_twice(EncryptionAlgorithm::RsaesOaepSha1, wrapped)
            }
            WrappingAlgorithm::RsaAesKeyWrapSha256 => {
                self.open_twice(EncryptionAlgorithm::RsaesOaepSha256, wrapped)
            }
        }
    }

    fn open(&self, oaep: EncryptionAlgorithm, wrapped: &[u8]) -> Result<SecretBytes, InvalidWrapping> {
        self.0.decrypt(oaep, wrapped).map_err(|_| InvalidWrapping)
    }

    fn open_twice(&self, oaep: EncryptionAlgorithm, wrapped: &[u8]) -> Result<SecretBytes, InvalidWrapping> {
        let modulus_len = match self.spec() {
            KeyPairSpec::Rsa2048 => 256,
            KeyPairSpec::Rsa3072 => 384,
            _ => 512,
        };
        let (key, material) = wrapped.split_at_checked(modulus_len).ok_or(InvalidWrapping)?;
        let key = self.open(oaep, key)?;
        unwrap_padded(key.expose(), material)
    }
}

/// AES key wrap with padding (RFC 5649), under a key of 128 or 256 bits. The guide's is of 256; aws-lc-rs has none of 192.
pub(crate) fn unwrap_padded(key: &[u8], wrapped: &[u8]) -> Result<SecretBytes, InvalidWrapping> {
    let cipher: &'static AesBlockCipher = match key.len() {
        16 => &AES_128,
        32 => &AES_256,
        _ => return Err(InvalidWrapping),
    };
    let key = KeyEncryptionKey::new(cipher, key).map_err(|_| InvalidWrapping)?;
    let mut material = vec![0; wrapped.len()];
    let unwrapped = key.unwrap_with_padding(wrapped, &mut material).map(|part| part.len());
    match unwrapped {
        Ok(length) => {
            material[length..].zeroize();
            material.truncate(length);
            Ok(SecretBytes::new(material))
        }
        Err(_) => {
            material.zeroize();
            Err(InvalidWrapping)
        }
    }
}
