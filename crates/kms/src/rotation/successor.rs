//! The steps of a succession: the successor is made, takes over, and the key before it retires.

use crate::alias::AliasRow;
use crate::error::KmsError;
use crate::grant::{GrantId, GrantRow};
use crate::key::{Key, KeyManager};
use crate::key_spec::KeySpec;
use crate::key_state::KeyState;
use crate::new_key::NewKey;
use crate::service::{Kms, key_values};
use crate::succession::{GOVERNING_TAGS, JWKS_TAG, Step};
use crate::tagging;
use keywright_auth::{BusEvent, Cause, Env, ServiceError as _, ServiceEvent, View, Work};
use keywright_crypto::KeyMaterial;
use keywright_store::{Column as _, StoreError, Versioned, WriteSet};
use keywright_types::{AccountId, KeyArn, KeyId, Region, Timestamp};
use std::sync::Arc;

/// A key whose succession has something due.
#[derive(Debug, Clone)]
pub struct DueStep {
    pub key: KeyArn,
    pub spec: KeySpec,
    pub step: Step,
}

/// At most `limit` keys of which something is due at `now`, the longest overdue first, of those whose ids end in one of
/// `digits`. Keys that are not enabled wait until they are.
///
/// # Errors
/// [`StoreError`] when the store cannot be read.
pub async fn due_steps(
    store: &keywright_store::Store,
    now: Timestamp,
    digits: &[char],
    limit: i64,
) -> Result<Vec<DueStep>, StoreError> {
    if digits.is_empty() {
        return Ok(Vec::new());
    }
    // Digits and quotes only: nothing of it comes from outside.
    let listed: Vec<String> =
        digits.iter().filter(|digit| digit.is_ascii_hexdigit()).map(|digit| format!("'{digit}'")).collect();
    let sql = format!(
        "SELECT account, region, key_id, key_spec, succession_step FROM keys \
         WHERE state = $1 AND succession_at <= $2 AND substr(key_id, length(key_id), 1) IN ({}) \
         ORDER BY succession_at LIMIT $3",
        listed.join(", ")
    );
    let params = ["Enabled".to_owned().to_value(), now.to_value(), limit.to_value()];
    let mut due = Vec::new();
    for mut row in store.query("keys", &sql, &params).await? {
        let key = KeyArn {
            account: row.take::<AccountId>()?,
            region: row.take::<Region>()?,
            key_id: row.take::<KeyId>()?,
        };
        let spec = KeySpec::parse(&row.take::<String>()?);
        let step = row.take::<Option<String>>()?.as_deref().and_then(Step::parse);
        // What no release wrote is left alone; the row's MAC is checked when the step is done.
        if let (Some(spec), Some(step)) = (spec, step) {
            due.push(DueStep { key, spec, step });
        }
    }
    Ok(due)
}

/// Does the step that is due of one key, if it is (still) due.
pub struct TakeStep {
    pub due: DueStep,
    /// Of a key to be made: it may take seconds, so that whoever runs this makes it beforehand.
    pub material: Option<KeyMaterial>,
}

/// The key, the one that follows it, and what goes over from the one to the other.
pub struct Succession {
    key: Arc<Key>,
    successor: Option<Arc<Key>>,
    aliases: Vec<Versioned<AliasRow>>,
    grants: Vec<Versioned<GrantRow>>,
}

impl Work for TakeStep {
    type Service = Kms;
    type Facts = Option<Succession>;
    type Error = KmsError;

    async fn facts(&self, view: View<'_, Kms>) -> Result<Option<Succession>, KmsError> {
        let view = View { fresh: true, ..view };
        let Some(key) = view.service.find_key(view, &self.due.key).await.map_err(KmsError::from_store)?
        else {
            return Ok(None);
        };
        let mut facts = Succession { key, successor: None, aliases: Vec::new(), grants: Vec::new() };
        if let Some(key_id) = facts.key.lineage.successor {
            let arn = KeyArn { key_id, ..facts.key.arn.clone() };
            facts.successor = view.service.find_key(view, &arn).await.map_err(KmsError::from_store)?;
        }
        if self.due.step == Step::Supersede {
            let of_key = key_values(&facts.key.arn);
            const OF_KEY: &str = "WHERE account = $1 AND region = $2 AND key_id = $3";
            facts.aliases = view.store.select(OF_KEY, &of_key).await.map_err(KmsError::from_store)?;
            facts.grants = view.store.select(OF_KEY, &of_key).await.map_err(KmsError::from_store)?;
        }
        Ok(Some(facts))
    }

    fn decide(&self, facts: &Option<Succession>, env: Env<'_, Kms>) -> Result<Option<WriteSet>, KmsError> {
        let Some(facts) = facts else { return Ok(None) };
        let key = &facts.key;
        let due = key.next_step().filter(|(_, at)| *at <= env.now).map(|(step, _)| step);
        if due != Some(self.due.step) || key.state != KeyState::Enabled {
            return Ok(None);
        }
        match self.due.step {
            Step::Prepare => {
                let material = self.material.as_ref();
                let material = material.ok_or_else(|| {
                    KmsError::internal(Cause::new("no key material was made for a successor"))
                })?;
                prepare(key, material, &env).map(Some)
            }
            Step::Supersede => match &facts.successor {
                Some(successor) if successor.state == KeyState::Enabled => {
                    supersede(facts, successor, &env).map(Some)
                }
                // Somebody disabled it or had it deleted: another one is made.
                Some(_) | None => Ok(Some(forget_successor(key, facts.successor.as_deref()))),
            },
            Step::Retire => Ok(Some(retire(key, &env))),
        }
    }
}

