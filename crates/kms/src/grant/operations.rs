//! The operations of a grant, as a set.

use crate::key_spec::{KeySpec, KeyUsage};
use keywright_aws::kms::GrantOperation;
use keywright_store::{Column, Value};

/// A set of operations: one bit each, by their place in the model's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantOperations(u32);

const fn bit(operation: GrantOperation) -> u32 {
    1 << operation as u32
}

impl GrantOperations {
    pub(crate) const fn contains(self, operation: GrantOperation) -> bool {
        self.0 & bit(operation) != 0
    }

    pub(crate) const fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// In the model's order.
    pub(crate) fn iter(self) -> impl Iterator<Item = GrantOperation> {
        GrantOperation::ALL.iter().copied().filter(move |operation| self.contains(*operation))
    }
}

impl FromIterator<GrantOperation> for GrantOperations {
    fn from_iter<T: IntoIterator<Item = GrantOperation>>(operations: T) -> Self {
        Self(operations.into_iter().fold(0, |set, operation| set | bit(operation)))
    }
}

/// As JSON of their names, so that the numbers can change.
impl Column for GrantOperations {
    fn to_value(&self) -> Value {
        let names: Vec<&str> = self.iter().map(GrantOperation::as_str).collect();
        Value::Text(serde_json::to_string(&names).expect("texts always serialise"))
    }
    fn from_value(value: Value) -> Option<Self> {
        let names: Vec<String> = serde_json::from_str(&String::from_value(value)?).ok()?;
        names.iter().map(|name| GrantOperation::parse(name)).collect()
    }
}

/// Whether a key of that spec and usage can do it at all (KMS Developer Guide, "Grant operations").
pub(crate) const fn fits(spec: KeySpec, usage: KeyUsage, operation: GrantOperation) -> bool {
    let symmetric = matches!(spec, KeySpec::SymmetricDefault);
    match operation {
        GrantOperation::CreateGrant | GrantOperation::RetireGrant | GrantOperation::DescribeKey => true,
        GrantOperation::Decrypt
        | GrantOperation::Encrypt
        | GrantOperation::ReEncryptFrom
        | GrantOperation::ReEncryptTo => matches!(usage, KeyUsage::EncryptDecrypt),
        GrantOperation::GenerateDataKey
        | GrantOperation::GenerateDataKeyWithoutPlaintext
        | GrantOperation::GenerateDataKeyPair
        | GrantOperation::GenerateDataKeyPairWithoutPlaintext => symmetric,
        GrantOperation::Sign | GrantOperation::Verify => matches!(usage, KeyUsage::SignVerify),
        GrantOperation::GetPublicKey => matches!(spec, KeySpec::Pair(_)),
        GrantOperation::GenerateMac | GrantOperation::VerifyMac => {
            matches!(usage, KeyUsage::GenerateVerifyMac)
        }
        GrantOperation::DeriveSharedSecret => matches!(usage, KeyUsage::KeyAgreement),
        GrantOperation::Encapsulate | GrantOperation::Decapsulate => {
            matches!(usage, KeyUsage::EncapsulateDecapsulate)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::GrantOperations;
    use keywright_aws::kms::GrantOperation;
    use keywright_store::Column as _;

    #[test]
    fn every_operation_has_a_bit_of_its_own_and_survives_the_store() {
        let mut before = GrantOperations::from_iter([]);
        for operation in GrantOperation::ALL {
            assert!(!before.contains(*operation), "{operation}");
            let with = before.iter().chain([*operation]).collect::<GrantOperations>();
            assert!(with.contains(*operation) && with.includes(before) && !before.includes(with));
            assert_eq!(GrantOperations::from_value(with.to_value()), Some(with));
            before = with;
        }
    }
}
