//! GetSecretValue: a version's value.

use crate::arn::SecretRef;
use crate::condition::optional;
use crate::error::SecretsError;
use crate::labels::CURRENT;
use crate::sealing::Opening;
use crate::secret::Secret;
use crate::service::{Secrets, store_fault};
use crate::target::Target;
use crate::version::VersionRow;
use keywright_auth::{Authorised, Check, Checks, Decided, Decision, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{GetSecretValueRequest, GetSecretValueResponse, operations};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use std::sync::Arc;

pub struct GetSecretValue {
    secret: SecretRef,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// The secret and the version that is asked for.
pub struct GetSecretValueFacts {
    target: Target,
    version: Result<Readable, SecretsError>,
}

/// A version with a value.
pub(crate) struct Readable {
    row: Arc<VersionRow>,
    opening: Opening,
}

/// Which version a caller wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) id: Option<&'a str>,
    pub(crate) label: Option<&'a str>,
}

impl Wanted<'_> {
    /// The version's id.
    ///
    /// # Errors
    /// ResourceNotFoundException for a label that no version has, InvalidRequestException for one that another has.
    fn find(self, secret: &Secret) -> Result<String, SecretsError> {
        let versions = secret.versions();
        let labelled = |label: &str| {
            let missing = || SecretsError::NoVersionWithLabel { label: label.to_owned() };
            versions.holder(label).map(str::to_owned).ok_or_else(missing)
        };
        match (self.id, self.label) {
            (None, label) => labelled(label.unwrap_or(CURRENT)),
            (Some(id), None) => Ok(id.to_owned()),
            (Some(id), Some(label)) => match versions.find(id) {
                Some(version) if version.labels.contains(label) => Ok(id.to_owned()),
                Some(_) => Err(SecretsError::request(
                    "You provided a VersionStage that is not associated to the provided VersionId.",
                )),
                None => Err(SecretsError::NoVersionWithId { id: id.to_owned() }),
            },
        }
    }

    /// What is said of a version that has no value.
    fn empty(self, id: &str) -> SecretsError {
        match (self.id, self.label) {
            (None, label) => SecretsError::NoVersionWithLabel { label: label.unwrap_or(CURRENT).to_owned() },
            (Some(_), _) => SecretsError::NoVersionWithId { id: id.to_owned() },
        }
    }
}

impl Readable {
    /// Finds the version, and asks KMS as the caller for its data key. A version that cannot be read is a fact.
    ///
    /// # Errors
    /// Faults of the store.
    pub(crate) async fn find(
        view: View<'_, Secrets>,
        secret: &Secret,
        wanted: Wanted<'_>,
        request: &RequestContext,
    ) -> Result<Result<Self, SecretsError>, SecretsError> {
        let id = match wanted.find(secret) {
            Ok(id) => id,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(row) = view.service.find_value(view, secret, &id).await.map_err(store_fault)? else {
            return Ok(Err(wanted.empty(&id)));
        };
        let opening = Opening::prepare(view, secret, &row, request).await?;
        Ok(Ok(Self { row, opening }))
    }

    /// The answer, and the records of having opened the value.
    ///
    /// # Errors
    /// What KMS refuses.
    pub(crate) fn read(
        &self,
        secret: &Secret,
        env: &Env<'_, Secrets>,
    ) -> Result<(GetSecretValueResponse, WriteSet), SecretsError> {
        let (value, records) = self.opening.open(env)?;
        let (secret_string, secret_binary) = value.into_members();
        let labels = secret.versions().labels_of(&self.row.version_id);
        let answer = GetSecretValueResponse {
            arn: Some(secret.arn.to_string()),
            name: Some(secret.row.name.clone()),
            version_id: Some(self.row.version_id.clone()),
            secret_binary,
            secret_string,
            version_stages: (!labels.is_empty()).then_some(labels),
            created_date: Some(self.row.created_at),
        };
        Ok((answer, records))
    }

    pub(crate) fn done(&self, secret: &Secret, service: &Secrets, request: &RequestContext) {
        self.opening.done(service);
        service.access.note(secret, &self.row.version_id, request.received_at);
        service.consumers.note(secret, &request.caller.arn, &self.row.version_id, request.received_at);
    }
}

impl Operation for GetSecretValue {
    type Service = Secrets;
    type Input = GetSecretValueRequest;
    type Output = GetSecretValueResponse;
    type Facts = GetSecretValueFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::GET_SECRET_VALUE;
    const READ_ONLY: bool = true;
    const CROSS_ACCOUNT: bool = true;

    fn parse(input: GetSecretValueRequest, service: &Secrets) -> Result<Self, SecretsError> {
        Ok(Self {
            secret: SecretRef::parse(&input.secret_id, &service.regions)?,
            version_id: input.version_id,
            version_stage: input.version_stage,
        })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<GetSecretValueFacts, SecretsError> {
        let target = Target::find(view, &self.secret, request).await?;
        let version = match target.live() {
            Ok(secret) => {
                let wanted = Wanted { id: self.version_id.as_deref(), label: self.version_stage.as_deref() };
                Readable::find(view, secret, wanted, request).await?
            }
            Err(refused) => Err(refused),
        };
        Ok(GetSecretValueFacts { target, version })
    }

    fn checks(&self, facts: &GetSecretValueFacts, _request: &RequestContext) -> Checks {
        [facts.target.check("secretsmanager:GetSecretValue")].into_iter().collect()
    }

    fn condition<'a>(
        &'a self,
        facts: &'a GetSecretValueFacts,
        _check: &'a Check,
        name: &str,
    ) -> ConditionValue<'a> {
        match name {
            "secretsmanager:versionid" => optional(self.version_id.as_deref()),
            // AWSCURRENT counts where nothing is asked for.
            "secretsmanager:versionstage" => {
                optional(self.version_stage.as_deref().or(match self.version_id {
                    None => Some(CURRENT),
                    Some(_) => None,
                }))
            }
            _ => facts.target.condition(name),
        }
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &GetSecretValueFacts,
        env: Env<'_, Secrets>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let secret = facts.target.live()?;
        let (answer, records) = facts.version.as_ref().map_err(SecretsError::repeat)?.read(secret, &env)?;
        Ok(Decision::write(answer, records))
    }

    fn done(&self, facts: &GetSecretValueFacts, service: &Secrets, request: &RequestContext) {
        if let (Ok(version), Some(secret)) = (&facts.version, facts.target.find_secret()) {
            version.done(secret, service, request);
        }
    }
}
