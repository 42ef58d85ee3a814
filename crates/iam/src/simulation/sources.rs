//! The policies of a simulation, with what answers call them.

use super::Caller;
use super::invalid_input;
use crate::error::IamError;
use crate::service::Iam;
use keywright_auth::identities::{
    EntityKind, PolicySource, find_group, find_role, find_user, parse_entity_arn,
};
use keywright_auth::{Check, Protected, RequestContext, ServiceError as _, View};
use keywright_aws::iam::{PolicySourceType, Position, Statement};
use keywright_policy::{Document, Kind, Place, Written};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Where a policy comes from, as exclusions name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Given with the simulation.
    Input,
    Managed {
        arn: String,
    },
    Inline {
        name: String,
        entity: String,
    },
    /// The boundary of the principal.
    Boundary {
        arn: String,
    },
}

/// One policy.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) id: String,
    pub(crate) kind: PolicySourceType,
    pub(crate) origin: Origin,
    pub(crate) document: Arc<Document>,
    written: OnceLock<Vec<Written>>,
}

impl Source {
    pub(crate) fn new(id: String, kind: PolicySourceType, origin: Origin, document: Arc<Document>) -> Self {
        Self { id, kind, origin, document, written: OnceLock::new() }
    }

    /// # Errors
    /// InvalidInput, with the policy's name and the fault.
    pub(crate) fn parse(
        id: String,
        kind: PolicySourceType,
        origin: Origin,
        text: &str,
        form: Kind,
    ) -> Result<Self, IamError> {
        let document = Document::parse(text, form)
            .map_err(|fault| invalid_input(format!("Invalid policy document {id}. {fault}")))?;
        Ok(Self::new(id, kind, origin, Arc::new(document)))
    }

    pub(crate) fn written(&self) -> &[Written] {
        self.written.get_or_init(|| self.document.written())
    }

    /// The statement as an answer names it.
    pub(crate) fn statement(&self, index: usize) -> Statement {
        let written = self.written().get(index);
        Statement {
            source_policy_id: Some(self.id.clone()),
            source_policy_type: Some(self.kind),
            start_position: written.map(|written| position(written.reported_start)),
            end_position: written.map(|written| position(written.end)),
        }
    }
}

fn position(place: Place) -> Position {
    let number = |number: usize| i32::try_from(number).ok();
    Position { line: number(place.line), column: number(place.column) }
}

/// Policies that are given as texts: `PolicyInputList.1` and so on.
///
/// # Errors
/// InvalidInput.
pub(crate) fn inputs(list: &str, texts: Vec<String>) -> Result<Vec<Source>, IamError> {
    texts
        .iter()
        .enumerate()
        .map(|(at, text)| {
            let id = format!("{list}.{}", at + 1);
            Source::parse(id, PolicySourceType::None, Origin::Input, text, Kind::Identity)
        })
        .collect()
}

/// The condition keys that policies speak of, as written, each once.
pub(crate) fn keys_of<'a>(sources: impl Iterator<Item = &'a Source>) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    for key in sources.flat_map(|source| source.written()).flat_map(|written| &written.keys) {
        if known.insert(key.to_ascii_lowercase()) {
            keys.push(key.clone());
        }
    }
    keys
}

/// The principal whose policies are asked about.
pub struct PolicySourceFacts {
    pub(crate) caller: Caller,
    found: Option<Found>,
}

struct Found {
    policies: Vec<Source>,
    boundary: Option<Source>,
}

impl PolicySourceFacts {
    /// May the caller look at the principal's policies?
    pub(crate) fn check(&self, action: &'static str) -> Check {
        Check { action, protected: Protected::ByIdentity { arn: self.caller.arn.to_string() } }
    }

    /// Its policies and its boundary.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub(crate) fn get(&self) -> Result<(&[Source], Option<&Source>), IamError> {
        match &self.found {
            Some(found) => Ok((&found.policies, found.boundary.as_ref())),
            None => {
                let kind = match self.caller.kind {
                    EntityKind::Group => "group",
                    EntityKind::Role => "role",
                    _ => "user",
                };
                let name = self.caller.arn.rsplit('/').next().unwrap_or_default();
                Err(IamError::no_such(kind, name))
            }
        }
    }
}

