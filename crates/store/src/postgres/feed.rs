//! Follows the changes of other nodes.
//!
//! A few times a second, the rows of `changes` that this node may not have seen are read. On PostgreSQL these are
//! all whose transaction was not yet finished for certain at the last look: those with an id at or above the oldest
//! one then under way (the snapshot's xmin). Sequence numbers or times would not do, since a transaction that began
//! earlier may become visible later. On other databases the last ten seconds are read again. What was seen already is
//! passed over.
//!
//! There is no LISTEN/NOTIFY: a NOTIFY makes every commit of the database queue at one lock, and a look a quarter of a
//! second apart costs less.

use super::fault::Fault;
use super::pool::Pool;
use super::{Flavour, Own, values};
use crate::changes::{Change, Changes, Observers};
use crate::engine::Rows;
use crate::freshness::{since_boot, system_millis};
use crate::value::Value;
use crate::{Freshness, dialect};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// How often is looked.
const EVERY: Duration = Duration::from_millis(250);
/// A transaction of ours lasts no longer; changes before that are known whatever other transactions are under way.
const TRANSACTION_MAX_MILLIS: i64 = 120_000;
/// What is read again where transaction ids do not help.
const OVERLAP_MILLIS: i64 = 10_000;
/// How long changes are kept.
pub(crate) const KEPT: Duration = Duration::from_secs(3600);
/// Without an answer within this time the look is given up and the connection with it.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) struct Feed {
    pool: Pool,
    flavour: Flavour,
    observers: Arc<Observers>,
    own: Own,
    freshness: Freshness,
    /// How far the database's clock is ahead of this machine's, in milliseconds.
    clock: Arc<AtomicI64>,
    /// Where the next look begins; none before the first, and after this node lost track.
    from: Option<From>,
    /// Changes seen that the next look will find again, with the time they bear.
    seen: HashMap<String, i64>,
}

#[derive(Debug, Clone, Copy)]
struct From {
    xmin: i64,
    at: i64,
}

impl Feed {
    pub(super) fn new(
        pool: Pool,
        flavour: Flavour,
        observers: Arc<Observers>,
        own: Own,
        freshness: Freshness,
        clock: Arc<AtomicI64>,
    ) -> Self {
        Self { pool, flavour, observers, own, freshness, clock, from: None, seen: HashMap::new() }
    }

    /// Runs until the task is aborted.
    pub(super) async fn run(mut self) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            ticks.tick().await;
            match self.look().await {
                Ok(()) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!("changes of other nodes are heard of again");
                    }
                }
                Err(cause) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::warn!(cause, "changes of other nodes are not heard of");
                    }
                }
            }
        }
    }

    /// One look; everything committed before it began is known afterwards.
    pub(super) async fn look(&mut self) -> Result<(), String> {
        let began = since_boot();
        let rows = self.read().await?;
        // Changes are kept for an hour: a node away for longer does not know what it missed. Neither does one whose
        // database went back in time.
        let lost_track = self.freshness.age().is_none_or(|age| age > KEPT / 2);
        let mut fresh = Vec::new();
        let mut next = None;
        for row in rows {
            let [Value::Int(xmin), Value::Int(now), id, at, changed] =
                <[Value; 5]>::try_from(row).map_err(|_| "a change row has another form".to_owned())?
            else {
                return Err("a change row has another form".to_owned());
            };
            next = Some(From { xmin, at: now });
            if let (Value::Text(id), Value::Int(at), Value::Text(changed)) = (id, at, changed)
                && !self.seen.contains_key(&id)
            {
                let own = self.own.take(&id);
                self.seen.insert(id, at);
                if own {
                    continue;
                }
                fresh.push(changed);
            }
        }
        let next = next.ok_or("the database gave no snapshot")?;
        let went_back = self.from.is_some_and(|from| next.xmin < from.xmin);
        if lost_track || went_back {
            if self.from.is_some() {
                tracing::warn!("this node lost track of the changes of others: it reads everything anew");
            }
            self.observers.tell(Changes::Everything);
        } else {
            for changed in fresh {
                match decode(&changed) {
                    Some(changes) => self.observers.tell(Changes::Rows(&changes)),
                    None => self.observers.tell(Changes::Everything),
                }
            }
        }
        self.seen.retain(|_, at| *at >= next.at - TRANSACTION_MAX_MILLIS);
        self.clock.store(next.at - system_millis(), Ordering::Relaxed);
        self.from = Some(next);
        self.freshness.heard_until(began);
        Ok(())
    }

    async fn read(&self) -> Result<Rows, String> {
        let text = |fault: Fault| fault.into_store_error().to_string();
        let connection = self.pool.get().await.map_err(text)?;
        let (sql, params) = self.question();
        let found = async {
            let statement = connection.prepare_cached(&sql).await?;
            connection.query(&statement, &values::params(&params)).await.and_then(values::rows)
        };
        let fault = match tokio::time::timeout(TIMEOUT, found).await {
            Ok(Ok(rows)) => return Ok(rows),
            Ok(Err(error)) => text(Fault::of(&error)),
            Err(_) => format!("the database did not answer within {} s", TIMEOUT.as_secs()),
        };
        drop(deadpool_postgres::Object::take(connection));
        Err(fault)
    }

    fn question(&self) -> (String, Vec<Value>) {
        let xmin = self.flavour.xmin();
        let from = self.from.unwrap_or(From { xmin: i64::MAX, at: i64::MAX });
        let (condition, params) = match self.flavour {
            Flavour::Postgres => (
                "c.txid >= $1 AND c.at >= $2",
                vec![Value::Int(from.xmin), Value::Int(from.at.saturating_sub(TRANSACTION_MAX_MILLIS))],
            ),
            Flavour::Other => ("c.at >= $1", vec![Value::Int(from.at.saturating_sub(OVERLAP_MILLIS))]),
        };
        let sql = format!(
            "SELECT s.xmin, s.now, c.change_id, c.at, c.changed \
             FROM (SELECT {xmin} AS xmin, {{now}} AS now) s LEFT JOIN changes c ON {condition}"
        );
        (dialect::POSTGRES.fill(&sql), params)
    }
}

fn decode(changed: &str) -> Option<Vec<Change>> {
    let entries: Vec<(String, Vec<serde_json::Value>, bool, i64)> = serde_json::from_str(changed).ok()?;
    entries
        .into_iter()
        .map(|(table, key, deleted, version)| {
            let key = key.into_iter().map(Value::from_json).collect::<Option<_>>()?;
            Some(Change { table: table.into(), key, deleted, version })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::changes::Change;
    use crate::postgres::commit::encode;
    use crate::value::Value;

    #[test]
    fn what_is_announced_is_understood() {
        let text = |text: &str| Value::Text(text.to_owned());
        let change = Change {
            table: "keys".into(),
            key: vec![
                text("111122223333"),
                text("eu-\"central\"-1"),
                Value::Int(7),
                Value::Blob(vec![0, 255]),
            ],
            deleted: true,
            version: 1_700_000_000_000,
        };
        assert_eq!(decode(&encode(std::slice::from_ref(&change))), Some(vec![change]));
        assert_eq!(decode("[]"), Some(vec![]));
        assert_eq!(decode("nonsense"), None);
    }
}
