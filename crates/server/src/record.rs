//! A request as the trail shows it: CloudTrail's record of an API call.

use crate::app::App;
use keywright_auth::{Check, RequestContext, SessionOf, Via};
use keywright_aws::{OperationModel, ServiceModel};
use keywright_store::AuditRecord;
use keywright_trail::{EventKind, Identity, Record, Resource, SessionContext, SessionIssuer};
use keywright_types::{AccountId, Principal};

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
    let identity = identity(request);
    let resources: Vec<Resource<'_>> = resources
        .iter()
        .map(|arn| Resource { account: owner(arn, account), kind: resource_type(arn), arn })
        .collect();
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

/// The account that an ARN names.
fn owner(arn: &str, caller: AccountId) -> AccountId {
    arn.split(':').nth(4).and_then(|account| AccountId::parse(account).ok()).unwrap_or(caller)
}

/// Who called, as CloudTrail names it.
fn identity(request: &RequestContext) -> Identity<'_> {
    let caller = &request.caller;
    let session = caller.session.as_deref().map(|session| SessionContext {
        created_at: session.issued_at(),
        mfa: session.mfa_at().is_some(),
        issuer: match &caller.principal {
            Principal::RoleSession { account, role_id, role_name, role_arn, .. } => Some(SessionIssuer {
                account: *account,
                id: role_id.as_str(),
                arn: role_arn,
                name: role_name,
            }),
            Principal::Root { .. }
            | Principal::User { .. }
            | Principal::Federated { .. }
            | Principal::Service => None,
        },
        source_identity: match &session.facts.of {
            SessionOf::Role { source_identity, .. } => source_identity.as_deref(),
            SessionOf::User { .. } => None,
        },
    });
    let access_key_id = caller.access_key_id.as_str();
    let invoked_by = request.via.map(Via::service);
    match &caller.principal {
        Principal::Root { account } => {
            Identity::Root { account: *account, arn: &caller.arn, access_key_id, session, invoked_by }
        }
        Principal::User { account, user_id, name, arn } => Identity::User {
            account: *account,
            user_id: user_id.as_str(),
            name,
            arn,
            access_key_id,
            session,
            invoked_by,
        },
        Principal::RoleSession { account, role_id, session_name, arn, .. } => Identity::AssumedRole {
            account: *account,
            role_id: role_id.as_str(),
            session_name,
            arn,
            access_key_id,
            session,
            invoked_by,
        },
        Principal::Federated { provider, id, .. } => Identity::WebIdentity { id, provider },
        Principal::Service => Identity::Service { account: &caller.account },
    }
}

/// CloudTrail's type of a resource, by its ARN.
fn resource_type(arn: &str) -> &'static str {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    let kind = resource.split('/').next().unwrap_or_default();
    match (service, kind) {
        ("kms", "alias") => "AWS::KMS::Alias",
        ("iam", "user") => "AWS::IAM::User",
        ("iam", "group") => "AWS::IAM::Group",
        ("iam", "role") => "AWS::IAM::Role",
        ("iam", "policy") => "AWS::IAM::Policy",
        ("iam", "mfa") => "AWS::IAM::VirtualMFADevice",
        ("iam", _) => "AWS::IAM::Resource",
        ("sts", _) => "AWS::STS::AssumedRole",
        ("secretsmanager", _) => "AWS::SecretsManager::Secret",
        _ => "AWS::KMS::Key",
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
