//! Grants, key policies that name users, and keys used from another account.

mod common;

use common::callers::Login;
use common::{ACCOUNT, DAY, Refusal, TestServer, base64};
use keywright_auth::identities::Identities;
use keywright_auth::{Caller, Operation as _, RequestContext, Unauthorised, View, authorise};
use keywright_aws::{Input as _, json as wire};
use keywright_kms::GrantRow;
use keywright_kms::ops::create_grant::CreateGrant;
use keywright_store::{Row as _, WriteSet};
use keywright_testkit::{Engine, on_both_engines};
use keywright_types::{AccessKeyId, Clock as _, EventId, Principal, RequestId, UniqueId};
use serde_json::{Value, json};

on_both_engines! {
    administrators_manage_and_users_use,
    a_grant_for_a_service_is_one_that_a_service_asks_for,
    each_operation_is_allowed_by_its_grant_and_by_no_other,
    constraints_look_at_the_context_exactly,
    roles_sessions_and_accounts_have_grants,
    a_grant_given_by_leave_of_a_grant_allows_no_more,
    retiring_is_up_to_the_grant_and_its_account,
    tokens_are_ours_and_alive,
    a_named_grant_is_made_once,
    what_cannot_be_granted_is_refused,
    lists_are_paged_and_filtered,
    a_namesake_inherits_nothing,
    a_key_takes_its_grants_along,
    grants_of_others_cost_nothing,
    keys_are_used_from_another_account,
    a_foreign_blob_says_nothing_of_its_key,
    conditions_see_aliases_and_grants,
    other_nodes_know_within_a_second,
    a_grant_put_back_is_not_believed,
    very_many_grants_of_one_grantee_are_the_same_as_few,
}

const OTHER: &str = "444455556666";

fn plaintext() -> String {
    base64(b"what is kept")
}

async fn create_grant(server: &TestServer, input: Value) -> Value {
    server.kms("CreateGrant", input).await.expect("a grant is made")
}

fn code<T: std::fmt::Debug>(answer: Result<T, Refusal>) -> String {
    answer.expect_err("it is refused").code
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The key policy that AWS's console writes for one administrator and one user.
fn wizard_policy(root: &str, administrator: &Login, user: &Login) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-consolepolicy-3",
        "Statement": [
            { "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": { "AWS": root },
              "Action": "kms:*", "Resource": "*" },
            { "Sid": "Allow access for Key Administrators", "Effect": "Allow",
              "Principal": { "AWS": administrator.arn },
              "Action": ["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*",
                         "kms:Revoke*", "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource",
                         "kms:UntagResource", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"],
              "Resource": "*" },
            { "Sid": "Allow use of the key", "Effect": "Allow", "Principal": { "AWS": user.arn },
              "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
              "Resource": "*" },
            { "Sid": "Allow attachment of persistent resources", "Effect": "Allow",
              "Principal": { "AWS": user.arn },
              "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
              "Condition": { "Bool": { "kms:GrantIsForAWSResource": "true" } } },
        ],
    })
    .to_string()
}

async fn wizard(server: &TestServer) -> (String, Login, Login) {
    let administrator = server.add_user(ACCOUNT, "administrator", None).await;
    let user = server.add_user(ACCOUNT, "user", None).await;
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let key = server.create_key_with(json!({ "Policy": wizard_policy(&root, &administrator, &user) })).await;
    (key, administrator, user)
}

async fn administrators_manage_and_users_use(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, administrator, user) = wizard(&server).await;
    let encrypt = json!({ "KeyId": key, "Plaintext": plaintext() });
    let sealed = server.kms_as(&user, "Encrypt", encrypt.clone()).await.expect("the user encrypts");
    let decrypt = json!({ "CiphertextBlob": sealed["CiphertextBlob"] });
    server.kms_as(&user, "Decrypt", decrypt.clone()).await.expect("and decrypts");
    for (operation, input) in [("Encrypt", encrypt), ("Decrypt", decrypt)] {
        let refused =
            server.kms_as(&administrator, operation, input).await.expect_err("not the administrator");
        assert_eq!(
            (refused.code.as_str(), refused.message),
            (
                "AccessDeniedException",
                format!(
                    "User: {} is not authorized to perform: kms:{operation} on resource: \
                     arn:aws:kms:eu-central-1:{ACCOUNT}:key/{key} because no identity-based policy allows the \
                     kms:{operation} action",
                    administrator.arn
                )
            )
        );
    }
    for (operation, more) in [
        ("EnableKeyRotation", json!({})),
        ("DisableKey", json!({})),
        ("EnableKey", json!({})),
        ("UpdateKeyDescription", json!({ "Description": "d" })),
        ("ScheduleKeyDeletion", json!({})),
        ("CancelKeyDeletion", json!({})),
        ("EnableKey", json!({})),
    ] {
        let mut input = more;
        input["KeyId"] = key.as_str().into();
        assert_eq!(code(server.kms_as(&user, operation, input.clone()).await), "AccessDeniedException");
        server.kms_as(&administrator, operation, input).await.expect(operation);
    }
    // Neither may the user give grants by itself; the administrator may (kms:Create*), also to itself.
    let grant = json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Decrypt"] });
    assert_eq!(code(server.kms_as(&user, "CreateGrant", grant.clone()).await), "AccessDeniedException");
    assert_eq!(
        code(server.kms_as(&user, "ListGrants", json!({ "KeyId": key })).await),
        "AccessDeniedException"
    );
    server.kms_as(&administrator, "CreateGrant", grant).await.expect("kms:Create*");
}

/// The surroundings of a request that `who` sent, without a connection.
async fn request_of(server: &TestServer, who: &Login) -> RequestContext {
    let app = &server.server().app;
    let principal = Principal::User {
        account: who.account,
        user_id: UniqueId::parse(&who.unique_id).expect("an id"),
        name: who.name.as_str().into(),
        arn: who.arn.as_str().into(),
    };
    let identities = Identities::new(&app.store);
    let (principal, rights) =
        identities.rights_of(&app.store, &principal, true).await.expect("a read").expect("the user");
    RequestContext {
        request_id: RequestId::from_random(app.rng.array()),
        event_id: EventId::from_random(app.rng.array()),
        caller: Caller {
            web_identity: None,
            arn: who.arn.as_str().into(),
            account: who.account,
            principal,
            access_key_id: AccessKeyId::parse(&who.access_key_id).expect("an id"),
            session: None,
            rights,
            session_policies: Vec::new(),
        },
        region: keywright_types::Region::from_store("eu-central-1"),
        source_ip: [127, 0, 0, 1].into(),
        source_ip_text: "127.0.0.1".into(),
        user_agent: "test".to_owned(),
        host: "test".to_owned(),
        secure_transport: true,
        received_at: server.clock.now(),
        via: None,
    }
}

