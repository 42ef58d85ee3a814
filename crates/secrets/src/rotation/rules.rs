//! Rotation rules: the schedule and how long its windows are.
//!
//! Source: Secrets Manager API Reference, `RotationRulesType`.

use crate::error::SecretsError;
use crate::secret::SecretRow;
use keywright_aws::secretsmanager::RotationRulesType;
use keywright_schedule::{Schedule, ScheduleFault, Window, WindowLength};
use keywright_types::Timestamp;
use serde::{Deserialize, Serialize};

/// As its owner gave them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    pub after_days: Option<u32>,
    pub expression: Option<String>,
    pub duration: Option<String>,
}

fn refused(fault: ScheduleFault) -> SecretsError {
    SecretsError::parameter(format!("The rotation rules are not valid: {fault}."))
}

impl Rules {
    /// # Errors
    /// InvalidParameterException for both or neither of the two forms, and for what is no schedule.
    pub(crate) fn parse(given: &RotationRulesType) -> Result<Self, SecretsError> {
        let rules = Self {
            after_days: given.automatically_after_days.map(|days| u32::try_from(days).unwrap_or(u32::MAX)),
            expression: given.schedule_expression.clone(),
            duration: given.duration.clone(),
        };
        let (schedule, length) = rules.read().map_err(refused)?;
        if let Some(length) = length {
            schedule.check_length(length).map_err(refused)?;
        }
        Ok(rules)
    }

    fn read(&self) -> Result<(Schedule, Option<WindowLength>), ScheduleFault> {
        let schedule = match (self.after_days, &self.expression) {
            (Some(days), None) => Schedule::after_days(days)?,
            (None, Some(text)) => Schedule::parse(text)?,
            (Some(_), Some(_)) | (None, None) => return Err(ScheduleFault::Form),
        };
        let length = self.duration.as_deref().map(WindowLength::parse).transpose()?;
        Ok((schedule, length))
    }

    pub(crate) fn shown(&self, now: Timestamp) -> RotationRulesType {
        RotationRulesType {
            automatically_after_days: shown_days(self, now).map(i64::from),
            duration: self.duration.clone(),
            schedule_expression: self.expression.clone(),
        }
    }
}

/// The days between two rotations, of any schedule.
pub(crate) fn shown_days(rules: &Rules, now: Timestamp) -> Option<u32> {
    rules.read().ok().map(|(schedule, _)| schedule.days_between(now))
}

/// The window in which the secret rotates next: one that is open and in which it did not, else the next that opens.
pub(crate) fn next_window(row: &SecretRow, now: Timestamp) -> Option<Window> {
    let rotation = &row.rotation.as_ref()?.0;
    let (schedule, length) = rotation.rules.as_ref()?.read().ok()?;
    let anchor = Timestamp::from_millis(rotation.anchor);
    // A window that opened since the last rotation still waits, and one that was missed is made up for at once, once.
    let first = schedule.next_window(anchor, anchor, length)?;
    if first.end > now {
        return Some(first);
    }
    match schedule.open_window(now, anchor, length) {
        Some(open) => Some(open),
        None => Some(Window { start: now, end: Timestamp::from_millis(now.as_millis() + 3_600_000) }),
    }
}
