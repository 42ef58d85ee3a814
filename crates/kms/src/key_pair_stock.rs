//! RSA keys made ahead: one takes from a tenth of a second to some seconds, and CreateKey should not.
//!
//! The keys wait in memory only, and are wiped with the process. A thread of its own, which yields to everything else,
//! makes them; what is taken is replaced.

use keywright_crypto::{KeyPair, KeyPairSpec};
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::sync::Arc;

/// Specs that are worth a stock.
const STOCKED: [KeyPairSpec; 3] = [KeyPairSpec::Rsa2048, KeyPairSpec::Rsa3072, KeyPairSpec::Rsa4096];

/// Key pairs that belong to nobody yet.
#[derive(Clone)]
pub struct KeyPairStock {
    shared: Arc<Shared>,
}

struct Shared {
    /// Kept of each spec.
    size: usize,
    shelves: Mutex<Shelves>,
    taken: Condvar,
}

#[derive(Default)]
struct Shelves {
    pairs: HashMap<KeyPairSpec, Vec<KeyPair>>,
    closed: bool,
}

impl KeyPairStock {
    /// An empty stock of `size` keys of each RSA spec; 0 makes every key when it is asked for.
    #[must_use]
    pub fn new(size: usize) -> Self {
        let shared = Shared { size, shelves: Mutex::default(), taken: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// A key of that spec: from the stock, or made now, which may take seconds.
    #[must_use]
    pub fn take(&self, spec: KeyPairSpec) -> KeyPair {
        let found = self.shared.shelves.lock().pairs.get_mut(&spec).and_then(Vec::pop);
        match found {
            Some(pair) => {
                self.shared.taken.notify_one();
                pair
            }
            None => KeyPair::generate(spec),
        }
    }

    /// How many keys of that spec are there.
    #[must_use]
    pub fn count(&self, spec: KeyPairSpec) -> usize {
        self.shared.shelves.lock().pairs.get(&spec).map_or(0, Vec::len)
    }

    /// Makes what is missing, the quickest first, until [`KeyPairStock::close`]; for a thread of its own.
    pub fn keep_full(&self) {
        while let Some(spec) = self.wait_for_a_gap() {
            let pair = KeyPair::generate(spec);
            let mut shelves = self.shared.shelves.lock();
            if !shelves.closed {
                shelves.pairs.entry(spec).or_default().push(pair);
            }
        }
    }

    /// Ends [`KeyPairStock::keep_full`] and wipes the stock.
    pub fn close(&self) {
        *self.shared.shelves.lock() = Shelves { pairs: HashMap::new(), closed: true };
        self.shared.taken.notify_all();
    }

    fn wait_for_a_gap(&self) -> Option<KeyPairSpec> {
        let mut shelves = self.shared.shelves.lock();
        loop {
            if shelves.closed {
                return None;
            }
            let is_short =
                |spec: &KeyPairSpec| shelves.pairs.get(spec).map_or(0, Vec::len) < self.shared.size;
            if let Some(spec) = STOCKED.into_iter().find(is_short) {
                return Some(spec);
            }
            self.shared.taken.wait(&mut shelves);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KeyPairStock;
    use keywright_crypto::KeyPairSpec;

    #[test]
    fn what_is_taken_is_replaced_and_no_key_is_given_twice() {
        let stock = KeyPairStock::new(1);
        let keeper = {
            let stock = stock.clone();
            std::thread::spawn(move || stock.keep_full())
        };
        let mut given = std::collections::BTreeSet::new();
        for _ in 0..3 {
            assert!(given.insert(stock.take(KeyPairSpec::Rsa2048).public_key().spki()));
        }
        // Filled again, for the keeper does nothing else.
        while stock.count(KeyPairSpec::Rsa2048) == 0 {
            std::thread::yield_now();
        }
        stock.close();
        keeper.join().expect("it ends");
        assert_eq!(stock.count(KeyPairSpec::Rsa2048), 0);
    }
}