/// # Errors
/// InvalidInput for what is no user, group or role.
pub(crate) fn parse_policy_source(arn: &str) -> Result<Caller, IamError> {
    Caller::parse(arn)
}

/// Reads the principal's policies; one of another account, or with another path, is none.
///
/// # Errors
/// The store's.
pub(crate) async fn find_policy_source(
    view: View<'_, Iam>,
    request: &RequestContext,
    caller: &Caller,
) -> Result<PolicySourceFacts, IamError> {
    let found = if caller.account == request.caller.account { load(view, caller).await? } else { None };
    Ok(PolicySourceFacts { caller: caller.clone(), found })
}

async fn load(view: View<'_, Iam>, caller: &Caller) -> Result<Option<Found>, IamError> {
    let Some(parts) = parse_entity_arn(&caller.arn, caller.kind) else { return Ok(None) };
    let (store, identities) = (view.store, &view.service.identities);
    let (id, boundary) = match caller.kind {
        EntityKind::User => match find_user(store, caller.account, parts.name).await {
            Ok(Some(user)) if *user.row.arn() == *caller.arn => (user.row.user_id, user.row.boundary),
            Ok(_) => return Ok(None),
            Err(fault) => return Err(IamError::from_store(fault)),
        },
        EntityKind::Role => match find_role(store, caller.account, parts.name).await {
            Ok(Some(role)) if *role.row.arn() == *caller.arn => (role.row.role_id, role.row.boundary),
            Ok(_) => return Ok(None),
            Err(fault) => return Err(IamError::from_store(fault)),
        },
        _ => return load_group(view, caller, parts.name).await,
    };
    let rights = identities.find(store, caller.account, &id, true).await.map_err(IamError::from_store)?;
    let Some(rights) = rights else { return Ok(None) };
    let policies = rights.policies.iter().map(|policy| attached(&policy.source, &policy.document)).collect();
    let boundary = boundary.zip(rights.boundary.clone()).map(|(arn, document)| {
        let kind = managed_kind(&arn);
        Source::new(last(&arn), kind, Origin::Boundary { arn }, document)
    });
    Ok(Some(Found { policies, boundary }))
}

async fn load_group(view: View<'_, Iam>, caller: &Caller, name: &str) -> Result<Option<Found>, IamError> {
    let found = find_group(view.store, caller.account, name).await.map_err(IamError::from_store)?;
    let Some(group) = found.map(|found| found.row).filter(|row| *row.arn() == *caller.arn) else {
        return Ok(None);
    };
    let identities = &view.service.identities;
    let mut policies = Vec::new();
    for (name, text) in &group.inline.0 {
        let source = PolicySource::Inline { name: name.clone(), entity: group.arn() };
        policies.push(attached(&source, &identities.compile(text).map_err(IamError::from_store)?));
    }
    for arn in &group.attached.0 {
        let source = PolicySource::Managed { arn: arn.clone(), entity: group.arn() };
        let document = identities.managed(view.store, arn).await.map_err(IamError::from_store)?;
        policies.push(attached(&source, &document));
    }
    Ok(Some(Found { policies, boundary: None }))
}

fn attached(source: &PolicySource, document: &Arc<Document>) -> Source {
    let document = Arc::clone(document);
    match source {
        PolicySource::Managed { arn, .. } => {
            Source::new(last(arn), managed_kind(arn), Origin::Managed { arn: arn.clone() }, document)
        }
        PolicySource::Inline { name, entity } => {
            let kind = if entity.contains(":group/") {
                PolicySourceType::Group
            } else if entity.contains(":role/") {
                PolicySourceType::Role
            } else {
                PolicySourceType::User
            };
            let origin = Origin::Inline { name: name.clone(), entity: entity.clone() };
            Source::new(name.clone(), kind, origin, document)
        }
    }
}

fn managed_kind(arn: &str) -> PolicySourceType {
    if arn.contains(":iam::aws:") { PolicySourceType::AwsManaged } else { PolicySourceType::UserManaged }
}

/// The name in an ARN.
fn last(arn: &str) -> String {
    arn.rsplit('/').next().unwrap_or_default().to_owned()
}
