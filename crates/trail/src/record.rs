//! Records in CloudTrail's shape, member for member and in its order.
//!
//! A record is built from named fields and from JSON that was written from allow-listed members; there is
//! no way to put a whole request into it.
//! Source: CloudTrail User Guide, "CloudTrail record contents"; KMS Developer Guide, "Logging".

use keywright_types::{AccountId, EventId, RequestId, Timestamp};

/// CloudTrail's version of the record's shape.
const EVENT_VERSION: &str = "1.11";
/// Longer texts from clients are cut, as CloudTrail does.
const USER_AGENT_BYTES_MAX: usize = 1024;

/// Who acted.
#[derive(Debug, Clone, Copy)]
pub enum Identity<'a> {
    /// The root user of an account.
    Root {
        account: AccountId,
        arn: &'a str,
        access_key_id: &'a str,
        session: Option<SessionContext<'a>>,
        /// The service that acted for the caller, by its name in addresses.
        invoked_by: Option<&'a str>,
    },
    User {
        account: AccountId,
        user_id: &'a str,
        name: &'a str,
        arn: &'a str,
        access_key_id: &'a str,
        session: Option<SessionContext<'a>>,
        invoked_by: Option<&'a str>,
    },
    AssumedRole {
        account: AccountId,
        role_id: &'a str,
        session_name: &'a str,
        /// The session's.
        arn: &'a str,
        access_key_id: &'a str,
        session: Option<SessionContext<'a>>,
        invoked_by: Option<&'a str>,
    },
    /// Somebody of another account, as that one's resources' owner sees it.
    OtherAccount { account: AccountId, principal_id: &'a str },
    /// Somebody whom a provider of identities vouches for.
    WebIdentity {
        /// `provider:audience:subject`.
        id: &'a str,
        provider: &'a str,
    },
    /// The service by itself.
    Service { account: &'a AccountId },
    /// A service of ours that calls another one by itself.
    ServicePrincipal {
        /// Such as `secretsmanager.amazonaws.com`.
        name: &'a str,
    },
}

/// The session of temporary credentials.
#[derive(Debug, Clone, Copy)]
pub struct SessionContext<'a> {
    pub created_at: Timestamp,
    pub mfa: bool,
    /// The role that was assumed; none for sessions of a user or of root.
    pub issuer: Option<SessionIssuer<'a>>,
    pub source_identity: Option<&'a str>,
}

/// The role behind a session.
#[derive(Debug, Clone, Copy)]
pub struct SessionIssuer<'a> {
    pub account: AccountId,
    pub id: &'a str,
    pub arn: &'a str,
    pub name: &'a str,
}

/// What kind of event a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    ApiCall,
    ServiceEvent,
}

/// A resource that an event touched.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    pub account: AccountId,
    /// CloudFormation's name of the type, such as `AWS::KMS::Key`.
    pub kind: &'a str,
    pub arn: &'a str,
}

/// One record. Texts of the fields that hold JSON must be JSON.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    pub kind: EventKind,
    pub identity: Identity<'a>,
    pub at: Timestamp,
    /// Such as `kms.amazonaws.com`.
    pub source: &'a str,
    pub name: &'a str,
    pub region: &'a str,
    pub source_ip: &'a str,
    pub user_agent: &'a str,
    /// Code and text of a refusal.
    pub error: Option<(&'a str, Option<&'a str>)>,
    /// JSON.
    pub request_parameters: Option<&'a str>,
    /// JSON.
    pub response_elements: Option<&'a str>,
    /// JSON.
    pub additional_event_data: Option<&'a str>,
    pub request_id: Option<RequestId>,
    pub event_id: EventId,
    pub read_only: bool,
    pub resources: &'a [Resource<'a>],
    pub recipient: AccountId,
    /// What the records of one call have in common that more than one account gets.
    pub shared_event_id: Option<EventId>,
    /// JSON.
    pub service_event_details: Option<&'a str>,
    /// The host that the client named, when the connection was TLS.
    pub tls_host: Option<&'a str>,
}

