//! Sealing and opening values with data keys that KMS gives to the caller.
//!
//! Source: Secrets Manager User Guide, "Secret encryption and decryption": envelope encryption, the encryption context
//! `SecretARN` and `SecretVersionId`, the test of access with `RequestToValidateKeyAccess`.

use crate::SERVICE;
use crate::error::SecretsError;
use crate::secret::{Secret, SecretKey};
use crate::service::Secrets;
use crate::value::SecretValue;
use crate::version::VersionRow;
use keywright_auth::{Cause, Env, InnerCall, RequestContext, ServiceError as _, View};
use keywright_crypto::{ValueContext, open_value, seal_value};
use keywright_kms::ops::decrypt::Decrypt;
use keywright_kms::{DataKeyCall, NewServiceKey, may_open, open_data_key};
use keywright_store::WriteSet;
use std::collections::BTreeMap;

/// The alias of the service's own key.
pub(crate) const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

fn context(arn: &str, version_id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("SecretARN".to_owned(), arn.to_owned()),
        ("SecretVersionId".to_owned(), version_id.to_owned()),
    ])
}

/// The key that a value is sealed under.
#[derive(Clone, Copy)]
pub(crate) struct KeyToUse<'a> {
    /// As the secret's owner named it; none is the service's own.
    pub(crate) named: Option<&'a str>,
    /// The service's own, if this decision makes it.
    pub(crate) new: &'a NewServiceKey,
}

/// A value to be sealed: the data key was asked for.
pub(crate) struct Sealing {
    call: Result<DataKeyCall, SecretsError>,
    arn: String,
    key: SecretKey,
    version_id: String,
    is_default_key: bool,
}

impl Sealing {
    /// Asks KMS, as the caller through this service, for a data key under the secret's key. What KMS refuses at once comes
    /// out when the value is sealed, after what this service refuses.
    pub(crate) async fn prepare(
        view: View<'_, Secrets>,
        key: &SecretKey,
        arn: &str,
        version_id: &str,
        kms_key: KeyToUse<'_>,
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        let inner = request.through(SERVICE).in_region(&key.region);
        let context = context(arn, version_id);
        let name = kms_key.named.unwrap_or(DEFAULT_KEY);
        let call =
            DataKeyCall::prepare(name, context, kms_key.new, view.of(&*view.service.kms), &inner).await;
        let call = match call.map_err(SecretsError::encrypting) {
            Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => return Err(fault),
            call => call,
        };
        Ok(Self {
            call,
            arn: arn.to_owned(),
            key: key.clone(),
            version_id: version_id.to_owned(),
            is_default_key: kms_key.named.is_none_or(|name| name == DEFAULT_KEY),
        })
    }

    /// The row of the version with its value, and what is to be written beside it.
    ///
    /// # Errors
    /// What KMS refuses.
    pub(crate) fn seal(
        &self,
        value: &SecretValue,
        env: &Env<'_, Secrets>,
    ) -> Result<(VersionRow, WriteSet), SecretsError> {
        let call = self.call.as_ref().map_err(SecretsError::again)?;
        let data_key = call.decide(env.of(&*env.service.kms)).map_err(SecretsError::encrypting)?;
        let place = ValueContext { holder: &self.arn, version: &self.version_id };
        let sealed = seal_value(&data_key.plaintext, place, value.expose(), env.rng)
            .map_err(|fault| SecretsError::internal(Cause::new(fault)))?;
        let row = VersionRow {
            account: self.key.account,
            region: self.key.region.clone(),
            name: self.key.name.clone(),
            version_id: self.version_id.clone(),
            created_at: env.now,
            kms_key_arn: data_key.key_arn,
            is_default_key: self.is_default_key,
            data_key: data_key.ciphertext,
            is_binary: value.is_binary(),
            value: sealed,
        };
        Ok((row, data_key.writes))
    }

    /// To be called once the value is durable.
    pub(crate) fn done(&self, service: &Secrets) {
        if let Ok(call) = &self.call {
            call.done(&service.kms);
        }
    }
}

