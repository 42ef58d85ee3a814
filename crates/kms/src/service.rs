//! The service's settings and caches, and how a name becomes a key.

use crate::alias::AliasRow;
use crate::error::{KmsError, NotFound};
use crate::key::{Key, KeyRow};
use crate::last_usage::{LastUsage, LastUse};
use crate::material::{Material, MaterialRow};
use keywright_auth::{Check, Protected, RequestContext, Rule, ServiceError as _, View};
use keywright_policy::{Document, Kind};
use keywright_store::{Changes, Column as _, EntityCache, Freshness, Store, StoreError, Value};
use keywright_types::{AliasArn, AliasName, KeyArn, KeyId, KeyRef, RegionSet};
use std::sync::Arc;

/// What the operator decides about keys.
#[derive(Debug, Clone)]
pub struct KmsSettings {
    /// The shortest rotation period, in days: 90 as on AWS, down to 1. The tag and the service's own
    /// extensions may go below it, down to 1.
    pub rotation_days_min: u32,
    /// Rotations on demand for the life of a key; none lifts AWS's limit of 25.
    pub on_demand_rotations_max: Option<u32>,
    /// Keys, and backing keys, kept unwrapped in memory, at most.
    pub cached_keys_max: usize,
}

impl Default for KmsSettings {
    fn default() -> Self {
        Self { rotation_days_min: 90, on_demand_rotations_max: Some(25), cached_keys_max: 100_000 }
    }
}

/// The key management service.
pub struct Kms {
    pub settings: KmsSettings,
    pub regions: RegionSet,
    pub last_usage: LastUsage,
    keys: EntityCache<KeyArn, Arc<Key>>,
    materials: EntityCache<(KeyArn, [u8; 16]), Arc<Material>>,
    aliases: EntityCache<AliasArn, KeyId>,
    /// Compiled policies by their text: most keys share one.
    policies: EntityCache<Arc<str>, Arc<Document>>,
}

impl Kms {
    /// Makes the service and has its caches follow the store's commits.
    #[must_use]
    pub fn new(settings: KmsSettings, regions: RegionSet, store: &Store) -> Arc<Self> {
        let service = Arc::new(Self {
            regions,
            last_usage: LastUsage::default(),
            keys: EntityCache::new(settings.cached_keys_max, store.freshness()),
            materials: EntityCache::new(settings.cached_keys_max, store.freshness()),
            aliases: EntityCache::new(settings.cached_keys_max, store.freshness()),
            policies: EntityCache::new(1000, Freshness::exact()),
            settings,
        });
        let following = Arc::downgrade(&service);
        store.observe(move |changes| {
            if let Some(service) = following.upgrade() {
                service.follow(changes);
            }
        });
        service
    }

    /// Notes a successful use of `key`.
    pub fn note_use(&self, key: &Key, operation: &'static str, request: &RequestContext) {
        self.last_usage.note(
            &key.arn,
            LastUse {
                operation,
                used_at: request.received_at,
                event_id: request.event_id,
                request_id: request.request_id,
            },
        );
    }

    /// The key of that ARN.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or the row was tampered with.
    pub async fn find_key(&self, view: View<'_, Self>, arn: &KeyArn) -> Result<Option<Arc<Key>>, StoreError> {
        if view.fresh {
            // A load that is under way may have begun too early; with this it is not kept, nor waited for.
            self.keys.forget(arn);
        } else if let Some(key) = self.keys.peek(arn) {
            return Ok(Some(key));
        }
        self.keys.get_or_load(arn, self.load_key(view.store, arn)).await
    }

    /// The unwrapped backing key of `key` whose id starts with `tag`; none if there is no such one.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer or the row was tampered with.
    pub async fn find_material(
        &self,
        view: View<'_, Self>,
        key: &Key,
        tag: [u8; 16],
    ) -> Result<Option<Arc<Material>>, StoreError> {
        let name = (key.arn.clone(), tag);
        if let Some(material) = self.materials.peek(&name) {
            return Ok(Some(material));
        }
        self.materials.get_or_load(&name, load_material(view, key, tag)).await
    }

    /// What `key_ref` names in the request's account and Region.
    ///
    /// # Errors
    /// An ARN of another Region, or a store that cannot answer. Absence is a fact, not an error.
    pub async fn resolve(
        &self,
        view: View<'_, Self>,
        key_ref: &KeyRef,
        request: &RequestContext,
    ) -> Result<Resolved, KmsError> {
        let arn = match key_ref {
            KeyRef::Id(key_id) => local_arn(*key_id, request),
            KeyRef::Arn(arn) => {
                if arn.region != request.region {
                    return Err(KmsError::NotFound(NotFound::ForeignRegion(arn.region.clone())));
                }
                arn.clone()
            }
            KeyRef::Alias(name) => match self.resolve_alias(view, local_alias(name, request)).await? {
                Ok(arn) => arn,
                Err(missing) => return Ok(Resolved::NoAlias(missing)),
            },
            KeyRef::AliasArn(alias) => {
                if alias.region != request.region {
                    return Err(KmsError::NotFound(NotFound::ForeignRegion(alias.region.clone())));
                }
                match self.resolve_alias(view, alias.clone()).await? {
                    Ok(arn) => arn,
                    Err(missing) => return Ok(Resolved::NoAlias(missing)),
                }
            }
        };
        let key = self.find_key(view, &arn).await.map_err(KmsError::from_store)?;
        Ok(key.map_or(Resolved::NoKey(arn), Resolved::Key))
    }

