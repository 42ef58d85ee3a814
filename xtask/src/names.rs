//! Names of the models, turned into names of Rust and of the trail.

/// The words of a name: `AWSAccountId` → aws, account, id; `RSA_2048` → rsa, 2048; `tag-key` → tag, key.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let previous = at.checked_sub(1).and_then(|before| chars.get(before)).copied();
        let next = chars.get(at + 1).copied();
        let starts = c.is_ascii_uppercase()
            && previous.is_some_and(|p| {
                p.is_ascii_lowercase()
                    || (p.is_ascii_digit() && next.is_some_and(|n| n.is_ascii_lowercase()))
                    || (p.is_ascii_uppercase() && next.is_some_and(|n| n.is_ascii_lowercase()))
            });
        if starts && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(c.to_ascii_lowercase());
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// `KeyId` → `key_id`; a word of the language becomes a raw identifier.
pub fn snake_case(name: &str) -> String {
    let joined = words(name).join("_");
    match joined.as_str() {
        "type" | "match" | "mod" | "move" | "ref" | "use" | "where" | "enum" | "static" | "in" | "for"
        | "loop" | "return" | "const" | "dyn" | "async" | "await" | "box" | "fn" | "impl" | "let"
        | "trait" | "yield" => {
            format!("r#{joined}")
        }
        _ => joined,
    }
}

/// `SYMMETRIC_DEFAULT` → `SymmetricDefault`, `KMSInternalException` → `KmsInternalException`. The one name
/// that Rust does not allow, `Self`, becomes `SelfValue`.
pub fn pascal_case(name: &str) -> String {
    let joined: String = words(name)
        .iter()
        .map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
        })
        .collect();
    if joined == "Self" { "SelfValue".to_owned() } else { joined }
}

/// `CreateKey` → `CREATE_KEY`.
pub fn constant_case(name: &str) -> String {
    words(name).join("_").to_ascii_uppercase()
}

/// As AWS spells members in violations: `KeyId` → `keyId`.
pub fn violation_name(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + chars.as_str())
}

/// As CloudTrail spells members: like violations, but `ARN` is `arn` (Secrets Manager, since February 2024).
pub fn audit_name(name: &str) -> String {
    if name == "ARN" { "arn".to_owned() } else { violation_name(name) }
}

/// A Rust string literal.
pub fn literal(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::{audit_name, constant_case, pascal_case, snake_case, violation_name};

    #[test]
    fn rust_names() {
        for (wire, snake) in [
            ("KeyId", "key_id"),
            ("AWSAccountId", "aws_account_id"),
            ("ARN", "arn"),
            ("RotationLambdaARN", "rotation_lambda_arn"),
            ("VersionIdsToStages", "version_ids_to_stages"),
            ("Type", "r#type"),
            ("XksProxyUriPath", "xks_proxy_uri_path"),
        ] {
            assert_eq!(snake_case(wire), snake);
        }
        for (wire, pascal) in [
            ("SYMMETRIC_DEFAULT", "SymmetricDefault"),
            ("RSAES_OAEP_SHA_256", "RsaesOaepSha256"),
            ("ECC_NIST_P256", "EccNistP256"),
            ("ECC_SECG_P256K1", "EccSecgP256k1"),
            ("GenerateDataKey", "GenerateDataKey"),
            ("tag-key", "TagKey"),
            ("InSync", "InSync"),
            ("SELF", "SelfValue"),
            ("KMSInternalException", "KmsInternalException"),
            ("XksProxyUriInUseException", "XksProxyUriInUseException"),
        ] {
            assert_eq!(pascal_case(wire), pascal);
        }
        assert_eq!(constant_case("GenerateDataKeyWithoutPlaintext"), "GENERATE_DATA_KEY_WITHOUT_PLAINTEXT");
    }

    #[test]
    fn trail_names() {
        assert_eq!(violation_name("KeyId"), "keyId");
        assert_eq!(audit_name("AWSAccountId"), "aWSAccountId");
        assert_eq!(audit_name("ARN"), "arn");
    }
}
