//! RotateSecret: sets up how a secret rotates, and rotates it, or only tries whether it could.
//!
//! Everything that would keep the rotation from succeeding is looked for before it is switched on: what the caller may not
//! do, what the value lacks, hosts that do not answer, passwords that are refused.
//!
//! Source: Secrets Manager API Reference, RotateSecret.

use super::parse;
use crate::arn::SecretRef;
use crate::condition::optional;
use crate::error::SecretsError;
use crate::labels::{CURRENT, PENDING};
use crate::rotation::{Beginning, Retirements, Rotation, Rotator, Rules, begin, own_request, wake};
use crate::secret::Secret;
use crate::service::{Secrets, find_version, store_fault};
use crate::setup::{Setup, Wanted};
use crate::target::Target;
use keywright_auth::identities::Json;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View, keeps_right,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    ExternalSecretRotationMetadataItem, RotateSecretRequest, RotateSecretResponse, operations,
};
use keywright_policy::ConditionValue;
use keywright_rotators::{RotatorKind, Strategy};
use keywright_store::WriteSet;
use keywright_types::RequestId;
use std::sync::Arc;

pub struct RotateSecret {
    secret: SecretRef,
    token: String,
    function: Option<String>,
    metadata: Option<Vec<(String, String)>>,
    rules: Option<Rules>,
    immediately: bool,
}

/// The secret, and whether all is well for its rotation.
pub struct RotateSecretFacts {
    target: Target,
    /// The token stands for a version that is there.
    is_taken: bool,
    setup: Option<Result<(Rotator, Setup), SecretsError>>,
    /// The grants that this set-up takes the place of.
    retirements: Option<Retirements>,
}

const STRATEGY: &str = "strategy";
const HOLD: &str = "hold";

impl RotateSecret {
    /// What is to rotate the secret: as asked for, as stored, or by the secret's type.
    ///
    /// # Errors
    /// InvalidRequestException without any, AccessDeniedException for a function that is not there.
    fn rotator(&self, secret: &Secret) -> Result<Rotator, SecretsError> {
        if let Some(function) = &self.function {
            return Rotator::parse_arn(function, &secret.row.account, &secret.row.region).ok_or_else(|| {
                SecretsError::AccessDenied {
                    message: "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function \
                              policy grants access to the principal secretsmanager.amazonaws.com."
                        .to_owned(),
                }
            });
        }
        let stored = secret.row.rotation.as_ref().map(|rotation| rotation.0.rotator);
        let typed = secret.row.secret_type.as_deref().and_then(RotatorKind::parse_type);
        match (&self.metadata, stored, typed) {
            (None, Some(stored), _) => Ok(stored),
            (metadata, _, Some(kind)) => {
                Ok(Rotator { kind, strategy: strategy_of(metadata.as_deref(), kind)?, by_arn: false })
            }
            (_, _, None) => {
                Err(SecretsError::request("No Lambda rotation function ARN is associated with this secret."))
            }
        }
    }
}

/// The strategy that a rotation's metadata names.
fn strategy_of(metadata: Option<&[(String, String)]>, kind: RotatorKind) -> Result<Strategy, SecretsError> {
    let mut strategy = Strategy::SingleUser;
    for (key, value) in metadata.unwrap_or_default() {
        match (key.as_str(), Strategy::parse(value)) {
            (STRATEGY, Some(found)) => strategy = found,
            (HOLD, _) => {
                hold_of(value)?;
            }
            (STRATEGY, None) => {
                return Err(SecretsError::parameter(
                    "The rotation metadata \"strategy\" is single-user or alternating-users.",
                ));
            }
            _ => {
                return Err(SecretsError::parameter(format!(
                    "The rotation metadata \"{key}\" is not known: there are \"strategy\" and \"hold\"."
                )));
            }
        }
    }
    if kind == RotatorKind::Http && strategy == Strategy::AlternatingUsers {
        return Err(SecretsError::parameter("A service over HTTP rotates a single user."));
    }
    Ok(strategy)
}

/// How long a rotation waits for consumers that are behind: whole hours, such as `24h`.
fn hold_of(text: &str) -> Result<u32, SecretsError> {
    let digits = text.strip_suffix('h').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(hours @ 1..=2400) => Ok(hours),
        Some(_) | None => Err(SecretsError::parameter(
            "The rotation metadata \"hold\" is a number of hours from 1 to 2400, such as 24h.",
        )),
    }
}

/// As DescribeSecret shows it.
pub(crate) fn shown_metadata(rotation: &Rotation) -> Option<Vec<ExternalSecretRotationMetadataItem>> {
    let item = |key: &str, value: String| ExternalSecretRotationMetadataItem {
        key: Some(key.to_owned()),
        value: Some(value),
    };
    (!rotation.rotator.by_arn).then(|| {
        let mut items = vec![item(STRATEGY, rotation.rotator.strategy.as_str().to_owned())];
        items.extend(rotation.hold_hours.map(|hours| item(HOLD, format!("{hours}h"))));
        items
    })
}

