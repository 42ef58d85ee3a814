//! Reads a provider's keys from a file or over the network.
//!
//! The address is the operator's, never a token's; redirections are not followed, answers are bounded in size and time.

use super::jwks::{self, Key};
use super::settings::{KeyAddress, KeySource};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const BYTES_MAX: usize = 256 * 1024;
const WITHIN: Duration = Duration::from_secs(5);

pub(super) enum Source {
    File(PathBuf),
    Plain(KeyAddress),
    Tls(KeyAddress, TlsConnector),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Plain(address) | Self::Tls(address, _) => address.0.fmt(f),
        }
    }
}

impl Source {
    pub(super) fn new(source: &KeySource) -> Result<Self, String> {
        Ok(match source {
            KeySource::File(path) => Self::File(path.clone()),
            KeySource::Url { address, ca_file } if address.0.scheme_str() == Some("https") => {
                let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
                let config = ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .map_err(|fault| fault.to_string())?
                    .with_root_certificates(roots(ca_file.as_deref())?)
                    .with_no_client_auth();
                Self::Tls(address.clone(), TlsConnector::from(Arc::new(config)))
            }
            KeySource::Url { address, .. } => Self::Plain(address.clone()),
        })
    }

    pub(super) async fn read(&self) -> Result<Vec<Key>, String> {
        let text = tokio::time::timeout(WITHIN, self.text())
            .await
            .map_err(|_| format!("no answer within {} s", WITHIN.as_secs()))??;
        let keys = jwks::parse(&text).ok_or("this is no set of keys (RFC 7517)")?;
        if keys.is_empty() {
            Err("there is no key in it that signatures can be verified with".to_owned())
        } else {
            Ok(keys)
        }
    }

    async fn text(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
                read.map_err(|fault| fault.to_string())?.map_err(|fault| fault.to_string())
            }
            Self::Plain(address) => get(connect(address, 80).await?, address).await,
            Self::Tls(address, connector) => {
                let host = address.0.host().unwrap_or_default();
                let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                let name = ServerName::try_from(bare).map_err(|fault| fault.to_string())?;
                let stream = connect(address, 443).await?;
                let stream = connector.connect(name, stream).await.map_err(|fault| fault.to_string())?;
                get(stream, address).await
            }
        }
    }
}

fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(BYTES_MAX as u64).read_to_end(&mut text)?;
    Ok(text)
}

async fn connect(address: &KeyAddress, default_port: u16) -> Result<TcpStream, String> {
    let host = address.0.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = address.0.port_u16().unwrap_or(default_port);
    TcpStream::connect((host, port)).await.map_err(|fault| fault.to_string())
}

async fn get<S>(stream: S, address: &KeyAddress) -> Result<Vec<u8>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|fault| fault.to_string())?;
    let path = address.0.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let request = http::Request::get(path)
        .header(http::header::HOST, address.0.authority().map_or("", http::uri::Authority::as_str))
        .header(http::header::ACCEPT, "application/jwk-set+json, application/json")
        .body(Empty::<Bytes>::new())
        .map_err(|fault| fault.to_string())?;
    let asking = async {
        let answer = sender.send_request(request).await.map_err(|fault| fault.to_string())?;
        if answer.status() != http::StatusCode::OK {
            return Err(format!("the answer is {}", answer.status()));
        }
        let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await;
        body.map(|body| body.to_bytes().to_vec()).map_err(|fault| fault.to_string())
    };
    tokio::pin!(asking);
    tokio::pin!(connection);
    tokio::select! {
        text = &mut asking => text,
        // The connection may end with the last byte of the answer, which is then still to be taken.
        _ended = &mut connection => asking.await,
    }
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let wrong = |fault: String| format!("{}: {fault}", path.display());
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|fault| wrong(fault.to_string()))?
            {
                let certificate = certificate.map_err(|fault| wrong(fault.to_string()))?;
                roots.add(certificate).map_err(|fault| wrong(fault.to_string()))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        Err("there are no certificates to check the provider's with".to_owned())
    } else {
        Ok(roots)
    }
}
