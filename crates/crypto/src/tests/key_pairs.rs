//! Every spec: makes a key, keeps it, uses it, and refuses what is not its.

use crate::{
    AgreementError, DecapsulationError, EncryptionAlgorithm, InvalidKeyMaterial, KeyMaterial, KeyPair,
    KeyPairSpec, MessageType, OaepError, PublicKey, SignatureError, SigningAlgorithm,
};
use keywright_types::SecretBytes;
use std::sync::OnceLock;

/// One key pair of each spec for all tests: RSA keys take seconds to make.
pub(super) fn key(spec: KeyPairSpec) -> &'static KeyPair {
    static KEYS: [OnceLock<KeyPair>; KeyPairSpec::ALL.len()] =
        [const { OnceLock::new() }; KeyPairSpec::ALL.len()];
    let index = KeyPairSpec::ALL.iter().position(|known| *known == spec).expect("every spec is in ALL");
    KEYS[index].get_or_init(|| KeyPair::generate(spec))
}

pub(super) fn material(bytes: &[u8]) -> KeyMaterial {
    KeyMaterial::from_secret(SecretBytes::copy_of(bytes))
}

#[test]
fn names_are_the_api_s() {
    for spec in KeyPairSpec::ALL {
        assert_eq!(KeyPairSpec::from_name(spec.name()), Some(spec));
    }
    for algorithm in SigningAlgorithm::ALL {
        assert_eq!(SigningAlgorithm::from_name(algorithm.name()), Some(algorithm));
    }
    for other in ["", "rsa_2048", "RSA_1024", "SYMMETRIC_DEFAULT", "SM2", "HMAC_256", "RSA_2048 "] {
        assert_eq!(KeyPairSpec::from_name(other), None, "{other}");
    }
}

#[test]
fn a_stored_key_is_the_same_key() {
    for spec in KeyPairSpec::ALL {
        let first = key(spec).material();
        let again = KeyPair::from_material(spec, &first).expect("our own material");
        assert_eq!(again.material().expose(), first.expose(), "{spec:?}");
        assert_eq!(again.public_key().spki(), key(spec).public_key().spki(), "{spec:?}");
        assert_eq!(again.spec(), spec);
        let imported = KeyPair::import_pkcs8(spec, first.expose()).expect("it is PKCS #8");
        assert_eq!(imported.material().expose(), first.expose(), "{spec:?}");
        let public = PublicKey::from_spki(&again.public_key().spki()).expect("our own public key");
        assert_eq!((public.spec(), public.spki()), (spec, again.public_key().spki()));
    }
}

#[test]
fn material_of_another_spec_is_refused() {
    for spec in KeyPairSpec::ALL {
        for other in KeyPairSpec::ALL {
            let parsed = KeyPair::from_material(spec, &key(other).material()).map(|key| key.spec());
            let wanted = if spec == other { Ok(spec) } else { Err(InvalidKeyMaterial::OtherSpec) };
            assert_eq!(parsed, wanted, "{other:?} as {spec:?}");
        }
    }
}

#[test]
fn signatures_of_every_kind_are_verified_and_no_other() {
    for spec in KeyPairSpec::ALL {
        let own = key(spec);
        let elsewhere = PublicKey::from_spki(&own.public_key().spki()).expect("our own public key");
        let stranger = KeyPair::generate(match spec {
            KeyPairSpec::Rsa3072 | KeyPairSpec::Rsa4096 => KeyPairSpec::Rsa2048, // quicker
            other => other,
        });
        for algorithm in SigningAlgorithm::ALL {
            for kind in MessageType::ALL {
                let message = vec![7; algorithm.digest_len()];
                let signed = own.sign(algorithm, kind, &message);
                let wanted = if !spec.signing_algorithms().contains(&algorithm) {
                    Some(SignatureError::UnsupportedAlgorithm)
                } else if !algorithm.message_types().contains(&kind) {
                    Some(SignatureError::UnsupportedMessageType)
                } else {
                    None
                };
                assert_eq!(signed.as_ref().err(), wanted.as_ref(), "{spec:?} {algorithm:?} {kind:?}");
                let Ok(signature) = signed else {
                    assert_eq!(own.public_key().verify(algorithm, kind, &message, b"").err(), wanted);
                    continue;
                };
                for public in [own.public_key(), &elsewhere] {
                    let verify = |message: &[u8], signature: &[u8]| {
                        public.verify(algorithm, kind, message, signature).expect("it can be verified")
                    };
                    assert!(verify(&message, &signature), "{spec:?} {algorithm:?} {kind:?}");
                    let mut other = message.clone();
                    other[3] ^= 1;
                    assert!(!verify(&other, &signature));
                    let mut other = signature.clone();
                    other[signature.len() / 2] ^= 1;
                    assert!(!verify(&message, &other));
                    assert!(!verify(&message, &signature[1..]));
                    assert!(!verify(&message, &[signature.as_slice(), &[0]].concat()));
                    assert!(!verify(&message, b""));
                }
                let verified = stranger.public_key().verify(algorithm, kind, &message, &signature);
                assert_eq!(verified, Ok(false));
                if kind != MessageType::Raw {
                    let wanted = Err(SignatureError::DigestLength { wanted: algorithm.digest_len() });
                    assert_eq!(own.sign(algorithm, kind, &message[1..]), wanted.map(|()| vec![]));
                    let verified = own.public_key().verify(algorithm, kind, &message[1..], &signature);
                    assert_eq!(verified, wanted.map(|()| false));
                }
            }
        }
    }
}