async fn a_grant_for_a_service_is_one_that_a_service_asks_for(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, _, user) = wizard(&server).await;
    let app = &server.server().app;
    let input = json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Decrypt"] }).to_string();
    let by_itself = request_of(&server, &user).await;
    for (request, is_allowed) in [(by_itself.through("lambda"), true), (by_itself, false)] {
        let node = wire::parse(input.as_bytes()).expect("JSON");
        let input = keywright_aws::kms::CreateGrantRequest::decode(&node).expect("a request");
        let op = CreateGrant::parse(input, &app.kms).expect("it parses");
        let view = View {
            store: &app.store,
            service: &*app.kms,
            keyring: &app.keyring,
            now: server.clock.now(),
            fresh: false,
            rng: &*app.rng,
            node: app.node,
        };
        let facts = op.facts(view, &request).await.expect("facts");
        let checks = op.checks(&facts, &request);
        let decided = authorise(&op, &facts, &checks, view, &request).await;
        match decided {
            Ok(_) => assert!(is_allowed),
            Err(Unauthorised::Denied(message)) => assert!(!is_allowed, "{message}"),
            Err(Unauthorised::Failed(error)) => panic!("{error:?}"),
        }
    }
}

/// What each operation that a grant may list needs, on that key.
async fn uses(server: &TestServer, key: &str, other: &str) -> Vec<(&'static str, &'static str, Value)> {
    let blob = server.encrypt(key, "x").await;
    let elsewhere = server.encrypt(other, "x").await;
    vec![
        ("Encrypt", "Encrypt", json!({ "KeyId": key, "Plaintext": plaintext() })),
        ("Decrypt", "Decrypt", json!({ "CiphertextBlob": blob })),
        ("GenerateDataKey", "GenerateDataKey", json!({ "KeyId": key, "NumberOfBytes": 16 })),
        (
            "GenerateDataKeyWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            json!({ "KeyId": key, "NumberOfBytes": 16 }),
        ),
        ("ReEncryptFrom", "ReEncrypt", json!({ "CiphertextBlob": blob, "DestinationKeyId": other })),
        ("ReEncryptTo", "ReEncrypt", json!({ "CiphertextBlob": elsewhere, "DestinationKeyId": key })),
        ("DescribeKey", "DescribeKey", json!({ "KeyId": key })),
    ]
}

async fn each_operation_is_allowed_by_its_grant_and_by_no_other(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, other) = (server.create_key().await, server.create_key().await);
    let user = server.add_user(ACCOUNT, "grantee", None).await;
    let whole = json!({ "KeyId": other, "GranteePrincipal": user.arn, "Operations": ["ReEncryptFrom", "ReEncryptTo"] });
    create_grant(&server, whole).await;
    let uses = uses(&server, &key, &other).await;
    for (granted, _, _) in &uses {
        let input = json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": [granted] });
        let made = create_grant(&server, input).await;
        for (needed, operation, input) in &uses {
            let answer = server.kms_as(&user, operation, input.clone()).await;
            match needed == granted {
                true => drop(answer.unwrap_or_else(|refused| panic!("{granted}: {refused:?}"))),
                false => {
                    assert_eq!(code(answer), "AccessDeniedException", "{operation} by a grant of {granted}")
                }
            }
        }
        let revoke = json!({ "KeyId": key, "GrantId": made["GrantId"] });
        let dry = json!({ "KeyId": key, "GrantId": made["GrantId"], "DryRun": true });
        assert_eq!(code(server.kms("RevokeGrant", dry).await), "DryRunOperationException");
        server.kms("RevokeGrant", revoke.clone()).await.expect("it is revoked");
        for (_, operation, input) in &uses {
            let answer = server.kms_as(&user, operation, input.clone()).await;
            assert_eq!(
                code(answer),
                "AccessDeniedException",
                "{operation} right after {granted} was revoked"
            );
        }
        assert_eq!(code(server.kms("RevokeGrant", revoke).await), "NotFoundException");
    }
}

async fn constraints_look_at_the_context_exactly(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    for (rule, allowed, denied) in [
        (
            "EncryptionContextEquals",
            vec![json!({ "app": "a" })],
            vec![json!({}), json!({ "app": "A" }), json!({ "App": "a" }), json!({ "app": "a", "more": "b" })],
        ),
        (
            "EncryptionContextSubset",
            vec![json!({ "app": "a" }), json!({ "app": "a", "more": "b" })],
            vec![json!({}), json!({ "app": "A" }), json!({ "APP": "a", "more": "b" })],
        ),
    ] {
        let user = server.add_user(ACCOUNT, rule, None).await;
        let input = json!({
            "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Encrypt", "DescribeKey"],
            "Constraints": { rule: { "app": "a" } },
        });
        create_grant(&server, input).await;
        let encrypt =
            |context: &Value| json!({ "KeyId": key, "Plaintext": plaintext(), "EncryptionContext": context });
        for context in &allowed {
            server
                .kms_as(&user, "Encrypt", encrypt(context))
                .await
                .unwrap_or_else(|e| panic!("{context} {e:?}"));
        }
        for context in &denied {
            let answer = server.kms_as(&user, "Encrypt", encrypt(context)).await;
            assert_eq!(code(answer), "AccessDeniedException", "{rule} {context}");
        }
        server.kms_as(&user, "DescribeKey", json!({ "KeyId": key })).await.expect("which has no context");
        let listed = server
            .kms("ListGrants", json!({ "KeyId": key, "GranteePrincipal": user.arn }))
            .await
            .expect("a list");
        assert_eq!(listed["Grants"][0]["Constraints"], json!({ rule: { "app": "a" } }));
    }
}

async fn roles_sessions_and_accounts_have_grants(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let role = server.add_role(ACCOUNT, "worker", None).await;
    let one = server.assume(&role, "one", None);
    let two = server.assume(&role, "two", None);
    let decrypt_only = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*" } });
    let narrowed = server.assume(&role, "narrowed", Some(decrypt_only));
    let describe = json!({ "KeyId": key });
    let tries = async |who: &Login| server.kms_as(who, "DescribeKey", describe.clone()).await.is_ok();
    let revoke = async |made: Value| {
        let input = json!({ "KeyId": key, "GrantId": made["GrantId"] });
        server.kms("RevokeGrant", input).await.expect("it is revoked");
    };
    let give = async |to: &str| {
        create_grant(&server, json!({ "KeyId": key, "GranteePrincipal": to, "Operations": ["DescribeKey"] }))
            .await
    };
    let made = give(&one.arn).await;
    assert_eq!([tries(&one).await, tries(&two).await, tries(&narrowed).await], [true, false, false]);
    revoke(made).await;
    let made = give(&role.arn).await;
    // A grant does not reach beyond what narrows a session.
    assert_eq!([tries(&one).await, tries(&two).await, tries(&narrowed).await], [true, true, false]);
    revoke(made).await;
    let allowing = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*" } });
    server.add_account(OTHER).await;
    let with_right = server.add_user(OTHER, "with", Some(allowing)).await;
    let without = server.add_user(OTHER, "without", None).await;
    let arn = format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/{key}");
    let tries = async |who: &Login| server.kms_as(who, "DescribeKey", json!({ "KeyId": arn })).await.is_ok();
    assert_eq!([tries(&with_right).await, tries(&without).await], [false, false]);
    let made = give(&format!("arn:aws:iam::{OTHER}:root")).await;
    assert_eq!([tries(&with_right).await, tries(&without).await], [true, false], "the account hands it on");
    revoke(made).await;
    let made = give(&without.arn).await;
    assert_eq!(
        [tries(&with_right).await, tries(&without).await],
        [false, true],
        "it needs no policy beside it"
    );
    revoke(made).await;
    assert_eq!([tries(&with_right).await, tries(&without).await], [false, false]);
}