const SERVICE: &str = "AWS Internal";

impl<'a> Record<'a> {
    /// A record of something that the service did by itself; the caller fills in what and to what.
    #[must_use]
    pub fn service_event(account: &'a AccountId, at: Timestamp, event_id: EventId) -> Self {
        Self {
            kind: EventKind::ServiceEvent,
            identity: Identity::Service { account },
            at,
            source: "",
            name: "",
            region: "",
            source_ip: SERVICE,
            user_agent: SERVICE,
            error: None,
            request_parameters: None,
            response_elements: None,
            additional_event_data: None,
            request_id: None,
            event_id,
            read_only: false,
            resources: &[],
            recipient: *account,
            shared_event_id: None,
            service_event_details: None,
            tls_host: None,
        }
    }

    /// The record as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1536);
        out.push_str("{\"eventVersion\":\"");
        out.push_str(EVENT_VERSION);
        out.push_str("\",\"userIdentity\":");
        self.push_identity(&mut out);
        push(&mut out, "eventTime", &self.at.rfc3339());
        push(&mut out, "eventSource", self.source);
        push(&mut out, "eventName", self.name);
        push(&mut out, "awsRegion", self.region);
        push(&mut out, "sourceIPAddress", self.source_ip);
        push(&mut out, "userAgent", bounded(self.user_agent));
        if let Some((code, message)) = self.error {
            push(&mut out, "errorCode", code);
            if let Some(message) = message {
                push(&mut out, "errorMessage", message);
            }
        }
        push_json(&mut out, "requestParameters", self.request_parameters.unwrap_or("null"));
        push_json(&mut out, "responseElements", self.response_elements.unwrap_or("null"));
        if let Some(data) = self.additional_event_data {
            push_json(&mut out, "additionalEventData", data);
        }
        if let Some(id) = self.request_id {
            push_plain(&mut out, "requestID", id.encode(&mut [0; 36]));
        }
        push_plain(&mut out, "eventID", self.event_id.encode(&mut [0; 36]));
        push_json(&mut out, "readOnly", if self.read_only { "true" } else { "false" });
        if !self.resources.is_empty() {
            self.push_resources(&mut out);
        }
        push(
            &mut out,
            "eventType",
            match self.kind {
                EventKind::ApiCall => "AwsApiCall",
                EventKind::ServiceEvent => "AwsServiceEvent",
            },
        );
        push_json(&mut out, "managementEvent", "true");
        push(&mut out, "recipientAccountId", self.recipient.as_str());
        if let Some(id) = self.shared_event_id {
            push_plain(&mut out, "sharedEventID", id.encode(&mut [0; 36]));
        }
        if let Some(details) = self.service_event_details {
            push_json(&mut out, "serviceEventDetails", details);
        }
        push(&mut out, "eventCategory", "Management");
        if let Some(host) = self.tls_host {
            out.push_str(",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\"");
            push(&mut out, "clientProvidedHostHeader", host);
            out.push('}');
        }
        out.push('}');
        out
    }

    fn push_identity(&self, out: &mut String) {
        match self.identity {
            Identity::OtherAccount { account, principal_id } => {
                out.push_str("{\"type\":\"AWSAccount\"");
                push(out, "principalId", principal_id);
                push(out, "accountId", account.as_str());
            }
            Identity::Root { account, arn, access_key_id, session, invoked_by } => {
                out.push_str("{\"type\":\"Root\"");
                push(out, "principalId", account.as_str());
                push(out, "arn", arn);
                push(out, "accountId", account.as_str());
                push(out, "accessKeyId", access_key_id);
                push_session(out, session, invoked_by);
            }
            Identity::User { account, user_id, name, arn, access_key_id, session, invoked_by } => {
                out.push_str("{\"type\":\"IAMUser\"");
                push(out, "principalId", user_id);
                push(out, "arn", arn);
                push(out, "accountId", account.as_str());
                push(out, "accessKeyId", access_key_id);
                push(out, "userName", name);
                push_session(out, session, invoked_by);
            }
            Identity::AssumedRole {
                account,
                role_id,
                session_name,
                arn,
                access_key_id,
                session,
                invoked_by,
            } => {
                out.push_str("{\"type\":\"AssumedRole\",\"principalId\":\"");
                out.push_str(role_id);
                out.push(':');
                // A session's name has no character that needs an escape (STS API Reference, RoleSessionName).
                out.push_str(session_name);
                out.push('"');
                push(out, "arn", arn);
                push(out, "accountId", account.as_str());
                push(out, "accessKeyId", access_key_id);
                push_session(out, session, invoked_by);
            }
            Identity::WebIdentity { id, provider } => {
                out.push_str("{\"type\":\"WebIdentityUser\"");
                push(out, "principalId", id);
                push(out, "identityProvider", provider);
            }
            Identity::ServicePrincipal { name } => {
                out.push_str("{\"type\":\"AWSService\"");
                push(out, "invokedBy", name);
            }
            Identity::Service { account } => {
                out.push_str("{\"accountId\":\"");
                out.push_str(account.as_str());
                out.push('"');
                push(out, "invokedBy", SERVICE);
            }
        }
        out.push('}');
    }

    fn push_resources(&self, out: &mut String) {
        out.push_str(",\"resources\":[");
        for (at, resource) in self.resources.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str("{\"accountId\":\"");
            out.push_str(resource.account.as_str());
            out.push('"');
            push(out, "type", resource.kind);
            push(out, "ARN", resource.arn);
            out.push('}');
        }
        out.push(']');
    }
}

