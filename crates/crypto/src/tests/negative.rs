//! What must not open: changed, cut, moved to another place, under another key.

use super::CountingRng;
use crate::{
    ColumnContext, FileSeal, Header, KeyMaterial, KeyPurpose, Keyring, KeyringError, MaterialKey, RootKey,
    SealError, SealedColumn, SealedKey, WrapContext, Wrapped, decrypt, encrypt,
};
use keywright_types::{AccountId, KeyId, MaterialId, StoreId};
use proptest::prelude::*;
use std::os::unix::fs::PermissionsExt as _;

fn account(text: &str) -> AccountId {
    AccountId::parse(text).expect("an account")
}

fn key_id(byte: u8) -> KeyId {
    KeyId::from_random([byte; 16])
}

struct Message {
    material: MaterialKey,
    id: KeyId,
    material_id: MaterialId,
    blob: Vec<u8>,
}

fn message() -> Message {
    let rng = CountingRng::new(7);
    let material = MaterialKey::new(&KeyMaterial::generate(&rng));
    let (id, material_id) = (key_id(1), MaterialId::from_bytes([2; 32]));
    let context = [("app", "pay"), ("env", "prod")];
    let blob =
        encrypt(&material, id, material_id, context.into_iter(), b"a secret", &rng).expect("it encrypts");
    Message { material, id, material_id, blob }
}

impl Message {
    fn open_with(&self, blob: &[u8], context: &[(&str, &str)]) -> Option<Vec<u8>> {
        let header = Header::parse(blob)?;
        decrypt(&self.material, &header, self.material_id, context.iter().copied(), blob)
            .ok()
            .map(|plaintext| plaintext.expose().to_vec())
    }
}

#[test]
fn every_changed_byte_and_every_cut_of_a_message_is_refused() {
    let message = message();
    let right = [("app", "pay"), ("env", "prod")];
    assert_eq!(message.open_with(&message.blob, &right).as_deref(), Some(b"a secret".as_slice()));
    for at in 0..message.blob.len() {
        for bit in 0..8 {
            let mut changed = message.blob.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(message.open_with(&changed, &right), None, "byte {at}, bit {bit}");
        }
        assert_eq!(message.open_with(&message.blob[..at], &right), None, "cut at {at}");
    }
    let longer = [message.blob.as_slice(), &[0]].concat();
    assert_eq!(message.open_with(&longer, &right), None);
}

#[test]
fn contexts_are_compared_whole() {
    let message = message();
    let wrong: [&[(&str, &str)]; 7] = [
        &[],
        &[("app", "pay")],
        &[("app", "pay"), ("env", "test")],
        &[("app", "pay"), ("envp", "rod")],
        &[("app", "payenv"), ("", "prod")],
        &[("APP", "pay"), ("env", "prod")],
        &[("app", "pay"), ("env", "prod"), ("more", "")],
    ];
    for context in wrong {
        assert_eq!(message.open_with(&message.blob, context), None, "{context:?}");
    }
}

#[test]
fn another_backing_key_key_or_material_id_opens_nothing() {
    let message = message();
    let header = Header::parse(&message.blob).expect("a header");
    assert_eq!(header.key_id(), message.id);
    let right = || [("app", "pay"), ("env", "prod")].into_iter();
    let other = MaterialKey::new(&KeyMaterial::generate(&CountingRng::new(99)));
    assert!(decrypt(&other, &header, message.material_id, right(), &message.blob).is_err());
    let mut same_tag = *message.material_id.as_bytes();
    same_tag[31] ^= 1;
    let other_id = MaterialId::from_bytes(same_tag);
    assert_eq!(other_id.tag(), message.material_id.tag());
    assert!(decrypt(&message.material, &header, other_id, right(), &message.blob).is_err());
    // The same 16 bytes name a key of one Region or a multi-Region key: the kind is bound as well.
    let mut other_kind = message.blob.clone();
    other_kind[4] = 2;
    assert_eq!(Header::parse(&other_kind).map(|header| header.key_id().kind()), Some(2));
    assert_eq!(message.open_with(&other_kind, &[("app", "pay"), ("env", "prod")]), None);
    // A header that was read from another blob.
    let elsewhere = Header::parse(&other_kind).expect("a header");
    assert!(decrypt(&message.material, &elsewhere, message.material_id, right(), &message.blob).is_err());
    // A blob of one key given out as another's: the header is bound, and the derivation is the key's.
    let mut moved = message.blob.clone();
    moved[5..21].copy_from_slice(key_id(9).as_bytes());
    assert_eq!(message.open_with(&moved, &[("app", "pay"), ("env", "prod")]), None);
}

