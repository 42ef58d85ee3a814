//! Random passwords.
//!
//! Source: Secrets Manager API Reference, GetRandomPassword.

use crate::error::SecretsError;
use keywright_types::{Rng, SecretText};

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const SPACE: &str = " ";

/// What a password is to be made of.
#[derive(Debug)]
pub struct PasswordRule {
    length: usize,
    /// The characters of each class that may occur; a class without any is not here.
    classes: Vec<Vec<u8>>,
    each_class: bool,
}

/// What a caller asks for; none is the default.
#[derive(Debug, Default)]
pub struct Asked {
    pub length: Option<i64>,
    pub exclude: Option<String>,
    pub no_digits: bool,
    pub no_punctuation: bool,
    pub no_upper: bool,
    pub no_lower: bool,
    pub with_space: bool,
    pub each_class: Option<bool>,
}

impl PasswordRule {
    /// # Errors
    /// InvalidParameterException if no character is left, or the length is below the number of classes that must occur.
    pub fn parse(asked: &Asked) -> Result<Self, SecretsError> {
        let length = usize::try_from(asked.length.unwrap_or(32)).unwrap_or_default();
        let excluded = asked.exclude.as_deref().unwrap_or_default();
        let classes: Vec<Vec<u8>> = [
            (LOWER, !asked.no_lower),
            (UPPER, !asked.no_upper),
            (DIGITS, !asked.no_digits),
            (PUNCTUATION, !asked.no_punctuation),
            (SPACE, asked.with_space),
        ]
        .into_iter()
        .filter(|(_, wanted)| *wanted)
        .map(|(class, _)| class.bytes().filter(|byte| !excluded.contains(char::from(*byte))).collect())
        .filter(|class: &Vec<u8>| !class.is_empty())
        .collect();
        let each_class = asked.each_class.unwrap_or(true);
        if classes.is_empty() {
            return Err(SecretsError::parameter(
                "The password can't be generated: every character is excluded.",
            ));
        }
        if each_class && length < classes.len() {
            return Err(SecretsError::parameter(
                "The password length is shorter than the number of character types that it must contain.",
            ));
        }
        Ok(Self { length, classes, each_class })
    }

    /// Every password that follows the rule is as likely as every other: it is drawn as a whole until one does.
    #[must_use]
    pub fn draw(&self, rng: &dyn Rng) -> SecretText {
        let all: Vec<u8> = self.classes.concat();
        loop {
            let drawn: Vec<u8> = (0..self.length).map(|_| all[below(all.len(), rng)]).collect();
            let has = |class: &Vec<u8>| drawn.iter().any(|byte| class.contains(byte));
            if !self.each_class || self.classes.iter().all(has) {
                return SecretText::new(String::from_utf8(drawn).expect("ASCII"));
            }
        }
    }
}

/// A number below `bound`, which is at most 256: numbers that would favour some are drawn again.
fn below(bound: usize, rng: &dyn Rng) -> usize {
    let fair = 256 - 256 % bound;
    loop {
        let [byte]: [u8; 1] = rng.array();
        if usize::from(byte) < fair {
            return usize::from(byte) % bound;
        }
    }
}
