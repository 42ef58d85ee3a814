use super::{SessionFacts, SessionOf, Sessions, TokenFault, account_of_session_key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keywright_crypto::{Keyring, RootKey, SystemRng};
use keywright_types::{AccessKeyId, AccountId, Rng, StoreId, Tags, Timestamp};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn rng() -> &'static dyn Rng {
    &SystemRng
}

/// The keys of a new store.
fn keyring() -> Keyring {
    let root = RootKey::generate(rng());
    Keyring::create(&root, StoreId::from_random(rng().array()), rng()).0
}

fn facts() -> SessionFacts {
    SessionFacts {
        account: "000000000042".to_owned(),
        of: SessionOf::Role {
            role_id: "AROAAAAAAAAAAAAAAAAAA".to_owned(),
            role_name: "deploy".to_owned(),
            session_name: "ci".to_owned(),
            policy: None,
            policy_arns: Vec::new(),
            tags: Tags::default(),
            transitive: Vec::new(),
            source_identity: None,
            federated: None,
            chained: false,
        },
        issued_at: NOW.as_millis(),
        expires_at: NOW.as_millis() + 900_000,
        mfa_at: None,
    }
}

/// Opens a token without what other tests have cached.
fn open(keyring: &Keyring, id: &AccessKeyId, token: &str, now: Timestamp) -> Result<(), TokenFault> {
    Sessions::default().open(keyring, id, token, now).map(drop)
}

#[test]
fn a_token_gives_back_its_session() {
    let keyring = keyring();
    let made = Sessions::seal(&facts(), &keyring, rng());
    let sessions = Sessions::default();
    for round in ["sealed", "remembered"] {
        let session = sessions.open(&keyring, &made.access_key_id, made.token.expose(), NOW).expect(round);
        assert_eq!(session.account.as_str(), "000000000042");
        assert_eq!(session.access_key_id, made.access_key_id);
        assert!(session.secret == made.secret, "{round}");
        assert_eq!(session.unique_id().map(|id| id.to_string()).as_deref(), Some("AROAAAAAAAAAAAAAAAAAA"));
    }
}

/// peer_09, peer_10: every byte is under the seal, and the seal is bound to the access key id.
#[test]
fn peer_10_changed_cut_and_foreign_tokens_are_none() {
    let keyring = keyring();
    let made = Sessions::seal(&facts(), &keyring, rng());
    let other = Sessions::seal(&facts(), &keyring, rng());
    let elsewhere = self::keyring();
    let (id, token) = (&made.access_key_id, made.token.expose());
    assert_eq!(open(&elsewhere, id, token, NOW), Err(TokenFault::Invalid), "of another store");
    assert_eq!(open(&keyring, &other.access_key_id, token, NOW), Err(TokenFault::Invalid), "of another key");
    // The same when both were seen before: what is remembered is bound too.
    let sessions = Sessions::default();
    sessions.open(&keyring, id, token, NOW).expect("it opens");
    assert!(matches!(sessions.open(&keyring, &other.access_key_id, token, NOW), Err(TokenFault::Invalid)));
    let bytes = STANDARD.decode(token).expect("base64");
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        assert_eq!(
            open(&keyring, id, &STANDARD.encode(&changed), NOW),
            Err(TokenFault::Invalid),
            "byte {at}"
        );
        assert_eq!(open(&keyring, id, &STANDARD.encode(&bytes[..at]), NOW), Err(TokenFault::Invalid), "{at}");
    }
    for text in ["", "!", "AQ==", &token[..token.len() - 1], &format!("{token}AAAA"), &format!(" {token}")] {
        assert_eq!(open(&keyring, id, text, NOW), Err(TokenFault::Invalid), "{text}");
    }
    let long = "A".repeat(1 << 20);
    assert_eq!(open(&keyring, id, &long, NOW), Err(TokenFault::Invalid));
    // And after all that, the true one still opens. (Newer domain keys: crypto's tests.)
    assert_eq!(open(&keyring, id, token, NOW), Ok(()));
}

#[test]
fn a_token_ends_when_it_says_so() {
    let keyring = keyring();
    let made = Sessions::seal(&facts(), &keyring, rng());
    let at = |millis| {
        let sessions = Sessions::default();
        let now = Timestamp::from_millis(NOW.as_millis() + millis);
        // Also once it is remembered.
        sessions.open(&keyring, &made.access_key_id, made.token.expose(), NOW).expect("in time");
        sessions.open(&keyring, &made.access_key_id, made.token.expose(), now).map(drop)
    };
    assert_eq!(at(899_999), Ok(()));
    assert_eq!(at(900_000), Err(TokenFault::Expired));
    assert_eq!(at(i64::from(i32::MAX)), Err(TokenFault::Expired));
}

#[test]
fn a_token_is_as_long_as_was_asked_for() {
    let keyring = keyring();
    let plain = Sessions::seal(&facts(), &keyring, rng()).token.len();
    for least in [0, 1, 1000, 4095, 4096] {
        let made = Sessions::seal_padded(&facts(), least, &keyring, rng());
        assert!(made.token.len() >= least.max(plain), "{} for {least}", made.token.len());
        assert!(made.token.len() <= (least + 4).max(plain), "{} for {least}", made.token.len());
        assert_eq!(open(&keyring, &made.access_key_id, made.token.expose(), NOW), Ok(()));
    }
}

/// AWS's ids are known to hold the account in this place (aws-samples and others decode it: six bytes of base32, the
/// first bit cleared, seven bits dropped).
#[test]
fn ids_of_sessions_tell_the_account() {
    let keyring = keyring();
    for account in ["000000000042", "111122223333", "999999999999"] {
        let made = Sessions::seal(&SessionFacts { account: account.to_owned(), ..facts() }, &keyring, rng());
        let account = AccountId::parse(account).expect("an account");
        assert_eq!(account_of_session_key(&made.access_key_id), Some(account));
        assert_ne!(made.access_key_id, Sessions::seal(&facts(), &keyring, rng()).access_key_id);
    }
    // A published pair of id and account (tests of TruffleHog's decoder).
    let id = AccessKeyId::parse("ASIAQYLPMN5HHHFPZAM2").expect("an id");
    assert_eq!(
        account_of_session_key(&id).map(|account| account.to_string()).as_deref(),
        Some("052310077262")
    );
    for none in
        ["AKIAQYLPMN5HHHFPZAM2", "ASIAQYLPMN5HHHFPZAM", "ASIA0YLPMN5HHHFPZAM2", "ASIAAAAAAAAAAAAAAAAA"]
    {
        assert_eq!(account_of_session_key(&AccessKeyId::parse(none).expect("an id")), None, "{none}");
    }
}
