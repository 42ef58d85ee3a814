//! DescribeCustomKeyStores: the list of key stores, which is empty.

use super::parse;
use crate::custom_key_store::{self, StoreRef};
use crate::error::KmsError;
use crate::service::Kms;
use keywright_auth::{Authorised, Checks, Decided, Decision, Env, Operation, Page, RequestContext, View};
use keywright_aws::OperationModel;
use keywright_aws::kms::{DescribeCustomKeyStoresRequest, DescribeCustomKeyStoresResponse, operations};

pub struct DescribeCustomKeyStores {
    store: Option<StoreRef>,
    marker: Option<String>,
    limit: usize,
}

impl Operation for DescribeCustomKeyStores {
    type Service = Kms;
    type Input = DescribeCustomKeyStoresRequest;
    type Output = DescribeCustomKeyStoresResponse;
    type Facts = ();
    type Error = KmsError;
    const MODEL: &'static OperationModel = &operations::DESCRIBE_CUSTOM_KEY_STORES;
    const READ_ONLY: bool = true;

    fn parse(input: DescribeCustomKeyStoresRequest, _service: &Kms) -> Result<Self, KmsError> {
        let store = match (input.custom_key_store_id, input.custom_key_store_name) {
            (Some(_), Some(_)) => {
                return Err(KmsError::validation("Give CustomKeyStoreId or CustomKeyStoreName, not both."));
            }
            (Some(id), None) => Some(StoreRef::Id(id)),
            (None, Some(name)) => Some(StoreRef::Name(name)),
            (None, None) => None,
        };
        Ok(Self { store, marker: input.marker, limit: parse::limit(input.limit, 100, 1000)? })
    }

    async fn facts(&self, view: View<'_, Kms>, request: &RequestContext) -> Result<(), KmsError> {
        // No list ever gave a marker out; one that is given is none of ours.
        let scope = ["DescribeCustomKeyStores", request.region.as_str()];
        Page::open(view.keyring, request.caller.account, &scope, self.marker.as_deref(), self.limit)?;
        Ok(())
    }

    fn checks(&self, (): &(), _request: &RequestContext) -> Checks {
        custom_key_store::checks("kms:DescribeCustomKeyStores")
    }

    fn decide(
        op: &Authorised<'_, Self>,
        (): &(),
        _env: Env<'_, Kms>,
        _request: &RequestContext,
    ) -> Decided<Self> {
        match &op.store {
            Some(store) => Err(KmsError::CustomKeyStoreNotFound(store.clone())),
            None => Ok(Decision::answer(DescribeCustomKeyStoresResponse {
                custom_key_stores: Some(Vec::new()),
                next_marker: None,
                truncated: Some(false),
            })),
        }
    }
}