async fn a_grant_given_by_leave_of_a_grant_allows_no_more(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let parent = server.add_user(ACCOUNT, "parent", None).await;
    let child = server.add_user(ACCOUNT, "child", None).await;
    let made = create_grant(
        &server,
        json!({
            "KeyId": key, "GranteePrincipal": parent.arn, "Operations": ["CreateGrant", "Encrypt", "Decrypt"],
            "Constraints": { "EncryptionContextSubset": { "app": "a" } },
        }),
    )
    .await;
    let give = async |operations: Value, constraints: Value| {
        let mut input = json!({ "KeyId": key, "GranteePrincipal": child.arn, "Operations": operations });
        if constraints != Value::Null {
            input["Constraints"] = constraints;
        }
        server.kms_as(&parent, "CreateGrant", input).await
    };
    let subset = |pairs: Value| json!({ "EncryptionContextSubset": pairs });
    let equals = |pairs: Value| json!({ "EncryptionContextEquals": pairs });
    for (operations, constraints) in [
        (json!(["Encrypt"]), Value::Null),
        (json!(["Encrypt"]), subset(json!({}))),
        (json!(["Encrypt"]), subset(json!({ "app": "b" }))),
        (json!(["Encrypt"]), subset(json!({ "more": "a" }))),
        (json!(["Encrypt"]), equals(json!({ "more": "a" }))),
        (json!(["Encrypt", "GenerateDataKey"]), subset(json!({ "app": "a" }))),
        (json!(["RetireGrant"]), subset(json!({ "app": "a" }))),
    ] {
        let answer = give(operations.clone(), constraints.clone()).await;
        assert_eq!(code(answer), "AccessDeniedException", "{operations} {constraints}");
    }
    for (operations, constraints) in [
        (json!(["Encrypt"]), subset(json!({ "app": "a" }))),
        (json!(["Decrypt"]), subset(json!({ "app": "a", "more": "b" }))),
        (json!(["Encrypt", "Decrypt", "CreateGrant"]), equals(json!({ "app": "a", "more": "b" }))),
    ] {
        give(operations.clone(), constraints.clone()).await.unwrap_or_else(|e| panic!("{constraints} {e:?}"));
    }
    let encrypt = json!({ "KeyId": key, "Plaintext": plaintext(), "EncryptionContext": { "app": "a" } });
    server.kms_as(&child, "Encrypt", encrypt.clone()).await.expect("by the first of them");
    // Grants made by leave of one that is gone stay, as on AWS.
    server.kms("RevokeGrant", json!({ "KeyId": key, "GrantId": made["GrantId"] })).await.expect("revoked");
    assert_eq!(code(give(json!(["Encrypt"]), subset(json!({ "app": "a" }))).await), "AccessDeniedException");
    server.kms_as(&child, "Encrypt", encrypt).await.expect("still");
}

async fn retiring_is_up_to_the_grant_and_its_account(engine: Engine) {
    let server = TestServer::start(engine).await;
    let retirer = server.add_user(ACCOUNT, "retirer", None).await;
    let grantee = server.add_user(ACCOUNT, "grantee", None).await;
    let by_policy = server.add_user(ACCOUNT, "by-policy", None).await;
    let allow = |effect: &str| {
        json!({ "Version": "2012-10-17", "Statement": {
        "Effect": effect, "Action": "kms:RetireGrant", "Resource": "*" } })
    };
    let delegate = server.add_user(ACCOUNT, "delegate", Some(allow("Allow"))).await;
    let denied = server.add_user(ACCOUNT, "denied", None).await;
    let own_denied = server.add_user(ACCOUNT, "own-denied", Some(allow("Deny"))).await;
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "AWS": by_policy.arn }, "Action": "kms:RetireGrant", "Resource": "*" },
        { "Effect": "Deny", "Principal": { "AWS": denied.arn }, "Action": "kms:RetireGrant", "Resource": "*" },
    ] });
    let key = server.create_key_with(json!({ "Policy": policy.to_string() })).await;
    let give = async |to: &Login, retiring: Option<&Login>, operations: Value| {
        let mut input = json!({ "KeyId": key, "GranteePrincipal": to.arn, "Operations": operations });
        if let Some(retiring) = retiring {
            input["RetiringPrincipal"] = retiring.arn.as_str().into();
        }
        create_grant(&server, input).await
    };
    let retire = |made: &Value| json!({ "KeyId": key, "GrantId": made["GrantId"] });
    let made = give(&grantee, Some(&retirer), json!(["Decrypt"])).await;
    for stranger in [&grantee, &by_policy, &denied, &own_denied] {
        let answer = server.kms_as(stranger, "RetireGrant", retire(&made)).await;
        assert_eq!(code(answer), "AccessDeniedException", "{}", stranger.arn);
    }
    let mut dry = retire(&made);
    dry["DryRun"] = true.into();
    assert_eq!(code(server.kms_as(&retirer, "RetireGrant", dry).await), "DryRunOperationException");
    server.kms_as(&retirer, "RetireGrant", retire(&made)).await.expect("the retiring principal");
    let made = give(&grantee, None, json!(["Decrypt", "RetireGrant"])).await;
    server
        .kms_as(&grantee, "RetireGrant", json!({ "GrantToken": made["GrantToken"] }))
        .await
        .expect("the grantee, whose grant lists it");
    let made = give(&grantee, None, json!(["Decrypt"])).await;
    server.kms_as(&delegate, "RetireGrant", retire(&made)).await.expect("whom the account lets");
    let made = give(&grantee, None, json!(["Decrypt"])).await;
    server.kms("RetireGrant", retire(&made)).await.expect("the account's root");
    // Whoever may retire may be of another account than key and issuer.
    server.add_account("777788889999").await;
    let far = server
        .add_user(
            "777788889999",
            "far",
            Some(json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "kms:ListRetirableGrants", "Resource": "*" } })),
        )
        .await;
    let made = give(&grantee, Some(&far), json!(["Decrypt"])).await;
    let listed = server
        .kms_as(&far, "ListRetirableGrants", json!({ "RetiringPrincipal": far.arn }))
        .await
        .expect("a list");
    let (key_arn, id) = (&listed["Grants"][0]["KeyId"], &listed["Grants"][0]["GrantId"]);
    assert_eq!(*id, made["GrantId"]);
    server.kms_as(&far, "RetireGrant", json!({ "KeyId": key_arn, "GrantId": id })).await.expect("from afar");
    // A Deny holds against what the grant itself gives.
    for deny in [&denied, &own_denied] {
        let made = give(deny, Some(deny), json!(["Decrypt", "RetireGrant"])).await;
        assert_eq!(code(server.kms_as(deny, "RetireGrant", retire(&made)).await), "AccessDeniedException");
    }
    // A grant that another account issued is that account's to retire, and not the key owner's.
    server.add_account(OTHER).await;
    let other_root = server.add_root(OTHER).await;
    let arn = format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/{key}");
    let shared = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "AWS": other_root.arn }, "Action": "kms:CreateGrant", "Resource": "*" },
    ] });
    let put = json!({ "KeyId": key, "Policy": shared.to_string() });
    server.kms("PutKeyPolicy", put).await.expect("shared");
    let input = json!({ "KeyId": arn, "GranteePrincipal": grantee.arn, "Operations": ["Decrypt"] });
    let made = server.kms_as(&other_root, "CreateGrant", input).await.expect("from another account");
    let listed =
        server.kms("ListGrants", json!({ "KeyId": key, "GrantId": made["GrantId"] })).await.expect("a list");
    assert_eq!(listed["Grants"][0]["IssuingAccount"], other_root.arn.as_str());
    assert_eq!(code(server.kms_as(&delegate, "RetireGrant", retire(&made)).await), "AccessDeniedException");
    let retire = json!({ "KeyId": arn, "GrantId": made["GrantId"] });
    server.kms_as(&other_root, "RetireGrant", retire).await.expect("who issued it");
}

