//! A request as the trail shows it: CloudTrail's record of an API call.

use crate::app::App;
use keywright_auth::{Check, RequestContext};
use keywright_aws::{OperationModel, ServiceModel};
use keywright_store::AuditRecord;
use keywright_trail::{EventKind, Identity, Record, Resource};
use keywright_types::Principal;

/// How a request ended, as far as the trail tells.
pub(crate) enum Outcome<'a> {
    /// Done; the allowed members of the answer, as JSON, for changes.
    Done {
        response: Option<String>,
    },
    Refused {
        code: &'a str,
        message: Option<&'a str>,
    },
}

/// The ARNs that a request asked for, each once, in order.
pub(crate) fn resources(checks: &[Check]) -> Vec<String> {
    let mut arns: Vec<String> = Vec::with_capacity(checks.len());
    for check in checks {
        let arn = check.protected.arn();
        if arn != "*" && !arns.iter().any(|known| known == arn) {
            arns.push(arn.to_owned());
        }
    }
    arns
}

/// The record of an API call, as JSON.
pub(crate) fn api_call(
    service: &ServiceModel,
    operation: &OperationModel,
    read_only: bool,
    request: &RequestContext,
    parameters: Option<&str>,
    resources: &[String],
    outcome: &Outcome<'_>,
) -> String {
    let account = request.caller.account;
    let arn = &*request.caller.arn;
    let identity = match &request.caller.principal {
        Principal::Root { account } => {
            Identity::Root { account: *account, arn, access_key_id: request.caller.access_key_id.as_str() }
        }
        Principal::Service => Identity::Service { account: &account },
    };
    let resources: Vec<Resource<'_>> =
        resources.iter().map(|arn| Resource { account, kind: resource_type(arn), arn }).collect();
    let (response, error) = match outcome {
        Outcome::Done { response } => (response.as_deref(), None),
        Outcome::Refused { code, message } => (None, Some((*code, *message))),
    };
    Record {
        kind: EventKind::ApiCall,
        identity,
        at: request.received_at,
        source: service.event_source,
        name: operation.name,
        region: request.region.as_str(),
        source_ip: &request.source_ip_text,
        user_agent: &request.user_agent,
        error,
        request_parameters: parameters,
        response_elements: response,
        additional_event_data: None,
        request_id: Some(request.request_id),
        event_id: request.event_id,
        read_only,
        resources: &resources,
        recipient: account,
        service_event_details: None,
        tls_host: request.secure_transport.then_some(request.host.as_str()),
    }
    .to_json()
}

/// CloudTrail's type of a resource, by its ARN.
fn resource_type(arn: &str) -> &'static str {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    let kind = resource.split(['/', ':']).next().unwrap_or_default();
    match (service, kind) {
        ("iam", "user") => "AWS::IAM::User",
        ("iam", "role") => "AWS::IAM::Role",
        ("iam", "group") => "AWS::IAM::Group",
        ("iam", "policy") => "AWS::IAM::Policy",
        ("iam", "mfa") => "AWS::IAM::VirtualMFADevice",
        ("iam", _) => "AWS::IAM::Resource",
        ("sts", _) => "AWS::STS::AssumedRole",
        (_, "alias") => "AWS::KMS::Alias",
        (_, _) => "AWS::KMS::Key",
    }
}

/// The record of a request, as it goes into the commit that it tells of.
pub(crate) fn row(app: &App, request: &RequestContext, record: String) -> AuditRecord {
    AuditRecord { event_id: request.event_id, node_id: app.node, at: request.received_at, record }
}

#[cfg(test)]
mod tests {
    use super::resource_type;

    #[test]
    fn types_of_resources() {
        let check = |arn: &str, kind: &str| assert_eq!(resource_type(arn), kind, "{arn}");
        check("arn:aws:kms:eu-central-1:111122223333:key/1234", "AWS::KMS::Key");
        check("arn:aws:kms:eu-central-1:111122223333:alias/iam:user/x", "AWS::KMS::Alias");
        check("arn:aws:iam::111122223333:user/division/Bob", "AWS::IAM::User");
        check("arn:aws:iam::111122223333:role/app", "AWS::IAM::Role");
        check("arn:aws:iam::111122223333:policy/p", "AWS::IAM::Policy");
        check("arn:aws:iam::111122223333:root", "AWS::IAM::Resource");
        check("arn:aws:sts::111122223333:assumed-role/app/session", "AWS::STS::AssumedRole");
    }
}
