//! Configuration: defaults, then `keywright.toml`, then `KEYWRIGHT_…` variables, then flags.
//!
//! An unknown name or a wrong value in the file is an error that points at its place; nothing is
//! guessed and nothing ignored.

use keywright_iam::oidc::IssuerSettings;
use keywright_kms::KmsSettings;
use keywright_rotators::RotatorSettings;
use keywright_store::{PostgresOptions, StoreLocation};
use keywright_types::{AccountId, RegionSet};
use serde::Deserialize;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the server runs with, complete and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of everything this node keeps.
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub store: StoreChoice,
    pub regions: RegionSet,
    /// The account made by the first start; random when none is given.
    pub account_id: Option<AccountId>,
    pub seal_file: PathBuf,
    pub kms: KmsSettings,
    pub rotators: RotatorSettings,
    pub trail: TrailSettings,
    pub limits: Limits,
    pub log: LogSettings,
    /// The providers of identities whose tokens roles may trust.
    pub issuers: Vec<IssuerSettings>,
    /// Whether plain http is allowed on addresses other machines can reach.
    pub allow_plain_http: bool,
    /// Whether other machines are told what the server counts and how its nodes are.
    pub metrics_anywhere: bool,
    /// What a newcomer wants on loopback: account 000000000000 and a printed credentials line.
    pub dev: bool,
}

impl Config {
    /// Where the store is.
    #[must_use]
    pub fn store_location(&self) -> StoreLocation {
        match &self.store {
            StoreChoice::Sqlite => StoreLocation::Sqlite { path: self.data.join("keywright.db") },
            StoreChoice::Postgres(options) => StoreLocation::Postgres(options.clone()),
        }
    }

    /// This node's memory of row versions.
    #[must_use]
    pub fn watermarks(&self) -> PathBuf {
        self.data.join("watermarks.db")
    }
}

/// Which engine keeps the data.
#[derive(Debug, Clone)]
pub enum StoreChoice {
    /// A file in the data folder.
    Sqlite,
    /// A database that several nodes may share.
    Postgres(Box<PostgresOptions>),
}

/// How the trail is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrailSettings {
    /// Whether every record is on the disk before its answer leaves, or within 50 ms.
    pub strict_sync: bool,
    pub segment_bytes_max: u64,
    /// Days that closed segments are kept; none keeps them for ever.
    pub retention_days: Option<u32>,
}

/// Bounds that hold before anything of a request is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub connections_max: usize,
    pub header_seconds_max: u64,
    pub body_seconds_max: u64,
    pub clock_skew_seconds: u64,
}

/// How the server tells what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    pub json: bool,
    /// A `tracing` filter such as `info` or `keywright=debug`.
    pub filter: String,
}

/// Values given at one level: the file, the environment or the flags. All optional.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    pub data: Option<PathBuf>,
    pub listen: Option<String>,
    pub store: Option<String>,
    pub regions: Option<Vec<String>>,
    pub account_id: Option<String>,
    pub allow_plain_http: Option<bool>,
    pub metrics: Option<String>,
    pub dev: Option<bool>,
    pub seal: GivenSeal,
    pub database: GivenDatabase,
    pub cache: GivenCache,
    pub kms: GivenKms,
    pub rotators: GivenRotators,
    pub trail: GivenTrail,
    pub limits: GivenLimits,
    pub log: GivenLog,
    pub oidc: GivenOidc,
}

/// Providers of identities; the file's only, for lists do not fit into variables.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenOidc {
    pub issuers: Option<Vec<IssuerSettings>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenSeal {
    pub kind: Option<String>,
    pub file: Option<PathBuf>,
}

/// How a database of `store` is used.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenDatabase {
    pub password_file: Option<PathBuf>,
    pub connections_max: Option<usize>,
    pub timeout_seconds: Option<u64>,
}

