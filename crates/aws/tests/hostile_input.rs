//! Whatever a stranger sends, reading it ends in a value or an error. proptest prints the seed of a failure.

use keywright_aws::{DecodeError, Input, JsonWriter, json, kms, query, secretsmanager};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

fn decode<I: Input>(body: &[u8]) -> Result<I, DecodeError> {
    I::decode(&json::parse(body)?)
}

/// Reads `body` as several inputs, and shows what came out to the trail.
fn try_all(body: &[u8]) {
    fn try_one<I: Input>(body: &[u8]) {
        match decode::<I>(body) {
            Ok(input) => {
                let mut out = JsonWriter::default();
                input.write_audit(&mut out);
                assert!(serde_json::from_slice::<serde_json::Value>(out.as_bytes()).is_ok());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    try_one::<kms::EncryptRequest>(body);
    try_one::<kms::DecryptRequest>(body);
    try_one::<kms::CreateKeyRequest>(body);
    try_one::<kms::CreateGrantRequest>(body);
    try_one::<kms::ImportKeyMaterialRequest>(body);
    try_one::<secretsmanager::CreateSecretRequest>(body);
    try_one::<secretsmanager::ListSecretsRequest>(body);
}

/// JSON whose names are often those of the models, with values of any kind.
fn json_like() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        any::<String>().prop_map(serde_json::Value::from),
        "[A-Za-z0-9+/]{0,8}={0,2}".prop_map(serde_json::Value::from),
        proptest::sample::select(vec!["SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Decrypt", "AWS_KMS", "name"])
            .prop_map(serde_json::Value::from),
    ];
    let name = prop_oneof![
        proptest::sample::select(vec![
            "KeyId",
            "Plaintext",
            "CiphertextBlob",
            "EncryptionContext",
            "GrantTokens",
            "EncryptionAlgorithm",
            "DryRun",
            "Tags",
            "TagKey",
            "TagValue",
            "Operations",
            "Constraints",
            "EncryptionContextSubset",
            "Recipient",
            "AttestationDocument",
            "ValidTo",
            "Name",
            "Filters",
            "Key",
            "Values",
            "SecretString",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes(body: Vec<u8>) {
        try_all(&body);
    }

    #[test]
    fn arbitrary_text(body in "[\\[\\]{}\",:0-9eE.+\\-a-zA-Z\\\\ ]{0,60}") {
        try_all(body.as_bytes());
    }

    #[test]
    fn arbitrary_json(value in json_like()) {
        try_all(value.to_string().as_bytes());
    }

    #[test]
    fn cut_and_changed_requests(at in 0_usize..120, byte: u8) {
        let body = br#"{"KeyId":"alias/a","Plaintext":"aHVudGVyMg==","EncryptionContext":{"a":"b","c":"d"},"DryRun":false}"#;
        try_all(&body[..at.min(body.len())]);
        let mut changed = body.to_vec();
        if let Some(slot) = changed.get_mut(at) {
            *slot = byte;
        }
        try_all(&changed);
    }

    #[test]
    fn arbitrary_forms(form in "[A-Ca-c.0-9&=%+]{0,60}", any_form: String) {
        // Reading ends; what it ends in is the business of the tests of the query protocol.
        drop(query::parse(&form).map(|request| kms::ListKeysRequest::decode(&request.input).is_ok()));
        drop(query::parse(&any_form).map(|request| kms::ListKeysRequest::decode(&request.input).is_ok()));
    }

    /// What is written is read back as the same, by another reader too (serde_json).
    #[test]
    fn encrypt_requests_round_trip(
        key_id in "[ -~]{1,40}",
        plaintext in proptest::collection::vec(any::<u8>(), 1..200),
        context in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..5),
    ) {
        let input = kms::EncryptRequest {
            key_id: key_id.clone(),
            plaintext: keywright_types::SecretBytes::copy_of(&plaintext),
            encryption_context: Some(context.clone()),
            grant_tokens: None,
            encryption_algorithm: None,
            dry_run: Some(true),
        };
        let mut out = JsonWriter::default();
        input.encode(&mut out);
        let again: kms::EncryptRequest = decode(out.as_bytes()).expect("what was written is valid");
        assert!(again == input);
        let other: serde_json::Value = serde_json::from_slice(out.as_bytes()).expect("valid JSON");
        assert_eq!(other["KeyId"], serde_json::Value::from(key_id));
        let pairs = other["EncryptionContext"].as_object().expect("a map");
        assert_eq!(pairs.len(), context.len());
        for (name, value) in &context {
            assert_eq!(pairs[name], serde_json::Value::from(value.as_str()));
        }
    }
}

/// A megabyte of the dearest input that the limits allow does not take long: quadratic work would.
#[test]
fn bombs_are_cheap() {
    let members: Vec<String> = (0..9_000).map(|i| format!("\"{i:0100}\":\"v\"")).collect();
    let body = format!(r#"{{"KeyId":"x","Plaintext":"AA==","EncryptionContext":{{{}}}}}"#, members.join(","));
    let input: kms::EncryptRequest = decode(body.as_bytes()).expect("many entries are allowed");
    assert_eq!(input.encryption_context.map(|context| context.len()), Some(9_000));

    let tags = vec![r#"{"TagKey":""}"#; 3_000].join(",");
    let error = decode::<kms::TagResourceRequest>(format!(r#"{{"KeyId":"x","Tags":[{tags}]}}"#).as_bytes())
        .expect_err("every tag is wrong");
    assert!(error.to_string().starts_with("100 validation errors detected: "));
    assert!(error.to_string().len() < 20_000);
}
