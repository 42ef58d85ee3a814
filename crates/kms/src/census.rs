//! The census: what each key material is used for, by whom, and when last; counted in memory, written behind.
//!
//! An Encrypt must not cost a write. Uses are added up per key material and flushed every few seconds by
//! `server::scheduler` and at stop, as sums: nodes that share a store count together. A kill loses the seconds since the
//! last flush, and so does a flush that fails; these are observations (the trail has every use).

use keywright_store::{Row as _, WriteSet, row};
use keywright_types::{AccountId, KeyArn, KeyId, MaterialId, Principal, Region, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

row! {
    /// What a key material was used for, of all nodes together.
    #[derive(Debug, Clone)]
    pub struct MaterialUsesRow in "material_uses" maced false {
        key { account: AccountId, region: Region, key_id: KeyId, material_id: MaterialId }
        columns {
            produced: u64,
            consumed: u64,
            last_produced_at: Option<Timestamp>,
            last_consumed_at: Option<Timestamp>,
        }
    }
}

row! {
    /// One caller's part of it.
    #[derive(Debug, Clone)]
    pub struct MaterialCallersRow in "material_callers" maced false {
        key { account: AccountId, region: Region, key_id: KeyId, material_id: MaterialId, caller: String }
        columns { produced: u64, consumed: u64, last_used_at: Timestamp }
    }
}

const SUMS: &[&str] = &["produced", "consumed"];

/// Callers kept of each key material: those who used it last. The counts of the others stay in its own row.
pub const CALLERS_KEPT: usize = 32;

/// Key materials used between two flushes, at most; further ones are not counted until the next.
const NOTED_MAX: usize = 100_000;

/// Key materials in one write set; each takes up to [`CALLERS_KEPT`] rows and a sweep more.
const MATERIALS_AT_ONCE: usize = 50;

/// Which side of a key material's work a use was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Something was made that needs this key material later: a ciphertext, a data key, a signature, a MAC.
    Produced,
    /// Something that was made with it before was opened or verified.
    Consumed,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    produced: u64,
    consumed: u64,
    last_produced_at: Option<Timestamp>,
    last_consumed_at: Option<Timestamp>,
}

impl Count {
    fn add(&mut self, how: Use, at: Timestamp) {
        let (count, last) = match how {
            Use::Produced => (&mut self.produced, &mut self.last_produced_at),
            Use::Consumed => (&mut self.consumed, &mut self.last_consumed_at),
        };
        *count += 1;
        *last = (*last).max(Some(at));
    }
}

#[derive(Debug, Default)]
struct Noted {
    count: Count,
    callers: HashMap<Arc<str>, Count>,
}

/// Uses since the last flush.
#[derive(Debug, Default)]
pub struct Census {
    noted: Mutex<HashMap<(KeyArn, MaterialId), Noted>>,
}

/// Whom a use is counted for: a user, a role whatever its session, an account's root user.
fn counted_for(principal: &Principal, arn: &Arc<str>) -> Arc<str> {
    match principal {
        Principal::RoleSession { role_arn, .. } => Arc::clone(role_arn),
        Principal::Root { .. }
        | Principal::User { .. }
        | Principal::Federated { .. }
        | Principal::Service { .. } => Arc::clone(arn),
    }
}

impl Census {
    pub fn note(
        &self,
        key: &KeyArn,
        material: MaterialId,
        how: Use,
        (principal, arn): (&Principal, &Arc<str>),
        at: Timestamp,
    ) {
        let caller = counted_for(principal, arn);
        let mut noted = self.noted.lock();
        let name = (key.clone(), material);
        let entry = if noted.len() < NOTED_MAX {
            noted.entry(name).or_default()
        } else if let Some(entry) = noted.get_mut(&name) {
            entry
        } else {
            return;
        };
        entry.count.add(how, at);
        if entry.callers.len() < CALLERS_KEPT || entry.callers.contains_key(&caller) {
            entry.callers.entry(caller).or_default().add(how, at);
        }
    }

