//! What a caller may do by itself: its policies, compiled, and what bounds them.

use super::aws_managed::find_service_policy;
use super::lookups::{find_group_by_id, find_policy, find_role_by_id, find_user_by_id};
use super::names::{EntityKind, Json, NameKey, parse_entity_arn, session_arn};
use super::rows::{GroupRow, InlinePolicies, PolicyRow, RoleRow, UserRow};
use crate::session::{Session, SessionOf};
use keywright_policy::{Document, Kind};
use keywright_store::{Changes, Column as _, EntityCache, Freshness, Row as _, Store, StoreError, Tampering};
use keywright_types::{AccountId, Principal, Tags, Timestamp, UniqueId};
use std::sync::Arc;

/// Where a policy of a caller comes from, for explanations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// ARN of a managed policy, and of whom it is attached to.
    Managed { arn: String, entity: String },
    /// Name of an inline policy, and whose it is.
    Inline { name: String, entity: String },
}

/// A policy that speaks for a caller.
#[derive(Debug, Clone)]
pub struct Attached {
    pub source: PolicySource,
    pub document: Arc<Document>,
}

/// An identity and its policies, read together.
#[derive(Debug)]
pub struct Rights {
    /// Nothing here limits the root user.
    pub is_root: bool,
    pub policies: Vec<Attached>,
    pub boundary: Option<Arc<Document>>,
    /// The identity's own tags: `aws:PrincipalTag`.
    pub tags: Tags,
    /// Name and ARN as they are now; empty for root and callers without an identity.
    pub name: Arc<str>,
    pub arn: Arc<str>,
    pub created_at: Timestamp,
}

impl Rights {
    /// Those of a service: what it may do, resources' policies and grants say.
    #[must_use]
    pub fn of_service() -> Self {
        Self::none(false)
    }

    fn none(is_root: bool) -> Self {
        Self {
            is_root,
            policies: Vec::new(),
            boundary: None,
            tags: Tags::default(),
            name: "".into(),
            arn: "".into(),
            created_at: Timestamp::from_millis(0),
        }
    }
}

/// The rights of callers, cached, and policies compiled.
pub struct Identities {
    rights: EntityCache<(AccountId, UniqueId), Arc<Rights>>,
    /// Compiled policies by their text: many identities share one.
    compiled: EntityCache<Arc<str>, Arc<Document>>,
    root: Arc<Rights>,
    nobody: Arc<Rights>,
}

const CACHED_MAX: usize = 10_000;
/// Stands for a session policy that is no more: the session may do nothing, rather than more than it was given.
const NOTHING: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
/// The tables whose rows decide what somebody may do. The first column of their keys is the account.
const TABLES: &[&str] =
    &[UserRow::TABLE.name, GroupRow::TABLE.name, RoleRow::TABLE.name, PolicyRow::TABLE.name];

impl Identities {
    /// Makes the cache and has it follow the store's commits.
    #[must_use]
    pub fn new(store: &Store) -> Arc<Self> {
        let made = Arc::new(Self {
            rights: EntityCache::new(CACHED_MAX, store.freshness()),
            compiled: EntityCache::new(CACHED_MAX, Freshness::exact()),
            root: Arc::new(Rights::none(true)),
            nobody: Arc::new(Rights::none(false)),
        });
        let following = Arc::downgrade(&made);
        store.observe(move |changes| {
            let Some(identities) = following.upgrade() else { return };
            let Changes::Rows(changes) = changes else { return identities.rights.forget_all() };
            for change in changes.iter().filter(|change| TABLES.contains(&change.table.as_ref())) {
                match change.key.first().cloned().and_then(AccountId::from_value) {
                    // A policy or group may be anybody's in the account; identities change seldom.
                    Some(account) => identities.rights.forget_where(|(of, _)| *of == account),
                    None => identities.rights.forget_all(),
                }
            }
        });
        made
    }

    /// The rights of somebody who has none.
    #[must_use]
    pub fn nobody(&self) -> &Arc<Rights> {
        &self.nobody
    }

