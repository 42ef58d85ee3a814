//! The operation tables, held against the models' counts and the API references.

use keywright_aws::kms::KmsErrorCode;
use keywright_aws::{Protocol, ServiceModel, iam, keywright, kms, secretsmanager, sts};

const SERVICES: &[(&ServiceModel, usize)] = &[
    (&kms::SERVICE, 56),
    (&secretsmanager::SERVICE, 26),
    (&keywright::SERVICE, 13),
    (&iam::SERVICE, 181),
    (&sts::SERVICE, 12),
];

#[test]
fn every_operation_is_found() {
    for (service, count) in SERVICES {
        assert_eq!(service.operations.len(), *count, "{}", service.name);
        for operation in service.operations {
            let found = service.find(operation.name).expect(operation.name);
            assert!(std::ptr::eq(found, *operation));
            assert_eq!(found.service, service.name);
            for code in found.errors {
                assert!(service.find_error(code).is_some(), "{}: {code}", found.name);
            }
        }
        for absent in ["", "encrypt", "Encrypt ", "ENCRYPT", "Zzz"] {
            assert!(service.find(absent).is_none(), "{}: {absent:?}", service.name);
        }
    }
}

#[test]
fn services() {
    assert_eq!(kms::SERVICE.target_prefix, Some("TrentService"));
    assert_eq!(kms::SERVICE.signing_name, "kms");
    assert_eq!(kms::SERVICE.event_source, "kms.amazonaws.com");
    assert_eq!(kms::SERVICE.protocol, Protocol::Json11);
    assert_eq!(secretsmanager::SERVICE.target_prefix, Some("secretsmanager"));
    assert_eq!(secretsmanager::SERVICE.event_source, "secretsmanager.amazonaws.com");
    assert_eq!((iam::SERVICE.protocol, sts::SERVICE.protocol), (Protocol::Query, Protocol::Query));
    assert_eq!((iam::SERVICE.signing_name, sts::SERVICE.signing_name), ("iam", "sts"));
    assert_eq!((iam::SERVICE.api_version, sts::SERVICE.api_version), ("2010-05-08", "2011-06-15"));
    assert_eq!(iam::SERVICE.event_source, "iam.amazonaws.com");
    assert_eq!(keywright::SERVICE.target_prefix, Some("Keywright"));
    assert_eq!(keywright::SERVICE.signing_name, "keywright");
    assert_eq!(keywright::SERVICE.api_version, "2026-11-01");
}

/// The KMS operations that answer with an empty body, by the API reference.
#[test]
fn operations_without_output() {
    let without: Vec<&str> = kms::SERVICE
        .operations
        .iter()
        .filter(|operation| !operation.has_output)
        .map(|operation| operation.name)
        .collect();
    assert_eq!(
        without,
        [
            "CreateAlias",
            "DeleteAlias",
            "DisableKey",
            "DisableKeyRotation",
            "EnableKey",
            "EnableKeyRotation",
            "PutKeyPolicy",
            "RetireGrant",
            "RevokeGrant",
            "TagResource",
            "UntagResource",
            "UpdateAlias",
            "UpdateKeyDescription",
            "UpdatePrimaryRegion",
        ]
    );
}

#[test]
fn error_codes_and_statuses() {
    assert_eq!(kms::operations::ENCRYPT.name, "Encrypt");
    assert!(kms::operations::ENCRYPT.errors.contains(&"DisabledException"));
    for code in KmsErrorCode::ALL {
        assert_eq!(KmsErrorCode::parse(code.wire_code()), Some(*code));
        let table = kms::SERVICE.find_error(code.wire_code()).expect("every code is in the table");
        assert_eq!(table.status, code.status());
    }
    let server_faults: Vec<&str> =
        KmsErrorCode::ALL.iter().filter(|code| code.status() == 500).map(|code| code.wire_code()).collect();
    assert_eq!(
        server_faults,
        ["DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException"]
    );
}

#[test]
fn enumerations_round_trip() {
    for spec in kms::KeySpec::ALL {
        assert_eq!(kms::KeySpec::parse(spec.as_str()), Some(*spec));
        assert_eq!(spec.to_string(), spec.as_str());
    }
    assert_eq!(kms::KeySpec::EccSecgP256k1.as_str(), "ECC_SECG_P256K1");
    assert_eq!(kms::KeySpec::MlKem1024.as_str(), "ML_KEM_1024");
    assert_eq!(kms::KeySpec::parse("rsa_2048"), None);
}
