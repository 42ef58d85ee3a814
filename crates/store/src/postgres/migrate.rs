//! Bringing the schema up to date, one node at a time.

use super::PostgresEngine;
use super::fault::Fault;
use crate::migrations::pending;
use crate::{StoreError, dialect};
use keywright_types::Timestamp;
use tokio_postgres::Client;

/// Names the lock among other users of advisory locks; "keywrght" in ASCII.
pub(super) const MIGRATION_LOCK: i64 = 0x6b65_7977_7267_6874;

impl PostgresEngine {
    pub(super) async fn migrate(&self, now: Timestamp) -> Result<(), StoreError> {
        let connection = self.pool.get().await.map_err(Fault::into_store_error)?;
        let steps = tokio::time::timeout(self.timeout * 6, apply(&connection, now)).await;
        let outcome = steps.unwrap_or_else(|_| {
            Err(StoreError::Unavailable("the schema could not be brought up to date in time".to_owned()))
        });
        if outcome.is_err() {
            // With it goes the transaction that was begun.
            drop(deadpool_postgres::Object::take(connection));
        }
        outcome
    }
}

async fn apply(client: &Client, now: Timestamp) -> Result<(), StoreError> {
    let failed = |error: tokio_postgres::Error| Fault::of(&error).into_store_error();
    client
        .batch_execute(&format!(
            "BEGIN; SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK}); \
             CREATE TABLE IF NOT EXISTS schema_migrations (\
                 version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, \
                 checksum BIGINT NOT NULL, applied_at BIGINT NOT NULL)"
        ))
        .await
        .map_err(failed)?;
    let applied: Vec<(i64, i64)> = client
        .query("SELECT version, checksum FROM schema_migrations ORDER BY version", &[])
        .await
        .map_err(failed)?
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    for migration in pending(&applied)? {
        client.batch_execute(&migration.sql(&dialect::POSTGRES)).await.map_err(failed)?;
        client
            .execute(
                "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                &[&migration.version, &migration.name, &migration.checksum(), &now.as_millis()],
            )
            .await
            .map_err(failed)?;
    }
    client.batch_execute("COMMIT").await.map_err(failed)
}
