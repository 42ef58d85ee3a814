use super::sources::{Origin, Source};
use super::{Asked, Caller, Exclusions, Given, evaluate};
use keywright_aws::iam::{
    ContextEntry, ContextKeyTypeEnum, EvaluationResult, OrderedOrganizationPolicyType, PolicyIdentifier,
    PolicyIdentifierPolicyType, PolicySourceType,
};
use keywright_policy::Kind;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const OTHERS: &str = "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn policy(effect: &str, action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

fn given(policies: &[String], actions: &[&str], resources: &[&str]) -> Given {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Given {
        policies: policies.to_vec(),
        boundaries: None,
        organization: None,
        actions: owned(actions),
        resources: Some(owned(resources)),
        resource_policy: None,
        resource_owner: None,
        caller: None,
        context: None,
        handling: None,
        marker: None,
        max_items: None,
    }
}

fn entry(name: &str, kind: ContextKeyTypeEnum, value: &str) -> ContextEntry {
    ContextEntry {
        context_key_name: Some(name.to_owned()),
        context_key_values: Some(vec![value.to_owned()]),
        context_key_type: Some(kind),
    }
}

fn run(given: Given) -> Vec<EvaluationResult> {
    let asked = Asked::parse(given).unwrap_or_else(|refused| panic!("{refused:?}"));
    let bob = Caller::parse("arn:aws:iam::111122223333:user/bob").expect("a user");
    let caller = asked.caller.clone().unwrap_or(bob);
    let policies: Vec<&Source> = asked.policies.iter().collect();
    let boundary = asked.boundary.as_ref();
    let simulation = evaluate::Simulation { asked: &asked, policies: &policies, boundary, caller: &caller };
    asked.actions.iter().map(|action| simulation.of_action(action)).collect()
}

fn decision(given: Given) -> String {
    run(given)[0].eval_decision.as_str().to_owned()
}

fn refusal(given: Given) -> String {
    match Asked::parse(given).and_then(|asked| asked.check_caller(None)) {
        Ok(()) => panic!("it is refused"),
        Err(refused) => format!("{refused:?}"),
    }
}

#[test]
fn the_examples_of_the_reference() {
    // AWS CLI reference, simulate-custom-policy, examples 1 and 2.
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
    let at = |time: Option<&str>| Given {
        context: time.map(|time| vec![entry("aws:CurrentTime", ContextKeyTypeEnum::Date, time)]),
        resources: None,
        ..given(&[text.to_owned()], &["dynamodb:CreateBackup"], &[])
    };
    let result = &run(at(Some("2019-04-25T11:00:00Z")))[0];
    assert_eq!(result.eval_action_name, "dynamodb:CreateBackup");
    assert_eq!(result.eval_resource_name.as_deref(), Some("*"));
    assert_eq!(result.eval_decision.as_str(), "allowed");
    let matched = &result.matched_statements.as_ref().expect("a list")[0];
    assert_eq!(matched.source_policy_id.as_deref(), Some("PolicyInputList.1"));
    let start = matched.start_position.as_ref().expect("a place");
    let end = matched.end_position.as_ref().expect("a place");
    assert_eq!((start.line, start.column, end.line, end.column), (Some(1), Some(38), Some(1), Some(167)));
    assert_eq!(result.missing_context_values.as_deref(), Some(&[][..]));
    assert!(result.resource_specific_results.is_none());
    let result = &run(at(Some("2014-04-25T11:00:00Z")))[0];
    assert_eq!(result.eval_decision.as_str(), "implicitDeny");
    assert_eq!(result.matched_statements.as_ref().map(Vec::len), Some(0));
    let result = &run(at(None))[0];
    assert_eq!(result.missing_context_values.as_deref(), Some(&["aws:CurrentTime".to_owned()][..]));
}

