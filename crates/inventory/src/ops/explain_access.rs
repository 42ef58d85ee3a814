//! ExplainAccess: may a principal do something, by which statement, and what is missing when not.
//!
//! It decides by the very code that decides requests, for a caller put together from the principal's rows. Whoever asks
//! must be allowed to, and to read the policy of the resource: an explanation tells of it. Principals and resources are
//! those of the asker's account: another account's policies are its own business.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::identities::{EntityKind, find_role, parse_entity_arn};
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Explained, NearMiss, Operation, Outcome, PolicyRole,
    Protected, Question, RequestContext, Rule, ServiceError as _, Told, View, explain_access, find_principal,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{
    AccessDecision, AccessNearMiss, AccessStatement, ExplainAccessRequest, ExplainAccessResponse, PolicyKind,
    StatementEffect, operations,
};
use keywright_iam::trust_of;
use keywright_kms::KeyInQuestion;
use keywright_policy::{ConditionValue, Document, Effect, Grant};
use keywright_types::{KeyRef, PARTITION, Principal};
use std::sync::Arc;

pub struct ExplainAccess {
    principal: String,
    action: String,
    resource: Resource,
    given: Vec<(String, Vec<String>)>,
}

/// What a question is about.
enum Resource {
    /// A key, by any of its names.
    Key(KeyRef),
    /// A role that is to be assumed.
    Role(String),
    /// One that has no policy of its own here, or none in particular: `*`.
    Other(String),
}

/// What the answer is made of.
pub struct AccessFacts {
    /// None if there is no such principal in the account.
    found: Option<RequestContext>,
    target: Target,
}

enum Target {
    Key(Box<KeyInQuestion>),
    Role { arn: Arc<str>, trust: Option<Arc<Document>> },
    Other(String),
}

impl Target {
    fn protected(&self, action: &str) -> Protected {
        match self {
            Self::Key(key) => key.protected(action),
            Self::Role { arn, trust: Some(policy) } => Protected::ByPolicy {
                arn: Arc::clone(arn),
                policy: Arc::clone(policy),
                rule: Rule::PolicyFirst,
            },
            Self::Role { arn, trust: None } => Protected::Absent { arn: arn.to_string() },
            Self::Other(arn) => Protected::ByIdentity { arn: arn.clone() },
        }
    }

    fn grant(&self) -> Grant {
        match self {
            Self::Key(key) => key.grant,
            Self::Role { .. } | Self::Other(_) => Grant::None,
        }
    }

    fn condition(&self, name: &str) -> ConditionValue<'_> {
        match self {
            Self::Key(key) => key.condition(name),
            Self::Role { .. } | Self::Other(_) => ConditionValue::Absent,
        }
    }

    /// Kind and name of the resource's own policy.
    fn policy(&self) -> (PolicyKind, String) {
        match self {
            Self::Key(_) | Self::Other(_) => (PolicyKind::Resource, "default".to_owned()),
            Self::Role { .. } => (PolicyKind::Trust, "trust policy".to_owned()),
        }
    }
}

impl Operation for ExplainAccess {
    type Service = Inventory;
    type Input = ExplainAccessRequest;
    type Output = ExplainAccessResponse;
    type Facts = AccessFacts;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::EXPLAIN_ACCESS;
    const READ_ONLY: bool = true;

