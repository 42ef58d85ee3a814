//! Principals as grants know them.

use crate::error::KmsError;
use keywright_auth::identities::{find_role_by_id, find_user_by_id, session_arn, unique_id_of};
use keywright_auth::{AccountRow, ServiceError as _};
use keywright_policy::Grant as Granted;
use keywright_store::{Column as _, Store, StoreError};
use keywright_types::{AccountId, PARTITION, Principal, UniqueId, root_arn};
use smallvec::SmallVec;
use std::sync::Arc;

/// A principal that a grant names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Party {
    /// As it is compared: a unique id, a role's unique id and a session's name, or the ARN of an account's root.
    pub(crate) name: Arc<str>,
    /// As it was given.
    pub(crate) arn: Arc<str>,
}

/// How a caller stands to the principal of a grant, the nearer first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// It is the principal, or a session of it.
    Itself,
    /// It is of the account.
    OfAccount,
}

impl From<Standing> for Granted {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Itself => Self::ToCaller,
            Standing::OfAccount => Self::ToAccount,
        }
    }
}

fn session_name(role_id: &UniqueId, session: &str) -> Arc<str> {
    format!("{role_id}:{session}").into()
}

/// Every name under which a grant may mean the caller, the nearest first.
pub(crate) fn parties_of(principal: &Principal) -> SmallVec<[(Arc<str>, Standing); 3]> {
    let mut names = SmallVec::new();
    match principal {
        Principal::Root { .. } => {}
        Principal::User { user_id, .. } => names.push((user_id.as_str().into(), Standing::Itself)),
        Principal::RoleSession { role_id, session_name: session, .. } => {
            names.push((session_name(role_id, session), Standing::Itself));
            names.push((role_id.as_str().into(), Standing::Itself));
        }
        Principal::Service { name } => {
            names.push(((*name).into(), Standing::Itself));
            return names;
        }
        Principal::Federated { .. } => return names,
    }
    let account = match principal {
        Principal::Root { account }
        | Principal::User { account, .. }
        | Principal::RoleSession { account, .. } => *account,
        Principal::Federated { .. } | Principal::Service { .. } => return names,
    };
    names.push((root_arn(account).into(), Standing::OfAccount));
    names
}

impl Party {
    pub(super) fn stored(name: String, arn: String) -> Self {
        Self { name: name.into(), arn: arn.into() }
    }

    /// A service of ours, which no client can name.
    pub(crate) fn service(name: &str) -> Self {
        Self { name: name.into(), arn: name.into() }
    }

    /// The principal behind an ARN: an account, or a user, role or session of a role that is on this server.
    ///
    /// # Errors
    /// InvalidArnException for any other text, also when what it names is not there.
    pub(crate) async fn find(store: &Store, arn: &str) -> Result<Self, KmsError> {
        let name = name_of(store, arn).await.map_err(KmsError::from_store)?;
        name.map(|name| Self { name, arn: arn.into() })
            .ok_or_else(|| KmsError::InvalidPrincipal { arn: arn.to_owned() })
    }

    /// The name of a principal that a list is asked for; a unique id means one that may be gone.
    ///
    /// # Errors
    /// As [`Party::find`].
    pub(crate) async fn find_name(store: &Store, text: &str) -> Result<Arc<str>, KmsError> {
        if UniqueId::parse(text).is_ok() {
            return Ok(text.into());
        }
        Self::find(store, text).await.map(|party| party.name)
    }

    pub(crate) fn standing(&self, principal: &Principal) -> Option<Standing> {
        parties_of(principal).into_iter().find(|(name, _)| *name == self.name).map(|(_, standing)| standing)
    }

    /// What lists show: the principal's ARN of today, or its unique id when it is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) async fn shown(&self, store: &Store) -> Result<String, StoreError> {
        if self.name == self.arn {
            return Ok(self.arn.to_string());
        }
        let (id, session) = match self.name.split_once(':') {
            Some((id, session)) => (id, Some(session)),
            None => (&*self.name, None),
        };
        let Ok(unique_id) = UniqueId::parse(id) else { return Ok(id.to_owned()) };
        if id.starts_with("AROA") {
            let Some(role) = find_role_by_id(store, &unique_id).await? else { return Ok(id.to_owned()) };
            return Ok(match session {
                Some(session) => session_arn(role.row.account, &role.row.name, session).to_string(),
                None => role.row.arn(),
            });
        }
        Ok(find_user_by_id(store, &unique_id).await?.map_or_else(|| id.to_owned(), |user| user.row.arn()))
    }
}

async fn name_of(store: &Store, arn: &str) -> Result<Option<Arc<str>>, StoreError> {
    if let Some(account) = account_of_root(arn) {
        let known = store.find::<AccountRow>(&[account.to_value()]).await?.is_some();
        return Ok(known.then(|| arn.into()));
    }
    let Some(id) = unique_id_of(store, arn).await? else { return Ok(None) };
    Ok(Some(match session_of(arn) {
        Some(session) => session_name(&id, session),
        None => id.as_str().into(),
    }))
}

fn account_of_root(arn: &str) -> Option<AccountId> {
    let rest = arn.strip_prefix("arn:")?.strip_prefix(PARTITION)?.strip_prefix(":iam::")?;
    AccountId::parse(rest.strip_suffix(":root")?).ok()
}

/// The session's name in the ARN of one.
fn session_of(arn: &str) -> Option<&str> {
    let (_, resource) = arn.split_once(":assumed-role/")?;
    resource.split_once('/').map(|(_, session)| session)
}

/// The account of a principal's ARN; none for text that is no ARN of a principal.
pub(crate) fn account_of(arn: &str) -> Option<AccountId> {
    let rest = arn.strip_prefix("arn:")?.strip_prefix(PARTITION)?;
    let rest = rest.strip_prefix(":iam::").or_else(|| rest.strip_prefix(":sts::"))?;
    AccountId::parse(rest.split_once(':')?.0).ok()
}