/// The API says that a message signed as RAW verifies as its DIGEST, and the other way round.
#[test]
fn a_message_and_its_digest_have_the_same_signature() {
    use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
    let message = b"a message";
    for spec in KeyPairSpec::ALL {
        for algorithm in spec.signing_algorithms() {
            if algorithm.message_types() != [MessageType::Raw, MessageType::Digest] {
                continue;
            }
            let hash = match algorithm.digest_len() {
                32 => &SHA256,
                48 => &SHA384,
                _ => &SHA512,
            };
            let digest = digest(hash, message);
            let own = key(spec);
            let of_message = own.sign(*algorithm, MessageType::Raw, message).expect("it signs");
            let of_digest = own.sign(*algorithm, MessageType::Digest, digest.as_ref()).expect("it signs");
            let verify = |kind, message: &[u8], signature: &[u8]| {
                own.public_key().verify(*algorithm, kind, message, signature)
            };
            assert_eq!(verify(MessageType::Digest, digest.as_ref(), &of_message), Ok(true), "{algorithm:?}");
            assert_eq!(verify(MessageType::Raw, message, &of_digest), Ok(true), "{algorithm:?}");
        }
    }
}

#[test]
fn rsa_encrypts_up_to_its_longest_plaintext() {
    let longest = [
        (KeyPairSpec::Rsa2048, 214, 190),
        (KeyPairSpec::Rsa3072, 342, 318),
        (KeyPairSpec::Rsa4096, 470, 446),
    ];
    for (spec, sha_1, sha_256) in longest {
        let own = key(spec);
        let algorithms =
            [(EncryptionAlgorithm::RsaesOaepSha1, sha_1), (EncryptionAlgorithm::RsaesOaepSha256, sha_256)];
        for (algorithm, bytes_max) in algorithms {
            assert_eq!(spec.plaintext_bytes_max(algorithm), Some(bytes_max));
            for length in [0, 1, bytes_max] {
                let plaintext = vec![5; length];
                let ciphertext = own.public_key().encrypt(algorithm, &plaintext).expect("it encrypts");
                assert_eq!(own.decrypt(algorithm, &ciphertext).expect("it opens").expose(), plaintext);
                let other =
                    EncryptionAlgorithm::ALL.into_iter().find(|other| *other != algorithm).expect("two");
                assert_eq!(own.decrypt(other, &ciphertext), Err(OaepError::DoesNotOpen));
                let mut changed = ciphertext.clone();
                changed[9] ^= 1;
                for wrong in [&changed[..], &ciphertext[1..], &[], &[ciphertext.as_slice(), &[0]].concat()] {
                    assert_eq!(own.decrypt(algorithm, wrong), Err(OaepError::DoesNotOpen));
                }
            }
            let too_long = own.public_key().encrypt(algorithm, &vec![5; bytes_max + 1]);
            assert_eq!(too_long, Err(OaepError::PlaintextTooLong { bytes_max }));
        }
    }
    for spec in KeyPairSpec::ALL.into_iter().filter(|spec| spec.encryption_algorithms().is_empty()) {
        for algorithm in EncryptionAlgorithm::ALL {
            assert_eq!(spec.plaintext_bytes_max(algorithm), None);
            assert_eq!(key(spec).public_key().encrypt(algorithm, b""), Err(OaepError::UnsupportedAlgorithm));
            assert_eq!(key(spec).decrypt(algorithm, b""), Err(OaepError::UnsupportedAlgorithm));
        }
    }
}

