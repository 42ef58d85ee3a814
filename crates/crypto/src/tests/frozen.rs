//! Written once, by this version of the formats. Whatever changes in this crate, they open; the decoder of
//! e2e/decoder, written from docs/ciphertext.md in another language, opens the same files.

use super::unhex;
use crate::{
    ColumnContext, FileSeal, Header, KeyMaterial, KeyPurpose, Keyring, MaterialKey, SealedColumn, SealedKey,
    WrapContext, Wrapped, decrypt, verify_trail_signature,
};
use keywright_types::{AccountId, KeyId, MaterialId, SecretBytes, StoreId};
use serde_json::Value;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

const FROZEN: &str = include_str!("../../frozen/v1.json");
const FROZEN_HIERARCHY: &str = include_str!("../../frozen/v1_hierarchy.json");

fn text<'a>(sample: &'a Value, name: &str) -> &'a str {
    sample[name].as_str().expect("a text")
}

fn bytes(sample: &Value, name: &str) -> Vec<u8> {
    unhex(text(sample, name))
}

fn list<'a>(sample: &'a Value, name: &str) -> &'a [Value] {
    sample[name].as_array().expect("a list")
}

fn epoch(sample: &Value) -> u32 {
    u32::try_from(sample["epoch"].as_u64().expect("a number")).expect("an epoch")
}

/// The message of `sample`, which also holds its plaintext and context, opens under `material`.
fn opens(sample: &Value, material: &KeyMaterial, key_id: KeyId, material_id: MaterialId) {
    let blob = bytes(sample, "blob");
    let header = Header::parse(&blob).expect("a header");
    assert_eq!(header.key_id(), key_id);
    let mut context: Vec<(&str, &str)> = sample["context"]
        .as_object()
        .expect("an object")
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str().expect("a text")))
        .collect();
    context.sort_unstable();
    let opened = decrypt(&MaterialKey::new(material), &header, material_id, context.into_iter(), &blob);
    assert_eq!(opened.expect("it opens").expose(), bytes(sample, "plaintext"), "{sample}");
}

#[test]
fn version_1_opens_for_ever() {
    let samples: Vec<Value> = serde_json::from_str(FROZEN).expect("JSON");
    assert_eq!(samples.len(), 6);
    for sample in &samples {
        let material = KeyMaterial::from_secret(SecretBytes::new(bytes(sample, "backing_key")));
        let key_id = KeyId::parse(text(sample, "key_id")).expect("an id");
        let material_id = MaterialId::parse(text(sample, "material_id")).expect("an id");
        opens(sample, &material, key_id, material_id);
    }
}

/// A store of version 1: from its root key's file down to a message.
#[test]
fn a_store_of_version_1_opens_for_ever() {
    let frozen: Value = serde_json::from_str(FROZEN_HIERARCHY).expect("JSON");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.key");
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(text(&frozen, "root_key_file").as_bytes()))
        .expect("it is written");
    let root = FileSeal::open(&path).expect("the root key's file opens");
    let store = StoreId::parse(text(&frozen, "store_id")).expect("an id");
    let sealed: Vec<SealedKey> = list(&frozen, "sealed_keys")
        .iter()
        .map(|key| SealedKey {
            purpose: KeyPurpose::parse(text(key, "purpose")).expect("a purpose"),
            epoch: epoch(key),
            wrapped: bytes(key, "wrapped"),
        })
        .collect();
    let keyring = Keyring::open(&root, store, &sealed).expect("the keyring opens");

    assert_eq!(list(&frozen, "backing_keys").len(), 2);
    for sample in list(&frozen, "backing_keys") {
        let account = AccountId::parse(text(sample, "account")).expect("an account");
        let key_id = KeyId::parse(text(sample, "key_id")).expect("an id");
        let material_id = MaterialId::parse(text(sample, "material_id")).expect("an id");
        let (region, spec) = (text(sample, "region"), text(sample, "spec"));
        let context = WrapContext { account: &account, region, key_id, material_id, spec };
        let wrapped = Wrapped { epoch: epoch(sample), bytes: bytes(sample, "wrapped") };
        let material = keyring.unwrap(&context, &wrapped).expect("the backing key opens");
        assert_eq!(material.expose(), bytes(sample, "backing_key"));
        assert_eq!(keyring.material_id(key_id, &material), material_id);
        opens(&sample["message"], &material, key_id, material_id);
    }

    let column = &frozen["column"];
    let place = ColumnContext {
        table: text(column, "table"),
        row_id: text(column, "row_id"),
        column: text(column, "column"),
    };
    let stored = SealedColumn::from_bytes(&bytes(column, "stored")).expect("a column");
    let value = keyring.open_column(&place, &stored).expect("the column opens");
    assert_eq!(value.expose(), bytes(column, "value"));

    let row = &frozen["row_mac"];
    let parts: Vec<Vec<u8>> =
        list(row, "parts").iter().map(|part| unhex(part.as_str().expect("a text"))).collect();
    let mac = keyring.row_mac().mac(text(row, "table"), parts.iter().map(Vec::as_slice));
    assert_eq!(mac.as_slice(), bytes(row, "mac"));

    let marker = &frozen["marker"];
    let context: Vec<Vec<u8>> =
        list(marker, "context").iter().map(|part| unhex(part.as_str().expect("a text"))).collect();
    let context: Vec<&[u8]> = context.iter().map(Vec::as_slice).collect();
    let position = keyring.markers().open(&context, text(marker, "marker"));
    assert_eq!(position, Ok(bytes(marker, "position")));

    let trail = &frozen["trail"];
    let (message, signature) = (bytes(trail, "message"), bytes(trail, "signature"));
    let signer = keyring.trail_signer();
    assert_eq!(signer.public_key().as_slice(), bytes(trail, "public_key"));
    assert_eq!(signer.sign(&message).as_slice(), signature);
    assert!(verify_trail_signature(&signer.public_key(), &message, &signature));
}