/// A value to be opened: its data key was asked for.
pub(crate) struct Opening {
    call: Result<InnerCall<Decrypt>, SecretsError>,
    arn: String,
    version_id: String,
    is_binary: bool,
    sealed: Vec<u8>,
}

impl Opening {
    pub(crate) async fn prepare(
        view: View<'_, Secrets>,
        secret: &Secret,
        row: &VersionRow,
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        let inner = request.through(SERVICE);
        let context = context(&secret.arn, &row.version_id);
        let kms = view.of(&*view.service.kms);
        let call = open_data_key(&row.kms_key_arn, &row.data_key, context, kms, &inner).await;
        let call = match call.map_err(SecretsError::decrypting) {
            Err(fault @ (SecretsError::Internal(_) | SecretsError::Unavailable(_))) => return Err(fault),
            call => call,
        };
        Ok(Self {
            call,
            arn: secret.arn.to_string(),
            version_id: row.version_id.clone(),
            is_binary: row.is_binary,
            sealed: row.value.clone(),
        })
    }

    /// The value, and the records of having opened it.
    ///
    /// # Errors
    /// What KMS refuses; an internal error for a value that does not open in its place.
    pub(crate) fn open(&self, env: &Env<'_, Secrets>) -> Result<(SecretValue, WriteSet), SecretsError> {
        let call = self.call.as_ref().map_err(SecretsError::again)?;
        let answer = call.decide(env.of(&*env.service.kms)).map_err(SecretsError::decrypting)?;
        let data_key = answer.output.plaintext.ok_or(SecretsError::Decryption)?;
        let place = ValueContext { holder: &self.arn, version: &self.version_id };
        let value = open_value(&data_key, place, &self.sealed).map_err(|fault| {
            SecretsError::internal(Cause::new(format!(
                "version {} of {} does not open: {fault}",
                self.version_id, self.arn
            )))
        })?;
        let value = SecretValue::opened(value, self.is_binary)
            .map_err(|fault| SecretsError::internal(Cause::new(fault)))?;
        Ok((value, answer.writes))
    }

    /// To be called once it is recorded that the value was opened.
    pub(crate) fn done(&self, service: &Secrets) {
        if let Ok(call) = &self.call {
            call.done(&service.kms);
        }
    }
}

/// Whether the caller may use a key that it chooses for a secret, both to write and to read.
pub(crate) struct KeyTest {
    makes: Sealing,
    opens: Option<Result<InnerCall<Decrypt>, SecretsError>>,
}

impl KeyTest {
    pub(crate) async fn prepare(
        view: View<'_, Secrets>,
        key: &SecretKey,
        arn: &str,
        kms_key: KeyToUse<'_>,
        request: &RequestContext,
    ) -> Result<Self, SecretsError> {
        const TEST: &str = "RequestToValidateKeyAccess";
        let makes = Sealing::prepare(view, key, arn, TEST, kms_key, request).await?;
        let inner = request.through(SERVICE).in_region(&key.region);
        let opens = match kms_key.named {
            Some(name) => {
                let kms = view.of(&*view.service.kms);
                Some(may_open(name, context(arn, TEST), kms, &inner).await.map_err(SecretsError::encrypting))
            }
            // The service's own key opens for everybody in its account.
            None => None,
        };
        Ok(Self { makes, opens })
    }

    /// # Errors
    /// What KMS would refuse.
    pub(crate) fn check(&self, env: &Env<'_, Secrets>) -> Result<(), SecretsError> {
        let call = self.makes.call.as_ref().map_err(SecretsError::again)?;
        call.check(env.of(&*env.service.kms)).map_err(SecretsError::encrypting)?;
        match &self.opens {
            Some(opens) => {
                opens.as_ref().map_err(SecretsError::again)?.check().map_err(SecretsError::encrypting)
            }
            None => Ok(()),
        }
    }
}