#[test]
fn a_context_has_a_longest_length() {
    let rng = CountingRng::new(1);
    let material = MaterialKey::new(&KeyMaterial::generate(&rng));
    let encrypt_with = |length: usize| {
        let value = "v".repeat(length);
        let context = [("k", value.as_str())];
        encrypt(&material, key_id(1), MaterialId::from_bytes([2; 32]), context.into_iter(), b"", &rng).is_ok()
    };
    // 4 for the count, 4 and 1 for the key, 4 for the value's length.
    assert!(encrypt_with(8192 - 13));
    assert!(!encrypt_with(8192 - 12));
}

fn keyring(start: u64) -> (RootKey, Keyring, Vec<SealedKey>, StoreId) {
    let rng = CountingRng::new(start);
    let root = RootKey::generate(&rng);
    let store = StoreId::from_random([u8::try_from(start % 251).expect("small"); 16]);
    let (keyring, sealed) = Keyring::create(&root, store, &rng);
    (root, keyring, sealed, store)
}

#[test]
fn a_wrapped_backing_key_opens_only_as_what_it_is() {
    let (_, keyring, _, _) = keyring(1);
    let rng = CountingRng::new(50);
    let material = KeyMaterial::generate(&rng);
    let (own, other_account) = (account("111122223333"), account("444455556666"));
    let context = |account, region, id: u8, material_id: u8, spec| WrapContext {
        account,
        region,
        key_id: key_id(id),
        material_id: MaterialId::from_bytes([material_id; 32]),
        spec,
    };
    let wrapped = keyring.wrap(&context(&own, "eu-central-1", 1, 1, "SYMMETRIC_DEFAULT"), &material, &rng);
    let opens = |context: &WrapContext<'_>, wrapped: &Wrapped| {
        keyring.unwrap(context, wrapped).ok().map(|material| material.expose().to_vec())
    };
    let right = context(&own, "eu-central-1", 1, 1, "SYMMETRIC_DEFAULT");
    assert_eq!(opens(&right, &wrapped).as_deref(), Some(material.expose()));
    for wrong in [
        context(&other_account, "eu-central-1", 1, 1, "SYMMETRIC_DEFAULT"),
        context(&own, "eu-west-1", 1, 1, "SYMMETRIC_DEFAULT"),
        context(&own, "eu-central-1", 2, 1, "SYMMETRIC_DEFAULT"),
        context(&own, "eu-central-1", 1, 2, "SYMMETRIC_DEFAULT"),
        context(&own, "eu-central-1", 1, 1, "RSA_2048"),
        WrapContext {
            key_id: KeyId::MultiRegion(*right.key_id.as_bytes()),
            ..context(&own, "eu-central-1", 1, 1, "SYMMETRIC_DEFAULT")
        },
        // The same text, cut elsewhere.
        context(&own, "eu-central-1S", 1, 1, "YMMETRIC_DEFAULT"),
    ] {
        assert_eq!(opens(&wrong, &wrapped), None);
    }
    for at in 0..wrapped.bytes.len() {
        let mut bytes = wrapped.bytes.clone();
        bytes[at] ^= 1;
        assert_eq!(opens(&right, &Wrapped { epoch: wrapped.epoch, bytes }), None, "byte {at}");
        let cut = Wrapped { epoch: wrapped.epoch, bytes: wrapped.bytes[..at].to_vec() };
        assert_eq!(opens(&right, &cut), None, "cut at {at}");
    }
    let other_epoch = Wrapped { epoch: 2, bytes: wrapped.bytes.clone() };
    assert_eq!(opens(&right, &other_epoch), None);
    let (_, foreign, _, _) = self::keyring(2);
    assert!(foreign.unwrap(&right, &wrapped).is_err(), "another store's domain key");
}

