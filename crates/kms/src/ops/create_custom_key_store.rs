//! CreateCustomKeyStore: makes a key store on a CloudHSM cluster or behind an external proxy. Neither is to be had here.

use crate::custom_key_store::{self, Backing};
use crate::error::KmsError;
use crate::service::Kms;
use keywright_auth::{Authorised, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{CreateCustomKeyStoreRequest, CreateCustomKeyStoreResponse, operations};

pub struct CreateCustomKeyStore {
    backing: Backing,
}

impl Operation for CreateCustomKeyStore {
    type Service = Kms;
    type Input = CreateCustomKeyStoreRequest;
    type Output = CreateCustomKeyStoreResponse;
    type Facts = ();
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::CREATE_CUSTOM_KEY_STORE;
    const READ_ONLY: bool = false;

    fn parse(input: CreateCustomKeyStoreRequest, _service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { backing: Backing::parse(input)? })
    }

    async fn facts(&self, _view: View<'_, Kms>, _request: &RequestContext) -> Result<(), KmsError> {
        Ok(())
    }

    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        custom_key_store::checks("kms:CreateCustomKeyStore")
    }

    fn decide(
        op: &Authorised<'_, Self>,
        (): &(),
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Err(KmsError::NoCustomKeyStores(op.backing.clone()))
    }
}
