//! Every operation of every served model, and what runs it.
//!
//! All operations of the models are known from the start; one that is not built yet has no handler and
//! answers the service's nearest modelled error with a plain text. Limits are columns here, in sight of
//! whoever reviews, and not calls inside handlers.

mod iam_operations;
mod kms_operations;
mod secrets_operations;
mod sts_operations;

use crate::app::{App, Serves};
use crate::metrics::OperationMetrics;
use crate::pipeline::{self, Answer};
use keywright_auth::{Operation, RequestContext};
use keywright_aws::{
    OperationModel, Protocol, ServiceModel, WireError, iam, keywright, kms, secretsmanager, sts,
};
use keywright_types::{Region, RegionSet};
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

/// One service as served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) model: &'static ServiceModel,
    /// The largest body read, in bytes.
    pub(crate) body_bytes_max: usize,
    /// Where everything of a global service lives, whatever Region its requests are scoped to.
    home: Option<&'static str>,
    /// A query service whose fields may stand in the URL. Not where they can be passwords: proxies log URLs.
    pub(crate) fields_in_url: bool,
}

static KMS: Served =
    Served { model: &kms::SERVICE, body_bytes_max: KMS_BODY_BYTES_MAX, home: None, fields_in_url: false };
static SECRETSMANAGER: Served = Served {
    model: &secretsmanager::SERVICE,
    body_bytes_max: DEFAULT_BODY_BYTES_MAX,
    home: None,
    fields_in_url: false,
};
static KEYWRIGHT: Served = Served {
    model: &keywright::SERVICE,
    body_bytes_max: DEFAULT_BODY_BYTES_MAX,
    home: None,
    fields_in_url: false,
};
static IAM: Served = Served {
    model: &iam::SERVICE,
    body_bytes_max: IAM_BODY_BYTES_MAX,
    home: Some("us-east-1"),
    fields_in_url: false,
};
/// A presigned GetCallerIdentity is how clusters and vaults let a caller prove who it is.
pub(crate) static STS: Served =
    Served { model: &sts::SERVICE, body_bytes_max: STS_BODY_BYTES_MAX, home: None, fields_in_url: true };

impl Served {
    /// The Region that a request scoped to `scoped` is about; none if that is not served.
    pub(crate) fn region(&self, regions: &RegionSet, scoped: &str) -> Option<Region> {
        let scoped = regions.find(scoped)?;
        match self.home {
            Some(home) => regions.find(home),
            None => Some(scoped),
        }
    }
}

/// One operation as served.
pub(crate) struct Entry {
    pub(crate) served: &'static Served,
    pub(crate) operation: &'static OperationModel,
    handler: Option<Handler>,
    pub(crate) metrics: OnceLock<OperationMetrics>,
}

/// No KMS request is larger: 128 KiB of policy text, escaped, and 50 tags are the most.
const KMS_BODY_BYTES_MAX: usize = 1 << 20;
/// 64 KiB of secret, base64 and escapes; the rest of a request is small.
const DEFAULT_BODY_BYTES_MAX: usize = 1 << 20;
/// Ten policies of 2,048 letters, percent-encoded, and 50 tags are far below.
const IAM_BODY_BYTES_MAX: usize = 1 << 20;
/// A web identity token of 20,000 letters, a session policy and tags.
const STS_BODY_BYTES_MAX: usize = 256 << 10;
/// What is read of a body that nobody signed: a web identity token, a session policy and its ARNs.
pub(crate) const UNSIGNED_BODY_BYTES_MAX: usize = 64 << 10;

/// The query operations that bring no signature, because what they bring is a proof of its own. Service, operation.
const UNSIGNED: &[(&str, &str)] = &[("sts", "AssumeRoleWithWebIdentity")];

