//! Rotation of secrets: createSecret → setSecret → testSecret → finishSecret, under one token.
//!
//! What: how a secret is to rotate ([`Rotation`]), a rotation under way ([`Run`]), and the pieces of work that carry it on:
//! [`BeginRotation`] starts what is due, [`ReadStep`] reads what a step is to be done with, [`EndStep`] writes what it came to.
//! Between the last two the server asks the rotator, which talks to the database.
//! Why here: everything that decides is a commit of one row, so that whoever dies in between leaves a step to be done again.
//!
//! Invariants
//! - A secret has at most one rotation under way; it is in the secret's own row.
//! - Every write of a step names the token, the step and the attempt that it belongs to, the row's version and the lease: a
//!   late writer changes nothing.
//! - A step may be done twice and ends the same; AWSCURRENT moves only after the pending value was tested.
//! - `rotation_at` has one author, [`wake`].
//!
//! Not here: the databases (rotators), the calendar (schedule), the timer (server::secret_rotation).
//! Source: Secrets Manager User Guide, "Rotate AWS Secrets Manager secrets"; docs/adr/0010.

mod begin;
mod due;
mod end_step;
mod grants;
mod log;
mod operate;
mod outcome;
mod read_step;
mod rules;

pub use begin::BeginRotation;
pub use due::due_secrets;
pub use end_step::{EndStep, StepOutcome};
pub use log::{LogEntry, LogRow, find_log};
pub use operate::{OperatedSecret, give_up, period_days, preflight, retry};
pub use outcome::RotationEvent;
pub use read_step::{ReadStep, StepToDo, Unreadable};
pub use rules::Rules;

pub(crate) use begin::{Beginning, begin};
pub(crate) use grants::{Grants, Retirements};
pub(crate) use outcome::written;
pub(crate) use read_step::own_request;
pub(crate) use rules::next_window;

use crate::secret::SecretRow;
use keywright_rotators::{RotatorKind, Strategy};
use keywright_types::{AccountId, PARTITION, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How a secret is to rotate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    pub enabled: bool,
    pub rotator: Rotator,
    /// None rotates on demand alone.
    pub rules: Option<Rules>,
    /// From when the schedule counts, in milliseconds: the last rotation, or when it was set up.
    pub(crate) anchor: i64,
    /// The secret of an administrator, whose ARN the value named when rotation was set up.
    pub admin: Option<String>,
    /// How many hours a rotation of alternating users waits for consumers that still have the credential that it ends.
    #[serde(default)]
    pub hold_hours: Option<u32>,
    /// The grants on KMS keys that the service has for it.
    pub(crate) grants: Vec<KeyGrant>,
}

/// A grant that this service has on a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyGrant {
    pub(crate) key: String,
    pub(crate) grant: String,
}

/// What rotates it: a built-in rotator, and how its owner named that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rotator {
    pub kind: RotatorKind,
    pub strategy: Strategy,
    /// Named by a reserved function ARN; else by the secret's `Type`.
    pub by_arn: bool,
}

/// Reserved names of functions begin so.
const RESERVED: &str = "keywright-";

impl From<Rotator> for String {
    fn from(rotator: Rotator) -> Self {
        format!("{}/{}", if rotator.by_arn { "arn" } else { "type" }, rotator.function_name())
    }
}

impl TryFrom<String> for Rotator {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (how, name) = text.split_once('/').ok_or("no rotator")?;
        let (kind, strategy) = find_function(name).ok_or("no rotator")?;
        Ok(Self { kind, strategy, by_arn: how == "arn" })
    }
}

impl Rotator {
    /// Such as `keywright-postgres-single-user`.
    #[must_use]
    pub fn function_name(&self) -> String {
        let kind = self.kind.type_name().split_once(':').map_or("", |(_, kind)| kind);
        format!("{RESERVED}{kind}-{}", self.strategy.as_str())
    }

