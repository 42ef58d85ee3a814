//! New passwords: letters, digits and punctuation that stands unquoted in URLs, shells and configuration files.

use keywright_types::{Rng, SecretText};

const CLASSES: [&[u8]; 4] =
    [b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789", b"-_.~"];

/// A password of `length` characters, at least one of each of lower case, upper case and digits; each such one is as likely
/// as each other.
pub(crate) fn draw(length: usize, rng: &dyn Rng) -> SecretText {
    let all: Vec<u8> = CLASSES.concat();
    let fair = 256 - 256 % all.len();
    loop {
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let [byte]: [u8; 1] = rng.array();
            if usize::from(byte) < fair {
                text.push(char::from(all[usize::from(byte) % all.len()]));
            }
        }
        let text = SecretText::new(text);
        let has = |class: &[u8]| text.expose().bytes().any(|byte| class.contains(&byte));
        // Databases' own rules of complexity ask for one of each.
        if CLASSES.iter().all(|class| has(class)) {
            return text;
        }
    }
}
