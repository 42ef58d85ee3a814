//! KMS's condition keys: what a policy's `Condition` may ask about a request.
//!
//! Names come in lower case. Source: Service Authorization Reference, "Condition keys for AWS KMS".

use crate::key::Key;
use crate::ops::symmetric::EncryptionContext;
use crate::service::Resolved;
use keywright_aws::kms::EncryptionAlgorithmSpec;
use keywright_policy::ConditionValue;
use keywright_types::KeyRef;

/// What a cryptographic operation adds to the condition keys.
pub(crate) struct Crypto<'a> {
    pub(crate) key_ref: Option<&'a KeyRef>,
    pub(crate) context: &'a EncryptionContext,
    /// As asked for; without it the default counts.
    pub(crate) algorithm: Option<EncryptionAlgorithmSpec>,
    pub(crate) re_encrypt_on_same_key: Option<bool>,
}

/// The keys that every operation on a key has.
pub(crate) fn of_key<'a>(
    resolved: &'a Resolved,
    key_ref: Option<&'a KeyRef>,
    name: &str,
) -> ConditionValue<'a> {
    if name == "kms:requestalias" {
        return match key_ref {
            Some(KeyRef::Alias(alias)) => ConditionValue::Single(alias.as_str().into()),
            Some(KeyRef::AliasArn(alias)) => ConditionValue::Single(alias.name.as_str().into()),
            Some(KeyRef::Id(_) | KeyRef::Arn(_)) | None => ConditionValue::Absent,
        };
    }
    match resolved {
        Resolved::Key(key) => of_existing(key, name),
        Resolved::NoKey(_) | Resolved::NoAlias(_) => ConditionValue::Absent,
    }
}

fn of_existing<'a>(key: &'a Key, name: &str) -> ConditionValue<'a> {
    match name {
        "kms:keyspec" | "kms:customermasterkeyspec" => ConditionValue::Single(key.spec.as_str().into()),
        "kms:keyusage" | "kms:customermasterkeyusage" => ConditionValue::Single(key.usage.as_str().into()),
        "kms:keyorigin" => ConditionValue::Single(key.origin.as_str().into()),
        "kms:multiregion" => ConditionValue::Bool(false),
        "kms:resourcealiases" if !key.alias_names.is_empty() => {
            ConditionValue::Multi(key.alias_names.iter().map(String::as_str).collect())
        }
        _ => match name.strip_prefix("aws:resourcetag/") {
            // Condition keys ignore case, and so does the tag's name behind them.
            Some(tag) => key
                .tags
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(tag))
                .map_or(ConditionValue::Absent, |(_, value)| ConditionValue::Single(value.into())),
            None => ConditionValue::Absent,
        },
    }
}

/// The keys of a cryptographic operation.
pub(crate) fn of_crypto<'a>(resolved: &'a Resolved, crypto: &Crypto<'a>, name: &str) -> ConditionValue<'a> {
    match name {
        "kms:encryptionalgorithm" => {
            let algorithm = crypto.algorithm.unwrap_or(EncryptionAlgorithmSpec::SymmetricDefault);
            ConditionValue::Single(algorithm.as_str().into())
        }
        "kms:reencryptonsamekey" => {
            crypto.re_encrypt_on_same_key.map_or(ConditionValue::Absent, ConditionValue::Bool)
        }
        _ => of_context(crypto.context, name).unwrap_or_else(|| of_key(resolved, crypto.key_ref, name)),
    }
}

/// The keys that ask about an encryption context, or about that of a grant's constraint; none for other keys.
pub(crate) fn of_context<'a>(context: &'a EncryptionContext, name: &str) -> Option<ConditionValue<'a>> {
    if name == "kms:encryptioncontextkeys" {
        return Some(if context.is_empty() {
            ConditionValue::Absent
        } else {
            ConditionValue::Multi(context.keys().map(String::as_str).collect())
        });
    }
    let pair = name.strip_prefix("kms:encryptioncontext:")?;
    Some(
        context
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(pair))
            .map_or(ConditionValue::Absent, |(_, value)| ConditionValue::Single(value.as_str().into())),
    )
}
