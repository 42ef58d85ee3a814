//! Where the database is and how it is reached: a URL as libpq and every other client of PostgreSQL takes it.

use super::tls::{Tls, TlsMode};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// How long an answer of the database is waited for.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECTIONS_MAX: usize = 16;
const MAX_STALENESS: Duration = Duration::from_secs(60);

/// How the database is reached.
#[derive(Clone)]
pub struct PostgresOptions {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// The file with the password, read anew for every connection, so that a new password needs no restart.
    pub password_file: Option<PathBuf>,
    /// Connections for requests and timers together; one more follows the changes of other nodes.
    pub connections_max: usize,
    /// How long one answer of the database is waited for.
    pub timeout: Duration,
    /// Do without PostgreSQL's transaction ids, as on clusters that have none; found out by itself otherwise.
    pub without_transaction_ids: bool,
    /// How long a node that hears nothing of other nodes' changes goes on with what it remembers.
    pub max_staleness: Duration,
    /// The URL without its password, for messages.
    shown: String,
}

impl std::fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PostgresOptions").field(&self.shown).finish()
    }
}

impl std::fmt::Display for PostgresOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// What is wrong with the URL of a database. No message quotes the URL: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum PostgresUrlError {
    #[error(
        "it is no PostgreSQL URL ({0}); one looks like postgres://user@host:5432/database?sslmode=verify-full"
    )]
    Malformed(String),
    #[error("it names no database: postgres://user@host/DATABASE")]
    NoDatabase,
    #[error("it names no user: postgres://USER@host/database")]
    NoUser,
    #[error(
        "sslmode={0} is not offered: use verify-full (the default for other machines), verify-ca, require (encrypts, \
         and trusts whoever answers) or disable"
    )]
    SslMode(String),
    #[error("sslmode={0} and sslrootcert contradict each other")]
    UselessRootCertificate(&'static str),
    #[error("the certificates in {path} cannot be used: {cause}")]
    RootCertificate { path: PathBuf, cause: String },
    #[error("the system's certificates cannot be used: {0}; name the database's CA with sslrootcert=FILE")]
    SystemCertificates(String),
}

impl PostgresOptions {
    /// Reads a URL such as `postgres://keywright@db.example/keywright?sslmode=verify-full&sslrootcert=/etc/ca.pem`.
    /// Several hosts may stand behind each other, with `target_session_attrs=read-write` for a primary that moves.
    ///
    /// # Errors
    /// [`PostgresUrlError`].
    pub fn parse(url: &str) -> Result<Self, PostgresUrlError> {
        let (url, tls_options) = take_tls_options(url);
        // The parser's message names parts of the URL, its cause does not.
        let mut config: Config = url.parse().map_err(|fault: tokio_postgres::Error| {
            let cause = std::error::Error::source(&fault).map(ToString::to_string);
            PostgresUrlError::Malformed(cause.unwrap_or_else(|| "it cannot be read".to_owned()))
        })?;
        let dbname = config.get_dbname().ok_or(PostgresUrlError::NoDatabase)?.to_owned();
        let user = config.get_user().ok_or(PostgresUrlError::NoUser)?.to_owned();
        let local = config.get_hosts().iter().all(is_local);
        let mode = match tls_options.mode.as_deref() {
            None if local => TlsMode::Disable,
            None | Some("verify-full") => TlsMode::VerifyFull,
            Some("verify-ca") => TlsMode::VerifyCa,
            Some("require") => TlsMode::Require,
            Some("disable") => TlsMode::Disable,
            Some(other) => return Err(PostgresUrlError::SslMode(other.to_owned())),
        };
        let tls = Tls::new(mode, tls_options.root_certificate.as_deref())?;
        config.ssl_mode(if mode == TlsMode::Disable { SslMode::Disable } else { SslMode::Require });
        config.application_name(concat!("keywright/", env!("CARGO_PKG_VERSION")));
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        // A peer that is gone without a word is noticed within seconds, not within the kernel's quarter of an hour.
        config.tcp_user_timeout(TIMEOUT);
        config.keepalives_idle(Duration::from_secs(10));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(2);
        let hosts: Vec<String> = config
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(at, host)| {
                let port = config.get_ports().get(at).or(config.get_ports().last()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) => format!("{name}:{port}"),
                    Host::Unix(folder) => format!("{}:{port}", folder.display()),
                }
            })
            .collect();
        Ok(Self {
            shown: format!("postgres://{user}@{}/{dbname}", hosts.join(",")),
            config,
            tls,
            password_file: None,
            connections_max: CONNECTIONS_MAX,
            timeout: TIMEOUT,
            without_transaction_ids: false,
            max_staleness: MAX_STALENESS,
        })
    }
}

/// What the driver's own URL parser does not know.
#[derive(Default)]
struct TlsOptions {
    mode: Option<String>,
    root_certificate: Option<PathBuf>,
}

/// Splits what concerns TLS off the URL's options.
fn take_tls_options(url: &str) -> (String, TlsOptions) {
    let mut options = TlsOptions::default();
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), options) };
    let mut rest = Vec::new();
    for option in query.split('&') {
        match option.split_once('=') {
            Some(("sslmode", value)) => options.mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => {
                options.root_certificate = Some(Path::new(&percent_decoded(value)).to_owned());
            }
            _ => rest.push(option),
        }
    }
    let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
    (url, options)
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PostgresOptions, PostgresUrlError};
    use crate::postgres::tls::TlsMode;

    #[test]
    fn passwords_are_never_shown() {
        let options =
            PostgresOptions::parse("postgres://kw:hunter2secret@127.0.0.1:5433/keys").expect("it fits");
        assert_eq!(options.to_string(), "postgres://kw@127.0.0.1:5433/keys");
        assert!(!format!("{options:?}").contains("hunter2secret"));
        for wrong in [
            "postgres://kw:hunter2secret@127.0.0.1:nonsense/keys",
            "postgres://kw:hunter2secret@127.0.0.1/keys?nonsense=hunter2secret",
            "postgres://kw:hunter2secret@127.0.0.1/",
            "hunter2secret",
        ] {
            let fault = PostgresOptions::parse(wrong).expect_err(wrong).to_string();
            assert!(!fault.contains("hunter2secret"), "{fault}");
        }
    }

    #[test]
    fn other_machines_are_verified_unless_the_operator_says_otherwise() {
        let mode = |url: &str| PostgresOptions::parse(url).map(|options| options.tls.mode());
        assert_eq!(mode("postgres://kw@127.0.0.1/keys").expect("fits"), TlsMode::Disable);
        assert_eq!(mode("postgres://kw@%2Frun%2Fpostgresql/keys").expect("fits"), TlsMode::Disable);
        assert_eq!(mode("postgres://kw@db.example/keys?sslmode=disable").expect("fits"), TlsMode::Disable);
        assert_eq!(mode("postgres://kw@db.example/keys?sslmode=require").expect("fits"), TlsMode::Require);
        assert_eq!(mode("postgres://kw@127.0.0.1,db.example/keys").expect("fits"), TlsMode::VerifyFull);
        assert!(matches!(
            mode("postgres://kw@db.example/keys?sslmode=prefer"),
            Err(PostgresUrlError::SslMode(_))
        ));
        assert!(matches!(
            mode("postgres://kw@db.example/keys?sslrootcert=/no/such%20file"),
            Err(PostgresUrlError::RootCertificate { path, .. }) if path.ends_with("such file")
        ));
    }
}
