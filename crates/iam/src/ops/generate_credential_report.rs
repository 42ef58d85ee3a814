//! GenerateCredentialReport: makes a report on the account's credentials, unless one was made within four hours.
//!
//! It is made within the request, and still the first answer says STARTED, as clients expect: they ask until it is
//! COMPLETE.

use crate::credential_report::{self, CredentialReportRow};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    GenerateCredentialReportRequest, GenerateCredentialReportResponse, ReportStateType, operations,
};
use keywright_store::{Versioned, WriteSet};

pub struct GenerateCredentialReport;

/// The last report, and a new one if that is too old.
pub struct GenerateCredentialReportFacts {
    last: Option<Versioned<CredentialReportRow>>,
    made: Option<String>,
}

impl Operation for GenerateCredentialReport {
    type Service = Iam;
    type Input = GenerateCredentialReportRequest;
    type Output = GenerateCredentialReportResponse;
    type Facts = GenerateCredentialReportFacts;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GENERATE_CREDENTIAL_REPORT;
    const READ_ONLY: bool = false;

    fn parse(_input: GenerateCredentialReportRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self)
    }

    async fn facts(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<GenerateCredentialReportFacts, IamError> {
        let last = credential_report::find(view, request).await?;
        let is_fresh = last.as_ref().is_some_and(|last| last.row.is_fresh(view.now));
        let made = if is_fresh { None } else { Some(credential_report::make(view, request).await?) };
        Ok(GenerateCredentialReportFacts { last, made })
    }

    fn checks(&self, _facts: &GenerateCredentialReportFacts, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:GenerateCredentialReport", protected }].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &GenerateCredentialReportFacts,
        env: Env<'_, Iam>,
        request: &RequestContext,
    ) -> Decided<Self> {
        let Some(content) = &facts.made else {
            return Ok(Decision::answer(GenerateCredentialReportResponse {
                state: Some(ReportStateType::Complete),
                description: None,
            }));
        };
        let account = request.caller.account;
        let row = CredentialReportRow { account, generated_at: env.now, content: content.clone() };
        let mut writes = WriteSet::default();
        match &facts.last {
            Some(last) => writes.update(&row, last.version),
            None => writes.insert(&row),
        }
        let answer = GenerateCredentialReportResponse {
            state: Some(ReportStateType::Started),
            description: Some("No report exists. Starting a new report generation task".to_owned()),
        };
        Ok(Decision::write(answer, writes))
    }
}
