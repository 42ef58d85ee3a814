//! Successors: how keys that keep their key material for life are rotated.
//!
//! A signature does not say which key made it, and others hold the public key; so what rotates is the alias. At the due
//! date it points at another key, made ahead of that with the same spec, and the key before goes on opening and verifying
//! what it made until it retires.
//!
//! What: the tags that ask for it, a key's place in its line, and what is due next.
//!
//! Invariants
//! - A key has at most one successor; the row of each names the other.
//! - Nothing is signed by a key whose public half was not published for the lead time before.
//! - What a key made opens and verifies by its id until it retires; it is never deleted by the service.
//! - Each step is one commit, with its event and its record; a step that was done is not due any more.
//!
//! Not here: the steps (`rotation::successor`), the list of public keys (server).
//! Source: docs/adr/0009-successors.md; KMS Developer Guide, "Rotate keys manually".

use crate::error::{KmsError, TagFault};
use crate::key::{Key, KeyManager, Origin};
use crate::key_spec::{KeySpec, KeyUsage};
use crate::rotation::{PERIOD_DAYS_MAX, PERIOD_TAG};
use keywright_types::{KeyId, Tags, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long before the due date the successor is made and published: `1d`, `12h`.
pub const LEAD_TAG: &str = "keywright:successor-lead";
/// How long after its successor took over a key goes on opening and verifying: `90d`, `36h`.
pub const RETIRE_TAG: &str = "keywright:retire-after";
/// `true`: the public keys of the line are published under the names of the key's aliases.
pub const JWKS_TAG: &str = "keywright:jwks";

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the tags of a key ask for, beside its period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SuccessionTags {
    pub(crate) lead: Option<Duration>,
    pub(crate) retire_after: Option<Duration>,
    pub(crate) jwks: bool,
}

impl SuccessionTags {
    /// # Errors
    /// TagException for a value that is no such time, or neither `true` nor `false`.
    pub(crate) fn parse(tags: &Tags) -> Result<Self, KmsError> {
        let time = |tag: &'static str| match tags.find(tag).map(parse_time) {
            None => Ok(None),
            Some(Some(time)) => Ok(Some(time)),
            Some(None) => Err(KmsError::Tag(TagFault::Time { tag })),
        };
        let jwks = match tags.find(JWKS_TAG) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(KmsError::Tag(TagFault::NotBoolean { tag: JWKS_TAG })),
        };
        Ok(Self { lead: time(LEAD_TAG)?, retire_after: time(RETIRE_TAG)?, jwks })
    }
}

/// `1h` to `8760h`, `1d` to `2560d`.
fn parse_time(text: &str) -> Option<Duration> {
    let (digits, unit, most) = match (text.strip_suffix('d'), text.strip_suffix('h')) {
        (Some(days), _) => (days, DAY, PERIOD_DAYS_MAX),
        (None, Some(hours)) => (hours, HOUR, 8760),
        (None, None) => return None,
    };
    if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u32 = digits.parse().ok()?;
    (1..=most).contains(&number).then(|| unit * number)
}

/// Whether these tags ask for what needs more rights than tagging: rotation, or the publication of public keys.
pub(crate) const GOVERNING_TAGS: [&str; 3] = [PERIOD_TAG, LEAD_TAG, RETIRE_TAG];

/// A key's place in its line; empty for nearly all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    #[serde(with = "maybe_key_id", default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<KeyId>,
    /// The key that takes over, or took over.
    #[serde(with = "maybe_key_id", default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<KeyId>,
    /// Of a key whose successor took over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded: Option<Superseded>,
    /// Its public key is listed with its line's; taken along from the tag when its successor took over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub published: bool,
}

/// When a key's successor took over, and until when the key goes on opening and verifying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Superseded {
    #[serde(with = "instant")]
    pub at: Timestamp,
    #[serde(with = "instant")]
    pub retires_at: Timestamp,
    /// It was disabled then.
    #[serde(default)]
    pub retired: bool,
}

impl Lineage {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What the service does next about a key's succession.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make the successor.
    Prepare,
    /// Point the aliases at it.
    Supersede,
    /// Disable the key that it followed.
    Retire,
}

impl Step {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Supersede => "supersede",
            Self::Retire => "retire",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Prepare, Self::Supersede, Self::Retire].into_iter().find(|step| step.as_str() == text)
    }
}

impl Key {
    /// Whether the key is rotated by successors, if its tags ask for rotation.
    #[must_use]
    pub fn succeeds(&self) -> bool {
        !self.spec.rotates()
    }

    /// What is due next and when; the key's state is for whoever does it.
    #[must_use]
    pub fn next_step(&self) -> Option<(Step, Timestamp)> {
        if !self.succeeds() {
            return None;
        }
        if let Some(superseded) = self.lineage.superseded {
            return (!superseded.retired).then_some((Step::Retire, superseded.retires_at));
        }
        let due = self.rotation.next_at?;
        // Without a name there is nothing to point elsewhere.
        if self.alias_names.is_empty() {
            return None;
        }
        match self.lineage.successor {
            None => Some((Step::Prepare, due.minus(self.lead()))),
            Some(_) => Some((Step::Supersede, due)),
        }
    }

