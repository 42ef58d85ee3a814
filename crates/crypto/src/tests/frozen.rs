//! Ciphertexts written once, by this version of the format. Whatever changes in this crate, they open; the
//! decoder of e2e/decoder, written from docs/ciphertext.md in another language, opens the same file.

use super::unhex;
use crate::{Header, KeyMaterial, MaterialKey, decrypt};
use keywright_types::{MaterialId, SecretBytes};
use serde_json::Value;

const FROZEN: &str = include_str!("../../frozen/v1.json");

#[test]
fn version_1_opens_for_ever() {
    let samples: Vec<Value> = serde_json::from_str(FROZEN).expect("JSON");
    assert_eq!(samples.len(), 6);
    for sample in &samples {
        let text = |name: &str| sample[name].as_str().expect("a text");
        let material =
            MaterialKey::new(&KeyMaterial::from_secret(SecretBytes::new(unhex(text("backing_key")))));
        let material_id = MaterialId::parse(text("material_id")).expect("an id");
        let blob = unhex(text("blob"));
        let header = Header::parse(&blob).expect("a header");
        assert_eq!(header.key_id().to_string(), text("key_id"));
        let mut context: Vec<(&str, &str)> = sample["context"]
            .as_object()
            .expect("an object")
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str().expect("a text")))
            .collect();
        context.sort_unstable();
        let opened = decrypt(&material, &header, material_id, context.into_iter(), &blob).expect("it opens");
        assert_eq!(opened.expose(), unhex(text("plaintext")), "{}", text("name"));
    }
}