#[test]
fn a_deny_stands_alone_among_the_statements() {
    let policies = [policy("Allow", "kms:*", "*"), policy("Deny", "kms:Decrypt", KEY)];
    let result = &run(given(&policies, &["kms:Decrypt"], &[KEY, OTHERS.replace("4444", "1111").as_str()]))[0];
    let specific = result.resource_specific_results.as_ref().expect("one for each");
    assert_eq!(result.eval_decision.as_str(), "explicitDeny", "the strictest of all resources");
    assert_eq!(specific[0].eval_resource_decision.as_str(), "explicitDeny");
    let ids = |at: usize| {
        let list = specific[at].matched_statements.as_ref().expect("a list");
        list.iter().filter_map(|one| one.source_policy_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(0), ["PolicyInputList.2"]);
    assert_eq!(
        result.eval_resource_name.as_deref(),
        Some("arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}")
    );
}

#[test]
fn a_boundary_limits_and_is_reported() {
    let with = |boundary: String| Given {
        boundaries: Some(vec![boundary]),
        ..given(&[policy("Allow", "kms:*", "*")], &["kms:Decrypt"], &[KEY])
    };
    let allowed = |result: &EvaluationResult| {
        result
            .permissions_boundary_decision_detail
            .as_ref()
            .and_then(|one| one.allowed_by_permissions_boundary)
    };
    for (boundary, expected, by_boundary) in [
        (policy("Allow", "kms:*", "*"), "allowed", Some(true)),
        (policy("Allow", "kms:Encrypt", "*"), "implicitDeny", Some(false)),
        (policy("Deny", "kms:Decrypt", "*"), "explicitDeny", Some(false)),
    ] {
        let result = &run(with(boundary))[0];
        assert_eq!((result.eval_decision.as_str(), allowed(result)), (expected, by_boundary));
    }
    assert!(
        refusal(Given {
            boundaries: Some(vec![policy("Allow", "*", "*"); 2]),
            ..with(policy("Allow", "*", "*"))
        })
        .contains("one policy at most")
    );
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let named = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"},"Action":"kms:*","Resource":"*"}}"#;
    let caller = Some("arn:aws:iam::111122223333:user/bob".to_owned());
    for (own, resource_policy, expected, details) in [
        (policy("Allow", "kms:*", "*"), Some(named), "allowed", ("allowed", "allowed")),
        (policy("Allow", "kms:*", "*"), None, "implicitDeny", ("allowed", "implicitDeny")),
        (policy("Allow", "s3:*", "*"), Some(named), "implicitDeny", ("implicitDeny", "allowed")),
    ] {
        let result = run(Given {
            caller: caller.clone(),
            resource_policy: resource_policy.map(str::to_owned),
            ..given(&[own], &["kms:Decrypt"], &[OTHERS])
        });
        let sides = result[0].eval_decision_details.as_ref().expect("it is across accounts");
        assert_eq!(result[0].eval_decision.as_str(), expected);
        assert_eq!((sides["IAM Policy"].as_str(), sides["Resource Policy"].as_str()), details);
    }
}

#[test]
fn a_key_needs_its_policy_and_other_services_the_union() {
    let root = r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:root"},"Action":"*","Resource":"*"}}"#;
    let of = |action: &str| {
        decision(Given {
            caller: Some("arn:aws:iam::111122223333:user/bob".to_owned()),
            resource_policy: Some(root.to_owned()),
            resource_owner: Some("111122223333".to_owned()),
            ..given(&[policy("Allow", "*", "*")], &[action], &["*"])
        })
    };
    assert_eq!(of("kms:Decrypt"), "implicitDeny", "the key's policy trusts another account only");
    assert_eq!(of("secretsmanager:GetSecretValue"), "allowed");
}

#[test]
fn an_organization_comes_first() {
    let level = |policies: &[String]| OrderedOrganizationPolicyType {
        service_control_policy_input_list: Some(policies.to_vec()),
    };
    for (levels, expected, allowed) in [
        (vec![level(&[policy("Allow", "*", "*")]), level(&[policy("Allow", "kms:*", "*")])], "allowed", true),
        (
            vec![level(&[policy("Allow", "*", "*")]), level(&[policy("Allow", "s3:*", "*")])],
            "implicitDeny",
            false,
        ),
        (
            vec![level(&[policy("Allow", "*", "*"), policy("Deny", "kms:Decrypt", "*")])],
            "explicitDeny",
            false,
        ),
    ] {
        let result = run(Given {
            organization: Some(levels),
            ..given(&[policy("Allow", "*", "*")], &["kms:Decrypt"], &[KEY])
        });
        let detail = result[0].organizations_decision_detail.as_ref().expect("it says so");
        assert_eq!(
            (result[0].eval_decision.as_str(), detail.allowed_by_organizations),
            (expected, Some(allowed))
        );
    }
}

#[test]
fn variables_take_given_values_only() {
    let own = policy("Allow", "kms:*", "arn:aws:kms:*:*:alias/${aws:username}");
    let alias = "arn:aws:kms:eu-west-1:111122223333:alias/bob";
    let result = &run(given(std::slice::from_ref(&own), &["kms:CreateAlias"], &[alias]))[0];
    assert_eq!(result.eval_decision.as_str(), "implicitDeny");
    assert_eq!(result.missing_context_values.as_deref(), Some(&["aws:username".to_owned()][..]));
    let context = Some(vec![entry("AWS:username", ContextKeyTypeEnum::String, "bob")]);
    assert_eq!(decision(Given { context, ..given(&[own], &["kms:CreateAlias"], &[alias]) }), "allowed");
}

#[test]
fn what_is_no_simulation_is_refused() {
    let good = || given(&[policy("Allow", "*", "*")], &["kms:Decrypt"], &[KEY]);
    for action in ["kms:*", "kms:Decryp?", "*", "Decrypt", "kms:"] {
        assert!(
            refusal(Given { actions: vec![action.to_owned()], ..good() }).contains("Invalid Action Name")
        );
    }
    assert!(
        refusal(Given { resources: Some(vec!["1234".to_owned()]), ..good() }).contains("valid ARN format")
    );
    assert!(refusal(Given { handling: Some("EC2-VPC-EBS".to_owned()), ..good() }).contains("EC2"));
    assert!(refusal(Given { policies: vec!["{".to_owned()], ..good() }).contains("PolicyInputList.1"));
    for caller in ["arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:root", "bob"] {
        assert!(refusal(Given { caller: Some(caller.to_owned()), ..good() }).contains("Invalid Entity Arn"));
    }
    let everybody = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
    let resource_policy = Some(everybody.to_owned());
    assert!(refusal(Given { resource_policy: resource_policy.clone(), ..good() }).contains("CallerArn"));
    let caller = Some("arn:aws:iam::111122223333:role/r".to_owned());
    assert!(refusal(Given { resource_policy, caller, ..good() }).contains("not supported for IAM roles"));
    assert!(refusal(Given { resource_owner: Some("me".to_owned()), ..good() }).contains("not an account"));
}

#[test]
fn exclusions_cover_what_they_name() {
    let source = |origin| {
        Source::parse(
            "p".to_owned(),
            PolicySourceType::User,
            origin,
            &policy("Allow", "*", "*"),
            Kind::Identity,
        )
        .expect("a policy")
    };
    let managed = source(Origin::Managed { arn: "arn:aws:iam::111122223333:policy/team/Reader".to_owned() });
    let of_service =
        source(Origin::Managed { arn: "arn:aws:iam::aws:policy/AdministratorAccess".to_owned() });
    let inline = source(Origin::Inline {
        name: "own".to_owned(),
        entity: "arn:aws:iam::111122223333:user/bob".to_owned(),
    });
    let by = |identifier: PolicyIdentifier| {
        let exclusions = Exclusions::parse(vec![identifier]).expect("it is one");
        [&managed, &of_service, &inline].map(|source| exclusions.cover(source))
    };
    let kind = |policy_type| PolicyIdentifier {
        policy_type: Some(policy_type),
        policy_arn: None,
        inline_policy_identifier: None,
    };
    let arn = |arn: &str| PolicyIdentifier {
        policy_type: None,
        policy_arn: Some(arn.to_owned()),
        inline_policy_identifier: None,
    };
    assert_eq!(by(kind(PolicyIdentifierPolicyType::Inline)), [false, false, true]);
    assert_eq!(by(kind(PolicyIdentifierPolicyType::AwsManaged)), [false, true, false]);
    assert_eq!(by(kind(PolicyIdentifierPolicyType::UserManaged)), [true, false, false]);
    assert_eq!(by(kind(PolicyIdentifierPolicyType::Scp)), [false; 3]);
    assert_eq!(by(arn("arn:aws:iam::111122223333:policy/team/Read*")), [true, false, false]);
    for wrong in
        ["arn:aws:iam::111122223333:policy/*/Reader", "arn:aws:iam::111122223333:policy/a*b*", "Reader"]
    {
        assert!(Exclusions::parse(vec![arn(wrong)]).is_err(), "{wrong}");
    }
    assert!(
        Exclusions::parse(vec![PolicyIdentifier {
            policy_type: Some(PolicyIdentifierPolicyType::Inline),
            ..arn("arn:aws:iam::aws:policy/A")
        }])
        .is_err()
    );
}
