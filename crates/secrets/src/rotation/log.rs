//! What happened to a secret's rotations, step by step: for people who ask why.

use crate::labels::CURRENT;
use crate::rotation::Run;
use crate::secret::SecretRow;
use keywright_store::{Column as _, Store, StoreError, WriteSet, row};
use keywright_types::{AccountId, Region, Timestamp};

row! {
    /// One step that was done or failed, or how a rotation ended.
    #[derive(Debug, Clone)]
    pub struct LogRow in "secret_rotation_log" maced false {
        key { account: AccountId, region: Region, name: String, entry_id: String }
        columns {
            at: Timestamp,
            version_id: String,
            attempt: u32,
            step: String,
            outcome: String,
            cause: Option<String>,
        }
    }
}

/// The newest entries that are kept.
const KEPT: usize = 200;

/// What an entry tells beside when.
#[derive(Debug, Clone)]
pub struct LogEntry<'a> {
    /// A step's name, or `rotation`.
    pub step: &'static str,
    /// `started`, `done`, `failed`, `succeeded`, `abandoned`.
    pub outcome: &'static str,
    pub cause: Option<&'a str>,
}

/// The order of what happens within one millisecond.
fn rank(entry: &LogEntry<'_>) -> u8 {
    match (entry.step, entry.outcome) {
        ("rotation", "started") => 0,
        ("createSecret", _) => 1,
        ("setSecret", _) => 2,
        ("testSecret", _) => 3,
        ("finishSecret", _) => 4,
        _ => 5,
    }
}

/// Adds an entry; old ones go.
pub(crate) fn note(
    writes: &mut WriteSet,
    row: &SecretRow,
    run: &Run,
    entry: &LogEntry<'_>,
    now: Timestamp,
    random: [u8; 4],
) {
    let unique: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    writes.insert(&LogRow {
        account: row.account,
        region: row.region.clone(),
        name: row.name.clone(),
        entry_id: format!("{:015}-{:05}-{}-{unique}", now.as_millis(), run.attempt, rank(entry)),
        at: now,
        version_id: run.token.clone(),
        attempt: run.attempt,
        step: entry.step.to_owned(),
        outcome: entry.outcome.to_owned(),
        cause: entry.cause.map(str::to_owned),
    });
    writes.keep_newest_children::<LogRow>(row.secret_key().values().to_vec(), "entry_id", KEPT);
}

/// Adds that a rotation is held, and for whom.
pub(crate) fn note_held(
    writes: &mut WriteSet,
    row: &SecretRow,
    cause: &str,
    now: Timestamp,
    random: [u8; 4],
) {
    let unique: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    writes.insert(&LogRow {
        account: row.account,
        region: row.region.clone(),
        name: row.name.clone(),
        entry_id: format!("{:015}-{:05}-0-{unique}", now.as_millis(), 0),
        at: now,
        version_id: row.versions.0.holder(CURRENT).unwrap_or_default().to_owned(),
        attempt: 0,
        step: "rotation".to_owned(),
        outcome: "held".to_owned(),
        cause: Some(cause.to_owned()),
    });
    writes.keep_newest_children::<LogRow>(row.secret_key().values().to_vec(), "entry_id", KEPT);
}

/// The newest entries of a secret, the latest first.
///
/// # Errors
/// The store's.
pub async fn find_log(store: &Store, row: &SecretRow, limit: i64) -> Result<Vec<LogRow>, StoreError> {
    let [account, region, name] = row.secret_key().values();
    let rows = store
        .select::<LogRow>(
            "WHERE account = $1 AND region = $2 AND name = $3 ORDER BY entry_id DESC LIMIT $4",
            &[account, region, name, limit.to_value()],
        )
        .await?;
    Ok(rows.into_iter().map(|stored| stored.row).collect())
}
