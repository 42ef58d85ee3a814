//! Random requests, from small lists so that policies and requests often meet.

use crate::asked::{Asked, Caller, Given};
use crate::chance::Chance;
use keywright_policy::PrincipalKind;

pub const OWN: &str = "111122223333";
pub const OTHER: &str = "444455556666";

pub const ACTIONS: [&str; 7] = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:ReEncryptFrom",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "iam:PassRole",
    "sts:AssumeRole",
];

pub const RESOURCES: [&str; 8] = [
    "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd",
    "arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd",
    "arn:aws:kms:eu-central-1:111122223333:alias/app/ü",
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf",
    "arn:aws:secretsmanager:eu-west-1:111122223331:secret:prod/db:1:secret:dev-AbCdEf",
    "arn:aws:lambda:eu-central-1:111122223333:function:rotate:live",
    "arn:aws:iam::111122223333:role/team/deploy",
    "*",
];

/// Callers: kind, ARN, account, role, unique id.
type Row = (PrincipalKind, &'static str, &'static str, Option<&'static str>, Option<&'static str>);

const CALLERS: [Row; 11] = [
    (PrincipalKind::Root, "arn:aws:iam::111122223333:root", OWN, None, None),
    (PrincipalKind::User, "arn:aws:iam::111122223333:user/alice", OWN, None, Some("AIDAALICEALICEALICE1")),
    // Of the same name, made anew.
    (PrincipalKind::User, "arn:aws:iam::111122223333:user/alice", OWN, None, Some("AIDAALICEALICEALICE2")),
    (PrincipalKind::User, "arn:aws:iam::111122223333:user/team/bob", OWN, None, Some("AIDABOBBOBBOBBOBBOB1")),
    (PrincipalKind::User, "arn:aws:iam::444455556666:user/alice", OTHER, None, Some("AIDAEVEEVEEVEEVEEVE1")),
    (
        PrincipalKind::RoleSession,
        "arn:aws:sts::111122223333:assumed-role/deploy/s1",
        OWN,
        Some("arn:aws:iam::111122223333:role/team/deploy"),
        Some("AROADEPLOYDEPLOYDEP1"),
    ),
    (
        PrincipalKind::RoleSession,
        "arn:aws:sts::111122223333:assumed-role/deploy/s2",
        OWN,
        Some("arn:aws:iam::111122223333:role/team/deploy"),
        Some("AROADEPLOYDEPLOYDEP2"),
    ),
    (
        PrincipalKind::RoleSession,
        "arn:aws:sts::444455556666:assumed-role/audit/s1",
        OTHER,
        Some("arn:aws:iam::444455556666:role/:assumed-role/audit"),
        Some("AROAAUDITAUDITAUDIT1"),
    ),
    (PrincipalKind::Root, "arn:aws:iam::444455556666:root", OTHER, None, None),
    (PrincipalKind::Service, "secretsmanager.amazonaws.com", "", None, None),
    (
        PrincipalKind::Federated,
        "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/ABC",
        OWN,
        None,
        None,
    ),
];

/// Everything that a policy's `Principal` may name here: kind and name.
pub const NAMES: [(&str, &str); 18] = [
    ("AWS", "*"),
    ("AWS", OWN),
    ("AWS", OTHER),
    ("AWS", "arn:aws:iam::111122223333:root"),
    ("AWS", "arn:aws:iam::444455556666:root"),
    ("AWS", "arn:aws:iam::111122223333:user/alice"),
    ("AWS", "arn:aws:iam::111122223333:user/team/bob"),
    ("AWS", "arn:aws:iam::111122223333:role/team/deploy"),
    ("AWS", "arn:aws:iam::444455556666:role/:assumed-role/audit"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/deploy/s1"),
    ("AWS", "arn:aws:sts::111122223333:assumed-role/deploy/s2"),
    ("AWS", "AIDAALICEALICEALICE1"),
    ("AWS", "AROADEPLOYDEPLOYDEP2"),
    ("Service", "secretsmanager.amazonaws.com"),
    ("Service", "lambda.amazonaws.com"),
    ("Federated", "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/ABC"),
    ("Federated", "cognito-identity.amazonaws.com"),
    ("CanonicalUser", "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"),
];

/// The ids that names had when the policy was written.
pub const IDS: [(&str, &str); 6] = [
    ("arn:aws:iam::111122223333:user/alice", "AIDAALICEALICEALICE1"),
    ("arn:aws:iam::111122223333:user/team/bob", "AIDABOBBOBBOBBOBBOB1"),
    ("arn:aws:iam::111122223333:role/team/deploy", "AROADEPLOYDEPLOYDEP1"),
    ("arn:aws:iam::444455556666:role/:assumed-role/audit", "AROAAUDITAUDITAUDIT1"),
    ("arn:aws:sts::111122223333:assumed-role/deploy/s1", "AROADEPLOYDEPLOYDEP1"),
    ("arn:aws:sts::111122223333:assumed-role/deploy/s2", "AROADEPLOYDEPLOYDEP1"),
];

/// What a key's values look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Text,
    Number,
    Date,
    Bool,
    Binary,
    Address,
    Arn,
}

