//! A secret's value as rotators read it: a JSON object whose members AWS's rotation functions know too.

use crate::error::{Place, ValueFault};
use crate::kind::RotatorKind;
use keywright_types::SecretText;
use serde_json::{Map, Value};
use zeroize::Zeroize as _;

/// A JSON object that is wiped when it goes.
pub struct SecretDocument(Map<String, Value>);

impl Drop for SecretDocument {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl SecretDocument {
    /// # Errors
    /// [`ValueFault::NotAnObject`].
    pub fn parse(value: &SecretText) -> Result<Self, ValueFault> {
        match serde_json::from_str(value.expose()) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(mut other) => {
                wipe(&mut other);
                Err(ValueFault::NotAnObject)
            }
            Err(_) => Err(ValueFault::NotAnObject),
        }
    }

    /// A member that is text; none if it is not there.
    ///
    /// # Errors
    /// [`ValueFault::Unusable`] for one that is something else, or has a NUL in it.
    pub fn find(&self, name: &'static str) -> Result<Option<&str>, ValueFault> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.contains('\0') => {
                Err(ValueFault::Unusable(name, "it contains a NUL"))
            }
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ValueFault::Unusable(name, "it is not text")),
        }
    }

    /// # Errors
    /// As [`SecretDocument::find`], and [`ValueFault::Missing`] for an empty one too.
    pub fn get(&self, name: &'static str) -> Result<&str, ValueFault> {
        self.find(name)?.filter(|text| !text.is_empty()).ok_or(ValueFault::Missing(name))
    }

    /// A member that is true or false, as such or as text.
    ///
    /// # Errors
    /// [`ValueFault::Unusable`] for anything else.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, ValueFault> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(ValueFault::Unusable(name, "it is neither true nor false")),
        }
    }

    fn port(&self, kind: RotatorKind) -> Result<u16, ValueFault> {
        let fault = ValueFault::Unusable("port", "it is not a number from 1 to 65535");
        let port = match self.0.get("port") {
            None | Some(Value::Null) => return Ok(kind.default_port()),
            Some(Value::Number(number)) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        port.filter(|port| *port != 0).ok_or(fault)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        if let Some(mut before) = self.0.insert(name.to_owned(), Value::String(value.to_owned())) {
            wipe(&mut before);
        }
    }

    /// The document as text again, with its members in the order they had.
    pub(crate) fn text(&self) -> SecretText {
        SecretText::new(serde_json::to_string(&self.0).expect("a map of JSON values always serialises"))
    }
}

/// The administrator's secret that a value names: `masterarn`, as in AWS's templates, or `adminarn`.
///
/// # Errors
/// [`ValueFault`] for a value that is no JSON object.
pub fn admin_arn(value: &SecretText) -> Result<Option<String>, ValueFault> {
    let document = SecretDocument::parse(value)?;
    let named = match document.find("masterarn")? {
        Some(arn) => Some(arn),
        None => document.find("adminarn")?,
    };
    Ok(named.filter(|arn| !arn.is_empty()).map(str::to_owned))
}

/// Who logs in where, with what.
pub(crate) struct Credential {
    pub(crate) place: Place,
    pub(crate) user: String,
    pub(crate) password: SecretText,
    pub(crate) dbname: Option<String>,
    /// Whether TLS is demanded; none leaves it to the host.
    ssl: Option<bool>,
    /// Redis: whether a change of users must survive a restart.
    pub(crate) must_persist: bool,
}

impl Credential {
    pub(crate) fn parse(kind: RotatorKind, value: &SecretText) -> Result<Self, ValueFault> {
        let document = SecretDocument::parse(value)?;
        let host = document.get("host")?;
        if host.contains(['/', '@', '\\', ' ', ',']) {
            return Err(ValueFault::Unusable("host", "it is not the name or address of one host"));
        }
        Ok(Self {
            place: Place { kind, host: host.to_owned(), port: document.port(kind)? },
            user: document.get("username")?.to_owned(),
            password: SecretText::new(document.get("password")?.to_owned()),
            dbname: document.find("dbname")?.filter(|name| !name.is_empty()).map(str::to_owned),
            ssl: document.flag("ssl")?,
            must_persist: document.flag("persist")?.unwrap_or(true),
        })
    }

    /// Whether the connection is to be encrypted and the server's certificate verified.
    pub(crate) fn wants_tls(&self) -> bool {
        self.ssl.unwrap_or_else(|| !is_loopback(&self.place.host))
    }
}

/// Whether what is sent there stays on this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => bare.eq_ignore_ascii_case("localhost"),
    }
}

/// The user that takes the next turn: `name` or `name_clone`.
pub(crate) fn other_user(user: &str) -> String {
    match user.strip_suffix("_clone") {
        Some(original) if !original.is_empty() => original.to_owned(),
        Some(_) | None => format!("{user}_clone"),
    }
}
