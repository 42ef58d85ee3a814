//! A role that is to be assumed, and the session that comes of it.
//!
//! Whether there is such a role, and whether it trusts the caller, looks the same to whoever is not trusted.

use super::credentials::{self, Made};
use super::narrowing::Narrowing;
use super::session_tags::SessionTags;
use crate::error::IamError;
use crate::service::Iam;
use crate::tags;
use keywright_auth::identities::{EntityKind, RoleRow, find_role, parse_entity_arn, session_arn};
use keywright_auth::{
    Check, Env, Federation, Protected, Rule, ServiceError as _, SessionFacts, SessionOf, View,
};
use keywright_aws::sts::AssumedRoleUser;
use keywright_policy::{ConditionValue, Document, Kind};
use keywright_store::{StoreError, Versioned};
use keywright_types::AccountId;
use std::sync::{Arc, LazyLock};

const DEFAULT_SECONDS: u32 = 3_600;
/// Sessions that a session of a role makes last an hour at the most (IAM User Guide, "Role chaining").
const CHAINED_SECONDS_MAX: u32 = 3_600;

/// What was asked for, by either operation.
pub(crate) struct Wish {
    pub(crate) role_arn: String,
    pub(crate) account: AccountId,
    role_name: String,
    pub(crate) session_name: String,
    pub(crate) narrowing: Narrowing,
    pub(crate) seconds: Option<u32>,
    pub(crate) token_bytes_min: usize,
}

impl Wish {
    /// # Errors
    /// ValidationError for what is no role's ARN.
    pub(crate) fn new(
        role_arn: String,
        session_name: String,
        narrowing: Narrowing,
        duration_seconds: Option<i32>,
        minimum_session_token_size: Option<i32>,
    ) -> Result<Self, IamError> {
        let invalid = || IamError::validation(format!("{role_arn} is invalid"));
        let parts = parse_entity_arn(&role_arn, EntityKind::Role).ok_or_else(invalid)?;
        let account = AccountId::parse(parts.account).map_err(|_| invalid())?;
        Ok(Self {
            account,
            role_name: parts.name.to_owned(),
            session_name,
            narrowing,
            seconds: duration_seconds.and_then(|seconds| u32::try_from(seconds).ok()),
            token_bytes_min: credentials::token_bytes_min(minimum_session_token_size),
            role_arn,
        })
    }
}

/// The role of that ARN, if there is one, and whom it trusts.
pub struct Assumable {
    arn: Arc<str>,
    found: Option<Versioned<RoleRow>>,
    trust: Arc<Document>,
    /// A session policy that is not there.
    missing_policy: Option<String>,
}

/// Whom a role trusts that is not there. No caller is a service of this name.
static NOBODY: LazyLock<Arc<Document>> = LazyLock::new(|| {
    let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"nobody.invalid"},"Action":"sts:AssumeRole"}]}"#;
    Arc::new(Document::parse(text, Kind::Trust).expect("our own policy text is well-formed"))
});

impl Assumable {
    /// # Errors
    /// The store's.
    pub(crate) async fn find(view: View<'_, Iam>, wish: &Wish) -> Result<Self, IamError> {
        let found =
            find_role(view.store, wish.account, &wish.role_name).await.map_err(IamError::from_store)?;
        // An ARN has one spelling, path and case included.
        let found = found.filter(|found| found.row.arn() == wish.role_arn);
        let trust = match &found {
            Some(found) => Arc::new(trust_of(&found.row).map_err(IamError::from_store)?),
            None => Arc::clone(&NOBODY),
        };
        let missing_policy = wish.narrowing.missing(view, wish.account).await?;
        Ok(Self { arn: wish.role_arn.as_str().into(), found, trust, missing_policy })
    }

    /// Does the role's trust policy let the caller do `action`?
    pub(crate) fn check(&self, action: &'static str) -> Check {
        let (arn, policy) = (Arc::clone(&self.arn), Arc::clone(&self.trust));
        Check { action, protected: Protected::ByPolicy { arn, policy, rule: Rule::PolicyFirst } }
    }

    /// The role's tags as condition keys.
    pub(crate) fn condition(&self, name: &str) -> ConditionValue<'_> {
        self.found.as_ref().map_or(ConditionValue::Absent, |found| tags::of_resource(&found.row.tags, name))
    }
}

/// The trust policy, tied to those whom it named when it was written.
///
/// # Errors
/// [`StoreError::Corrupt`] for a text that this program does not write.
pub fn trust_of(role: &RoleRow) -> Result<Document, StoreError> {
    let mut trust = Document::parse(&role.trust_policy, Kind::Trust).map_err(|_| StoreError::Corrupt {
        table: "iam_roles",
        column: 0,
        wanted: "trust policy",
    })?;
    trust.pin(&role.trust_pins.0);
    Ok(trust)
}

/// What the session gets beside what the wish says.
pub(crate) struct Grants<'a> {
    pub(crate) tags: &'a SessionTags,
    pub(crate) source_identity: Option<String>,
    pub(crate) federated: Option<Federation>,
    /// Whether a session of a role makes this one.
    pub(crate) chained: bool,
    /// Whether a second factor was given for it.
    pub(crate) proven: bool,
}

/// A session that was made.
pub(crate) struct Assumed {
    pub(crate) made: Made,
    pub(crate) user: AssumedRoleUser,
    pub(crate) packed: Option<i32>,
}

/// Makes the session.
///
/// # Errors
/// ValidationError for a duration or a policy that cannot be, PackedPolicyTooLarge.
pub(crate) fn assume(
    wish: &Wish,
    role: &Assumable,
    grants: Grants<'_>,
    env: Env<'_, Iam>,
) -> Result<Assumed, IamError> {
    let Some(found) = &role.found else {
        return Err(IamError::internal(keywright_auth::Cause::new(
            "a role that is not there trusts somebody",
        )));
    };
    let row = &found.row;
    let seconds = wish.seconds.unwrap_or(DEFAULT_SECONDS);
    if grants.chained && seconds > CHAINED_SECONDS_MAX {
        return Err(IamError::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > row.max_session_seconds {
        return Err(IamError::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    if let Some(arn) = &role.missing_policy {
        return Err(IamError::validation(format!(
            "Policy {arn} does not exist or is not of the role's account."
        )));
    }
    let tags = grants.tags.tags();
    let packed = wish.narrowing.packed(&tags)?;
    let now = env.now.as_millis();
    let facts = SessionFacts {
        account: row.account.to_string(),
        of: SessionOf::Role {
            role_id: row.role_id.to_string(),
            role_name: row.name.clone(),
            session_name: wish.session_name.clone(),
            policy: wish.narrowing.policy.clone(),
            policy_arns: wish.narrowing.policy_arns.clone(),
            tags,
            transitive: grants.tags.transitive().to_vec(),
            source_identity: grants.source_identity,
            federated: grants.federated.map(Box::new),
            chained: grants.chained,
        },
        issued_at: now,
        expires_at: now + i64::from(seconds) * 1000,
        mfa_at: grants.proven.then_some(now),
    };
    Ok(Assumed {
        made: credentials::make(&facts, wish.token_bytes_min, env.keyring, env.rng),
        user: AssumedRoleUser {
            assumed_role_id: format!("{}:{}", row.role_id, wish.session_name),
            arn: session_arn(row.account, &row.name, &wish.session_name).to_string(),
        },
        packed,
    })
}
