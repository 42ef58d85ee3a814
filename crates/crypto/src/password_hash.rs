//! Password hashes: Argon2id (RFC 9106), which aws-lc lacks, by RustCrypto.
//!
//! A hash carries its parameters (PHC string format), so that they can grow without a day on which all passwords change.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash as Phc, Version};
use keywright_types::{Rng, SecretText};

/// 46 MiB, twice over, one lane: double of what OWASP's Password Storage Cheat Sheet asks for at that size.
const MEMORY_KIB: u32 = 46 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LEN: usize = 16;
/// Bytes of output.
const HASH_LEN: usize = 32;

/// What is kept of a password. It is not the password, and still nobody's business: it can be guessed against.
pub struct PasswordHash(SecretText);

impl PasswordHash {
    /// Takes some 50 milliseconds and 46 MiB.
    #[must_use]
    pub fn of(password: &SecretText, rng: &dyn Rng) -> Self {
        let salt: [u8; SALT_LEN] = rng.array();
        let hash: Phc = hasher()
            .hash_password_with_salt(password.expose().as_bytes(), &salt)
            .expect("passwords are shorter than Argon2's 4 GiB, and the salt's length is a good one");
        Self(SecretText::new(hash.to_string()))
    }

    /// As stored.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// A stored hash; whether it is one shows when a password is held against it.
    #[must_use]
    pub fn from_stored(text: SecretText) -> Self {
        Self(text)
    }

    /// Whether this is the hash of `password`. Takes as long as making one, whatever the answer.
    ///
    /// # Errors
    /// [`InvalidHash`] when this is none of ours.
    pub fn matches(&self, password: &SecretText) -> Result<bool, InvalidHash> {
        let hash = Phc::new(self.0.expose()).map_err(|_| InvalidHash)?;
        match hasher().verify_password(password.expose().as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(InvalidHash),
        }
    }
}

/// Not a password hash that this program wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored password hash is none")]
pub struct InvalidHash;

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH_LEN)).expect("the constants are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::{InvalidHash, PasswordHash};
    use crate::SystemRng;
    use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
    use keywright_types::SecretText;

    fn text(text: &str) -> SecretText {
        SecretText::new(text.to_owned())
    }

    /// RFC 9106, section 5.3: the library is the algorithm that it says.
    #[test]
    fn the_library_is_rfc_9106_s_argon2id() {
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).expect("short"))
            .output_len(32)
            .build()
            .expect("the parameters of the test vector");
        let secret = [3; 8];
        let argon2 =
            Argon2::new_with_secret(&secret, Algorithm::Argon2id, Version::V0x13, params).expect("short");
        let mut tag = [0; 32];
        argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).expect("it hashes");
        let wanted = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        assert_eq!(tag.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), wanted);
    }

    #[test]
    fn a_hash_knows_its_password_and_no_other() {
        let hash = PasswordHash::of(&text("correct horse"), &SystemRng);
        assert!(hash.expose().starts_with("$argon2id$v=19$m=47104,t=2,p=1$"), "{}", hash.expose());
        let stored = PasswordHash::from_stored(text(hash.expose()));
        assert_eq!(stored.matches(&text("correct horse")), Ok(true));
        for other in ["correct hors", "Correct horse", "", "correct horse\0"] {
            assert_eq!(stored.matches(&text(other)), Ok(false), "{other:?}");
        }
        let again = PasswordHash::of(&text("correct horse"), &SystemRng);
        assert_ne!(hash.expose(), again.expose(), "salted");
    }

    /// Made by the reference implementation's command: `argon2 somesalt -id -m 16 -t 2 -p 1 -e` on "password"
    /// (argon2's own test of `hashtest(version, 2, 16, 1, "password", "somesalt")`).
    #[test]
    fn hashes_of_other_parameters_are_understood() {
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert_eq!(PasswordHash::from_stored(text(hash)).matches(&text("password")), Ok(true));
        assert_eq!(PasswordHash::from_stored(text(hash)).matches(&text("passwort")), Ok(false));
    }

    #[test]
    fn what_is_no_hash_is_an_error_and_not_a_wrong_password() {
        for other in ["", "password", "$argon2id$v=19$m=47104,t=2,p=1$", "$2b$12$abcdefghijklmnopqrstuv"] {
            let judged = PasswordHash::from_stored(text(other)).matches(&text("password"));
            assert_eq!(judged, Err(InvalidHash), "{other}");
        }
    }
}