/// What nodes that share a database may remember.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenCache {
    pub max_staleness_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenKms {
    pub rotation: GivenRotation,
    pub cached_keys_max: Option<usize>,
    pub stocked_rsa_keys: Option<usize>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenRotation {
    pub min_days: Option<u32>,
    /// 0 lifts the limit.
    pub on_demand_max: Option<u32>,
}

/// The built-in rotators.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenRotators {
    pub connect_seconds_max: Option<u64>,
    pub step_seconds_max: Option<u64>,
    pub password_length: Option<usize>,
    /// Certificate authorities in PEM, believed beside the system's.
    pub ca_file: Option<PathBuf>,
    /// The hosts that secrets may name; all if there is no list.
    pub allowed_hosts: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenTrail {
    pub sync: Option<String>,
    pub segment_mib_max: Option<u64>,
    pub retention_days: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenLimits {
    pub connections_max: Option<usize>,
    pub header_seconds_max: Option<u64>,
    pub body_seconds_max: Option<u64>,
    pub clock_skew_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenLog {
    pub format: Option<String>,
    pub filter: Option<String>,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration file {path}: {cause}")]
    Unreadable { path: PathBuf, cause: std::io::Error },
    /// The file says something that is no configuration; `span` is the place in `text`, in bytes.
    #[error("{message}")]
    Malformed { path: PathBuf, text: String, span: Option<Range<usize>>, message: String },
    /// A value, from wherever it came, is not one that fits.
    #[error("{name} = {value:?}: {problem}")]
    Value { name: &'static str, value: String, problem: String },
}

impl Given {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] or [`ConfigError::Malformed`] with the place.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
        toml::from_str(&text).map_err(|fault| ConfigError::Malformed {
            path: path.to_owned(),
            span: fault.span(),
            message: fault.message().to_owned(),
            text,
        })
    }

    /// Reads the `KEYWRIGHT_…` variables out of `lookup`.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for one that is not of its kind.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Ok(Self {
            data: lookup("KEYWRIGHT_DATA").map(PathBuf::from),
            listen: lookup("KEYWRIGHT_LISTEN"),
            store: lookup("KEYWRIGHT_STORE"),
            regions: lookup("KEYWRIGHT_REGIONS")
                .map(|list| list.split(',').map(|name| name.trim().to_owned()).collect()),
            account_id: lookup("KEYWRIGHT_ACCOUNT_ID"),
            allow_plain_http: number(&lookup, "KEYWRIGHT_ALLOW_PLAIN_HTTP", "true or false")?,
            metrics: lookup("KEYWRIGHT_METRICS"),
            dev: number(&lookup, "KEYWRIGHT_DEV", "true or false")?,
            seal: GivenSeal {
                kind: lookup("KEYWRIGHT_SEAL_KIND"),
                file: lookup("KEYWRIGHT_SEAL_FILE").map(PathBuf::from),
            },
            database: GivenDatabase {
                password_file: lookup("KEYWRIGHT_DATABASE_PASSWORD_FILE").map(PathBuf::from),
                connections_max: number(&lookup, "KEYWRIGHT_DATABASE_CONNECTIONS_MAX", "a number")?,
                timeout_seconds: number(&lookup, "KEYWRIGHT_DATABASE_TIMEOUT_SECONDS", "a number")?,
            },
            cache: GivenCache {
                max_staleness_seconds: number(
                    &lookup,
                    "KEYWRIGHT_CACHE_MAX_STALENESS_SECONDS",
                    "a number of seconds",
                )?,
            },
            kms: GivenKms {
                rotation: GivenRotation {
                    min_days: number(&lookup, "KEYWRIGHT_KMS_ROTATION_MIN_DAYS", "a number of days")?,
                    on_demand_max: number(&lookup, "KEYWRIGHT_KMS_ROTATION_ON_DEMAND_MAX", "a number")?,
                },
                cached_keys_max: number(&lookup, "KEYWRIGHT_KMS_CACHED_KEYS_MAX", "a number")?,
                stocked_rsa_keys: number(&lookup, "KEYWRIGHT_KMS_STOCKED_RSA_KEYS", "a number")?,
            },
            rotators: GivenRotators {
                connect_seconds_max: number(
                    &lookup,
                    "KEYWRIGHT_ROTATORS_CONNECT_SECONDS_MAX",
                    "a number of seconds",
                )?,
                step_seconds_max: number(
                    &lookup,
                    "KEYWRIGHT_ROTATORS_STEP_SECONDS_MAX",
                    "a number of seconds",
                )?,
                password_length: number(&lookup, "KEYWRIGHT_ROTATORS_PASSWORD_LENGTH", "a number")?,
                ca_file: lookup("KEYWRIGHT_ROTATORS_CA_FILE").map(PathBuf::from),
                allowed_hosts: lookup("KEYWRIGHT_ROTATORS_ALLOWED_HOSTS")
                    .map(|list| list.split(',').map(|host| host.trim().to_owned()).collect()),
            },
            trail: GivenTrail {
                sync: lookup("KEYWRIGHT_TRAIL_SYNC"),
                segment_mib_max: number(&lookup, "KEYWRIGHT_TRAIL_SEGMENT_MIB_MAX", "a number")?,
                retention_days: number(&lookup, "KEYWRIGHT_TRAIL_RETENTION_DAYS", "a number of days")?,
            },
            limits: GivenLimits {
                connections_max: number(&lookup, "KEYWRIGHT_LIMITS_CONNECTIONS_MAX", "a number")?,
                header_seconds_max: number(&lookup, "KEYWRIGHT_LIMITS_HEADER_SECONDS_MAX", "a number")?,
                body_seconds_max: number(&lookup, "KEYWRIGHT_LIMITS_BODY_SECONDS_MAX", "a number")?,
                clock_skew_seconds: number(&lookup, "KEYWRIGHT_LIMITS_CLOCK_SKEW_SECONDS", "a number")?,
            },
            log: GivenLog { format: lookup("KEYWRIGHT_LOG_FORMAT"), filter: lookup("KEYWRIGHT_LOG_FILTER") },
            oidc: GivenOidc::default(),
        })
    }

    /// These values, and `lower`'s where these say nothing.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            data: self.data.or(lower.data),
            listen: self.listen.or(lower.listen),
            store: self.store.or(lower.store),
            regions: self.regions.or(lower.regions),
            account_id: self.account_id.or(lower.account_id),
            allow_plain_http: self.allow_plain_http.or(lower.allow_plain_http),
            metrics: self.metrics.or(lower.metrics),
            dev: self.dev.or(lower.dev),
            seal: GivenSeal {
                kind: self.seal.kind.or(lower.seal.kind),
                file: self.seal.file.or(lower.seal.file),
            },
            database: GivenDatabase {
                password_file: self.database.password_file.or(lower.database.password_file),
                connections_max: self.database.connections_max.or(lower.database.connections_max),
                timeout_seconds: self.database.timeout_seconds.or(lower.database.timeout_seconds),
            },
            cache: GivenCache {
                max_staleness_seconds: self.cache.max_staleness_seconds.or(lower.cache.max_staleness_seconds),
            },
            kms: GivenKms {
                rotation: GivenRotation {
                    min_days: self.kms.rotation.min_days.or(lower.kms.rotation.min_days),
                    on_demand_max: self.kms.rotation.on_demand_max.or(lower.kms.rotation.on_demand_max),
                },
                cached_keys_max: self.kms.cached_keys_max.or(lower.kms.cached_keys_max),
                stocked_rsa_keys: self.kms.stocked_rsa_keys.or(lower.kms.stocked_rsa_keys),
            },
            rotators: GivenRotators {
                connect_seconds_max: self.rotators.connect_seconds_max.or(lower.rotators.connect_seconds_max),
                step_seconds_max: self.rotators.step_seconds_max.or(lower.rotators.step_seconds_max),
                password_length: self.rotators.password_length.or(lower.rotators.password_length),
                ca_file: self.rotators.ca_file.or(lower.rotators.ca_file),
                allowed_hosts: self.rotators.allowed_hosts.or(lower.rotators.allowed_hosts),
            },
            trail: GivenTrail {
                sync: self.trail.sync.or(lower.trail.sync),
                segment_mib_max: self.trail.segment_mib_max.or(lower.trail.segment_mib_max),
                retention_days: self.trail.retention_days.or(lower.trail.retention_days),
            },
            limits: GivenLimits {
                connections_max: self.limits.connections_max.or(lower.limits.connections_max),
                header_seconds_max: self.limits.header_seconds_max.or(lower.limits.header_seconds_max),
                body_seconds_max: self.limits.body_seconds_max.or(lower.limits.body_seconds_max),
                clock_skew_seconds: self.limits.clock_skew_seconds.or(lower.limits.clock_skew_seconds),
            },
            log: GivenLog {
                format: self.log.format.or(lower.log.format),
                filter: self.log.filter.or(lower.log.filter),
            },
            oidc: GivenOidc { issuers: self.oidc.issuers.or(lower.oidc.issuers) },
        }
    }

    /// The complete configuration.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first value that does not fit.
    pub fn complete(self) -> Result<Config, ConfigError> {
        let dev = self.dev.unwrap_or(false);
        let data = self.data.unwrap_or_else(|| PathBuf::from("keywright-data"));
        let account_id = match self.account_id {
            Some(text) => Some(
                AccountId::parse(&text).map_err(|fault| value("account_id", &text, &fault.to_string()))?,
            ),
            None if dev => AccountId::parse("000000000000").ok(),
            None => None,
        };
        let listen_text = self.listen.unwrap_or_else(|| "127.0.0.1:5399".to_owned());
        let listen: SocketAddr = listen_text.parse().map_err(|_| {
            value("listen", &listen_text, "an address and a port such as 127.0.0.1:5399 is wanted")
        })?;
        let allow_plain_http = self.allow_plain_http.unwrap_or(false);
        if !listen.ip().is_loopback() && !allow_plain_http {
            return Err(value(
                "listen",
                &listen_text,
                "other machines can reach this address, and plain http would show them passwords and keys; \
                 listen on 127.0.0.1 behind a proxy that speaks TLS, or set allow_plain_http = true if the \
                 network is protected otherwise",
            ));
        }
        let store = match self.store.as_deref() {
            None | Some("sqlite") => StoreChoice::Sqlite,
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                StoreChoice::Postgres(Box::new(database_options(url, self.database, &self.cache)?))
            }
            // It may be a URL with a password in it: it is not repeated.
            Some(_) => return Err(value("store", "…", "\"sqlite\" or a URL postgres://… is wanted")),
        };
        match self.seal.kind.as_deref() {
            None | Some("file") => {}
            Some(other) => return Err(value("seal.kind", other, "this release has the seal \"file\"")),
        }
        let regions = RegionSet::with_extra(&self.regions.unwrap_or_default()).map_err(|name| {
            value("regions", &name, "a Region's name has lower-case letters, digits and hyphens")
        })?;
        let min_days = self.kms.rotation.min_days.unwrap_or(90);
        if !(1..=2560).contains(&min_days) {
            return Err(value("kms.rotation.min_days", &min_days.to_string(), "1 to 2560 days"));
        }
        let strict_sync = match self.trail.sync.as_deref() {
            None | Some("group") => false,
            Some("strict") => true,
            Some(other) => return Err(value("trail.sync", other, "\"group\" or \"strict\" is wanted")),
        };
        let metrics_anywhere = match self.metrics.as_deref() {
            None | Some("loopback") => false,
            Some("anywhere") => true,
            Some(other) => return Err(value("metrics", other, "\"loopback\" or \"anywhere\" is wanted")),
        };
        let json = match self.log.format.as_deref() {
            None | Some("text") => false,
            Some("json") => true,
            Some(other) => return Err(value("log.format", other, "\"text\" or \"json\" is wanted")),
        };
        Ok(Config {
            seal_file: self.seal.file.unwrap_or_else(|| data.join("root.key")),
            data,
            listen,
            store,
            regions,
            account_id,
            kms: KmsSettings {
                rotation_days_min: min_days,
                on_demand_rotations_max: match self.kms.rotation.on_demand_max {
                    None => Some(25),
                    Some(0) => None,
                    Some(limit) => Some(limit),
                },
                cached_keys_max: at_least("kms.cached_keys_max", self.kms.cached_keys_max, 100_000, 100)?,
                stocked_key_pairs: match self.kms.stocked_rsa_keys.unwrap_or(3) {
                    size @ 0..=1000 => size,
                    size => {
                        return Err(value("kms.stocked_rsa_keys", &size.to_string(), "0 to 1000 is wanted"));
                    }
                },
            },
            rotators: rotators(self.rotators)?,
            trail: TrailSettings {
                strict_sync,
                segment_bytes_max: at_least("trail.segment_mib_max", self.trail.segment_mib_max, 64, 1)?
                    << 20,
                retention_days: self.trail.retention_days,
            },
            limits: Limits {
                connections_max: at_least("limits.connections_max", self.limits.connections_max, 10_000, 1)?,
                header_seconds_max: at_least(
                    "limits.header_seconds_max",
                    self.limits.header_seconds_max,
                    10,
                    1,
                )?,
                body_seconds_max: at_least("limits.body_seconds_max", self.limits.body_seconds_max, 30, 1)?,
                clock_skew_seconds: at_least(
                    "limits.clock_skew_seconds",
                    self.limits.clock_skew_seconds,
                    300,
                    1,
                )?,
            },
            issuers: issuers(self.oidc)?,
            log: LogSettings { json, filter: self.log.filter.unwrap_or_else(|| "info".to_owned()) },
            allow_plain_http,
            metrics_anywhere,
            dev,
        })
    }
}

