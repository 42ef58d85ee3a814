//! Names and texts that would break out of a statement, values that must stay what they are, errors that tell no password.

use crate::error::scrubbed;
use crate::kind::{RotatorKind, Strategy};
use crate::rotators::{Rotators, Step};
use crate::settings::RotatorSettings;
use crate::value::{SecretDocument, is_loopback, other_user};
use crate::{StepError, ValueFault, mysql, postgres, redis_acl};
use keywright_types::{Rng, SecretText};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

struct Counting(AtomicU64);

impl Rng for Counting {
    fn fill(&self, out: &mut [u8]) {
        for byte in out {
            let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            *byte = number.to_be_bytes()[0];
        }
    }
}

fn rotators() -> Rotators {
    let settings = RotatorSettings {
        connect_timeout: Duration::from_millis(500),
        step_timeout: Duration::from_secs(2),
        ..RotatorSettings::default()
    };
    Rotators::new(settings).expect("settings")
}

fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

#[test]
fn quoting() {
    assert_eq!(postgres::identifier(r#"a"; DROP ROLE x; --"#), r#""a""; DROP ROLE x; --""#);
    assert_eq!(postgres::literal("it's"), "'it''s'");
    assert_eq!(postgres::literal(r"a\'b"), r"E'a\\''b'");
    assert_eq!(mysql::text(r"a'b\'c"), r"'a''b\''c'");
    assert_eq!(mysql::account("o'neil", "%"), "'o''neil'@'%'");
}

#[test]
fn grants_for_the_other_user() {
    let check = |shown: &str, user: &str, expected: Option<&str>| {
        assert_eq!(mysql::grant_to(shown, user, "%", "'b'@'%'").as_deref(), expected, "{shown}");
    };
    check("GRANT SELECT ON `db`.* TO `a`@`%`", "a", Some("GRANT SELECT ON `db`.* TO 'b'@'%'"));
    check(
        "GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'",
        "a",
        Some("GRANT USAGE ON *.* TO 'b'@'%'"),
    );
    check(
        "GRANT ALL ON *.* TO `a`@`%` WITH GRANT OPTION",
        "a",
        Some("GRANT ALL ON *.* TO 'b'@'%' WITH GRANT OPTION"),
    );
    // A name that looks like the end of the statement is one all the same.
    check(
        "GRANT SELECT ON ` TO ``a``@``%```.* TO `a`@`%`",
        "a",
        Some("GRANT SELECT ON ` TO ``a``@``%```.* TO 'b'@'%'"),
    );
    check("GRANT SELECT ON `db`.* TO `x``y`@`%`", "x`y", Some("GRANT SELECT ON `db`.* TO 'b'@'%'"));
    check("SET DEFAULT ROLE `r` FOR `a`@`%`", "a", None);
    check("GRANT SELECT ON `db`.* TO `other`@`%`", "a", None);
}

#[test]
fn selectors_are_one_rule() {
    let words = redis_acl::words("on #abc ~* &* +@all (%R~key:* +get) (~x -@all)");
    assert_eq!(words, ["on", "#abc", "~*", "&*", "+@all", "(%R~key:* +get)", "(~x -@all)"]);
}

#[test]
fn users_take_turns() {
    assert_eq!(other_user("app"), "app_clone");
    assert_eq!(other_user("app_clone"), "app");
    assert_eq!(other_user("_clone"), "_clone_clone");
}

#[test]
fn hosts_of_this_machine() {
    for host in ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"] {
        assert!(is_loopback(host), "{host}");
    }
    for host in ["10.0.0.1", "localhost.example.com", "0.0.0.0", "::", "db"] {
        assert!(!is_loopback(host), "{host}");
    }
}

#[test]
fn a_new_value_is_the_old_one_with_another_password() {
    let current = secret(
        r#"{"engine":"postgres","host":"db","zeta":[1,{"a":null}],"username":"app","password":"old","port":5433,"alpha":"x"}"#,
    );
    let rng = Counting(AtomicU64::new(1));
    let rotators = rotators();
    for strategy in Strategy::ALL {
        let made = rotators.create(RotatorKind::Postgres, *strategy, &current, &rng).expect("a value");
        let document = SecretDocument::parse(&made).expect("an object");
        let password = document.get("password").expect("a password").to_owned();
        assert_eq!(password.len(), 32);
        for class in ["abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "-_.~"] {
            assert!(password.chars().any(|letter| class.contains(letter)), "{class}");
        }
        let user = if *strategy == Strategy::SingleUser { "app" } else { "app_clone" };
        let expected = current
            .expose()
            .replace("\"old\"", &format!("\"{password}\""))
            .replace("\"app\"", &format!("\"{user}\""));
        assert_eq!(made.expose(), expected);
    }
}

#[test]
fn values_that_cannot_be_used() {
    let rotators = rotators();
    let rng = Counting(AtomicU64::new(1));
    let check = |value: &str, expected: ValueFault| match rotators.create(
        RotatorKind::Mysql,
        Strategy::SingleUser,
        &secret(value),
        &rng,
    ) {
        Err(StepError::Value(fault)) => assert_eq!(fault, expected, "{value}"),
        Err(other) => panic!("{value}: {other}"),
        Ok(_) => panic!("{value} was taken"),
    };
    check("hunter2", ValueFault::NotAnObject);
    check(r#"["hunter2"]"#, ValueFault::NotAnObject);
    check(r#"{"username":"a","password":"b"}"#, ValueFault::Missing("host"));
    check(r#"{"host":"h","password":"b"}"#, ValueFault::Missing("username"));
    check(r#"{"host":"h","username":"","password":"b"}"#, ValueFault::Missing("username"));
    check(r#"{"host":"h","username":"a"}"#, ValueFault::Missing("password"));
    check(r#"{"host":"h","username":"a","password":7}"#, ValueFault::Unusable("password", "it is not text"));
    check(
        r#"{"host":"h","username":"a\u0000","password":"b"}"#,
        ValueFault::Unusable("username", "it contains a NUL"),
    );
    let host = ValueFault::Unusable("host", "it is not the name or address of one host");
    check(r#"{"host":"h,evil","username":"a","password":"b"}"#, host.clone());
    check(r#"{"host":"/tmp","username":"a","password":"b"}"#, host);
    let port = ValueFault::Unusable("port", "it is not a number from 1 to 65535");
    check(r#"{"host":"h","username":"a","password":"b","port":0}"#, port.clone());
    check(r#"{"host":"h","username":"a","password":"b","port":70000}"#, port.clone());
    check(r#"{"host":"h","username":"a","password":"b","port":"x"}"#, port);
    check(
        r#"{"host":"h","username":"a","password":"b","ssl":"maybe"}"#,
        ValueFault::Unusable("ssl", "it is neither true nor false"),
    );
}

#[test]
fn what_a_database_says_is_told_without_passwords() {
    assert_eq!(scrubbed("near 'hunter2'\u{7}", &["hunter2", ""]), "near '***'");
    assert_eq!(scrubbed(&"x".repeat(1000), &[]).len(), 500);
}

#[tokio::test]
async fn nobody_there_and_nobody_to_be_asked() {
    // A port that was free a moment ago.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port").port();
    for (kind, settings) in [(RotatorKind::Postgres, ""), (RotatorKind::Mysql, ""), (RotatorKind::Redis, "")]
    {
        let current = secret(&format!(
            r#"{{"host":"127.0.0.1","port":{port},"username":"a","password":"hunter2"{settings}}}"#
        ));
        let rotators = rotators();
        let fault = rotators.test(kind, &current).await.expect_err("nobody is there");
        assert!(matches!(fault, StepError::Unreachable { .. }), "{fault}");
        assert!(fault.is_worth_retrying() && !fault.to_string().contains("hunter2"), "{fault}");
        let step = Step {
            kind,
            strategy: Strategy::AlternatingUsers,
            current: &current,
            previous: None,
            admin: None,
        };
        let codes: Vec<&str> =
            rotators.preflight(step).await.into_iter().map(|problem| problem.code).collect();
        assert_eq!(codes, ["no-administrator", "unreachable-host"]);
        let fault = rotators.set(step, &current).await.expect_err("the same user twice");
        assert!(matches!(fault, StepError::Value(_)), "{fault}");
        let elsewhere =
            RotatorSettings { allowed_hosts: Some(vec!["db:5432".to_owned()]), ..RotatorSettings::default() };
        let narrow = Rotators::new(elsewhere).expect("settings");
        let fault = narrow.test(kind, &current).await.expect_err("not allowed");
        assert!(matches!(fault, StepError::NotAllowed { .. }), "{fault}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    for kind in [RotatorKind::Postgres, RotatorKind::Mysql, RotatorKind::Redis] {
        let current =
            secret(&format!(r#"{{"host":"127.0.0.1","port":{port},"username":"a","password":"b"}}"#));
        let fault = rotators().test(kind, &current).await.expect_err("nothing is said");
        assert!(matches!(fault, StepError::TimedOut { .. } | StepError::Unreachable { .. }), "{fault}");
    }
    drop(listener);
}

#[test]
fn plain_http_only_to_this_machine() {
    let rng = Counting(AtomicU64::new(1));
    let made = |url: &str| {
        let value =
            secret(&format!(r#"{{"username":"a","password":"b","rotate_url":"{url}","test_url":"{url}"}}"#));
        rotators().create(RotatorKind::Http, Strategy::SingleUser, &value, &rng).is_ok()
    };
    assert!(made("https://example.com/rotate") && made("http://127.0.0.1:8080/x"));
    for bad in
        ["http://example.com/", "ftp://127.0.0.1/", "/x", "https://a:b@example.com/", "file:///etc/passwd"]
    {
        assert!(!made(bad), "{bad}");
    }
}