#[test]
fn a_sealed_column_opens_only_in_its_place() {
    let (_, keyring, _, _) = keyring(1);
    let place = |table, row_id, column| ColumnContext { table, row_id, column };
    let sealed = keyring.seal_column(&place("t", "r", "c"), b"value", &CountingRng::new(5));
    let opens = |place: &ColumnContext<'_>| keyring.open_column(place, &sealed).is_ok();
    assert!(opens(&place("t", "r", "c")));
    for wrong in [place("u", "r", "c"), place("t", "s", "c"), place("t", "r", "d"), place("tr", "", "c")] {
        assert!(!opens(&wrong));
    }
    let stored = sealed.to_bytes();
    let right = place("t", "r", "c");
    let opens_bytes = |stored: &[u8]| {
        let sealed = SealedColumn::from_bytes(stored)?;
        keyring.open_column(&right, &sealed).ok().map(|value| value.expose().to_vec())
    };
    assert_eq!(opens_bytes(&stored).as_deref(), Some(b"value".as_slice()));
    for at in 0..stored.len() {
        let mut changed = stored.clone();
        changed[at] ^= 1;
        assert_eq!(opens_bytes(&changed), None, "byte {at}");
        assert_eq!(opens_bytes(&stored[..at]), None, "cut at {at}");
    }
}

/// A keyring of `store` whose domain key has the same bytes in every epoch of `epochs`: what does not open
/// in another epoch, or in another store, is then refused for its binding and not for its key.
pub(super) fn with_one_domain_key(store: StoreId, epochs: &[u32]) -> Keyring {
    let rng = CountingRng::new(1000);
    let root = RootKey::generate(&rng);
    let (_, mut sealed) = Keyring::create(&root, store, &rng);
    sealed.retain(|key| key.purpose != KeyPurpose::Domain);
    for epoch in epochs {
        let wrapped = root.wrap(store, KeyPurpose::Domain.as_str(), *epoch, &[9; 32], &rng);
        sealed.push(SealedKey { purpose: KeyPurpose::Domain, epoch: *epoch, wrapped });
    }
    Keyring::open(&root, store, &sealed).expect("it opens")
}

#[test]
fn a_new_epoch_seals_and_the_old_ones_go_on_opening() {
    let store = StoreId::from_random([1; 16]);
    let rng = CountingRng::new(1);
    let account = account("111122223333");
    let context = WrapContext {
        account: &account,
        region: "eu-central-1",
        key_id: key_id(1),
        material_id: MaterialId::from_bytes([1; 32]),
        spec: "SYMMETRIC_DEFAULT",
    };
    let place = ColumnContext { table: "t", row_id: "r", column: "c" };
    let material = KeyMaterial::generate(&rng);
    let first = with_one_domain_key(store, &[1]);
    let wrapped = first.wrap(&context, &material, &rng);
    let column = first.seal_column(&place, b"value", &rng);
    assert_eq!(wrapped.epoch, 1);

    let later = with_one_domain_key(store, &[1, 2, 10]);
    assert_eq!(later.unwrap(&context, &wrapped).expect("it opens").expose(), material.expose());
    assert_eq!(later.open_column(&place, &column).expect("it opens").expose(), b"value");
    assert_eq!(later.wrap(&context, &material, &rng).epoch, 10, "the newest seals");
    assert_eq!(later.seal_column(&place, b"value", &rng).to_bytes()[..4], 10_u32.to_be_bytes());

    // Given out as another epoch's, with the same key there.
    assert!(later.unwrap(&context, &Wrapped { epoch: 2, bytes: wrapped.bytes.clone() }).is_err());
    let mut relabelled = column.to_bytes();
    relabelled[3] = 2;
    let relabelled = SealedColumn::from_bytes(&relabelled).expect("a column");
    assert!(later.open_column(&place, &relabelled).is_err());
    // Moved to another store that has the same key.
    let elsewhere = with_one_domain_key(StoreId::from_random([2; 16]), &[1]);
    assert!(elsewhere.unwrap(&context, &wrapped).is_err());
    assert!(elsewhere.open_column(&place, &column).is_err());
    // A column is no backing key, nor the other way round.
    assert!(later.unwrap(&context, &Wrapped { epoch: 1, bytes: column.to_bytes()[4..].to_vec() }).is_err());
}