async fn tokens_are_ours_and_alive(engine: Engine) {
    let server = TestServer::start(engine).await;
    let stranger = TestServer::start(engine).await;
    let key = server.create_key().await;
    let user = server.add_user(ACCOUNT, "grantee", None).await;
    let input =
        json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Encrypt", "DescribeKey"] });
    let made = create_grant(&server, input).await;
    let token = text(&made["GrantToken"]);
    let mut forged = token.clone().into_bytes();
    let last = forged.len() - 5;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("text");
    let foreign_key = stranger.create_key().await;
    let role = stranger.add_role(ACCOUNT, "r", None).await;
    let foreign = create_grant(
        &stranger,
        json!({
        "KeyId": foreign_key, "GranteePrincipal": role.arn, "Operations": ["Encrypt"] }),
    )
    .await;
    let with = |tokens: Vec<&str>| json!({ "KeyId": key, "Plaintext": plaintext(), "GrantTokens": tokens });
    server.kms_as(&user, "Encrypt", with(vec![&token])).await.expect("a token of ours");
    for wrong in [forged.as_str(), &text(&foreign["GrantToken"]), "AAAA", "not base64!"] {
        let answer = server.kms_as(&user, "Encrypt", with(vec![&token, wrong])).await;
        assert_eq!(code(answer), "InvalidGrantTokenException", "{wrong}");
        let answer = server.kms("RetireGrant", json!({ "GrantToken": wrong })).await;
        assert_eq!(code(answer), "InvalidGrantTokenException", "{wrong}");
    }
    let many = vec![token.as_str(); 11];
    assert_eq!(code(server.kms_as(&user, "Encrypt", with(many)).await), "ValidationException");
    // A token gives nothing beside its grant.
    let other = server.add_user(ACCOUNT, "other", None).await;
    assert_eq!(code(server.kms_as(&other, "Encrypt", with(vec![&token])).await), "AccessDeniedException");
    server.kms("RevokeGrant", json!({ "KeyId": key, "GrantId": made["GrantId"] })).await.expect("revoked");
    let answer = server.kms("Encrypt", with(vec![&token])).await;
    assert_eq!(code(answer), "InvalidGrantTokenException", "its grant is gone");
}

async fn a_named_grant_is_made_once(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, other) = (server.create_key().await, server.create_key().await);
    let user = server.add_user(ACCOUNT, "grantee", None).await;
    let named = json!({
        "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Encrypt", "Decrypt"], "Name": "backup" });
    let first = create_grant(&server, named.clone()).await;
    let again = create_grant(&server, named.clone()).await;
    assert_eq!(first["GrantId"], again["GrantId"]);
    assert_ne!(first["GrantToken"], again["GrantToken"]);
    let encrypt = json!({ "KeyId": key, "Plaintext": plaintext(), "GrantTokens": [first["GrantToken"], again["GrantToken"]] });
    server.kms_as(&user, "Encrypt", encrypt).await.expect("both tokens are good");
    let mut ids = vec![text(&first["GrantId"])];
    for (member, value) in [
        ("Operations", json!(["Encrypt"])),
        ("Constraints", json!({ "EncryptionContextEquals": { "a": "b" } })),
        ("RetiringPrincipal", json!(user.arn)),
        ("Name", json!("backup2")),
        ("KeyId", json!(other)),
    ] {
        let mut changed = named.clone();
        changed[member] = value;
        ids.push(text(&create_grant(&server, changed).await["GrantId"]));
    }
    let mut nameless = named.clone();
    nameless.as_object_mut().expect("an object").remove("Name");
    ids.push(text(&create_grant(&server, nameless.clone()).await["GrantId"]));
    ids.push(text(&create_grant(&server, nameless).await["GrantId"]));
    let distinct: std::collections::BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "each is a grant of its own");
    // Eight at once make one.
    let mut at_once = named;
    at_once["Name"] = "at once".replace(' ', "-").into();
    let calls = (0..8).map(|_| server.kms("CreateGrant", at_once.clone()));
    let mut made = Vec::new();
    for call in calls.map(Box::pin).collect::<Vec<_>>() {
        made.push(call);
    }
    let mut ids = std::collections::BTreeSet::new();
    let answers = join(made).await;
    for answer in answers {
        ids.insert(text(&answer.expect("each is answered")["GrantId"]));
    }
    assert_eq!(ids.len(), 1);
}

