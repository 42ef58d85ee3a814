//! What looks like a policy and is none: refused when it is written, with the place of the fault.
//!
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language"; RFC 8259; the classes of faults that other
//! programs had are numbered `peer_NN`.

use keywright_policy::{
    ConditionValue, Context, Denial, Document, Grant, Identity, Kind, PrincipalFacts, PrincipalKind, Request,
    Verdict, decide_kms, decide_union,
};

struct Nothing;

impl Context for Nothing {
    fn value(&self, _name: &str) -> ConditionValue<'_> {
        ConditionValue::Absent
    }
}

const GOOD: &str = r#"{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"s","Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":["kms:Decrypt"],"Resource":["*"],"Condition":{"StringEquals":{"aws:username":["a"]}}}]}"#;

fn refused(text: &str, reason: &str) {
    match Document::parse(text, Kind::Resource) {
        Ok(_) => panic!("{text} was accepted"),
        Err(fault) => {
            assert!(fault.to_string().contains(reason), "{text}\n{fault}\nwants {reason}");
            assert!(fault.place().offset <= text.len());
        }
    }
}

#[test]
fn the_policy_that_is_damaged_below_is_one() {
    assert!(Document::parse(GOOD, Kind::Resource).is_ok());
}

#[test]
fn peer_23_no_member_is_ignored() {
    let names =
        ["Version", "Id", "Statement", "Sid", "Effect", "Principal", "Action", "Resource", "Condition"];
    for name in names {
        let quoted = format!("\"{name}\":");
        // An unknown one beside it, the same in another case, with a space, and the one twice.
        for (other, reason) in [
            (format!("{name}s"), "unknown member"),
            (name.to_lowercase(), "unknown member"),
            (name.to_uppercase(), "unknown member"),
            (format!("{name} "), "unknown member"),
            (format!("{name}\\u0000"), "unknown member"),
            (name.to_owned(), "comes twice"),
            // Twice, once in escapes.
            (format!("\\u{:04x}{}", u32::from(name.as_bytes()[0]), &name[1..]), "comes twice"),
        ] {
            refused(&GOOD.replace(&quoted, &format!("\"{other}\":1,{quoted}")), reason);
        }
    }
    refused(&GOOD.replace("\"StringEquals\":", "\"StringEquals\":{},\"StringEquals\":"), "comes twice");
    refused(&GOOD.replace("\"aws:username\":", "\"aws:username\":\"b\",\"aws:username\":"), "comes twice");
    refused(&GOOD.replace("\"AWS\":", "\"AWS\":\"*\",\"AWS\":"), "comes twice");
    refused(&GOOD.replace("\"AWS\":", "\"Everyone\":\"*\",\"AWS\":"), "unknown kind of principal");
}

