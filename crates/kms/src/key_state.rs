//! The life of a key and what each stage allows.
//!
//! Source: KMS Developer Guide, "Key states of AWS KMS keys" (the table of states and operations).

use keywright_types::Timestamp;

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    Enabled,
    Disabled,
    /// Of Origin EXTERNAL, and key material that it needs is not there.
    PendingImport,
    /// A multi-Region primary key that is to be deleted once its replicas are gone; its waiting period begins then.
    PendingReplicaDeletion {
        /// The waiting period that was asked for, in days (7 to 30).
        window_days: u32,
    },
    /// Waits for its end; nothing but cancelling brings it back.
    PendingDeletion {
        delete_at: Timestamp,
        /// The waiting period that was asked for, in days (7 to 30).
        window_days: u32,
    },
}

/// What an operation wants to do with a key, as far as the key's state has a say in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// Encrypt, Decrypt, ReEncrypt, GenerateDataKey and their like.
    Cryptographic,
    /// CreateGrant.
    Grant,
    /// CreateAlias, UpdateAlias onto this key, TagResource, UntagResource, UpdateKeyDescription.
    Annotate,
    /// DescribeKey, policies, lists of tags and aliases, DeleteAlias, UpdateAlias away from this key,
    /// rotation status and history, last use, lists of grants and the end of one.
    Inspect,
    /// EnableKey and DisableKey.
    Switch,
    /// EnableKeyRotation and DisableKeyRotation.
    ConfigureRotation,
    /// RotateKeyOnDemand, and the rotation of a key that is due.
    Rotate,
    ScheduleDeletion,
    CancelDeletion,
    /// GetParametersForImport and ImportKeyMaterial.
    Import,
    /// ReplicateKey and UpdatePrimaryRegion.
    Replicate,
}

/// Why a state refuses a use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateFault {
    /// DisabledException.
    Disabled,
    /// KMSInvalidStateException, with what the key is (or is not), as the message has it.
    Invalid(&'static str),
}

impl KeyState {
    /// # Errors
    /// The fault that AWS answers for this use in this state.
    pub fn allows(self, key_use: KeyUse) -> Result<(), StateFault> {
        const PENDING: StateFault = StateFault::Invalid("pending deletion");
        const PENDING_REPLICAS: StateFault = StateFault::Invalid("pending replica deletion");
        const PENDING_IMPORT: StateFault = StateFault::Invalid("pending import");
        match (self, key_use) {
            (_, KeyUse::Inspect) => Ok(()),
            (Self::PendingDeletion { .. } | Self::PendingReplicaDeletion { .. }, KeyUse::CancelDeletion) => {
                Ok(())
            }
            (Self::PendingDeletion { .. }, _) => Err(PENDING),
            (Self::PendingReplicaDeletion { .. }, _) => Err(PENDING_REPLICAS),
            (_, KeyUse::CancelDeletion) => Err(StateFault::Invalid("not pending deletion")),
            (_, KeyUse::Annotate | KeyUse::ScheduleDeletion | KeyUse::Import) => Ok(()),
            (Self::Enabled | Self::Disabled, KeyUse::Switch) => Ok(()),
            (Self::PendingImport, KeyUse::Switch) => Err(PENDING_IMPORT),
            (
                state,
                KeyUse::Cryptographic
                | KeyUse::Grant
                | KeyUse::ConfigureRotation
                | KeyUse::Rotate
                | KeyUse::Replicate,
            ) => match state {
                Self::Disabled => Err(StateFault::Disabled),
                Self::PendingImport => Err(PENDING_IMPORT),
                Self::Enabled | Self::PendingDeletion { .. } | Self::PendingReplicaDeletion { .. } => Ok(()),
            },
        }
    }

    /// # Errors
    /// A key already pending deletion cannot be scheduled again. A primary key that has replicas waits for them first.
    pub fn schedule_deletion(
        self,
        now: Timestamp,
        window_days: u32,
        has_replicas: bool,
    ) -> Result<Self, StateFault> {
        self.allows(KeyUse::ScheduleDeletion)?;
        Ok(if has_replicas {
            Self::PendingReplicaDeletion { window_days }
        } else {
            Self::PendingDeletion { delete_at: now.plus_days(window_days), window_days }
        })
    }

    /// A cancelled key comes back disabled; its owner enables it. One whose imported key material is gone meanwhile
    /// waits for that.
    ///
    /// # Errors
    /// Only a key pending deletion can be cancelled.
    pub fn cancel_deletion(self, has_material: bool) -> Result<Self, StateFault> {
        self.allows(KeyUse::CancelDeletion)?;
        Ok(if has_material { Self::Disabled } else { Self::PendingImport })
    }

    /// The name on the wire and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingImport => "PendingImport",
            Self::PendingReplicaDeletion { .. } => "PendingReplicaDeletion",
            Self::PendingDeletion { .. } => "PendingDeletion",
        }
    }
}
