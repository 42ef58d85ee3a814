//! Who hears of changes: the caches.

use crate::value::Value;
use parking_lot::RwLock;
use std::borrow::Cow;

/// Names a row that a commit changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub table: Cow<'static, str>,
    pub key: Vec<Value>,
    /// The row is gone, and with it the rows that belonged to it.
    pub deleted: bool,
    /// The row's version after the change; a deletion counts as one.
    pub version: i64,
}

/// What an observer is told.
#[derive(Debug, Clone, Copy)]
pub enum Changes<'a> {
    /// These rows changed.
    Rows(&'a [Change]),
    /// Anything may have changed: this node has not heard of everything.
    Everything,
}

type Observer = Box<dyn Fn(Changes<'_>) + Send + Sync>;

/// Everybody who hears of changes.
#[derive(Default)]
pub(crate) struct Observers {
    observers: RwLock<Vec<Observer>>,
}

impl Observers {
    pub(crate) fn add(&self, observer: Observer) {
        self.observers.write().push(observer);
    }

    pub(crate) fn tell(&self, changes: Changes<'_>) {
        for observer in self.observers.read().iter() {
            observer(changes);
        }
    }
}
