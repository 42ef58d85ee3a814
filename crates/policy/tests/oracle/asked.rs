//! A request as both evaluators are asked it: plain data.

use keywright_policy::{ConditionValue, Context, PrincipalFacts, PrincipalKind, Request};

/// The value of a condition key.
#[derive(Debug, Clone)]
pub enum Given {
    One(String),
    Many(Vec<String>),
    Number(i64),
    Bool(bool),
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    pub kind: PrincipalKind,
    pub arn: String,
    pub account: String,
    pub role_arn: Option<String>,
    pub id: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Asked {
    pub caller: Caller,
    pub action: String,
    pub resource: String,
    /// Names in lower case.
    pub keys: Vec<(String, Given)>,
}

impl Context for Asked {
    fn value(&self, name: &str) -> ConditionValue<'_> {
        match self.keys.iter().find(|(key, _)| key == name).map(|(_, given)| given) {
            None => ConditionValue::Absent,
            Some(Given::One(text)) => ConditionValue::Single(text.as_str().into()),
            Some(Given::Many(texts)) => ConditionValue::Multi(texts.iter().map(String::as_str).collect()),
            Some(Given::Number(number)) => ConditionValue::Number(*number),
            Some(Given::Bool(value)) => ConditionValue::Bool(*value),
        }
    }
}

impl Asked {
    pub fn request(&self) -> Request<'_> {
        Request {
            principal: PrincipalFacts {
                kind: self.caller.kind,
                arn: &self.caller.arn,
                account: &self.caller.account,
                role_arn: self.caller.role_arn.as_deref(),
                id: self.caller.id.as_deref(),
            },
            action: &self.action,
            resource: &self.resource,
            context: self,
        }
    }
}
