//! Versions and their staging labels: the one place that moves a label.
//!
//! Invariants
//! - A label is at one version at most, and AWSCURRENT is never taken off: it moves.
//! - Moving AWSCURRENT puts AWSPREVIOUS on the version that it leaves. If that one has AWSPENDING too, as after a rotation
//!   by AWS's templates, AWSPENDING goes.
//! - A version that loses its last label is "deprecated": it leaves this list, its value stays until it is pruned.
//!
//! Source: Secrets Manager User Guide, "Secret versions"; the service as recorded by public test suites.

use keywright_types::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub const CURRENT: &str = "AWSCURRENT";
pub const PENDING: &str = "AWSPENDING";
pub const PREVIOUS: &str = "AWSPREVIOUS";

/// AWS's quota of labels on one version.
pub(crate) const LABELS_PER_VERSION_MAX: usize = 20;

/// A version that has labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub labels: BTreeSet<String>,
    /// In milliseconds.
    created_at: i64,
    /// How often its value was sealed: 0 of an empty one, which a rotation makes before it has a value.
    pub sealed: u32,
}

impl Version {
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        Timestamp::from_millis(self.created_at)
    }

    #[must_use]
    pub const fn has_value(&self) -> bool {
        self.sealed > 0
    }
}

/// The labelled versions of a secret by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Versions(BTreeMap<String, Version>);

impl Versions {
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Version> {
        self.0.get(id)
    }

    /// The version that has `label`.
    #[must_use]
    pub fn holder(&self, label: &str) -> Option<&str> {
        self.0.iter().find(|(_, version)| version.labels.contains(label)).map(|(id, _)| id.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Version)> {
        self.0.iter().map(|(id, version)| (id.as_str(), version))
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels of a version, in order; none of one without labels.
    #[must_use]
    pub fn labels_of(&self, id: &str) -> Vec<String> {
        self.0.get(id).map(|version| version.labels.iter().cloned().collect()).unwrap_or_default()
    }

    /// The same of a replica, whose values were sealed for itself.
    pub(crate) fn replicated(&self) -> Self {
        let mut copy = self.clone();
        for version in copy.0.values_mut() {
            version.sealed = version.sealed.min(1);
        }
        copy
    }

    /// Notes that a version's value was sealed once more.
    pub(crate) fn sealed(&mut self, id: &str) {
        if let Some(version) = self.0.get_mut(id) {
            version.sealed += 1;
        }
    }

    /// Puts `label` on a version, known or new; `has_value` of a new one.
    pub(crate) fn attach(&mut self, label: &str, id: &str, has_value: bool, created_at: Timestamp) {
        let holder = self.holder(label).map(str::to_owned);
        if holder.as_deref() == Some(id) {
            return;
        }
        self.0
            .entry(id.to_owned())
            .or_insert_with(|| Version {
                labels: BTreeSet::new(),
                created_at: created_at.as_millis(),
                sealed: u32::from(has_value),
            })
            .labels
            .insert(label.to_owned());
        let Some(holder) = holder else { return };
        if let Some(left) = self.0.get_mut(&holder) {
            left.labels.remove(label);
            if label == CURRENT {
                left.labels.remove(PENDING);
            }
        }
        if label == CURRENT {
            self.detach_anywhere(PREVIOUS);
            if let Some(left) = self.0.get_mut(&holder) {
                left.labels.insert(PREVIOUS.to_owned());
            }
        }
        self.drop_unlabelled();
    }

    /// Takes `label` off wherever it is.
    pub(crate) fn detach(&mut self, label: &str) {
        self.detach_anywhere(label);
        self.drop_unlabelled();
    }

    fn detach_anywhere(&mut self, label: &str) {
        for version in self.0.values_mut() {
            version.labels.remove(label);
        }
    }

    fn drop_unlabelled(&mut self) {
        self.0.retain(|_, version| !version.labels.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::{CURRENT, PENDING, PREVIOUS, Versions};
    use keywright_types::Timestamp;

    const NOW: Timestamp = Timestamp::from_seconds(1);

    fn check(moves: &[(&str, &str)], expected: &[(&str, &[&str])]) {
        let mut versions = Versions::default();
        for (label, id) in moves {
            versions.attach(label, id, true, NOW);
        }
        let found: Vec<(String, Vec<String>)> =
            versions.iter().map(|(id, _)| (id.to_owned(), versions.labels_of(id))).collect();
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(id, labels)| ((*id).to_owned(), labels.iter().map(|label| (*label).to_owned()).collect()))
            .collect();
        assert_eq!(found, expected, "{moves:?}");
    }

    #[test]
    fn labels_move_as_on_aws() {
        check(&[(CURRENT, "a")], &[("a", &[CURRENT])]);
        check(&[(CURRENT, "a"), (CURRENT, "b")], &[("a", &[PREVIOUS]), ("b", &[CURRENT])]);
        check(&[(CURRENT, "a"), (CURRENT, "b"), (CURRENT, "c")], &[("b", &[PREVIOUS]), ("c", &[CURRENT])]);
        check(&[(CURRENT, "a"), (CURRENT, "b"), (CURRENT, "a")], &[("a", &[CURRENT]), ("b", &[PREVIOUS])]);
        // The template's finish: both labels stay; the next write leaves AWSPREVIOUS alone.
        check(
            &[(CURRENT, "a"), (PENDING, "b"), (CURRENT, "b")],
            &[("a", &[PREVIOUS]), ("b", &[CURRENT, PENDING])],
        );
        check(
            &[(CURRENT, "a"), (PENDING, "b"), (CURRENT, "b"), (CURRENT, "c")],
            &[("b", &[PREVIOUS]), ("c", &[CURRENT])],
        );
        check(&[(CURRENT, "a"), ("mine", "b"), ("mine", "a")], &[("a", &[CURRENT, "mine"])]);
    }
}
