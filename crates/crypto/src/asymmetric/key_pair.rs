//! A private key with its public one.

use super::ec::EcPrivate;
use super::ed25519::Ed25519Private;
use super::error::{AgreementError, DecapsulationError, InvalidKeyMaterial, OaepError, SignatureError};
use super::ml_dsa::MlDsaPrivate;
use super::ml_kem::MlKemPrivate;
use super::pkcs8::PrivateKeyInfo;
use super::public_key::{PublicKey, check_message};
use super::rsa::{self, RsaPrivate};
use super::spec::{EncryptionAlgorithm, Family, KeyPairSpec, MessageType, SigningAlgorithm};
use crate::material::KeyMaterial;
use crate::rng::SystemRng;
use keywright_types::SecretBytes;

/// A key pair, ready for use: what a cache holds. It takes 1 KB (curves) to some 20 KB (ML-DSA-87) of memory; without a
/// cache a signature costs one and a half to two and a half times as much (`examples/key_rates.rs`). aws-lc keeps it in
/// memory of its own and wipes it when it goes.
///
/// It cannot be copied:
/// ```compile_fail
/// use keywright_crypto::{KeyPair, KeyPairSpec};
/// let copy = KeyPair::generate(KeyPairSpec::P256).clone();
/// ```
/// nor shown:
/// ```compile_fail
/// use keywright_crypto::{KeyPair, KeyPairSpec};
/// println!("{:?}", KeyPair::generate(KeyPairSpec::P256));
/// ```
pub struct KeyPair {
    private: Private,
    public: PublicKey,
}

enum Private {
    Rsa(RsaPrivate),
    Ec(EcPrivate),
    Ed25519(Ed25519Private),
    MlDsa(MlDsaPrivate),
    MlKem(MlKemPrivate),
}

impl KeyPair {
    /// A new key pair, by aws-lc's random generator. RSA keys take from a tenth of a second to several seconds of one
    /// core: not for a thread that serves requests.
    #[must_use]
    pub fn generate(spec: KeyPairSpec) -> Self {
        Self::new(
            spec,
            match spec.family() {
                Family::Rsa(size) => Private::Rsa(RsaPrivate::generate(size)),
                Family::Ec(curve) => Private::Ec(EcPrivate::generate(curve)),
                Family::Ed25519 => Private::Ed25519(Ed25519Private::generate(&SystemRng)),
                Family::MlDsa(set) => Private::MlDsa(MlDsaPrivate::generate(set, &SystemRng)),
                Family::MlKem(set) => Private::MlKem(MlKemPrivate::generate(set, &SystemRng)),
            },
        )
    }

    /// The key pair of stored material.
    ///
    /// # Errors
    /// [`InvalidKeyMaterial`]: it is not this spec's.
    pub fn from_material(spec: KeyPairSpec, material: &KeyMaterial) -> Result<Self, InvalidKeyMaterial> {
        Self::parse(spec, material.expose())
    }

    /// A key pair that was made elsewhere, from a DER-encoded PKCS #8 private key (RFC 5208, RFC 5958). What is stored of
    /// it, [`KeyPair::material`], is written anew.
    ///
    /// # Errors
    /// [`InvalidKeyMaterial`]: anything that is not DER, is of another spec, carries a public key that is not its own, or is
    /// weak.
    pub fn import_pkcs8(spec: KeyPairSpec, der: &[u8]) -> Result<Self, InvalidKeyMaterial> {
        let key = Self::parse(spec, der)?;
        match &key.private {
            Private::Rsa(private) if !private.works() => Err(InvalidKeyMaterial::Inconsistent),
            Private::Rsa(_)
            | Private::Ec(_)
            | Private::Ed25519(_)
            | Private::MlDsa(_)
            | Private::MlKem(_) => Ok(key),
        }
    }

    fn parse(spec: KeyPairSpec, der: &[u8]) -> Result<Self, InvalidKeyMaterial> {
        let info = PrivateKeyInfo::read(spec, der)?;
        let key = Self::new(
            spec,
            match spec.family() {
                Family::Rsa(size) => Private::Rsa(RsaPrivate::parse(size, info.private_key)?),
                Family::Ec(curve) => Private::Ec(EcPrivate::parse(spec, curve, &info)?),
                Family::Ed25519 => Private::Ed25519(Ed25519Private::parse(&info)?),
                Family::MlDsa(set) => Private::MlDsa(MlDsaPrivate::parse(set, &info)?),
                Family::MlKem(set) => Private::MlKem(MlKemPrivate::parse(set, &info)?),
            },
        );
        // The others have looked for themselves; a point has several encodings.
        let public_key_differs = info.public_key.is_some_and(|given| given != key.public.bytes());
        if matches!(spec.family(), Family::Rsa(_)) && public_key_differs {
            return Err(InvalidKeyMaterial::Inconsistent);
        }
        Ok(key)
    }