    fn parse(input: ExplainAccessRequest, service: &Inventory) -> Result<Self, InventoryError> {
        let action = input.action;
        check_action(&action)?;
        let resource = Resource::parse(input.resource.unwrap_or_else(|| "*".to_owned()), &action, service)?;
        let mut given: Vec<(String, Vec<String>)> = Vec::new();
        for entry in input.context.unwrap_or_default() {
            if !entry.key.contains(':') {
                return Err(InventoryError::parameter(format!(
                    "{} is no condition key: one has a prefix, such as aws:SourceIp or kms:ViaService.",
                    entry.key
                )));
            }
            match given.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(&entry.key)) {
                Some((_, values)) => values.push(entry.value),
                None => given.push((entry.key, vec![entry.value])),
            }
        }
        Ok(Self { principal: input.principal, action, resource, given })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<AccessFacts, InventoryError> {
        let account = request.caller.account;
        if self.resource.account().is_some_and(|owner| owner != account.as_str()) {
            return Err(InventoryError::parameter(
                "The resource is another account's, and so are its policies: ask there.",
            ));
        }
        let found = find_principal(view.store, &view.service.identities, account, &self.principal).await;
        let as_if = found
            .map_err(InventoryError::from_store)?
            .map(|(principal, rights)| request.as_if_by(principal, rights));
        let target = match &self.resource {
            Resource::Other(arn) => Target::Other(arn.clone()),
            Resource::Role(arn) => self.find_trust(view, arn, request).await?,
            Resource::Key(key_ref) => {
                // What the key's grants say to nobody is nothing.
                let mut asked = as_if.clone().unwrap_or_else(|| request.clone());
                match key_ref {
                    KeyRef::Arn(arn) => asked.region = arn.region.clone(),
                    KeyRef::AliasArn(alias) => asked.region = alias.region.clone(),
                    KeyRef::Id(_) | KeyRef::Alias(_) => {}
                }
                let kms = Inventory::of_kms(view);
                let key =
                    KeyInQuestion::find(kms, key_ref.clone(), &self.action, &self.given, &asked).await?;
                Target::Key(Box::new(key))
            }
        };
        Ok(AccessFacts { found: as_if, target })
    }

    fn checks(&self, facts: &AccessFacts, _request: &RequestContext) -> Checks {
        let of_principal = Protected::ByIdentity { arn: self.principal.clone() };
        let mut checks: Checks =
            [Check { action: "keywright:ExplainAccess", protected: of_principal }].into_iter().collect();
        match &facts.target {
            Target::Key(key) => checks.push(key.check_to_read()),
            Target::Role { arn, .. } => checks.push(Check {
                action: "iam:GetRole",
                protected: Protected::ByIdentity { arn: arn.to_string() },
            }),
            Target::Other(_) => {}
        }
        checks
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &AccessFacts,
        _env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let Some(as_if) = &facts.found else {
            return Err(InventoryError::NotFound {
                message: format!(
                    "There is no user, role, session of a role or root user {} in this account.",
                    op.principal
                ),
            });
        };
        let protected = facts.target.protected(&op.action);
        let service = |name: &str| facts.target.condition(name);
        let question = Question {
            action: &op.action,
            protected: &protected,
            grant: facts.target.grant(),
            given: &op.given,
            service: &service,
        };
        let explained = explain_access(&question, as_if);
        let reason = reason(&explained, &facts.target, &as_if.caller.principal);
        let shown = |told: Told| statement(told, &facts.target);
        Ok(Decision::answer(ExplainAccessResponse {
            decision: match explained.outcome {
                Outcome::Allowed => AccessDecision::Allowed,
                Outcome::ExplicitDeny => AccessDecision::ExplicitDeny,
                Outcome::ImplicitDeny => AccessDecision::ImplicitDeny,
            },
            message: explained.message,
            reason,
            decided_by: explained.decided_by.into_iter().map(shown).collect(),
            nearly_apply: explained
                .nearly
                .into_iter()
                .map(|NearMiss { statement, lacks }| AccessNearMiss {
                    statement: shown(statement),
                    lacks: vec![lacks],
                })
                .collect(),
        }))
    }
}

impl ExplainAccess {
    async fn find_trust(
        &self,
        view: View<'_, Inventory>,
        arn: &str,
        request: &RequestContext,
    ) -> Result<Target, InventoryError> {
        let name = parse_entity_arn(arn, EntityKind::Role).map_or("", |parts| parts.name);
        let found = find_role(view.store, request.caller.account, name).await;
        let role = found.map_err(InventoryError::from_store)?.map(|found| found.row);
        let trust = match role.filter(|role| role.arn() == arn) {
            Some(role) => Some(Arc::new(trust_of(&role).map_err(InventoryError::from_store)?)),
            None => None,
        };
        Ok(Target::Role { arn: arn.into(), trust })
    }
}