    /// What the principal may do by itself, and the principal as it is named now; none if it is no more. `fresh` reads
    /// past the cache.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer, or something that decides was tampered with or is missing.
    pub async fn rights_of(
        &self,
        store: &Store,
        principal: &Principal,
        fresh: bool,
    ) -> Result<Option<(Principal, Arc<Rights>)>, StoreError> {
        let (account, id) = match principal {
            Principal::Root { .. } => return Ok(Some((principal.clone(), Arc::clone(&self.root)))),
            Principal::Federated { .. } | Principal::Service { .. } => {
                return Ok(Some((principal.clone(), Arc::clone(&self.nobody))));
            }
            Principal::User { account, user_id, .. } => (*account, user_id),
            Principal::RoleSession { account, role_id, .. } => (*account, role_id),
        };
        let Some(rights) = self.find(store, account, id, fresh).await? else { return Ok(None) };
        let named = match principal {
            // Renamed meanwhile: it acts under its name of today.
            Principal::User { account, user_id, .. } => Principal::User {
                account: *account,
                user_id: user_id.clone(),
                name: Arc::clone(&rights.name),
                arn: Arc::clone(&rights.arn),
            },
            Principal::RoleSession { account, role_id, session_name, arn, .. } => Principal::RoleSession {
                account: *account,
                role_id: role_id.clone(),
                role_name: Arc::clone(&rights.name),
                role_arn: Arc::clone(&rights.arn),
                session_name: Arc::clone(session_name),
                arn: Arc::clone(arn),
            },
            Principal::Root { .. } | Principal::Federated { .. } | Principal::Service { .. } => {
                principal.clone()
            }
        };
        Ok(Some((named, rights)))
    }

    /// The rights of a user or role of that account, by its unique id.
    ///
    /// # Errors
    /// As [`Identities::rights_of`].
    pub async fn find(
        &self,
        store: &Store,
        account: AccountId,
        id: &UniqueId,
        fresh: bool,
    ) -> Result<Option<Arc<Rights>>, StoreError> {
        let name = (account, id.clone());
        if fresh {
            self.rights.forget(&name);
        } else if let Some(rights) = self.rights.peek(&name) {
            return Ok(Some(rights));
        }
        self.rights.get_or_load(&name, self.load(store, account, id)).await
    }

    /// The policies that narrow a session: its own text, and the managed policies that it names, as they are now.
    ///
    /// # Errors
    /// As [`Identities::rights_of`]; a policy that is gone makes the session useless rather than wider.
    pub async fn session_policies(
        &self,
        store: &Store,
        session: &Session,
    ) -> Result<Vec<Arc<Document>>, StoreError> {
        let SessionOf::Role { policy, policy_arns, .. } = &session.facts.of else { return Ok(Vec::new()) };
        let mut documents = Vec::with_capacity(policy_arns.len() + 1);
        if let Some(text) = policy {
            documents.push(self.compile(text)?);
        }
        for arn in policy_arns {
            documents.push(match self.managed(store, arn).await {
                // Deleted since, as its account may.
                Err(StoreError::Tampered { how: Tampering::Removed, .. }) => self.compile(NOTHING)?,
                found => found?,
            });
        }
        Ok(documents)
    }

    async fn load(
        &self,
        store: &Store,
        account: AccountId,
        id: &UniqueId,
    ) -> Result<Option<Arc<Rights>>, StoreError> {
        if id.as_str().starts_with("AROA") {
            let Some(found) = find_role_by_id(store, id).await? else { return Ok(None) };
            return self.of_role(store, account, found.row).await;
        }
        let Some(found) = find_user_by_id(store, id).await? else { return Ok(None) };
        self.of_user(store, account, found.row).await
    }

