//! Users, groups, access keys and passwords where several requests, a restart or hours stand between cause and effect:
//! what real clients cannot time. All else is in e2e/test_iam_*.py.

mod common;

use common::callers::Login;
use common::query::{element, elements};
use common::{ACCOUNT, Refusal, TestServer};
use keywright_testkit::{Engine, on_both_engines};
use keywright_types::{AccountId, SecretText};
use serde_json::json;
use std::time::Duration;

on_both_engines! {
    a_name_is_given_once_however_many_ask_at_once,
    no_race_gives_a_third_access_key,
    no_access_key_is_made_for_a_user_that_goes,
    nobody_joins_a_group_that_goes,
    who_is_renamed_stays_who_it_is,
    everything_outlives_a_restart,
    a_report_is_given_for_four_hours,
    guessing_a_password_ends_and_begins_again_after_a_while,
    a_password_policy_holds_for_whoever_comes_after_it,
    pages_hold_while_the_list_changes,
}

const HOUR: Duration = Duration::from_secs(3600);

fn code<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> (u16, String) {
    let refusal = answer.expect_err("it is refused");
    (refusal.status, refusal.code)
}

fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Who uses the access key that CreateAccessKey answered.
fn login(answer: &str) -> Login {
    let text = |name| element(answer, name).expect(name);
    Login {
        arn: String::new(),
        unique_id: String::new(),
        name: text("UserName"),
        account: AccountId::parse(ACCOUNT).expect("an account id"),
        access_key_id: text("AccessKeyId"),
        secret: SecretText::new(text("SecretAccessKey")),
        token: None,
    }
}

fn allow(action: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": action, "Resource": "*" } })
        .to_string()
}

async fn create(server: &TestServer, name: &str) -> String {
    let made = server.iam("CreateUser", &[("UserName", name)]).await.expect("a user is made");
    element(&made, "UserId").expect("an id")
}

async fn user_with_key(server: &TestServer, name: &str, action: &str) -> Login {
    create(server, name).await;
    let policy = [("UserName", name), ("PolicyName", "own"), ("PolicyDocument", &allow(action))];
    server.iam("PutUserPolicy", &policy).await.expect("a policy");
    login(&server.iam("CreateAccessKey", &[("UserName", name)]).await.expect("a key"))
}

async fn keys_of(server: &TestServer, name: &str) -> Vec<String> {
    let listed = server.iam("ListAccessKeys", &[("UserName", name)]).await.expect("a list");
    elements(&listed, "AccessKeyId")
}

async fn a_name_is_given_once_however_many_ask_at_once(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (one, two, three, four) = tokio::join!(
        server.iam("CreateUser", &[("UserName", "Bob")]),
        server.iam("CreateUser", &[("UserName", "bob")]),
        server.iam("CreateUser", &[("UserName", "BOB")]),
        server.iam("CreateUser", &[("UserName", "bOb")]),
    );
    let (made, refused): (Vec<_>, Vec<_>) = [one, two, three, four].into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 3));
    for answer in refused {
        assert_eq!(code(answer), refusal(409, "EntityAlreadyExists"));
    }
    // Two who want to be called the same: one is.
    create(&server, "left").await;
    create(&server, "right").await;
    let (one, other) = tokio::join!(
        server.iam("UpdateUser", &[("UserName", "left"), ("NewUserName", "middle")]),
        server.iam("UpdateUser", &[("UserName", "right"), ("NewUserName", "Middle")]),
    );
    assert_ne!(one.is_ok(), other.is_ok());
    assert_eq!(code(one.and(other)), refusal(409, "EntityAlreadyExists"));
}

async fn no_race_gives_a_third_access_key(engine: Engine) {
    let server = TestServer::start(engine).await;
    create(&server, "keys").await;
    let ask = || server.iam("CreateAccessKey", &[("UserName", "keys")]);
    let (one, two, three, four) = tokio::join!(ask(), ask(), ask(), ask());
    let (made, refused): (Vec<_>, Vec<_>) = [one, two, three, four].into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 2);
    for answer in refused {
        let refused = answer.expect_err("the third");
        assert_eq!(
            (refused.status, refused.code.as_str(), refused.message.as_str()),
            (409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
        );
    }
    assert_eq!(keys_of(&server, "keys").await.len(), 2);
}

