//! Providers of identities (OpenID Connect): whose tokens are believed, and what a token says.
//!
//! What: [`Issuers`] verifies a token for an account and makes a [`WebIdentity`] of it.
//! Why here: AssumeRoleWithWebIdentity is the one way in without a signature; all that is believed of its token is
//! checked in this module, and nowhere else is a `WebIdentity` made for a request.
//!
//! Invariants
//! - A token names its issuer and its key; neither is looked for anywhere but where the operator's configuration says.
//! - The algorithm must be one of the key's kind. There is no `none` and no HMAC.
//! - Tokens cannot make the server ask a provider more often than once in [`keys::RETRY_AFTER`].
//!
//! Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 7515, RFC 7517, RFC 7519; IAM User Guide, "Pass session tags in
//! AWS STS" and "Available keys for AWS OIDC federation"; texts as AWS answers them, as public reports show.

mod fetch;
mod jwks;
mod keys;
mod settings;
mod token;

pub use settings::{IssuerSettings, IssuerUrl, KeyAddress, KeySource};

use crate::error::IamError;
use keys::{Found, Keys};
use keywright_auth::{WebIdentity, provider_arn};
use keywright_types::{AccountId, Timestamp};
use token::Token;

/// The configured providers.
pub struct Issuers {
    known: Vec<Issuer>,
}

struct Issuer {
    settings: IssuerSettings,
    keys: Keys,
}

impl Issuers {
    /// # Errors
    /// A file of certificates that cannot be used, in words.
    pub fn new(settings: Vec<IssuerSettings>) -> Result<Self, String> {
        let issuer = |settings: IssuerSettings| {
            let keys = Keys::new(&settings.keys)
                .map_err(|fault| format!("oidc issuer {}: {fault}", settings.url.as_str()))?;
            Ok(Issuer { settings, keys })
        };
        Ok(Self { known: settings.into_iter().map(issuer).collect::<Result<_, String>>()? })
    }

    /// What a token says to an account, once everything about it is checked.
    ///
    /// # Errors
    /// InvalidIdentityToken, ExpiredTokenException, and IDPCommunicationError when the provider's keys are not to be had.
    pub async fn verify(
        &self,
        text: &str,
        account: AccountId,
        home: AccountId,
        now: Timestamp,
    ) -> Result<WebIdentity, IamError> {
        let token = Token::parse(text).ok_or_else(|| {
            invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
        })?;
        let issuer = token.issuer()?;
        let found = self.known.iter().find(|known| known.settings.url.as_str() == issuer);
        // What the issuer is for other accounts is none of this one's business.
        let found = found.filter(|known| known.settings.serves(account, home)).ok_or_else(|| {
            invalid(format!("No OpenIDConnect provider found in your account for {}", shown(issuer)))
        })?;
        match found.keys.verify(&token).await {
            Found::Good => {}
            Found::Bad => return Err(invalid("The signature of the web identity token is not valid")),
            Found::NoKey => {
                return Err(invalid(
                    "Couldn't retrieve verification key from your identity provider, please reference \
                     AssumeRoleWithWebIdentity documentation for requirements",
                ));
            }
            Found::NoKeys => {
                return Err(IamError::IdpCommunication {
                    message: "Error communicating with the identity provider".to_owned(),
                });
            }
        }
        token.check_times(now)?;
        let provider = provider_arn(account, found.settings.url.place());
        token.identity(provider, &found.settings.audiences)
    }
}

fn invalid(message: impl Into<String>) -> IamError {
    IamError::InvalidIdentityToken { message: message.into() }
}

/// A claim of a token that nobody vouches for yet, repeated only where it could be an address.
fn shown(issuer: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/.-_~%".contains(&byte);
    if issuer.len() <= 255 && issuer.bytes().all(plain) { issuer } else { "the token's issuer" }
}

#[cfg(test)]
mod tests;
