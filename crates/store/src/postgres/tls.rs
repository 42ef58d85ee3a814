//! TLS to the database.

use super::options::PostgresUrlError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What is demanded of the connection; libpq's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TlsMode {
    Disable,
    /// Encrypted; whoever answers is believed.
    Require,
    /// The certificate comes from a known CA, whatever name it bears.
    VerifyCa,
    /// And it bears the name of the host.
    VerifyFull,
}

/// How connections are encrypted; none says not at all.
#[derive(Clone)]
pub(super) struct Tls {
    mode: TlsMode,
    config: Option<Arc<ClientConfig>>,
}

impl Tls {
    pub(super) fn new(mode: TlsMode, root_certificate: Option<&Path>) -> Result<Self, PostgresUrlError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has what TLS 1.2 and 1.3 need");
        let config = match (mode, root_certificate) {
            (TlsMode::Disable, Some(_)) => return Err(PostgresUrlError::UselessRootCertificate("disable")),
            (TlsMode::Require, Some(_)) => return Err(PostgresUrlError::UselessRootCertificate("require")),
            (TlsMode::Disable, None) => return Ok(Self { mode, config: None }),
            (TlsMode::Require, None) => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unnamed { chain: None, provider })),
            (TlsMode::VerifyCa, path) => {
                let chain = WebPkiServerVerifier::builder_with_provider(roots(path)?, Arc::clone(&provider))
                    .build()
                    .map_err(|fault| PostgresUrlError::SystemCertificates(fault.to_string()))?;
                builder
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(Unnamed { chain: Some(chain), provider }))
            }
            (TlsMode::VerifyFull, path) => builder.with_root_certificates(roots(path)?),
        };
        Ok(Self { mode, config: Some(Arc::new(config.with_no_client_auth())) })
    }

    #[cfg(test)]
    pub(super) fn mode(&self) -> TlsMode {
        self.mode
    }

    pub(super) fn connector(&self) -> Option<MakeRustlsConnect> {
        debug_assert_eq!(self.config.is_none(), self.mode == TlsMode::Disable);
        self.config.as_ref().map(|config| MakeRustlsConnect::new(ClientConfig::clone(config)))
    }
}

/// The CAs that are believed: those of the file, or the system's.
fn roots(file: Option<&Path>) -> Result<Arc<RootCertStore>, PostgresUrlError> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(path) => {
            let wrong = |cause: String| PostgresUrlError::RootCertificate { path: path.to_owned(), cause };
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|fault| wrong(fault.to_string()))?
            {
                let certificate = certificate.map_err(|fault| wrong(fault.to_string()))?;
                roots.add(certificate).map_err(|fault| wrong(fault.to_string()))?;
            }
            if roots.is_empty() {
                return Err(wrong("there is no certificate in it".to_owned()));
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                let cause = found.errors.first().map_or("none was found".to_owned(), ToString::to_string);
                return Err(PostgresUrlError::SystemCertificates(cause));
            }
        }
    }
    Ok(Arc::new(roots))
}

/// Believes any name (`verify-ca`), or anybody at all when there is no chain to check (`require`). The handshake's
/// signature is checked in any case.
#[derive(Debug)]
struct Unnamed {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unnamed {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
