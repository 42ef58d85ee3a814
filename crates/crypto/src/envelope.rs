//! Values under a data key: what GenerateDataKey gave for one value of a secret seals that value and nothing else.

use crate::aead;
use crate::binding::Binding;
use crate::wrap::UnwrapError;
use keywright_types::{Rng, SecretBytes};

/// Where a value belongs: it opens there and nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct ValueContext<'a> {
    /// The ARN of what holds the value.
    pub holder: &'a str,
    /// Which value of the holder's.
    pub version: &'a str,
}

/// Seals `value` under a data key of 32 bytes that seals nothing else: `nonce ‖ ciphertext ‖ tag`.
///
/// # Errors
/// [`UnwrapError`] if the data key has another length.
pub fn seal_value(
    data_key: &SecretBytes,
    context: ValueContext<'_>,
    value: &[u8],
    rng: &dyn Rng,
) -> Result<Vec<u8>, UnwrapError> {
    let key: &[u8; 32] = data_key.expose().try_into().map_err(|_| UnwrapError)?;
    Ok(aead::seal(&aead::key(key), binding(context).bytes(), value, rng))
}

/// # Errors
/// [`UnwrapError`] when it was sealed under another key or for another place, or changed.
pub fn open_value(
    data_key: &SecretBytes,
    context: ValueContext<'_>,
    sealed: &[u8],
) -> Result<SecretBytes, UnwrapError> {
    let key: &[u8; 32] = data_key.expose().try_into().map_err(|_| UnwrapError)?;
    aead::open(&aead::key(key), binding(context).bytes(), sealed).map_err(|aead::NotAuthentic| UnwrapError)
}

fn binding(context: ValueContext<'_>) -> Binding {
    Binding::new("keywright/value/v1").part(context.holder.as_bytes()).part(context.version.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{ValueContext, open_value, seal_value};
    use crate::tests::CountingRng;
    use keywright_types::SecretBytes;

    #[test]
    fn a_value_opens_in_its_place_alone() {
        let key = || SecretBytes::new(vec![7; 32]);
        let here = ValueContext {
            holder: "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a-AbCdEf",
            version: "v1",
        };
        let sealed = seal_value(&key(), here, b"hunter2", &CountingRng::new(1)).expect("32 bytes");
        assert_eq!(open_value(&key(), here, &sealed), Ok(SecretBytes::copy_of(b"hunter2")));
        assert!(open_value(&key(), ValueContext { version: "v2", ..here }, &sealed).is_err());
        assert!(open_value(&key(), ValueContext { holder: "other", ..here }, &sealed).is_err());
        assert!(open_value(&SecretBytes::new(vec![8; 32]), here, &sealed).is_err());
        assert!(open_value(&SecretBytes::new(vec![7; 16]), here, &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open_value(&key(), here, &changed).is_err(), "byte {at}");
        }
        assert!(open_value(&key(), here, &sealed[..20]).is_err());
    }
}