#[test]
fn every_changed_byte_and_every_cut_of_a_sealed_key_is_found() {
    let (root, _, sealed, store) = keyring(1);
    for index in 0..sealed.len() {
        let purpose = sealed[index].purpose.as_str();
        let open_with = |wrapped: Vec<u8>| {
            let (_, _, mut changed, _) = keyring(1);
            changed[index].wrapped = wrapped;
            Keyring::open(&root, store, &changed).err()
        };
        assert_eq!(open_with(sealed[index].wrapped.clone()), None);
        for at in 0..sealed[index].wrapped.len() {
            let mut changed = sealed[index].wrapped.clone();
            changed[at] ^= 1;
            assert_eq!(open_with(changed), Some(KeyringError::Damaged { purpose, epoch: 1 }), "byte {at}");
            let cut = sealed[index].wrapped[..at].to_vec();
            assert_eq!(open_with(cut), Some(KeyringError::Damaged { purpose, epoch: 1 }), "cut at {at}");
        }
    }
    // As long as one opens, the root key is this store's.
    for intact in 0..sealed.len() {
        let (_, _, mut damaged, _) = keyring(1);
        for (_, key) in damaged.iter_mut().enumerate().filter(|(index, _)| *index != intact) {
            key.wrapped[20] ^= 1;
        }
        let fault = Keyring::open(&root, store, &damaged).err();
        assert!(matches!(fault, Some(KeyringError::Damaged { .. })), "{fault:?}");
    }
    // One that authenticates and has not the length of a key.
    let rng = CountingRng::new(60);
    for length in [0, 16, 31, 33, 64] {
        let (_, _, mut odd, _) = keyring(1);
        odd[0].wrapped = root.wrap(store, "domain", 1, &vec![1; length], &rng);
        assert_eq!(
            Keyring::open(&root, store, &odd).err(),
            Some(KeyringError::Damaged { purpose: "domain", epoch: 1 })
        );
    }
}

#[test]
fn a_foreign_root_key_is_told_from_a_damaged_store() {
    let (root, _, sealed, store) = keyring(1);
    let (foreign, _, _, _) = keyring(2);
    assert!(Keyring::open(&root, store, &sealed).is_ok());
    assert_eq!(Keyring::open(&foreign, store, &sealed).err(), Some(KeyringError::ForeignRootKey));
    let other_store = StoreId::from_random([0xee; 16]);
    assert_eq!(Keyring::open(&root, other_store, &sealed).err(), Some(KeyringError::ForeignRootKey));
    for at in 0..sealed.len() {
        let (_, _, mut damaged, _) = keyring(1);
        damaged[at].wrapped[20] ^= 1;
        let purpose = damaged[at].purpose.as_str();
        assert_eq!(
            Keyring::open(&root, store, &damaged).err(),
            Some(KeyringError::Damaged { purpose, epoch: 1 })
        );
        let (_, _, mut missing, _) = keyring(1);
        missing.remove(at);
        assert_eq!(Keyring::open(&root, store, &missing).err(), Some(KeyringError::Missing { purpose }));
    }
    let (_, _, mut swapped, _) = keyring(1);
    let first = std::mem::take(&mut swapped[0].wrapped);
    swapped[0].wrapped = std::mem::replace(&mut swapped[1].wrapped, first);
    assert!(Keyring::open(&root, store, &swapped).is_err(), "a key has one purpose");
    let (_, _, mut later, _) = keyring(1);
    later[0].epoch = 2;
    assert_eq!(later[0].purpose, KeyPurpose::Domain);
    assert!(Keyring::open(&root, store, &later).is_err(), "a key has one epoch");
}

#[test]
fn rewrapping_changes_the_root_key_and_nothing_below_it() {
    let (root, keyring, sealed, store) = keyring(1);
    let rng = CountingRng::new(70);
    let new_root = RootKey::generate(&rng);
    let rewrapped = Keyring::rewrap(&root, &new_root, store, &sealed, &rng).expect("it rewraps");
    assert_eq!(Keyring::open(&root, store, &rewrapped).err(), Some(KeyringError::ForeignRootKey));
    let reopened = Keyring::open(&new_root, store, &rewrapped).expect("it opens");
    // What does not open is told as it is at the start of the server, and nothing is rewrapped.
    let rewrap =
        |old: &RootKey, sealed: &[SealedKey]| Keyring::rewrap(old, &new_root, store, sealed, &rng).err();
    assert_eq!(rewrap(&new_root, &sealed), Some(KeyringError::ForeignRootKey));
    let (_, _, mut damaged, _) = self::keyring(1);
    damaged[3].wrapped[20] ^= 1;
    let purpose = damaged[3].purpose.as_str();
    assert_eq!(rewrap(&root, &damaged), Some(KeyringError::Damaged { purpose, epoch: 1 }));
    damaged.remove(3);
    assert_eq!(rewrap(&root, &damaged), Some(KeyringError::Missing { purpose }));
    let place = ColumnContext { table: "t", row_id: "r", column: "c" };
    let value = keyring.seal_column(&place, b"value", &rng);
    assert_eq!(reopened.open_column(&place, &value).expect("it opens").expose(), b"value");
}

