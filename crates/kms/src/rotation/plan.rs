//! When a key rotates, and who said so.

use keywright_types::{Tags, Timestamp};
use std::time::Duration;

/// AWS's period when EnableKeyRotation names none.
pub const DEFAULT_PERIOD_DAYS: u32 = 365;
/// AWS's longest period.
pub const PERIOD_DAYS_MAX: u32 = 2560;
/// Service-managed keys rotate every year.
pub const SERVICE_PERIOD_DAYS: u32 = 365;
/// The tag that carries periods below AWS's floor of 90 days, which AWS clients refuse to send:
/// `1d` to `2560d`.
pub const PERIOD_TAG: &str = "keywright:rotation-period";

/// Who set the period that is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodSource {
    /// EnableKeyRotation.
    Api,
    /// The tag [`PERIOD_TAG`]; it goes before the API's period as long as it is there.
    Tag,
}

/// A key's rotation settings and its next date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RotationPlan {
    /// The period of EnableKeyRotation in days; none when rotation is off by the API.
    pub period_days: Option<u32>,
    /// The period of the tag in days; none without the tag.
    pub tag_period_days: Option<u32>,
    /// When the next automatic rotation is due; none when rotation is off. A date in the past of a key
    /// that is not enabled waits for it.
    pub next_at: Option<Timestamp>,
    /// Rotations on demand so far, which AWS limits to 25 for the life of a key.
    pub on_demand_count: u32,
}

impl RotationPlan {
    /// The period in force and who set it; none when rotation is off.
    #[must_use]
    pub fn period(&self) -> Option<(u32, PeriodSource)> {
        match (self.tag_period_days, self.period_days) {
            (Some(days), _) => Some((days, PeriodSource::Tag)),
            (None, Some(days)) => Some((days, PeriodSource::Api)),
            (None, None) => None,
        }
    }

    /// Rotation by the API: `Some(days)` switches it on or changes its period, `None` switches it off.
    pub fn set_period(&mut self, days: Option<u32>, now: Timestamp) {
        let before = self.period();
        self.period_days = days;
        self.follow(before, now);
    }

    /// Rotation by the tag, in the same way.
    pub fn set_tag_period(&mut self, days: Option<u32>, now: Timestamp) {
        let before = self.period();
        self.tag_period_days = days;
        self.follow(before, now);
    }

    /// The date follows the period: a new period counts from now, the same one leaves the date alone, and
    /// switching off forgets it (switching on again starts from then).
    fn follow(&mut self, before: Option<(u32, PeriodSource)>, now: Timestamp) {
        let days = self.period().map(|(days, _)| days);
        if days == before.map(|(days, _)| days) && (days.is_none() || self.next_at.is_some()) {
            return;
        }
        self.next_at = days.map(|days| now.plus_days(days));
    }

    /// After an automatic rotation: the rhythm goes on; dates missed meanwhile were caught up by this one.
    pub fn advance(&mut self, now: Timestamp) {
        if let (Some((days, _)), Some(due)) = (self.period(), self.next_at) {
            let in_rhythm = due.plus_days(days);
            self.next_at = Some(if in_rhythm > now { in_rhythm } else { now.plus_days(days) });
        }
    }

    /// A key that is enabled again and whose key material is older than its period is due at once;
    /// otherwise its old date stands (KMS Developer Guide, "Rotating AWS KMS keys", disabled keys).
    pub fn resume(&mut self, material_at: Timestamp, now: Timestamp) {
        if let (Some((days, _)), Some(due)) = (self.period(), self.next_at)
            && material_at.plus_days(days) <= now
            && due > now
        {
            self.next_at = Some(now);
        }
    }

    /// Whether the next automatic rotation is at most `within` away.
    #[must_use]
    pub fn is_due_within(&self, now: Timestamp, within: Duration) -> bool {
        self.next_at.is_some_and(|due| due <= now.plus(within))
    }
}

/// The period tag's value is not a whole number of days from `1d` to `2560d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPeriod;

