//! The dialect by examples of the User Guide, calendar cases worked out by hand, and another reading of cron.

use crate::{DAY, HOUR, Schedule, ScheduleFault, WindowLength};
use chrono::{DateTime, Utc};
use keywright_types::Timestamp;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("an instant")
}

fn schedule(text: &str) -> Schedule {
    Schedule::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn what_is_a_schedule() {
    for text in [
        // Secrets Manager User Guide, "Schedule expressions".
        "rate(4 hours)",
        "rate(10 days)",
        "rate(1 day)",
        "rate(999 days)",
        "rate(23976 hours)",
        "cron(0 8 1 * ? *)",
        "cron(0 10 * * ? *)",
        "cron(0 18 ? * SAT *)",
        "cron(0 8 ? * TUE#1 *)",
        "cron(0 0 L * ? *)",
        "cron(0 /8 * * ? *)",
        "cron(0 2/10 * * ? *)",
        "cron(0 6 ? * SUN#1 *)",
        "cron(0 17 ? * MON-FRI *)",
        "cron(0 16 1,15 1,4,7,10 ? *)",
        "cron(0 9 ? * 2-6 *)",
        "cron(0 1 SUNL * ? *)",
        "cron(0 1 ? * 6L *)",
        "cron(0 1 */2 JAN-JUN ? *)",
        "cron(0 1 ? * L *)",
        "cron(0 1 29 2 ? *)",
        "cron(0 23 ? * sun *)",
        "cron(0  1  1  *  ?  *)",
    ] {
        schedule(text);
    }
    use ScheduleFault::{Days, Fields, Form, Minutes, Never, Plural, Rate, RateBounds, TooOften, Year};
    let check = |text: &str, fault: ScheduleFault| assert_eq!(Schedule::parse(text), Err(fault), "{text}");
    check("", Form);
    check("10 days", Form);
    check("RATE(10 days)", Form);
    check("rate(10 days", Form);
    check("rate(10days)", Rate);
    check("rate(10)", Rate);
    check("rate(-5 days)", Rate);
    check("rate(1.5 days)", Rate);
    check("rate(5 minutes)", Rate);
    check("rate(1 days)", Plural);
    check("rate(10 day)", Plural);
    check("rate(1 hour)", RateBounds);
    check("rate(3 hours)", RateBounds);
    check("rate(0 days)", RateBounds);
    check("rate(1000 days)", RateBounds);
    check("rate(99999999999999999999 days)", RateBounds);
    check("cron(0 1 1 * ?)", Fields { found: 5 });
    check("cron(5 1 1 * ? *)", Minutes);
    check("cron(* 1 1 * ? *)", Minutes);
    check("cron(0 1 1 * ? 2027)", Year);
    check("cron(0 1 1 * * *)", Days);
    check("cron(0 1 ? * ? *)", Days);
    check("cron(0 /3 * * ? *)", TooOften);
    check("cron(0 0/7 * * ? *)", TooOften);
    check("cron(0 1 30 2 ? *)", Never);
    for (text, field) in [
        ("cron(0 24 1 * ? *)", "hours"),
        ("cron(0 * 1 * ? *)", "hours"),
        ("cron(0 1,9 1 * ? *)", "hours"),
        ("cron(0 1-9 1 * ? *)", "hours"),
        ("cron(0 /0 1 * ? *)", "hours"),
        ("cron(0 1 32 * ? *)", "day-of-month"),
        ("cron(0 1 0 * ? *)", "day-of-month"),
        ("cron(0 1 15W * ? *)", "day-of-month"),
        ("cron(0 1 XYZL * ? *)", "day-of-month"),
        ("cron(0 1 9-3 * ? *)", "day-of-month"),
        ("cron(0 1 1, * ? *)", "day-of-month"),
        ("cron(0 1 1 13 ? *)", "month"),
        ("cron(0 1 1 ? ? *)", "month"),
        ("cron(0 1 1 JANUARY ? *)", "month"),
        ("cron(0 1 ? * 0 *)", "day-of-week"),
        ("cron(0 1 ? * 8 *)", "day-of-week"),
        ("cron(0 1 ? * MON#6 *)", "day-of-week"),
        ("cron(0 1 ? * MON#0 *)", "day-of-week"),
    ] {
        match Schedule::parse(text) {
            Err(ScheduleFault::Field { field: found, .. }) => assert_eq!(found, field, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

fn starts(text: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = schedule(text);
    let (mut last, anchor) = (at(after), at(after));
    (0..count)
        .map(|_| {
            let window = schedule.next_window(last, anchor, None).expect("a window");
            last = window.start;
            window.start.rfc3339()
        })
        .collect()
}

#[test]
fn the_calendar() {
    let check = |text: &str, after: &str, expected: &[&str]| {
        assert_eq!(starts(text, after, expected.len()), expected, "{text}");
    };
    check("cron(0 8 1 * ? *)", "2026-11-26T12:00:00Z", &["2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"]);
    // A start that is now is not the next one.
    check("cron(0 8 1 * ? *)", "2026-12-01T08:00:00Z", &["2027-01-01T08:00:00Z"]);
    check("cron(0 8 1 * ? *)", "2026-12-01T07:59:59Z", &["2026-12-01T08:00:00Z"]);
    check(
        "cron(0 0 L * ? *)",
        "2028-01-31T12:00:00Z",
        &["2028-02-29T00:00:00Z", "2028-03-31T00:00:00Z", "2028-04-30T00:00:00Z"],
    );
    check("cron(0 1 29 2 ? *)", "2026-01-01T00:00:00Z", &["2028-02-29T01:00:00Z", "2032-02-29T01:00:00Z"]);
    // The first Tuesday, the last Friday, and fifths that not every month has.
    check("cron(0 8 ? * TUE#1 *)", "2026-11-26T00:00:00Z", &["2026-12-01T08:00:00Z", "2027-01-05T08:00:00Z"]);
    check("cron(0 1 ? * 6L *)", "2026-11-26T00:00:00Z", &["2026-11-27T01:00:00Z", "2026-12-25T01:00:00Z"]);
    check("cron(0 1 FRIL * ? *)", "2026-11-28T00:00:00Z", &["2026-12-25T01:00:00Z", "2027-01-29T01:00:00Z"]);
    check("cron(0 1 ? * SUN#5 *)", "2026-11-26T00:00:00Z", &["2026-11-29T01:00:00Z", "2027-01-31T01:00:00Z"]);
    check("cron(0 18 ? * SAT *)", "2026-12-26T19:00:00Z", &["2027-01-02T18:00:00Z"]);
    check(
        "cron(0 2/10 * * ? *)",
        "2026-11-26T03:00:00Z",
        &["2026-11-26T12:00:00Z", "2026-11-26T22:00:00Z", "2026-11-27T02:00:00Z"],
    );
    // Days of summer time are days like others: all is UTC.
    check("cron(0 2 * * ? *)", "2027-03-27T03:00:00Z", &["2027-03-28T02:00:00Z", "2027-03-29T02:00:00Z"]);
    check(
        "rate(10 days)",
        "2026-11-26T15:30:00Z",
        &["2026-12-06T00:00:00Z", "2026-12-16T00:00:00Z", "2026-12-26T00:00:00Z"],
    );
    check("rate(6 hours)", "2026-11-26T15:30:00Z", &["2026-11-26T21:00:00Z", "2026-11-27T03:00:00Z"]);
}

#[test]
fn windows_end() {
    let window = |text: &str, after: &str, length: Option<&str>| {
        let length = length.map(|text| WindowLength::parse(text).expect("a length"));
        let found = schedule(text).next_window(at(after), at(after), length).expect("a window");
        (found.start.rfc3339(), found.end.rfc3339())
    };
    let pair = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    let now = "2026-11-26T12:30:00Z";
    assert_eq!(window("rate(10 days)", now, None), pair("2026-12-06T00:00:00Z", "2026-12-07T00:00:00Z"));
    assert_eq!(
        window("rate(10 days)", now, Some("3h")),
        pair("2026-12-06T00:00:00Z", "2026-12-06T03:00:00Z")
    );
    assert_eq!(window("rate(4 hours)", now, None), pair("2026-11-26T16:00:00Z", "2026-11-26T17:00:00Z"));
    assert_eq!(window("cron(0 8 1 * ? *)", now, None), pair("2026-12-01T08:00:00Z", "2026-12-02T00:00:00Z"));
    assert_eq!(window("cron(0 /8 * * ? *)", now, None), pair("2026-11-26T16:00:00Z", "2026-11-26T17:00:00Z"));
}

#[test]
fn lengths() {
    for bad in ["", "h", "0h", "25h", "3", "3H", "-3h", "03", "1.5h", "999999999999h"] {
        assert_eq!(WindowLength::parse(bad), Err(ScheduleFault::Duration), "{bad}");
    }
    let check = |text: &str, length: &str, fits: bool| {
        let length = WindowLength::parse(length).expect("a length");
        assert_eq!(schedule(text).check_length(length).is_ok(), fits, "{text} {length:?}");
    };
    check("cron(0 8 1 * ? *)", "16h", true);
    check("cron(0 8 1 * ? *)", "17h", false);
    check("cron(0 /8 * * ? *)", "8h", true);
    check("cron(0 /8 * * ? *)", "9h", false);
    check("cron(0 2/10 * * ? *)", "2h", true);
    check("cron(0 2/10 * * ? *)", "3h", false);
    check("rate(4 hours)", "4h", true);
    check("rate(4 hours)", "5h", false);
    check("rate(1 day)", "24h", true);
}

#[test]
fn days_between_windows() {
    let check = |text: &str, days| {
        assert_eq!(schedule(text).days_between(at("2026-11-26T00:00:00Z")), days, "{text}")
    };
    check("rate(30 days)", 30);
    check("rate(6 hours)", 1);
    check("rate(36 hours)", 2);
    check("cron(0 8 1 * ? *)", 31);
    check("cron(0 18 ? * SAT *)", 7);
    check("cron(0 10 * * ? *)", 1);
    assert_eq!(Schedule::after_days(45).map(|it| it.days_between(at("2026-11-26T00:00:00Z"))), Ok(45));
    assert_eq!(Schedule::after_days(0), Err(ScheduleFault::AfterDays));
    assert_eq!(Schedule::after_days(1001), Err(ScheduleFault::AfterDays));
}

#[test]
fn days_after_the_last_rotation() {
    let anchor = at("2026-11-26T15:30:00Z");
    let schedule = Schedule::after_days(30).expect("30 days");
    let window = schedule.next_window(anchor, anchor, None).expect("a window");
    assert_eq!(
        (window.start.rfc3339(), window.end.rfc3339()),
        ("2026-12-26T00:00:00Z".into(), "2026-12-27T00:00:00Z".into())
    );
    // What was missed is not in the past again and again.
    let later = at("2027-03-01T10:00:00Z");
    assert!(schedule.next_window(later, anchor, None).expect("a window").start > later);
}

#[test]
fn what_is_open() {
    let daily = schedule("cron(0 8 * * ? *)");
    let length = Some(WindowLength::parse("2h").expect("a length"));
    let open =
        |text: &str| daily.open_window(at(text), at(text), length).map(|window| window.start.rfc3339());
    assert_eq!(open("2026-11-26T07:59:59Z"), None);
    assert_eq!(open("2026-11-26T08:00:00Z"), Some("2026-11-26T08:00:00Z".into()));
    assert_eq!(open("2026-11-26T09:59:59Z"), Some("2026-11-26T08:00:00Z".into()));
    assert_eq!(open("2026-11-26T10:00:00Z"), None);
}

/// Expressions that both dialects read alike: croner knows no bare `L` among days of the week.
fn expressions() -> impl Strategy<Value = String> {
    let hours = prop_oneof![
        (0_u32..24).prop_map(|hour| hour.to_string()),
        Just("0/8".to_owned()),
        Just("2/10".to_owned()),
        Just("*/6".to_owned())
    ]
    .prop_map(|hours| hours.replace('*', ""));
    let of_month = prop_oneof![
        (1_u32..29).prop_map(|day| day.to_string()),
        (1_u32..15, 15_u32..29).prop_map(|(one, two)| format!("{one},{two}")),
        (1_u32..10, 1_u32..10).prop_map(|(from, more)| format!("{from}-{}", from + more)),
        Just("*".to_owned()),
        Just("L".to_owned()),
        (2_u32..20).prop_map(|step| format!("*/{step}")),
    ];
    let weekday = 1_u32..8;
    let of_week = prop_oneof![
        weekday.clone().prop_map(|day| day.to_string()),
        Just("MON-FRI".to_owned()),
        weekday.clone().prop_map(|day| format!("{day}L")),
        (weekday, 1_u32..6).prop_map(|(day, nth)| format!("{day}#{nth}")),
    ];
    let days = prop_oneof![
        of_month.prop_map(|days| (days, "?".to_owned())),
        of_week.prop_map(|days| ("?".to_owned(), days))
    ];
    let months = prop_oneof![
        Just("*".to_owned()),
        (1_u32..13).prop_map(|month| month.to_string()),
        Just("JAN-JUN".to_owned()),
        Just("3,6,9,12".to_owned())
    ];
    (hours, days, months)
        .prop_map(|(hours, (of_month, of_week), months)| format!("0 {hours} {of_month} {months} {of_week} *"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn another_reading_of_cron_agrees(fields in expressions(), from in 1_700_000_000_i64..2_000_000_000) {
        let ours = schedule(&format!("cron({fields})"));
        // Croner wants seconds in front, and a range before a step.
        let theirs = fields.replace(" /6", " */6").replace(" 0/8", " 0-23/8").replace(" 2/10", " 2-23/10").replace('?', "*");
        let pattern = format!("0 {theirs}");
        let parser = croner::parser::CronParser::builder()
            .seconds(croner::parser::Seconds::Required)
            .year(croner::parser::Year::Required)
            .dom_and_dow(true)
            .alternative_weekdays(true)
            .build();
        let theirs = parser.parse(&pattern).unwrap_or_else(|fault| panic!("{pattern}: {fault}"));
        let mut last = Timestamp::from_seconds(from);
        let mut reference: DateTime<Utc> = DateTime::from_timestamp(from, 0).expect("an instant");
        for _ in 0..8 {
            let window = ours.next_window(last, last, None).expect("a window");
            reference = theirs.find_next_occurrence(&reference, false).expect("an occurrence");
            prop_assert_eq!(window.start.as_seconds(), reference.timestamp(), "{}", pattern);
            last = window.start;
        }
    }

    #[test]
    fn windows_keep_their_rules(fields in expressions(), rate in 4_i64..300, by_rate: bool, from in 1_700_000_000_000_i64..2_000_000_000_000) {
        let text = if by_rate { format!("rate({rate} hours)") } else { format!("cron({fields})") };
        let schedule = schedule(&text);
        let anchor = Timestamp::from_millis(from);
        let (mut last, mut before) = (anchor, None::<crate::Window>);
        for round in 0_u8..6 {
            let window = schedule.next_window(last, anchor, None).expect("a window");
            prop_assert!(window.start > last && window.end > window.start);
            prop_assert_eq!(window.start.as_millis() % HOUR, 0);
            prop_assert!(window.end.as_millis() <= (window.start.as_millis().div_euclid(DAY) + 1) * DAY);
            if let Some(before) = before {
                prop_assert!(window.start >= before.end);
                prop_assert!(window.start.as_millis() - before.start.as_millis() >= 4 * HOUR);
            }
            let moment = window.moment(&[round]);
            prop_assert!(window.contains(moment));
            prop_assert_eq!(window.moment(&[round]), moment);
            prop_assert_eq!(schedule.open_window(moment, anchor, None).map(|open| open.start), Some(window.start));
            before = Some(window);
            last = window.start;
        }
    }
}