/// A key without a user would be found by nobody, and would come to life with nobody's rights or another's.
async fn no_access_key_is_made_for_a_user_that_goes(engine: Engine) {
    let server = TestServer::start(engine).await;
    for round in 0..12 {
        let name = format!("gone{round}");
        create(&server, &name).await;
        let user = [("UserName", name.as_str())];
        let (made, deleted) =
            tokio::join!(server.iam("CreateAccessKey", &user), server.iam("DeleteUser", &user));
        match (made, deleted) {
            (Ok(made), Err(conflict)) => {
                assert_eq!(conflict.code, "DeleteConflict");
                server.sts_as(&login(&made), "GetCallerIdentity", &[]).await.expect("the key is good");
            }
            (Err(absent), Ok(_)) => assert_eq!((absent.status, absent.code.as_str()), (404, "NoSuchEntity")),
            both => panic!("one of them, not both and not none: {both:?}"),
        }
    }
}

async fn nobody_joins_a_group_that_goes(engine: Engine) {
    let server = TestServer::start(engine).await;
    create(&server, "joiner").await;
    for round in 0..8 {
        let group = format!("group{round}");
        server.iam("CreateGroup", &[("GroupName", &group)]).await.expect("a group");
        let member = [("GroupName", group.as_str()), ("UserName", "joiner")];
        let gone = [("GroupName", group.as_str())];
        let (joined, deleted) =
            tokio::join!(server.iam("AddUserToGroup", &member), server.iam("DeleteGroup", &gone));
        assert_ne!(joined.is_ok(), deleted.is_ok(), "{joined:?} {deleted:?}");
        let listed = server.iam("ListGroupsForUser", &[("UserName", "joiner")]).await.expect("a list");
        assert_eq!(elements(&listed, "GroupName").contains(&group), joined.is_ok());
        if joined.is_ok() {
            server.iam("RemoveUserFromGroup", &member).await.expect("out again");
        }
    }
}

async fn who_is_renamed_stays_who_it_is(engine: Engine) {
    let server = TestServer::start(engine).await;
    let user = user_with_key(&server, "before", "kms:ListKeys").await;
    let rename = [("UserName", "before"), ("NewUserName", "after"), ("NewPath", "/moved/")];
    server.iam("UpdateUser", &rename).await.expect("another name");
    server.kms_as(&user, "ListKeys", json!({})).await.expect("its right");
    let shown = server.sts_as(&user, "GetCallerIdentity", &[]).await.expect("who it is");
    assert_eq!(element(&shown, "Arn"), Some(format!("arn:aws:iam::{ACCOUNT}:user/moved/after")));
    // A newcomer by the old name, made at the same moment as the old one's rights are asked for, has none of them.
    create(&server, "before").await;
    let newcomer = login(&server.iam("CreateAccessKey", &[("UserName", "before")]).await.expect("a key"));
    assert_eq!(
        code(server.kms_as(&newcomer, "ListKeys", json!({})).await),
        refusal(400, "AccessDeniedException")
    );
    // And the other way: who is deleted takes its rights along, also from one made under its name at once.
    for (action, fields) in [
        ("DeleteAccessKey", vec![("UserName", "after"), ("AccessKeyId", user.access_key_id.as_str())]),
        ("DeleteUserPolicy", vec![("UserName", "after"), ("PolicyName", "own")]),
        ("DeleteUser", vec![("UserName", "after")]),
    ] {
        server.iam(action, &fields).await.expect(action);
    }
    create(&server, "after").await;
    assert_eq!(
        code(server.kms_as(&user, "ListKeys", json!({})).await),
        refusal(400, "UnrecognizedClientException")
    );
    let again = login(&server.iam("CreateAccessKey", &[("UserName", "after")]).await.expect("a key"));
    assert_eq!(
        code(server.kms_as(&again, "ListKeys", json!({})).await),
        refusal(400, "AccessDeniedException")
    );
}

async fn everything_outlives_a_restart(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let user = user_with_key(&server, "lasting", "kms:ListKeys").await;
    let off = login(&server.iam("CreateAccessKey", &[("UserName", "lasting")]).await.expect("a key"));
    let fields = [("UserName", "lasting"), ("AccessKeyId", &off.access_key_id), ("Status", "Inactive")];
    server.iam("UpdateAccessKey", &fields).await.expect("it is off");
    server.kms_as(&user, "ListKeys", json!({})).await.expect("its right");
    server.iam("CreateAccountAlias", &[("AccountAlias", "house")]).await.expect("a name");
    server.stop().await;
    server.begin().await;
    server.kms_as(&user, "ListKeys", json!({})).await.expect("its right");
    assert_eq!(
        code(server.kms_as(&off, "ListKeys", json!({})).await),
        refusal(400, "UnrecognizedClientException")
    );
    let aliases = server.iam("ListAccountAliases", &[]).await.expect("a list");
    assert_eq!(elements(&aliases, "member"), ["house"]);
    // When a key was used last is written behind, and not lost when the server stops in good order.
    server.stop().await;
    server.begin().await;
    let fields = [("AccessKeyId", user.access_key_id.as_str())];
    let used = server.iam("GetAccessKeyLastUsed", &fields).await.expect("its use");
    assert_eq!(element(&used, "ServiceName"), Some("kms".to_owned()));
}

