//! PreflightSecretRotation: everything that would keep a secret's rotation from succeeding, before it is switched on.

use crate::Inventory;
use crate::error::InventoryError;
use keywright_auth::{
    Authorised, Checks, Decided, Decision, Env, Operation, RequestContext, View, keeps_right,
};
use keywright_aws::OperationModel;
use keywright_aws::keywright::{
    PreflightSecretRotationRequest, PreflightSecretRotationResponse, RotationProblem, operations,
};
use keywright_policy::ConditionValue;
use keywright_rotators::{RotatorKind, Strategy};
use keywright_secrets::rotation::{OperatedSecret, preflight};
use keywright_secrets::{Problem, SecretsError};
use keywright_store::WriteSet;
use parking_lot::Mutex;

pub struct PreflightSecretRotation {
    secret_id: String,
    kind: Option<RotatorKind>,
    strategy: Option<Strategy>,
}

/// The secret, what is against its rotation, and the records of having looked.
pub struct PreflightFacts {
    secret: OperatedSecret,
    found: Option<Result<Looked, SecretsError>>,
}

/// What was found, and the records of the values that were opened for it.
struct Looked {
    problems: Vec<Problem>,
    records: Mutex<WriteSet>,
}

const ACTION: &str = "keywright:PreflightSecretRotation";

impl Operation for PreflightSecretRotation {
    type Service = Inventory;
    type Input = PreflightSecretRotationRequest;
    type Output = PreflightSecretRotationResponse;
    type Facts = PreflightFacts;
    type Error = InventoryError;
    const MODEL: &'static OperationModel = &operations::PREFLIGHT_SECRET_ROTATION;
    const READ_ONLY: bool = true;

    fn parse(input: PreflightSecretRotationRequest, _service: &Inventory) -> Result<Self, InventoryError> {
        let kind = match input.r#type.as_deref() {
            None => None,
            Some(text) => Some(RotatorKind::parse_type(text).ok_or_else(|| {
                let known: Vec<&str> = RotatorKind::ALL.iter().map(|kind| kind.type_name()).collect();
                InventoryError::parameter(format!(
                    "There is no rotator {text}; there are {}.",
                    known.join(", ")
                ))
            })?),
        };
        let strategy = input.strategy.and_then(|strategy| Strategy::parse(strategy.as_str()));
        Ok(Self { secret_id: input.secret_id, kind, strategy })
    }

    async fn facts(
        &self,
        view: View<'_, Inventory>,
        request: &RequestContext,
    ) -> Result<PreflightFacts, InventoryError> {
        let secrets = Inventory::of_secrets(view);
        let secret = OperatedSecret::find(secrets, &self.secret_id, request).await?;
        let mut found = None;
        if let Ok(named) = secret.get() {
            let none = |_: &str| ConditionValue::Absent;
            // Nobody who may not do this has hosts asked and values opened.
            if keeps_right(ACTION, &named.arn, &named.policy, request, &none) {
                let looked = preflight(secrets, named, self.kind, self.strategy, request).await;
                found =
                    Some(looked.map(|(problems, records)| Looked { problems, records: Mutex::new(records) }));
            }
        }
        Ok(PreflightFacts { secret, found })
    }

    fn checks(&self, facts: &PreflightFacts, _request: &RequestContext) -> Checks {
        [facts.secret.check(ACTION)].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &PreflightFacts,
        _env: Env<'_, Inventory>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.secret.get()?;
        let Some(found) = &facts.found else { return Err(SecretsError::NotFound.into()) };
        let Looked { problems, records } = found.as_ref().map_err(SecretsError::repeat)?;
        let problems: Vec<RotationProblem> = problems
            .iter()
            .map(|problem| RotationProblem { code: problem.code.to_owned(), message: problem.text.clone() })
            .collect();
        let answer = PreflightSecretRotationResponse {
            secret_arn: secret.arn.to_string(),
            ready: problems.is_empty(),
            problems,
        };
        Ok(Decision::write(answer, std::mem::take(&mut *records.lock())))
    }
}
