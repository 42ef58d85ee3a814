//! Opening the file: pragmas, the floor for known holes, migrations.

use crate::StoreError;
use crate::dialect::SQLITE;
use crate::migrations::pending;
use keywright_types::Timestamp;
use rusqlite::{Connection, OpenFlags, params};
use std::path::Path;
use std::time::Duration;

/// 3.51.3 ends a race in resetting the WAL that could lose committed rows.
const SQLITE_FLOOR: i32 = 3_051_003;
const STATEMENTS_CACHED: usize = 128;

/// The only connection that writes; it holds the file's write lock for itself as long as it lives.
pub(super) fn writer(path: &Path, now: Timestamp) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < SQLITE_FLOOR {
        return Err(StoreError::OldSqlite { found: rusqlite::version().to_owned(), needed: "3.51.3" });
    }
    let failed = |cause: rusqlite::Error| open_error(path, &cause);
    let mut connection = Connection::open(path).map_err(failed)?;
    restrict_mode(path)?;
    connection.busy_timeout(Duration::from_secs(2)).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(failed)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Open {
            path: path.to_owned(),
            cause: format!("WAL mode is needed, the file system gave {mode}"),
        });
    }
    connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
    connection.pragma_update(None, "foreign_keys", "ON").map_err(failed)?;
    connection.pragma_update(None, "cell_size_check", "ON").map_err(failed)?;
    // Deleted key material must not stay behind in free pages.
    connection.pragma_update(None, "secure_delete", "ON").map_err(failed)?;
    connection.pragma_update(None, "cache_size", -8192).map_err(failed)?;
    migrate(&mut connection, now, path)?;
    Ok(connection)
}

/// A connection of the read pool.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let failed = |cause: rusqlite::Error| open_error(path, &cause);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(2)).map_err(failed)?;
    connection.pragma_update(None, "cache_size", -1024).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}

fn migrate(connection: &mut Connection, now: Timestamp, path: &Path) -> Result<(), StoreError> {
    let failed = |cause: rusqlite::Error| open_error(path, &cause);
    connection
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL,
                 checksum BIGINT NOT NULL, applied_at BIGINT NOT NULL)",
        )
        .map_err(failed)?;
    let applied: Vec<(i64, i64)> = {
        let mut statement = connection
            .prepare("SELECT version, checksum FROM schema_migrations ORDER BY version")
            .map_err(failed)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)?
    };
    for migration in pending(&applied)? {
        let step = connection.transaction().map_err(failed)?;
        step.execute_batch(&migration.sql(&SQLITE)).map_err(failed)?;
        step.execute(
            "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)",
            params![migration.version, migration.name, migration.checksum(), now.as_millis()],
        )
        .map_err(failed)?;
        step.commit().map_err(failed)?;
    }
    Ok(())
}

/// The database is for its owner alone; its WAL inherits the mode.
fn restrict_mode(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|cause| StoreError::Open { path: path.to_owned(), cause: cause.to_string() })
}

fn open_error(path: &Path, cause: &rusqlite::Error) -> StoreError {
    match cause.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            StoreError::InUse { path: path.to_owned() }
        }
        _ => StoreError::Open { path: path.to_owned(), cause: cause.to_string() },
    }
}
