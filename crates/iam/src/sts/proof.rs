//! The second factor that AssumeRole and GetSessionToken may be given.
//!
//! Trust policies are asked as if the code were right, and the code is checked before anything is given: a wrong code
//! never gets further than a right one, and a right one is used only for a request that is allowed.

use crate::error::IamError;
use crate::mfa::SecondFactor;
use crate::service::Iam;
use keywright_auth::{Env, RequestContext, View};
use keywright_policy::ConditionValue;
use keywright_store::WriteSet;
use keywright_types::SecretText;

/// A device's serial number and a code of it, as given.
pub(crate) struct Proof {
    serial: String,
    code: SecretText,
}

impl Proof {
    /// # Errors
    /// AccessDenied with AWS's text when one comes without the other.
    pub(crate) fn parse(serial: Option<String>, code: Option<SecretText>) -> Result<Option<Self>, IamError> {
        match (serial, code) {
            (Some(serial), Some(code)) => Ok(Some(Self { serial, code })),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(denied(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            )),
        }
    }

    /// The device, of a caller that has any.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn find(
        &self,
        view: View<'_, Iam>,
        request: &RequestContext,
    ) -> Result<SecondFactor, IamError> {
        SecondFactor::find(view, request, &self.serial).await.map_err(|fault| match fault {
            // The caller is a role's session, which has no devices.
            IamError::Validation { .. } => unverified(),
            other => other,
        })
    }

    /// Checks the code and writes down that it is used.
    ///
    /// # Errors
    /// AccessDenied with AWS's text.
    pub(crate) fn check(
        &self,
        factor: &SecondFactor,
        env: Env<'_, Iam>,
        request: &RequestContext,
        writes: &mut WriteSet,
    ) -> Result<(), IamError> {
        factor.prove(&self.code, env, request, writes).map_err(|fault| match fault {
            IamError::InvalidAuthenticationCode { .. } => {
                denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
            }
            IamError::NoSuchEntity { .. } => unverified(),
            other => other,
        })
    }
}

/// `aws:MultiFactorAuthPresent` and its age, for a request that brings a second factor of its own.
pub(crate) fn condition<'a>(proof: Option<&Proof>, name: &str) -> ConditionValue<'a> {
    match (proof, name) {
        (Some(_), "aws:multifactorauthpresent") => ConditionValue::Bool(true),
        (Some(_), "aws:multifactorauthage") => ConditionValue::Number(0),
        (_, _) => ConditionValue::Absent,
    }
}

fn denied(text: &str) -> IamError {
    IamError::AccessDenied { message: text.to_owned() }
}

fn unverified() -> IamError {
    denied(
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid \
         and associated with this user.",
    )
}
