//! The keys of one store, opened with its root key: domain keys by epoch, and one key for each other purpose.

use crate::mac::{MarkerKey, RowMac};
use crate::material::KeyMaterial;
use crate::root_key::RootKey;
use crate::signer::TrailSigner;
use crate::{aead, kdf, token};
use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::hmac;
use keywright_types::{KeyId, MaterialId, Rng, SecretBytes, StoreId};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What a key of the hierarchy is for. A key has one purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyPurpose {
    /// Wraps backing keys and seals columns; there are several, by epoch.
    Domain,
    /// Authenticates rows that decide something.
    RowMac,
    /// Authenticates markers of lists.
    Marker,
    /// Makes key material ids, so that nobody can confirm a guess of low-entropy imported material.
    MaterialId,
    /// Signs the checkpoints of the trail.
    TrailSigning,
}

impl KeyPurpose {
    const ALL: [Self; 5] = [Self::Domain, Self::RowMac, Self::Marker, Self::MaterialId, Self::TrailSigning];

    /// The name in the store and in the wrapping.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::RowMac => "row-mac",
            Self::Marker => "marker",
            Self::MaterialId => "material-id",
            Self::TrailSigning => "trail-signing",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// A key of the hierarchy as the store keeps it: wrapped under the root key.
pub struct SealedKey {
    pub purpose: KeyPurpose,
    /// 1 for the first; only domain keys have later ones.
    pub epoch: u32,
    pub wrapped: Vec<u8>,
}

/// Why a store's keys do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// No key opens: the root key is another store's.
    #[error("the root key is another store's")]
    ForeignRootKey,
    /// Some open and this one does not: the store was changed from outside.
    #[error(
        "the sealed key {purpose} of epoch {epoch} does not open, though others do: the store was changed from outside"
    )]
    Damaged { purpose: &'static str, epoch: u32 },
    #[error("the store lacks its sealed key {purpose}")]
    Missing { purpose: &'static str },
}

/// The opened keys.
pub struct Keyring {
    pub(crate) store: StoreId,
    pub(crate) domain: BTreeMap<u32, LessSafeKey>,
    pub(crate) token_roots: BTreeMap<u32, hmac::Key>,
    row_mac: RowMac,
    markers: MarkerKey,
    material_ids: hmac::Key,
    trail: TrailSigner,
}

impl Keyring {
    /// Fresh keys for a new store, and what the store must keep of them.
    #[must_use]
    pub fn create(root: &RootKey, store: StoreId, rng: &dyn Rng) -> (Self, Vec<SealedKey>) {
        let mut opened = Vec::with_capacity(KeyPurpose::ALL.len());
        let mut sealed = Vec::with_capacity(KeyPurpose::ALL.len());
        for purpose in KeyPurpose::ALL {
            let key: Zeroizing<[u8; 32]> = Zeroizing::new(rng.array());
            let wrapped = root.wrap(store, purpose.as_str(), 1, key.as_slice(), rng);
            sealed.push(SealedKey { purpose, epoch: 1, wrapped });
            opened.push((purpose, 1, key));
        }
        let keyring = Self::assemble(store, &opened).expect("one key was made for every purpose");
        (keyring, sealed)
    }

    /// Opens the keys of a store.
    ///
    /// # Errors
    /// [`KeyringError::ForeignRootKey`] when none opens, otherwise what is damaged or missing.
    pub fn open(root: &RootKey, store: StoreId, sealed: &[SealedKey]) -> Result<Self, KeyringError> {
        let mut opened = Vec::with_capacity(sealed.len());
        let mut damaged = None;
        for key in sealed {
            let bytes: Option<[u8; 32]> = root
                .unwrap(store, key.purpose.as_str(), key.epoch, &key.wrapped)
                .ok()
                .and_then(|bytes| bytes.expose().try_into().ok());
            match bytes {
                Some(bytes) => opened.push((key.purpose, key.epoch, Zeroizing::new(bytes))),
                None => damaged = Some((key.purpose, key.epoch)),
            }
        }
        match damaged {
            Some(_) if opened.is_empty() => Err(KeyringError::ForeignRootKey),
            Some((purpose, epoch)) => Err(KeyringError::Damaged { purpose: purpose.as_str(), epoch }),
            None => Self::assemble(store, &opened),
        }
    }

    fn assemble(
        store: StoreId,
        opened: &[(KeyPurpose, u32, Zeroizing<[u8; 32]>)],
    ) -> Result<Self, KeyringError> {
        let find = |wanted: KeyPurpose| {
            opened
                .iter()
                .find(|(purpose, _, _)| *purpose == wanted)
                .map(|(_, _, key)| key)
                .ok_or(KeyringError::Missing { purpose: wanted.as_str() })
        };
        find(KeyPurpose::Domain)?;
        let domain = || opened.iter().filter(|(purpose, _, _)| *purpose == KeyPurpose::Domain);
        Ok(Self {
            store,
            domain: domain().map(|(_, epoch, key)| (*epoch, aead::key(key))).collect(),
            token_roots: domain().map(|(_, epoch, key)| (*epoch, token::root(key))).collect(),
            row_mac: RowMac::new(find(KeyPurpose::RowMac)?),
            markers: MarkerKey::new(find(KeyPurpose::Marker)?),
            material_ids: hmac::Key::new(hmac::HMAC_SHA256, find(KeyPurpose::MaterialId)?.as_slice()),
            trail: TrailSigner::from_seed(find(KeyPurpose::TrailSigning)?),
        })
    }

    /// The newest domain key and its epoch: what new wraps use.
    pub(crate) fn current_domain(&self) -> (u32, &LessSafeKey) {
        self.domain.last_key_value().map(|(epoch, key)| (*epoch, key)).expect("a keyring has a domain key")
    }

    /// A copy of the row MAC's key, for the store.
    #[must_use]
    pub fn row_mac(&self) -> RowMac {
        self.row_mac.share()
    }

    #[must_use]
    pub fn markers(&self) -> &MarkerKey {
        &self.markers
    }

    #[must_use]
    pub fn trail_signer(&self) -> TrailSigner {
        self.trail.share()
    }

    /// The id of a backing key: the same material of the same key always has the same id, and without the
    /// store's key nobody can tell which material it names.
    #[must_use]
    pub fn material_id(&self, key: KeyId, material: &KeyMaterial) -> MaterialId {
        let mut id = [0; 32];
        let context: [&[u8]; 3] = [&[key.kind()], key.as_bytes(), material.expose()];
        kdf::derive(&self.material_ids, b"keywright/material-id/v1", &context, &mut id);
        MaterialId::from_bytes(id)
    }

    /// Wraps the same keys under another root key: the root key itself is rotated so.
    ///
    /// # Errors
    /// [`KeyringError`] when they do not open under `old`, as [`Keyring::open`] tells it; nothing is rewrapped then.
    pub fn rewrap(
        old: &RootKey,
        new: &RootKey,
        store: StoreId,
        sealed: &[SealedKey],
        rng: &dyn Rng,
    ) -> Result<Vec<SealedKey>, KeyringError> {
        Self::open(old, store, sealed)?;
        sealed
            .iter()
            .map(|key| {
                let opened: SecretBytes = old
                    .unwrap(store, key.purpose.as_str(), key.epoch, &key.wrapped)
                    .map_err(|_| KeyringError::ForeignRootKey)?;
                let wrapped = new.wrap(store, key.purpose.as_str(), key.epoch, opened.expose(), rng);
                Ok(SealedKey { purpose: key.purpose, epoch: key.epoch, wrapped })
            })
            .collect()
    }
}
