//! What every engine must do. Each check takes an empty, unlocked store; an engine is conformant when all of
//! them hold.

use keywright_crypto::{Keyring, RootKey, SystemRng};
use keywright_store::{
    Alarm, AuditRecord, AuditRow, Change, Changes, Column as _, CommitError, EntityCache, OutboxRow,
    PostgresOptions, Row as _, Store, StoreError, StoreLocation, Tampering, Value, Versioned, WriteSet, row,
};
use keywright_testkit::{Database, Engine, on_both_engines};
use keywright_types::{AccountId, AliasName, EventId, KeyId, NodeId, Region, Rng, StoreId, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

row! {
    /// The alias table, as a table whose rows are MACed and have a compound key.
    #[derive(Debug, Clone, PartialEq)]
    struct Alias in "aliases" maced true {
        key { account: AccountId, region: Region, name: AliasName }
        columns { key_id: KeyId, created_at: Timestamp, updated_at: Timestamp }
    }
}

const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

fn random<const N: usize>() -> [u8; N] {
    let rng: &dyn Rng = &SystemRng;
    rng.array()
}

fn keyring() -> Keyring {
    Keyring::create(&RootKey::generate(&SystemRng), StoreId::from_random(random()), &SystemRng).0
}

/// Where a test's store is.
struct Place {
    location: StoreLocation,
    database: Database,
    folder: tempfile::TempDir,
}

impl Place {
    fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::new(engine, &folder.path().join("store.db"));
        let location = match &database {
            Database::File(path) => StoreLocation::Sqlite { path: path.clone() },
            Database::Url(url) => {
                StoreLocation::Postgres(Box::new(PostgresOptions::parse(url).expect("a URL")))
            }
        };
        Self { location, database, folder }
    }

    async fn open(&self, keyring: &Keyring) -> Store {
        let store = self.try_open().await.expect("it opens");
        store.unlock(keyring.row_mac());
        store
    }

    async fn try_open(&self) -> Result<Store, StoreError> {
        Store::open(&self.location, &self.folder.path().join("watermarks.db"), NOW).await
    }

    /// Goes behind the store's back.
    fn sql(&self, statements: &str) {
        self.database.sql(statements);
    }
}

on_both_engines! {
    what_was_committed_is_read_back_also_after_reopening,
    what_is_relied_on_must_still_be_so,
    a_conflict_does_not_spoil_its_neighbours_in_a_group,
    counters_count_exactly_under_contention,
    rows_changed_behind_the_service_are_not_believed,
    audit_rows_and_events_are_in_the_commit_that_they_tell_of,
    observers_hear_of_a_commit_before_its_answer_and_of_nothing_else,
    a_cache_never_keeps_what_a_commit_overtook,
    a_store_of_a_newer_or_foreign_release_is_refused_and_left_alone,
    a_lease_is_held_by_one_and_what_its_last_holder_writes_late_is_refused,
    of_observations_the_newest_stays,
    counts_are_added_up_and_of_instants_the_latest_stays,
    counts_that_meet_are_all_there,
    of_many_children_the_newest_are_kept,
    rows_rolled_back_behind_the_service_are_not_believed,
}

fn alias(name: &str) -> Alias {
    Alias {
        account: AccountId::parse("111122223333").expect("an account"),
        region: Region::from_store("eu-central-1"),
        name: AliasName::parse(name).expect("a name"),
        key_id: KeyId::from_random([1; 16]),
        created_at: NOW,
        updated_at: NOW,
    }
}

async fn find(store: &Store, name: &str) -> Option<Versioned<Alias>> {
    store.find::<Alias>(&alias(name).key_values()).await.expect("it reads")
}

async fn insert(store: &Store, row: &Alias) -> Result<(), CommitError> {
    let mut writes = WriteSet::default();
    writes.insert(row);
    store.commit(writes).await
}

struct Bench {
    place: Place,
    keyring: Keyring,
    store: Store,
}