    /// The reserved function ARN.
    #[must_use]
    pub fn function_arn(&self, account: &AccountId, region: &Region) -> String {
        format!("arn:{PARTITION}:lambda:{region}:{account}:function:{}", self.function_name())
    }

    /// The built-in rotator that a function's ARN, partial ARN or name stands for in this account and Region.
    #[must_use]
    pub fn parse_arn(text: &str, account: &AccountId, region: &Region) -> Option<Self> {
        let home = format!("arn:{PARTITION}:lambda:{region}:{account}:function:");
        let name = text.strip_prefix(&home)?;
        find_function(name).map(|(kind, strategy)| Self { kind, strategy, by_arn: true })
    }
}

/// HTTP services have one user; the others two strategies each.
fn find_function(name: &str) -> Option<(RotatorKind, Strategy)> {
    let name = name.strip_prefix(RESERVED)?;
    RotatorKind::ALL.iter().copied().find_map(|kind| {
        let (_, short) = kind.type_name().split_once(':')?;
        let strategy = Strategy::parse(name.strip_prefix(short)?.strip_prefix('-')?)?;
        (kind != RotatorKind::Http || strategy == Strategy::SingleUser).then_some((kind, strategy))
    })
}

/// The steps, by the names that rotation functions know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RotationStep {
    CreateSecret,
    SetSecret,
    TestSecret,
    FinishSecret,
}

impl RotationStep {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreateSecret => "createSecret",
            Self::SetSecret => "setSecret",
            Self::TestSecret => "testSecret",
            Self::FinishSecret => "finishSecret",
        }
    }
}

/// A rotation under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The pending version's id.
    pub token: String,
    /// What is to be done next.
    pub step: RotationStep,
    /// From 1; grows with each failure.
    pub attempt: u32,
    /// In milliseconds.
    started_at: i64,
    not_before: i64,
    /// The end of the window that it belongs to; none of one that was asked for.
    window_end: Option<i64>,
    /// Only the test of the current value: `RotateImmediately` was false.
    pub test_only: bool,
    /// Why the last attempt failed.
    pub cause: Option<String>,
}

impl Run {
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        Timestamp::from_millis(self.started_at)
    }

    #[must_use]
    pub const fn not_before(&self) -> Timestamp {
        Timestamp::from_millis(self.not_before)
    }

    /// Sets when a failed attempt is made again: after 1, 5, 15 and 60 minutes, then every hour. `next_window` is where one
    /// goes on that has left its window.
    pub(crate) fn put_off(&mut self, now: Timestamp, next_window: Option<Timestamp>) {
        const MINUTES: [u64; 4] = [1, 5, 15, 60];
        let at = usize::try_from(self.attempt.saturating_sub(1)).unwrap_or(MINUTES.len());
        let pause = MINUTES.get(at).copied().unwrap_or(60);
        let again = now.plus(Duration::from_secs(60 * pause));
        let is_over = self.window_end.is_some_and(|end| again.as_millis() >= end);
        let not_before = match next_window {
            Some(start) if is_over && at >= MINUTES.len() => start,
            Some(_) | None => again,
        };
        self.not_before = not_before.as_millis();
        self.attempt += 1;
    }
}

/// Sets when the machine has something to do with the secret, and what DescribeSecret shows as the next rotation: a
/// rotation under way goes on at its time; else the next window of the schedule opens.
pub(crate) fn wake(row: &mut SecretRow, now: Timestamp) {
    row.rotation_at = None;
    row.next_rotation_at = None;
    let Some(Rotation { enabled: true, .. }) = row.rotation.as_ref().map(|rotation| &rotation.0) else {
        return;
    };
    let window = next_window(row, now);
    row.next_rotation_at = window.map(|window| window.end);
    if row.deleted_at.is_some() {
        return;
    }
    row.rotation_at = match &row.run {
        Some(run) => Some(run.0.not_before()),
        None => window.map(|window| window.moment(row.name.as_bytes())),
    };
}
