//! Looks through every row that decides something, for what was done behind the service's back.

use crate::row::{RowVersion, TableSpec};
use crate::store::is_below;
use crate::value::Value;
use crate::watermarks::{RowName, Watermarks, key_text};
use crate::{Alarm, Store, StoreError, Tampering, sql};
use std::collections::HashSet;

/// Rows read at once.
const BATCH: usize = 500;

/// What was found.
#[derive(Debug, Default)]
pub struct CheckReport {
    pub rows: u64,
    pub findings: Vec<Alarm>,
}

impl Store {
    /// Checks MAC and watermark of every row of a table, and looks for rows that this node remembers and that are
    /// not there. It may run beside servers that write.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read; what is wrong in it is in the report.
    pub async fn check(&self, table: &'static TableSpec) -> Result<CheckReport, StoreError> {
        let mut report = CheckReport::default();
        let mut seen = HashSet::new();
        let mut after: Option<Vec<Value>> = None;
        loop {
            let page =
                self.raw(&sql::page(table, after.is_some(), BATCH), &after.unwrap_or_default()).await?;
            let last = page.len() < BATCH;
            after = page.last().map(|values| values[..table.key_len].to_vec());
            for values in page {
                report.rows += 1;
                let key = values[..table.key_len].to_vec();
                seen.insert(key_text(&key));
                if let Some(how) = self.fault_of(table, &key, values).await? {
                    report.findings.push(Alarm { table: table.name, key: key_text(&key), how });
                }
            }
            if last {
                break;
            }
        }
        for name in self.remembered(table) {
            if !seen.contains(&name.key)
                && !self.went_with_its_parent(&name)
                && !self.is_gone_for_good(table, &name).await?
            {
                report.findings.push(Alarm { table: table.name, key: name.key, how: Tampering::Removed });
            }
        }
        Ok(report)
    }

    async fn fault_of(
        &self,
        table: &'static TableSpec,
        key: &[Value],
        values: Vec<Value>,
    ) -> Result<Option<Tampering>, StoreError> {
        let Some(version) = self.checked_version(table, values)? else { return Ok(Some(Tampering::Changed)) };
        if !Watermarks::concern(table) {
            return Ok(None);
        }
        let known = self.watermark(table, key);
        if known.is_none_or(|known| !is_below(version, known)) {
            return Ok(None);
        }
        // A server may have changed it between the two looks.
        let Some(values) = self.raw(&sql::select_by_key(table), key).await?.pop() else { return Ok(None) };
        let version: Option<RowVersion> = self.checked_version(table, values)?;
        let below = version.zip(known).is_none_or(|(version, known)| is_below(version, known));
        Ok(below.then_some(Tampering::RolledBack))
    }

    /// Whether a row that is not there was deleted by the service, perhaps a moment ago.
    async fn is_gone_for_good(&self, table: &'static TableSpec, name: &RowName) -> Result<bool, StoreError> {
        // Longer than a server takes to write down what it deleted.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let known = self.watermark_named(name);
        if known.is_none_or(|known| known.deleted) {
            return Ok(true);
        }
        let parts: Vec<serde_json::Value> = serde_json::from_str(&name.key).unwrap_or_default();
        let key: Option<Vec<Value>> = parts.into_iter().map(Value::from_json).collect();
        let Some(key) = key else { return Ok(true) };
        // Made after the walk had passed its place.
        Ok(!self.raw(&sql::select_by_key(table), &key).await?.is_empty())
    }
}
