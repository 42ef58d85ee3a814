//! Grants: who may do what with a key beside what its policy says.
//!
//! What: [`Grant`], its operations and its constraint; [`Party`], a principal as a grant knows it; tokens.
//!
//! Invariants
//! - A principal is compared by its unique id. A namesake that is made later inherits nothing, and a user that is
//!   renamed loses nothing.
//! - A grant allows; nothing in it can deny.
//! - A grant made by leave of another grant allows no more than that one.
//!
//! Source: KMS Developer Guide, "Grants in AWS KMS"; KMS API Reference, CreateGrant and `GrantConstraints`.

mod operations;
mod party;
mod probe;
mod token;

pub(crate) use operations::{GrantOperations, fits};
pub(crate) use party::{Party, Standing, account_of, parties_of};
pub(crate) use probe::Probes;
pub(crate) use token::{GrantToken, GrantTokens};

use crate::error::KmsError;
use crate::ops::symmetric::EncryptionContext;
use keywright_auth::ServiceError as _;
use keywright_auth::identities::Json;
use keywright_aws::kms::{GrantConstraints, GrantListEntry, GrantOperation};
use keywright_store::{Column, Row as _, RowVersion, Store, StoreError, Value, Versioned, WriteSet, row};
use keywright_types::{AccountId, KeyArn, KeyId, Region, Timestamp, root_arn};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// AWS's quota of grants on one key.
pub(crate) const GRANTS_PER_KEY_MAX: i64 = 50_000;
const CONSTRAINT_PAIRS_MAX: usize = 8;
const CONSTRAINT_VALUE_CHARS_MAX: usize = 384;

/// Names one grant: 32 random bytes, shown as 64 lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GrantId([u8; 32]);

impl GrantId {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digit = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        if text.len() != 64 {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Column for GrantId {
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
    fn from_value(value: Value) -> Option<Self> {
        String::from_value(value).and_then(|text| Self::parse(&text))
    }
}

row! {
    /// A grant as stored.
    #[derive(Debug, Clone)]
    pub struct GrantRow in "grants" maced true {
        key { account: AccountId, region: Region, key_id: KeyId, grantee: String, grant_id: GrantId }
        columns {
            grantee_arn: String,
            retiring: Option<String>,
            retiring_arn: Option<String>,
            name: Option<String>,
            operations: GrantOperations,
            context_rule: Option<String>,
            context: Option<Json<EncryptionContext>>,
            issuing_account: AccountId,
            created_at: Timestamp,
            retry: Option<String>,
            probe: String,
        }
    }
}

/// What a request's encryption context must be for a grant to allow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constraint {
    None,
    /// The context is exactly this.
    Equals(EncryptionContext),
    /// The context has at least these pairs.
    Subset(EncryptionContext),
}

impl Constraint {
    /// # Errors
    /// ValidationException for both kinds at once, too many pairs, too long a value, or a constraint that only service
    /// principals have.
    pub(crate) fn parse(given: Option<GrantConstraints>) -> Result<Self, KmsError> {
        let Some(given) = given else { return Ok(Self::None) };
        if given.source_arn.is_some() {
            return Err(KmsError::validation(
                "The constraint SourceArn goes only with a GranteeServicePrincipal, which this release does not take.",
            ));
        }
        let constraint = match (given.encryption_context_equals, given.encryption_context_subset) {
            (None, None) => return Ok(Self::None),
            (Some(pairs), None) => Self::Equals(pairs),
            (None, Some(pairs)) => Self::Subset(pairs),
            (Some(_), Some(_)) => {
                return Err(KmsError::validation(
                    "Only one of EncryptionContextEquals and EncryptionContextSubset can be given.",
                ));
            }
        };
        let pairs = constraint.pairs().into_iter().flatten();
        if pairs.clone().count() > CONSTRAINT_PAIRS_MAX {
            return Err(KmsError::validation(format!(
                "A grant constraint has at most {CONSTRAINT_PAIRS_MAX} encryption context pairs."
            )));
        }
        if pairs.into_iter().any(|(_, value)| value.chars().count() > CONSTRAINT_VALUE_CHARS_MAX) {
            return Err(KmsError::validation(format!(
                "An encryption context value in a grant constraint has at most {CONSTRAINT_VALUE_CHARS_MAX} characters."
            )));
        }
        Ok(constraint)
    }

    /// The API's name of the kind; none without a constraint.
    pub(crate) const fn kind(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Equals(_) => Some("EncryptionContextEquals"),
            Self::Subset(_) => Some("EncryptionContextSubset"),
        }
    }

    pub(crate) const fn pairs(&self) -> Option<&EncryptionContext> {
        match self {
            Self::None => None,
            Self::Equals(pairs) | Self::Subset(pairs) => Some(pairs),
        }
    }

    /// Whether it lets a request with that context through. Keys and values are compared exactly: a constraint that
    /// took `App` for `app` would let more through than was written.
    pub(crate) fn holds(&self, context: &EncryptionContext) -> bool {
        match self {
            Self::None => true,
            Self::Equals(pairs) => pairs == context,
            Self::Subset(pairs) => includes(context, pairs),
        }
    }

