//! What a key has to say when somebody asks why a principal may use it or not.

use crate::condition;
use crate::error::KmsError;
use crate::grant::{Asked, Constraint, GrantOperations};
use crate::ops::symmetric::EncryptionContext;
use crate::service::{Kms, Resolved};
use keywright_auth::{Check, Protected, RequestContext, Rule, View};
use keywright_aws::kms::GrantOperation;
use keywright_policy::{ConditionValue, Grant};
use keywright_types::KeyRef;

/// The condition key of a pair of the encryption context.
const PAIR: &str = "kms:EncryptionContext:";

/// A key, and what decides of it beside the policies.
pub struct KeyInQuestion {
    resolved: Resolved,
    key_ref: KeyRef,
    context: EncryptionContext,
    /// What its grants say to the caller.
    pub grant: Grant,
}

impl KeyInQuestion {
    /// Reads key and grants. `given` are condition keys with values; those of the encryption context count for grants
    /// as well. An absent key is a fact.
    ///
    /// # Errors
    /// The store's, or a name that is of another Region than the request.
    pub async fn find(
        view: View<'_, Kms>,
        key_ref: KeyRef,
        action: &str,
        given: &[(String, Vec<String>)],
        request: &RequestContext,
    ) -> Result<Self, KmsError> {
        let resolved = view.service.resolve(view, &key_ref, request).await?;
        let context: EncryptionContext = given
            .iter()
            .filter(|(key, _)| key.get(..PAIR.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(PAIR)))
            .filter_map(|(key, values)| Some((key[PAIR.len()..].to_owned(), values.first()?.clone())))
            .collect();
        let name = action.split_once(':').map_or(action, |(_, name)| name);
        let operation =
            GrantOperation::ALL.iter().copied().find(|one| one.as_str().eq_ignore_ascii_case(name));
        let nothing = GrantOperations::from_iter([]);
        let asked = match operation {
            None | Some(GrantOperation::RetireGrant) => None,
            Some(GrantOperation::DescribeKey) => Some(Asked::Look),
            Some(GrantOperation::CreateGrant) => {
                Some(Asked::Create { operations: nothing, constraint: &Constraint::None })
            }
            Some(operation) => Some(Asked::Crypto { operation, context: &context }),
        };
        let grant = match asked {
            Some(asked) => view.service.granted(view, Some(&resolved), asked, request).await?,
            None => Grant::None,
        };
        Ok(Self { resolved, key_ref, context, grant })
    }

    /// What stands before the key for `action`.
    #[must_use]
    pub fn protected(&self, action: &str) -> Protected {
        match self.resolved.check("kms:DescribeKey").protected {
            Protected::ByPolicy { arn, policy, .. } if action.eq_ignore_ascii_case("kms:RetireGrant") => {
                Protected::ByPolicy { arn, policy, rule: Rule::GrantAlone }
            }
            protected => protected,
        }
    }

    /// Whether the asker may read the key's policy, of which an explanation tells.
    #[must_use]
    pub fn check_to_read(&self) -> Check {
        self.resolved.check("kms:GetKeyPolicy")
    }

    /// Whether there is such a key.
    #[must_use]
    pub fn exists(&self) -> bool {
        matches!(self.resolved, Resolved::Key(_))
    }

    /// KMS's own condition keys; `name` is in lower case.
    #[must_use]
    pub fn condition<'a>(&'a self, name: &str) -> ConditionValue<'a> {
        condition::of_context(&self.context, name)
            .unwrap_or_else(|| condition::of_key(&self.resolved, Some(&self.key_ref), name))
    }
}