impl Operation for RotateSecret {
    type Service = Secrets;
    type Input = RotateSecretRequest;
    type Output = RotateSecretResponse;
    type Facts = RotateSecretFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::ROTATE_SECRET;
    const READ_ONLY: bool = false;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: RotateSecretRequest, service: &Secrets) -> Result<Self, SecretsError> {
        let secret = SecretRef::parse(&input.secret_id, &service.regions)?;
        let token = parse::token(input.client_request_token)?;
        if input.external_secret_rotation_role_arn.is_some() {
            return Err(SecretsError::parameter(
                "ExternalSecretRotationRoleArn is not taken: a built-in rotator needs no role.",
            ));
        }
        let pair = |item: ExternalSecretRotationMetadataItem| {
            (item.key.unwrap_or_default(), item.value.unwrap_or_default())
        };
        Ok(Self {
            secret,
            token,
            function: input.rotation_lambda_arn,
            metadata: input
                .external_secret_rotation_metadata
                .map(|items| items.into_iter().map(pair).collect()),
            rules: input.rotation_rules.as_ref().map(Rules::parse).transpose()?,
            immediately: input.rotate_immediately.unwrap_or(true),
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<RotateSecretFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let mut facts = RotateSecretFacts { target, is_taken: false, setup: None, retirements: None };
        let Ok(secret) = facts.target.writable() else { return Ok(facts) };
        let secret = Arc::clone(secret);
        let key = secret.row.secret_key();
        facts.is_taken = secret.versions().find(&self.token).is_some()
            || find_version(view.store, &key, &self.token).await.map_err(store_fault)?.is_some();
        if facts.is_taken || self.is_under_way(&secret) {
            return Ok(facts);
        }
        let rotator = match self.rotator(&secret) {
            Ok(rotator) => rotator,
            Err(refused) => {
                facts.setup = Some(Err(refused));
                return Ok(facts);
            }
        };
        // Nobody who may not do this has hosts asked and values opened.
        let check = facts.target.check("secretsmanager:RotateSecret");
        let condition = |name: &str| match self.condition(&facts, &check, name) {
            ConditionValue::Single(value) => ConditionValue::Single(value.into_owned().into()),
            ConditionValue::Bool(flag) => ConditionValue::Bool(flag),
            _ => ConditionValue::Absent,
        };
        if !keeps_right(check.action, &secret.arn, &secret.policy, request, &condition) {
            return Ok(facts);
        }
        let wanted = Wanted { rotator };
        facts.setup =
            Some(Setup::prepare(view, &secret, wanted, request).await.map(|setup| (rotator, setup)));
        if let Some(rotation) = &secret.row.rotation {
            let ids = (RequestId::from_random(*request.event_id.as_bytes()), request.event_id);
            let own = own_request(&key, view.now, ids);
            facts.retirements = Some(Retirements::prepare(view, &rotation.0.grants, &own).await?);
        }
        Ok(facts)
    }

    fn checks(&self, facts: &RotateSecretFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:RotateSecret")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a RotateSecretFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "secretsmanager:rotationlambdaarn" => optional(self.function.as_deref()),
            "secretsmanager:modifyrotationrules" => ConditionValue::Bool(self.rules.is_some()),
            "secretsmanager:rotateimmediately" => ConditionValue::Bool(self.immediately),
            _ => facts.target.condition(name),
        }
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &RotateSecretFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.writable()?;
        let answer = RotateSecretResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            version_id: Some(op.token.clone()),
        };
        if op.is_under_way(secret) {
            return Ok(Decision::answer(answer));
        }
        if facts.is_taken {
            return Err(SecretsError::TokenInUse {
                token: op.token.clone(),
                secret: Arc::clone(&secret.arn),
            });
        }
        let versions = secret.versions();
        let pending = versions.holder(PENDING);
        if secret.row.run.is_some() || (pending.is_some() && pending != versions.holder(CURRENT)) {
            return Err(SecretsError::request(
                "A previous rotation isn't complete. That rotation will be reattempted.",
            ));
        }
        let Some(setup) = &facts.setup else { return Err(SecretsError::NotFound) };
        let (rotator, setup) = setup.as_ref().map_err(SecretsError::repeat)?;
        let mut writes = WriteSet::default();
        let mut row = secret.row.clone();
        let before = row.rotation.take().map(|rotation| rotation.0);
        let hold_hours = match &op.metadata {
            Some(metadata) => {
                metadata.iter().find(|(key, _)| key == HOLD).map(|(_, value)| hold_of(value)).transpose()?
            }
            None => before.as_ref().and_then(|before| before.hold_hours),
        };
        let goes_on = before.as_ref().filter(|before| before.enabled && before.rotator == *rotator);
        let (grants, admin) = match goes_on {
            // What is set up already is only asked to rotate now; what fails then is tried again by itself.
            Some(before) if !setup.problems().is_empty() => {
                writes.merge(setup.records());
                (before.grants.clone(), before.admin.clone())
            }
            Some(_) | None => {
                let grants = setup.give(&env, &mut writes)?;
                if let Some(retirements) = &facts.retirements {
                    retirements.end(&env, &mut writes);
                }
                (grants, setup.admin().map(str::to_owned))
            }
        };
        row.rotation = Some(Json(Rotation {
            enabled: true,
            rotator: *rotator,
            rules: op.rules.clone().or(before.and_then(|before| before.rules)),
            anchor: env.now.as_millis(),
            admin,
            hold_hours,
            grants,
        }));
        row.changed_at = env.now;
        wake(&mut row, env.now);
        let how = Beginning { token: op.token.clone(), window_end: None, test_only: !op.immediately };
        begin(&mut writes, &mut row, how, &env);
        writes.update(&row, secret.version);
        Ok(Decision::write(answer, writes))
    }

    fn done(&self, _facts: &RotateSecretFacts, service: &Secrets, _request: &RequestContext) {
        service.wake.notify_one();
    }
}

impl RotateSecret {
    /// The same request was made before, and its rotation is not over.
    fn is_under_way(&self, secret: &Secret) -> bool {
        secret.row.run.as_ref().is_some_and(|run| run.0.token == self.token)
    }
}