    /// Whether everything that `stricter` lets through is let through by this one too.
    pub(crate) fn covers(&self, stricter: &Self) -> bool {
        match (self, stricter) {
            (Self::None, _) => true,
            (Self::Equals(own), Self::Equals(other)) => own == other,
            (Self::Subset(own), Self::Equals(other) | Self::Subset(other)) => includes(other, own),
            (Self::Subset(own), Self::None) => own.is_empty(),
            (Self::Equals(_), Self::None | Self::Subset(_)) => false,
        }
    }

    pub(crate) fn to_wire(&self) -> Option<GrantConstraints> {
        match self {
            Self::None => None,
            Self::Equals(pairs) => Some(GrantConstraints {
                encryption_context_equals: Some(pairs.clone()),
                ..GrantConstraints::default()
            }),
            Self::Subset(pairs) => Some(GrantConstraints {
                encryption_context_subset: Some(pairs.clone()),
                ..GrantConstraints::default()
            }),
        }
    }
}

fn includes(context: &EncryptionContext, pairs: &EncryptionContext) -> bool {
    pairs.iter().all(|(name, value)| context.get(name) == Some(value))
}

/// A grant as the service works with it.
#[derive(Debug, Clone)]
pub struct Grant {
    pub key: KeyArn,
    pub id: GrantId,
    pub(crate) grantee: Party,
    pub(crate) retiring: Option<Party>,
    pub name: Option<String>,
    pub(crate) operations: GrantOperations,
    pub constraint: Constraint,
    pub issuing_account: AccountId,
    pub created_at: Timestamp,
    pub(crate) retry: Option<String>,
    pub version: RowVersion,
}

impl Grant {
    /// # Errors
    /// [`StoreError::Corrupt`] if a column holds what this program does not write.
    pub(crate) fn from_row(stored: Versioned<GrantRow>) -> Result<Self, StoreError> {
        let Versioned { row, version } = stored;
        let corrupt = |wanted| StoreError::Corrupt { table: GrantRow::TABLE.name, column: 0, wanted };
        let constraint = match (row.context_rule.as_deref(), row.context) {
            (None, None) => Constraint::None,
            (Some("EncryptionContextEquals"), Some(Json(pairs))) => Constraint::Equals(pairs),
            (Some("EncryptionContextSubset"), Some(Json(pairs))) => Constraint::Subset(pairs),
            _ => return Err(corrupt("grant constraint")),
        };
        let retiring = match (row.retiring, row.retiring_arn) {
            (None, None) => None,
            (Some(name), Some(arn)) => Some(Party::stored(name, arn)),
            _ => return Err(corrupt("retiring principal")),
        };
        Ok(Self {
            key: KeyArn { account: row.account, region: row.region, key_id: row.key_id },
            id: row.grant_id,
            grantee: Party::stored(row.grantee, row.grantee_arn),
            retiring,
            name: row.name,
            operations: row.operations,
            constraint,
            issuing_account: row.issuing_account,
            created_at: row.created_at,
            retry: row.retry,
            version,
        })
    }

    pub(crate) fn to_row(&self) -> GrantRow {
        GrantRow {
            account: self.key.account,
            region: self.key.region.clone(),
            key_id: self.key.key_id,
            grantee: self.grantee.name.to_string(),
            grant_id: self.id,
            grantee_arn: self.grantee.arn.to_string(),
            retiring: self.retiring.as_ref().map(|party| party.name.to_string()),
            retiring_arn: self.retiring.as_ref().map(|party| party.arn.to_string()),
            name: self.name.clone(),
            operations: self.operations,
            context_rule: self.constraint.kind().map(str::to_owned),
            context: self.constraint.pairs().cloned().map(Json),
            issuing_account: self.issuing_account,
            created_at: self.created_at,
            retry: self.retry.clone(),
            probe: self.constraint.probe(),
        }
    }

    /// The write that ends it, once.
    pub(crate) fn end(&self) -> WriteSet {
        let mut writes = WriteSet::default();
        writes.delete(&Versioned { row: self.to_row(), version: self.version });
        writes
    }

    /// Whether it allows what is asked.
    pub(crate) fn allows(&self, asked: &Asked<'_>) -> bool {
        self.operations.contains(asked.operation())
            && match asked {
                Asked::Crypto { context, .. } => self.constraint.holds(context),
                // Constraints speak of encryption contexts only.
                Asked::Look => true,
                Asked::Create { operations, constraint } => {
                    self.operations.includes(*operations) && self.constraint.covers(constraint)
                }
            }
    }
}

/// A grant's id as a caller writes it.
///
/// # Errors
/// InvalidGrantIdException.
pub(crate) fn grant_id(text: &str) -> Result<GrantId, KmsError> {
    GrantId::parse(text).ok_or(KmsError::InvalidGrantId)
}

