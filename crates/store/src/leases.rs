//! Leases: which node does which share of the service's own work.
//!
//! A lease is held for a time on the database's clock and renewed while its holder lives. Who takes it over
//! raises its token; a write set that was made under it ([`crate::WriteSet::under`]) names the token and
//! becomes a conflict once somebody else took it, however late it comes.

use crate::row::Row as _;
use crate::{Column as _, Record, Store, StoreError, Value, row, sql};
use keywright_types::{NodeId, Timestamp};
use std::time::Duration;

row! {
    /// A lease as stored.
    #[derive(Debug, Clone)]
    pub struct LeaseRow in "leases" maced false {
        key { name: String }
        columns {
            /// Whoever took it last.
            node_id: NodeId,
            /// Raised by one whenever it changes hands.
            token: i64,
            /// Until when it is held, on the database's clock.
            until: Timestamp,
        }
    }
}

/// A lease that this node took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub name: String,
    pub token: i64,
}

impl Store {
    /// Makes the leases of these names, held by nobody, unless they are there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn make_leases(&self, names: &[String], node: NodeId) -> Result<(), StoreError> {
        for name in names {
            let sql = "INSERT INTO leases (name, node_id, token, until, row_version) \
                       VALUES ($1, $2, 0, 0, 1) ON CONFLICT DO NOTHING RETURNING name";
            self.run(sql, &[name.to_value(), node.to_value()]).await?;
        }
        Ok(())
    }

    /// Takes at most `most` leases of a family (`family/…`) that are free or whose time is over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take_leases(
        &self,
        family: &str,
        node: NodeId,
        most: usize,
        time: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let sql = "UPDATE leases SET node_id = $1, token = token + 1, until = {now} + $2, \
                   row_version = row_version + 1 WHERE name IN (\
                       SELECT name FROM leases WHERE name LIKE $3 AND until < {now} \
                       ORDER BY until, name LIMIT $4 {skip_locked}) \
                   RETURNING name, token";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let params = [node.to_value(), millis(time), format!("{family}/%").to_value(), most.to_value()];
        named(self.run(sql, &params).await?)
    }

    /// Holds on to the leases of a family for another while; gives those that are still this node's.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the leases may then run out.
    pub async fn renew_leases(
        &self,
        family: &str,
        node: NodeId,
        time: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let sql = "UPDATE leases SET until = {now} + $1, row_version = row_version + 1 \
                   WHERE name LIKE $2 AND node_id = $3 AND until > 0 RETURNING name, token";
        let params = [millis(time), format!("{family}/%").to_value(), node.to_value()];
        named(self.run(sql, &params).await?)
    }

    /// Gives one lease back, so that others need not wait for its end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; it then runs out by itself.
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let sql = "UPDATE leases SET until = 0, row_version = row_version + 1 \
                   WHERE name = $1 AND token = $2 RETURNING name";
        self.run(sql, &[lease.name.to_value(), lease.token.to_value()]).await.map(drop)
    }

    /// Whether nobody else took the lease since.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn holds_lease(&self, lease: &Lease) -> Result<bool, StoreError> {
        let params = [lease.name.to_value(), lease.token.to_value()];
        self.query(LeaseRow::TABLE.name, sql::FENCE, &params).await.map(|found| !found.is_empty())
    }

    /// Gives back whatever this node holds: at its start, what it held when it was killed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_all_leases(&self, node: NodeId) -> Result<(), StoreError> {
        let sql = "UPDATE leases SET until = 0, row_version = row_version + 1 \
                   WHERE node_id = $1 AND until > 0 RETURNING name";
        self.run(sql, &[node.to_value()]).await.map(drop)
    }
}

fn named(rows: Vec<Vec<Value>>) -> Result<Vec<Lease>, StoreError> {
    rows.into_iter()
        .map(|values| {
            let mut record = Record::new(LeaseRow::TABLE.name, values);
            Ok(Lease { name: record.take()?, token: record.take()? })
        })
        .collect()
}

fn millis(time: Duration) -> Value {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2).to_value()
}
