//! A bounded cache of loaded entities that follows commits exactly.

use crate::Freshness;
use quick_cache::sync::Cache;
use std::future::Future;
use std::hash::Hash;

/// Maps `K` to a loaded `V`, at most `capacity` of them; the least useful go first.
///
/// A load that races with a change of the same entity is answered but not kept: the loader holds a
/// placeholder that [`EntityCache::forget`] removes, so that a stale value can never settle. `V` should
/// be cheap to clone (an `Arc`).
///
/// On a store that other nodes change too, what is cached is used only while the node hears of changes
/// ([`Freshness`]); after that every read goes to the store.
#[derive(Debug)]
pub struct EntityCache<K, V> {
    cache: Cache<K, V>,
    freshness: Freshness,
}

impl<K: Hash + Eq + Clone, V: Clone> EntityCache<K, V> {
    #[must_use]
    pub fn new(capacity: usize, freshness: Freshness) -> Self {
        Self { cache: Cache::new(capacity), freshness }
    }

    /// The cached value, without loading.
    pub fn peek(&self, key: &K) -> Option<V> {
        if self.freshness.is_current() { self.cache.get(key) } else { None }
    }

    /// The cached value or the loaded one. Absence is never cached: what is unknown is looked up again.
    ///
    /// # Errors
    /// Whatever `load` fails with.
    pub async fn get_or_load<E>(
        &self,
        key: &K,
        load: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        if !self.freshness.is_current() {
            return load.await;
        }
        match self.cache.get_value_or_guard_async(key).await {
            Ok(value) => Ok(Some(value)),
            Err(guard) => {
                let loaded = load.await?;
                if let Some(value) = &loaded {
                    // Refused when the entity changed meanwhile: the value is then used once and not kept.
                    let _kept = guard.insert(value.clone());
                }
                Ok(loaded)
            }
        }
    }

    /// Keeps a value that never changes for its key (a compiled form of the key itself).
    pub fn keep(&self, key: K, value: V) {
        self.cache.insert(key, value);
    }

    /// Drops the value and makes any load under way not keep its own.
    pub fn forget(&self, key: &K) {
        self.cache.remove(key);
    }

    /// Drops every value whose key is chosen; takes time in proportion to the cache.
    pub fn forget_where(&self, chosen: impl Fn(&K) -> bool) {
        self.cache.retain(|key, _| !chosen(key));
    }

    pub fn forget_all(&self) {
        self.cache.clear();
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cache.is_empty()
    }
}
