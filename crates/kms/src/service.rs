//! The service's settings and caches, and how a name becomes a key.

use crate::alias::{AliasNames, AliasRow};
use crate::census::{Census, Use};
use crate::error::{KmsError, NotFound};
use crate::grant::{Asked, GRANTS_KEPT_MAX, Grant, GrantId, GrantRow, Grants, Probes, parties_of};
use crate::key::{Key, KeyRow, Origin};
use crate::key_pair_stock::KeyPairStock;
use crate::key_spec::KeySpec;
use crate::last_usage::{LastUsage, LastUse};
use crate::material::{Material, MaterialRow};
use keywright_auth::identities::Pins;
use keywright_auth::{Check, Protected, RequestContext, Rule, ServiceError as _, View};
use keywright_policy::{Document, Grant as Granted, Kind};
use keywright_store::{Changes, Column as _, EntityCache, Freshness, Store, StoreError, Value};
use keywright_types::{AccountId, AliasArn, AliasName, KeyArn, KeyId, KeyRef, Region, RegionSet};
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
    /// RSA keys made ahead, of each size.
    pub stocked_key_pairs: usize,
}

impl Default for KmsSettings {
    fn default() -> Self {
        Self {
            rotation_days_min: 90,
            on_demand_rotations_max: Some(25),
            cached_keys_max: 100_000,
            stocked_key_pairs: 3,
        }
    }
}

/// Asymmetric keys kept ready in memory, at most: an RSA key takes some kilobytes.
const PAIRS_CACHED_MAX: usize = 5_000;

/// The key management service.
pub struct Kms {
    pub settings: KmsSettings,
    pub regions: RegionSet,
    pub last_usage: LastUsage,
    pub census: Census,
    keys: EntityCache<KeyArn, Arc<Key>>,
    materials: EntityCache<(KeyArn, [u8; 16]), Arc<Material>>,
    /// Those of asymmetric keys: they take more memory, and longer to make ready.
    pairs: EntityCache<(KeyArn, [u8; 16]), Arc<Material>>,
    /// RSA keys that belong to nobody yet.
    pub stock: KeyPairStock,
    aliases: EntityCache<AliasArn, KeyId>,
    /// The grants of a grantee on a key; that there are none is known too, so that a caller without grants costs
    /// nothing.
    grants: EntityCache<(KeyArn, Arc<str>), Grants>,
    /// Whose key an id is; that never changes.
    owners: EntityCache<(Region, KeyId), AccountId>,
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
            census: Census::default(),
            keys: EntityCache::new(settings.cached_keys_max, store.freshness()),
            materials: EntityCache::new(settings.cached_keys_max, store.freshness()),
            pairs: EntityCache::new(PAIRS_CACHED_MAX.min(settings.cached_keys_max), store.freshness()),
            stock: KeyPairStock::new(settings.stocked_key_pairs),
            aliases: EntityCache::new(settings.cached_keys_max, store.freshness()),
            grants: EntityCache::new(settings.cached_keys_max, store.freshness()),
            owners: EntityCache::new(settings.cached_keys_max, Freshness::exact()),
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

    /// Notes a successful use of `key`, and of which of its key material.
    pub(crate) fn note_use(
        &self,
        key: &Key,
        (material, how): (Option<&Arc<Material>>, Use),
        operation: &'static str,
        request: &RequestContext,
    ) {
        if let Some(material) = material {
            let caller = (&request.caller.principal, &request.caller.arn);
            self.census.note(&key.arn, material.id, how, caller, request.received_at);
        }
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
        if key.origin == Origin::External && !key.imported.holds(tag) {
            return Ok(None);
        }
        let name = (key.arn.clone(), tag);
        let cache = match key.spec {
            KeySpec::SymmetricDefault | KeySpec::Mac(_) => &self.materials,
            KeySpec::Pair(_) => &self.pairs,
        };
        if let Some(material) = cache.peek(&name) {
            return Ok(Some(material));
        }
        cache.get_or_load(&name, load_material(view, key, tag)).await
    }

