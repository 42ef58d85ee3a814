//! GetCredentialReport: the report that was made last.

use crate::credential_report::{self, CredentialReportRow};
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::iam::{
    GetCredentialReportRequest, GetCredentialReportResponse, ReportFormatType, operations,
};
use keywright_store::Versioned;

pub struct GetCredentialReport;

impl Operation for GetCredentialReport {
    type Service = Iam;
    type Input = GetCredentialReportRequest;
    type Output = GetCredentialReportResponse;
    type Facts = Option<Versioned<CredentialReportRow>>;
    type Error = IamError;
    const MODEL: &'static OperationModel = &operations::GET_CREDENTIAL_REPORT;
    const READ_ONLY: bool = true;

    fn parse(_input: GetCredentialReportRequest, _service: &Iam) -> Result<Self, IamError> {
        Ok(Self)
    }

    async fn facts(&self, view: View<'_, Iam>, request: &RequestContext) -> Result<Self::Facts, IamError> {
        credential_report::find(view, request).await
    }

    fn checks(&self, _facts: &Self::Facts, _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "iam:GetCredentialReport", protected }].into_iter().collect()
    }

    fn decide(
        _op: &Authorised<'_, Self>,
        facts: &Self::Facts,
        env: Env<'_, Iam>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        let report = &facts.as_ref().ok_or(IamError::ReportNotPresent)?.row;
        if !report.is_fresh(env.now) {
            return Err(IamError::ReportExpired);
        }
        Ok(Decision::answer(GetCredentialReportResponse {
            content: Some(report.content.clone().into_bytes()),
            report_format: Some(ReportFormatType::TextCsv),
            generated_time: Some(report.generated_at),
        }))
    }
}
