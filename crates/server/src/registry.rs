//! Every operation of every served model, and what runs it.
//!
//! All operations of the models are known from the start; one that is not built yet has no handler and
//! answers the service's nearest modelled error with a plain text. Limits are columns here, in sight of
//! whoever reviews, and not calls inside handlers.

use crate::app::{App, Serves};
use crate::metrics::OperationMetrics;
use crate::pipeline::{self, Answer};
use keywright_auth::{Operation, RequestContext};
use keywright_aws::{OperationModel, ServiceModel, WireError, keywright, kms, secretsmanager};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

/// Runs an operation on a request's body.
type Handler = for<'a> fn(
    &'a Arc<App>,
    &'static ServiceModel,
    RequestContext,
    &'a [u8],
) -> Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// One operation as served.
pub(crate) struct Entry {
    pub(crate) service: &'static ServiceModel,
    pub(crate) operation: &'static OperationModel,
    /// The largest body read, in bytes.
    pub(crate) body_bytes_max: usize,
    handler: Option<Handler>,
    pub(crate) metrics: OnceLock<OperationMetrics>,
}

/// No KMS request is larger: 128 KiB of policy text, escaped, and 50 tags are the most.
const KMS_BODY_BYTES_MAX: usize = 1 << 20;
/// 64 KiB of secret, base64 and escapes; the rest of a request is small.
const DEFAULT_BODY_BYTES_MAX: usize = 1 << 20;

/// The operations by their `X-Amz-Target`.
pub(crate) struct Registry {
    by_target: HashMap<String, Entry>,
    pub(crate) services: Vec<&'static ServiceModel>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let mut registry = Self { by_target: HashMap::new(), services: Vec::new() };
        registry.add_service(&kms::SERVICE, KMS_BODY_BYTES_MAX);
        registry.add_service(&secretsmanager::SERVICE, DEFAULT_BODY_BYTES_MAX);
        registry.add_service(&keywright::SERVICE, DEFAULT_BODY_BYTES_MAX);
        registry.add_kms();
        registry.serve::<keywright_inventory::ops::list_rotations::ListRotations>(&keywright::SERVICE);
        registry
    }

    fn add_kms(&mut self) {
        use keywright_kms::ops;
        let kms = &kms::SERVICE;
        self.serve::<ops::cancel_key_deletion::CancelKeyDeletion>(kms);
        self.serve::<ops::create_alias::CreateAlias>(kms);
        self.serve::<ops::create_grant::CreateGrant>(kms);
        self.serve::<ops::create_key::CreateKey>(kms);
        self.serve::<ops::decrypt::Decrypt>(kms);
        self.serve::<ops::delete_alias::DeleteAlias>(kms);
        self.serve::<ops::describe_key::DescribeKey>(kms);
        self.serve::<ops::disable_key::DisableKey>(kms);
        self.serve::<ops::disable_key_rotation::DisableKeyRotation>(kms);
        self.serve::<ops::enable_key::EnableKey>(kms);
        self.serve::<ops::enable_key_rotation::EnableKeyRotation>(kms);
        self.serve::<ops::encrypt::Encrypt>(kms);
        self.serve::<ops::generate_data_key::GenerateDataKey>(kms);
        self.serve::<ops::generate_data_key_without_plaintext::GenerateDataKeyWithoutPlaintext>(kms);
        self.serve::<ops::generate_random::GenerateRandom>(kms);
        self.serve::<ops::get_key_last_usage::GetKeyLastUsage>(kms);
        self.serve::<ops::get_key_policy::GetKeyPolicy>(kms);
        self.serve::<ops::get_key_rotation_status::GetKeyRotationStatus>(kms);
        self.serve::<ops::list_aliases::ListAliases>(kms);
        self.serve::<ops::list_grants::ListGrants>(kms);
        self.serve::<ops::list_key_policies::ListKeyPolicies>(kms);
        self.serve::<ops::list_key_rotations::ListKeyRotations>(kms);
        self.serve::<ops::list_keys::ListKeys>(kms);
        self.serve::<ops::list_resource_tags::ListResourceTags>(kms);
        self.serve::<ops::list_retirable_grants::ListRetirableGrants>(kms);
        self.serve::<ops::put_key_policy::PutKeyPolicy>(kms);
        self.serve::<ops::re_encrypt::ReEncrypt>(kms);
        self.serve::<ops::retire_grant::RetireGrant>(kms);
        self.serve::<ops::revoke_grant::RevokeGrant>(kms);
        self.serve::<ops::rotate_key_on_demand::RotateKeyOnDemand>(kms);
        self.serve::<ops::schedule_key_deletion::ScheduleKeyDeletion>(kms);
        self.serve::<ops::tag_resource::TagResource>(kms);
        self.serve::<ops::untag_resource::UntagResource>(kms);
        self.serve::<ops::update_alias::UpdateAlias>(kms);
        self.serve::<ops::update_key_description::UpdateKeyDescription>(kms);
    }

    fn add_service(&mut self, service: &'static ServiceModel, body_bytes_max: usize) {
        self.services.push(service);
        for operation in service.operations {
            let entry = Entry { service, operation, body_bytes_max, handler: None, metrics: OnceLock::new() };
            self.by_target.insert(target(service, operation), entry);
        }
    }

    fn serve<Op: Operation>(&mut self, service: &'static ServiceModel)
    where
        App: Serves<Op::Service>,
    {
        let entry = self
            .by_target
            .get_mut(&target(service, Op::MODEL))
            .expect("an operation's model is in its service's table");
        entry.handler =
            Some(|app, model, request, body| Box::pin(pipeline::run::<Op>(app, model, request, body)));
    }

    pub(crate) fn is_served(&self, service: &ServiceModel, operation: &OperationModel) -> bool {
        self.find(&target(service, operation)).is_some_and(|entry| entry.handler.is_some())
    }

    /// The operation that an `X-Amz-Target` names.
    pub(crate) fn find(&self, target: &str) -> Option<&Entry> {
        self.by_target.get(target)
    }
}

fn target(service: &ServiceModel, operation: &OperationModel) -> String {
    format!("{}.{}", service.target_prefix.unwrap_or_default(), operation.name)
}

impl Entry {
    /// Runs the operation, or says that it is not built.
    pub(crate) async fn run(&self, app: &Arc<App>, request: RequestContext, body: &[u8]) -> Answer {
        match self.handler {
            Some(handler) => handler(app, self.service, request, body).await,
            None => {
                let error = self.not_built();
                pipeline::refuse_unbuilt(app, self.service, self.operation, &request, &error).await;
                Err(error)
            }
        }
    }

    /// The service's nearest modelled error, with a plain text.
    fn not_built(&self) -> WireError {
        let code = match self.service.name {
            "secretsmanager" => "InvalidRequestException",
            _ => "UnsupportedOperationException",
        };
        let text = format!("{} is not supported by this release of Keywright.", self.operation.name);
        WireError::new(code, 400, Some(text.into()))
    }
}
