//! What a KMS operation can refuse, by AWS's codes; the texts are made here and nowhere else.
//!
//! Source: KMS API Reference, each operation's errors; texts as recorded from the service by public
//! test suites, which clients match on.

use crate::custom_key_store::{Backing, StoreRef};
use crate::grant::GrantId;
use crate::imported::ImportFault;
use crate::key::Key;
use crate::key_state::StateFault;
use keywright_auth::{Cause, InvalidMarker, ServiceError};
use keywright_aws::WireError;
use keywright_policy::PolicyError;
use keywright_types::{AliasArn, InvalidKeyRef, KeyArn, MaterialId, Region};
use std::borrow::Cow;
use std::sync::Arc;

/// A refused or failed KMS operation.
#[derive(Debug)]
pub enum KmsError {
    AccessDenied {
        message: String,
    },
    AlreadyExists {
        alias: AliasArn,
    },
    /// A key of that id is in the Region already.
    ReplicaExists {
        key: KeyArn,
    },
    /// An automatic rotation is about to run.
    RotationConflict {
        key: Arc<str>,
    },
    /// A blob whose key is not here: a denial, so that nobody learns which keys exist.
    CiphertextKeyAbsent {
        principal: String,
        action: &'static str,
    },
    CustomKeyStoreNotFound(StoreRef),
    Disabled {
        key: Arc<str>,
    },
    DryRun,
    ExpiredImportToken,
    /// The blob is of another key than the request names.
    IncorrectKey,
    /// What was imported is not what it has to be.
    IncorrectKeyMaterial {
        message: Cow<'static, str>,
    },
    InvalidImportToken,
    /// Another key material waits for a rotation.
    ImportPending {
        key: Arc<str>,
        new: MaterialId,
        pending: MaterialId,
    },
    /// The key's successor took over: it makes nothing new.
    Superseded {
        key: Arc<str>,
        successor: KeyArn,
    },
    /// A rotation of a key whose material is brought from outside, and none waits.
    NothingToRotateTo {
        key: Arc<str>,
    },
    Internal(Cause),
    InvalidAliasName,
    InvalidCiphertext,
    /// Text that is no grant's id.
    InvalidGrantId,
    InvalidGrantToken,
    InvalidMarker,
    /// A grant's principal that is not on this server, or no principal at all.
    InvalidPrincipal {
        arn: String,
    },
    InvalidState {
        key: Arc<str>,
        is: &'static str,
    },
    /// A rotation set by tag cannot be switched off beside it.
    RotationSetByTag {
        key: Arc<str>,
    },
    Limit(Limit),
    MalformedPolicy(PolicyFault),
    /// No custom key store can be made here, on whatever it is to stand.
    NoCustomKeyStores(Backing),
    NotAuthorizedAlias,
    NotFound(NotFound),
    Tag(TagFault),
    Unavailable(Cause),
    Unsupported {
        message: Option<String>,
    },
    Validation {
        message: String,
    },
    /// InvalidKeyUsageException: the key is for something else.
    WrongUsage {
        key: Arc<str>,
        usage: &'static str,
        operation: &'static str,
    },
    /// The signature is not of this key and message.
    InvalidSignature,
    InvalidMac,
    /// InvalidKeyUsageException: an algorithm that the key's spec does not have.
    WrongAlgorithm {
        algorithm: &'static str,
        spec: &'static str,
    },
}

/// What was not found.
#[derive(Debug)]
pub enum NotFound {
    Key(KeyArn),
    Alias(AliasArn),
    /// The text names no key at all.
    NotAKey(InvalidKeyRef),
    /// A management operation was given an alias; those take ids and ARNs only.
    AliasNotTaken(String),
    /// An ARN of another Region than the request's.
    ForeignRegion(Region),
    /// The only policy a key has is called `default`.
    Policy,
    Grant(GrantId),
    /// Key material that was never imported into the key.
    Material {
        key: Arc<str>,
        id: MaterialId,
    },
}