fn rotators(given: GivenRotators) -> Result<RotatorSettings, ConfigError> {
    let default = RotatorSettings::default();
    let seconds =
        |name, given, default: Duration| at_least(name, given, default.as_secs(), 1).map(Duration::from_secs);
    let password_length = match given.password_length.unwrap_or(default.password_length) {
        length @ 16..=128 => length,
        length => {
            let problem = "16 to 128 characters are wanted";
            return Err(value("rotators.password_length", &length.to_string(), problem));
        }
    };
    Ok(RotatorSettings {
        connect_timeout: seconds(
            "rotators.connect_seconds_max",
            given.connect_seconds_max,
            default.connect_timeout,
        )?,
        step_timeout: seconds("rotators.step_seconds_max", given.step_seconds_max, default.step_timeout)?,
        password_length,
        ca_file: given.ca_file,
        allowed_hosts: given.allowed_hosts,
    })
}

/// A provider is configured once: with two sets of keys nobody could say which of them counts.
fn issuers(given: GivenOidc) -> Result<Vec<IssuerSettings>, ConfigError> {
    let issuers = given.issuers.unwrap_or_default();
    for (at, issuer) in issuers.iter().enumerate() {
        if issuers[..at].iter().any(|other| other.url == issuer.url) {
            return Err(value("oidc.issuers.url", issuer.url.as_str(), "this issuer is there already"));
        }
    }
    Ok(issuers)
}