#[test]
fn material_ids_name_material_and_key_and_tell_nothing_without_the_store() {
    let (_, keyring, _, _) = keyring(1);
    let (_, other_store, _, _) = self::keyring(2);
    let one = KeyMaterial::generate(&CountingRng::new(1));
    let two = KeyMaterial::generate(&CountingRng::new(2));
    assert_eq!(keyring.material_id(key_id(1), &one), keyring.material_id(key_id(1), &one));
    assert_ne!(keyring.material_id(key_id(1), &one), keyring.material_id(key_id(1), &two));
    assert_ne!(keyring.material_id(key_id(1), &one), keyring.material_id(key_id(2), &one));
    assert_ne!(keyring.material_id(key_id(1), &one), other_store.material_id(key_id(1), &one));
}

#[test]
fn markers_belong_to_their_list() {
    let (_, keyring, _, _) = keyring(1);
    let markers = keyring.markers();
    let marker = markers.seal(&[b"ListKeys", b"eu"], b"position");
    assert_eq!(markers.open(&[b"ListKeys", b"eu"], &marker).as_deref(), Ok(b"position".as_slice()));
    assert!(markers.open(&[b"ListAliases", b"eu"], &marker).is_err());
    assert!(markers.open(&[b"ListKeyse", b"u"], &marker).is_err());
    for wrong in ["", "AAAA", "not base64!", "=", &format!("{marker}="), &format!("{marker}AAAA")] {
        assert!(markers.open(&[b"ListKeys", b"eu"], wrong).is_err(), "{wrong}");
    }
    for at in 0..marker.len() {
        let other = if marker.as_bytes()[at] == b'A' { "B" } else { "A" };
        let changed = format!("{}{other}{}", &marker[..at], &marker[at + 1..]);
        assert!(markers.open(&[b"ListKeys", b"eu"], &changed).is_err(), "character {at}");
        assert!(markers.open(&[b"ListKeys", b"eu"], &marker[..at]).is_err(), "cut at {at}");
    }
    let (_, other_store, _, _) = self::keyring(2);
    assert!(other_store.markers().open(&[b"ListKeys", b"eu"], &marker).is_err());
}

#[test]
fn a_row_s_mac_binds_table_columns_and_where_they_are_cut() {
    let (_, keyring, _, _) = keyring(1);
    let mac = |table: &str, parts: &[&[u8]]| keyring.row_mac().mac(table, parts.iter().copied());
    let right = mac("keys", &[b"ab", b"c"]);
    assert_eq!(mac("keys", &[b"ab", b"c"]), right);
    let wrong: [(&str, &[&[u8]]); 7] = [
        ("key", &[b"sab", b"c"]),
        ("keys", &[b"a", b"bc"]),
        ("keys", &[b"abc"]),
        ("keys", &[b"c", b"ab"]),
        ("keys", &[b"ab", b"c", b""]),
        ("keys", &[b"ab", b"d"]),
        ("aliases", &[b"ab", b"c"]),
    ];
    for (table, parts) in wrong {
        assert_ne!(mac(table, parts), right, "{table} {parts:?}");
    }
    let (_, other_store, _, _) = self::keyring(2);
    assert_ne!(other_store.row_mac().mac("keys", [b"ab".as_slice(), b"c"].into_iter()), right);
}