    /// The unwrapped current backing key of `key`; none if it has none (yet).
    ///
    /// # Errors
    /// As [`Kms::find_material`].
    pub async fn find_current_material(
        &self,
        view: View<'_, Self>,
        key: &Key,
    ) -> Result<Option<Arc<Material>>, StoreError> {
        match key.current_material {
            Some(id) => self.find_material(view, key, id.tag()).await,
            None => Ok(None),
        }
    }

    /// The key of that id in the request's Region: the caller's own, or another account's.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn find_key_by_id(
        &self,
        view: View<'_, Self>,
        key_id: KeyId,
        request: &RequestContext,
    ) -> Result<Resolved, KmsError> {
        let own = local_arn(key_id, request);
        let name = (request.region.clone(), key_id);
        if self.owners.peek(&name).is_none()
            && let Some(key) = self.find_key(view, &own).await.map_err(KmsError::from_store)?
        {
            return Ok(Resolved::Key(key));
        }
        let owner = self.owners.get_or_load(&name, find_owner(view.store, &name)).await;
        let Some(account) = owner.map_err(KmsError::from_store)? else { return Ok(Resolved::NoKey(own)) };
        let arn = KeyArn { account, ..own.clone() };
        let key = self.find_key(view, &arn).await.map_err(KmsError::from_store)?;
        Ok(key.map_or(Resolved::NoKey(own), Resolved::Key))
    }

    /// The grants of `grantee` on a key.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn grants_of(
        &self,
        view: View<'_, Self>,
        key: &KeyArn,
        grantee: &Arc<str>,
    ) -> Result<Grants, KmsError> {
        let name = (key.clone(), Arc::clone(grantee));
        if view.fresh {
            self.grants.forget(&name);
        } else if let Some(grants) = self.grants.peek(&name) {
            return Ok(grants);
        }
        let loaded = self.grants.get_or_load(&name, load_grants(view.store, key, grantee)).await;
        Ok(loaded.map_err(KmsError::from_store)?.unwrap_or(Grants::Many))
    }

    /// The grant by which the caller may do what it asks of a key, and how far that one reaches.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn find_granting(
        &self,
        view: View<'_, Self>,
        key: &KeyArn,
        asked: Asked<'_>,
        request: &RequestContext,
    ) -> Result<Option<(Grant, Granted)>, KmsError> {
        for (grantee, standing) in parties_of(&request.caller.principal) {
            let found = match self.grants_of(view, key, &grantee).await? {
                Grants::These(grants) => grants.iter().find(|grant| grant.allows(&asked)).cloned(),
                Grants::Many => {
                    find_among_many(view.store, key, &grantee, &asked).await.map_err(KmsError::from_store)?
                }
            };
            if let Some(grant) = found {
                return Ok(Some((grant, standing.into())));
            }
        }
        Ok(None)
    }

    /// Whether a grant allows the caller what it asks of a key.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn granted(
        &self,
        view: View<'_, Self>,
        resolved: Option<&Resolved>,
        asked: Asked<'_>,
        request: &RequestContext,
    ) -> Result<Granted, KmsError> {
        let Some(Resolved::Key(key)) = resolved else { return Ok(Granted::None) };
        if key.is_own_key_of(&request.caller.principal) {
            return Ok(Granted::ToCaller);
        }
        let granting = self.find_granting(view, &key.arn, asked, request).await?;
        Ok(granting.map_or(Granted::None, |(_, granted)| granted))
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
        let none = Pins::new();
        let pins = stored.row.policy_pins.as_ref().map_or(&none, |pins| &pins.0);
        let policy = self.compile(&stored.row.policy, pins)?;
        let names = match &stored.row.alias_names {
            Some(_) => None,
            // If one is added between the two reads, the key has a new version by then, and this one is not kept.
            None => Some(load_alias_names(store, arn).await?),
        };
        let mut key = Key::from_row(stored, policy)?;
        key.alias_names = names.unwrap_or(key.alias_names);
        Ok(Some(Arc::new(key)))
    }

    /// A stored policy, compiled and tied to those whom it means; the same is compiled once.
    fn compile(&self, text: &str, pins: &Pins) -> Result<Arc<Document>, StoreError> {
        let name: Arc<str> = if pins.is_empty() {
            text.into()
        } else {
            pins.iter().fold(text.to_owned(), |name, (arn, id)| name + "\0" + arn + "\0" + id).into()
        };
        if let Some(policy) = self.policies.peek(&name) {
            return Ok(policy);
        }
        let mut policy = Document::parse(text, Kind::Resource).map_err(|_| StoreError::Corrupt {
            table: "keys",
            column: 0,
            wanted: "key policy",
        })?;
        policy.pin(pins);
        let policy = Arc::new(policy);
        self.policies.keep(name, Arc::clone(&policy));
        Ok(policy)
    }

    fn follow(&self, changes: Changes<'_>) {
        let Changes::Rows(changes) = changes else {
            self.keys.forget_all();
            self.materials.forget_all();
            self.pairs.forget_all();
            self.aliases.forget_all();
            self.grants.forget_all();
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
                                self.pairs.forget_where(|(of, _)| *of == arn);
                                self.grants.forget_where(|(of, _)| *of == arn);
                            }
                        }
                        None => self.keys.forget_all(),
                    }
                }
                // Imported key material that was deleted leaves memory at once.
                (
                    "key_materials",
                    [Value::Text(account), Value::Text(region), Value::Text(key_id), Value::Blob(tag)],
                ) if change.deleted => {
                    match (known_arn(account, region, key_id), tag.as_slice().try_into()) {
                        (Some(arn), Ok(tag)) => {
                            let name = (arn, tag);
                            self.materials.forget(&name);
                            self.pairs.forget(&name);
                        }
                        (None, _) | (_, Err(_)) => {
                            self.materials.forget_all();
                            self.pairs.forget_all();
                        }
                    }
                }
                (
                    "grants",
                    [Value::Text(account), Value::Text(region), Value::Text(key_id), Value::Text(grantee), _],
                ) => match known_arn(account, region, key_id) {
                    Some(arn) => self.grants.forget(&(arn, grantee.as_str().into())),
                    None => self.grants.forget_all(),
                },
                ("aliases", [account, region, name]) => {
                    let alias = AccountId::from_value(account.clone())
                        .zip(Region::from_value(region.clone()))
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
        account: AccountId::parse(account).ok()?,
        region: Region::from_store(region),
        key_id: KeyId::parse(key_id).ok()?,
    })
}

