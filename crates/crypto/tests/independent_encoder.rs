//! Ciphertexts made by another encoder, put together here from docs/ciphertext.md and aws-lc's one-call KDF.
//!
//! What: the crate opens what that encoder makes, and refuses what it makes wrong in one place only.
//! Why here: flipping bytes of a good blob cannot tell whether the commitment is compared at all, since the
//! header is also authenticated by GCM. An encoder can make a blob whose tag is right and whose commitment is
//! not; that is the shape of the attacks on formats that do not commit (CVE-2020-8897).

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};
use keywright_crypto::{Header, KeyMaterial, MaterialKey, decrypt};
use keywright_types::{KeyId, MaterialId, SecretBytes};

const BACKING_KEY: [u8; 32] = [0x5a; 32];
const MATERIAL_ID: [u8; 32] = [0xc3; 32];
const PLAINTEXT: &[u8] = b"made elsewhere";

/// What the encoder writes; each field may be made wrong while everything computed from it stays right.
struct Encoder {
    version: u8,
    suite: u8,
    kind: u8,
    kind_in_kdf: Option<u8>,
    material_tag: [u8; 16],
    label: &'static [u8],
    material_id_in_kdf: [u8; 32],
    commitment_flip: u8,
    context: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            version: 1,
            suite: 1,
            kind: 1,
            kind_in_kdf: None,
            material_tag: [0xc3; 16],
            label: b"keywright/kms/sym/v1",
            material_id_in_kdf: MATERIAL_ID,
            commitment_flip: 0,
            context: pairs(&[("app", "pay"), ("env", "prod")]),
        }
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = number(pairs.len()).to_vec();
    for text in pairs.iter().flat_map(|(key, value)| [key, value]) {
        bytes.extend_from_slice(&number(text.len()));
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn number(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("small").to_be_bytes()
}

impl Encoder {
    fn encode(&self) -> Vec<u8> {
        let (id, salt) = ([0x11; 16], [0x22; 32]);
        let named = [&[self.kind], id.as_slice()].concat();
        let named_in_kdf = [&[self.kind_in_kdf.unwrap_or(self.kind)], id.as_slice()].concat();
        let context = [named_in_kdf.as_slice(), &self.material_id_in_kdf, &salt].concat();
        let info = [self.label, &[0], &context, &640_u32.to_be_bytes()].concat();
        let algorithm =
            get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).expect("it is built in");
        let mut derived = [0; 80];
        kbkdf_ctr_hmac(algorithm, &BACKING_KEY, &info, &mut derived).expect("it derives");
        let mut commitment = derived[48..].to_vec();
        commitment[31] ^= self.commitment_flip;
        let header =
            [b"KW".as_slice(), &[self.version, self.suite], &named, &self.material_tag, &salt, &commitment]
                .concat();
        let mut sealed = PLAINTEXT.to_vec();
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &derived[..32]).expect("32 bytes"))
            .seal_in_place_append_tag(
                Nonce::try_assume_unique_for_key(&derived[32..44]).expect("12 bytes"),
                Aad::from([header.as_slice(), &self.context].concat()),
                &mut sealed,
            )
            .expect("it seals");
        [header, sealed].concat()
    }

    /// The plaintext, where the crate opens the blob with the right key, material id and context.
    fn opens(&self) -> Option<Vec<u8>> {
        self.opens_as(&Header::parse(&self.encode())?)
    }

    /// The same where the caller looked up the key with `header`.
    fn opens_as(&self, header: &Header) -> Option<Vec<u8>> {
        let material = KeyMaterial::from_secret(SecretBytes::copy_of(&BACKING_KEY));
        let context = [("app", "pay"), ("env", "prod")];
        decrypt(
            &MaterialKey::new(&material),
            header,
            MaterialId::from_bytes(MATERIAL_ID),
            context.into_iter(),
            &self.encode(),
        )
        .ok()
        .map(|plaintext| plaintext.expose().to_vec())
    }
}

#[test]
fn what_another_encoder_makes_opens() {
    for kind in [1, 2] {
        let encoder = Encoder { kind, ..Encoder::default() };
        assert_eq!(encoder.opens().as_deref(), Some(PLAINTEXT), "kind {kind}");
        let key_id = Header::parse(&encoder.encode()).expect("a header").key_id();
        assert_eq!(Some(key_id), KeyId::from_kind(kind, [0x11; 16]));
    }
}

#[test]
fn a_right_tag_does_not_excuse_a_wrong_commitment() {
    for flip in [1, 0x80, 0xff] {
        assert_eq!(Encoder { commitment_flip: flip, ..Encoder::default() }.opens(), None, "{flip:#x}");
    }
}

#[test]
fn versions_and_suites_to_come_are_not_taken_for_this_one() {
    for other in (0..=255).filter(|number| *number != 1) {
        assert_eq!(Encoder { version: other, ..Encoder::default() }.opens(), None, "version {other}");
        assert_eq!(Encoder { suite: other, ..Encoder::default() }.opens(), None, "suite {other}");
    }
    for kind in (0..=255).filter(|kind| ![1, 2].contains(kind)) {
        assert_eq!(Encoder { kind, ..Encoder::default() }.opens(), None, "kind {kind}");
    }
}

#[test]
fn a_key_derived_for_something_else_opens_nothing() {
    assert_eq!(Encoder { label: b"keywright/kms/sym/v2", ..Encoder::default() }.opens(), None);
    let mut material_id_in_kdf = MATERIAL_ID;
    material_id_in_kdf[31] ^= 1; // beyond the tag that the header carries
    assert_eq!(Encoder { material_id_in_kdf, ..Encoder::default() }.opens(), None);
}

#[test]
fn the_header_must_name_what_opens_it() {
    let other_tag = Encoder { material_tag: [0xc4; 16], ..Encoder::default() };
    assert_eq!(other_tag.opens(), None, "sealed under this backing key, said to be under another");
    // Sealed for one key, its header rewritten to name another, and handed over with the first one's header:
    // the caller checked the rights on one key, and the blob must not be of the other.
    let right = Header::parse(&Encoder::default().encode()).expect("a header");
    let renamed = Encoder { kind: 2, kind_in_kdf: Some(1), ..Encoder::default() };
    assert_eq!(renamed.opens_as(&right), None);
    assert_eq!(renamed.opens(), None);
}

#[test]
fn the_context_has_one_form() {
    for (name, context) in [
        ("no context", Vec::new()),
        ("the count alone", pairs(&[])),
        ("another order", pairs(&[("env", "prod"), ("app", "pay")])),
        ("a pair twice", pairs(&[("app", "pay"), ("app", "pay"), ("env", "prod")])),
        ("without the count", pairs(&[("app", "pay"), ("env", "prod")])[4..].to_vec()),
        ("bytes behind it", [pairs(&[("app", "pay"), ("env", "prod")]), vec![0]].concat()),
    ] {
        assert_eq!(Encoder { context, ..Encoder::default() }.opens(), None, "{name}");
    }
}
