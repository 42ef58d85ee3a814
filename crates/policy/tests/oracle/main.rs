//! The evaluator against a second one that is slow and obviously right, on random policies and requests.
//!
//! 50,000 in an ordinary run, 1,000,000 with `KEYWRIGHT_SOAK=1` (`cargo xtask soak`). A difference prints the seed, the
//! policy and the request; `KEYWRIGHT_SEED` repeats a run.

mod asked;
mod chance;
mod decision;
mod library;
mod naive;
mod policies;
mod requests;
mod values;

use asked::Asked;
use chance::Chance;
use decision::{Answer, Sides};
use keywright_policy::{
    Decision, Delegation, Denial, Document, Grant, Identity, Kind, Miss, PrincipalKind, Verdict, judge_kms,
    judge_union,
};
use naive::{Policy, Says};
use requests::{IDS, OTHER, OWN};
use serde_json::Value;
use std::collections::BTreeMap;

fn rounds() -> usize {
    if std::env::var_os("KEYWRIGHT_SOAK").is_some() { 1_000_000 } else { 50_000 }
}

fn said(verdict: Verdict<'_>) -> Says {
    match verdict {
        Verdict::Silent => Says::Nothing,
        Verdict::Deny { statement } => Says::Deny { statement: statement.index },
        Verdict::Allow { by, statement } => {
            let rank = match by {
                Delegation::Account => 0,
                Delegation::Role => 1,
                Delegation::Direct => 2,
            };
            Says::Allow { rank, statement: statement.index }
        }
    }
}

fn missed(miss: &Miss<'_>) -> String {
    match miss {
        Miss::Principal => "principal".to_owned(),
        Miss::Action => "action".to_owned(),
        Miss::Resource => "resource".to_owned(),
        Miss::Condition { operator, key } => format!("{operator} {key}"),
    }
}

/// A policy for the request, as both evaluators have it.
struct Both {
    json: Value,
    document: Document,
    pins: Option<BTreeMap<String, String>>,
    kind: Kind,
}

impl Both {
    fn random(chance: &mut Chance, kind: Kind, asked: &Asked) -> Self {
        let json = policies::policy(chance, kind, asked);
        let text = json.to_string();
        let mut document = Document::parse(&text, kind).unwrap_or_else(|fault| panic!("{text}\n{fault}"));
        let pins = (kind != Kind::Identity && chance.percent(40)).then(|| {
            let known = IDS.iter().filter(|_| chance.percent(85));
            known.map(|(arn, id)| ((*arn).to_owned(), (*id).to_owned())).collect()
        });
        if let Some(pins) = &pins {
            document.pin(pins);
        }
        Self { json, document, pins, kind }
    }

    fn naive(&self) -> Policy<'_> {
        Policy { json: &self.json, pins: self.pins.as_ref(), trust: self.kind == Kind::Trust }
    }
}

#[test]
fn one_policy_and_one_request() {
    let mut chance = Chance::seeded("one policy and one request");
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..rounds() {
        let asked = requests::request(&mut chance);
        let kind = *chance.of(&[Kind::Identity, Kind::Resource, Kind::Resource, Kind::Trust]);
        let both = Both::random(&mut chance, kind, &asked);
        let request = asked.request();
        let lacking = both.naive().misses(&asked);
        let (ours, theirs) = (said(both.document.evaluate(&request)), both.naive().says(&asked, &lacking));
        let show = || format!("round {round}, {kind:?}, pins {:?}\n{}\n{asked:#?}", both.pins, both.json);
        assert_eq!(ours, theirs, "the evaluator and the second one differ: {}", show());
        let explained = both.document.explain(&request);
        let misses: Vec<Vec<String>> =
            explained.iter().map(|one| one.misses.iter().map(missed).collect()).collect();
        assert_eq!(misses, lacking, "what is missing differs: {}", show());
        *seen
            .entry(match ours {
                Says::Nothing if explained.iter().any(|one| one.nearly_applies()) => "nearly",
                Says::Nothing => "nothing",
                Says::Allow { rank: 0, .. } => "allowed by account",
                Says::Allow { rank: 1, .. } => "allowed by role",
                Says::Allow { .. } => "allowed",
                Says::Deny { .. } => "denied",
            })
            .or_default() += 1;
    }
    println!("{seen:?}");
    // What never happens is not compared.
    for outcome in ["nearly", "nothing", "allowed by account", "allowed by role", "allowed", "denied"] {
        let share = seen.get(outcome).copied().unwrap_or_default();
        assert!(share > rounds() / 200, "{outcome} came {share} times: {seen:?}");
    }
}