async fn load_alias_names(store: &Store, key: &KeyArn) -> Result<AliasNames, StoreError> {
    let rows = store
        .select::<AliasRow>("WHERE account = $1 AND region = $2 AND key_id = $3", &key_values(key))
        .await?;
    Ok(rows.into_iter().map(|stored| stored.row.name.to_string()).collect())
}

async fn load_alias(store: &Store, alias: &AliasArn) -> Result<Option<KeyId>, StoreError> {
    let of_alias = [alias.account.to_value(), alias.region.to_value(), alias.name.to_value()];
    Ok(store.find::<AliasRow>(&of_alias).await?.map(|stored| stored.row.key_id))
}

async fn find_owner(
    store: &Store,
    (region, key_id): &(Region, KeyId),
) -> Result<Option<AccountId>, StoreError> {
    let rows = store
        .query(
            "keys",
            "SELECT account FROM keys WHERE region = $1 AND key_id = $2",
            &[region.to_value(), key_id.to_value()],
        )
        .await?;
    rows.into_iter().next().map(|mut row| row.take()).transpose()
}

/// The columns that name a key.
pub(crate) fn key_values(key: &KeyArn) -> [Value; 3] {
    [key.account.to_value(), key.region.to_value(), key.key_id.to_value()]
}

/// The grants of one grantee on a key, and so never all of a key's.
async fn load_grants(store: &Store, key: &KeyArn, grantee: &str) -> Result<Option<Grants>, StoreError> {
    let one_more = i64::try_from(GRANTS_KEPT_MAX + 1).unwrap_or(i64::MAX);
    let [account, region, key_id] = key_values(key);
    let rows = store
        .select::<GrantRow>(
            "WHERE account = $1 AND region = $2 AND key_id = $3 AND grantee = $4 LIMIT $5",
            &[account, region, key_id, grantee.to_owned().to_value(), one_more.to_value()],
        )
        .await?;
    if rows.len() > GRANTS_KEPT_MAX {
        return Ok(Some(Grants::Many));
    }
    let grants = rows.into_iter().map(Grant::from_row).collect::<Result<Arc<[Grant]>, _>>()?;
    Ok(Some(Grants::These(grants)))
}