/// Runs futures side by side on this task.
async fn join<T>(mut futures: Vec<std::pin::Pin<Box<impl Future<Output = T>>>>) -> Vec<T> {
    let mut answers = Vec::new();
    std::future::poll_fn(|context| {
        let mut at = 0;
        while at < futures.len() {
            match futures[at].as_mut().poll(context) {
                std::task::Poll::Ready(answer) => {
                    answers.push(answer);
                    drop(futures.swap_remove(at));
                }
                std::task::Poll::Pending => at += 1,
            }
        }
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    answers
}

async fn what_cannot_be_granted_is_refused(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let user = server.add_user(ACCOUNT, "grantee", None).await;
    let whole = json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Decrypt"] });
    let pairs = |count: usize| -> Value {
        (0..count).map(|at| (at.to_string(), json!("v"))).collect::<serde_json::Map<_, _>>().into()
    };
    for (member, value, expected) in [
        ("Operations", json!([]), "ValidationException"),
        ("Operations", json!(["Sign"]), "ValidationException"),
        ("Operations", json!(["Decrypt", "GetPublicKey"]), "ValidationException"),
        ("Operations", json!(["PutKeyPolicy"]), "ValidationException"),
        ("Constraints", json!({ "EncryptionContextEquals": pairs(9) }), "ValidationException"),
        (
            "Constraints",
            json!({ "EncryptionContextSubset": { "a": "v".repeat(385) } }),
            "ValidationException",
        ),
        (
            "Constraints",
            json!({ "EncryptionContextSubset": { "a": "b" }, "EncryptionContextEquals": { "a": "b" } }),
            "ValidationException",
        ),
        ("Constraints", json!({ "SourceArn": "arn:aws:s3:::b" }), "ValidationException"),
        ("GranteePrincipal", json!(format!("arn:aws:iam::{ACCOUNT}:user/nobody")), "InvalidArnException"),
        ("GranteePrincipal", json!(format!("arn:aws:iam::{ACCOUNT}:group/g")), "InvalidArnException"),
        ("GranteePrincipal", json!("arn:aws:iam::999999999999:root"), "InvalidArnException"),
        ("GranteePrincipal", json!(ACCOUNT), "InvalidArnException"),
        ("GranteePrincipal", json!("lambda.amazonaws.com"), "InvalidArnException"),
        (
            "GranteePrincipal",
            json!(format!("arn:aws:sts::{ACCOUNT}:assumed-role/nobody/s")),
            "InvalidArnException",
        ),
        ("RetiringPrincipal", json!(format!("arn:aws:iam::{ACCOUNT}:user/nobody")), "InvalidArnException"),
        ("KeyId", json!("alias/x"), "NotFoundException"),
        ("DryRun", json!(true), "DryRunOperationException"),
    ] {
        let mut input = whole.clone();
        input[member] = value.clone();
        assert_eq!(code(server.kms("CreateGrant", input).await), expected, "{member} {value}");
    }
    let mut input = whole.clone();
    input["GranteePrincipal"] = format!("arn:aws:iam::{ACCOUNT}:user/nobody").into();
    let refused = server.kms("CreateGrant", input).await.expect_err("nobody");
    assert_eq!(
        refused.message,
        format!("ARN does not refer to a valid principal: arn:aws:iam::{ACCOUNT}:user/nobody")
    );
    let mut input = whole.clone();
    input["Constraints"] = json!({ "EncryptionContextEquals": pairs(8) });
    create_grant(&server, input).await;
    for (operation, input) in [
        ("RevokeGrant", json!({ "KeyId": key, "GrantId": "abc" })),
        ("RetireGrant", json!({ "KeyId": key, "GrantId": "abc" })),
        ("ListGrants", json!({ "KeyId": key, "GrantId": "abc" })),
    ] {
        assert_eq!(code(server.kms(operation, input).await), "InvalidGrantIdException", "{operation}");
    }
    for input in
        [json!({}), json!({ "KeyId": key }), json!({ "GrantToken": "a", "KeyId": key, "GrantId": "b" })]
    {
        assert_eq!(code(server.kms("RetireGrant", input).await), "ValidationException");
    }
    server.kms("DisableKey", json!({ "KeyId": key })).await.expect("disabled");
    assert_eq!(code(server.kms("CreateGrant", whole).await), "DisabledException");
}

async fn lists_are_paged_and_filtered(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, other) = (server.create_key().await, server.create_key().await);
    let one = server.add_user(ACCOUNT, "one", None).await;
    let two = server.add_user(ACCOUNT, "two", None).await;
    let mut made = std::collections::BTreeSet::new();
    for at in 0..7 {
        let to = if at < 5 { &one } else { &two };
        let input = json!({ "KeyId": key, "GranteePrincipal": to.arn, "Operations": ["Decrypt"],
                            "RetiringPrincipal": two.arn });
        made.insert(text(&create_grant(&server, input).await["GrantId"]));
    }
    for (operation, filter, expected) in [
        ("ListGrants", json!({ "KeyId": key }), 7),
        ("ListGrants", json!({ "KeyId": key, "GranteePrincipal": one.arn }), 5),
        ("ListGrants", json!({ "KeyId": key, "GranteePrincipal": two.arn }), 2),
        ("ListGrants", json!({ "KeyId": key, "GranteePrincipal": one.unique_id }), 5),
        (
            "ListGrants",
            json!({ "KeyId": key, "GranteePrincipal": format!("arn:aws:iam::{ACCOUNT}:user/no") }),
            0,
        ),
        ("ListGrants", json!({ "KeyId": other }), 0),
        ("ListRetirableGrants", json!({ "RetiringPrincipal": two.arn }), 7),
        ("ListRetirableGrants", json!({ "RetiringPrincipal": one.arn }), 0),
    ] {
        let mut seen = Vec::new();
        let mut input = filter.clone();
        input["Limit"] = 3.into();
        loop {
            let page = server.kms(operation, input.clone()).await.expect("a page");
            let grants = page["Grants"].as_array().expect("grants");
            assert!(grants.len() <= 3);
            seen.extend(grants.iter().map(|grant| text(&grant["GrantId"])));
            if page["Truncated"] == false {
                assert_eq!(page["NextMarker"], Value::Null);
                break;
            }
            input["Marker"] = page["NextMarker"].clone();
        }
        assert_eq!(seen.len(), expected, "{operation} {filter}");
        assert!(seen.iter().all(|id| made.contains(id)));
        if input["Marker"] != Value::Null && operation == "ListGrants" {
            input["KeyId"] = other.as_str().into();
            assert_eq!(code(server.kms(operation, input).await), "InvalidMarkerException", "of another list");
        }
    }
    let id = made.first().expect("one");
    let page = server.kms("ListGrants", json!({ "KeyId": key, "GrantId": id })).await.expect("one");
    let grant = &page["Grants"][0];
    assert_eq!(
        grant,
        &json!({
            "KeyId": format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/{key}"),
            "GrantId": id,
            "Name": "",
            "CreationDate": grant["CreationDate"],
            "GranteePrincipal": grant["GranteePrincipal"],
            "RetiringPrincipal": two.arn,
            "IssuingAccount": format!("arn:aws:iam::{ACCOUNT}:root"),
            "Operations": ["Decrypt"],
        })
    );
    let none = json!({ "KeyId": key, "GrantId": "0".repeat(64) });
    assert_eq!(server.kms("ListGrants", none).await.expect("a list")["Grants"], json!([]));
    for principal in ["arn:aws:iam::444455556666:user/x", "nobody"] {
        let input = json!({ "RetiringPrincipal": principal });
        assert_eq!(
            code(server.kms("ListRetirableGrants", input).await),
            "InvalidArnException",
            "{principal}"
        );
    }
    let own = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow",
        "Action": "kms:ListRetirableGrants", "Resource": one.arn } });
    let lister = server.add_user(ACCOUNT, "lister", Some(own)).await;
    server
        .kms_as(&lister, "ListRetirableGrants", json!({ "RetiringPrincipal": one.arn }))
        .await
        .expect("its own");
    let answer = server.kms_as(&lister, "ListRetirableGrants", json!({ "RetiringPrincipal": two.arn })).await;
    assert_eq!(code(answer), "AccessDeniedException");
}

