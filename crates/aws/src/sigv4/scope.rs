//! The credential scope, and the time a request was signed at.

use super::failure::{AuthFailure, shown};
use super::{ALGORITHM, TERMINATOR};

/// `access key id / date / Region / service / aws4_request`, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credential {
    pub(super) access_key_id: String,
    /// `YYYYMMDD`.
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Credential {
    pub(super) fn parse(text: &str) -> Result<Self, AuthFailure> {
        // An access key id has no slash; a temporary one could, so the last four parts are the scope.
        let mut parts = text.rsplitn(5, '/');
        let (Some(terminator), Some(service), Some(region), Some(date), Some(access_key_id)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(AuthFailure::incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'",
                shown(text)
            )));
        };
        if terminator != TERMINATOR {
            return Err(AuthFailure::WrongScope {
                message: format!(
                    "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
                    shown(terminator)
                ),
            });
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// Appends `date/region/service/aws4_request`.
    pub(super) fn push_scope(&self, out: &mut String) {
        push_scope(out, &self.date, &self.region, &self.service);
    }
}

pub(super) fn push_scope(out: &mut String, date: &str, region: &str, service: &str) {
    for part in [date, "/", region, "/", service, "/", TERMINATOR] {
        out.push_str(part);
    }
}

/// Appends what is signed: algorithm, time, scope, hash of the canonical request in hex.
pub(super) fn push_string_to_sign(out: &mut String, time: &str, scope: impl FnOnce(&mut String), hash: &str) {
    out.push_str(ALGORITHM);
    out.push('\n');
    out.push_str(time);
    out.push('\n');
    scope(out);
    out.push('\n');
    out.push_str(hash);
}
