//! Rotation of key material.
//!
//! What: when a key is due, and the switch to a new backing key; old ones stay for decryption.
//! Why here: the rule needs only the key and a clock, so it is tested without a scheduler.
//!
//! Invariants
//! - Exactly one backing key per key is current; a switch is one commit with its audit and event rows.
//! - A backing key is never deleted while its key exists: every old ciphertext must open.
//! - Disabled and pending-deletion keys wait.
//! - `next_rotation_at` is one indexed column with one author, [`RotationPlan`]: enabling sets it, an
//!   automatic rotation advances it, an on-demand one leaves it.
//!
//! Not here: the timer (server::scheduler), wrapping (crypto).
//! Source: KMS Developer Guide, "Rotating AWS KMS keys"; docs/adr/0006-rotation-below-90-days.md.

mod due;
mod plan;
mod successor;
mod switch;

pub use due::{RotateDueKey, due_keys, last_digit};
pub use plan::{
    BadPeriod, DEFAULT_PERIOD_DAYS, PERIOD_DAYS_MAX, PERIOD_TAG, PeriodSource, RotationPlan,
    SERVICE_PERIOD_DAYS, parse_period_tag,
};
pub use successor::{DueStep, TakeStep, due_steps};
pub use switch::{RotationType, first_material, rotate, rotate_imported};
