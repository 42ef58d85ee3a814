//! A provider's public keys as it publishes them: RFC 7517.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keywright_crypto::{JwsAlgorithm, JwsKey};
use serde::Deserialize;

/// One key, with what it says of itself.
pub(super) struct Key {
    pub(super) id: Option<String>,
    algorithm: Option<JwsAlgorithm>,
    key: JwsKey,
}

impl Key {
    /// Whether the signature is this key's. A key that names its algorithm is good for no other.
    pub(super) fn verifies(&self, algorithm: JwsAlgorithm, signed: &[u8], signature: &[u8]) -> bool {
        self.algorithm.is_none_or(|own| own == algorithm) && self.key.verifies(algorithm, signed, signature)
    }
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

const KEYS_MAX: usize = 100;

/// The keys that can verify. Those of other kinds and uses are passed over, as RFC 7517, section 5 has it; shared secrets
/// (`oct`) are among those.
pub(super) fn parse(text: &[u8]) -> Option<Vec<Key>> {
    let set: Set = serde_json::from_slice(text).ok()?;
    let keys = set.keys.into_iter().take(KEYS_MAX);
    Some(keys.filter_map(|jwk| serde_json::from_value(jwk).ok().and_then(key)).collect())
}

fn key(jwk: Jwk) -> Option<Key> {
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return None;
    }
    let algorithm = match jwk.alg.as_deref() {
        Some(name) => Some(JwsAlgorithm::parse(name)?),
        None => None,
    };
    let bytes = |text: Option<&String>| URL_SAFE_NO_PAD.decode(text?).ok();
    let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => JwsKey::rsa(&bytes(jwk.n.as_ref())?, &bytes(jwk.e.as_ref())?)?,
        ("EC", Some(curve)) => JwsKey::ec(curve, &bytes(jwk.x.as_ref())?, &bytes(jwk.y.as_ref())?)?,
        ("OKP", Some("Ed25519")) => JwsKey::ed25519(&bytes(jwk.x.as_ref())?)?,
        _ => return None,
    };
    Some(Key { id: jwk.kid, algorithm, key })
}
