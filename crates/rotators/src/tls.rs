//! TLS to databases: rustls, the system's certificate authorities, and those of the operator's file.

use crate::settings::RotatorsError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// What every rotator connects with.
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    /// For drivers that build their own: every root, each in DER, and those of the operator's file in PEM.
    pub(crate) roots_der: Vec<Vec<u8>>,
    pub(crate) roots_pem: Option<Vec<u8>>,
}

impl Tls {
    pub(crate) fn new(ca_file: Option<&Path>) -> Result<Self, RotatorsError> {
        let mut certificates: Vec<CertificateDer<'static>> = rustls_native_certs::load_native_certs().certs;
        let mut roots_pem = None;
        if let Some(path) = ca_file {
            let failed = |cause: String| RotatorsError::CaFile { path: path.to_owned(), cause };
            let pem = std::fs::read(path).map_err(|cause| failed(cause.to_string()))?;
            let before = certificates.len();
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                certificates.push(certificate.map_err(|cause| failed(cause.to_string()))?);
            }
            if certificates.len() == before {
                return Err(failed("there is no certificate in it".to_owned()));
            }
            roots_pem = Some(pem);
        }
        let mut roots = RootCertStore::empty();
        let _counts = roots.add_parsable_certificates(certificates.iter().cloned());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has what TLS 1.2 and 1.3 need")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let roots_der = certificates.into_iter().map(|certificate| certificate.to_vec()).collect();
        Ok(Self { config: Arc::new(config), roots_der, roots_pem })
    }
}