fn database_options(
    url: &str,
    database: GivenDatabase,
    cache: &GivenCache,
) -> Result<PostgresOptions, ConfigError> {
    let mut options =
        PostgresOptions::parse(url).map_err(|fault| value("store", "postgres://…", &fault.to_string()))?;
    options.password_file = database.password_file;
    options.connections_max =
        at_least("database.connections_max", database.connections_max, options.connections_max, 2)?;
    let seconds =
        |name, given, default: Duration| at_least(name, given, default.as_secs(), 1).map(Duration::from_secs);
    options.timeout = seconds("database.timeout_seconds", database.timeout_seconds, options.timeout)?;
    options.max_staleness =
        seconds("cache.max_staleness_seconds", cache.max_staleness_seconds, options.max_staleness)?;
    Ok(options)
}

fn value(name: &'static str, value: &str, problem: &str) -> ConfigError {
    ConfigError::Value { name, value: value.to_owned(), problem: problem.to_owned() }
}

fn at_least<T: PartialOrd + ToString>(
    name: &'static str,
    given: Option<T>,
    default: T,
    least: T,
) -> Result<T, ConfigError> {
    let chosen = given.unwrap_or(default);
    if chosen < least {
        return Err(value(name, &chosen.to_string(), &format!("at least {} is wanted", least.to_string())));
    }
    Ok(chosen)
}