/// The period that the tags ask for: `Ok(None)` without the tag.
///
/// # Errors
/// [`BadPeriod`].
pub fn parse_period_tag(tags: &Tags) -> Result<Option<u32>, BadPeriod> {
    let Some(value) = tags.find(PERIOD_TAG) else { return Ok(None) };
    let digits = value.strip_suffix('d').ok_or(BadPeriod)?;
    if digits.is_empty() || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadPeriod);
    }
    let days: u32 = digits.parse().map_err(|_| BadPeriod)?;
    if (1..=PERIOD_DAYS_MAX).contains(&days) { Ok(Some(days)) } else { Err(BadPeriod) }
}

#[cfg(test)]
mod tests {
    use super::{BadPeriod, PERIOD_TAG, PeriodSource, RotationPlan, parse_period_tag};
    use keywright_types::{Tags, Timestamp};

    const DAY_0: Timestamp = Timestamp::from_seconds(1_700_000_000);

    fn plan(period: u32) -> RotationPlan {
        let mut plan = RotationPlan::default();
        plan.set_period(Some(period), DAY_0);
        plan
    }

    #[test]
    fn enabling_counts_from_then_and_the_same_period_again_changes_nothing() {
        let mut plan = plan(90);
        assert_eq!(plan.next_at, Some(DAY_0.plus_days(90)));
        plan.set_period(Some(90), DAY_0.plus_days(10));
        assert_eq!(plan.next_at, Some(DAY_0.plus_days(90)));
        plan.set_period(Some(100), DAY_0.plus_days(10));
        assert_eq!(plan.next_at, Some(DAY_0.plus_days(110)));
    }

    #[test]
    fn switching_off_forgets_the_schedule() {
        let mut plan = plan(90);
        plan.set_period(None, DAY_0.plus_days(10));
        assert_eq!((plan.period(), plan.next_at), (None, None));
        plan.set_period(Some(90), DAY_0.plus_days(20));
        assert_eq!(plan.next_at, Some(DAY_0.plus_days(110)));
    }

    #[test]
    fn the_tag_goes_before_the_api_and_gives_way_when_removed() {
        let mut plan = plan(90);
        plan.set_tag_period(Some(30), DAY_0.plus_days(5));
        assert_eq!(plan.period(), Some((30, PeriodSource::Tag)));
        assert_eq!(plan.next_at, Some(DAY_0.plus_days(35)));
        plan.set_period(Some(180), DAY_0.plus_days(6));
        assert_eq!(plan.next_at, Some(DAY_0.plus_days(35)), "the tag's rhythm goes on");
        plan.set_tag_period(None, DAY_0.plus_days(7));
        assert_eq!(plan.period(), Some((180, PeriodSource::Api)));
        assert_eq!(plan.next_at, Some(DAY_0.plus_days(187)));
    }

    #[test]
    fn a_rotation_keeps_the_rhythm_and_catches_up_once() {
        let mut on_time = plan(90);
        on_time.advance(DAY_0.plus_days(91));
        assert_eq!(on_time.next_at, Some(DAY_0.plus_days(180)));
        let mut after_downtime = plan(90);
        after_downtime.advance(DAY_0.plus_days(400));
        assert_eq!(after_downtime.next_at, Some(DAY_0.plus_days(490)));
    }

    #[test]
    fn a_key_enabled_again_is_due_at_once_only_if_its_material_is_older_than_the_period() {
        let mut old_material = plan(90);
        old_material.resume(DAY_0, DAY_0.plus_days(89));
        assert_eq!(old_material.next_at, Some(DAY_0.plus_days(90)));
        let mut enabled_late = RotationPlan::default();
        enabled_late.set_period(Some(90), DAY_0.plus_days(100));
        enabled_late.resume(DAY_0, DAY_0.plus_days(120));
        assert_eq!(enabled_late.next_at, Some(DAY_0.plus_days(120)));
    }

    #[test]
    fn period_tags() {
        let parse =
            |value: &str| parse_period_tag(&Tags::from_iter([(PERIOD_TAG.to_owned(), value.to_owned())]));
        assert_eq!(parse_period_tag(&Tags::default()), Ok(None));
        for (value, days) in [("1d", 1), ("30d", 30), ("2560d", 2560)] {
            assert_eq!(parse(value), Ok(Some(days)), "{value}");
        }
        for value in
            ["", "d", "0d", "2561d", "30", "30D", " 30d", "030d", "-1d", "+1d", "1.5d", "30dd", "1e2d"]
        {
            assert_eq!(parse(value), Err(BadPeriod), "{value}");
        }
    }
}