fn answer(decision: Decision<'_>) -> Answer {
    match decision {
        Decision::Allowed(_) => Answer::Allowed,
        Decision::Denied { denial, by } => {
            let explicit = match denial {
                Denial::ExplicitInResource
                | Denial::ExplicitInIdentity
                | Denial::ExplicitInBoundary
                | Denial::ExplicitInSession => true,
                Denial::NoResourcePolicy
                | Denial::NoIdentityPolicy
                | Denial::NoBoundary
                | Denial::NoSessionPolicy => false,
            };
            assert_eq!(by.is_some(), explicit, "an explicit deny names its statement, and no other does");
            Answer::Denied { explicit }
        }
    }
}

#[test]
fn many_policies_and_one_answer() {
    let mut chance = Chance::seeded("many policies and one answer");
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for round in 0..rounds() / 5 {
        let asked = requests::request(&mut chance);
        let some = |kind, chance: &mut Chance, most: usize| -> Vec<Both> {
            (0..chance.below(most + 1)).map(|_| Both::random(chance, kind, &asked)).collect()
        };
        let own_policies = matches!(asked.caller.kind, PrincipalKind::User | PrincipalKind::RoleSession);
        let most = usize::from(own_policies);
        let attached = some(Kind::Identity, &mut chance, 3 * most);
        let boundary = some(Kind::Identity, &mut chance, most);
        let session = some(Kind::Identity, &mut chance, 2 * most);
        let resource = some(Kind::Resource, &mut chance, 1);
        let grant = *chance.of(&[Grant::None, Grant::None, Grant::ToAccount, Grant::ToCaller]);
        let account = *chance.of(&[OWN, OTHER]);

        let says = |list: &[Both]| -> Vec<Says> {
            let says = |both: &Both| both.naive().says(&asked, &both.naive().misses(&asked));
            list.iter().map(says).collect()
        };
        let sides = Sides {
            kind: asked.caller.kind,
            resource: says(&resource).first().copied(),
            same_account: asked.caller.account == account,
            attached: says(&attached),
            boundary: says(&boundary).first().copied(),
            session: says(&session),
        };
        let documents =
            |list: &'_ [Both]| -> Vec<Document> { list.iter().map(|both| both.document.clone()).collect() };
        let (attached, session) = (documents(&attached), documents(&session));
        let (attached, session): (Vec<_>, Vec<_>) = (attached.iter().collect(), session.iter().collect());
        let identity = match asked.caller.kind {
            PrincipalKind::Root => Identity::Root,
            PrincipalKind::Service | PrincipalKind::Federated => Identity::Service,
            PrincipalKind::User | PrincipalKind::RoleSession => Identity::Policies {
                attached: &attached,
                boundary: boundary.first().map(|both| &both.document),
                session: &session,
            },
        };
        let policy = resource.first().map(|both| &both.document);
        let request = asked.request();
        let of_key = answer(judge_kms(&request, policy, account, &identity, grant));
        assert_eq!(of_key, sides.for_key(grant), "round {round}, grant {grant:?}: {sides:?}");
        let elsewhere = answer(judge_union(&request, policy, account, &identity));
        assert_eq!(elsewhere, sides.elsewhere(), "round {round}: {sides:?}");
        *seen.entry(format!("{of_key:?}, elsewhere {elsewhere:?}")).or_default() += 1;
    }
    println!("{seen:?}");
}

#[test]
fn a_known_library_where_it_is_right() {
    let mut chance = Chance::seeded("a known library");
    let mut compared = 0;
    for round in 0..rounds() {
        let asked = requests::request(&mut chance);
        let both = Both::random(&mut chance, Kind::Identity, &asked);
        let Some(theirs) = library::says(&both.json, &asked) else { continue };
        let ours = match both.document.evaluate(&asked.request()) {
            Verdict::Allow { .. } => iam_rs::Decision::Allow,
            Verdict::Deny { .. } => iam_rs::Decision::Deny,
            Verdict::Silent => iam_rs::Decision::NotApplicable,
        };
        assert_eq!(ours, theirs, "round {round}, the library differs: {}\n{asked:#?}", both.json);
        compared += 1;
    }
    println!("{compared} of {} compared", rounds());
    assert!(compared > rounds() / 20, "only {compared} were in the common part");
}