#[test]
fn wrong_types() {
    let wrong = ["null", "true", "1", "{}", "[[]]", "[null]", "[1]", "[{}]"];
    for (element, right) in [
        ("Version", "\"2012-10-17\""),
        ("Id", "\"i\""),
        ("Statement", ""),
        ("Sid", "\"s\""),
        ("Effect", "\"Allow\""),
        ("Principal", "{\"AWS\":\"111122223333\"}"),
        ("AWS", "\"111122223333\""),
        ("Action", "[\"kms:Decrypt\"]"),
        ("Resource", "[\"*\"]"),
        ("Condition", "{\"StringEquals\":{\"aws:username\":[\"a\"]}}"),
        ("StringEquals", "{\"aws:username\":[\"a\"]}"),
        ("aws:username", "[\"a\"]"),
    ] {
        for wrong in wrong {
            // A condition may be without operators and an operator without keys; a value may be a number or a truth.
            let empty = matches!(element, "Condition" | "StringEquals") && wrong == "{}";
            let scalar = element == "aws:username" && matches!(wrong, "true" | "1" | "[1]");
            if empty || scalar {
                continue;
            }
            let text = if element == "Statement" {
                format!(r#"{{"Version":"2012-10-17","Statement":{wrong}}}"#)
            } else {
                GOOD.replace(&format!("\"{element}\":{right}"), &format!("\"{element}\":{wrong}"))
            };
            assert_ne!(text, GOOD, "{element}");
            refused(&text, "");
        }
    }
}

#[test]
fn unknown_words() {
    for version in ["2012-10-18", "2008-10-16", "2012-10-17 ", "2012/10/17", "1", "", "latest", "2025-01-01"]
    {
        refused(&GOOD.replace("2012-10-17", version), "Version: expected");
    }
    for effect in ["allow", "ALLOW", "Allow ", "Permit", "Audit", ""] {
        refused(&GOOD.replace("\"Allow\"", &format!("\"{effect}\"")), "Effect: expected");
    }
    for operator in [
        "stringEquals",
        "STRINGEQUALS",
        "StringEquals ",
        "StringEqual",
        "StringMatches",
        "StringEqualsIfexists",
        "StringEqualsIgnorecase",
        "StringLikeIgnoreCase",
        "NumericLike",
        "DateLike",
        "BoolNot",
        "NotBool",
        "BinaryLike",
        "BinaryNotEquals",
        "IpAddressLike",
        "ArnNot",
        "NotNull",
        "Null:StringEquals",
        "ForAllValues",
        "ForAllValues:",
        "forallvalues:StringEquals",
        "ForAllValues:ForAnyValue:StringEquals",
        "ForAllValues: StringEquals",
        "IfExistsStringEquals",
        "",
    ] {
        refused(&GOOD.replace("\"StringEquals\"", &format!("\"{operator}\"")), "unknown condition operator");
    }
    for key in ["username", "", ":", "aws:", ":username", "a b:c", "aws*:username"] {
        refused(&GOOD.replace("\"aws:username\"", &format!("\"{key}\"")), "is not a condition key");
    }
}

/// Letters that look like those of the words but are not: Cyrillic, Greek, full width, with marks, with joiners.
#[test]
fn peer_23_letters_that_look_alike() {
    for (from, to) in [
        ("\"Action\"", "\"\u{410}ction\""),
        ("\"Action\"", "\"Act\u{456}on\""),
        ("\"Allow\"", "\"\u{410}llow\""),
        ("\"Allow\"", "\"All\u{43e}w\""),
        ("\"Allow\"", "\"\u{391}llow\""),
        ("\"Allow\"", "\"\u{ff21}llow\""),
        ("\"Allow\"", "\"Allow\u{200b}\""),
        ("\"Allow\"", "\"\u{feff}Allow\""),
        ("\"Effect\"", "\"\u{415}ffect\""),
        ("\"Effect\"", "\"Eff\u{435}ct\""),
        ("\"Principal\"", "\"\u{420}rincipal\""),
        ("\"Resource\"", "\"Res\u{3bf}urce\""),
        ("\"Condition\"", "\"\u{421}ondition\""),
        ("\"Statement\"", "\"Statem\u{435}nt\""),
        ("\"Version\"", "\"Versi\u{3bf}n\""),
        ("\"AWS\"", "\"\u{410}WS\""),
        ("\"StringEquals\"", "\"\u{405}tringEquals\""),
        ("kms:Decrypt", "kms:Dec\u{433}ypt"),
        ("kms:Decrypt", "\u{43a}ms:Decrypt"),
        ("kms:Decrypt", "kms\u{ff1a}Decrypt"),
        ("aws:username", "\u{430}ws:username"),
        ("2012-10-17", "2012\u{2010}10\u{2010}17"),
        ("2012-10-17", "\u{661}\u{662}12-10-17"),
        ("111122223333", "11112222333\u{663}"),
        ("111122223333", "arn:aws:iam::111122223333:user/\u{430}lice"),
        ("111122223333", "arn:\u{430}ws:iam::111122223333:root"),
        ("111122223333", "arn:aws:iam::111122223333:r\u{43e}ot"),
        ("[\"*\"]", "[\"\u{ff0a}\"]"),
        ("[\"*\"]", "[\"arn:aws:k\u{43c}s:*:*:key/1\"]"),
        ("\"Version\":", "\"Version\"\u{ff1a}"),
        ("{\"Version\"", "{\u{201c}Version\u{201d}"),
    ] {
        let text = GOOD.replace(from, to);
        assert_ne!(text, GOOD);
        refused(&text, "");
    }
}

#[test]
fn bytes_that_are_no_json() {
    refused(&format!("\u{feff}{GOOD}"), "expected a value");
    refused(&format!("{GOOD}\u{0}"), "nothing may follow");
    refused(&format!("{GOOD} {GOOD}"), "nothing may follow");
    refused(&GOOD.replace("\"s\"", "\"s\u{0}\""), "control character");
    refused(&GOOD.replace("\"s\"", "\"s\n\""), "control character");
    refused(&GOOD.replace("\"s\"", "'s'"), "expected a value");
    refused(&GOOD.replace("\"s\"", "\"\\ud800\""), "surrogate");
    refused(&GOOD.replace("\"s\"", "\"\\x41\""), "escaped character");
    refused(&GOOD.replace("\"s\",", "\"s\",,"), "name of a member");
    refused(&GOOD.replace("[\"*\"]", "[\"*\",]"), "expected a value");
    refused(&GOOD.replace("\"Sid\"", "/* */ \"Sid\""), "name of a member");
    refused(&GOOD.replace("\"Sid\"", "Sid"), "name of a member");
    for cut in 0..GOOD.len() {
        refused(&GOOD[..cut], "");
    }
    refused("null", "expected an object");
    refused("\"{}\"", "expected an object");
    let deep = "[".repeat(10_000);
    refused(&deep, "nested too deeply");
    refused(
        &GOOD.replace("\"a\"", &format!("{}\"a\"{}", "[".repeat(40), "]".repeat(40))),
        "nested too deeply",
    );
}

/// A NUL inside a text by escape is JSON. It is nothing to a policy: the names that could hold one are refused.
#[test]
fn peer_29_a_nul_ends_no_name() {
    for (from, to) in [
        ("kms:Decrypt", "kms:Decrypt\\u0000x"),
        ("111122223333", "arn:aws:iam::111122223333:user/alice\\u0000"),
        ("\"Allow\"", "\"Allow\\u0000\""),
        ("2012-10-17", "2012-10-17\\u0000"),
    ] {
        refused(&GOOD.replace(from, to), "");
    }
}

#[test]
fn sids_come_once() {
    let statement = |sid: &str| {
        format!(r#"{{"Sid":"{sid}","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#)
    };
    let of = |sids: &[&str]| {
        let statements: Vec<_> = sids.iter().map(|sid| statement(sid)).collect();
        format!(r#"{{"Statement":[{}]}}"#, statements.join(","))
    };
    refused(&of(&["a", "b", "a"]), "Statement[2].Sid: the same Sid comes twice");
    refused(&of(&["a b", "a b"]), "the same Sid comes twice");
    refused(&of(&["a", "\\u0061"]), "the same Sid comes twice");
    assert!(Document::parse(&of(&["a", "A", "", ""]), Kind::Resource).is_ok());
}

/// Far beyond what a service accepts: answered all the same, and in order.
#[test]
fn over_long_documents_are_read_and_measured() {
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#;
    let text = format!(r#"{{"Statement":[{}]}}"#, vec![statement; 20_000].join(","));
    let document = Document::parse(&text, Kind::Resource).expect("it is long, and a policy");
    assert_eq!(document.size_bytes(), text.len());
    refused(&format!("{}x", text), "nothing may follow");
    refused(&GOOD.replace("kms:Decrypt", &"x".repeat(1_000_000)), "is not an action");
}

fn principal(kind: PrincipalKind, arn: &'static str) -> PrincipalFacts<'static> {
    PrincipalFacts { kind, arn, account: "111122223333", role_arn: None, id: None }
}

/// Of all the doors by which a request may be allowed none leads past a Deny.
#[test]
fn peer_24_a_deny_wins_by_every_door() {
    let of = |kind, statement: &str| {
        Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#), kind)
            .unwrap_or_else(|fault| panic!("{fault}"))
    };
    let allow = of(Kind::Identity, r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#);
    let deny = of(Kind::Identity, r#"{"Effect":"Deny","Action":"KMS:decrypt","Resource":"*"}"#);
    let open = of(Kind::Resource, r#"{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}"#);
    let closed = of(
        Kind::Resource,
        r#"[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":{"AWS":"111122223333"},"NotAction":"kms:Encrypt","Resource":"*"}]"#,
    );
    let user = principal(PrincipalKind::User, "arn:aws:iam::111122223333:user/alice");
    let request = Request { principal: user, action: "kms:Decrypt", resource: "*", context: &Nothing };
    for (key, attached, boundary, session, expected) in [
        (&closed, &allow, &allow, &allow, Denial::ExplicitInResource),
        (&open, &deny, &allow, &allow, Denial::ExplicitInIdentity),
        (&open, &allow, &deny, &allow, Denial::ExplicitInBoundary),
        (&open, &allow, &allow, &deny, Denial::ExplicitInSession),
    ] {
        for grant in [Grant::None, Grant::ToAccount, Grant::ToCaller] {
            let (attached, session) = ([&allow, attached], [session]);
            let identity =
                Identity::Policies { attached: &attached, boundary: Some(boundary), session: &session };
            let account = "111122223333";
            assert_eq!(decide_kms(&request, Some(key), account, &identity, grant), Err(expected));
            assert_eq!(decide_union(&request, Some(key), account, &identity), Err(expected));
        }
    }
}

/// Names that sound like more than they are.
#[test]
fn peer_25_no_name_makes_an_administrator() {
    for name in ["root", "Administrator", "AdministratorAccess", "admin", "system"] {
        let text = format!(
            r#"{{"Id":"{name}","Statement":{{"Sid":"{name}","Effect":"Allow","Action":"s3:Get*","Resource":"*"}}}}"#
        );
        let document = Document::parse(&text, Kind::Identity).expect("a policy");
        let user = principal(PrincipalKind::User, "arn:aws:iam::111122223333:user/root");
        let request = Request { principal: user, action: "kms:Decrypt", resource: "*", context: &Nothing };
        assert_eq!(document.evaluate(&request), Verdict::Silent);
    }
}

/// The word root is the account only as the whole of an ARN's last part.
#[test]
fn peer_29_root_is_no_magic_word() {
    let root = principal(PrincipalKind::Root, "arn:aws:iam::111122223333:root");
    let named = |name: &str| {
        Document::parse(
            &format!(
                r#"{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{name}"}},"Action":"*","Resource":"*"}}}}"#
            ),
            Kind::Resource,
        )
    };
    for name in ["user/root", "role/root", "user/x/root", "user/root/x"] {
        let arn = format!("arn:aws:iam::111122223333:{name}");
        let document = named(&arn).unwrap_or_else(|fault| panic!("{fault}"));
        let request = Request { principal: root, action: "kms:Decrypt", resource: "*", context: &Nothing };
        assert_eq!(document.evaluate(&request), Verdict::Silent, "{name}");
    }
    for name in [
        "root",
        ":root",
        "arn:aws:iam::root",
        "arn:aws:iam:::root",
        "arn:aws:iam::111122223333:root/",
        "arn:aws:iam::111122223333:root:x",
        "arn:aws:iam::111122223333:Root",
        "arn:aws:sts::111122223333:root",
        "arn:aws:iam::111122223333:user/root/",
        "arn:aws:iam::111122223333:user/../root",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:user",
        "arn:aws:iam::111122223333",
        "arn:aws:iam::11112222333:root",
        "arn:aws:iam::1111222233334:root",
        "ARN:aws:iam::111122223333:root",
        " arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:root ",
    ] {
        let parsed = named(name);
        // A path of dots is one that IAM's users may have; it means no more than it says.
        if name.contains("..") {
            continue;
        }
        assert!(parsed.is_err(), "{name} was accepted");
    }
}

#[test]
fn peer_28_a_beginning_is_not_the_whole() {
    let names =
        ["arn:aws:kms:eu-central-1:111122223333:key/12", "arn:aws:kms:eu-central-1:111122223333:key/1"];
    for (named, asked, expected) in
        [(names[0], names[0], true), (names[0], names[1], false), (names[1], names[0], false)]
    {
        let text =
            format!(r#"{{"Statement":{{"Effect":"Allow","Action":"kms:Decrypt","Resource":"{named}"}}}}"#);
        let document = Document::parse(&text, Kind::Identity).expect("a policy");
        let user = principal(PrincipalKind::User, "arn:aws:iam::111122223333:user/alice");
        for (action, right) in [("kms:Decrypt", true), ("kms:Decryp", false), ("kms:DecryptX", false)] {
            let request = Request { principal: user, action, resource: asked, context: &Nothing };
            assert_eq!(document.evaluate(&request) != Verdict::Silent, expected && right, "{named} {asked}");
        }
    }
}
