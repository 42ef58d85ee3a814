//! Imported key material: what a key of Origin EXTERNAL has been given, what of it is there, and until when.
//!
//! Invariants
//! - The list stands in the key's row: one version and one MAC for all of it. The bytes are rows of `key_materials`,
//!   which come and go; a row that the list does not say is there is never used.
//! - Material that was current once belongs to the key for good: the same bytes can come back, others cannot take its
//!   place. While any of it is missing the key is PendingImport.
//! - At most one material waits for a rotation; it can still be taken away and replaced.
//! - The related keys of a multi-Region key have the same list, each with its own "is there" and "until when".
//!
//! Source: KMS Developer Guide, "Importing key material"; KMS API Reference, ImportKeyMaterial.

use keywright_types::{MaterialId, Timestamp};
use serde::{Deserialize, Serialize};

/// One key material that was imported, whether or not it is there now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedMaterial {
    #[serde(with = "material_id")]
    pub id: MaterialId,
    /// 1 for the first of a key, then counting up.
    pub ordinal: u32,
    pub standing: Standing,
    /// None while it is not there: it was deleted, it expired, or was never imported into this Region.
    pub presence: Option<Presence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Whether it belongs to the key yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Standing {
    /// Waits for a rotation on demand, and can be replaced until then.
    PendingRotation,
    /// The first one: current without a rotation.
    First,
    /// Made current by a rotation.
    Rotated {
        #[serde(with = "instant")]
        at: Timestamp,
    },
}

/// Key material that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    #[serde(with = "instant")]
    pub imported_at: Timestamp,
    /// None: it does not expire.
    #[serde(with = "maybe_instant", default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Timestamp>,
}

impl ImportedMaterial {
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.standing == Standing::PendingRotation
    }

    #[must_use]
    pub fn valid_to(&self) -> Option<Timestamp> {
        self.presence.and_then(|presence| presence.valid_to)
    }

    fn is_missing(&self) -> bool {
        !self.is_pending() && self.presence.is_none()
    }
}

/// All of a key, in the order of their ordinals; empty for keys of another origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImportedMaterials(Vec<ImportedMaterial>);

/// What a caller brings.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    /// Computed of the bytes.
    pub(crate) id: MaterialId,
    /// As the caller says: material that the key has had before, or other. None leaves it to the default.
    pub(crate) is_new: Option<bool>,
    /// The id that the caller expects it to have.
    pub(crate) expected: Option<MaterialId>,
    pub(crate) description: Option<String>,
    pub(crate) presence: Presence,
}

/// Why material is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportFault {
    /// It has not the id that the caller named.
    NotAsNamed,
    /// It is to be new, and the key has had it before.
    Known,
    /// It is to be what the key has had before, and is not.
    Unknown,
    /// Another one waits for a rotation.
    OtherPending { new: MaterialId, pending: MaterialId },
}

/// What an import comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) ordinal: u32,
    /// The list has a new entry.
    pub(crate) is_new: bool,
    /// The bytes were not there before.
    pub(crate) was_absent: bool,
}

impl ImportedMaterials {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &ImportedMaterial> {
        self.0.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn find(&self, id: MaterialId) -> Option<&ImportedMaterial> {
        self.0.iter().find(|material| material.id == id)
    }

    /// Whether the material whose id begins so is there.
    #[must_use]
    pub fn holds(&self, tag: [u8; 16]) -> bool {
        self.0.iter().any(|material| material.id.tag() == tag && material.presence.is_some())
    }

    /// The one that waits for a rotation.
    #[must_use]
    pub fn pending(&self) -> Option<&ImportedMaterial> {
        self.0.iter().find(|material| material.is_pending())
    }

    /// Whether the key has material, and all that belongs to it is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.0.is_empty() && !self.0.iter().any(ImportedMaterial::is_missing)
    }

    /// The earliest end of what belongs to the key and is there.
    #[must_use]
    pub fn usable_until(&self) -> Option<Timestamp> {
        self.0.iter().filter(|material| !material.is_pending()).filter_map(ImportedMaterial::valid_to).min()
    }

    /// The earliest end of anything that is there.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.0.iter().filter_map(ImportedMaterial::valid_to).min()
    }

    /// What is there and ended by `now`.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = &ImportedMaterial> {
        self.0.iter().filter(move |material| material.valid_to().is_some_and(|end| end <= now))
    }

    /// Takes what the caller brings.
    ///
    /// # Errors
    /// [`ImportFault`].
    pub(crate) fn admit(&mut self, offer: Offer) -> Result<Admitted, ImportFault> {
        if offer.expected.is_some_and(|expected| expected != offer.id) {
            return Err(ImportFault::NotAsNamed);
        }
        let is_new = offer.is_new.unwrap_or(self.0.is_empty());
        let known = self.0.iter_mut().find(|material| material.id == offer.id);
        match (known, is_new) {
            (Some(_), true) => Err(ImportFault::Known),
            (Some(known), false) => {
                let was_absent = known.presence.is_none();
                known.presence = Some(offer.presence);
                if offer.description.is_some() {
                    known.description = offer.description;
                }
                Ok(Admitted { ordinal: known.ordinal, is_new: false, was_absent })
            }
            (None, false) => Err(ImportFault::Unknown),
            (None, true) => {
                if let Some(pending) = self.pending() {
                    return Err(ImportFault::OtherPending { new: offer.id, pending: pending.id });
                }
                let ordinal = self.0.last().map_or(1, |last| last.ordinal + 1);
                let standing = if self.0.is_empty() { Standing::First } else { Standing::PendingRotation };
                self.0.push(ImportedMaterial {
                    id: offer.id,
                    ordinal,
                    standing,
                    presence: Some(offer.presence),
                    description: offer.description,
                });
                Ok(Admitted { ordinal, is_new: true, was_absent: true })
            }
        }
    }

    /// The same list for a related key, which has none of the bytes yet.
    #[must_use]
    pub(crate) fn for_replica(&self) -> Self {
        let absent = |material: &ImportedMaterial| ImportedMaterial { presence: None, ..material.clone() };
        Self(self.0.iter().map(absent).collect())
    }

    /// Adds an entry that a related key was given, without its bytes.
    pub(crate) fn expect(&mut self, material: &ImportedMaterial) {
        self.0.push(ImportedMaterial { presence: None, ..material.clone() });
    }

    /// The bytes of `id` are gone. One that waits for a rotation is forgotten altogether if `forget_pending`.
    pub(crate) fn remove(&mut self, id: MaterialId, forget_pending: bool) {
        if forget_pending {
            self.0.retain(|material| material.id != id || !material.is_pending());
        }
        if let Some(material) = self.0.iter_mut().find(|material| material.id == id) {
            material.presence = None;
        }
    }

    /// The one that waited belongs to the key from now on.
    pub(crate) fn rotate(&mut self, now: Timestamp) {
        if let Some(pending) = self.0.iter_mut().find(|material| material.is_pending()) {
            pending.standing = Standing::Rotated { at: now };
        }
    }
}

