//! Which secrets the rotation machine has something to do with.

use crate::secret::SecretKey;
use keywright_store::{Column as _, Store, StoreError};
use keywright_types::{AccountId, Region, Timestamp};

/// At most `limit` secrets whose time has come, the longest overdue first, of those whose part is one of `parts`.
///
/// # Errors
/// The store's.
pub async fn due_secrets(
    store: &Store,
    now: Timestamp,
    parts: &[char],
    limit: i64,
) -> Result<Vec<(SecretKey, char)>, StoreError> {
    let listed: Vec<String> =
        parts.iter().filter(|part| part.is_ascii_hexdigit()).map(|part| format!("'{part}'")).collect();
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT account, region, name, part FROM secrets WHERE part IN ({}) AND rotation_at <= $1 \
         ORDER BY rotation_at LIMIT $2",
        listed.join(", ")
    );
    let rows = store.query("secrets", &sql, &[now.to_value(), limit.to_value()]).await?;
    rows.into_iter()
        .map(|mut row| {
            let key = SecretKey {
                account: row.take::<AccountId>()?,
                region: row.take::<Region>()?,
                name: row.take()?,
            };
            let part: String = row.take()?;
            Ok((key, part.chars().next().unwrap_or('0')))
        })
        .collect()
}