    fn new(spec: KeyPairSpec, private: Private) -> Self {
        let public = match &private {
            Private::Rsa(key) => key.public_key(),
            Private::Ec(key) => key.public_key(),
            Private::Ed25519(key) => key.public_key(),
            Private::MlDsa(key) => key.public_key(),
            Private::MlKem(key) => key.public_key(),
        };
        Self { private, public: PublicKey::own(spec, public) }
    }

    #[must_use]
    pub const fn spec(&self) -> KeyPairSpec {
        self.public.spec()
    }

    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// The private key as PKCS #8, version 1 (RFC 5958): RSAPrivateKey; ECPrivateKey with the public point; the seed of the
    /// others.
    #[must_use]
    pub fn private_key_pkcs8(&self) -> SecretBytes {
        match &self.private {
            Private::Rsa(key) => key.pkcs8(),
            Private::Ec(key) => key.pkcs8(self.spec()),
            Private::Ed25519(key) => key.pkcs8(),
            Private::MlDsa(key) => key.pkcs8(self.spec()),
            Private::MlKem(key) => key.pkcs8(self.spec()),
        }
    }

    /// What is wrapped and stored: [`KeyPair::private_key_pkcs8`], the same bytes for ever for the same key.
    #[must_use]
    pub fn material(&self) -> KeyMaterial {
        KeyMaterial::from_secret(self.private_key_pkcs8())
    }

    /// Signs. ECDSA and RSASSA-PSS are randomised, ML-DSA is hedged: two signatures of one message differ.
    ///
    /// # Errors
    /// [`SignatureError`]: the algorithm is not the spec's, the type of message is not the algorithm's, a digest has another
    /// length, or the library failed.
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        kind: MessageType,
        message: &[u8],
    ) -> Result<Vec<u8>, SignatureError> {
        check_message(self.spec(), algorithm, kind, message)?;
        let digest = (kind == MessageType::Digest).then_some(message);
        match (&self.private, kind) {
            (Private::Rsa(key), _) => rsa::scheme(algorithm)
                .ok_or(SignatureError::UnsupportedAlgorithm)
                .and_then(|scheme| key.sign(&scheme, digest, message)),
            (Private::Ec(key), _) => key.sign(digest, message),
            (Private::Ed25519(key), MessageType::Digest) => key.sign_prehashed(message),
            (Private::Ed25519(key), _) => key.sign(message),
            (Private::MlDsa(key), MessageType::ExternalMu) => message
                .try_into()
                .map_err(|_| SignatureError::DigestLength { wanted: algorithm.digest_len() })
                .and_then(|mu| key.sign_mu(mu)),
            (Private::MlDsa(key), _) => key.sign(message),
            (Private::MlKem(_), _) => Err(SignatureError::UnsupportedAlgorithm),
        }
    }

    /// # Errors
    /// [`OaepError`]: unsupported, or one uniform error for whatever does not open.
    pub fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<SecretBytes, OaepError> {
        match &self.private {
            Private::Rsa(key) => key.decrypt(algorithm, ciphertext),
            Private::Ec(_) | Private::Ed25519(_) | Private::MlDsa(_) | Private::MlKem(_) => {
                Err(OaepError::UnsupportedAlgorithm)
            }
        }
    }

    /// ECDH with a peer's public key, a DER-encoded SubjectPublicKeyInfo of the same curve. The secret is the x coordinate,
    /// with its leading zeros: 32, 48 or 66 bytes, and not uniformly random.
    ///
    /// # Errors
    /// [`AgreementError`].
    pub fn agree(&self, peer_spki: &[u8]) -> Result<SecretBytes, AgreementError> {
        let (Private::Ec(key), true) = (&self.private, self.spec().agrees()) else {
            return Err(AgreementError::Unsupported);
        };
        let peer = PublicKey::from_spki(peer_spki).map_err(|_| AgreementError::InvalidPeer)?;
        if peer.spec() != self.spec() {
            return Err(AgreementError::InvalidPeer);
        }
        key.agree(peer.bytes())
    }

    /// The 32-byte secret that was encapsulated for this key; for any other ciphertext of the right length a secret that
    /// nobody knows, and no error.
    ///
    /// # Errors
    /// [`DecapsulationError`].
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, DecapsulationError> {
        match (&self.private, self.spec().encapsulated_len()) {
            (Private::MlKem(key), Some(wanted)) if ciphertext.len() == wanted => {
                Ok(key.decapsulate(ciphertext))
            }
            (Private::MlKem(_), Some(wanted)) => Err(DecapsulationError::Length { wanted }),
            _ => Err(DecapsulationError::Unsupported),
        }
    }
}