    async fn of_user(
        &self,
        store: &Store,
        account: AccountId,
        user: UserRow,
    ) -> Result<Option<Arc<Rights>>, StoreError> {
        if user.account != account {
            return Ok(None);
        }
        let arn = user.arn();
        let mut policies = Vec::new();
        self.collect(store, &arn, &user.attached, &user.inline, &mut policies).await?;
        for group_id in &user.member_of.0 {
            let group = find_group_by_id(store, group_id).await?.ok_or_else(|| StoreError::Tampered {
                table: GroupRow::TABLE.name,
                key: group_id.to_string(),
                how: Tampering::Removed,
            })?;
            let group = group.row;
            self.collect(store, &group.arn(), &group.attached, &group.inline, &mut policies).await?;
        }
        let boundary = match &user.boundary {
            Some(arn) => Some(self.managed(store, arn).await?),
            None => None,
        };
        Ok(Some(Arc::new(Rights {
            is_root: false,
            policies,
            boundary,
            tags: user.tags,
            name: user.name.into(),
            arn: arn.into(),
            created_at: user.created_at,
        })))
    }

    async fn of_role(
        &self,
        store: &Store,
        account: AccountId,
        role: RoleRow,
    ) -> Result<Option<Arc<Rights>>, StoreError> {
        if role.account != account {
            return Ok(None);
        }
        let arn = role.arn();
        let mut policies = Vec::new();
        self.collect(store, &arn, &role.attached, &role.inline, &mut policies).await?;
        let boundary = match &role.boundary {
            Some(arn) => Some(self.managed(store, arn).await?),
            None => None,
        };
        Ok(Some(Arc::new(Rights {
            is_root: false,
            policies,
            boundary,
            tags: role.tags,
            name: role.name.into(),
            arn: arn.into(),
            created_at: role.created_at,
        })))
    }

    async fn collect(
        &self,
        store: &Store,
        entity: &str,
        attached: &Json<Vec<String>>,
        inline: &Json<InlinePolicies>,
        policies: &mut Vec<Attached>,
    ) -> Result<(), StoreError> {
        for (name, text) in &inline.0 {
            policies.push(Attached {
                source: PolicySource::Inline { name: name.clone(), entity: entity.to_owned() },
                document: self.compile(text)?,
            });
        }
        for arn in &attached.0 {
            policies.push(Attached {
                source: PolicySource::Managed { arn: arn.clone(), entity: entity.to_owned() },
                document: self.managed(store, arn).await?,
            });
        }
        Ok(())
    }

    /// The document in force of a managed policy.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] if there is none: whoever named it relied on it.
    pub async fn managed(&self, store: &Store, arn: &str) -> Result<Arc<Document>, StoreError> {
        if let Some(policy) = find_service_policy(arn) {
            return self.compile(policy.document);
        }
        let missing = || StoreError::Tampered {
            table: PolicyRow::TABLE.name,
            key: parse_entity_arn(arn, EntityKind::Policy)
                .map_or_else(|| arn.to_owned(), |parts| NameKey::of(parts.name).to_string()),
            how: Tampering::Removed,
        };
        let found = find_policy(store, arn).await?.ok_or_else(missing)?;
        self.compile(found.row.default_document().ok_or_else(missing)?)
    }

    /// An identity's policy, compiled; the same text is compiled once.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for a text that this program would not have stored.
    pub fn compile(&self, text: &str) -> Result<Arc<Document>, StoreError> {
        let name: Arc<str> = Arc::from(text);
        if let Some(document) = self.compiled.peek(&name) {
            return Ok(document);
        }
        let document = Document::parse(text, Kind::Identity).map_err(|_| StoreError::Corrupt {
            table: PolicyRow::TABLE.name,
            column: 0,
            wanted: "policy",
        })?;
        let document = Arc::new(document);
        self.compiled.keep(name, Arc::clone(&document));
        Ok(document)
    }
}

/// The principal of a session of a role, as far as the token knows it.
pub(crate) fn role_session(
    account: AccountId,
    role_id: UniqueId,
    role_name: &str,
    session_name: &str,
) -> Principal {
    Principal::RoleSession {
        account,
        role_id,
        role_name: role_name.into(),
        role_arn: "".into(),
        session_name: session_name.into(),
        arn: session_arn(account, role_name, session_name),
    }
}
