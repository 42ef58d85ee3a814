//! The condition keys that every request has: `aws:…`, and KMS's for who calls and through whom.
//!
//! Source: IAM User Guide, "AWS global condition context keys"; Service Authorization Reference for KMS.

use crate::context::RequestContext;
use crate::session::{Session, SessionOf};
use crate::web_identity::claim_name;
use keywright_policy::{ConditionValue, Context};
use keywright_types::{Principal, Tags};

/// The condition keys of a request: the global ones, and those of the service.
pub(crate) struct RequestKeys<'a> {
    pub(crate) request: &'a RequestContext,
    pub(crate) service: &'a dyn Fn(&str) -> ConditionValue<'a>,
}

impl Context for RequestKeys<'_> {
    fn value(&self, name: &str) -> ConditionValue<'_> {
        if let Some(found) = self.of_provider(name) {
            return found;
        }
        // Of the global keys the operation knows those that depend on it, such as `aws:RequestTag`.
        match name.split_once(':') {
            // A second factor that comes with the request itself (AssumeRole) counts before the session's.
            Some(("aws", "multifactorauthpresent" | "multifactorauthage")) => match (self.service)(name) {
                ConditionValue::Absent => self.global(name),
                found => found,
            },
            Some(("aws", _)) => match self.global(name) {
                ConditionValue::Absent => (self.service)(name),
                found => found,
            },
            Some(("kms", "calleraccount" | "viaservice")) => self.of_kms(name),
            _ => (self.service)(name),
        }
    }
}