async fn bench(engine: Engine) -> Bench {
    let place = Place::new(engine);
    let keyring = keyring();
    let store = place.open(&keyring).await;
    Bench { place, keyring, store }
}

async fn what_was_committed_is_read_back_also_after_reopening(engine: Engine) {
    let Bench { place, keyring, store } = bench(engine).await;
    let row = alias("alias/a");
    insert(&store, &row).await.expect("it commits");
    let found = find(&store, "alias/a").await.expect("it is there");
    assert_eq!(found.row, row);
    assert!(find(&store, "alias/b").await.is_none());
    store.close().await;
    let store = place.open(&keyring).await;
    assert_eq!(find(&store, "alias/a").await.expect("it is there").row, row);
}

async fn what_is_relied_on_must_still_be_so(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    insert(&store, &alias("alias/a")).await.expect("it commits");
    assert!(matches!(insert(&store, &alias("alias/a")).await, Err(CommitError::Conflict)), "it exists");
    let first = find(&store, "alias/a").await.expect("there");
    let mut changed = first.row.clone();
    changed.updated_at = NOW.plus_days(1);
    let mut writes = WriteSet::default();
    writes.update(&changed, first.version);
    store.commit(writes).await.expect("it commits");
    let second = find(&store, "alias/a").await.expect("there");
    assert_eq!((second.version, second.row.clone()), (first.version.next(), changed.clone()));
    for stale in [
        |first: &Versioned<Alias>, writes: &mut WriteSet| writes.update(&first.row, first.version),
        |first: &Versioned<Alias>, writes: &mut WriteSet| writes.delete(first),
        |first: &Versioned<Alias>, writes: &mut WriteSet| writes.expect(&first.row, first.version),
    ] {
        let mut writes = WriteSet::default();
        // Whatever else the write set holds goes with it.
        writes.insert(&alias("alias/with-it"));
        stale(&first, &mut writes);
        assert!(matches!(store.commit(writes).await, Err(CommitError::Conflict)));
        assert!(find(&store, "alias/with-it").await.is_none());
        assert_eq!(find(&store, "alias/a").await.expect("there").row, changed);
    }
    let mut writes = WriteSet::default();
    writes.expect(&second.row, second.version);
    writes.insert(&alias("alias/relying"));
    store.commit(writes).await.expect("what was relied on holds");
    assert_eq!(
        find(&store, "alias/a").await.expect("there").version,
        second.version,
        "relying changes nothing"
    );
    let mut writes = WriteSet::default();
    writes.delete(&second);
    store.commit(writes).await.expect("it commits");
    assert!(find(&store, "alias/a").await.is_none());
}

async fn a_conflict_does_not_spoil_its_neighbours_in_a_group(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    insert(&store, &alias("alias/taken")).await.expect("it commits");
    let mut commits = tokio::task::JoinSet::new();
    for number in 0..200 {
        let store = store.clone();
        commits.spawn(async move {
            let name = if number % 3 == 0 { "alias/taken".to_owned() } else { format!("alias/{number}") };
            (number % 3 == 0, insert(&store, &alias(&name)).await)
        });
    }
    while let Some(done) = commits.join_next().await {
        let (taken, outcome) = done.expect("no panic");
        assert_eq!(outcome.is_err(), taken);
    }
    let rows = store.select::<Alias>("WHERE name > $1 ORDER BY name", &[Value::Text(String::new())]).await;
    assert_eq!(rows.expect("it reads").len(), 134, "133 new ones and the one that was there");
}