    /// The key that an alias points at, or the alias back if there is none.
    async fn resolve_alias(
        &self,
        view: View<'_, Self>,
        alias: AliasArn,
    ) -> Result<Result<KeyArn, AliasArn>, KmsError> {
        if view.fresh {
            self.aliases.forget(&alias);
        }
        let key_id = self.aliases.get_or_load(&alias, load_alias(view.store, &alias)).await;
        Ok(match key_id.map_err(KmsError::from_store)? {
            Some(key_id) => Ok(KeyArn { region: alias.region, account: alias.account, key_id }),
            None => Err(alias),
        })
    }

    async fn load_key(&self, store: &Store, arn: &KeyArn) -> Result<Option<Arc<Key>>, StoreError> {
        let of_key = [arn.account.to_value(), arn.region.to_value(), arn.key_id.to_value()];
        let Some(stored) = store.find::<KeyRow>(&of_key).await? else { return Ok(None) };
        let policy = self.compile(&stored.row.policy)?;
        Key::from_row(stored, policy).map(|key| Some(Arc::new(key)))
    }

    /// A stored policy, compiled; the same text is compiled once.
    fn compile(&self, text: &str) -> Result<Arc<Document>, StoreError> {
        let name: Arc<str> = Arc::from(text);
        if let Some(policy) = self.policies.peek(&name) {
            return Ok(policy);
        }
        let policy = Document::parse(text, Kind::Resource).map_err(|_| StoreError::Corrupt {
            table: "keys",
            column: 0,
            wanted: "key policy",
        })?;
        let policy = Arc::new(policy);
        self.policies.keep(name, Arc::clone(&policy));
        Ok(policy)
    }

    fn follow(&self, changes: Changes<'_>) {
        let Changes::Rows(changes) = changes else {
            self.keys.forget_all();
            self.materials.forget_all();
            self.aliases.forget_all();
            return;
        };
        for change in changes {
            match (change.table.as_ref(), change.key.as_slice()) {
                ("keys", [Value::Text(account), Value::Text(region), Value::Text(key_id)]) => {
                    match known_arn(account, region, key_id) {
                        Some(arn) => {
                            self.keys.forget(&arn);
                            if change.deleted {
                                // A destroyed key leaves no unwrapped backing key in memory.
                                self.materials.forget_where(|(of, _)| *of == arn);
                            }
                        }
                        None => self.keys.forget_all(),
                    }
                }
                ("aliases", [account, region, name]) => {
                    let alias = keywright_types::AccountId::from_value(account.clone())
                        .zip(keywright_types::Region::from_value(region.clone()))
                        .zip(AliasName::from_value(name.clone()))
                        .map(|((account, region), name)| AliasArn { region, account, name });
                    match alias {
                        Some(alias) => self.aliases.forget(&alias),
                        None => self.aliases.forget_all(),
                    }
                }
                _ => {}
            }
        }
    }
}

fn known_arn(account: &str, region: &str, key_id: &str) -> Option<KeyArn> {
    Some(KeyArn {
        account: keywright_types::AccountId::parse(account).ok()?,
        region: keywright_types::Region::from_store(region),
        key_id: KeyId::parse(key_id).ok()?,
    })
}

async fn load_alias(store: &Store, alias: &AliasArn) -> Result<Option<KeyId>, StoreError> {
    let of_alias = [alias.account.to_value(), alias.region.to_value(), alias.name.to_value()];
    Ok(store.find::<AliasRow>(&of_alias).await?.map(|stored| stored.row.key_id))
}

async fn load_material(
    view: View<'_, Kms>,
    key: &Key,
    tag: [u8; 16],
) -> Result<Option<Arc<Material>>, StoreError> {
    let of_material =
        [key.arn.account.to_value(), key.arn.region.to_value(), key.arn.key_id.to_value(), tag.to_value()];
    let Some(stored) = view.store.find::<MaterialRow>(&of_material).await? else { return Ok(None) };
    Material::unwrap(&stored.row, key.spec.as_str(), view.keyring).map(Some)
}

/// The key of this id in the request's account and Region.
pub fn local_arn(key_id: KeyId, request: &RequestContext) -> KeyArn {
    KeyArn { region: request.region.clone(), account: request.caller.account, key_id }
}

/// The alias of this name in the request's account and Region.
pub fn local_alias(name: &AliasName, request: &RequestContext) -> AliasArn {
    AliasArn { region: request.region.clone(), account: request.caller.account, name: name.clone() }
}

/// What a caller's name for a key came to.
#[derive(Debug, Clone)]
pub enum Resolved {
    Key(Arc<Key>),
    NoKey(KeyArn),
    NoAlias(AliasArn),
}

impl Resolved {
    /// The question whether the caller may do `action` to it; an absent key has no policy to allow it.
    #[must_use]
    pub fn check(&self, action: &'static str) -> Check {
        let protected = match self {
            Self::Key(key) => {
                let (arn, policy) = (Arc::clone(&key.arn_text), Arc::clone(&key.policy));
                Protected::ByPolicy { arn, policy, rule: Rule::PolicyFirst }
            }
            Self::NoKey(arn) => Protected::Absent { arn: arn.to_string() },
            Self::NoAlias(alias) => Protected::Absent { arn: alias.to_string() },
        };
        Check { action, protected }
    }

    /// The key, once the caller may know of it.
    ///
    /// # Errors
    /// NotFoundException with the text for what is missing.
    pub fn get(&self) -> Result<&Arc<Key>, KmsError> {
        match self {
            Self::Key(key) => Ok(key),
            Self::NoKey(arn) => Err(KmsError::NotFound(NotFound::Key(arn.clone()))),
            Self::NoAlias(alias) => Err(KmsError::NotFound(NotFound::Alias(alias.clone()))),
        }
    }
}