/// GetCredentialReport: a report of more than four hours ago has expired.
async fn a_report_is_given_for_four_hours(engine: Engine) {
    let server = TestServer::start(engine).await;
    let state = async || {
        let answer = server.iam("GenerateCredentialReport", &[]).await.expect("a report");
        element(&answer, "State").expect("a state")
    };
    assert_eq!(code(server.iam("GetCredentialReport", &[]).await), refusal(410, "ReportNotPresent"));
    assert_eq!(state().await, "STARTED");
    assert_eq!(state().await, "COMPLETE");
    create(&server, "late").await;
    let report = async || {
        let answer = server.iam("GetCredentialReport", &[]).await?;
        let content = common::unbase64(&element(&answer, "Content").expect("a content"));
        Ok::<_, Refusal>(String::from_utf8(content).expect("a text"))
    };
    assert!(!report().await.expect("the report").contains("late"), "it shows one moment");
    server.clock.advance(4 * HOUR - Duration::from_secs(1));
    report().await.expect("fresh yet");
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(code(report().await), refusal(410, "ReportExpired"));
    assert_eq!(state().await, "STARTED");
    assert!(report().await.expect("a new one").contains(",arn:aws:iam::111122223333:user/late,"));
}

async fn guessing_a_password_ends_and_begins_again_after_a_while(engine: Engine) {
    let server = TestServer::start(engine).await;
    let user = user_with_key(&server, "prey", "iam:ChangePassword").await;
    let (good, better) = ("Correct-Horse-7", "Battery-Staple-8");
    server.iam("CreateLoginProfile", &[("UserName", "prey"), ("Password", good)]).await.expect("a password");
    let change = async |old: &str, new: &str| {
        server.iam_as(&user, "ChangePassword", &[("OldPassword", old), ("NewPassword", new)]).await
    };
    for _ in 0..5 {
        assert_eq!(code(change("Wrong-Horse-7", better).await), refusal(403, "AccessDenied"));
    }
    let refused = change(good, better).await.expect_err("not even the right one");
    assert_eq!(refused.message, "The old password was incorrect.");
    server.clock.advance(HOUR);
    change(good, better).await.expect("the right one, later");
    change(better, good).await.expect("and again: right ones do not count");
}

async fn a_password_policy_holds_for_whoever_comes_after_it(engine: Engine) {
    let server = TestServer::start(engine).await;
    create(&server, "ann").await;
    let set = async |password: &str| {
        server.iam("UpdateLoginProfile", &[("UserName", "ann"), ("Password", password)]).await
    };
    let first = [("UserName", "ann"), ("Password", "Correct-Horse-0")];
    server.iam("CreateLoginProfile", &first).await.expect("a password");
    server.iam("UpdateAccountPasswordPolicy", &[("PasswordReusePrevention", "3")]).await.expect("a policy");
    set("Correct-Horse-1").await.expect("another");
    set("Correct-Horse-2").await.expect("another");
    for again in ["Correct-Horse-0", "Correct-Horse-1", "Correct-Horse-2"] {
        assert_eq!(code(set(again).await), refusal(400, "PasswordPolicyViolation"), "{again}");
    }
    set("Correct-Horse-3").await.expect("another");
    set("Correct-Horse-0").await.expect("the fourth last is free again");
}

async fn pages_hold_while_the_list_changes(engine: Engine) {
    let server = TestServer::start(engine).await;
    for name in ["b", "d", "F", "h"] {
        create(&server, name).await;
    }
    let first = server.iam("ListUsers", &[("MaxItems", "2")]).await.expect("a page");
    assert_eq!(elements(&first, "UserName"), ["b", "d"]);
    let marker = element(&first, "Marker").expect("there is more");
    // What goes or comes before the marker moves nothing; what comes after it is shown.
    server.iam("DeleteUser", &[("UserName", "d")]).await.expect("gone");
    create(&server, "a").await;
    create(&server, "E").await;
    let rest = server.iam("ListUsers", &[("Marker", &marker)]).await.expect("the rest");
    assert_eq!(elements(&rest, "UserName"), ["E", "F", "h"]);
    assert_eq!(element(&rest, "IsTruncated"), Some("false".to_owned()));
    // A marker is of one account: another's root user cannot use it.
    server.add_account("444455556666").await;
    let other = server.add_root("444455556666").await;
    assert_eq!(
        code(server.iam_as(&other, "ListUsers", &[("Marker", &marker)]).await),
        refusal(400, "ValidationError")
    );
    let theirs = server.iam_as(&other, "ListUsers", &[]).await.expect("their list");
    assert_eq!(elements(&theirs, "UserName"), Vec::<String>::new());
}
