//! Which operations of each model are served, as a page for people.

use crate::registry::Registry;
use std::fmt::Write as _;

/// Members, and values of members, that served operations refuse: operation, member, value (none: any), code, reason.
/// e2e/test_parity.py sends each of them.
const REFUSED: &[(&str, &str, Option<&str>, &str, &str)] = &[
    ("Decrypt", "Recipient", None, UNSUPPORTED, ENCLAVE),
    ("DeriveSharedSecret", "Recipient", None, UNSUPPORTED, ENCLAVE),
    ("GenerateDataKey", "Recipient", None, UNSUPPORTED, ENCLAVE),
    ("GenerateDataKeyPair", "Recipient", None, UNSUPPORTED, ENCLAVE),
    ("GenerateRandom", "Recipient", None, UNSUPPORTED, ENCLAVE),
    ("CreateKey", "KeySpec", Some("SM2"), UNSUPPORTED, CHINA),
    ("CreateKey", "CustomerMasterKeySpec", Some("SM2"), UNSUPPORTED, CHINA),
    ("GenerateDataKeyPair", "KeyPairSpec", Some("SM2"), UNSUPPORTED, CHINA),
    ("GenerateDataKeyPairWithoutPlaintext", "KeyPairSpec", Some("SM2"), UNSUPPORTED, CHINA),
    ("GetParametersForImport", "WrappingKeySpec", Some("SM2"), UNSUPPORTED, CHINA),
    ("GetParametersForImport", "WrappingAlgorithm", Some("SM2PKE"), UNSUPPORTED, CHINA),
    (
        "GetParametersForImport",
        "WrappingAlgorithm",
        Some("RSAES_PKCS1_V1_5"),
        UNSUPPORTED,
        "its padding can be probed for the plaintext; AWS stopped taking it in October 2023",
    ),
    ("Encrypt", "EncryptionAlgorithm", Some("SM2PKE"), "InvalidKeyUsageException", CHINA),
    ("Decrypt", "EncryptionAlgorithm", Some("SM2PKE"), "InvalidKeyUsageException", CHINA),
    ("Sign", "SigningAlgorithm", Some("SM2DSA"), "InvalidKeyUsageException", CHINA),
    ("Verify", "SigningAlgorithm", Some("SM2DSA"), "InvalidKeyUsageException", CHINA),
    ("CreateKey", "CustomKeyStoreId", None, "CustomKeyStoreNotFoundException", NO_STORES),
    ("CreateKey", "XksKeyId", None, "ValidationException", NO_STORES),
    ("GenerateRandom", "CustomKeyStoreId", None, "CustomKeyStoreNotFoundException", NO_STORES),
];
const UNSUPPORTED: &str = "UnsupportedOperationException";
const ENCLAVE: &str = "an answer that only an attested Nitro enclave can read needs AWS's own hardware; it is never answered in clear instead";
const CHINA: &str = "AWS offers it in China Regions alone";
const NO_STORES: &str = "there are no custom key stores; the operations on them say so";

/// The text of docs/parity.md, made from the registry that serves requests.
#[must_use]
pub fn parity() -> String {
    let registry = Registry::new();
    let mut page = String::from(
        "# Parity\n\nGenerated from the server's registry by `make docs`; a test keeps it true. \
         An operation that is not served yet answers its service's nearest modelled error with a plain text.\n",
    );
    for served in &registry.services {
        let service = served.model;
        let operations: Vec<(&str, bool)> = service
            .operations
            .iter()
            .map(|operation| (operation.name, registry.is_served(service, operation)))
            .collect();
        let served = operations.iter().filter(|(_, served)| *served).count();
        write!(page, "\n## {} ({served} of {})\n\n", service.name, operations.len())
            .expect("writing to a String cannot fail");
        page.push_str("| operation | served |\n|---|---|\n");
        for (name, served) in operations {
            writeln!(page, "| {name} | {} |", if served { "yes" } else { "not yet" })
                .expect("writing to a String cannot fail");
        }
        if service.name == "kms" {
            page.push_str("\nRefused members, with what they are answered and why:\n\n");
            page.push_str("| operation | member | value | answer | reason |\n|---|---|---|---|---|\n");
            for (operation, member, value, code, reason) in REFUSED {
                let value = value.unwrap_or("any");
                writeln!(page, "| {operation} | {member} | {value} | {code} | {reason} |")
                    .expect("writing to a String cannot fail");
            }
        }
    }
    page
}
