//! What an operator should know of the database itself.

use super::PostgresEngine;
use crate::freshness::system_millis;
use crate::value::Value;
use crate::{StoreError, dialect};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The database as it describes itself.
#[derive(Debug, Clone)]
pub struct DatabaseReport {
    pub version: String,
    /// Of the settings that matter here: name and value, by its own words.
    pub settings: BTreeMap<String, String>,
    pub in_recovery: bool,
    pub connections_in_use: i64,
    pub round_trip: Duration,
    /// How far the database's clock is ahead of this machine's, in milliseconds; known to half a round trip.
    pub clock_ahead_millis: i64,
}

impl PostgresEngine {
    pub(crate) async fn diagnose(&self) -> Result<DatabaseReport, StoreError> {
        let settings = self
            .query(
                "SELECT name, setting FROM pg_settings WHERE name IN \
                 ('fsync', 'full_page_writes', 'synchronous_commit', 'max_connections', 'data_checksums', \
                 'synchronous_standby_names')",
                &[],
            )
            .await?;
        let settings = settings
            .into_iter()
            .filter_map(|row| match <[Value; 2]>::try_from(row) {
                Ok([Value::Text(name), Value::Text(value)]) => Some((name, value)),
                _ => None,
            })
            .collect();
        let facts = "SELECT version(), CAST(CAST(pg_is_in_recovery() AS INT) AS BIGINT), \
                     (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')";
        let facts = self.query(facts, &[]).await?.pop().unwrap_or_default();
        let Ok([Value::Text(version), Value::Int(in_recovery), Value::Int(connections_in_use)]) =
            <[Value; 3]>::try_from(facts)
        else {
            return Err(StoreError::Unavailable("the database does not describe itself".to_owned()));
        };
        let now = dialect::POSTGRES.fill("SELECT {now}");
        // The first run prepares the statement.
        self.query(&now, &[]).await?;
        let (before, began) = (system_millis(), Instant::now());
        let said = self.query(&now, &[]).await?.pop().unwrap_or_default();
        let round_trip = began.elapsed();
        let half = i64::try_from(round_trip.as_millis()).unwrap_or(0) / 2;
        let clock_ahead_millis = match said.first() {
            Some(Value::Int(database)) => database - before - half,
            _ => 0,
        };
        Ok(DatabaseReport {
            version,
            settings,
            in_recovery: in_recovery != 0,
            connections_in_use,
            round_trip,
            clock_ahead_millis,
        })
    }
}
