//! Successors: keys that follow each other under one alias, with a clock that the test moves.
//!
//! Signatures are verified by OpenSSL with the keys of the published set, as a stranger would.

mod common;
#[path = "common/line.rs"]
mod line_of;

use common::{ACCOUNT, DAY, TestServer, base64, unbase64};
use keywright_testkit::{Engine, on_both_engines};
use line_of::{current, get, line, part, published, tags};
use serde_json::{Value, json};
use std::time::Duration;

on_both_engines! {
    what_the_key_before_made_opens_and_verifies_until_it_retires,
    the_successor_has_policy_tags_grants_and_description_as_they_stand_then,
    a_key_without_a_name_or_that_is_disabled_waits,
    a_server_that_was_down_publishes_before_it_signs,
    a_successor_that_somebody_removed_is_made_again,
    sets_are_found_by_those_who_are_told_of_them,
    tags_that_make_no_sense_are_refused,
    each_step_is_told_of_once,
    the_line_is_listed,
}

const HOUR: Duration = Duration::from_secs(3600);

async fn what_the_key_before_made_opens_and_verifies_until_it_retires(engine: Engine) {
    let server = TestServer::start(engine).await;
    let before = line(&server, "HMAC_256", "GENERATE_VERIFY_MAC", &[("keywright:retire-after", "10d")]).await;
    let message = json!({ "MacAlgorithm": "HMAC_SHA_256", "Message": base64(b"m") });
    let with = |key: &str, more: &[(&str, &Value)]| {
        let mut input = message.clone();
        input["KeyId"] = json!(key);
        for (name, value) in more {
            input[*name] = (*value).clone();
        }
        input
    };
    let made = server.kms("GenerateMac", with("alias/signing", &[])).await.expect("a MAC");
    server.advance(DAY * 29).await;
    server.advance(DAY).await;
    let after = current(&server).await;
    assert_ne!(after, before);
    let verify = |key: &str| with(key, &[("Mac", &made["Mac"])]);
    server.kms("VerifyMac", verify(&before)).await.expect("it verifies by the key's id");
    let other = server.kms("VerifyMac", verify("alias/signing")).await.expect_err("another key");
    assert_eq!(other.code, "KMSInvalidMacException");
    let refused = server.kms("GenerateMac", with(&before, &[])).await.expect_err("it makes nothing new");
    assert_eq!(refused.code, "KMSInvalidStateException");
    let arn = |key: &str| format!("arn:aws:kms:eu-central-1:{ACCOUNT}:key/{key}");
    assert_eq!(
        refused.message,
        format!(
            "{} is superseded by {}: it opens and verifies what it made, and makes nothing new.",
            arn(&before),
            arn(&after)
        )
    );
    server.advance(DAY * 10 - HOUR).await;
    server.kms("VerifyMac", verify(&before)).await.expect("not yet");
    server.advance(HOUR).await;
    assert_eq!(
        server.kms("VerifyMac", verify(&before)).await.expect_err("retired").code,
        "DisabledException"
    );
    // It is disabled, not gone: whoever must verify an old MAC enables it, and no step is due that would undo it.
    server.kms("EnableKey", json!({ "KeyId": before })).await.expect("enabled");
    server.advance(DAY).await;
    server.kms("VerifyMac", verify(&before)).await.expect("it verifies again");
    assert_eq!(
        server.kms("GenerateMac", with(&before, &[])).await.expect_err("still").code,
        "KMSInvalidStateException"
    );
}

