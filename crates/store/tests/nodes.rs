//! Two nodes on one PostgreSQL, below the service: what one commits the other hears of, in whatever order
//! transactions become visible.

use keywright_crypto::{Keyring, RootKey, SystemRng};
use keywright_store::{Changes, EntityCache, PostgresOptions, Store, StoreLocation, Value, WriteSet, row};
use keywright_types::{AccountId, AliasName, KeyId, Region, Rng, StoreId, Timestamp};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

row! {
    #[derive(Debug, Clone, PartialEq)]
    struct Alias in "aliases" maced true {
        key { account: AccountId, region: Region, name: AliasName }
        columns { key_id: KeyId, created_at: Timestamp, updated_at: Timestamp }
    }
}

const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

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

fn keyring() -> Keyring {
    let random: &dyn Rng = &SystemRng;
    Keyring::create(&RootKey::generate(&SystemRng), StoreId::from_random(random.array()), &SystemRng).0
}

/// A node, and the aliases that it has heard of.
struct Node {
    store: Store,
    heard: Arc<parking_lot::Mutex<Vec<String>>>,
}

async fn node(options: &PostgresOptions, folder: &Path, name: &str, keyring: &Keyring) -> Node {
    let location = StoreLocation::Postgres(Box::new(options.clone()));
    let store = Store::open(&location, &folder.join(name), NOW).await.expect("it opens");
    store.unlock(keyring.row_mac());
    let heard: Arc<parking_lot::Mutex<Vec<String>>> = Arc::default();
    let hearing = Arc::clone(&heard);
    store.observe(move |changes| {
        let Changes::Rows(changes) = changes else { panic!("nothing was missed") };
        for change in changes {
            if let (_, Some(Value::Text(name))) = (&change.table, change.key.last()) {
                hearing.lock().push(name.clone());
            }
        }
    });
    Node { store, heard }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what} did not come");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn insert(store: &Store, name: &str) {
    let mut writes = WriteSet::default();
    writes.insert(&alias(name));
    store.commit(writes).await.expect("it commits");
}

async fn each_hears_of_the_other_once(without_transaction_ids: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = PostgresOptions::parse(&keywright_testkit::postgres()).expect("a URL");
    options.without_transaction_ids = without_transaction_ids;
    let keyring = keyring();
    let one = node(&options, folder.path(), "one", &keyring).await;
    let other = node(&options, folder.path(), "other", &keyring).await;
    for number in 0..20 {
        insert(if number % 2 == 0 { &one.store } else { &other.store }, &format!("alias/{number:02}")).await;
    }
    let expected: Vec<String> = (0..20).map(|number| format!("alias/{number:02}")).collect();
    for node in [&one, &other] {
        until("the other's changes", || node.heard.lock().len() >= 20).await;
    }
    // Long enough for whatever would be heard twice.
    tokio::time::sleep(Duration::from_millis(800)).await;
    for node in [&one, &other] {
        let mut heard = node.heard.lock().clone();
        heard.sort();
        assert_eq!(heard, expected, "each once");
        assert!(node.store.freshness().is_current());
    }
}

#[tokio::test]
async fn nodes_hear_of_each_other_by_transaction_ids() {
    each_hears_of_the_other_once(false).await;
}

#[tokio::test]
async fn nodes_hear_of_each_other_by_time() {
    each_hears_of_the_other_once(true).await;
}

/// What a feed by sequence numbers or by time would miss.
#[tokio::test]
async fn a_transaction_that_began_early_and_ends_late_is_heard_of() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = keywright_testkit::postgres();
    let options = PostgresOptions::parse(&url).expect("a URL");
    let keyring = keyring();
    let node = node(&options, folder.path(), "one", &keyring).await;
    let (late, connection) = tokio_postgres::connect(&url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    late.batch_execute(
        "BEGIN; INSERT INTO changes (change_id, txid, at, changed) VALUES ('late', \
         CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT), \
         CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), \
         '[[\"aliases\",[\"111122223333\",\"eu-central-1\",\"alias/late\"],false,5]]')",
    )
    .await
    .expect("it writes");
    // Others begin later and are heard of long before it ends.
    let other = self::node(&options, folder.path(), "other", &keyring).await;
    for number in 0..5 {
        let name = format!("alias/early-{number}");
        insert(&other.store, &name).await;
        until("a change", || node.heard.lock().contains(&name)).await;
    }
    assert!(!node.heard.lock().contains(&"alias/late".to_owned()), "it is not visible yet");
    late.batch_execute("COMMIT").await.expect("it commits");
    until("the late change", || node.heard.lock().contains(&"alias/late".to_owned())).await;
}

#[tokio::test]
async fn a_cache_is_not_believed_while_nothing_is_heard() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = PostgresOptions::parse(&keywright_testkit::postgres()).expect("a URL");
    options.max_staleness = Duration::from_secs(1);
    let node = node(&options, folder.path(), "one", &keyring()).await;
    let cache: EntityCache<u8, u8> = EntityCache::new(10, node.store.freshness());
    cache.keep(1, 1);
    assert_eq!(cache.peek(&1), Some(1));
    // Nobody listens any more once the store is closed.
    node.store.close().await;
    until("doubt", || cache.peek(&1).is_none()).await;
    let loaded = cache.get_or_load(&1, async { Ok::<_, ()>(Some(2)) }).await;
    assert_eq!(loaded, Ok(Some(2)), "it asks the store each time");
    assert_eq!(cache.get_or_load(&1, async { Ok::<_, ()>(Some(3)) }).await, Ok(Some(3)));
}