#[test]
fn the_root_key_file_is_for_its_owner_and_never_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.key");
    assert!(matches!(FileSeal::open(&path), Err(SealError::NotFound { .. })));
    let root = RootKey::generate(&CountingRng::new(3));
    FileSeal::create(&path, &root).expect("it is written");
    assert_eq!(FileSeal::open(&path).expect("it opens").bytes(), root.bytes());
    assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(matches!(FileSeal::create(&path, &root), Err(SealError::Write { .. })), "it is there already");
    let text = std::fs::read_to_string(&path).expect("it reads");
    for mode in [0o644, 0o640, 0o604, 0o660] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        assert!(matches!(FileSeal::open(&path), Err(SealError::Exposed { .. })), "{mode:o}");
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    assert!(matches!(FileSeal::open(&link), Err(SealError::NotRegular { .. })));
    assert!(matches!(
        FileSeal::open(folder.path()),
        Err(SealError::NotRegular { .. } | SealError::Exposed { .. })
    ));
    // Opening a pipe would wait for a writer for ever.
    let pipe = folder.path().join("pipe");
    let owner_only = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, owner_only, 0).expect("a pipe");
    assert!(matches!(FileSeal::open(&pipe), Err(SealError::NotRegular { .. })));
    // Nothing is written through a link, and what is there stays.
    let (dangling, absent) = (folder.path().join("dangling"), folder.path().join("absent"));
    std::os::unix::fs::symlink(&absent, &dangling).expect("a link");
    assert!(matches!(FileSeal::create(&dangling, &root), Err(SealError::Write { .. })));
    assert!(!absent.exists());
    assert_eq!(std::fs::read_to_string(&path).expect("it reads"), text, "it was never overwritten");
    for at in 0..text.trim_end().len() {
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        std::fs::write(&path, format!("{}{other}{}", &text[..at], &text[at + 1..])).expect("it is written");
        assert!(FileSeal::open(&path).is_err(), "character {at}");
        std::fs::write(&path, &text[..at]).expect("it is written");
        assert!(FileSeal::open(&path).is_err(), "cut at {at}");
    }
    for (content, damaged) in [
        (text[..text.len() - 6].to_owned(), true),
        (text.replace(&text[30..31], if &text[30..31] == "A" { "B" } else { "A" }), true),
        ("keywright-root-key-v1 \n".to_owned(), false),
        ("keywright-root-key-v2 AAAA\n".to_owned(), false),
        ("-----BEGIN PRIVATE KEY-----\n".to_owned(), false),
        (String::new(), false),
    ] {
        std::fs::write(&path, &content).expect("it is written");
        match FileSeal::open(&path) {
            Err(SealError::Damaged { .. }) => assert!(damaged, "{content:?}"),
            Err(SealError::NotAKey { .. }) => assert!(!damaged, "{content:?}"),
            Err(other) => panic!("{content:?}: {other}"),
            Ok(_) => panic!("{content:?} was taken"),
        }
    }
}

/// A kill while the key is written leaves its unfinished file, or a second name of the finished one.
#[test]
fn an_attempt_that_died_is_no_obstacle_and_no_danger() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("root.key");
    let unfinished = folder.path().join("root.key.new");
    std::fs::write(&unfinished, "keywright-root-k").expect("it is written");
    let root = RootKey::generate(&CountingRng::new(3));
    FileSeal::create(&path, &root).expect("it is written");
    assert!(!unfinished.exists());
    std::fs::hard_link(&path, &unfinished).expect("it links");
    let other = RootKey::generate(&CountingRng::new(4));
    assert!(matches!(FileSeal::create(&path, &other), Err(SealError::Write { .. })));
    assert_eq!(FileSeal::open(&path).expect("it opens").bytes(), root.bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_encrypted_opens_and_headers_never_panic(
        plaintext in proptest::collection::vec(any::<u8>(), 0..4097),
        pairs in proptest::collection::btree_map("\\PC{1,12}", "\\PC{0,12}", 0..6),
        noise in proptest::collection::vec(any::<u8>(), 0..300),
        kept in 0..300_usize,
        start in any::<u64>(),
    ) {
        let rng = CountingRng::new(start);
        let material = MaterialKey::new(&KeyMaterial::generate(&rng));
        let (id, material_id) = (key_id(3), MaterialId::from_bytes([4; 32]));
        let context = || pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let blob = encrypt(&material, id, material_id, context(), &plaintext, &rng).expect("it encrypts");
        let header = Header::parse(&blob).expect("a header");
        let opened = decrypt(&material, &header, material_id, context(), &blob).expect("it opens");
        prop_assert_eq!(opened.expose(), plaintext.as_slice());
        // Noise hardly ever begins like a blob, so the beginning of a blob is put before it as well.
        let spliced = [&blob[..kept.min(blob.len() - 1)], noise.as_slice()].concat();
        for other in [noise, spliced].iter().filter(|other| **other != blob) {
            if let Some(header) = Header::parse(other) {
                prop_assert!(decrypt(&material, &header, material_id, context(), other).is_err());
            }
        }
    }
}