impl Resource {
    /// # Errors
    /// InvalidParameterException for a name that is none, or a resource of another account.
    fn parse(text: String, action: &str, service: &Inventory) -> Result<Self, InventoryError> {
        let is =
            |prefix: &str| action.get(..prefix.len()).is_some_and(|own| own.eq_ignore_ascii_case(prefix));
        let of_alias = is("kms:CreateAlias") || is("kms:DeleteAlias") || is("kms:UpdateAlias");
        if text == "*" {
            return Ok(Self::Other(text));
        }
        if is("kms:") && !(of_alias && text.contains("alias/")) {
            return KeyRef::parse(&text, &service.kms.regions)
                .map(Self::Key)
                .map_err(|fault| InventoryError::parameter(format!("{fault}: a key's id, ARN or alias.")));
        }
        if !text.starts_with(&format!("arn:{PARTITION}:")) || text.split(':').count() < 6 {
            return Err(InventoryError::parameter(format!("{text} is no ARN, and not *.")));
        }
        if is("sts:AssumeRole") || is("sts:TagSession") || is("sts:SetSourceIdentity") {
            return match parse_entity_arn(&text, EntityKind::Role) {
                Some(_) => Ok(Self::Role(text)),
                None => Err(InventoryError::parameter(format!("{text} is no role's ARN."))),
            };
        }
        Ok(Self::Other(text))
    }

    /// The account that it names, if it names one.
    fn account(&self) -> Option<&str> {
        match self {
            Self::Key(KeyRef::Arn(arn)) => Some(arn.account.as_str()),
            Self::Key(KeyRef::AliasArn(alias)) => Some(alias.account.as_str()),
            Self::Key(KeyRef::Id(_) | KeyRef::Alias(_)) => None,
            Self::Role(arn) | Self::Other(arn) => arn.split(':').nth(4).filter(|account| !account.is_empty()),
        }
    }
}

/// # Errors
/// InvalidParameterException for what is no action.
fn check_action(action: &str) -> Result<(), InventoryError> {
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match action.split_once(':') {
        Some((service, name)) if fits(service) && fits(name) => Ok(()),
        _ => Err(InventoryError::parameter(format!(
            "{action} is no action: one has the form service:Name, such as kms:Decrypt, without wildcards."
        ))),
    }
}

/// The reason, with what an explanation by policies cannot know.
fn reason(explained: &Explained, target: &Target, principal: &Principal) -> String {
    let mut reason = explained.reason.clone();
    if let Target::Key(key) = target
        && !key.exists()
    {
        reason.push_str("; there is no such key");
    }
    if let Target::Role { trust: None, .. } = target {
        reason.push_str("; there is no such role");
    }
    if matches!(principal, Principal::RoleSession { .. }) {
        reason.push_str("; a session policy could narrow it further");
    }
    reason
}

fn statement(told: Told, target: &Target) -> AccessStatement {
    let (policy_kind, policy_name) = match told.role {
        PolicyRole::Identity => (PolicyKind::Identity, told.policy),
        PolicyRole::Boundary => (PolicyKind::Boundary, "permissions boundary".to_owned()),
        PolicyRole::Resource => target.policy(),
    };
    let number = |number: usize| i32::try_from(number).ok();
    AccessStatement {
        policy_kind,
        policy_name,
        policy_of: told.of,
        sid: told.sid,
        effect: Some(match told.effect {
            Effect::Allow => StatementEffect::Allow,
            Effect::Deny => StatementEffect::Deny,
        }),
        line: told.place.and_then(|place| number(place.line)),
        column: told.place.and_then(|place| number(place.column)),
    }
}
