//! Which part of which secret: `SECRET` or `SECRET#MEMBER`.

use crate::agent::Known;
use keywright_types::SecretText;
use miette::{Report, miette};
use std::str::FromStr;

/// A secret, or a member of the JSON object that is its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub secret: String,
    pub member: Option<String>,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (secret, member) = match text.split_once('#') {
            Some((secret, member)) => (secret, Some(member.to_owned())),
            None => (text, None),
        };
        if secret.is_empty() || member.as_deref() == Some("") {
            return Err(format!("{text:?} is not SECRET or SECRET#MEMBER"));
        }
        Ok(Self { secret: secret.to_owned(), member })
    }
}

impl Source {
    /// What it comes to in a secret's current value.
    ///
    /// # Errors
    /// A value that is no JSON object, or has no such member.
    pub fn of(&self, known: &Known) -> Result<SecretText, Report> {
        let Some(member) = &self.member else { return known.text() };
        let text = known.text()?;
        let document: serde_json::Value = serde_json::from_str(text.expose()).map_err(|_| {
            miette!("the value of {} is no JSON object, and has no member {member}", self.secret)
        })?;
        let found = match document.get(member) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => other.to_string(),
            Some(_) => {
                return Err(miette!("the member {member} of {} is neither text nor a number", self.secret));
            }
            None => return Err(miette!("the value of {} has no member {member}", self.secret)),
        };
        Ok(SecretText::new(found))
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn forms() {
        let source = |text: &str| text.parse::<Source>();
        assert_eq!(source("app/db").map(|it| (it.secret, it.member)), Ok(("app/db".into(), None)));
        assert_eq!(source("app/db#password").map(|it| it.member), Ok(Some("password".into())));
        assert!(source("").is_err() && source("#x").is_err() && source("x#").is_err());
    }
}
