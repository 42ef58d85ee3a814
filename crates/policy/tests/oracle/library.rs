//! A library of somebody else's, on the part of the language where it is right.
//!
//! Left out is what it is known to get wrong or not to have: policy variables, principals (an ARN with a wildcard
//! matches, and an account does not stand for its users), operators on ARNs, sets of what is no text, wildcards
//! before the fifth colon of a resource, IPv4 written as IPv6, and the rules of many policies. What it refuses to read
//! is not compared either.

use crate::asked::{Asked, Given};
use iam_rs::{
    Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PolicyEvaluator, Principal, PrincipalId,
};
use serde_json::Value;

/// What it says: allowed, denied, or nothing. None when the policy or request is outside the common part.
pub fn says(json: &Value, asked: &Asked) -> Option<Decision> {
    if !in_common(json, asked) {
        return None;
    }
    let policy = IAMPolicy::from_json(&json.to_string()).ok()?;
    let data = asked.keys.iter().map(|(name, given)| (name.clone(), held(given)));
    let request = IAMRequest::new_with_context(
        Principal::Aws(PrincipalId::String("arn:aws:iam::111122223333:user/alice".to_owned())),
        asked.action.clone(),
        Arn::parse(&asked.resource).ok()?,
        Context::with_data(data.collect()),
    );
    PolicyEvaluator::with_policies(vec![policy]).evaluate(&request).ok().map(|result| result.decision)
}

fn held(given: &Given) -> ContextValue {
    match given {
        Given::One(text) => ContextValue::String(text.clone()),
        Given::Many(texts) => ContextValue::StringList(texts.clone()),
        #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
        Given::Number(number) => ContextValue::Number(*number as f64),
        Given::Bool(value) => ContextValue::Boolean(*value),
    }
}

fn in_common(json: &Value, asked: &Asked) -> bool {
    let text = json.to_string();
    if text.contains("${") || text.contains("Arn") || asked.resource == "*" {
        return false;
    }
    let mapped = |given: &Given| matches!(given, Given::One(text) if text.starts_with("::ffff:"));
    if text.contains("::ffff:") || asked.keys.iter().any(|(_, given)| mapped(given)) {
        return false;
    }
    let statements = match &json["Statement"] {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    statements.iter().all(|statement| {
        let resources = statement.get("Resource").or_else(|| statement.get("NotResource"));
        let resources = resources.is_none_or(|resources| match resources {
            Value::Array(list) => list.iter().all(|pattern| plain_resource(pattern, asked)),
            one => plain_resource(one, asked),
        });
        resources && statement.get("Condition").is_none_or(|conditions| plain_conditions(conditions, asked))
    })
}

/// No wildcard before the resource's own part, but for a whole part; and none there either where the resource has more
/// colons, which a star for a whole part reaches over.
fn plain_resource(pattern: &Value, asked: &Asked) -> bool {
    let pattern = pattern.as_str().unwrap_or_default();
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    let whole = asked.resource.matches(':').count() == 5;
    let plain = |part: &&str| (whole && *part == "*") || !part.contains(['*', '?']);
    pattern == "*" || (parts.len() == 6 && parts[..5].iter().all(plain))
}

/// Every operator is asked of what it is for: sets of texts with set operators, single values without.
fn plain_conditions(conditions: &Value, asked: &Asked) -> bool {
    let operators = conditions.as_object().into_iter().flatten();
    let mut pairs = operators.flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, _)| (operator.as_str(), key.as_str()))
    });
    pairs.all(|(operator, key)| {
        let set = operator.starts_with("ForA");
        let of_text = operator.contains(":String") && !operator.ends_with("IfExists");
        let given = asked.keys.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        match given.map(|(_, given)| given) {
            None => !set || of_text,
            Some(Given::Many(texts)) => set && of_text && !texts.is_empty(),
            Some(Given::Bool(_)) => operator.starts_with("Bool") || operator == "Null",
            Some(Given::Number(_)) => operator.starts_with("Numeric") || operator == "Null",
            Some(Given::One(text)) if operator.starts_with("Date") => {
                !set && (text.contains('T') || !text.contains('-'))
            }
            // It takes a star in a value for a wildcard.
            Some(Given::One(text)) => !set && !operator.starts_with("Bool") && !text.contains(['*', '?']),
        }
    })
}
