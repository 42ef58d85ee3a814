//! Requests that break the model, and the words in which that is said.
//!
//! The forms are AWS's, as seen in public reports: stelligent/mu#382 (empty key id), aws/aws-sdk-kotlin#1469
//! (missing secret id), boto/boto3#2601 (map keys), and the KMS snapshots of localstack/localstack.

use keywright_aws::{DecodeError, Input, WireError, json, kms, secretsmanager};

fn decode<I: Input>(body: &str) -> Result<I, DecodeError> {
    I::decode(&json::parse(body.as_bytes())?)
}

fn refused<I: Input>(body: &str) -> WireError {
    match decode::<I>(body) {
        Ok(_) => panic!("{body} was taken"),
        Err(error) => error.into(),
    }
}

#[track_caller]
fn check<I: Input>(body: &str, message: &str) {
    let error = refused::<I>(body);
    assert_eq!((error.code, error.status), ("ValidationException", 400), "{body}");
    assert_eq!(error.message.as_deref(), Some(message));
}

#[track_caller]
fn check_form<I: Input>(body: &str, message: &str) {
    let error = refused::<I>(body);
    assert_eq!((error.code, error.status), ("SerializationException", 400), "{body}");
    assert_eq!(error.message.as_deref(), Some(message));
}

/// `count` zero bytes in base64, without the padding's subtleties: `count` is a multiple of 3.
fn zeros(count: usize) -> String {
    assert_eq!(count % 3, 0);
    "AAAA".repeat(count / 3)
}

#[test]
fn one_violation() {
    check::<kms::DescribeKeyRequest>(
        r#"{"KeyId":""}"#,
        "1 validation error detected: Value '' at 'keyId' failed to satisfy constraint: \
         Member must have length greater than or equal to 1",
    );
    check::<secretsmanager::GetSecretValueRequest>(
        "{}",
        "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: \
         Member must not be null",
    );
    check::<secretsmanager::GetSecretValueRequest>(
        r#"{"SecretId":null}"#,
        "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: \
         Member must not be null",
    );
    check::<kms::ListKeysRequest>(
        r#"{"Limit":0}"#,
        "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: \
         Member must have value greater than or equal to 1",
    );
    check::<kms::ListKeysRequest>(
        r#"{"Limit":1001}"#,
        "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: \
         Member must have value less than or equal to 1000",
    );
    check::<kms::GenerateDataKeyRequest>(
        r#"{"KeyId":"x","KeySpec":"AES_512"}"#,
        "1 validation error detected: Value 'AES_512' at 'keySpec' failed to satisfy constraint: \
         Member must satisfy enum value set: [AES_256, AES_128]",
    );
    check::<kms::ReplicateKeyRequest>(
        r#"{"KeyId":"x","ReplicaRegion":"here"}"#,
        "1 validation error detected: Value 'here' at 'replicaRegion' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$",
    );
}

#[test]
fn several_violations_come_in_the_models_order() {
    check::<kms::CreateAliasRequest>(
        r#"{"TargetKeyId":"","AliasName":"a b"}"#,
        "2 validation errors detected: \
         Value 'a b' at 'aliasName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$; \
         Value '' at 'targetKeyId' failed to satisfy constraint: \
         Member must have length greater than or equal to 1",
    );
    // An empty text breaks its pattern and its length, in this order (as recorded for 'tableName', 'stackName').
    check::<kms::DeleteAliasRequest>(
        r#"{"AliasName":""}"#,
        "2 validation errors detected: \
         Value '' at 'aliasName' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$; \
         Value '' at 'aliasName' failed to satisfy constraint: \
         Member must have length greater than or equal to 1",
    );
}