mod material_id {
    use keywright_types::MaterialId;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(id: &MaterialId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MaterialId, D::Error> {
        MaterialId::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod instant {
    use keywright_types::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

mod maybe_instant {
    use keywright_types::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => serializer.serialize_some(&at.as_millis()),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::<i64>::deserialize(deserializer).map(|millis| millis.map(Timestamp::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::{Admitted, ImportFault, ImportedMaterials, Offer, Presence, Standing};
    use keywright_types::{MaterialId, Timestamp};

    const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn id(byte: u8) -> MaterialId {
        MaterialId::from_bytes([byte; 32])
    }

    fn offer(byte: u8, is_new: Option<bool>, valid_to: Option<Timestamp>) -> Offer {
        Offer {
            id: id(byte),
            is_new,
            expected: None,
            description: None,
            presence: Presence { imported_at: NOW, valid_to },
        }
    }

    #[test]
    fn the_first_is_current_and_the_second_waits() {
        let mut materials = ImportedMaterials::default();
        assert!(!materials.is_complete());
        let first = materials.admit(offer(1, None, None));
        assert_eq!(first, Ok(Admitted { ordinal: 1, is_new: true, was_absent: true }));
        assert!(materials.is_complete() && materials.pending().is_none());
        assert_eq!(
            materials.admit(offer(2, None, None)),
            Err(ImportFault::Unknown),
            "the default is existing"
        );
        assert_eq!(materials.admit(offer(1, Some(true), None)), Err(ImportFault::Known));
        assert!(materials.admit(offer(2, Some(true), None)).is_ok());
        assert_eq!(materials.pending().map(|pending| pending.id), Some(id(2)));
        let other = ImportFault::OtherPending { new: id(3), pending: id(2) };
        assert_eq!(materials.admit(offer(3, Some(true), None)), Err(other));
        materials.remove(id(2), true);
        assert_eq!(materials.admit(offer(3, Some(true), None)).map(|admitted| admitted.ordinal), Ok(2));
        materials.rotate(NOW);
        assert_eq!(materials.find(id(3)).map(|found| found.standing), Some(Standing::Rotated { at: NOW }));
        assert!(materials.pending().is_none());
    }

    #[test]
    fn what_belongs_to_the_key_must_be_there_and_what_waits_need_not() {
        let mut materials = ImportedMaterials::default();
        assert!(materials.admit(offer(1, None, Some(NOW.plus_days(9)))).is_ok());
        assert!(materials.admit(offer(2, Some(true), Some(NOW.plus_days(3)))).is_ok());
        assert_eq!(materials.usable_until(), Some(NOW.plus_days(9)), "the one that waits does not count");
        assert_eq!(materials.next_expiry(), Some(NOW.plus_days(3)));
        let ended: Vec<MaterialId> = materials.expired(NOW.plus_days(3)).map(|found| found.id).collect();
        assert_eq!(ended, [id(2)]);
        materials.remove(id(2), false);
        assert!(materials.is_complete());
        materials.remove(id(1), true);
        assert!(!materials.is_complete() && materials.find(id(1)).is_some());
        assert_eq!(materials.admit(offer(1, None, None)).map(|admitted| admitted.was_absent), Ok(true));
        assert!(materials.is_complete());
    }

    #[test]
    fn a_name_that_does_not_fit_the_bytes_is_refused() {
        let mut materials = ImportedMaterials::default();
        assert!(materials.admit(offer(1, None, None)).is_ok());
        let wrong = Offer { expected: Some(id(2)), ..offer(1, None, None) };
        assert_eq!(materials.admit(wrong), Err(ImportFault::NotAsNamed));
    }

    #[test]
    fn it_is_written_and_read_back() {
        let mut materials = ImportedMaterials::default();
        let described = Offer { description: Some("first".to_owned()), ..offer(1, None, Some(NOW)) };
        assert!(materials.admit(described).is_ok());
        assert!(materials.admit(offer(2, Some(true), None)).is_ok());
        materials.rotate(NOW);
        materials.remove(id(1), false);
        let text = serde_json::to_string(&materials).expect("it serialises");
        assert_eq!(serde_json::from_str::<ImportedMaterials>(&text).expect("it parses"), materials);
    }
}