/// Which limit was reached.
#[derive(Debug)]
pub enum Limit {
    OnDemandRotations { key: Arc<str> },
    AliasesPerKey { key: Arc<str> },
    GrantsPerKey { key: Arc<str> },
    PolicySize,
}

/// Why a key policy is refused.
#[derive(Debug)]
pub enum PolicyFault {
    Form(PolicyError),
    /// It names somebody who is not there.
    Principal,
    /// The caller could not change the policy any more.
    Lockout,
}

/// Why tags are refused.
#[derive(Debug)]
pub enum TagFault {
    Duplicate,
    /// Another tag has the same name in another case.
    Alike,
    TooMany,
    Reserved,
    /// The rotation period tag on a key whose material its owner brings.
    Imported,
    /// The rotation period tag on a replica: the primary key's rotation is all related keys'.
    Replica {
        primary: Region,
    },
    /// A tag of successors on a key that gets new key material instead.
    NoSuccessors {
        tag: &'static str,
        spec: &'static str,
    },
    /// A value that is no time.
    Time {
        tag: &'static str,
    },
    NotBoolean {
        tag: &'static str,
    },
    /// The tag of publication on a key that makes nothing which others verify.
    NotPublished {
        usage: &'static str,
    },
    /// Successors of a multi-Region key.
    MultiRegionSuccessor,
    /// The key has had its successor.
    Superseded,
    /// The successor would be there before the key that it follows.
    LeadTooLong,
    /// The value of the rotation period tag.
    RotationPeriod {
        days_min: u32,
    },
}

impl KmsError {
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::Validation { message: message.into() }
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::Unsupported { message: Some(message.into()) }
    }

    /// An operation for keys of another origin than this one's.
    pub(crate) fn origin(key: &Key) -> Self {
        Self::unsupported(format!(
            "{} origin is {} which is not valid for this operation.",
            key.arn_text,
            key.origin.as_str()
        ))
    }

    /// Why `key` does not take what was brought.
    pub(crate) fn import(key: &Key, fault: ImportFault) -> Self {
        let incorrect = |message: &'static str| Self::IncorrectKeyMaterial { message: message.into() };
        match fault {
            ImportFault::NotAsNamed => {
                incorrect("The key material does not match the key material ID in the request.")
            }
            ImportFault::Known => incorrect(
                "The key material is already associated with the KMS key: it is no new key material.",
            ),
            ImportFault::Unknown => incorrect(
                "The key material is not associated with the KMS key: it is no existing key material.",
            ),
            ImportFault::OtherPending { new, pending } => {
                Self::ImportPending { key: Arc::clone(&key.arn_text), new, pending }
            }
        }
    }

    /// A state's refusal of this key.
    pub(crate) fn state(key: &Arc<str>, fault: StateFault) -> Self {
        match fault {
            StateFault::Disabled => Self::Disabled { key: Arc::clone(key) },
            StateFault::Invalid(is) => Self::InvalidState { key: Arc::clone(key), is },
        }
    }
}

impl From<InvalidKeyRef> for KmsError {
    fn from(fault: InvalidKeyRef) -> Self {
        Self::NotFound(NotFound::NotAKey(fault))
    }
}

impl From<InvalidMarker> for KmsError {
    fn from(InvalidMarker: InvalidMarker) -> Self {
        Self::InvalidMarker
    }
}

