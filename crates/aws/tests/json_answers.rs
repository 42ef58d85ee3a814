//! Answers, errors and audit parameters of the JSON 1.1 services.

use keywright_aws::kms::{self, KmsErrorCode};
use keywright_aws::{DocumentWriter, Input, JsonWriter, Output, WireError, json, keywright, secretsmanager};
use keywright_types::{SecretBytes, SecretText, Timestamp};
use std::collections::BTreeMap;

fn encoded(output: &impl Output) -> String {
    let mut out = JsonWriter::default();
    output.encode(&mut out);
    String::from_utf8(out.into_bytes()).expect("JSON is UTF-8")
}

fn audited(write: impl FnOnce(&mut JsonWriter)) -> String {
    let mut out = JsonWriter::default();
    write(&mut out);
    String::from_utf8(out.into_bytes()).expect("JSON is UTF-8")
}

fn request<I: Input>(body: &str) -> I {
    let node = json::parse(body.as_bytes()).expect("valid JSON");
    I::decode(&node).unwrap_or_else(|error| panic!("{body}: {error}"))
}

/// The members of the sample response of the KMS API reference (DescribeKey), in the model's order.
#[test]
fn an_output_in_json() {
    let output = kms::DescribeKeyResponse {
        key_metadata: Some(kms::KeyMetadata {
            aws_account_id: Some("111122223333".into()),
            key_id: "1234abcd-12ab-34cd-56ef-1234567890ab".into(),
            creation_date: Some(Timestamp::from_millis(1_499_988_169_234)),
            enabled: Some(true),
            description: Some(String::new()),
            key_usage: Some(kms::KeyUsageType::EncryptDecrypt),
            key_state: Some(kms::KeyState::Enabled),
            origin: Some(kms::OriginType::AwsKms),
            encryption_algorithms: Some(vec![kms::EncryptionAlgorithmSpec::SymmetricDefault]),
            ..kms::KeyMetadata::default()
        }),
    };
    assert_eq!(
        encoded(&output),
        concat!(
            r#"{"KeyMetadata":{"AWSAccountId":"111122223333","KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","#,
            r#""CreationDate":1499988169.234,"Enabled":true,"Description":"","KeyUsage":"ENCRYPT_DECRYPT","#,
            r#""KeyState":"Enabled","Origin":"AWS_KMS","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"]}}"#
        )
    );
    let output = kms::DecryptResponse {
        plaintext: Some(SecretBytes::copy_of(b"foobar")),
        ..kms::DecryptResponse::default()
    };
    assert_eq!(encoded(&output), r#"{"Plaintext":"Zm9vYmFy"}"#);
    let output = secretsmanager::DescribeSecretResponse {
        version_ids_to_stages: Some(BTreeMap::from([("v1".to_owned(), vec!["AWSCURRENT".to_owned()])])),
        ..secretsmanager::DescribeSecretResponse::default()
    };
    assert_eq!(encoded(&output), r#"{"VersionIdsToStages":{"v1":["AWSCURRENT"]}}"#);
    let output =
        keywright::ListRotationsResponse { rotations: Vec::new(), truncated: false, next_marker: None };
    assert_eq!(encoded(&output), r#"{"Rotations":[],"Truncated":false}"#);
}

/// After the requestParameters of CloudTrail's records in the KMS developer guide: lower camel case, no
/// plaintext, no ciphertext, the algorithm named although it was not sent.
#[test]
fn audit_parameters() {
    let encrypt: kms::EncryptRequest = request(
        r#"{"KeyId":"alias/a","Plaintext":"aHVudGVyMg==","EncryptionContext":{"Department":"Engineering"},
            "GrantTokens":["hunter2"]}"#,
    );
    let text = audited(|out| encrypt.write_audit(out));
    assert_eq!(
        text,
        concat!(
            r#"{"keyId":"alias/a","encryptionContext":{"Department":"Engineering"},"#,
            r#""encryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#
        )
    );
    let decrypt: kms::DecryptRequest = request(
        r#"{"CiphertextBlob":"AAAA","EncryptionAlgorithm":"RSAES_OAEP_SHA_256","KeyId":"x","DryRun":true}"#,
    );
    assert_eq!(
        audited(|out| decrypt.write_audit(out)),
        r#"{"keyId":"x","encryptionAlgorithm":"RSAES_OAEP_SHA_256","dryRun":true}"#
    );
    let reencrypt: kms::ReEncryptRequest = request(r#"{"CiphertextBlob":"AAAA","DestinationKeyId":"x"}"#);
    assert_eq!(
        audited(|out| reencrypt.write_audit(out)),
        concat!(
            r#"{"destinationKeyId":"x","sourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT","#,
            r#""destinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT"}"#
        )
    );
    let output = kms::ScheduleKeyDeletionResponse {
        key_id: Some("x".into()),
        deletion_date: Some(Timestamp::from_seconds(1_618_253_910)),
        key_state: Some(kms::KeyState::PendingDeletion),
        pending_window_in_days: Some(20),
    };
    assert_eq!(
        audited(|out| output.write_audit(out)),
        concat!(
            r#"{"keyId":"x","deletionDate":"Apr 12, 2021, 6:58:30 PM","#,
            r#""keyState":"PendingDeletion","pendingWindowInDays":20}"#
        )
    );
    let output = secretsmanager::CreateSecretResponse {
        arn: Some("arn:aws:secretsmanager:x".into()),
        ..secretsmanager::CreateSecretResponse::default()
    };
    assert_eq!(audited(|out| output.write_audit(out)), r#"{"arn":"arn:aws:secretsmanager:x"}"#);
    assert_eq!(audited(|out| ().write_audit(out)), "{}");
}

#[test]
fn what_is_secret_is_neither_audited_nor_debugged() {
    let put: secretsmanager::PutSecretValueRequest = request(
        r#"{"SecretId":"s","SecretString":"hunter2","RotationToken":"hunter2-aaaaaaaaaaaaaaaaaaaaaaaaaaaaa","ClientRequestToken":"0123456789abcdef0123456789abcdef"}"#,
    );
    assert_eq!(
        format!("{put:?}"),
        r#"PutSecretValueRequest {"secretId":"s","clientRequestToken":"0123456789abcdef0123456789abcdef"}"#
    );
    let value = secretsmanager::GetSecretValueResponse {
        secret_string: Some(SecretText::new("hunter2".into())),
        secret_binary: Some(SecretBytes::copy_of(b"hunter2")),
        ..secretsmanager::GetSecretValueResponse::default()
    };
    assert_eq!(format!("{value:?}"), "GetSecretValueResponse {}");
    let import: kms::ImportKeyMaterialRequest =
        request(r#"{"KeyId":"x","ImportToken":"AAAA","EncryptedKeyMaterial":"AAAA"}"#);
    assert_eq!(audited(|out| import.write_audit(out)), r#"{"keyId":"x"}"#);
    let grant = kms::CreateGrantResponse { grant_token: Some("hunter2".into()), grant_id: Some("g".into()) };
    assert_eq!(audited(|out| grant.write_audit(out)), r#"{"grantId":"g"}"#);
}

#[test]
fn errors_in_json_1_1() {
    let body = |error: WireError, service| {
        let answer = error.encode(service, "id");
        assert_eq!(answer.content_type, "application/x-amz-json-1.1");
        (answer.status, String::from_utf8(answer.body).expect("JSON is UTF-8"))
    };
    assert_eq!(
        body(KmsErrorCode::InvalidCiphertextException.error(None), &kms::SERVICE),
        (400, r#"{"__type":"InvalidCiphertextException"}"#.into())
    );
    assert_eq!(
        body(KmsErrorCode::NotFoundException.error(Some("Invalid keyId 'x'".into())), &kms::SERVICE),
        (400, r#"{"__type":"NotFoundException","message":"Invalid keyId 'x'"}"#.into())
    );
    assert_eq!(KmsErrorCode::KmsInternalException.error(None).status, 500);
    assert_eq!(KmsErrorCode::KmsInternalException.wire_code(), "KMSInternalException");
    // Secrets Manager spells the message of its modelled errors with a capital, of all others without.
    let code = secretsmanager::SecretsManagerErrorCode::ResourceNotFoundException;
    assert_eq!(
        body(code.error(Some("gone".into())), &secretsmanager::SERVICE),
        (400, r#"{"__type":"ResourceNotFoundException","Message":"gone"}"#.into())
    );
    assert_eq!(
        body(WireError::validation("bad"), &secretsmanager::SERVICE),
        (400, r#"{"__type":"ValidationException","message":"bad"}"#.into())
    );
    assert_eq!(secretsmanager::SecretsManagerErrorCode::InternalServiceError.status(), 500);
}

/// What a client writes is what the server reads.
#[test]
fn requests_round_trip() {
    let body = r#"{"KeyId":"alias/a","Plaintext":"aHVudGVyMg==","EncryptionContext":{"a\"b":"é\n","c":""},"GrantTokens":["t"],"EncryptionAlgorithm":"SYMMETRIC_DEFAULT","DryRun":false}"#;
    let input: kms::EncryptRequest = request(body);
    let mut out = JsonWriter::default();
    input.encode(&mut out);
    assert_eq!(String::from_utf8(out.into_bytes()).expect("JSON is UTF-8"), body);
    assert_eq!(input.plaintext.expose(), b"hunter2");
    let mut out = JsonWriter::default();
    out.begin_structure();
    out.end_structure();
    assert_eq!(out.as_bytes(), b"{}");
}