pub const KEYS: [(&str, Family, &[&str]); 16] = [
    ("aws:username", Family::Text, &["alice", "bob", "Al*ce", "ü?"]),
    ("aws:principaltag/team", Family::Text, &["red", "RED", "blue", "", "a}b"]),
    ("kms:encryptioncontext:app", Family::Text, &["red", "re", "redred", "*", "${aws:username}"]),
    ("kms:viaservice", Family::Text, &["lambda.eu-central-1.amazonaws.com", "red"]),
    ("oidc.example.com/id/abc:sub", Family::Text, &["repo:org/app:ref:refs/heads/main", "repo:org/app"]),
    ("aws:tagkeys", Family::Text, &["red", "blue", "cost center"]),
    ("kms:encryptioncontextkeys", Family::Text, &["app", "App", "tenant", "red"]),
    ("kms:rotationperiodindays", Family::Number, &["90", "90.0", "-1.5", "365", "ninety"]),
    ("aws:multifactorauthage", Family::Number, &["0", "300", "3600"]),
    (
        "aws:currenttime",
        Family::Date,
        &["2026-01-01T00:00:00Z", "2026-02-28T23:59:59.999Z", "2026-01-01T01:00:00+01:00", "2026-02-30"],
    ),
    ("aws:epochtime", Family::Date, &["1767225600", "1767225599.5", "0", "-1.5"]),
    ("aws:securetransport", Family::Bool, &["true", "false", "TRUE", "yes"]),
    ("a:digest", Family::Binary, &["QmFzZTY0", "QmFzZTY=", ""]),
    (
        "aws:sourceip",
        Family::Address,
        &["203.0.113.77", "203.0.114.1", "::ffff:203.0.113.9", "2001:db8:1::1", "10.0.0.1", "nowhere"],
    ),
    (
        "aws:principalarn",
        Family::Arn,
        &[
            "arn:aws:iam::111122223333:user/alice",
            "arn:aws:iam::111122223333:role/team/deploy",
            "arn:aws:iam::444455556666:user/alice",
        ],
    ),
    (
        "aws:sourcearn",
        Family::Arn,
        &[
            "arn:aws:lambda:eu-central-1:111122223333:function:rotate:live",
            "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
            "not an ARN",
        ],
    ),
];

pub fn request(chance: &mut Chance) -> Asked {
    let (kind, arn, account, role_arn, id) = *chance.of(&CALLERS);
    let mut keys = Vec::new();
    for (name, family, values) in &KEYS {
        if chance.percent(70) {
            keys.push(((*name).to_owned(), given(chance, *family, values)));
        }
    }
    Asked {
        caller: Caller {
            kind,
            arn: arn.to_owned(),
            account: account.to_owned(),
            role_arn: role_arn.map(str::to_owned),
            id: id.map(str::to_owned),
        },
        action: (*chance.of(&ACTIONS)).to_owned(),
        resource: (*chance.of(&RESOURCES)).to_owned(),
        keys,
    }
}

fn given(chance: &mut Chance, family: Family, values: &[&str]) -> Given {
    let many = chance.percent(20);
    match family {
        Family::Number if chance.percent(40) => Given::Number(*chance.of(&[90, 91, 0, -1, 365])),
        Family::Date if chance.percent(20) => Given::Number(*chance.of(&[1_767_225_600, 0, 12])),
        Family::Bool if chance.percent(60) => Given::Bool(chance.percent(50)),
        _ if many => Given::Many((0..chance.below(4)).map(|_| (*chance.of(values)).to_owned()).collect()),
        _ => Given::One((*chance.of(values)).to_owned()),
    }
}