/// The operations by what names them in a request.
pub(crate) struct Registry {
    /// JSON services, by `X-Amz-Target`.
    by_target: HashMap<String, Entry>,
    /// Query services, by service and `Action`.
    by_action: HashMap<(&'static str, &'static str), Entry>,
    pub(crate) services: Vec<&'static Served>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let mut registry =
            Self { by_target: HashMap::new(), by_action: HashMap::new(), services: Vec::new() };
        for served in [&KMS, &SECRETSMANAGER, &KEYWRIGHT, &IAM, &STS] {
            registry.add_service(served);
        }
        registry.add_kms();
        registry.add_secrets();
        registry.add_iam();
        registry.add_sts();
        registry.serve::<keywright_inventory::ops::abandon_secret_rotation::AbandonSecretRotation>(
            &keywright::SERVICE,
        );
        registry
            .serve::<keywright_inventory::ops::get_secret_rotation::GetSecretRotation>(&keywright::SERVICE);
        registry.serve::<keywright_inventory::ops::preflight_secret_rotation::PreflightSecretRotation>(
            &keywright::SERVICE,
        );
        registry.serve::<keywright_inventory::ops::report_secret_use::ReportSecretUse>(&keywright::SERVICE);
        registry.serve::<keywright_inventory::ops::watch_secrets::WatchSecrets>(&keywright::SERVICE);
        registry.serve::<keywright_inventory::ops::retry_secret_rotation::RetrySecretRotation>(
            &keywright::SERVICE,
        );
        registry.serve::<keywright_inventory::ops::create_account::CreateAccount>(&keywright::SERVICE);
        registry.serve::<keywright_inventory::ops::explain_access::ExplainAccess>(&keywright::SERVICE);
        registry
            .serve::<keywright_inventory::ops::inspect_ciphertext::InspectCiphertext>(&keywright::SERVICE);
        registry.serve::<keywright_inventory::ops::list_accounts::ListAccounts>(&keywright::SERVICE);
        registry.serve::<keywright_inventory::ops::list_key_lineage::ListKeyLineage>(&keywright::SERVICE);
        registry.serve::<keywright_inventory::ops::list_key_material_usage::ListKeyMaterialUsage>(
            &keywright::SERVICE,
        );
        registry.serve::<keywright_inventory::ops::list_rotations::ListRotations>(&keywright::SERVICE);
        registry
    }

    fn add_service(&mut self, served: &'static Served) {
        self.services.push(served);
        for operation in served.model.operations {
            let entry = Entry { served, operation, handler: None, metrics: OnceLock::new() };
            match served.model.protocol {
                Protocol::Json11 => {
                    self.by_target.insert(target(served.model, operation), entry);
                }
                Protocol::Query => {
                    self.by_action.insert((served.model.name, operation.name), entry);
                }
                Protocol::RestJson => unreachable!("no service above is routed by its path"),
            }
        }
    }

    fn serve<Op: Operation>(&mut self, service: &'static ServiceModel)
    where
        App: Serves<Op::Service>,
    {
        let entry = match service.protocol {
            Protocol::Query => self.by_action.get_mut(&(service.name, Op::MODEL.name)),
            Protocol::Json11 | Protocol::RestJson => self.by_target.get_mut(&target(service, Op::MODEL)),
        };
        let entry = entry.expect("an operation's model is in its service's table");
        entry.handler =
            Some(|app, model, request, body| Box::pin(pipeline::run::<Op>(app, model, request, body)));
    }

    pub(crate) fn is_served(&self, service: &ServiceModel, operation: &OperationModel) -> bool {
        let entry = match service.protocol {
            Protocol::Query => self.find_action(service, operation.name),
            Protocol::Json11 | Protocol::RestJson => self.find(&target(service, operation)),
        };
        entry.is_some_and(|entry| entry.handler.is_some())
    }

    /// The operation that an `X-Amz-Target` names.
    pub(crate) fn find(&self, target: &str) -> Option<&Entry> {
        self.by_target.get(target)
    }

    /// The operation of a query service that `Action` names.
    pub(crate) fn find_action(&self, service: &ServiceModel, action: &str) -> Option<&Entry> {
        let operation = service.find(action)?;
        self.by_action.get(&(service.name, operation.name))
    }

    /// The query service with this name in a credential scope.
    pub(crate) fn query_service(&self, signing_name: &str) -> Option<&'static Served> {
        let query = |served: &&Served| served.model.protocol == Protocol::Query;
        let named = |served: &&Served| served.model.signing_name == signing_name;
        self.services.iter().copied().filter(query).find(named)
    }

    /// The operation of any query service that takes a request without a signature and is called so.
    pub(crate) fn find_unsigned(&self, action: &str) -> Option<&Entry> {
        UNSIGNED.iter().find(|(_, name)| *name == action).and_then(|key| self.by_action.get(key))
    }
}

fn target(service: &ServiceModel, operation: &OperationModel) -> String {
    format!("{}.{}", service.target_prefix.unwrap_or_default(), operation.name)
}

impl Entry {
    /// Runs the operation, or says that it is not built.
    pub(crate) async fn run(&self, app: &Arc<App>, request: RequestContext, body: &[u8]) -> Answer {
        match self.handler {
            Some(handler) => handler(app, self.served.model, request, body).await,
            None => {
                let error = self.not_built();
                pipeline::refuse_unbuilt(app, self.served.model, self.operation, &request, &error).await;
                Err(error)
            }
        }
    }

    /// The service's nearest modelled error, with a plain text; query services have none that is near.
    pub(crate) fn not_built(&self) -> WireError {
        let code = match self.served.model.name {
            "secretsmanager" => "InvalidRequestException",
            "iam" | "sts" => "InvalidAction",
            _ => "UnsupportedOperationException",
        };
        let text = format!("{} is not supported by this release of Keywright.", self.operation.name);
        WireError::new(code, 400, Some(text.into()))
    }
}
