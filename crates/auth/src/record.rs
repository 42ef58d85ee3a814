//! A request as the trail shows it: CloudTrail's record of an API call.

use crate::context::{RequestContext, Via};
use crate::operation::Check;
use crate::session::SessionOf;
use keywright_aws::{OperationModel, ServiceModel};
use keywright_store::AuditRecord;
use keywright_trail::{EventKind, Identity, Record, Resource, SessionContext, SessionIssuer};
use keywright_types::{AccountId, EventId, NodeId, Principal, Rng, UniqueId};

/// How a request ended, as far as the trail tells.
enum Outcome<'a> {
    /// Done; the allowed members of the answer, as JSON, for changes.
    Done {
        response: Option<String>,
    },
    Refused {
        code: &'a str,
        message: Option<&'a str>,
    },
}

/// What a record needs beside the call: whose trail it goes to, and fresh ids.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    pub node: NodeId,
    pub rng: &'a dyn Rng,
}

/// The ARNs that a request asked for, each once, in order.
#[must_use]
pub fn resources(checks: &[Check]) -> Vec<String> {
    let mut arns: Vec<String> = Vec::with_capacity(checks.len());
    for check in checks {
        let arn = check.protected.arn();
        if arn != "*" && !arns.iter().any(|known| known == arn) {
            arns.push(arn.to_owned());
        }
    }
    arns
}

/// The records of an API call that was done: the caller's account's, and one for each other account whose resource it
/// used (KMS Developer Guide, "Logging: cross-account"; CloudTrail User Guide, `sharedEventID`).
#[must_use]
pub fn api_call_done(
    writer: Writer<'_>,
    call: ApiCall<'_>,
    request: &RequestContext,
    resources: &[String],
    response: Option<String>,
) -> Vec<AuditRecord> {
    let own = request.caller.account;
    let mut others: Vec<AccountId> = Vec::new();
    for account in resources.iter().map(|arn| owner(arn, own)).filter(|account| *account != own) {
        if !others.contains(&account) {
            others.push(account);
        }
    }
    let fresh = || EventId::from_random(writer.rng.array());
    let shared = (!others.is_empty()).then(fresh);
    let outcome = Outcome::Done { response };
    let text = write(&call, request, resources, &outcome, (own, request.event_id, shared));
    let mut records = vec![row(writer.node, request, text)];
    for account in others {
        let event_id = fresh();
        // Each owner hears of its own resources.
        let theirs: Vec<String> =
            resources.iter().filter(|arn| owner(arn, own) == account).cloned().collect();
        let text = write(&call, request, &theirs, &outcome, (account, event_id, shared));
        records.push(AuditRecord { event_id, ..row(writer.node, request, text) });
    }
    records
}

/// Which call it was, and with what.
#[derive(Clone, Copy)]
pub struct ApiCall<'a> {
    pub service: &'a ServiceModel,
    pub operation: &'a OperationModel,
    pub read_only: bool,
    /// JSON of the allowed members.
    pub parameters: Option<&'a str>,
}

/// The record of an API call that was refused, as JSON.
#[must_use]
pub fn api_call_refused(
    call: ApiCall<'_>,
    request: &RequestContext,
    resources: &[String],
    (code, message): (&str, Option<&str>),
) -> String {
    let outcome = Outcome::Refused { code, message };
    // A denied call across accounts is the caller's account's alone.
    write(&call, request, resources, &outcome, (request.caller.account, request.event_id, None))
}

fn write(
    call: &ApiCall<'_>,
    request: &RequestContext,
    resources: &[String],
    outcome: &Outcome<'_>,
    (recipient, event_id, shared_event_id): (AccountId, EventId, Option<EventId>),
) -> String {
    let account = request.caller.account;
    let resources: Vec<Resource<'_>> = resources
        .iter()
        .map(|arn| Resource { account: owner(arn, account), kind: resource_type(arn), arn })
        .collect();
    let (response, error) = match outcome {
        Outcome::Done { response } => (response.as_deref(), None),
        Outcome::Refused { code, message } => (None, Some((*code, *message))),
    };
    let identity = if recipient == account {
        identity(request)
    } else {
        let principal_id = request.caller.principal.unique_id().map_or(account.as_str(), UniqueId::as_str);
        Identity::OtherAccount { account, principal_id }
    };
    Record {
        kind: EventKind::ApiCall,
        identity,
        at: request.received_at,
        source: call.service.event_source,
        name: call.operation.name,
        region: request.region.as_str(),
        source_ip: &request.source_ip_text,
        user_agent: &request.user_agent,
        error,
        request_parameters: call.parameters,
        response_elements: response,
        additional_event_data: None,
        request_id: Some(request.request_id),
        event_id,
        read_only: call.read_only,
        resources: &resources,
        recipient,
        shared_event_id,
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
            | Principal::Service { .. } => None,
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
        Principal::Service { name } => Identity::ServicePrincipal { name },
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
fn row(node_id: NodeId, request: &RequestContext, record: String) -> AuditRecord {
    AuditRecord { event_id: request.event_id, node_id, at: request.received_at, record }
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
