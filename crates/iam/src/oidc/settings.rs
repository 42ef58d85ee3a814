//! What the operator says of a provider. Each part checks itself while it is read, so that an error points at its line.

use keywright_types::AccountId;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

/// A provider of identities: `[[oidc.issuers]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Given")]
pub struct IssuerSettings {
    pub url: IssuerUrl,
    /// Whom the provider's tokens are for; one of them must be the token's.
    pub audiences: Vec<String>,
    pub keys: KeySource,
    /// The accounts whose roles may trust it; empty means the server's first account only.
    pub accounts: Vec<AccountId>,
}

impl IssuerSettings {
    pub(super) fn serves(&self, account: AccountId, home: AccountId) -> bool {
        if self.accounts.is_empty() { account == home } else { self.accounts.contains(&account) }
    }
}

/// Where a provider's public keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    File(PathBuf),
    /// `ca_file` replaces the system's certificates.
    Url {
        address: KeyAddress,
        ca_file: Option<PathBuf>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    url: IssuerUrl,
    audiences: Vec<String>,
    jwks_file: Option<PathBuf>,
    jwks_url: Option<KeyAddress>,
    ca_file: Option<PathBuf>,
    #[serde(default)]
    accounts: Vec<Account>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Account(AccountId);

impl TryFrom<String> for Account {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        AccountId::parse(&text).map(Self).map_err(|fault| fault.to_string())
    }
}

impl TryFrom<Given> for IssuerSettings {
    type Error = String;

    fn try_from(given: Given) -> Result<Self, String> {
        if given.audiences.is_empty() || given.audiences.iter().any(String::is_empty) {
            return Err("audiences names at least one audience, such as \"sts.amazonaws.com\"".to_owned());
        }
        let keys = match (given.jwks_file, given.jwks_url, given.ca_file) {
            (Some(file), None, None) => KeySource::File(file),
            (Some(_), None, Some(_)) => return Err("ca_file goes with jwks_url".to_owned()),
            (None, Some(address), ca_file) => KeySource::Url { address, ca_file },
            (None, None, _) | (Some(_), Some(_), _) => {
                return Err("an issuer has either jwks_file or jwks_url".to_owned());
            }
        };
        Ok(Self {
            url: given.url,
            audiences: given.audiences,
            keys,
            accounts: given.accounts.into_iter().map(|Account(account)| account).collect(),
        })
    }
}

/// A provider's address as its tokens have it in `iss`: compared letter by letter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct IssuerUrl(String);

impl IssuerUrl {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Without the scheme: as ARNs and condition keys name it.
    pub(super) fn place(&self) -> &str {
        let (_, place) = self.0.split_once("://").unwrap_or(("", &self.0));
        place.strip_suffix('/').unwrap_or(place)
    }
}

impl TryFrom<String> for IssuerUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let address = KeyAddress::try_from(text.clone())?;
        if address.0.query().is_some() {
            return Err("an issuer's address has no query".to_owned());
        }
        Ok(Self(text))
    }
}

/// Where keys are fetched from: https, or http from this machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyAddress(pub(super) http::Uri);

impl TryFrom<String> for KeyAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "an address https://host/path is wanted".to_owned();
        let uri: http::Uri = text.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') || uri.host().is_none_or(str::is_empty) || text.contains('#') {
            return Err(wrong());
        }
        match uri.scheme_str() {
            Some("https") => Ok(Self(uri)),
            Some("http") if is_loopback(uri.host().unwrap_or_default()) => Ok(Self(uri)),
            Some("http") => Err("plain http is for this machine's own addresses only; use https".to_owned()),
            _ => Err(wrong()),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
