//! Finding the grants in question among very many of one grantee.
//!
//! A grant's probe is a digest of its whole context, if that must be equal, or of one pair of it, if it must be there.
//! A request's probes are those that a grant which lets it through could have, so that an index finds them.

use super::{Asked, Constraint, GrantOperations};
use crate::ops::symmetric::EncryptionContext;
use keywright_aws::kms::GrantOperation;

/// Of a grant that every context satisfies.
const ANY: &str = "";
/// A context of more pairs is longer than what is authenticated with a ciphertext.
const PAIRS_MAX: usize = 1024;

fn of_whole(context: &EncryptionContext) -> String {
    digest(&serde_json::json!(["equals", context]))
}

fn of_pair(name: &str, value: &str) -> String {
    digest(&serde_json::json!(["subset", name, value]))
}

fn digest(of: &serde_json::Value) -> String {
    super::GrantId::from_bytes(keywright_crypto::sha256(of.to_string().as_bytes())).to_string()
}

impl Constraint {
    pub(super) fn probe(&self) -> String {
        match self {
            Self::None => ANY.to_owned(),
            Self::Equals(context) => of_whole(context),
            // The longest value tells grants apart best: it is an ARN or an id rather than the name of an application.
            Self::Subset(pairs) => pairs
                .iter()
                .max_by_key(|(_, value)| value.len())
                .map_or_else(|| ANY.to_owned(), |(name, value)| of_pair(name, value)),
        }
    }
}

/// Where a grant that allows what is asked may be.
pub(crate) struct Probes {
    /// It has all of these.
    pub(crate) operations: Vec<GrantOperation>,
    /// Grants of the same one of these probes let the same contexts through: one is as good as another. None: any probe
    /// will do.
    pub(crate) alike: Option<Vec<String>>,
    /// Of these probes each grant must be looked at.
    pub(crate) differing: Vec<String>,
}

impl Probes {
    pub(crate) fn of(asked: &Asked<'_>) -> Self {
        let none = EncryptionContext::new();
        let (operations, context, is_whole) = match asked {
            Asked::Look => {
                return Self { operations: vec![asked.operation()], alike: None, differing: Vec::new() };
            }
            Asked::Crypto { operation, context } => (vec![*operation], *context, true),
            Asked::Create { operations, constraint } => {
                let needed: GrantOperations = operations.iter().chain([asked.operation()]).collect();
                let is_whole = matches!(constraint, Constraint::Equals(_));
                (needed.iter().collect(), constraint.pairs().unwrap_or(&none), is_whole)
            }
        };
        let mut alike = vec![ANY.to_owned()];
        if is_whole {
            alike.push(of_whole(context));
        }
        let differing = context.iter().take(PAIRS_MAX).map(|(name, value)| of_pair(name, value)).collect();
        Self { operations, alike: Some(alike), differing }
    }
}