impl ServiceError for KmsError {
    fn wire(&self) -> WireError {
        let (code, status, message): (&'static str, u16, Option<Cow<'static, str>>) = match self {
            Self::AccessDenied { message } => ("AccessDeniedException", 400, Some(message.clone().into())),
            Self::AlreadyExists { alias } => (
                "AlreadyExistsException",
                400,
                Some(format!("An alias with the name {alias} already exists").into()),
            ),
            Self::ReplicaExists { key } => (
                "AlreadyExistsException",
                400,
                Some(format!("The key {key} already exists: a Region has one key of a multi-Region key.").into()),
            ),
            Self::RotationConflict { key } => (
                "ConflictException",
                400,
                Some(
                    format!(
                        "Automatic rotation of {key} is in progress or is scheduled to begin within the next 20 minutes."
                    )
                    .into(),
                ),
            ),
            Self::CiphertextKeyAbsent { principal, action } => {
                ("AccessDeniedException", 400, Some(keywright_auth::no_right_to_open(principal, action).into()))
            }
            Self::CustomKeyStoreNotFound(store) => {
                ("CustomKeyStoreNotFoundException", 400, Some(store.message()))
            }
            Self::Disabled { key } => ("DisabledException", 400, Some(format!("{key} is disabled.").into())),
            Self::DryRun => (
                "DryRunOperationException",
                400,
                Some("The request would have succeeded, but the DryRun option is set.".into()),
            ),
            Self::ExpiredImportToken => (
                "ExpiredImportTokenException",
                400,
                Some("The import token is expired. Get a new one, and a new public key, with GetParametersForImport.".into()),
            ),
            Self::IncorrectKeyMaterial { message } => {
                ("IncorrectKeyMaterialException", 400, Some(message.clone()))
            }
            Self::InvalidImportToken => (
                "InvalidImportTokenException",
                400,
                Some("The import token is invalid or is associated with a different KMS key.".into()),
            ),
            Self::ImportPending { key, new, pending } => (
                "KMSInvalidStateException",
                400,
                Some(
                    format!(
                        "New key material (id: {new}) cannot be imported into KMS key {key}, because another key material (id: {pending}) is pending rotation."
                    )
                    .into(),
                ),
            ),
            Self::Superseded { key, successor } => (
                "KMSInvalidStateException",
                400,
                Some(
                    format!("{key} is superseded by {successor}: it opens and verifies what it made, and makes nothing new.")
                        .into(),
                ),
            ),
            Self::NothingToRotateTo { key } => (
                "KMSInvalidStateException",
                400,
                Some(format!("No available key material pending rotation for the key: {key}.").into()),
            ),
            Self::IncorrectKey => (
                "IncorrectKeyException",
                400,
                Some("The key ID in the request does not identify a CMK that can perform this operation.".into()),
            ),
            Self::Internal(_) => ("KMSInternalException", 500, None),
            Self::InvalidAliasName => (
                "InvalidAliasNameException",
                400,
                Some("Alias contains invalid characters. Alias may only contain alphanumeric characters, forward slashes (/), underscores (_), and dashes (-).".into()),
            ),
            Self::InvalidCiphertext => ("InvalidCiphertextException", 400, None),
            Self::InvalidGrantId => ("InvalidGrantIdException", 400, Some("Invalid grant ID.".into())),
            Self::InvalidGrantToken => {
                ("InvalidGrantTokenException", 400, Some("Invalid grant token.".into()))
            }
            Self::InvalidMarker => ("InvalidMarkerException", 400, Some("Could not deserialize marker".into())),
            Self::InvalidPrincipal { arn } => (
                "InvalidArnException",
                400,
                Some(format!("ARN does not refer to a valid principal: {arn}").into()),
            ),
            Self::InvalidState { key, is } => {
                ("KMSInvalidStateException", 400, Some(format!("{key} is {is}.").into()))
            }
            Self::RotationSetByTag { key } => (
                "KMSInvalidStateException",
                400,
                Some(
                    format!(
                        "The rotation period of {key} is set by the tag {}; remove the tag to switch rotation off.",
                        crate::rotation::PERIOD_TAG
                    )
                    .into(),
                ),
            ),
            Self::Limit(limit) => ("LimitExceededException", 400, Some(limit.message())),
            Self::MalformedPolicy(fault) => {
                ("MalformedPolicyDocumentException", 400, Some(fault.message()))
            }
            Self::NoCustomKeyStores(backing) => (backing.code(), 400, Some(backing.message())),
            // Not in the KMS model, but what the service answers for names under alias/aws/.
            Self::NotAuthorizedAlias => ("NotAuthorizedException", 400, Some("Not authorized to create or change an alias with the reserved prefix \"alias/aws/\".".into())),
            Self::NotFound(what) => ("NotFoundException", 400, Some(what.message())),
            Self::Tag(fault) => ("TagException", 400, Some(fault.message())),
            Self::Unavailable(_) => (
                "DependencyTimeoutException",
                500,
                Some("The system timed out while trying to fulfill the request.".into()),
            ),
            Self::Unsupported { message } => {
                ("UnsupportedOperationException", 400, message.clone().map(Cow::Owned))
            }
            Self::Validation { message } => ("ValidationException", 400, Some(message.clone().into())),
            Self::WrongUsage { key, usage, operation } => (
                "InvalidKeyUsageException",
                400,
                Some(format!("{key} key usage is {usage} which is not valid for {operation}.").into()),
            ),
            Self::InvalidSignature => ("KMSInvalidSignatureException", 400, None),
            Self::InvalidMac => ("KMSInvalidMacException", 400, None),
            Self::WrongAlgorithm { algorithm, spec } => (
                "InvalidKeyUsageException",
                400,
                Some(format!("Algorithm {algorithm} is incompatible with key spec {spec}.").into()),
            ),
        };
        WireError { code, status, message }
    }