async fn a_namesake_inherits_nothing(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let user = server.add_user(ACCOUNT, "alice", None).await;
    let grant = json!({ "KeyId": key, "GranteePrincipal": user.arn, "RetiringPrincipal": user.arn,
                        "Operations": ["Encrypt", "RetireGrant"], "Name": "n" });
    let made = create_grant(&server, grant.clone()).await;
    let encrypt = json!({ "KeyId": key, "Plaintext": plaintext() });
    server.kms_as(&user, "Encrypt", encrypt.clone()).await.expect("alice may");
    server.remove_user(&user).await;
    let listed = server.kms("ListGrants", json!({ "KeyId": key })).await.expect("a list");
    assert_eq!(
        listed["Grants"][0]["GranteePrincipal"],
        user.unique_id.as_str(),
        "nobody has the ARN any more"
    );
    let namesake = server.add_user(ACCOUNT, "alice", None).await;
    assert_eq!(namesake.arn, user.arn);
    assert_eq!(code(server.kms_as(&namesake, "Encrypt", encrypt.clone()).await), "AccessDeniedException");
    let retire = json!({ "KeyId": key, "GrantId": made["GrantId"] });
    assert_eq!(code(server.kms_as(&namesake, "RetireGrant", retire).await), "AccessDeniedException");
    let again = create_grant(&server, grant).await;
    assert_ne!(again["GrantId"], made["GrantId"], "for another person it is another grant");
    server.kms_as(&namesake, "Encrypt", encrypt).await.expect("now by a grant of its own");
}

async fn a_key_takes_its_grants_along(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let user = server.add_user(ACCOUNT, "grantee", None).await;
    let input = json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["DescribeKey"],
                        "RetiringPrincipal": user.arn });
    let made = create_grant(&server, input.clone()).await;
    server
        .kms("ScheduleKeyDeletion", json!({ "KeyId": key, "PendingWindowInDays": 7 }))
        .await
        .expect("scheduled");
    assert_eq!(code(server.kms("CreateGrant", input).await), "KMSInvalidStateException");
    server.kms_as(&user, "DescribeKey", json!({ "KeyId": key })).await.expect("the grant is still there");
    server.clock.advance(DAY * 6);
    server.live(3).await;
    assert_eq!(server.database.number("SELECT COUNT(*) FROM grants"), 0);
    let report = server.server().app.store.check(GrantRow::TABLE).await.expect("a report");
    assert_eq!(report.findings, [], "rows that went with their key are not missed");
    let token = json!({ "GrantToken": made["GrantToken"] });
    assert_eq!(code(server.kms_as(&user, "RetireGrant", token).await), "InvalidGrantTokenException");
}

async fn grants_of_others_cost_nothing(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let user = server.add_user(ACCOUNT, "grantee", None).await;
    let bare = server.add_user(ACCOUNT, "bare", None).await;
    create_grant(&server, json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Encrypt"] }))
        .await;
    let store = &server.server().app.store;
    let mut rows = store.select::<GrantRow>("", &[]).await.expect("rows");
    let model = rows.pop().expect("the grant").row;
    let mut writes = WriteSet::default();
    for at in 0_u32..3000 {
        let mut row = model.clone();
        row.grant_id = keywright_kms::GrantId::parse(&format!("{at:064x}")).expect("an id");
        row.grantee = format!("AIDAOTHER{:016}", at / 2);
        writes.insert(&row);
    }
    server.commit(writes).await;
    let encrypt = json!({ "KeyId": key, "Plaintext": plaintext() });
    server.kms_as(&user, "Encrypt", encrypt.clone()).await.expect("by its grant");
    assert_eq!(code(server.kms_as(&bare, "Encrypt", encrypt.clone()).await), "AccessDeniedException");
    let before = store.reads();
    for _ in 0..20 {
        server.kms_as(&user, "Encrypt", encrypt.clone()).await.expect("by its grant");
    }
    // The scheduler may read meanwhile.
    let granted = store.reads() - before;
    assert!(granted < 20, "{granted} reads for 20 requests");
    if engine == Engine::Sqlite {
        let before = store.reads();
        for _ in 0..20 {
            assert_eq!(code(server.kms_as(&bare, "Encrypt", encrypt.clone()).await), "AccessDeniedException");
        }
        let denied = store.reads() - before;
        assert!(denied < 20, "{denied} reads for 20 requests: that there is no grant is known");
    }
    // A new grant of somebody else leaves what is known of these two.
    let third = server.add_user(ACCOUNT, "third", None).await;
    create_grant(&server, json!({ "KeyId": key, "GranteePrincipal": third.arn, "Operations": ["Encrypt"] }))
        .await;
    server.kms_as(&third, "Encrypt", encrypt.clone()).await.expect("at once");
    create_grant(&server, json!({ "KeyId": key, "GranteePrincipal": bare.arn, "Operations": ["Encrypt"] }))
        .await;
    server.kms_as(&bare, "Encrypt", encrypt).await.expect("what was known to be none is looked up again");
}

async fn keys_are_used_from_another_account(engine: Engine) {
    let server = TestServer::start(engine).await;
    server.add_account(OTHER).await;
    let key = server.create_key().await;
    let arn = format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/{key}");
    server
        .kms("CreateAlias", json!({ "AliasName": "alias/shared", "TargetKeyId": key }))
        .await
        .expect("named");
    let alias = format!("arn:aws:kms:eu-central-1:{ACCOUNT}:alias/shared");
    let all = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "kms:*", "Resource": "*" } });
    let with = server.add_user(OTHER, "with", Some(all)).await;
    let without = server.add_user(OTHER, "without", None).await;
    let encrypt = |name: &str| json!({ "KeyId": name, "Plaintext": plaintext() });
    for name in [&arn, &alias] {
        let refused = server.kms_as(&with, "Encrypt", encrypt(name)).await.expect_err("not shared yet");
        assert_eq!(
            refused.message,
            format!(
                "User: {} is not authorized to perform: kms:Encrypt on resource: {name} because no \
                 resource-based policy allows the kms:Encrypt action",
                with.arn
            ),
            "an alias does not tell its key"
        );
    }
    let shared = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*",
          "Resource": "*" },
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") }, "Action": "kms:*",
          "Resource": "*" },
    ] });
    server.kms("PutKeyPolicy", json!({ "KeyId": key, "Policy": shared.to_string() })).await.expect("shared");
    let mut blob = Value::Null;
    for name in [&arn, &alias] {
        let sealed = server.kms_as(&with, "Encrypt", encrypt(name)).await.expect("both sides allow");
        assert_eq!(sealed["KeyId"], arn.as_str());
        blob = sealed["CiphertextBlob"].clone();
        assert_eq!(code(server.kms_as(&without, "Encrypt", encrypt(name)).await), "AccessDeniedException");
    }
    let opened =
        server.kms_as(&with, "Decrypt", json!({ "CiphertextBlob": blob })).await.expect("without a key id");
    assert_eq!(opened["KeyId"], arn.as_str());
    server.kms_as(&with, "DescribeKey", json!({ "KeyId": arn })).await.expect("described");
    server.kms_as(&with, "GetKeyRotationStatus", json!({ "KeyId": arn })).await.expect("rotation");
    server.kms_as(&with, "ListGrants", json!({ "KeyId": arn })).await.expect("grants");
    for (operation, input) in [
        ("DisableKey", json!({ "KeyId": arn })),
        ("GetKeyPolicy", json!({ "KeyId": arn })),
        ("ScheduleKeyDeletion", json!({ "KeyId": arn })),
        ("ListResourceTags", json!({ "KeyId": arn })),
    ] {
        assert_eq!(
            code(server.kms_as(&with, operation, input).await),
            "AccessDeniedException",
            "{operation}"
        );
    }
    // Nobody has another account's service-managed keys made, nor one of its own under a foreign name.
    for name in ["alias/aws/lambda", "alias/none"] {
        let input = json!({ "KeyId": format!("arn:aws:kms:eu-central-1:{ACCOUNT}:{name}") });
        assert_eq!(code(server.kms_as(&with, "DescribeKey", input).await), "AccessDeniedException", "{name}");
    }
    // The short id means a key of the caller's own.
    assert_eq!(code(server.kms_as(&with, "Encrypt", encrypt(&key)).await), "NotFoundException");
    let by_id = json!({ "CiphertextBlob": blob });
    let store = &server.server().app.store;
    let before = store.reads();
    for _ in 0..20 {
        server.kms_as(&with, "Decrypt", by_id.clone()).await.expect("it opens");
    }
    let reads = store.reads() - before;
    assert!(reads < 20, "{reads} reads: whose key an id is, is known");
}

