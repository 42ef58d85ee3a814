//! One line of the list of rotations.

use keywright_aws::keywright::{PeriodSource as WireSource, ResourceType, RotationEntry, RotationStatus};
use keywright_kms::rotation::PeriodSource;
use keywright_kms::{Key, KeyManager, KeyState};
use keywright_secrets::Secret;
use keywright_secrets::rotation::period_days;
use keywright_types::Timestamp;

/// How a key stands with its rotation at `now`.
pub(crate) fn of_key(key: &Key, now: Timestamp) -> RotationEntry {
    let period = key.rotation.period();
    let (status, reason) = match (period, key.state) {
        (None, _) => (RotationStatus::Off, None),
        (Some(_), KeyState::Disabled) => {
            (RotationStatus::Blocked, Some("The key is disabled; it rotates once it is enabled again."))
        }
        (Some(_), KeyState::PendingImport) => {
            (RotationStatus::Blocked, Some("Imported key material of the key is missing."))
        }
        (Some(_), KeyState::PendingDeletion { .. } | KeyState::PendingReplicaDeletion { .. }) => {
            (RotationStatus::Blocked, Some("The key is pending deletion."))
        }
        (Some(_), KeyState::Enabled) if key.succeeds() && key.next_step().is_none() => {
            (RotationStatus::Blocked, Some("The key has no alias that could point at a successor."))
        }
        (Some(_), KeyState::Enabled) => match key.rotation.next_at {
            Some(due) if due <= now => {
                (RotationStatus::Due, Some("The rotation is due; the server does it within seconds."))
            }
            Some(_) | None => (RotationStatus::Scheduled, None),
        },
    };
    let source = period.map(|(_, source)| match (key.manager, source) {
        (KeyManager::Service, PeriodSource::Api | PeriodSource::Tag) => WireSource::Service,
        (KeyManager::Customer, PeriodSource::Api) => WireSource::Api,
        (KeyManager::Customer, PeriodSource::Tag) => WireSource::Tag,
    });
    RotationEntry {
        resource_arn: key.arn_text.to_string(),
        resource_type: ResourceType::Key,
        rotation_enabled: period.is_some(),
        period_in_days: period.and_then(|(days, _)| i32::try_from(days).ok()),
        period_source: source,
        // The first material is no rotation.
        last_rotation_date: (key.material_count > 1).then_some(key.current_material_at),
        next_rotation_date: period.and(key.rotation.next_at),
        status,
        reason: reason.map(str::to_owned),
    }
}

/// How a secret stands with its rotation at `now`.
pub(crate) fn of_secret(secret: &Secret, now: Timestamp) -> RotationEntry {
    let row = &secret.row;
    let enabled = row.rotation.as_ref().is_some_and(|rotation| rotation.0.enabled);
    let (status, reason) = match (enabled, &row.run) {
        (false, _) => (RotationStatus::Off, None),
        (true, _) if row.deleted_at.is_some() => {
            (RotationStatus::Blocked, Some("The secret is marked for deletion.".to_owned()))
        }
        (true, Some(run)) => match &run.0.cause {
            Some(cause) => (
                RotationStatus::Blocked,
                Some(format!(
                    "{} failed: {cause}. Attempt {} is made at {}.",
                    run.0.step.as_str(),
                    run.0.attempt,
                    run.0.not_before().rfc3339()
                )),
            ),
            None => (RotationStatus::Due, Some(format!("{} is under way.", run.0.step.as_str()))),
        },
        (true, None) if row.rotation_at.is_some_and(|at| at <= now) => {
            (RotationStatus::Due, Some("The rotation is due; the server does it within seconds.".to_owned()))
        }
        (true, None) => (RotationStatus::Scheduled, None),
    };
    let period = enabled.then(|| period_days(secret, now)).flatten();
    RotationEntry {
        resource_arn: secret.arn.to_string(),
        resource_type: ResourceType::Secret,
        rotation_enabled: enabled,
        period_in_days: period.and_then(|days| i32::try_from(days).ok()),
        period_source: period.map(|_| WireSource::Api),
        last_rotation_date: row.last_rotated_at,
        next_rotation_date: row.next_rotation_at,
        status,
        reason,
    }
}