async fn the_successor_has_policy_tags_grants_and_description_as_they_stand_then(engine: Engine) {
    let server = TestServer::start(engine).await;
    let before = line(&server, "RSA_2048", "ENCRYPT_DECRYPT", &[("team", "red")]).await;
    let second = json!({ "AliasName": "alias/second", "TargetKeyId": before });
    server.kms("CreateAlias", second).await.expect("an alias");
    let sealed =
        json!({ "KeyId": before, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256", "Plaintext": base64(b"old") });
    let sealed = server.kms("Encrypt", sealed).await.expect("it encrypts")["CiphertextBlob"].clone();
    server.advance(DAY * 29).await;
    // Changed after the successor was made: what counts is how things stand when it takes over.
    server
        .kms("TagResource", json!({ "KeyId": before, "Tags": tags(&[("team", "blue")]) }))
        .await
        .expect("tagged");
    let described = json!({ "KeyId": before, "Description": "seals letters" });
    server.kms("UpdateKeyDescription", described).await.expect("described");
    let grantee = format!("arn:aws:iam::{ACCOUNT}:root");
    let grant = json!({
        "KeyId": before, "GranteePrincipal": grantee, "Operations": ["Decrypt", "DescribeKey"], "Name": "letters",
    });
    let granted = server.kms("CreateGrant", grant).await.expect("granted");
    let policy =
        server.kms("GetKeyPolicy", json!({ "KeyId": before })).await.expect("a policy")["Policy"].clone();
    let changed = policy.as_str().expect("text").replace("Enable IAM User Permissions", "changed");
    let put = json!({ "KeyId": before, "Policy": changed });
    server.kms("PutKeyPolicy", put).await.expect("a policy");
    server.advance(DAY).await;
    let after = current(&server).await;
    assert_ne!(after, before);
    let shown = server.kms("DescribeKey", json!({ "KeyId": "alias/second" })).await.expect("described");
    assert_eq!(shown["KeyMetadata"]["KeyId"], after, "every alias moved");
    let metadata = &shown["KeyMetadata"];
    assert_eq!(
        (metadata["KeySpec"].as_str(), metadata["KeyUsage"].as_str(), metadata["Description"].as_str()),
        (Some("RSA_2048"), Some("ENCRYPT_DECRYPT"), Some("seals letters"))
    );
    let policy = server.kms("GetKeyPolicy", json!({ "KeyId": after })).await.expect("a policy");
    assert_eq!(policy["Policy"], changed);
    let listed = server.kms("ListGrants", json!({ "KeyId": after })).await.expect("grants");
    let [copied] = listed["Grants"].as_array().expect("a list").as_slice() else { panic!("{listed}") };
    assert_eq!(
        (&copied["Operations"], &copied["Name"]),
        (&json!(["Decrypt", "DescribeKey"]), &json!("letters"))
    );
    assert_ne!(copied["GrantId"], granted["GrantId"], "a grant of its own");
    let tags_of = async |key: &str| {
        let listed = server.kms("ListResourceTags", json!({ "KeyId": key })).await.expect("tags");
        let listed = listed["Tags"].as_array().expect("a list").clone();
        listed
            .iter()
            .map(|tag| format!("{}={}", tag["TagKey"], tag["TagValue"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(tags_of(&after).await, ["keywright:rotation-period=30d", "team=blue"]);
    assert_eq!(tags_of(&before).await, ["team=blue"], "the key before asks for nothing any more");
    let open =
        json!({ "KeyId": before, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256", "CiphertextBlob": sealed });
    let opened = server.kms("Decrypt", open).await.expect("it opens");
    assert_eq!(opened["Plaintext"], base64(b"old"));
}

async fn a_key_without_a_name_or_that_is_disabled_waits(engine: Engine) {
    let server = TestServer::start(engine).await;
    let made = json!({
        "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC",
        "Tags": tags(&[("keywright:rotation-period", "30d")]),
    });
    let key = server.create_key_with(made).await;
    server.advance(DAY * 40).await;
    assert_eq!(server.database.number("SELECT count(*) FROM keys"), 1, "there is nothing to point elsewhere");
    let listed = server
        .call("keywright", "Keywright.ListRotations", &json!({ "Filter": "BLOCKED" }))
        .await
        .expect("a list");
    let [entry] = listed["Rotations"].as_array().expect("a list").as_slice() else { panic!("{listed}") };
    assert_eq!(entry["Reason"], "The key has no alias that could point at a successor.");
    server.kms("DisableKey", json!({ "KeyId": key })).await.expect("disabled");
    let alias = json!({ "AliasName": "alias/signing", "TargetKeyId": key });
    server.kms("CreateAlias", alias).await.expect("an alias");
    server.advance(DAY).await;
    assert_eq!(server.database.number("SELECT count(*) FROM keys"), 1, "a disabled key waits");
    server.kms("EnableKey", json!({ "KeyId": key })).await.expect("enabled");
    server.advance(HOUR).await;
    assert_eq!(server.database.number("SELECT count(*) FROM keys"), 2);
    assert_eq!(current(&server).await, key, "it is made, and waits for the lead time");
    server.advance(DAY).await;
    assert_ne!(current(&server).await, key);
}

async fn a_server_that_was_down_publishes_before_it_signs(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    let lead = [("keywright:jwks", "true"), ("keywright:successor-lead", "36h")];
    let key = line(&server, "ECC_NIST_P256", "SIGN_VERIFY", &lead).await;
    server.stop().await;
    server.clock.advance(DAY * 100);
    server.begin().await;
    server.server().reconcile().await;
    assert_eq!(current(&server).await, key);
    assert_eq!(published(&server).await.len(), 2);
    server.advance(HOUR * 35).await;
    assert_eq!(current(&server).await, key, "for the whole lead time");
    server.advance(HOUR).await;
    assert_ne!(current(&server).await, key);
    let keys = server.database.number("SELECT count(*) FROM keys");
    assert_eq!(keys, 2, "three periods that were missed are made up for once");
}

async fn a_successor_that_somebody_removed_is_made_again(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = line(&server, "HMAC_256", "GENERATE_VERIFY_MAC", &[]).await;
    server.advance(DAY * 29).await;
    let listed = server.kms("ListKeys", json!({})).await.expect("keys");
    let coming =
        listed["Keys"].as_array().expect("a list").iter().find(|entry| entry["KeyId"] != key.as_str());
    let coming = coming.expect("a successor")["KeyId"].as_str().expect("an id").to_owned();
    server.kms("DisableKey", json!({ "KeyId": coming })).await.expect("disabled");
    server.advance(DAY).await;
    assert_eq!(current(&server).await, key, "no alias points at a key that does not work");
    server.advance(HOUR).await;
    server.advance(DAY).await;
    let now = current(&server).await;
    assert!(now != key && now != coming);
}

async fn sets_are_found_by_those_who_are_told_of_them(engine: Engine) {
    let server = TestServer::start(engine).await;
    line(&server, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY", &[("keywright:jwks", "true")]).await;
    let secret = json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" });
    let key = server.create_key_with(secret).await;
    let alias = json!({ "AliasName": "alias/team/quiet", "TargetKeyId": key });
    server.kms("CreateAlias", alias).await.expect("an alias");
    let path = format!("/jwks/{ACCOUNT}/signing");
    let (status, headers, body) = get(&server, &path, None).await;
    assert_eq!((status, headers["content-type"].to_str().ok()), (200, Some("application/jwk-set+json")));
    assert_eq!(headers["cache-control"], "public, max-age=300");
    let set: Value = serde_json::from_str(&body).expect("JSON");
    let jwk = &set["keys"][0];
    assert_eq!(
        (&jwk["kty"], &jwk["crv"], &jwk["alg"], &jwk["use"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig"))
    );
    let public = server.kms("GetPublicKey", json!({ "KeyId": "alias/signing" })).await.expect("a public key");
    assert!(unbase64(public["PublicKey"].as_str().expect("a key")).ends_with(&part(jwk, "x")));
    let tag = headers["etag"].to_str().expect("a tag").to_owned();
    let (status, _, body) = get(&server, &path, Some(&tag)).await;
    assert_eq!((status, body.as_str()), (304, ""));
    // What is not published is answered as what is not there.
    let (missing, _, nothing) = get(&server, &format!("/jwks/{ACCOUNT}/no-such"), None).await;
    assert_eq!(missing, 404);
    for other in [
        format!("/jwks/{ACCOUNT}/team/quiet"),
        "/jwks/999988887777/signing".to_owned(),
        "/jwks/none/signing".to_owned(),
        format!("/jwks/{ACCOUNT}/%00"),
        format!("/jwks/{ACCOUNT}/aws/lambda"),
    ] {
        let (status, _, body) = get(&server, &other, None).await;
        assert_eq!((status, &body), (404, &nothing), "{other}");
    }
    let tagged = json!({ "KeyId": key, "Tags": tags(&[("keywright:jwks", "true")]) });
    server.kms("TagResource", tagged).await.expect("tagged");
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(get(&server, &format!("/jwks/{ACCOUNT}/team/quiet"), None).await.0, 200);
    let untag = json!({ "KeyId": key, "TagKeys": ["keywright:jwks"] });
    server.kms("UntagResource", untag).await.expect("untagged");
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(get(&server, &format!("/jwks/{ACCOUNT}/team/quiet"), None).await.0, 404);
}

async fn tags_that_make_no_sense_are_refused(engine: Engine) {
    let server = TestServer::start(engine).await;
    let symmetric = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", false);
    let signer = ("ECC_NIST_P256", "SIGN_VERIFY", false);
    let mac = ("HMAC_256", "GENERATE_VERIFY_MAC", false);
    type Case<'a> = ((&'a str, &'a str, bool), &'a [(&'a str, &'a str)]);
    let cases: &[Case<'_>] = &[
        (symmetric, &[("keywright:successor-lead", "1d")]),
        (symmetric, &[("keywright:retire-after", "1d")]),
        (symmetric, &[("keywright:jwks", "true")]),
        (mac, &[("keywright:jwks", "true")]),
        (("ECC_NIST_P256", "KEY_AGREEMENT", false), &[("keywright:jwks", "true")]),
        (signer, &[("keywright:jwks", "yes")]),
        (signer, &[("keywright:rotation-period", "30")]),
        (signer, &[("keywright:successor-lead", "1m")]),
        (signer, &[("keywright:retire-after", "")]),
        (signer, &[("keywright:rotation-period", "30d"), ("keywright:successor-lead", "30d")]),
        (("ECC_NIST_P256", "SIGN_VERIFY", true), &[("keywright:rotation-period", "30d")]),
    ];
    for ((spec, usage, multi_region), refused) in cases {
        let input =
            json!({ "KeySpec": spec, "KeyUsage": usage, "MultiRegion": multi_region, "Tags": tags(refused) });
        let refusal = server.kms("CreateKey", input).await.expect_err("it makes no sense");
        assert_eq!(refusal.code, "TagException", "{refused:?}");
        let bare = json!({ "KeySpec": spec, "KeyUsage": usage, "MultiRegion": multi_region });
        let key = server.create_key_with(bare).await;
        let tag = json!({ "KeyId": key, "Tags": tags(refused) });
        assert_eq!(server.kms("TagResource", tag).await.expect_err("nor here").code, "TagException");
    }
    let key = line(&server, "HMAC_256", "GENERATE_VERIFY_MAC", &[]).await;
    server.advance(DAY * 29).await;
    server.advance(DAY).await;
    let again = json!({ "KeyId": key, "Tags": tags(&[("keywright:rotation-period", "30d")]) });
    let refusal = server.kms("TagResource", again).await.expect_err("it has its successor");
    assert_eq!(refusal.code, "TagException");
}

async fn each_step_is_told_of_once(engine: Engine) {
    let server = TestServer::start(engine).await;
    line(&server, "HMAC_256", "GENERATE_VERIFY_MAC", &[("keywright:retire-after", "2d")]).await;
    server.advance(DAY * 29).await;
    for _ in 0..4 {
        server.advance(DAY).await;
    }
    let count = |detail: &str| {
        server.database.number(&format!("SELECT count(*) FROM outbox WHERE detail_type = '{detail}'"))
    };
    assert_eq!(["Key Successor Created", "Key Superseded", "Key Retired"].map(count), [1, 1, 1]);
    let trail = server.trail();
    for name in ["CreateSuccessorKey", "SupersedeKey", "RetireKey"] {
        assert_eq!(trail.iter().filter(|record| record["eventName"] == name).count(), 1, "{name}");
    }
}

async fn the_line_is_listed(engine: Engine) {
    let server = TestServer::start(engine).await;
    line(&server, "HMAC_256", "GENERATE_VERIFY_MAC", &[("keywright:retire-after", "5d")]).await;
    let mut ids = vec![current(&server).await];
    for _ in 0..2 {
        server.advance(DAY * 29).await;
        server.advance(DAY).await;
        ids.push(current(&server).await);
    }
    server.advance(DAY * 29).await;
    let ask = async |key: &str| {
        let asked = json!({ "KeyId": key });
        let answer = server.call("keywright", "Keywright.ListKeyLineage", &asked).await.expect("a line");
        assert_eq!(answer["Truncated"], false);
        answer["Lineage"].as_array().expect("a list").clone()
    };
    let line = ask("alias/signing").await;
    for key in &ids {
        assert_eq!(ask(key).await, line, "whoever of the line is named");
    }
    let text =
        |name: &str| line.iter().map(|entry| entry[name].as_str().unwrap_or_default()).collect::<Vec<_>>();
    assert_eq!(text("Standing"), ["RETIRED", "RETIRED", "CURRENT", "COMING"]);
    assert_eq!(text("KeyState"), ["Disabled", "Disabled", "Enabled", "Enabled"]);
    for (arn, id) in text("KeyArn").iter().zip(&ids) {
        assert!(arn.ends_with(id.as_str()));
    }
    assert_eq!(line[0]["SupersededDate"], line[1]["TakeoverDate"]);
    assert!(line[3]["TakeoverDate"].as_f64() > line[2]["TakeoverDate"].as_f64());
    let absent = json!({ "KeyId": "alias/none" });
    let refusal =
        server.call("keywright", "Keywright.ListKeyLineage", &absent).await.expect_err("no such key");
    assert_eq!(refusal.code, "ResourceNotFoundException");
}

/// Two nodes find the same keys due at the same moment.
#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_make_each_successor_once() {
    let here = TestServer::start(Engine::Postgres).await;
    let there = here.beside().await;
    for number in 0..20 {
        let key = here
            .create_key_with(json!({
                "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC",
                "Tags": tags(&[("keywright:rotation-period", "30d")]),
            }))
            .await;
        let alias = json!({ "AliasName": format!("alias/{number}"), "TargetKeyId": key });
        here.kms("CreateAlias", alias).await.expect("an alias");
    }
    let both = async || {
        for _ in 0..4 {
            tokio::join!(here.server().reconcile(), there.server().reconcile());
        }
    };
    here.clock.advance(DAY * 29);
    both().await;
    assert_eq!(here.database.number("SELECT count(*) FROM keys"), 40);
    here.clock.advance(DAY);
    both().await;
    let moved = "SELECT count(*) FROM aliases JOIN keys ON keys.key_id = aliases.key_id \
                 WHERE keys.lineage LIKE '%predecessor%'";
    assert_eq!(here.database.number(moved), 20);
    let told = "SELECT count(*) FROM outbox WHERE detail_type = 'Key Superseded'";
    assert_eq!((here.database.number(told), here.database.number("SELECT count(*) FROM keys")), (20, 40));
}