    fn denied(message: String) -> Self {
        Self::AccessDenied { message }
    }

    fn internal(cause: Cause) -> Self {
        Self::Internal(cause)
    }

    fn unavailable(cause: Cause) -> Self {
        Self::Unavailable(cause)
    }

    fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) => Some(cause),
            Self::AccessDenied { .. }
            | Self::AlreadyExists { .. }
            | Self::ReplicaExists { .. }
            | Self::RotationConflict { .. }
            | Self::CiphertextKeyAbsent { .. }
            | Self::CustomKeyStoreNotFound(_)
            | Self::Disabled { .. }
            | Self::DryRun
            | Self::ExpiredImportToken
            | Self::IncorrectKey
            | Self::IncorrectKeyMaterial { .. }
            | Self::InvalidImportToken
            | Self::ImportPending { .. }
            | Self::NothingToRotateTo { .. }
            | Self::Superseded { .. }
            | Self::InvalidAliasName
            | Self::InvalidCiphertext
            | Self::InvalidGrantId
            | Self::InvalidGrantToken
            | Self::InvalidMarker
            | Self::InvalidPrincipal { .. }
            | Self::InvalidState { .. }
            | Self::RotationSetByTag { .. }
            | Self::Limit(_)
            | Self::MalformedPolicy(_)
            | Self::NoCustomKeyStores(_)
            | Self::NotAuthorizedAlias
            | Self::NotFound(_)
            | Self::Tag(_)
            | Self::Unsupported { .. }
            | Self::Validation { .. }
            | Self::WrongUsage { .. }
            | Self::InvalidSignature
            | Self::InvalidMac
            | Self::WrongAlgorithm { .. } => None,
        }
    }
}

impl NotFound {
    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Key(arn) => format!("Key '{arn}' does not exist").into(),
            Self::Alias(arn) => format!("Alias {arn} is not found.").into(),
            Self::NotAKey(fault) => fault.to_string().into(),
            Self::AliasNotTaken(text) => format!("Invalid keyId '{text}'").into(),
            Self::ForeignRegion(region) => format!("Invalid arn {region}").into(),
            Self::Policy => "No such policy exists".into(),
            Self::Grant(id) => format!("Grant {id} does not exist").into(),
            Self::Material { key, id } => {
                format!("Key material {id} is not associated with the key {key}").into()
            }
        }
    }
}

