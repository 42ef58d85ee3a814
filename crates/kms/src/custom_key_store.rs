//! Custom key stores, of which this service has none: CloudHSM clusters are AWS's own, and external key stores are not
//! supported by this release. The operations are there, so that tools which look for key stores find that there are none.
//!
//! Each answers an error of its own model. Not LimitExceededException, true as a quota of zero would be: botocore and the
//! Go SDK take that code for throttling and ask again and again. Not UnsupportedOperationException either, which none of
//! these operations has.
//!
//! Source: KMS API Reference, the errors of CreateCustomKeyStore and of CreateKey. No public source shows the texts;
//! they are ours.

use crate::error::KmsError;
use keywright_auth::{Check, Checks, Protected};
use keywright_aws::kms::{
    CreateCustomKeyStoreRequest, CreateKeyRequest, CustomKeyStoreType, OriginType, XksProxyConnectivityType,
};

/// How a request names a custom key store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreRef {
    Id(String),
    Name(String),
}

/// What a request to make a custom key store wants it to stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backing {
    CloudHsm { cluster_id: String },
    ExternalProxy { endpoint: String, path: String },
}

/// The question to the policies: custom key stores are no resources of their own, and key policies do not count.
pub(crate) fn checks(action: &'static str) -> Checks {
    let protected = Protected::ByIdentity { arn: "*".to_owned() };
    [Check { action, protected }].into_iter().collect()
}

impl Backing {
    /// # Errors
    /// ValidationException when a member is missing that the type needs, or there that it does not have.
    pub(crate) fn parse(input: CreateCustomKeyStoreRequest) -> Result<Self, KmsError> {
        let kind = input.custom_key_store_type.unwrap_or(CustomKeyStoreType::AwsCloudhsm);
        let cloud_hsm = [
            ("CloudHsmClusterId", input.cloud_hsm_cluster_id.is_some()),
            ("KeyStorePassword", input.key_store_password.is_some()),
            ("TrustAnchorCertificate", input.trust_anchor_certificate.is_some()),
        ];
        let external = [
            ("XksProxyConnectivity", input.xks_proxy_connectivity.is_some()),
            ("XksProxyAuthenticationCredential", input.xks_proxy_authentication_credential.is_some()),
            ("XksProxyUriEndpoint", input.xks_proxy_uri_endpoint.is_some()),
            ("XksProxyUriPath", input.xks_proxy_uri_path.is_some()),
        ];
        let endpoint_service = [
            ("XksProxyVpcEndpointServiceName", input.xks_proxy_vpc_endpoint_service_name.is_some()),
            ("XksProxyVpcEndpointServiceOwner", input.xks_proxy_vpc_endpoint_service_owner.is_some()),
        ];
        let needed = |members: &[(&str, bool)]| match members.iter().find(|(_, given)| !given) {
            Some((name, _)) => Err(KmsError::validation(format!(
                "A custom key store of type {} needs {name}.",
                kind.as_str()
            ))),
            None => Ok(()),
        };
        let foreign = |members: &[(&str, bool)]| match members.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(KmsError::validation(format!(
                "{name} does not go with a custom key store of type {}.",
                kind.as_str()
            ))),
            None => Ok(()),
        };
        match kind {
            CustomKeyStoreType::AwsCloudhsm => {
                foreign(&external)?;
                foreign(&endpoint_service)?;
                needed(&cloud_hsm)?;
                Ok(Self::CloudHsm { cluster_id: input.cloud_hsm_cluster_id.unwrap_or_default() })
            }
            CustomKeyStoreType::ExternalKeyStore => {
                foreign(&cloud_hsm)?;
                needed(&external)?;
                match input.xks_proxy_connectivity {
                    Some(XksProxyConnectivityType::VpcEndpointService) => needed(&endpoint_service[..1])?,
                    Some(XksProxyConnectivityType::PublicEndpoint) | None => foreign(&endpoint_service)?,
                }
                Ok(Self::ExternalProxy {
                    endpoint: input.xks_proxy_uri_endpoint.unwrap_or_default(),
                    path: input.xks_proxy_uri_path.unwrap_or_default(),
                })
            }
        }
    }
}

/// Looks at the members of CreateKey that put a key into a custom key store.
///
/// # Errors
/// ValidationException for members that do not go together, CustomKeyStoreNotFoundException for any store.
pub(crate) fn check_new_key(input: &CreateKeyRequest) -> Result<(), KmsError> {
    let external_key = input.xks_key_id.is_some();
    match input.origin {
        Some(origin @ (OriginType::AwsCloudhsm | OriginType::ExternalKeyStore)) => {
            if input.custom_key_store_id.is_none() {
                return Err(KmsError::validation(format!(
                    "A key of origin {} needs CustomKeyStoreId.",
                    origin.as_str()
                )));
            }
            if external_key != (origin == OriginType::ExternalKeyStore) {
                return Err(KmsError::validation(
                    "XksKeyId is needed by keys of origin EXTERNAL_KEY_STORE and goes with no other.",
                ));
            }
        }
        Some(OriginType::AwsKms | OriginType::External) | None if external_key => {
            return Err(KmsError::validation(
                "XksKeyId is needed by keys of origin EXTERNAL_KEY_STORE and goes with no other.",
            ));
        }
        Some(OriginType::AwsKms | OriginType::External) | None => {}
    }
    check_id(input.custom_key_store_id.as_deref())
}

/// Looks at a member that names the custom key store to use.
///
/// # Errors
/// CustomKeyStoreNotFoundException if it is given.
pub(crate) fn check_id(id: Option<&str>) -> Result<(), KmsError> {
    match id {
        None => Ok(()),
        Some(id) => Err(KmsError::CustomKeyStoreNotFound(StoreRef::Id(id.to_owned()))),
    }
}
