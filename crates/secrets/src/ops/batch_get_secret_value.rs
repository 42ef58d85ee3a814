//! BatchGetSecretValue: the current values of up to twenty secrets; each is asked for as by GetSecretValue, and recorded so.

use super::get_secret_value::GetSecretValue;
use super::parse;
use crate::error::SecretsError;
use crate::filter::Filters;
use crate::listing::{Listed, Listing};
use crate::service::Secrets;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, InnerCall, Operation, Protected, RequestContext,
    ServiceError as _, View,
};
use keywright_aws::OperationModel;
use keywright_aws::secretsmanager::{
    APIErrorType, BatchGetSecretValueRequest, BatchGetSecretValueResponse, GetSecretValueRequest, SERVICE,
    SecretValueEntry, SortByType, SortOrderType, operations,
};
use keywright_store::WriteSet;

pub struct BatchGetSecretValue {
    asked: Asked,
}

enum Asked {
    These(Vec<String>),
    Fitting(Box<Listing>),
}

/// What each secret comes to, and where a filtered list goes on.
pub struct BatchFacts {
    reads: Vec<Read>,
    next: Option<String>,
}

struct Read {
    secret_id: String,
    call: Result<InnerCall<GetSecretValue>, SecretsError>,
}

fn refused(secret_id: &str, error: &SecretsError) -> APIErrorType {
    let wire = error.wire();
    APIErrorType {
        secret_id: Some(secret_id.to_owned()),
        error_code: Some(wire.code.to_owned()),
        message: wire.message.map(std::borrow::Cow::into_owned),
    }
}

impl Operation for BatchGetSecretValue {
    type Service = Secrets;
    type Input = BatchGetSecretValueRequest;
    type Output = BatchGetSecretValueResponse;
    type Facts = BatchFacts;
    type Error = SecretsError;
    const MODEL: &'static OperationModel = &operations::BATCH_GET_SECRET_VALUE;
    const READ_ONLY: bool = true;

    fn parse(input: BatchGetSecretValueRequest, _service: &Secrets) -> Result<Self, SecretsError> {
        let filters = Filters::parse(input.filters)?;
        let asked = match input.secret_id_list {
            Some(_) if !filters.is_empty() => {
                return Err(SecretsError::parameter(
                    "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
                ));
            }
            Some(_) if input.max_results.is_some() || input.next_token.is_some() => {
                return Err(SecretsError::parameter(
                    "'MaxResults' and 'NextToken' can be used only with 'Filters'.",
                ));
            }
            Some(ids) => Asked::These(ids),
            None if filters.is_empty() => {
                return Err(SecretsError::parameter(
                    "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
                ));
            }
            None => Asked::Fitting(Box::new(Listing {
                name: "BatchGetSecretValue",
                filters,
                with_deleted: false,
                sort_by: SortByType::CreatedDate,
                order: SortOrderType::Asc,
                limit: parse::limit(input.max_results, 20),
                next_token: input.next_token,
            })),
        };
        Ok(Self { asked })
    }

    async fn facts(
        &self,
        view: View<'_, Secrets>,
        request: &RequestContext,
    ) -> Result<BatchFacts, SecretsError> {
        let (ids, next) = match &self.asked {
            Asked::These(ids) => (ids.clone(), None),
            Asked::Fitting(listing) => {
                let Listed { secrets, next } = listing.read(view, request).await?;
                (secrets.iter().map(|secret| secret.arn.to_string()).collect(), next)
            }
        };
        let mut reads = Vec::with_capacity(ids.len());
        for secret_id in ids {
            let input =
                GetSecretValueRequest { secret_id: secret_id.clone(), version_id: None, version_stage: None };
            let call = match InnerCall::prepare(input, &SERVICE, view, request).await {
                Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => return Err(fault),
                call => call,
            };
            reads.push(Read { secret_id, call });
        }
        Ok(BatchFacts { reads, next })
    }

    fn checks(&self, _facts: &BatchFacts, _request: &RequestContext) -> Checks {
        let check = |action| Check { action, protected: Protected::ByIdentity { arn: "*".to_owned() } };
        let mut checks: Checks = [check("secretsmanager:BatchGetSecretValue")].into_iter().collect();
        if let Asked::Fitting(_) = &self.asked {
            checks.push(check("secretsmanager:ListSecrets"));
        }
        checks
    }

    fn decide(
        op: &Authorised<'_, Self>,
        facts: &BatchFacts,
        env: Env<'_, Secrets>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let mut values = Vec::new();
        let mut errors = Vec::new();
        let mut records = WriteSet::default();
        for read in &facts.reads {
            let answer = match &read.call {
                Ok(call) => call.decide(env),
                Err(refusal) => Err(SecretsError::repeat(refusal)),
            };
            match answer {
                Ok(answer) => {
                    records.merge(answer.writes);
                    let value = answer.output;
                    values.push(SecretValueEntry {
                        arn: value.arn,
                        name: value.name,
                        version_id: value.version_id,
                        secret_binary: value.secret_binary,
                        secret_string: value.secret_string,
                        version_stages: value.version_stages,
                        created_date: value.created_date,
                    });
                }
                Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => return Err(fault),
                Err(refusal) => errors.push(refused(&read.secret_id, &refusal)),
            }
        }
        let next_token = match (&op.asked, &facts.next) {
            (Asked::Fitting(listing), Some(next)) => Some(listing.marker(env.keyring, next, request)),
            _ => None,
        };
        let answer =
            BatchGetSecretValueResponse { secret_values: Some(values), next_token, errors: Some(errors) };
        Ok(Decision::write(answer, records))
    }

    fn done(&self, facts: &BatchFacts, service: &Secrets, _request: &RequestContext) {
        for read in &facts.reads {
            if let Ok(call) = &read.call
                && call.is_allowed()
            {
                call.done(service);
            }
        }
    }
}
