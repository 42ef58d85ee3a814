//! What holds keys cannot be printed or copied, and what leaves the crate does not show them.
//!
//! The first test fails to *compile* when a type gains a trait that would leak it: the probe's name then
//! stands for two implementations, and the compiler cannot choose.

use keywright_crypto::{
    ColumnContext, FileSeal, KeyMaterial, Keyring, MarkerKey, MaterialKey, RootKey, RowMac, SystemRng,
    TrailSigner, WrapContext, encrypt,
};
use keywright_types::{AccountId, KeyId, MaterialId, Rng, SecretBytes, StoreId};
use std::fmt::{Debug, Display};

macro_rules! lacks {
    ($leak:path: $($type:ty),+ $(,)?) => {{
        trait Probe<Which> {
            fn probe() {}
        }
        struct Leaks;
        impl<T> Probe<()> for T {}
        impl<T: $leak> Probe<Leaks> for T {}
        $(<$type as Probe<_>>::probe();)+
    }};
}

#[test]
fn keys_have_no_debug_no_display_and_no_clone() {
    lacks!(Debug: RootKey, KeyMaterial, MaterialKey, Keyring, RowMac, MarkerKey, TrailSigner);
    lacks!(Display: RootKey, KeyMaterial, MaterialKey, Keyring, RowMac, MarkerKey, TrailSigner);
    lacks!(Clone: RootKey, KeyMaterial, MaterialKey, Keyring, RowMac, MarkerKey, TrailSigner);
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Another product stored plaintext that its metadata called encrypted (GHSA-xrrf-67jm-3c2r), and sealed
/// with a nonce that never changed: so the bytes themselves are looked at, with the product's randomness.
#[test]
fn what_is_sealed_shows_nothing_and_never_repeats() {
    let rng: &dyn Rng = &SystemRng;
    let store = StoreId::from_random(rng.array());
    let (keyring, sealed) = Keyring::create(&RootKey::generate(rng), store, rng);
    assert!(sealed.iter().all(|key| key.wrapped.len() == 12 + 32 + 16));

    let account = AccountId::parse("111122223333").expect("an account");
    let key_id = KeyId::from_random(rng.array());
    let material = KeyMaterial::generate(rng);
    let material_id = keyring.material_id(key_id, &material);
    let context = WrapContext {
        account: &account,
        region: "eu-central-1",
        key_id,
        material_id,
        spec: "SYMMETRIC_DEFAULT",
    };
    let place = ColumnContext { table: "t", row_id: "r", column: "c" };
    let plaintext = b"the password of the production database";
    let ready = MaterialKey::new(&material);

    type Seal<'a> = Box<dyn Fn() -> Vec<u8> + 'a>;
    let kinds: [(&str, &[u8], usize, Seal<'_>); 3] = [
        (
            "message",
            plaintext,
            37, // where the salt begins
            Box::new(|| {
                encrypt(&ready, key_id, material_id, std::iter::empty(), plaintext, rng).expect("it encrypts")
            }),
        ),
        ("wrap", material.expose(), 0, Box::new(|| keyring.wrap(&context, &material, rng).bytes)),
        ("column", plaintext, 4, Box::new(|| keyring.seal_column(&place, plaintext, rng).to_bytes())),
    ];
    for (kind, secret, random_at, seal) in kinds {
        let many: Vec<Vec<u8>> = (0..50).map(|_| seal()).collect();
        for bytes in &many {
            assert!(!contains(bytes, &secret[..16]), "a {kind} shows its content");
            assert!(!contains(bytes, &material.expose()[..16]), "a {kind} shows the backing key");
        }
        let mut nonces: Vec<&[u8]> = many.iter().map(|bytes| &bytes[random_at..random_at + 12]).collect();
        nonces.sort_unstable();
        nonces.dedup();
        assert_eq!(nonces.len(), many.len(), "a {kind} repeats its nonce or salt");
    }
}

#[test]
fn a_material_id_does_not_show_the_material() {
    let rng: &dyn Rng = &SystemRng;
    let (keyring, _) = Keyring::create(&RootKey::generate(rng), StoreId::from_random(rng.array()), rng);
    let material = KeyMaterial::from_secret(SecretBytes::copy_of(&[7; 32]));
    let id: MaterialId = keyring.material_id(KeyId::from_random(rng.array()), &material);
    assert!(!contains(id.as_bytes(), &[7; 4]));
}

/// An error about the root key's file names the file and never what is in it.
#[test]
fn errors_of_the_root_key_file_do_not_quote_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.key");
    FileSeal::create(&path, &RootKey::generate(&SystemRng)).expect("it is written");
    let line = std::fs::read_to_string(&path).expect("it reads");
    let encoded = line.trim_end().rsplit(' ').next().expect("a word");
    for content in [&line[..line.len() - 8], &line.replace("-v1", "-v9"), &line.replace(' ', "  ")] {
        std::fs::write(&path, content).expect("it is written");
        let fault = FileSeal::open(&path).err().expect("it is refused");
        for text in [fault.to_string(), format!("{fault:?}")] {
            assert!(!text.contains(&encoded[..8]), "{text}");
        }
    }
}