impl RequestKeys<'_> {
    /// `HOST/PATH:claim`: what a provider of identities says of the caller; of a session made so, subject and audience.
    fn of_provider(&self, name: &str) -> Option<ConditionValue<'_>> {
        let caller = &self.request.caller;
        if let Some(identity) = caller.web_identity.as_deref() {
            return identity.condition(name);
        }
        let SessionOf::Role { federated: Some(federated), .. } = &caller.session.as_deref()?.facts.of else {
            return None;
        };
        match claim_name(&federated.provider, name)? {
            "sub" => Some(ConditionValue::Single(federated.subject.as_str().into())),
            "aud" => Some(ConditionValue::Single(federated.audience.as_str().into())),
            _ => Some(ConditionValue::Absent),
        }
    }

    fn of_kms(&self, name: &str) -> ConditionValue<'_> {
        let request = self.request;
        match (name, request.via) {
            ("kms:viaservice", Some(via)) => {
                ConditionValue::Single(format!("{}.{}.amazonaws.com", via.service(), request.region).into())
            }
            ("kms:viaservice", None) => ConditionValue::Absent,
            _ => ConditionValue::Single(request.caller.account.as_str().into()),
        }
    }

    fn global(&self, name: &str) -> ConditionValue<'_> {
        let request = self.request;
        let caller = &request.caller;
        let session = caller.session.as_deref();
        if let Some(tag) = name.strip_prefix("aws:principaltag/") {
            return principal_tag(session.and_then(Session::tags), &caller.rights.tags, tag);
        }
        match name {
            "aws:principalarn" => match &caller.principal {
                // For a session the role's ARN, so that one condition fits all of its sessions.
                Principal::RoleSession { role_arn, .. } => ConditionValue::Single((&**role_arn).into()),
                Principal::Root { .. } | Principal::User { .. } => {
                    ConditionValue::Single((&*caller.arn).into())
                }
                Principal::Federated { .. } | Principal::Service { .. } => ConditionValue::Absent,
            },
            "aws:principalaccount" => match &caller.principal {
                Principal::Federated { .. } | Principal::Service { .. } => ConditionValue::Absent,
                _ => ConditionValue::Single(caller.account.as_str().into()),
            },
            "aws:userid" => match &caller.principal {
                Principal::Root { account } => ConditionValue::Single(account.as_str().into()),
                Principal::User { user_id, .. } => ConditionValue::Single(user_id.as_str().into()),
                Principal::RoleSession { role_id, session_name, .. } => {
                    ConditionValue::Single(format!("{role_id}:{session_name}").into())
                }
                Principal::Federated { id, .. } => ConditionValue::Single((&**id).into()),
                Principal::Service { .. } => ConditionValue::Absent,
            },
            "aws:username" => match &caller.principal {
                Principal::User { name, .. } => ConditionValue::Single((&**name).into()),
                _ => ConditionValue::Absent,
            },
            "aws:principaltype" => match &caller.principal {
                Principal::Root { .. } => ConditionValue::Single("Account".into()),
                Principal::User { .. } => ConditionValue::Single("User".into()),
                Principal::RoleSession { .. } => ConditionValue::Single("AssumedRole".into()),
                Principal::Federated { .. } => ConditionValue::Single("WebIdentityUser".into()),
                Principal::Service { .. } => ConditionValue::Absent,
            },
            "aws:principalisawsservice" => {
                ConditionValue::Bool(matches!(caller.principal, Principal::Service { .. }))
            }
            "aws:requestedregion" => ConditionValue::Single(request.region.as_str().into()),
            // A service that acts for the caller hides where the caller is, as AWS does.
            "aws:sourceip" if request.via.is_none() => {
                ConditionValue::Single((&*request.source_ip_text).into())
            }
            "aws:securetransport" => ConditionValue::Bool(request.secure_transport),
            "aws:useragent" => ConditionValue::Single(request.user_agent.as_str().into()),
            "aws:currenttime" => ConditionValue::Single(request.received_at.rfc3339().into()),
            "aws:epochtime" => ConditionValue::Number(request.received_at.as_seconds()),
            "aws:viaawsservice" => ConditionValue::Bool(request.via.is_some()),
            "aws:calledvia" => request
                .via
                .map_or(ConditionValue::Absent, |via| ConditionValue::Multi(vec![called_via(via.service())])),
            "aws:calledviafirst" | "aws:calledvialast" => request.via.map_or(ConditionValue::Absent, |via| {
                ConditionValue::Single(called_via(via.service()).into())
            }),
            "aws:tokenissuetime" => session.map_or(ConditionValue::Absent, |session| {
                ConditionValue::Single(session.issued_at().rfc3339().into())
            }),
            // Only temporary credentials have it (IAM User Guide: "not present" for long-term keys).
            "aws:multifactorauthpresent" => session
                .map_or(ConditionValue::Absent, |session| ConditionValue::Bool(session.mfa_at().is_some())),
            "aws:multifactorauthage" => {
                session.and_then(Session::mfa_at).map_or(ConditionValue::Absent, |at| {
                    ConditionValue::Number(request.received_at.as_seconds() - at.as_seconds())
                })
            }
            "aws:sourceidentity" => match session.map(|session| &session.facts.of) {
                Some(SessionOf::Role { source_identity: Some(identity), .. }) => {
                    ConditionValue::Single(identity.as_str().into())
                }
                _ => ConditionValue::Absent,
            },
            "aws:federatedprovider" => match (&caller.principal, session.map(|session| &session.facts.of)) {
                (Principal::Federated { provider, .. }, _) => ConditionValue::Single((&**provider).into()),
                (_, Some(SessionOf::Role { federated: Some(federated), .. })) => {
                    ConditionValue::Single(federated.provider.as_str().into())
                }
                _ => ConditionValue::Absent,
            },
            _ => ConditionValue::Absent,
        }
    }
}

/// Names of the form that `aws:CalledVia` has: `secretsmanager.amazonaws.com`.
fn called_via(service: &'static str) -> &'static str {
    match service {
        "secretsmanager" => "secretsmanager.amazonaws.com",
        "lambda" => "lambda.amazonaws.com",
        "events" => "events.amazonaws.com",
        other => other,
    }
}

/// Session tags win over the identity's own; names ignore case.
fn principal_tag<'a>(session: Option<&'a Tags>, own: &'a Tags, name: &str) -> ConditionValue<'a> {
    session
        .and_then(|tags| find_tag(tags, name))
        .or_else(|| find_tag(own, name))
        .map_or(ConditionValue::Absent, |value| ConditionValue::Single(value.into()))
}

fn find_tag<'a>(tags: &'a Tags, name: &str) -> Option<&'a str> {
    tags.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
