//! Sealed tokens: bound to what they were made for, and readable after newer domain keys.

use super::CountingRng;
use super::negative::with_one_domain_key;
use keywright_types::StoreId;

const STORE: [u8; 16] = [1; 16];

#[test]
fn a_token_opens_where_it_was_sealed_for_and_nowhere_else() {
    let keyring = with_one_domain_key(StoreId::from_random(STORE), &[1]);
    let token = keyring.seal_token("session", "ASIA1", b"value", &CountingRng::new(1));
    let open = |purpose, bound, token: &[u8]| {
        keyring.open_token(purpose, bound, token).ok().map(|value| value.expose().to_vec())
    };
    assert_eq!(open("session", "ASIA1", &token).as_deref(), Some(b"value".as_slice()));
    assert_eq!(open("session", "ASIA2", &token), None);
    assert_eq!(open("import", "ASIA1", &token), None);
    // Length-prefixed parts: nothing moves from one to the other.
    assert_eq!(open("sessionA", "SIA1", &token), None);
    for at in 0..token.len() {
        let mut changed = token.clone();
        changed[at] ^= 1;
        assert_eq!(open("session", "ASIA1", &changed), None, "byte {at}");
        assert_eq!(open("session", "ASIA1", &token[..at]), None, "cut at {at}");
    }
    let mut longer = token.clone();
    longer.push(0);
    assert_eq!(open("session", "ASIA1", &longer), None);
    assert_eq!(open("session", "ASIA1", b""), None);
}

#[test]
fn tokens_survive_newer_domain_keys_and_belong_to_their_store() {
    let rng = CountingRng::new(1);
    let first = with_one_domain_key(StoreId::from_random(STORE), &[1]);
    let token = first.seal_token("session", "A", b"value", &rng);
    let later = with_one_domain_key(StoreId::from_random(STORE), &[1, 2]);
    assert_eq!(later.open_token("session", "A", &token).expect("it opens").expose(), b"value");
    let newer = later.seal_token("session", "A", b"value", &rng);
    assert_eq!(newer[..4], 2_u32.to_be_bytes(), "the newest seals");
    // Given out as another epoch's, with the same key there.
    let mut relabelled = token.clone();
    relabelled[3] = 2;
    assert!(later.open_token("session", "A", &relabelled).is_err());
    assert!(first.open_token("session", "A", &newer).is_err(), "an epoch that it does not have");
    let elsewhere = with_one_domain_key(StoreId::from_random([2; 16]), &[1]);
    assert!(elsewhere.open_token("session", "A", &token).is_err());
}
