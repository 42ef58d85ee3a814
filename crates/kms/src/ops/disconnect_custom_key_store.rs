//! DisconnectCustomKeyStore: ends the connection of a key store to its cluster or proxy. There is none here.

use crate::custom_key_store::{self, StoreRef};
use crate::error::KmsError;
use crate::service::Kms;
use keywright_auth::{Authorised, Checks, Decided, Env, Operation, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{DisconnectCustomKeyStoreRequest, DisconnectCustomKeyStoreResponse, operations};

pub struct DisconnectCustomKeyStore {
    store: StoreRef,
}

impl Operation for DisconnectCustomKeyStore {
    type Service = Kms;
    type Input = DisconnectCustomKeyStoreRequest;
    type Output = DisconnectCustomKeyStoreResponse;
    type Facts = ();
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DISCONNECT_CUSTOM_KEY_STORE;
    const READ_ONLY: bool = false;

    fn parse(input: DisconnectCustomKeyStoreRequest, _service: &Kms) -> Result<Self, KmsError> {
        Ok(Self { store: StoreRef::Id(input.custom_key_store_id) })
    }

    async fn facts(&self, _view: View<'_, Kms>, _request: &RequestContext) -> Result<(), KmsError> {
        Ok(())
    }

    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        custom_key_store::checks("kms:DisconnectCustomKeyStore")
    }

    fn decide(
        op: &Authorised<'_, Self>,
        (): &(),
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        Err(KmsError::CustomKeyStoreNotFound(op.store.clone()))
    }
}
