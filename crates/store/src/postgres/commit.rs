//! Commits: one round trip, and no doubt about their outcome.
//!
//! BEGIN, every statement and COMMIT leave in one go. So a statement that does not find what the write set relied
//! on must end the transaction by itself: each is wrapped so that it fails unless it did, or saw, exactly one row.
//!
//! A commit that changes rows which decide leaves a row in `changes` under an id of its own. If the answer to a
//! COMMIT is lost, that id tells what happened: whoever inserts it now either waits for the transaction and finds it
//! done, or takes the id, and the transaction can never be done.

use super::PostgresEngine;
use super::fault::Fault;
use super::values;
use crate::changes::{Change, Changes};
use crate::freshness::since_boot;
use crate::statement::{Must, Statement};
use crate::value::Value;
use crate::write_set::WriteSet;
use crate::{CommitError, dialect};
use deadpool_postgres::Object;
use serde_json::json;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio_postgres::{Error, Row};

/// Pauses between attempts to find out what became of a commit.
const SETTLE_PAUSE_MIN: Duration = Duration::from_millis(50);
const SETTLE_PAUSE_MAX: Duration = Duration::from_secs(2);
/// So long after a commit the absence of its row says that it was not done. Rows are kept for an hour
/// (`Store::forget_old_changes`); after that nobody can tell any more.
const ABSENCE_TELLS_MS: i64 = 50 * 60 * 1000;

impl PostgresEngine {
    pub(crate) async fn commit(&self, writes: WriteSet) -> Result<(), CommitError> {
        let changes = writes.changes();
        let change_id = (!changes.is_empty()).then(|| uuid::Uuid::new_v4().to_string());
        let outcome = self.try_commit(&writes, &changes, change_id.as_deref()).await;
        match (&outcome, change_id) {
            (Ok(()), _) => self.observers.tell(Changes::Rows(&changes)),
            (Err(_), Some(id)) => {
                self.own.take(&id);
            }
            (Err(_), None) => {}
        }
        outcome
    }

    async fn try_commit(
        &self,
        writes: &WriteSet,
        changes: &[Change],
        change_id: Option<&str>,
    ) -> Result<(), CommitError> {
        let mut statements: Vec<Statement<'_>> =
            writes.writes.iter().map(|write| write.statement()).collect();
        if let Some(id) = change_id {
            self.own.add(id);
            statements.push(self.change_row(id, changes));
        }
        let connection = self.pool.get().await.map_err(refused)?;
        let sent_at = now_ms();
        let attempt = tokio::time::timeout(self.timeout, transaction(&connection, &statements)).await;
        let outcome = attempt.unwrap_or_else(|_| Err(Fault::silent(self.timeout)));
        if let Err(fault) = &outcome
            && fault.spoils_the_connection()
        {
            self.pool.discard(connection, fault);
        }
        match (outcome, change_id) {
            (Ok(()), _) => Ok(()),
            (Err(Fault::Lost(cause) | Fault::Silent(cause)), Some(id)) => {
                self.settle(id, &cause, sent_at).await
            }
            // Without an id it holds observations and marks, which are written again.
            (Err(fault), _) => Err(refused(fault)),
        }
    }

    /// The row that tells other nodes, and settles doubts.
    fn change_row(&self, id: &str, changes: &[Change]) -> Statement<'static> {
        let sql = format!(
            "INSERT INTO changes (change_id, txid, at, changed) VALUES ($1, {}, {{now}}, $2)",
            self.flavour.txid()
        );
        Statement {
            sql: dialect::POSTGRES.fill(&sql).into(),
            params: vec![Value::Text(id.to_owned()), Value::Text(encode(changes))].into(),
            must: Must::Run,
        }
    }

    /// Finds out what became of a commit whose answer was lost, however long it takes.
    ///
    /// Whoever finds the id taken asks by whom: the answer to an earlier insert of ours may have been lost as well, and
    /// such a row, which tells of no change, says the opposite of the commit's own.
    async fn settle(&self, change_id: &str, cause: &str, sent_at: i64) -> Result<(), CommitError> {
        tracing::warn!(cause, "the answer to a commit was lost; its outcome is looked up");
        let sql = dialect::POSTGRES.fill(
            "INSERT INTO changes (change_id, txid, at, changed) VALUES ($1, 0, {now}, '[]') \
             ON CONFLICT (change_id) DO UPDATE SET change_id = EXCLUDED.change_id \
             RETURNING CASE WHEN changes.changed = '[]' THEN 0 ELSE 1 END",
        );
        let mut pause = SETTLE_PAUSE_MIN;
        loop {
            // The insert waits for the transaction in doubt as long as it is under way.
            match self.query(&sql, &[Value::Text(change_id.to_owned())]).await {
                Ok(found) if found == [[Value::Int(1)]] => return Ok(()),
                Ok(_) if now_ms().saturating_sub(sent_at) > ABSENCE_TELLS_MS => {
                    return Err(CommitError::Stopped(
                        "the database was away for so long that the outcome of a commit is unknown"
                            .to_owned(),
                    ));
                }
                // The id is ours now: the transaction is rolled back, or will be. It may be done again.
                Ok(_) => return Err(CommitError::Conflict),
                Err(fault) => tracing::debug!(%fault, "the outcome of a commit is not known yet"),
            }
            if self.closing.load(Ordering::Acquire) {
                return Err(CommitError::Stopped(
                    "the database was away when the server stopped: the outcome of a commit is unknown"
                        .to_owned(),
                ));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(SETTLE_PAUSE_MAX);
        }
    }
}

/// Milliseconds since boot.
fn now_ms() -> i64 {
    i64::try_from(since_boot()).unwrap_or(i64::MAX)
}