async fn a_foreign_blob_says_nothing_of_its_key(engine: Engine) {
    let server = TestServer::start(engine).await;
    server.add_account(OTHER).await;
    let there = server.create_key().await;
    let gone = server.create_key().await;
    let blobs = [server.encrypt(&there, "x").await, server.encrypt(&gone, "x").await];
    server
        .kms("ScheduleKeyDeletion", json!({ "KeyId": gone, "PendingWindowInDays": 7 }))
        .await
        .expect("scheduled");
    server.clock.advance(DAY * 6);
    server.live(3).await;
    assert_eq!(server.database.number("SELECT COUNT(*) FROM keys"), 1);
    let all = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "kms:*", "Resource": "*" } });
    let but_that = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "kms:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "kms:*", "Resource": format!("arn:aws:kms:*:{ACCOUNT}:*") },
    ] });
    for (name, policy) in [("all", Some(all)), ("none", None), ("but-that", Some(but_that))] {
        let user = server.add_user(OTHER, name, policy).await;
        for (operation, more) in [("Decrypt", json!({})), ("ReEncrypt", json!({ "DestinationKeyId": there }))]
        {
            let mut said = Vec::new();
            for (blob, key) in blobs.iter().zip([&there, &gone]) {
                let mut input = more.clone();
                input["CiphertextBlob"] = blob.as_str().into();
                let refused = server.kms_as(&user, operation, input).await.expect_err("denied");
                assert_eq!(refused.code, "AccessDeniedException");
                said.push(refused.message.replace(key.as_str(), "KEY"));
            }
            assert_eq!(said[0], said[1], "{name} {operation}");
        }
    }
}

async fn conditions_see_aliases_and_grants(engine: Engine) {
    let server = TestServer::start(engine).await;
    let (key, other) = (server.create_key().await, server.create_key().await);
    let statement = |action: &str, condition: Value| json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition });
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        statement("kms:Encrypt", json!({ "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/pay*" } })),
        statement("kms:CreateGrant", json!({
            "StringEquals": { "kms:GrantConstraintType": "EncryptionContextEquals",
                              "kms:EncryptionContext:app": "a",
                              "kms:GranteePrincipal": format!("arn:aws:iam::{ACCOUNT}:user/grantee") },
            "ForAllValues:StringEquals": { "kms:GrantOperations": ["Encrypt", "Decrypt"] },
            "Null": { "kms:RetiringPrincipal": "true" },
        })),
        statement("kms:ScheduleKeyDeletion", json!({ "NumericGreaterThanEquals": {
            "kms:ScheduleKeyDeletionPendingWindowInDays": "30" } })),
        statement("kms:EnableKeyRotation", json!({ "NumericEquals": { "kms:RotationPeriodInDays": "365" } })),
        statement("kms:DisableKeyRotation", json!({ "Null": { "kms:MultiRegionKeyType": "true" },
            "Bool": { "kms:MultiRegion": "false" },
            "StringEquals": { "kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyOrigin": "AWS_KMS" } })),
    ] });
    let user = server.add_user(ACCOUNT, "user", Some(policy)).await;
    let grantee = server.add_user(ACCOUNT, "grantee", None).await;
    let encrypts = async |key: &str| {
        let input = json!({ "KeyId": key, "Plaintext": plaintext() });
        server.kms_as(&user, "Encrypt", input).await.is_ok()
    };
    assert_eq!([encrypts(&key).await, encrypts(&other).await], [false, false]);
    let alias = |key: &str| json!({ "AliasName": "alias/payroll", "TargetKeyId": key });
    server
        .kms("CreateAlias", json!({ "AliasName": "alias/x", "TargetKeyId": other }))
        .await
        .expect("another name");
    server.kms("CreateAlias", alias(&key)).await.expect("named");
    assert_eq!([encrypts(&key).await, encrypts(&other).await], [true, false]);
    server.kms("UpdateAlias", alias(&other)).await.expect("moved");
    assert_eq!([encrypts(&key).await, encrypts(&other).await], [false, true]);
    server.kms("UpdateAlias", alias(&other)).await.expect("moved to where it is");
    assert_eq!([encrypts(&key).await, encrypts(&other).await], [false, true]);
    server.kms("DeleteAlias", json!({ "AliasName": "alias/payroll" })).await.expect("deleted");
    assert_eq!([encrypts(&key).await, encrypts(&other).await], [false, false]);
    let whole = json!({
        "KeyId": key, "GranteePrincipal": grantee.arn, "Operations": ["Encrypt"],
        "Constraints": { "EncryptionContextEquals": { "app": "a" } },
    });
    server.kms_as(&user, "CreateGrant", whole.clone()).await.expect("as the conditions have it");
    for (member, value) in [
        ("Operations", json!(["Encrypt", "DescribeKey"])),
        ("Constraints", json!({ "EncryptionContextSubset": { "app": "a" } })),
        ("Constraints", json!({ "EncryptionContextEquals": { "app": "b" } })),
        ("GranteePrincipal", json!(user.arn)),
        ("RetiringPrincipal", json!(user.arn)),
    ] {
        let mut input = whole.clone();
        input[member] = value.clone();
        let answer = server.kms_as(&user, "CreateGrant", input).await;
        assert_eq!(code(answer), "AccessDeniedException", "{member} {value}");
    }
    server.kms_as(&user, "EnableKeyRotation", json!({ "KeyId": key })).await.expect("365 by default");
    server.kms_as(&user, "DisableKeyRotation", json!({ "KeyId": key })).await.expect("what the key is");
    let short = json!({ "KeyId": key, "PendingWindowInDays": 29 });
    assert_eq!(code(server.kms_as(&user, "ScheduleKeyDeletion", short).await), "AccessDeniedException");
    server.kms_as(&user, "ScheduleKeyDeletion", json!({ "KeyId": key })).await.expect("30 by default");
}