/// Makes the successor. If that is late, the key goes on for the lead time: nothing is signed by a key that was not
/// published before.
fn prepare(key: &Key, material: &KeyMaterial, env: &Env<'_, Kms>) -> Result<WriteSet, KmsError> {
    let new = NewKey {
        arn: KeyArn { key_id: KeyId::from_random(env.rng.array()), ..key.arn.clone() },
        manager: KeyManager::Customer,
        spec: key.spec,
        usage: key.usage,
        description: key.description.clone(),
        policy: Arc::clone(&key.policy),
        policy_pins: key.policy_pins.clone(),
    };
    let (mut successor, mut writes) = new.make(material, env);
    successor.lineage.predecessor = Some(key.arn.key_id);
    let mut changed = key.clone();
    changed.lineage.successor = Some(successor.arn.key_id);
    let earliest = env.now.plus(key.lead());
    changed.rotation.next_at = changed.rotation.next_at.map(|due| due.max(earliest));
    writes.insert(&successor.to_row());
    writes.update(&changed.to_row(), key.version);
    tell(&mut writes, key, "Key Successor Created", "CreateSuccessorKey", &successor.arn, env);
    Ok(writes)
}

/// The successor takes over: names, policy, tags, description and grants as they stand now.
fn supersede(facts: &Succession, successor: &Key, env: &Env<'_, Kms>) -> Result<WriteSet, KmsError> {
    let key = &facts.key;
    let mut before = Key::clone(key);
    let mut after = successor.clone();
    after.description.clone_from(&key.description);
    after.policy = Arc::clone(&key.policy);
    after.policy_pins = key.policy_pins.clone();
    after.alias_names.extend(std::mem::take(&mut before.alias_names));
    tagging::replace(&mut after, key.tags.clone(), env.now)?;
    // The key's own tags no longer ask for successors: they have one.
    before.lineage.superseded = Some(crate::succession::Superseded {
        at: env.now,
        retires_at: env.now.plus(key.retires_after()),
        retired: false,
    });
    before.lineage.published = key.is_published();
    before.rotation = crate::rotation::RotationPlan::default();
    for tag in GOVERNING_TAGS.into_iter().chain([JWKS_TAG]) {
        before.tags.remove(tag);
    }
    let mut writes = WriteSet::default();
    writes.update(&before.to_row(), key.version);
    writes.update(&after.to_row(), successor.version);
    for alias in &facts.aliases {
        let mut moved = alias.row.clone();
        moved.key_id = successor.arn.key_id;
        moved.updated_at = env.now;
        writes.update(&moved, alias.version);
    }
    for grant in &facts.grants {
        // One that is revoked meanwhile is not copied: then this is decided again.
        writes.expect(&grant.row, grant.version);
        let grant_id = GrantId::from_bytes(env.rng.array());
        writes.insert(&GrantRow { key_id: successor.arn.key_id, grant_id, ..grant.row.clone() });
    }
    tell(&mut writes, key, "Key Superseded", "SupersedeKey", &successor.arn, env);
    Ok(writes)
}

fn forget_successor(key: &Key, successor: Option<&Key>) -> WriteSet {
    let mut writes = WriteSet::default();
    let mut changed = key.clone();
    changed.lineage.successor = None;
    writes.update(&changed.to_row(), key.version);
    if let Some(successor) = successor {
        let mut changed = successor.clone();
        changed.lineage.predecessor = None;
        writes.update(&changed.to_row(), successor.version);
    }
    writes
}

fn retire(key: &Key, env: &Env<'_, Kms>) -> WriteSet {
    let mut writes = WriteSet::default();
    let mut changed = key.clone();
    changed.state = KeyState::Disabled;
    if let Some(superseded) = &mut changed.lineage.superseded {
        superseded.retired = true;
    }
    writes.update(&changed.to_row(), key.version);
    let successor = key.lineage.successor.unwrap_or(key.arn.key_id);
    let successor = KeyArn { key_id: successor, ..key.arn.clone() };
    tell(&mut writes, key, "Key Retired", "RetireKey", &successor, env);
    writes
}

/// The event on the bus and the service's own record in the trail.
fn tell(
    writes: &mut WriteSet,
    key: &Key,
    detail_type: &'static str,
    event_name: &'static str,
    successor: &KeyArn,
    env: &Env<'_, Kms>,
) {
    let aliases: Vec<&str> = key.alias_names.iter().map(String::as_str).collect();
    let event = BusEvent {
        source: "keywright.kms",
        detail_type,
        account: key.arn.account,
        region: key.arn.region.clone(),
        resources: vec![key.arn_text.to_string(), successor.to_string()],
        detail: serde_json::json!({
            "key-id": key.arn.key_id.to_string(),
            "successor-key-id": successor.key_id.to_string(),
            "aliases": aliases,
        }),
    };
    writes.announce(&event.row(env));
    let record = ServiceEvent {
        event_source: "kms.amazonaws.com",
        event_name,
        account: key.arn.account,
        region: &key.arn.region,
        resource_type: "AWS::KMS::Key",
        resource_arn: &key.arn_text,
        response_elements: None,
        details: Some(serde_json::json!({ "successor": successor.to_string(), "aliases": aliases })),
    };
    writes.audit(record.row(env));
}