/// A grant that allows what is asked, of a grantee that has very many on the key.
async fn find_among_many(
    store: &Store,
    key: &KeyArn,
    grantee: &str,
    asked: &Asked<'_>,
) -> Result<Option<Grant>, StoreError> {
    let probes = Probes::of(asked);
    let mut condition = "WHERE account = $1 AND region = $2 AND key_id = $3 AND grantee = $4".to_owned();
    let mut params = key_values(key).to_vec();
    params.push(grantee.to_owned().to_value());
    for operation in &probes.operations {
        // The column is JSON of the names, each within quotes.
        params.push(format!("%\"{operation}\"%").to_value());
        condition.push_str(" AND operations LIKE ");
        condition.push_str(&place(&params));
    }
    let of_these = |names: &[String]| {
        let mut params = params.clone();
        let places: Vec<String> = names
            .iter()
            .map(|name| {
                params.push(name.to_value());
                place(&params)
            })
            .collect();
        (format!("{condition} AND probe IN ({})", places.join(", ")), params)
    };
    let (first, with) = match &probes.alike {
        None => (condition.clone(), params.clone()),
        Some(names) => of_these(names),
    };
    let mut rows = store.select::<GrantRow>(&format!("{first} LIMIT 1"), &with).await?;
    if rows.is_empty() && !probes.differing.is_empty() {
        let (then, with) = of_these(&probes.differing);
        rows = store.select::<GrantRow>(&then, &with).await?;
    }
    for stored in rows {
        let grant = Grant::from_row(stored)?;
        if grant.allows(asked) {
            return Ok(Some(grant));
        }
    }
    Ok(None)
}

/// The place in a statement of the last parameter.
fn place(params: &[Value]) -> String {
    format!("${}", params.len())
}

/// One grant of a key.
///
/// # Errors
/// The store's.
pub(crate) async fn find_grant(store: &Store, key: &KeyArn, id: GrantId) -> Result<Option<Grant>, KmsError> {
    let [account, region, key_id] = key_values(key);
    let rows = store
        .select::<GrantRow>(
            "WHERE account = $1 AND region = $2 AND key_id = $3 AND grant_id = $4",
            &[account, region, key_id, id.to_value()],
        )
        .await
        .map_err(KmsError::from_store)?;
    rows.into_iter().next().map(Grant::from_row).transpose().map_err(KmsError::from_store)
}

async fn load_material(
    view: View<'_, Kms>,
    key: &Key,
    tag: [u8; 16],
) -> Result<Option<Arc<Material>>, StoreError> {
    let of_material =
        [key.arn.account.to_value(), key.arn.region.to_value(), key.arn.key_id.to_value(), tag.to_value()];
    let Some(stored) = view.store.find::<MaterialRow>(&of_material).await? else { return Ok(None) };
    Material::unwrap(&stored.row, key.spec, view.keyring).map(Some)
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

    /// The same of a key that the caller named as `known`, not by its own ARN: another account's is veiled.
    #[must_use]
    pub fn check_veiled(&self, action: &'static str, known: String, request: &RequestContext) -> Check {
        match self {
            Self::Key(key) if key.arn.account != request.caller.account => {
                let (arn, policy) = (Arc::clone(&key.arn_text), Arc::clone(&key.policy));
                Check { action, protected: Protected::Veiled { arn, policy, known } }
            }
            Self::Key(_) | Self::NoKey(_) | Self::NoAlias(_) => self.check(action),
        }
    }

    /// The same of the key that `key_ref` came to.
    #[must_use]
    pub fn check_named(&self, action: &'static str, key_ref: &KeyRef, request: &RequestContext) -> Check {
        match key_ref {
            KeyRef::AliasArn(alias) => self.check_veiled(action, alias.to_string(), request),
            KeyRef::Id(_) | KeyRef::Arn(_) | KeyRef::Alias(_) => self.check(action),
        }
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