/// `sessionContext` and `invokedBy`, where there are any.
fn push_session(out: &mut String, session: Option<SessionContext<'_>>, invoked_by: Option<&str>) {
    if let Some(session) = session {
        out.push_str(",\"sessionContext\":{");
        if let Some(issuer) = session.issuer {
            out.push_str("\"sessionIssuer\":{\"type\":\"Role\"");
            push(out, "principalId", issuer.id);
            push(out, "arn", issuer.arn);
            push(out, "accountId", issuer.account.as_str());
            push(out, "userName", issuer.name);
            out.push_str("},");
        }
        out.push_str("\"attributes\":{\"creationDate\":\"");
        out.push_str(&session.created_at.rfc3339());
        out.push_str("\",\"mfaAuthenticated\":\"");
        out.push_str(if session.mfa { "true" } else { "false" });
        out.push_str("\"}");
        if let Some(identity) = session.source_identity {
            push(out, "sourceIdentity", identity);
        }
        out.push('}');
    }
    if let Some(service) = invoked_by {
        out.push_str(",\"invokedBy\":\"");
        out.push_str(service);
        out.push_str(".amazonaws.com\"");
    }
}

fn push(out: &mut String, member: &str, text: &str) {
    out.push_str(",\"");
    out.push_str(member);
    out.push_str("\":");
    push_text(out, text);
}

fn push_json(out: &mut String, member: &str, json: &str) {
    out.push_str(",\"");
    out.push_str(member);
    out.push_str("\":");
    out.push_str(json);
}

/// For ids, whose text needs no escape.
fn push_plain(out: &mut String, member: &str, id: &str) {
    for part in [",\"", member, "\":\"", id, "\""] {
        out.push_str(part);
    }
}

/// A JSON string; control characters, line ends among them, are escaped.
fn push_text(out: &mut String, text: &str) {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::to_string(text).expect("text serialises"));
    }
}

fn bounded(text: &str) -> &str {
    if text.len() <= USER_AGENT_BYTES_MAX {
        return text;
    }
    let end = (0..=USER_AGENT_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}