async fn counters_count_exactly_under_contention(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    insert(&store, &alias("alias/counter")).await.expect("it commits");
    let first = find(&store, "alias/counter").await.expect("there");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while done < 25 {
                let found = find(&store, "alias/counter").await.expect("there");
                let mut row = found.row.clone();
                row.updated_at = row.updated_at.plus_days(1);
                let mut writes = WriteSet::default();
                writes.update(&row, found.version);
                match store.commit(writes).await {
                    Ok(()) => done += 1,
                    Err(CommitError::Conflict) => tokio::task::yield_now().await,
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    let found = find(&store, "alias/counter").await.expect("there");
    assert_eq!(found.row.updated_at, NOW.plus_days(200));
    assert_eq!(found.version.number(), first.version.number() + 200);
}

async fn rows_changed_behind_the_service_are_not_believed(engine: Engine) {
    let Bench { place, keyring, store } = bench(engine).await;
    insert(&store, &alias("alias/a")).await.expect("it commits");
    let mut other = alias("alias/b");
    other.key_id = KeyId::from_random([9; 16]);
    insert(&store, &other).await.expect("it commits");
    store.close().await;
    place.sql("CREATE TABLE kept AS SELECT * FROM aliases");
    let no_mac = match engine {
        Engine::Sqlite => "UPDATE aliases SET mac = x'' WHERE name = 'alias/a'",
        Engine::Postgres => "UPDATE aliases SET mac = '' WHERE name = 'alias/a'",
    };
    for change in [
        "UPDATE aliases SET key_id = (SELECT key_id FROM aliases WHERE name = 'alias/b') WHERE name = 'alias/a'",
        "UPDATE aliases SET mac = (SELECT mac FROM aliases WHERE name = 'alias/b') WHERE name = 'alias/a'",
        "UPDATE aliases SET row_version = row_version + 1 WHERE name = 'alias/a'",
        "UPDATE aliases SET updated_at = updated_at + 1 WHERE name = 'alias/a'",
        no_mac,
        "UPDATE aliases SET name = 'alias/c' WHERE name = 'alias/b'",
    ] {
        place.sql(change);
        let store = place.open(&keyring).await;
        let mut believed = 0;
        for name in ["alias/a", "alias/b", "alias/c"] {
            match store.find::<Alias>(&alias(name).key_values()).await {
                Ok(Some(_)) => believed += 1,
                Ok(None) => {}
                Err(StoreError::Tampered { table, .. }) => assert_eq!(table, "aliases"),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(believed, 1, "after {change}");
        store.close().await;
        place.sql("DELETE FROM aliases; INSERT INTO aliases SELECT * FROM kept");
    }
    let store = place.open(&keyring).await;
    assert!(find(&store, "alias/a").await.is_some() && find(&store, "alias/b").await.is_some());
    store.close().await;
    let store = place.open(&self::keyring()).await;
    let foreign = store.find::<Alias>(&alias("alias/a").key_values()).await;
    assert!(matches!(foreign, Err(StoreError::Tampered { .. })), "another store's key");
}

async fn audit_rows_and_events_are_in_the_commit_that_they_tell_of(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    let node = NodeId::from_random(random());
    let audit = |event_id| AuditRecord { event_id, node_id: node, at: NOW, record: "{}".to_owned() };
    let event = |event_id| OutboxRow {
        event_id,
        at: NOW,
        account: AccountId::parse("111122223333").expect("an account"),
        region: Region::from_store("eu-central-1"),
        source: "aws.kms".to_owned(),
        detail_type: "test".to_owned(),
        event: "{}".to_owned(),
        sent_at: None,
    };
    insert(&store, &alias("alias/taken")).await.expect("it commits");
    let (lost, kept) = (EventId::from_random(random()), EventId::from_random(random()));
    let mut refused = WriteSet::default();
    refused.audit(audit(lost));
    refused.announce(&event(lost));
    refused.insert(&alias("alias/taken"));
    assert_eq!(refused.write_ahead(7).len(), 1);
    assert!(store.commit(refused).await.is_err());
    let mut good = WriteSet::default();
    good.audit(audit(kept));
    good.announce(&event(kept));
    assert_eq!(good.write_ahead(7).len(), 1);
    store.commit(good).await.expect("it commits");
    for (id, there) in [(lost, false), (kept, true)] {
        let key = [id.to_value()];
        assert_eq!(store.find::<AuditRow>(&key).await.expect("it reads").is_some(), there);
        assert_eq!(store.find::<OutboxRow>(&key).await.expect("it reads").is_some(), there);
    }
    let mut logged = WriteSet::default();
    logged.audit_logged(kept);
    store.commit(logged).await.expect("it commits");
    assert!(store.find::<AuditRow>(&[kept.to_value()]).await.expect("it reads").is_none());
}

async fn observers_hear_of_a_commit_before_its_answer_and_of_nothing_else(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    let heard: Arc<parking_lot::Mutex<Vec<Change>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    store.observe(move |changes| match changes {
        Changes::Rows(changes) => hearing.lock().extend_from_slice(changes),
        Changes::Everything => panic!("nothing was missed"),
    });
    insert(&store, &alias("alias/a")).await.expect("it commits");
    let found = find(&store, "alias/a").await.expect("there");
    let inserted = found.version.number();
    let expected = |deleted, version| Change {
        table: "aliases".into(),
        key: alias("alias/a").key_values(),
        deleted,
        version,
    };
    assert_eq!(*heard.lock(), [expected(false, inserted)]);
    assert!(insert(&store, &alias("alias/a")).await.is_err());
    assert_eq!(heard.lock().len(), 1, "a conflict changes nothing");
    let found = find(&store, "alias/a").await.expect("there");
    let mut writes = WriteSet::default();
    writes.delete(&found);
    store.commit(writes).await.expect("it commits");
    assert_eq!(*heard.lock(), [expected(false, inserted), expected(true, inserted + 1)]);
}

/// The race that caches lose: a value is loaded, changed by somebody, and only then put into the cache.
async fn a_cache_never_keeps_what_a_commit_overtook(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    insert(&store, &alias("alias/a")).await.expect("it commits");
    let cache: Arc<EntityCache<String, Timestamp>> = Arc::new(EntityCache::new(10, store.freshness()));
    let following = Arc::clone(&cache);
    store.observe(move |changes| {
        let Changes::Rows(changes) = changes else { return following.forget_all() };
        for change in changes {
            if let [_, _, Value::Text(name)] = change.key.as_slice() {
                following.forget(name);
            }
        }
    });
    let loads = AtomicUsize::new(0);
    let racing = cache
        .get_or_load(&"alias/a".to_owned(), async {
            loads.fetch_add(1, Ordering::SeqCst);
            let found = find(&store, "alias/a").await.expect("there");
            let mut changed = found.row.clone();
            changed.updated_at = NOW.plus_days(1);
            let mut writes = WriteSet::default();
            writes.update(&changed, found.version);
            store.commit(writes).await.expect("it commits");
            Ok::<_, StoreError>(Some(found.row.updated_at))
        })
        .await;
    assert_eq!(racing.expect("it loads"), Some(NOW), "the loader itself may use what it read");
    let fresh = cache
        .get_or_load(&"alias/a".to_owned(), async {
            loads.fetch_add(1, Ordering::SeqCst);
            Ok::<_, StoreError>(find(&store, "alias/a").await.map(|found| found.row.updated_at))
        })
        .await;
    assert_eq!(fresh.expect("it loads"), Some(NOW.plus_days(1)));
    assert_eq!(loads.load(Ordering::SeqCst), 2, "the overtaken value was not kept");
}

async fn a_store_of_a_newer_or_foreign_release_is_refused_and_left_alone(engine: Engine) {
    let Bench { place, store, .. } = bench(engine).await;
    store.close().await;
    place.sql("INSERT INTO schema_migrations VALUES (9999, 'of the future', 1, 1)");
    let newer = place.try_open().await.err();
    assert!(matches!(newer, Some(StoreError::NewerSchema { found: 9999, .. })), "{newer:?}");
    place.sql("DELETE FROM schema_migrations WHERE version = 9999");
    place.sql("UPDATE schema_migrations SET checksum = checksum + 1 WHERE version = 1");
    let foreign = place.try_open().await.err();
    assert!(matches!(foreign, Some(StoreError::ForeignSchema { version: 1 })), "{foreign:?}");
}

row! {
    /// The table of last uses, as a table of observations.
    #[derive(Debug, Clone)]
    struct LastUse in "key_last_usage" maced false {
        key { account: AccountId, region: Region, key_id: KeyId }
        columns { operation: String, used_at: Timestamp, event_id: EventId, request_id: EventId }
    }
}

async fn of_observations_the_newest_stays(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    let used = |operation: &str, seconds| LastUse {
        account: AccountId::parse("111122223333").expect("an account"),
        region: Region::from_store("eu-central-1"),
        key_id: KeyId::from_random([1; 16]),
        operation: operation.to_owned(),
        used_at: Timestamp::from_seconds(seconds),
        event_id: EventId::from_random([2; 16]),
        request_id: EventId::from_random([3; 16]),
    };
    for (operation, seconds, stays) in [
        ("Encrypt", 100, "Encrypt"),
        ("Decrypt", 90, "Encrypt"),
        ("Sign", 100, "Sign"),
        ("Verify", 101, "Verify"),
    ] {
        let row = used(operation, seconds);
        let mut writes = WriteSet::default();
        writes.put_newest(&row, "used_at");
        store.commit(writes).await.expect("it commits");
        let found = store.find::<LastUse>(&row.key_values()).await.expect("it reads").expect("it is there");
        assert_eq!(found.row.operation, stays, "after {operation} at {seconds}");
    }
}

row! {
    /// The callers of a key material, as a table of counts.
    #[derive(Debug, Clone)]
    struct Caller in "material_callers" maced false {
        key { account: AccountId, region: Region, key_id: KeyId, material_id: String, caller: String }
        columns { produced: u64, consumed: u64, last_used_at: Timestamp }
    }
}

row! {
    /// The uses of a key material: counts with instants that may be none.
    #[derive(Debug, Clone)]
    struct MaterialUse in "material_uses" maced false {
        key { account: AccountId, region: Region, key_id: KeyId, material_id: String }
        columns {
            produced: u64,
            consumed: u64,
            last_produced_at: Option<Timestamp>,
            last_consumed_at: Option<Timestamp>,
        }
    }
}

fn caller(material: &str, caller: &str, seconds: i64) -> Caller {
    Caller {
        account: AccountId::parse("111122223333").expect("an account"),
        region: Region::from_store("eu-central-1"),
        key_id: KeyId::from_random([1; 16]),
        material_id: material.to_owned(),
        caller: caller.to_owned(),
        produced: 1,
        consumed: 10,
        last_used_at: Timestamp::from_seconds(seconds),
    }
}

async fn counts_are_added_up_and_of_instants_the_latest_stays(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    let used = |produced, consumed, last_produced: Option<i64>, last_consumed: Option<i64>| MaterialUse {
        account: AccountId::parse("111122223333").expect("an account"),
        region: Region::from_store("eu-central-1"),
        key_id: KeyId::from_random([1; 16]),
        material_id: "m".to_owned(),
        produced,
        consumed,
        last_produced_at: last_produced.map(Timestamp::from_seconds),
        last_consumed_at: last_consumed.map(Timestamp::from_seconds),
    };
    for (row, sums) in [
        (used(1, 0, Some(100), None), (1, 0, Some(100), None)),
        (used(2, 5, Some(90), Some(50)), (3, 5, Some(100), Some(50))),
        (used(0, 1, None, Some(60)), (3, 6, Some(100), Some(60))),
        (used(4, 0, Some(101), None), (7, 6, Some(101), Some(60))),
    ] {
        let mut writes = WriteSet::default();
        writes.accumulate(&row, &["produced", "consumed"]);
        store.commit(writes).await.expect("it commits");
        let found = store.find::<MaterialUse>(&row.key_values()).await.expect("it reads").expect("there").row;
        let seconds = |at: Option<Timestamp>| at.map(Timestamp::as_seconds);
        let found = (
            found.produced,
            found.consumed,
            seconds(found.last_produced_at),
            seconds(found.last_consumed_at),
        );
        assert_eq!(found, sums);
    }
}

/// Nothing is lost where several commits count at once, and none of them is refused for it.
async fn counts_that_meet_are_all_there(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    let mut under_way = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let store = store.clone();
        under_way.spawn(async move {
            let mut writes = WriteSet::default();
            for one in ["a", "b", "c"] {
                writes.accumulate(&caller("m", one, 1), &["produced", "consumed"]);
            }
            store.commit(writes).await
        });
    }
    while let Some(outcome) = under_way.join_next().await {
        outcome.expect("it ran").expect("it commits");
    }
    let found =
        store.find::<Caller>(&caller("m", "b", 1).key_values()).await.expect("it reads").expect("there");
    assert_eq!((found.row.produced, found.row.consumed), (16, 160));
}

async fn of_many_children_the_newest_are_kept(engine: Engine) {
    let Bench { store, place: _place, .. } = bench(engine).await;
    let mut writes = WriteSet::default();
    // "d" and "e" at the same instant: of these the later name counts as the newer.
    for (name, seconds) in [("a", 5), ("b", 1), ("c", 4), ("d", 2), ("e", 2)] {
        writes.accumulate(&caller("m", name, seconds), &["produced", "consumed"]);
        writes.accumulate(&caller("other", name, seconds), &["produced", "consumed"]);
    }
    store.commit(writes).await.expect("it commits");
    let parent = caller("m", "", 0).key_values()[..4].to_vec();
    for (kept, left) in [(6, "abcde"), (5, "abcde"), (3, "ace"), (1, "a")] {
        let mut writes = WriteSet::default();
        writes.keep_newest_children::<Caller>(parent.clone(), "last_used_at", kept);
        store.commit(writes).await.expect("it commits");
        let found =
            store.select::<Caller>("WHERE material_id = 'm' ORDER BY caller", &[]).await.expect("it reads");
        let names: String = found.iter().map(|found| found.row.caller.as_str()).collect();
        assert_eq!(names, left, "{kept} kept");
    }
    let others = store.select::<Caller>("WHERE material_id = 'other'", &[]).await.expect("it reads");
    assert_eq!(others.len(), 5, "those of another parent stay");
}

async fn a_lease_is_held_by_one_and_what_its_last_holder_writes_late_is_refused(engine: Engine) {
    const LONG: Duration = Duration::from_secs(600);
    let Bench { store, place, .. } = bench(engine).await;
    let (one, other) = (NodeId::from_random(random()), NodeId::from_random(random()));
    let names: Vec<String> = (0..4).map(|part| format!("work/{part}")).collect();
    store.make_leases(&names, one).await.expect("they are made");
    store.make_leases(&names, other).await.expect("making them again changes nothing");
    let taken = store.take_leases("work", one, 3, LONG).await.expect("it takes");
    assert_eq!(taken.len(), 3);
    let rest = store.take_leases("work", other, 4, LONG).await.expect("it takes");
    assert_eq!(rest.len(), 1, "what is held is passed over");
    assert!(store.take_leases("work", one, 4, LONG).await.expect("it asks").is_empty());
    assert_eq!(store.renew_leases("work", one, LONG).await.expect("it renews").len(), 3);
    let lease = &taken[0];
    let work = |lease, name: &str| {
        let mut writes = WriteSet::default();
        writes.under(lease);
        writes.insert(&alias(name));
        writes
    };
    store.commit(work(lease, "alias/in-time")).await.expect("the holder works");

    // Its time runs out: the other takes it over, and only then is the first one late.
    place.sql(&format!("UPDATE leases SET until = 1 WHERE name = '{}'", lease.name));
    store.commit(work(lease, "alias/still-nobodys")).await.expect("nobody took it yet");
    let over = store.take_leases("work", other, 4, LONG).await.expect("it takes over");
    assert_eq!(over.iter().map(|taken| taken.name.as_str()).collect::<Vec<_>>(), [lease.name.as_str()]);
    assert!(over[0].token > lease.token);
    assert!(matches!(store.commit(work(lease, "alias/late")).await, Err(CommitError::Conflict)));
    assert!(find(&store, "alias/late").await.is_none());
    assert!(!store.holds_lease(lease).await.expect("it asks"));
    store.commit(work(&over[0], "alias/taken-over")).await.expect("the new holder works");
    let renewed = store.renew_leases("work", one, LONG).await.expect("it renews");
    assert!(!renewed.iter().any(|held| held.name == lease.name), "what is lost is not renewed");
    store.release_lease(lease).await.expect("giving back what one no longer has");
    assert!(store.holds_lease(&over[0]).await.expect("it asks"), "changes nothing");

    store.release_all_leases(other).await.expect("it gives back");
    assert_eq!(store.take_leases("work", one, 4, LONG).await.expect("it takes").len(), 2);
}

async fn rows_rolled_back_behind_the_service_are_not_believed(engine: Engine) {
    let Bench { place, store, keyring } = bench(engine).await;
    for name in ["alias/changed", "alias/deleted", "alias/removed", "alias/untouched"] {
        insert(&store, &alias(name)).await.expect("it commits");
    }
    place.sql("CREATE TABLE kept AS SELECT * FROM aliases");
    let first = find(&store, "alias/changed").await.expect("there");
    let mut changed = first.row.clone();
    changed.key_id = KeyId::from_random([7; 16]);
    let mut writes = WriteSet::default();
    writes.update(&changed, first.version);
    writes.delete(&find(&store, "alias/deleted").await.expect("there"));
    store.commit(writes).await.expect("it commits");
    place.sql(
        "DELETE FROM aliases; INSERT INTO aliases SELECT * FROM kept; DELETE FROM aliases WHERE name = 'alias/removed'",
    );
    let heard: Arc<parking_lot::Mutex<Vec<Alarm>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    store.watch(move |alarm| hearing.lock().push(alarm.clone()));
    for reopened in [false, true] {
        let again = if reopened {
            store.close().await;
            place.open(&keyring).await
        } else {
            store.clone()
        };
        for name in ["alias/changed", "alias/deleted"] {
            let refused = again.find::<Alias>(&alias(name).key_values()).await.map(|found| found.is_some());
            assert!(
                matches!(refused, Err(StoreError::Tampered { how: Tampering::RolledBack, .. })),
                "{name}, reopened: {reopened}: {refused:?}"
            );
        }
        assert!(find(&again, "alias/untouched").await.is_some());
        let all = again.select::<Alias>("ORDER BY name", &[]).await;
        assert!(matches!(all, Err(StoreError::Tampered { .. })), "a list is no way round");
        let report = again.check(Alias::TABLE).await.expect("it checks");
        let found: Vec<_> = report.findings.iter().map(|found| (found.key.as_str(), found.how)).collect();
        let key = |name: &str| format!("[\"111122223333\",\"eu-central-1\",\"{name}\"]");
        assert_eq!(
            found,
            [
                (key("alias/changed").as_str(), Tampering::RolledBack),
                (key("alias/deleted").as_str(), Tampering::RolledBack),
                (key("alias/removed").as_str(), Tampering::Removed),
            ]
        );
        assert_eq!(report.rows, 3);
        if reopened {
            // A name whose row was removed can be used again, and the new row is a later one.
            let mut writes = WriteSet::default();
            writes.insert(&alias("alias/removed"));
            again.commit(writes).await.expect("it commits");
            assert!(find(&again, "alias/removed").await.is_some());
        }
    }
    assert!(
        heard
            .lock()
            .iter()
            .any(|alarm| alarm.how == Tampering::RolledBack && alarm.key.contains("alias/changed"))
    );
}