fn refused(fault: Fault) -> CommitError {
    match fault {
        Fault::Conflict => CommitError::Conflict,
        Fault::DiskFull => CommitError::DiskFull,
        Fault::Refused(cause) | Fault::Lost(cause) | Fault::Silent(cause) => CommitError::Unavailable(cause),
    }
}

pub(super) fn encode(changes: &[Change]) -> String {
    let entries = changes.iter().map(|change| {
        let key: Vec<_> = change.key.iter().map(Value::to_json).collect();
        json!([change.table, key, change.deleted, change.version])
    });
    serde_json::Value::Array(entries.collect()).to_string()
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send + 'a>>;

async fn transaction(connection: &Object, statements: &[Statement<'_>]) -> Result<(), Fault> {
    let mut prepared = Vec::with_capacity(statements.len());
    for statement in statements {
        let sql = guarded(statement);
        // Nothing has begun yet, so whatever fails here has done nothing; it is a lost connection at most.
        let ready = connection.prepare_cached(&sql).await.map_err(|error| match Fault::of(&error) {
            Fault::Lost(cause) => Fault::Refused(cause),
            other => other,
        })?;
        prepared.push(ready);
    }
    let params: Vec<_> = statements.iter().map(|statement| values::params(&statement.params)).collect();
    let mut answers: Vec<Answer<'_>> = Vec::with_capacity(statements.len() + 2);
    answers.push(Box::pin(simple(connection, "BEGIN ISOLATION LEVEL READ COMMITTED")));
    for (statement, params) in prepared.iter().zip(&params) {
        answers.push(Box::pin(connection.query(statement, params)));
    }
    answers.push(Box::pin(simple(connection, "COMMIT")));
    let outcomes = in_order(answers).await;
    let (commit, before) = outcomes.split_last().expect("there is a COMMIT");
    // A statement that the database refused ended the transaction, whatever was answered to the rest.
    for outcome in before {
        if let Err(error) = outcome
            && error.as_db_error().is_some()
        {
            let fault = Fault::of(error);
            return Err(match fault {
                // Told by the server itself before it came to the COMMIT.
                Fault::Lost(cause) => Fault::Refused(cause),
                other => other,
            });
        }
    }
    match commit {
        Ok(_) => match before.iter().find_map(|outcome| outcome.as_ref().err()) {
            None => Ok(()),
            Some(error) => Err(Fault::of(error)),
        },
        Err(error) => Err(match Fault::of(error) {
            // Sure to have been rolled back.
            fault @ (Fault::Conflict | Fault::DiskFull) => fault,
            Fault::Refused(cause) | Fault::Lost(cause) | Fault::Silent(cause) => Fault::Lost(cause),
        }),
    }
}

async fn simple(connection: &Object, sql: &str) -> Result<Vec<Row>, Error> {
    connection.batch_execute(sql).await.map(|()| Vec::new())
}

/// Lets every request leave before the first answer is waited for, in this order; the answers come in the same.
async fn in_order(mut answers: Vec<Answer<'_>>) -> Vec<Result<Vec<Row>, Error>> {
    let mut outcomes = poll_fn(|context| {
        let early = answers.iter_mut().map(|answer| match answer.as_mut().poll(context) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        });
        Poll::Ready(early.collect::<Vec<_>>())
    })
    .await;
    for (answer, outcome) in answers.into_iter().zip(&mut outcomes) {
        if outcome.is_none() {
            *outcome = Some(answer.await);
        }
    }
    outcomes.into_iter().flatten().collect()
}

/// The statement, made to fail unless it did what it must: a text that is no number is cast to one, and says in the
/// database's log what it was about.
fn guarded(statement: &Statement<'_>) -> String {
    let done = match statement.must {
        Must::Run => return statement.sql.clone().into_owned(),
        Must::WriteOne => format!("{} RETURNING 1", statement.sql),
        Must::SeeOne => format!("{} FOR SHARE", statement.sql),
    };
    format!(
        "WITH done AS ({done}) SELECT CASE WHEN count(*) = 1 THEN 1 \
         ELSE CAST('a row changed since it was read, this transaction is tried again; rows: ' || count(*) AS BIGINT) END \
         FROM done"
    )
}

#[cfg(test)]
mod tests {
    use super::{PostgresEngine, now_ms};
    use crate::error::CommitError;
    use crate::postgres::options::PostgresOptions;
    use crate::value::Value;

    /// The answer to the question may be lost as well: asking twice is as asking once.
    #[tokio::test]
    async fn a_doubt_is_settled_the_same_way_however_often_it_is_asked() {
        let options = PostgresOptions::parse(&keywright_testkit::postgres()).expect("options");
        let engine = PostgresEngine::open_read_only(&options).await.expect("it opens");
        engine.migrate(keywright_types::Timestamp::from_seconds(1_767_225_600)).await.expect("it is made");
        for _ in 0..3 {
            let settled = engine.settle("never-committed", "test", now_ms()).await;
            assert!(matches!(settled, Err(CommitError::Conflict)), "{settled:?}");
        }
        let row = "INSERT INTO changes (change_id, txid, at, changed) VALUES ($1, 0, 0, '[[\"keys\"]]')";
        engine.query(row, &[Value::Text("committed".to_owned())]).await.expect("it is inserted");
        for _ in 0..3 {
            engine.settle("committed", "test", now_ms()).await.expect("it was done");
        }
        // Its row may have been dropped meanwhile, as those of an hour are: it is not done again on that ground.
        let long_ago = now_ms() - 2 * super::ABSENCE_TELLS_MS;
        let settled = engine.settle("long-ago", "test", long_ago).await;
        assert!(matches!(settled, Err(CommitError::Stopped(_))), "{settled:?}");
        engine.settle("committed", "test", long_ago).await.expect("a row that is there tells at any time");
    }
}