    /// What was noted, as write sets of a bounded size.
    pub fn flush(&self) -> impl Iterator<Item = WriteSet> + Send + use<> {
        // In one order everywhere: two nodes that add to the same rows wait for each other, and never both.
        let mut noted: Vec<_> = std::mem::take(&mut *self.noted.lock()).into_iter().collect();
        noted.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut noted = noted.into_iter().peekable();
        std::iter::from_fn(move || {
            noted.peek()?;
            let mut writes = WriteSet::default();
            for ((arn, material_id), noted) in noted.by_ref().take(MATERIALS_AT_ONCE) {
                add(&mut writes, &arn, material_id, &noted);
            }
            Some(writes)
        })
    }
}

fn add(writes: &mut WriteSet, arn: &KeyArn, material_id: MaterialId, noted: &Noted) {
    let row = MaterialUsesRow {
        account: arn.account,
        region: arn.region.clone(),
        key_id: arn.key_id,
        material_id,
        produced: noted.count.produced,
        consumed: noted.count.consumed,
        last_produced_at: noted.count.last_produced_at,
        last_consumed_at: noted.count.last_consumed_at,
    };
    writes.accumulate(&row, SUMS);
    let mut callers: Vec<_> = noted.callers.iter().collect();
    callers.sort_unstable_by_key(|(caller, _)| *caller);
    for (caller, count) in callers {
        let Some(last_used_at) = count.last_produced_at.max(count.last_consumed_at) else { continue };
        writes.accumulate(
            &MaterialCallersRow {
                account: arn.account,
                region: arn.region.clone(),
                key_id: arn.key_id,
                material_id,
                caller: caller.to_string(),
                produced: count.produced,
                consumed: count.consumed,
                last_used_at,
            },
            SUMS,
        );
    }
    writes.keep_newest_children::<MaterialCallersRow>(row.key_values(), "last_used_at", CALLERS_KEPT);
}

#[cfg(test)]
mod tests {
    use super::{CALLERS_KEPT, Census, Use};
    use keywright_types::{AccountId, KeyArn, KeyId, MaterialId, Principal, Region, Timestamp};
    use std::sync::Arc;

    fn key(byte: u8) -> KeyArn {
        KeyArn {
            region: Region::from_store("eu-central-1"),
            account: AccountId::parse("111122223333").expect("an account"),
            key_id: KeyId::from_random([byte; 16]),
        }
    }

    #[test]
    fn uses_are_added_up_by_key_material_and_caller_and_callers_are_bounded() {
        let census = Census::default();
        let root = Principal::Root { account: AccountId::parse("111122223333").expect("an account") };
        let (one, two) = (MaterialId::from_bytes([1; 32]), MaterialId::from_bytes([2; 32]));
        for number in 0..100_u32 {
            let caller: Arc<str> = format!("arn:{}", number % 40).into();
            let at = Timestamp::from_seconds(i64::from(number));
            census.note(&key(1), one, Use::Produced, (&root, &caller), at);
            census.note(&key(1), two, Use::Consumed, (&root, &caller), at);
        }
        {
            let noted = census.noted.lock();
            let entry = &noted[&(key(1), one)];
            assert_eq!((entry.count.produced, entry.count.consumed), (100, 0));
            assert_eq!(entry.count.last_produced_at, Some(Timestamp::from_seconds(99)));
            assert_eq!(entry.callers.len(), CALLERS_KEPT);
            assert_eq!(entry.callers[&Arc::from("arn:3")].produced, 3);
            assert_eq!(noted[&(key(1), two)].count.consumed, 100);
        }
        assert_eq!(census.flush().count(), 1);
        assert_eq!(census.flush().count(), 0, "what was flushed is not flushed again");
    }

    #[test]
    fn write_sets_are_bounded() {
        let census = Census::default();
        let root = Principal::Root { account: AccountId::parse("111122223333").expect("an account") };
        for byte in 0..120 {
            let material = MaterialId::from_bytes([byte; 32]);
            census.note(
                &key(byte),
                material,
                Use::Produced,
                (&root, &"arn".into()),
                Timestamp::from_seconds(1),
            );
        }
        assert_eq!(census.flush().count(), 3);
    }
}