impl StoreRef {
    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Id(id) => format!("Custom key store with ID '{id}' is not found.").into(),
            Self::Name(name) => format!("Custom key store with name '{name}' is not found.").into(),
        }
    }
}

impl Backing {
    /// What CreateCustomKeyStore has for a cluster that is not there, and for a proxy by whose message one is to
    /// learn the cause; neither of them is asked again by a client.
    const fn code(&self) -> &'static str {
        match self {
            Self::CloudHsm { .. } => "CloudHsmClusterNotFoundException",
            Self::ExternalProxy { .. } => "XksProxyInvalidConfigurationException",
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::CloudHsm { cluster_id } => format!(
                "CloudHSM cluster {cluster_id} is not found: this service has no CloudHSM clusters, and so no key stores on them. \
                 Use keys of origin AWS_KMS."
            )
            .into(),
            Self::ExternalProxy { endpoint, path } => format!(
                "The proxy at {endpoint}{path} was not asked: external key stores are not supported by this release of \
                 Keywright."
            )
            .into(),
        }
    }
}

impl Limit {
    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::OnDemandRotations { key } => format!(
                "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: {key}"
            )
            .into(),
            Self::AliasesPerKey { key } => {
                format!("The limit of {} aliases has been reached for the key: {key}", crate::alias::ALIASES_PER_KEY_MAX).into()
            }
            Self::GrantsPerKey { key } => {
                format!("The limit of {} grants has been reached for the key: {key}", crate::grant::GRANTS_PER_KEY_MAX)
                    .into()
            }
            Self::PolicySize => "The key policy exceeds the limit of 32768 bytes".into(),
        }
    }
}

impl PolicyFault {
    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Form(fault) => fault.to_string().into(),
            Self::Principal => "Policy contains a statement with one or more invalid principals.".into(),
            Self::Lockout => {
                "The new key policy will not allow you to update the key policy in the future.".into()
            }
        }
    }
}

impl TagFault {
    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Duplicate => "Duplicate tag keys".into(),
            Self::Alike => "Tag keys of one key must differ in more than case".into(),
            Self::TooMany => "Too many tags".into(),
            Self::Reserved => "Tags beginning with aws: are reserved".into(),
            Self::Imported => format!(
                "Key material that is imported cannot be made here: the tag {} does not go with keys of origin EXTERNAL. \
                 Import new key material and rotate on demand.",
                crate::rotation::PERIOD_TAG
            )
            .into(),
            Self::Replica { primary } => format!(
                "The rotation of a multi-Region key is set on its primary key: put the tag {} on the key in {primary}.",
                crate::rotation::PERIOD_TAG
            )
            .into(),
            Self::NoSuccessors { tag, spec } => format!(
                "Keys of key spec {spec} get new key material and have no successors: the tag {tag} does not go with them."
            )
            .into(),
            Self::Time { tag } => format!(
                "The tag {tag} takes a number of hours from 1h to 8760h, or of days from 1d to {}d",
                crate::rotation::PERIOD_DAYS_MAX
            )
            .into(),
            Self::NotBoolean { tag } => format!("The tag {tag} takes true or false").into(),
            Self::NotPublished { usage } => format!(
                "Public keys are published of asymmetric keys that sign; the key usage of this one is {usage}."
            )
            .into(),
            Self::MultiRegionSuccessor => {
                "Successors are made of single-Region keys only: the tag keywright:rotation-period does not go with \
                 asymmetric and HMAC keys in several Regions."
                    .into()
            }
            Self::Superseded => "The key has a successor that took over; the tag goes with that one.".into(),
            Self::LeadTooLong => format!(
                "The tag {} must be shorter than the rotation period",
                crate::succession::LEAD_TAG
            )
            .into(),
            Self::RotationPeriod { days_min } => format!(
                "The tag {} takes a number of days from {days_min}d to {}d",
                crate::rotation::PERIOD_TAG,
                crate::rotation::PERIOD_DAYS_MAX
            )
            .into(),
        }
    }
}
