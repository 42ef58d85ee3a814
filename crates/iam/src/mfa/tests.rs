//! Expected codes: RFC 4226, appendix D, whose counter is the time step.

use super::{NEVER, STEP_SECONDS, after_code, after_pair};
use keywright_auth::identities::MfaDeviceRow;
use keywright_types::{AccountId, SecretText, Tags, Timestamp};

const SEED: &[u8] = b"12345678901234567890";
/// The codes of steps 0 to 9.
const CODES: [&str; 10] =
    ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];

fn device() -> MfaDeviceRow {
    MfaDeviceRow {
        account: AccountId::parse("111122223333").expect("an account"),
        serial: "arn:aws:iam::111122223333:mfa/phone".to_owned(),
        sealed_seed: Vec::new(),
        created_at: Timestamp::from_seconds(0),
        user_id: None,
        enabled_at: None,
        used_step: NEVER,
        drift_steps: 0,
        tags: Tags::default(),
    }
}

fn at(step: i64) -> Timestamp {
    Timestamp::from_seconds(step * STEP_SECONDS)
}

fn text(code: &str) -> SecretText {
    SecretText::new(code.to_owned())
}

/// Shows the code of step `shown` at the beginning of step `now`.
fn show(device: &MfaDeviceRow, shown: usize, now: i64) -> Option<MfaDeviceRow> {
    after_code(device, SEED, &text(CODES[shown]), at(now))
}

fn show_pair(device: &MfaDeviceRow, shown: [usize; 2], now: i64) -> Option<MfaDeviceRow> {
    after_pair(device, SEED, [&text(CODES[shown[0]]), &text(CODES[shown[1]])], at(now))
}

#[test]
fn a_code_may_be_one_step_early_or_late() {
    for (now, accepted) in [(3, false), (4, true), (5, true), (6, true), (7, false)] {
        assert_eq!(show(&device(), 5, now).is_some(), accepted, "the code of step 5 in step {now}");
    }
    let last_moment = Timestamp::from_millis(at(7).as_millis() - 1);
    assert!(after_code(&device(), SEED, &text(CODES[5]), last_moment).is_some());
    assert!(after_code(&device(), SEED, &text(CODES[5]), at(7)).is_none());
}

#[test]
fn a_code_is_accepted_once_and_none_before_it() {
    let used = show(&device(), 5, 5).expect("it is right");
    assert_eq!(used.used_step, 5);
    assert!(show(&used, 5, 5).is_none(), "the same once more");
    assert!(show(&used, 4, 5).is_none(), "the one before");
    assert_eq!(show(&used, 6, 5).map(|row| row.used_step), Some(6));
}

#[test]
fn two_codes_in_a_row_set_the_clock_right() {
    let typed = show_pair(&device(), [4, 5], 5).expect("they are right");
    assert_eq!((typed.used_step, typed.drift_steps), (5, 0));
    // A device that is four steps ahead: its codes are wrong until it is set right.
    assert!(show(&device(), 6, 2).is_none());
    let ahead = show_pair(&device(), [5, 6], 2).expect("they are right");
    assert_eq!((ahead.used_step, ahead.drift_steps), (6, 4));
    assert!(show(&ahead, 7, 3).is_some());
    assert!(show(&ahead, 3, 3).is_none(), "what a device whose clock is right would show");
}

#[test]
fn two_codes_must_be_in_a_row_and_unused() {
    for wrong in [[5, 4], [4, 4], [3, 5], [5, 5]] {
        assert!(show_pair(&device(), wrong, 5).is_none(), "{wrong:?}");
    }
    let used = show(&device(), 4, 5).expect("it is right");
    assert!(show_pair(&used, [4, 5], 5).is_none(), "the first was used");
    assert!(show_pair(&used, [5, 6], 5).is_some());
    assert!(show_pair(&device(), [0, 1], 30).is_none(), "too long ago");
}