async fn other_nodes_know_within_a_second(engine: Engine) {
    if engine == Engine::Sqlite {
        return;
    }
    let here = TestServer::start(engine).await;
    let there = here.beside().await;
    let key = here.create_key().await;
    let user = here.add_user(ACCOUNT, "grantee", None).await;
    let encrypt = json!({ "KeyId": key, "Plaintext": plaintext() });
    for _ in 0..3 {
        assert_eq!(code(there.kms_as(&user, "Encrypt", encrypt.clone()).await), "AccessDeniedException");
        let input = json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Encrypt"] });
        let made = create_grant(&here, input).await;
        let mut with_token = encrypt.clone();
        with_token["GrantTokens"] = json!([made["GrantToken"]]);
        there.kms_as(&user, "Encrypt", with_token).await.expect("a refusal looks again before it is given");
        here.kms("RevokeGrant", json!({ "KeyId": key, "GrantId": made["GrantId"] })).await.expect("revoked");
        assert_eq!(code(here.kms_as(&user, "Encrypt", encrypt.clone()).await), "AccessDeniedException");
        let revoked = std::time::Instant::now();
        while there.kms_as(&user, "Encrypt", encrypt.clone()).await.is_ok() {
            assert!(revoked.elapsed() < std::time::Duration::from_secs(1), "it still counts");
        }
    }
}

async fn a_grant_put_back_is_not_believed(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let user = server.add_user(ACCOUNT, "grantee", None).await;
    let encrypt = json!({ "KeyId": key, "Plaintext": plaintext() });
    let input = json!({ "KeyId": key, "GranteePrincipal": user.arn, "Operations": ["Encrypt"] });
    let made = create_grant(&server, input).await;
    server.database.sql("CREATE TABLE away AS SELECT * FROM grants");
    server.kms("RevokeGrant", json!({ "KeyId": key, "GrantId": made["GrantId"] })).await.expect("revoked");
    server.stop().await;
    server.database.sql("INSERT INTO grants SELECT * FROM away");
    server.begin().await;
    assert_eq!(code(server.kms_as(&user, "Encrypt", encrypt.clone()).await), "KMSInternalException");
    server.database.sql("UPDATE grants SET operations = '[\"Decrypt\"]'");
    assert_eq!(code(server.kms_as(&user, "Encrypt", encrypt).await), "KMSInternalException");
}

async fn very_many_grants_of_one_grantee_are_the_same_as_few(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.create_key().await;
    let few = server.add_user(ACCOUNT, "few", None).await;
    let many = server.add_user(ACCOUNT, "many", None).await;
    let filler = json!({ "KeyId": key, "GranteePrincipal": many.arn, "Operations": ["RetireGrant"] });
    create_grant(&server, filler).await;
    let store = &server.server().app.store;
    let model = store.select::<GrantRow>("", &[]).await.expect("rows").pop().expect("the grant").row;
    let mut writes = WriteSet::default();
    for at in 0_u32..400 {
        let mut row = model.clone();
        row.grant_id = keywright_kms::GrantId::parse(&format!("{at:064x}")).expect("an id");
        writes.insert(&row);
    }
    server.commit(writes).await;
    let contexts =
        [json!({}), json!({ "a": "1" }), json!({ "a": "1", "b": "22" }), json!({ "a": "2", "b": "22" })];
    let constraints = [
        Value::Null,
        json!({ "EncryptionContextEquals": {} }),
        json!({ "EncryptionContextEquals": { "a": "1" } }),
        json!({ "EncryptionContextEquals": { "a": "1", "b": "22" } }),
        json!({ "EncryptionContextSubset": {} }),
        json!({ "EncryptionContextSubset": { "a": "1" } }),
        json!({ "EncryptionContextSubset": { "a": "1", "b": "22" } }),
    ];
    let given = |to: &Login, operations: Value, constraint: &Value| {
        let mut input = json!({ "KeyId": key, "GranteePrincipal": to.arn, "Operations": operations });
        if *constraint != Value::Null {
            input["Constraints"] = constraint.clone();
        }
        input
    };
    for constraint in &constraints {
        let mut answers = Vec::new();
        for who in [&few, &many] {
            let operations = json!(["Encrypt", "CreateGrant"]);
            let made = create_grant(&server, given(who, operations, constraint)).await;
            let mut codes = Vec::new();
            let mut call = async |operation: &str, input: Value| {
                codes.push(
                    server.kms_as(who, operation, input).await.map(drop).map_err(|refused| refused.code),
                );
            };
            for context in &contexts {
                let tokens = json!([made["GrantToken"]]);
                let input = json!({ "KeyId": key, "EncryptionContext": context, "GrantTokens": tokens });
                let with = |member: &str, value: Value| {
                    let mut input = input.clone();
                    input[member] = value;
                    input
                };
                call("Encrypt", with("Plaintext", plaintext().into())).await;
                call("GenerateDataKey", with("NumberOfBytes", 16.into())).await;
            }
            for child in &constraints {
                for operations in [json!(["Encrypt"]), json!(["Encrypt", "Decrypt"])] {
                    let mut input = given(&few, operations, child);
                    input["DryRun"] = true.into();
                    call("CreateGrant", input).await;
                }
            }
            call("DescribeKey", json!({ "KeyId": key })).await;
            answers.push(codes);
            let revoke = json!({ "KeyId": key, "GrantId": made["GrantId"] });
            server.kms("RevokeGrant", revoke).await.expect("revoked");
        }
        assert_eq!(answers[0], answers[1], "{constraint}");
        assert!(answers[0].iter().any(Result::is_ok), "{constraint}");
    }
    create_grant(&server, given(&many, json!(["DescribeKey"]), &constraints[2])).await;
    server.kms_as(&many, "DescribeKey", json!({ "KeyId": key })).await.expect("found among them");
}
