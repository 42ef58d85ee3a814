//! GenerateRandom: random bytes; no key is involved.

use super::generate_data_key::random_secret;
use super::parse;
use crate::custom_key_store;
use crate::error::KmsError;
use crate::service::Kms;
use keywright_auth::{
    Authorised, Check, Checks, Decided, Decision, Env, Operation, Protected, RequestContext, View,
};
use keywright_aws::OperationModel;
use keywright_aws::kms::{GenerateRandomRequest, GenerateRandomResponse, operations};

pub struct GenerateRandom {
    length: usize,
}

impl Operation for GenerateRandom {
    type Service = Kms;
    type Input = GenerateRandomRequest;
    type Output = GenerateRandomResponse;
    type Facts = ();
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::GENERATE_RANDOM;
    const READ_ONLY: bool = true;

    fn parse(input: GenerateRandomRequest, _service: &Kms) -> Result<Self, KmsError> {
        parse::no_recipient(input.recipient)?;
        custom_key_store::check_id(input.custom_key_store_id.as_deref())?;
        let length =
            input.number_of_bytes.ok_or_else(|| KmsError::validation("NumberOfBytes is required."))?;
        // The model bounds it to 1..=1024.
        Ok(Self { length: usize::try_from(length).unwrap_or_default() })
    }

    async fn facts(&self, _view: View<'_, Kms>, _request: &RequestContext) -> Result<(), KmsError> {
        Ok(())
    }

    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        let protected = Protected::ByIdentity { arn: "*".to_owned() };
        [Check { action: "kms:GenerateRandom", protected }].into_iter().collect()
    }

    fn decide(
        op: &Authorised<'_, Self>,
        (): &(),
        env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Ok(Decision::answer(GenerateRandomResponse {
            plaintext: Some(random_secret(op.length, env.rng)),
            ciphertext_for_recipient: None,
        }))
    }
}