/// The grants as lists show them.
///
/// # Errors
/// The store's.
pub(crate) async fn shown(
    store: &Store,
    grants: Vec<Grant>,
) -> Result<Vec<(GrantId, GrantListEntry)>, KmsError> {
    let mut arns: HashMap<Arc<str>, String> = HashMap::new();
    for grant in &grants {
        for party in std::iter::once(&grant.grantee).chain(&grant.retiring) {
            if !arns.contains_key(&party.name) {
                let arn = party.shown(store).await.map_err(KmsError::from_store)?;
                arns.insert(Arc::clone(&party.name), arn);
            }
        }
    }
    let entry = |grant: Grant| {
        let entry = GrantListEntry {
            key_id: Some(grant.key.to_string()),
            grant_id: Some(grant.id.to_string()),
            name: Some(grant.name.unwrap_or_default()),
            creation_date: Some(grant.created_at),
            grantee_principal: arns.get(&grant.grantee.name).cloned(),
            retiring_principal: grant.retiring.and_then(|party| arns.get(&party.name).cloned()),
            issuing_account: Some(root_arn(grant.issuing_account)),
            operations: Some(grant.operations.iter().collect()),
            constraints: grant.constraint.to_wire(),
            grantee_service_principal: None,
            retiring_service_principal: None,
        };
        (grant.id, entry)
    };
    Ok(grants.into_iter().map(entry).collect())
}

/// What a caller wants by leave of a grant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked<'a> {
    /// A cryptographic operation with that context.
    Crypto { operation: GrantOperation, context: &'a EncryptionContext },
    /// DescribeKey.
    Look,
    /// A grant of its own, which must not allow more.
    Create { operations: GrantOperations, constraint: &'a Constraint },
}

impl Asked<'_> {
    const fn operation(&self) -> GrantOperation {
        match self {
            Self::Crypto { operation, .. } => *operation,
            Self::Look => GrantOperation::DescribeKey,
            Self::Create { .. } => GrantOperation::CreateGrant,
        }
    }
}

/// What is kept of one grantee's grants on one key.
#[derive(Debug, Clone)]
pub(crate) enum Grants {
    These(Arc<[Grant]>),
    /// More than are worth keeping; the store is asked for those in question.
    Many,
}

/// So many grants of one grantee on one key are kept and gone through.
pub(crate) const GRANTS_KEPT_MAX: usize = 250;

#[cfg(test)]
mod tests {
    use super::{Constraint, GrantId};
    use crate::ops::symmetric::EncryptionContext;

    fn pairs(text: &str) -> EncryptionContext {
        text.split(',')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').expect("a pair"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn constraint(text: &str) -> Constraint {
        match text.split_once(' ') {
            Some(("equals", context)) => Constraint::Equals(pairs(context)),
            Some(("subset", context)) => Constraint::Subset(pairs(context)),
            _ => Constraint::None,
        }
    }

    #[test]
    fn constraints_on_contexts() {
        for (rule, context, holds) in [
            ("none", "", true),
            ("none", "a=1", true),
            ("equals a=1", "a=1", true),
            ("equals a=1", "a=1,b=2", false),
            ("equals a=1", "", false),
            ("equals a=1", "A=1", false),
            ("equals ", "", true),
            ("equals ", "a=1", false),
            ("subset a=1", "a=1", true),
            ("subset a=1", "a=1,b=2", true),
            ("subset a=1", "a=2,b=2", false),
            ("subset a=1", "", false),
            ("subset a=x", "a=X", false),
            ("subset ", "", true),
        ] {
            assert_eq!(constraint(rule).holds(&pairs(context)), holds, "{rule} on {context:?}");
        }
    }

    /// What covers must let through whatever the other does; checked against every context over a few pairs.
    #[test]
    fn covering_is_what_it_says() {
        const RULES: &[&str] = &[
            "none",
            "equals ",
            "equals a=1",
            "equals a=1,b=2",
            "equals b=2",
            "subset ",
            "subset a=1",
            "subset a=2",
            "subset a=1,b=2",
        ];
        let contexts: Vec<EncryptionContext> =
            ["", "a=1", "a=2", "b=2", "a=1,b=2", "a=2,b=2", "a=1,c=3", "a=1,b=2,c=3"].map(pairs).into();
        for own in RULES.iter().map(|text| constraint(text)) {
            for other in RULES.iter().map(|text| constraint(text)) {
                let really = contexts.iter().all(|context| !other.holds(context) || own.holds(context));
                assert_eq!(own.covers(&other), really, "{own:?} covers {other:?}");
            }
        }
    }

    #[test]
    fn ids_are_sixty_four_hex_digits() {
        let id = GrantId::from_bytes(std::array::from_fn(|i| u8::try_from(i * 8).expect("small")));
        assert_eq!(GrantId::parse(&id.to_string()), Some(id));
        for wrong in ["", "ab", &id.to_string().to_uppercase(), &format!("{id}0")] {
            assert_eq!(GrantId::parse(wrong), None, "{wrong}");
        }
    }
}