#[test]
fn two_sides_agree_on_one_secret() {
    for spec in KeyPairSpec::ALL {
        let (alice, bob) =
            (key(spec), KeyPair::generate(if spec.agrees() { spec } else { KeyPairSpec::P256 }));
        let agreed = alice.agree(&bob.public_key().spki());
        if !spec.agrees() {
            assert_eq!(agreed, Err(AgreementError::Unsupported), "{spec:?}");
            continue;
        }
        let agreed = agreed.expect("they agree");
        assert_eq!(agreed, bob.agree(&alice.public_key().spki()).expect("they agree"));
        assert_eq!(
            agreed.len(),
            match spec {
                KeyPairSpec::P256 => 32,
                KeyPairSpec::P384 => 48,
                _ => 66,
            }
        );
        for other in KeyPairSpec::ALL.into_iter().filter(|other| *other != spec) {
            let peer = key(other).public_key().spki();
            assert_eq!(alice.agree(&peer), Err(AgreementError::InvalidPeer), "{other:?}");
        }
        let spki = bob.public_key().spki();
        let mut off_curve = spki.clone();
        *off_curve.last_mut().expect("not empty") ^= 1;
        for wrong in
            [&off_curve[..], &spki[1..], &spki[..spki.len() - 1], &[], &[spki.as_slice(), &[0]].concat()]
        {
            assert_eq!(alice.agree(wrong), Err(AgreementError::InvalidPeer));
        }
    }
}

#[test]
fn an_encapsulated_secret_is_found_and_a_changed_one_is_another() {
    for spec in KeyPairSpec::ALL {
        let own = key(spec);
        let Some(length) = spec.encapsulated_len() else {
            assert!(own.public_key().encapsulate().is_err());
            assert_eq!(own.decapsulate(&[0; 768]), Err(DecapsulationError::Unsupported));
            continue;
        };
        let (secret, ciphertext) = own.public_key().encapsulate().expect("it encapsulates");
        assert_eq!((secret.len(), ciphertext.len()), (32, length));
        assert_eq!(own.decapsulate(&ciphertext).expect("the right length"), secret);
        let (other_secret, _) = own.public_key().encapsulate().expect("it encapsulates");
        assert_ne!(other_secret, secret);
        // Implicit rejection: no error, another secret, and the same one each time.
        let mut changed = ciphertext.clone();
        changed[100] ^= 1;
        let rejected = own.decapsulate(&changed).expect("no error");
        assert_ne!(rejected, secret);
        assert_eq!(own.decapsulate(&changed).expect("no error"), rejected);
        assert_ne!(own.decapsulate(&vec![0; length]).expect("no error"), rejected);
        for wrong in [0, 1, length - 1, length + 1] {
            let refused = own.decapsulate(&vec![0; wrong]);
            assert_eq!(refused, Err(DecapsulationError::Length { wanted: length }));
        }
    }
}

#[test]
fn material_that_is_none_is_refused() {
    for spec in KeyPairSpec::ALL {
        for bytes in [&[][..], &[0; 32], b"\x30\x00", b"not a key"] {
            let parsed = KeyPair::from_material(spec, &material(bytes));
            assert_eq!(parsed.err(), Some(InvalidKeyMaterial::Encoding));
        }
    }
}

/// They are kept in caches that threads share.
#[test]
fn keys_are_used_by_many_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<KeyPair>();
    shared::<PublicKey>();
    shared::<crate::HmacKey>();
    shared::<crate::ImportWrappingKey>();
    let spec = KeyPairSpec::Rsa2048;
    let fresh = KeyPair::from_material(spec, &key(spec).material()).expect("our own material");
    let algorithm = SigningAlgorithm::RsassaPssSha256;
    let encrypted =
        fresh.public_key().encrypt(EncryptionAlgorithm::RsaesOaepSha1, b"x").expect("it encrypts");
    std::thread::scope(|scope| {
        for number in 0..8_u8 {
            let (fresh, encrypted) = (&fresh, &encrypted);
            scope.spawn(move || {
                let signature = fresh.sign(algorithm, MessageType::Raw, &[number]).expect("it signs");
                let verified = fresh.public_key().verify(algorithm, MessageType::Raw, &[number], &signature);
                assert_eq!(verified, Ok(true));
                let plaintext =
                    fresh.decrypt(EncryptionAlgorithm::RsaesOaepSha1, encrypted).expect("it opens");
                assert_eq!(plaintext.expose(), b"x");
            });
        }
    });
}