#[test]
fn sensitive_values_are_not_repeated() {
    check::<kms::EncryptRequest>(
        &format!(r#"{{"KeyId":"x","Plaintext":"{}"}}"#, zeros(4098)),
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: \
         Member must have length less than or equal to 4096",
    );
    check::<kms::EncryptRequest>(
        r#"{"KeyId":"x","Plaintext":""}"#,
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: \
         Member must have length greater than or equal to 1",
    );
    check::<secretsmanager::PutSecretValueRequest>(
        r#"{"SecretId":"x","SecretString":""}"#,
        "1 validation error detected: Value at 'secretString' failed to satisfy constraint: \
         Member must have length greater than or equal to 1",
    );
    // A grant token is a right in itself: not marked sensitive by the model, and not repeated either.
    check::<kms::DescribeKeyRequest>(
        r#"{"KeyId":"x","GrantTokens":["hunter2",""]}"#,
        "1 validation error detected: Value at 'grantTokens' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must have length less than or equal to 8192, \
         Member must have length greater than or equal to 1]",
    );
    check::<kms::CreateCustomKeyStoreRequest>(
        r#"{"CustomKeyStoreName":"x","KeyStorePassword":"hunter"}"#,
        "1 validation error detected: Value at 'keyStorePassword' failed to satisfy constraint: \
         Member must have length greater than or equal to 7",
    );
}

#[test]
fn blobs_are_shown_by_length() {
    check::<kms::DecryptRequest>(
        &format!(r#"{{"CiphertextBlob":"{}"}}"#, zeros(6147)),
        "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=6147 cap=6147]' at \
         'ciphertextBlob' failed to satisfy constraint: Member must have length less than or equal to 6144",
    );
}

#[test]
fn parts_of_containers() {
    let long = "v".repeat(257);
    check::<kms::TagResourceRequest>(
        &format!(r#"{{"KeyId":"x","Tags":[{{"TagKey":"a","TagValue":"{long}"}},{{"TagValue":"b"}}]}}"#),
        &format!(
            "2 validation errors detected: Value '{long}' at 'tags.1.member.tagValue' failed to satisfy \
             constraint: Member must have length less than or equal to 256; \
             Value null at 'tags.2.member.tagKey' failed to satisfy constraint: Member must not be null"
        ),
    );
    check::<kms::TagResourceRequest>(
        r#"{"KeyId":"x","Tags":[null]}"#,
        "1 validation error detected: Value null at 'tags.1.member' failed to satisfy constraint: \
         Member must not be null",
    );
    check::<kms::UntagResourceRequest>(
        r#"{"KeyId":"x","TagKeys":["a",""]}"#,
        "1 validation error detected: Value '[a, ]' at 'tagKeys' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must have length less than or equal to 128, \
         Member must have length greater than or equal to 1]",
    );
    check::<kms::ListKeysRequest>(
        r#"{"ResourceOwners":["SELF","OTHERS"]}"#,
        "1 validation error detected: Value '[SELF, OTHERS]' at 'resourceOwners' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS_VIA_RAM]]",
    );
    check::<secretsmanager::BatchGetSecretValueRequest>(
        r#"{"SecretIdList":[]}"#,
        "1 validation error detected: Value '[]' at 'secretIdList' failed to satisfy constraint: \
         Member must have length greater than or equal to 1",
    );
    check::<secretsmanager::ListSecretsRequest>(
        r#"{"Filters":[{"Key":"colour","Values":["a",";"]}]}"#,
        "2 validation errors detected: Value 'colour' at 'filters.1.member.key' failed to satisfy constraint: \
         Member must satisfy enum value set: [description, name, tag-key, tag-value, primary-region, \
         owning-service, all]; Value '[a, ;]' at 'filters.1.member.values' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must have length less than or equal to 512, \
         Member must satisfy regular expression pattern: ^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$]",
    );
}

/// Null in place of a part. The wording `Member must not be null` inside the brackets is AWS's (recorded for
/// Lambda's `cors.allowMethods`).
#[test]
fn parts_must_not_be_null() {
    check::<kms::UntagResourceRequest>(
        r#"{"KeyId":"x","TagKeys":["a",null]}"#,
        "1 validation error detected: Value '[a, null]' at 'tagKeys' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must have length less than or equal to 128, \
         Member must have length greater than or equal to 1, Member must not be null]",
    );
    check::<kms::EncryptRequest>(
        r#"{"KeyId":"x","Plaintext":"AA==","EncryptionContext":{"a":"b","c":null}}"#,
        "1 validation error detected: Value '{a=b, c=null}' at 'encryptionContext' failed to satisfy constraint: \
         Map value must satisfy constraint: [Member must not be null]",
    );
}

#[test]
fn lengths_count_characters() {
    let name = "é".repeat(256);
    assert!(decode::<kms::CreateGrantRequest>(r#"{"KeyId":"x","Operations":[]}"#).is_ok());
    let tags = format!(r#"{{"KeyId":"x","Tags":[{{"TagKey":"a","TagValue":"{name}"}}]}}"#);
    assert!(decode::<kms::TagResourceRequest>(&tags).is_ok());
}

#[test]
fn the_rotation_period_is_the_services_rule() {
    for days in [1, 30, 90, 4000] {
        let body = format!(r#"{{"KeyId":"x","RotationPeriodInDays":{days}}}"#);
        let input: kms::EnableKeyRotationRequest = decode(&body).expect("any period has the right form");
        assert_eq!(input.rotation_period_in_days, Some(days));
    }
    check::<kms::ScheduleKeyDeletionRequest>(
        r#"{"KeyId":"x","PendingWindowInDays":366}"#,
        "1 validation error detected: Value '366' at 'pendingWindowInDays' failed to satisfy constraint: \
         Member must have value less than or equal to 365",
    );
    assert!(decode::<kms::GenerateRandomRequest>("{}").is_ok(), "NumberOfBytes is optional in the model");
}

#[test]
fn other_types_are_refused() {
    check_form::<kms::ListKeysRequest>(r#"{"Limit":"5"}"#, "STRING_VALUE can not be converted to an Integer");
    check_form::<kms::ListKeysRequest>(
        r#"{"Limit":1.5}"#,
        "DECIMAL_VALUE can not be converted to an Integer",
    );
    check_form::<kms::ListKeysRequest>(
        r#"{"Limit":4294967297}"#,
        "NUMBER_VALUE can not be converted to an Integer",
    );
    check_form::<kms::DescribeKeyRequest>(r#"{"KeyId":5}"#, "NUMBER_VALUE can not be converted to a String");
    check_form::<kms::DescribeKeyRequest>(r#"{"KeyId":true}"#, "TRUE_VALUE can not be converted to a String");
    check_form::<kms::DescribeKeyRequest>(
        r#"{"KeyId":{"a":1}}"#,
        "Start of structure or map found where not expected.",
    );
    check_form::<kms::DescribeKeyRequest>(r#"{"KeyId":["a"]}"#, "Start of list found where not expected");
    check_form::<kms::DescribeKeyRequest>(r#"{"KeyId":"x","GrantTokens":"a"}"#, "Unexpected field type");
    check_form::<kms::DescribeKeyRequest>("[]", "Start of list found where not expected");
    check_form::<kms::CreateKeyRequest>(
        r#"{"MultiRegion":"true"}"#,
        "STRING_VALUE can not be converted to a Boolean",
    );
    check_form::<kms::ImportKeyMaterialRequest>(
        r#"{"KeyId":"x","ImportToken":"AAAA","EncryptedKeyMaterial":"AAAA","ValidTo":"2026-01-01T00:00:00Z"}"#,
        "STRING_VALUE can not be converted to milliseconds since epoch",
    );
    let whole: kms::ListKeysRequest = decode(r#"{"Limit":30.0}"#).expect("a whole number");
    assert_eq!(whole.limit, Some(30));
}

#[test]
fn base64_is_strict() {
    for blob in ["A", "AA", "AA=", "AA==A", "A A=", "AAA*", "AB==", "-_8=", "AAAA\\n"] {
        check_form::<kms::DecryptRequest>(
            &format!(r#"{{"CiphertextBlob":"{blob}"}}"#),
            "A blob is not valid base64.",
        );
    }
    // RFC 4648 section 10.
    let input: kms::DecryptRequest = decode(r#"{"CiphertextBlob":"Zm9vYg=="}"#).expect("valid base64");
    assert_eq!(input.ciphertext_blob.as_deref(), Some(b"foob".as_slice()));
}

#[test]
fn peer_23_unknown_and_repeated_members_are_refused_without_naming_them() {
    check_form::<kms::DescribeKeyRequest>(
        r#"{"KeyId":"x","hunter2":1}"#,
        "The request has a member that this operation does not have.",
    );
    check_form::<kms::TagResourceRequest>(
        r#"{"KeyId":"x","Tags":[{"TagKey":"a","TagValue":"b","hunter2":1}]}"#,
        "The request has a member that the structure at 'tags.1.member' does not have.",
    );
    check_form::<kms::DescribeKeyRequest>(
        r#"{"keyId":"x"}"#,
        "The request has a member that this operation does not have.",
    );
    check_form::<kms::DescribeKeyRequest>(
        r#"{"KeyId":"x","KeyId":"y"}"#,
        "The request has the same member twice.",
    );
    check_form::<kms::EncryptRequest>(
        r#"{"KeyId":"x","Plaintext":"AA==","EncryptionContext":{"a":"1","a":"2"}}"#,
        "The request has the same member twice.",
    );
}

#[test]
fn timestamps_keep_milliseconds() {
    let body =
        r#"{"KeyId":"x","ImportToken":"AAAA","EncryptedKeyMaterial":"AAAA","ValidTo":1.618253910125E9}"#;
    let input: kms::ImportKeyMaterialRequest = decode(body).expect("a valid request");
    assert_eq!(input.valid_to.map(|at| at.as_millis()), Some(1_618_253_910_125));
}