    /// How long before the due date the successor is there: as the tag says, else a day or half the period.
    #[must_use]
    pub fn lead(&self) -> Duration {
        let asked = SuccessionTags::parse(&self.tags).ok().and_then(|tags| tags.lead);
        asked.unwrap_or_else(|| match self.rotation.period() {
            Some((days, _)) => DAY.min(DAY * days / 2),
            None => DAY,
        })
    }

    /// How long the key goes on once its successor took over: as the tag says, else a period.
    pub(crate) fn retires_after(&self) -> Duration {
        let asked = SuccessionTags::parse(&self.tags).ok().and_then(|tags| tags.retire_after);
        asked.unwrap_or_else(|| DAY * self.rotation.period().map_or(1, |(days, _)| days))
    }

    /// Whether the key's public half is published under its aliases' names.
    #[must_use]
    pub fn is_published(&self) -> bool {
        self.lineage.published || self.tags.find(JWKS_TAG) == Some("true")
    }

    /// # Errors
    /// KMSInvalidStateException for a key whose successor took over: it makes nothing new.
    pub(crate) fn check_makes(&self) -> Result<(), KmsError> {
        match (self.lineage.superseded, self.lineage.successor) {
            (Some(_), Some(successor)) => Err(KmsError::Superseded {
                key: std::sync::Arc::clone(&self.arn_text),
                successor: keywright_types::KeyArn { key_id: successor, ..self.arn.clone() },
            }),
            (_, _) => Ok(()),
        }
    }

    /// Whether a key may have tags that ask for successors, or for the publication of its public half.
    ///
    /// # Errors
    /// TagException.
    pub(crate) fn check_succession_tags(&self, tags: &Tags) -> Result<(), KmsError> {
        let asked = SuccessionTags::parse(tags)?;
        let by_successors = !self.spec.rotates();
        if asked.jwks && (self.usage != KeyUsage::SignVerify || !matches!(self.spec, KeySpec::Pair(_))) {
            return Err(KmsError::Tag(TagFault::NotPublished { usage: self.usage.as_str() }));
        }
        if let Some(tag) = [LEAD_TAG, RETIRE_TAG].into_iter().find(|tag| tags.find(tag).is_some())
            && !by_successors
        {
            return Err(KmsError::Tag(TagFault::NoSuccessors { tag, spec: self.spec.as_str() }));
        }
        if tags.find(PERIOD_TAG).is_none() || !by_successors {
            return Ok(());
        }
        match (self.manager, self.origin, &self.multi_region, self.lineage.superseded) {
            (_, Origin::External, _, _) => Err(KmsError::Tag(TagFault::Imported)),
            (_, _, Some(_), _) => Err(KmsError::Tag(TagFault::MultiRegionSuccessor)),
            (_, _, _, Some(_)) => Err(KmsError::Tag(TagFault::Superseded)),
            (KeyManager::Customer | KeyManager::Service, Origin::Generated, None, None) => Ok(()),
        }
    }

    /// # Errors
    /// TagException if the lead time is not shorter than the period.
    pub(crate) fn check_lead(&self) -> Result<(), KmsError> {
        match self.rotation.period() {
            Some((days, _)) if self.succeeds() && self.lead() >= DAY * days => {
                Err(KmsError::Tag(TagFault::LeadTooLong))
            }
            Some(_) | None => Ok(()),
        }
    }
}

mod instant {
    use keywright_types::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

mod maybe_key_id {
    use keywright_types::KeyId;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(id: &Option<KeyId>, serializer: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => serializer.collect_str(id),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<KeyId>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| KeyId::parse(&text).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::{Lineage, Superseded, parse_time};
    use keywright_types::{KeyId, Timestamp};
    use std::time::Duration;

    #[test]
    fn times_are_hours_or_days() {
        for (text, hours) in [("1h", 1), ("36h", 36), ("8760h", 8760), ("1d", 24), ("2560d", 61_440)] {
            assert_eq!(parse_time(text), Some(Duration::from_secs(hours * 3600)), "{text}");
        }
        for text in
            ["", "d", "h", "0d", "0h", "01d", "2561d", "8761h", "1", "1m", "1D", " 1d", "-1d", "1.5d", "1hd"]
        {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn a_lineage_is_written_and_read_back() {
        let lineage = Lineage {
            predecessor: Some(KeyId::from_random([1; 16])),
            successor: Some(KeyId::from_random([2; 16])),
            superseded: Some(Superseded {
                at: Timestamp::from_seconds(5),
                retires_at: Timestamp::from_seconds(7),
                retired: false,
            }),
            published: true,
        };
        for lineage in [lineage, Lineage::default()] {
            let text = serde_json::to_string(&lineage).expect("it serialises");
            assert_eq!(serde_json::from_str::<Lineage>(&text).expect("it parses"), lineage);
        }
        assert_eq!(serde_json::to_string(&Lineage::default()).expect("it serialises"), "{}");
    }
}
