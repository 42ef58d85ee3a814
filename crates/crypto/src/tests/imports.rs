//! Keys and wrapped material from elsewhere: what OpenSSL wrote, every dialect that is taken, and what must be refused.

use super::key_pairs::{key, material};
use super::key_vectors::pkcs8;
use super::unhex;
use crate::der::{
    BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context, context_constructed, element,
};
use crate::{
    EncryptionAlgorithm, ImportWrappingKey, InvalidKeyMaterial, InvalidWrapping, KeyPair, KeyPairSpec,
    MacSpec, MessageType, PublicKey, SigningAlgorithm, WrappingAlgorithm,
};
use keywright_types::SecretBytes;
use proptest::prelude::*;
use serde_json::Value;

fn samples() -> Value {
    serde_json::from_str(include_str!("../../vectors/key_samples.json")).expect("JSON")
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value[name].as_array().cloned().unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

fn bytes(value: &Value, name: &str) -> Vec<u8> {
    unhex(text(value, name))
}

fn spec_of(value: &Value) -> KeyPairSpec {
    KeyPairSpec::from_name(text(value, "spec")).expect("a spec")
}

#[test]
fn openssl_s_keys_are_read_and_written_alike() {
    let (mut forms, mut specs) = (0, Vec::new());
    for sample in list(&samples(), "keys") {
        let spec = spec_of(&sample);
        let der = bytes(&sample, "pkcs8");
        let key = KeyPair::import_pkcs8(spec, &der).unwrap_or_else(|fault| panic!("{spec:?}: {fault}"));
        assert_eq!(key.public_key().spki(), bytes(&sample, "spki"), "{spec:?}");
        assert_eq!(key.private_key_pkcs8().expose(), der, "{spec:?}: OpenSSL would write the same");
        assert!(PublicKey::from_spki(&bytes(&sample, "spki")).is_ok());
        for (name, form) in sample["forms"].as_object().into_iter().flatten() {
            let form = unhex(form.as_str().expect("hex"));
            assert_ne!(form, der);
            let again = KeyPair::import_pkcs8(spec, &form).unwrap_or_else(|fault| panic!("{name}: {fault}"));
            assert_eq!(again.material().expose(), der, "{spec:?}, {name}: one key, one material");
            forms += 1;
        }
        specs.push(spec);
    }
    specs.dedup();
    assert_eq!((forms, specs.len()), (12, 14), "of every kind, but ML-KEM-512, and RSA-2048 twice");
}

#[test]
fn openssl_s_signatures_hold() {
    let mut count = 0;
    for sample in list(&samples(), "keys") {
        let key = KeyPair::import_pkcs8(spec_of(&sample), &bytes(&sample, "pkcs8")).expect("a key");
        let public = PublicKey::from_spki(&bytes(&sample, "spki")).expect("a key");
        for case in list(&sample, "signatures") {
            let algorithm = SigningAlgorithm::from_name(text(&case, "algorithm")).expect("an algorithm");
            let kind = MessageType::from_name(text(&case, "kind")).expect("a type");
            let (message, signature) = (bytes(&case, "message"), bytes(&case, "signature"));
            for key in [key.public_key(), &public] {
                assert_eq!(
                    key.verify(algorithm, kind, &message, &signature),
                    Ok(true),
                    "{algorithm:?} {kind:?}"
                );
                let mut other = message.clone();
                other[0] ^= 1;
                assert_eq!(
                    key.verify(algorithm, kind, &other, &signature),
                    Ok(false),
                    "{algorithm:?} {kind:?}"
                );
            }
            count += 1;
        }
    }
    assert_eq!(count, 3 * 12 + 4 * 2 + 1 + 3 * 2);
}

/// A µ that OpenSSL's user computed is the one of the message: what is signed as one verifies as the other.
#[test]
fn a_mu_and_its_message_have_the_same_signature() {
    let algorithm = SigningAlgorithm::MlDsaShake256;
    let mut count = 0;
    for sample in list(&samples(), "keys").iter().filter(|sample| sample["mu"].is_string()) {
        let key = KeyPair::import_pkcs8(spec_of(sample), &bytes(sample, "pkcs8")).expect("a key");
        let (mu, message) = (bytes(sample, "mu"), b"a message of the samples");
        let public = key.public_key();
        let of_mu = key.sign(algorithm, MessageType::ExternalMu, &mu).expect("it signs");
        assert_eq!(public.verify(algorithm, MessageType::Raw, message, &of_mu), Ok(true), "ml-dsa to aws-lc");
        let of_message = key.sign(algorithm, MessageType::Raw, message).expect("it signs");
        assert_eq!(
            public.verify(algorithm, MessageType::ExternalMu, &mu, &of_message),
            Ok(true),
            "aws-lc to ml-dsa"
        );
        assert_ne!(of_mu, key.sign(algorithm, MessageType::ExternalMu, &mu).expect("it signs"), "hedged");
        assert_ne!(of_message, key.sign(algorithm, MessageType::Raw, message).expect("it signs"), "hedged");
        assert_eq!(public.verify(algorithm, MessageType::Raw, &mu, &of_mu), Ok(false));
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn openssl_s_ciphertexts_and_secrets_open() {
    let mut counts = [0; 3];
    for sample in list(&samples(), "keys") {
        let key = KeyPair::import_pkcs8(spec_of(&sample), &bytes(&sample, "pkcs8")).expect("a key");
        for case in list(&sample, "ciphertexts") {
            let algorithm = EncryptionAlgorithm::from_name(text(&case, "algorithm")).expect("an algorithm");
            let plaintext = key.decrypt(algorithm, &bytes(&case, "ciphertext")).expect("it opens");
            assert_eq!(plaintext.expose(), bytes(&case, "plaintext"));
            counts[0] += 1;
        }
        for case in list(&sample, "agreements") {
            let secret = key.agree(&bytes(&case, "peer")).expect("they agree");
            assert_eq!(secret.expose(), bytes(&case, "secret"));
            counts[1] += 1;
        }
        for case in list(&sample, "encapsulations") {
            let secret = key.decapsulate(&bytes(&case, "ciphertext")).expect("the right length");
            assert_eq!(secret.expose(), bytes(&case, "secret"));
            counts[2] += 1;
        }
    }
    assert_eq!(counts, [6, 3, 2]);
}

#[test]
fn what_must_be_refused_is() {
    let cases = list(&samples(), "refused");
    assert_eq!(cases.len(), 32);
    for case in cases {
        let (spec, der) = (spec_of(&case), bytes(&case, "pkcs8"));
        let fault = KeyPair::import_pkcs8(spec, &der).err().map(|fault| format!("{fault:?}"));
        assert_eq!(fault.as_deref(), Some(text(&case, "fault")), "{}", text(&case, "why"));
        // A stored key is looked at like an imported one, but for what only using it shows.
        if text(&case, "why") != "a composite prime" {
            assert!(KeyPair::from_material(spec, &material(&der)).is_err(), "{}", text(&case, "why"));
        }
    }
}

/// Version 2 with the public key, attributes, a curve's name inside: what HSMs and other libraries write.
#[test]
fn dialects_of_pkcs_8() {
    let version = |number: u8| element(INTEGER, &[&[number]]);
    let attribute =
        element(SEQUENCE, &[&element(OBJECT_IDENTIFIER, &[b"\x55\x1d\x0f"]), &element(0x31, &[])]);
    let attributes = element(context_constructed(0), &[&attribute]);
    for spec in KeyPairSpec::ALL {
        let own = key(spec);
        let spki = own.public_key().spki();
        let public = own.public_key().bytes();
        assert!(spki.ends_with(public));
        let stored = own.material();
        let inner = inner_of(stored.expose());
        let algorithm = element(SEQUENCE, &[spec.algorithm_identifier()]);
        let private_key = element(OCTET_STRING, &[inner]);
        let given = element(context(1), &[&[0], public]);
        let mut other_public = public.to_vec();
        *other_public.last_mut().expect("not empty") ^= 1;
        let other = element(context(1), &[&[0], &other_public]);
        let import = |parts: &[&[u8]]| KeyPair::import_pkcs8(spec, &element(SEQUENCE, parts));
        let v1 = version(0);
        let v2 = version(1);
        let taken: [&[&[u8]]; 4] = [
            &[&v1, &algorithm, &private_key],
            &[&v1, &algorithm, &private_key, &attributes],
            &[&v2, &algorithm, &private_key, &given],
            &[&v2, &algorithm, &private_key, &attributes, &given],
        ];
        for parts in taken {
            let key = import(parts).unwrap_or_else(|fault| panic!("{spec:?}: {fault}"));
            assert_eq!(key.material().expose(), stored.expose(), "{spec:?}");
        }
        assert_eq!(
            import(&[&v2, &algorithm, &private_key, &other]).err(),
            Some(InvalidKeyMaterial::Inconsistent)
        );
        let broken = element(context_constructed(0), &[&[1, 2, 3]]);
        let refused: [&[&[u8]]; 9] = [
            &[&v1, &algorithm, &private_key, &given],
            &[&v2, &algorithm, &private_key],
            &[&version(2), &algorithm, &private_key],
            &[&v1, &algorithm, &private_key, &[0]],
            &[&v1, &algorithm, &private_key, &broken],
            &[&v2, &algorithm, &private_key, &given, &attributes],
            &[&v1, &algorithm],
            &[&algorithm, &private_key],
            &[],
        ];
        for parts in refused {
            assert_eq!(import(parts).err(), Some(InvalidKeyMaterial::Encoding), "{spec:?}");
        }
        let trailing = [stored.expose(), &[0]].concat();
        assert_eq!(KeyPair::import_pkcs8(spec, &trailing).err(), Some(InvalidKeyMaterial::Encoding));
        // Something behind the private key within its octet string.
        let within = pkcs8(spec, &[inner, &[5, 0]].concat());
        assert_eq!(KeyPair::import_pkcs8(spec, &within).err(), Some(InvalidKeyMaterial::Encoding));
    }
}

/// What the OCTET STRING of PKCS #8 holds.
fn inner_of(der: &[u8]) -> &[u8] {
    let mut outer = crate::der::Reader::new(der);
    let mut info = outer.nested(SEQUENCE).expect("PKCS #8");
    info.element(INTEGER).expect("a version");
    info.element(SEQUENCE).expect("an algorithm");
    info.element(OCTET_STRING).expect("a private key")
}

#[test]
fn an_ec_key_with_its_curve_s_name_inside() {
    for (spec, name) in [
        (KeyPairSpec::P256, &b"\x2a\x86\x48\xce\x3d\x03\x01\x07"[..]),
        (KeyPairSpec::P384, b"\x2b\x81\x04\x00\x22"),
        (KeyPairSpec::P521, b"\x2b\x81\x04\x00\x23"),
        (KeyPairSpec::Secp256k1, b"\x2b\x81\x04\x00\x0a"),
    ] {
        let stored = key(spec).material();
        let mut inner = crate::der::Reader::new(inner_of(stored.expose()));
        let mut fields = inner.nested(SEQUENCE).expect("an ECPrivateKey");
        fields.element(INTEGER).expect("a version");
        let scalar = element(OCTET_STRING, &[fields.element(OCTET_STRING).expect("a scalar")]);
        let name = element(context_constructed(0), &[&element(OBJECT_IDENTIFIER, &[name])]);
        let point = element(BIT_STRING, &[&[0], key(spec).public_key().bytes()]);
        let point = element(context_constructed(1), &[&point]);
        let version = element(INTEGER, &[&[1]]);
        let import = |parts: &[&[u8]]| KeyPair::import_pkcs8(spec, &pkcs8(spec, &element(SEQUENCE, parts)));
        let taken: [&[&[u8]]; 4] = [
            &[&version, &scalar, &name, &point],
            &[&version, &scalar, &name],
            &[&version, &scalar, &point],
            &[&version, &scalar],
        ];
        for parts in taken {
            assert_eq!(import(parts).expect("a key").material().expose(), stored.expose(), "{spec:?}");
        }
        let refused: [&[&[u8]]; 3] =
            [&[&version, &scalar, &point, &name], &[&element(INTEGER, &[&[0]]), &scalar], &[&version]];
        for parts in refused {
            assert_eq!(import(parts).err(), Some(InvalidKeyMaterial::Encoding), "{spec:?}");
        }
    }
}

/// RFC 9881, 6: the seed alone, or with the expanded key, which must be the seed's. The crate ml-dsa expands it here, and
/// aws-lc in what is tested.
#[test]
#[allow(deprecated)] // ml-dsa would rather have seeds kept, as we do.
fn ml_dsa_keys_by_seed_and_expanded() {
    fn expanded<P: ml_dsa::MlDsaParams>(seed: &[u8; 32]) -> Vec<u8> {
        ml_dsa::ExpandedSigningKey::<P>::from_seed(seed.into()).to_expanded().to_vec()
    }
    for spec in [KeyPairSpec::MlDsa44, KeyPairSpec::MlDsa65, KeyPairSpec::MlDsa87] {
        let stored = key(spec).material();
        let seed: &[u8; 32] = inner_of(stored.expose())[2..].try_into().expect("a seed in 34 bytes");
        let expanded = match spec {
            KeyPairSpec::MlDsa44 => expanded::<ml_dsa::MlDsa44>(seed),
            KeyPairSpec::MlDsa65 => expanded::<ml_dsa::MlDsa65>(seed),
            _ => expanded::<ml_dsa::MlDsa87>(seed),
        };
        let import = |inner: &[u8]| KeyPair::import_pkcs8(spec, &pkcs8(spec, inner));
        let both = |expanded: &[u8]| {
            let parts = [element(OCTET_STRING, &[seed]), element(OCTET_STRING, &[expanded])];
            import(&element(SEQUENCE, &[&parts[0], &parts[1]]))
        };
        assert_eq!(both(&expanded).expect("a key").material().expose(), stored.expose(), "{spec:?}");
        let mut other = expanded.clone();
        other[1000] ^= 1;
        assert_eq!(both(&other).err(), Some(InvalidKeyMaterial::Inconsistent));
        assert_eq!(both(&expanded[1..]).err(), Some(InvalidKeyMaterial::Inconsistent));
        let alone = import(&element(OCTET_STRING, &[&expanded]));
        assert_eq!(alone.err(), Some(InvalidKeyMaterial::Encoding), "no seed, no key");
    }
}

/// One changed bit anywhere: refused, or the one encoding of another key.
#[test]
fn every_changed_byte_of_a_key_is_refused_or_another_key() {
    for spec in KeyPairSpec::ALL {
        let stored = key(spec).material();
        let original = key(spec).public_key().spki();
        let der = stored.expose();
        let mut others = 0;
        // Of long keys not every byte: each costs a parse.
        for at in (0..der.len()).step_by(der.len() / 150 + 1) {
            for bit in [0, 1, 5, 7] {
                let mut changed = der.to_vec();
                changed[at] ^= 1 << bit;
                let Ok(other) = KeyPair::import_pkcs8(spec, &changed) else { continue };
                if other.private_key_pkcs8().expose() == changed {
                    others += 1;
                } else {
                    // A point in its hybrid form, which begins with 6 or 7 where ours begins with 4.
                    assert!(
                        der[at] == 4 && spec.name().starts_with("ECC_"),
                        "{spec:?}: byte {at}, bit {bit}"
                    );
                    assert_eq!(other.public_key().spki(), original);
                }
            }
            assert!(KeyPair::import_pkcs8(spec, &der[..at]).is_err(), "{spec:?}: cut at {at}");
        }
        let by_seed = spec.encapsulated_len().is_some()
            || spec.signing_algorithms().contains(&SigningAlgorithm::MlDsaShake256)
            || spec == KeyPairSpec::Ed25519;
        assert_eq!(others > 0, by_seed, "{spec:?}: {others}");
    }
}

#[test]
fn every_changed_byte_of_a_public_key_is_refused_or_another_key() {
    for spec in KeyPairSpec::ALL {
        let spki = key(spec).public_key().spki();
        for at in (0..spki.len()).step_by(spki.len() / 150 + 1) {
            for bit in 0..8 {
                let mut changed = spki.clone();
                changed[at] ^= 1 << bit;
                if let Ok(other) = PublicKey::from_spki(&changed) {
                    assert_eq!(other.spki(), changed, "{spec:?}: byte {at}, bit {bit}");
                }
            }
            assert!(PublicKey::from_spki(&spki[..at]).is_err(), "{spec:?}: cut at {at}");
        }
        assert!(PublicKey::from_spki(&[spki.as_slice(), &[0]].concat()).is_err());
    }
}

/// How strangers' bytes differ from a key.
#[derive(Debug, Clone)]
enum Edit {
    Set(u16, u8),
    Insert(u16, u8),
    Remove(u16, u8),
    Repeat(u16, u8),
    Zero(u16, u8),
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: u16| usize::from(at) % bytes.len().max(1);
        match *self {
            Self::Set(at, byte) => {
                let at = place(at);
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
            Self::Insert(at, byte) => bytes.insert(place(at), byte),
            Self::Remove(at, length) => {
                let at = place(at);
                let end = (at + usize::from(length)).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Repeat(at, length) => {
                let at = place(at);
                let end = (at + usize::from(length)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            Self::Zero(at, length) => {
                let at = place(at);
                let end = (at + usize::from(length)).min(bytes.len());
                bytes[at..end].fill(0);
            }
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    // Most headers are at the beginning.
    let at = || prop_oneof![0..40_u16, any::<u16>()];
    let edit = prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        (at(), 0..9_u8).prop_map(|(at, length)| Edit::Remove(at, length)),
        (at(), 1..40_u8).prop_map(|(at, length)| Edit::Repeat(at, length)),
        (at(), 1..40_u8).prop_map(|(at, length)| Edit::Zero(at, length)),
    ];
    proptest::collection::vec(edit, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// No bytes make the parsers panic, and what they take they write in one way.
    #[test]
    fn edited_keys_are_refused_or_keys(index in 0..KeyPairSpec::ALL.len(), edits in edits()) {
        let spec = KeyPairSpec::ALL[index];
        let mut der = key(spec).material().expose().to_vec();
        let mut spki = key(spec).public_key().spki();
        for edit in &edits {
            edit.apply(&mut der);
            edit.apply(&mut spki);
        }
        if let Ok(taken) = KeyPair::import_pkcs8(spec, &der) {
            let again = KeyPair::from_material(spec, &taken.material()).expect("our own material");
            prop_assert_eq!(again.public_key().spki(), taken.public_key().spki());
        }
        if let Ok(taken) = PublicKey::from_spki(&spki) {
            prop_assert_eq!(taken.spki(), spki);
        }
    }

    #[test]
    fn any_bytes_are_refused_or_keys(index in 0..KeyPairSpec::ALL.len(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(KeyPair::import_pkcs8(KeyPairSpec::ALL[index], &bytes).is_err());
        prop_assert!(PublicKey::from_spki(&bytes).is_err());
    }

    #[test]
    fn edited_imports_do_not_unwrap(edits in edits(), which in any::<prop::sample::Index>()) {
        let samples = samples();
        let wrapped = list(&samples, "wrapped");
        let own = wrapping_key(&wrapped[0]);
        let blobs = list(&wrapped[0], "blobs");
        let case = &blobs[which.index(blobs.len())];
        let algorithm = WrappingAlgorithm::from_name(text(case, "algorithm")).expect("an algorithm");
        let original = bytes(case, "blob");
        let mut blob = original.clone();
        for edit in &edits {
            edit.apply(&mut blob);
        }
        let unwrapped = own.unwrap(algorithm, &blob);
        if blob == original {
            prop_assert!(unwrapped.is_ok());
        } else {
            prop_assert_eq!(unwrapped, Err(InvalidWrapping));
        }
    }
}

fn wrapping_key(sample: &Value) -> ImportWrappingKey {
    let stored = material(&bytes(sample, "pkcs8"));
    ImportWrappingKey::from_material(spec_of(sample), &stored).expect("a wrapping key")
}

#[test]
fn what_openssl_wrapped_unwraps() {
    let mut count = 0;
    for sample in list(&samples(), "wrapped") {
        let own = wrapping_key(&sample);
        assert_eq!(own.public_key_spki(), bytes(&sample, "spki"));
        assert_eq!(own.material().expose(), bytes(&sample, "pkcs8"));
        for case in list(&sample, "blobs") {
            let algorithm = WrappingAlgorithm::from_name(text(&case, "algorithm")).expect("an algorithm");
            let blob = bytes(&case, "blob");
            let unwrapped = own.unwrap(algorithm, &blob).expect("it unwraps");
            assert_eq!(unwrapped.expose(), bytes(&case, "material"), "{algorithm:?}");
            for other in WrappingAlgorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert_eq!(own.unwrap(other, &blob), Err(InvalidWrapping), "{algorithm:?} as {other:?}");
            }
            for at in (0..blob.len()).step_by(97) {
                let mut changed = blob.clone();
                changed[at] ^= 0x10;
                assert_eq!(own.unwrap(algorithm, &changed), Err(InvalidWrapping), "{algorithm:?}: byte {at}");
                assert_eq!(
                    own.unwrap(algorithm, &blob[..at]),
                    Err(InvalidWrapping),
                    "{algorithm:?}: cut {at}"
                );
            }
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}

#[test]
fn wrapping_keys_are_rsa_keys_alone() {
    for spec in KeyPairSpec::ALL {
        let stored = key(spec).material();
        let wrapping = ImportWrappingKey::from_material(spec, &stored);
        if ImportWrappingKey::SPECS.contains(&spec) {
            assert_eq!(wrapping.expect("an RSA key").spec(), spec);
        } else {
            assert_eq!(wrapping.err(), Some(InvalidKeyMaterial::OtherSpec));
            assert!(ImportWrappingKey::generate(spec).is_none());
        }
    }
    let made = ImportWrappingKey::generate(KeyPairSpec::Rsa2048).expect("an RSA key");
    let public = PublicKey::from_spki(&made.public_key_spki()).expect("a public key");
    let wrapped = public.encrypt(EncryptionAlgorithm::RsaesOaepSha256, &[9; 32]).expect("it encrypts");
    let unwrapped = made.unwrap(WrappingAlgorithm::RsaesOaepSha256, &wrapped).expect("it unwraps");
    assert_eq!(unwrapped.expose(), [9; 32]);
}

/// KMS Developer Guide, "Requirements for imported key material": 224, 256, 384 or 512 bits and more, up to 1,024.
#[test]
fn imported_hmac_keys_have_at_least_the_hash_s_length() {
    for (spec, least) in
        [(MacSpec::Hmac224, 28), (MacSpec::Hmac256, 32), (MacSpec::Hmac384, 48), (MacSpec::Hmac512, 64)]
    {
        assert_eq!(spec.bytes(), least);
        assert_eq!(MacSpec::from_name(spec.name()), Some(spec));
        assert_eq!(spec.name().replace("HMAC_", "HMAC_SHA_"), spec.algorithm_name());
        for length in [0, 1, least - 1, least, least + 1, 128, 129] {
            let imported = spec.import(SecretBytes::new(vec![3; length]));
            let fits = (least..=128).contains(&length);
            assert_eq!(imported.is_ok(), fits, "{spec:?}: {length}");
            if let Ok(material) = imported {
                assert_eq!(material.expose(), vec![3; length]);
            }
        }
        assert_eq!(spec.generate(&crate::SystemRng).expose().len(), least);
    }
}