fn number<T: std::str::FromStr>(
    lookup: &impl Fn(&str) -> Option<String>,
    name: &'static str,
    wanted: &str,
) -> Result<Option<T>, ConfigError> {
    let Some(text) = lookup(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| value(name, &text, &format!("{wanted} is wanted")))
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, Given};

    #[test]
    fn defaults_are_the_documented_ones() {
        let config = Given::default().complete().expect("defaults fit");
        assert_eq!(config.listen.to_string(), "127.0.0.1:5399");
        assert_eq!(config.data.to_string_lossy(), "keywright-data");
        assert_eq!(config.kms.rotation_days_min, 90);
        assert_eq!(config.kms.on_demand_rotations_max, Some(25));
        assert!(!config.metrics_anywhere);
    }

    #[test]
    fn an_unknown_name_points_at_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keywright.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:1\"\n\n[kms]\nrotatoin = 3\n").expect("written");
        match Given::from_file(&path) {
            Err(ConfigError::Malformed { text, span: Some(span), .. }) => {
                assert_eq!(&text[span], "rotatoin");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only() {
        let open = Given { listen: Some("0.0.0.0:5399".into()), ..Given::default() };
        assert!(matches!(open.clone().complete(), Err(ConfigError::Value { name: "listen", .. })));
        let allowed = Given { allow_plain_http: Some(true), ..open };
        assert!(allowed.complete().is_ok());
    }

    #[test]
    fn flags_go_over_the_environment_over_the_file() {
        let file = Given { listen: Some("127.0.0.1:1".into()), dev: Some(true), ..Given::default() };
        let environment =
            Given::from_environment(|name| (name == "KEYWRIGHT_LISTEN").then(|| "127.0.0.1:2".to_owned()))
                .expect("fits");
        let flags = Given { listen: Some("127.0.0.1:3".into()), ..Given::default() };
        let config = flags.over(environment.clone()).over(file.clone()).complete().expect("fits");
        assert_eq!(config.listen.port(), 3);
        assert_eq!(environment.over(file).complete().expect("fits").listen.port(), 2);
    }
}
