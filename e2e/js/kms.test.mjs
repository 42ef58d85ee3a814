// The JavaScript SDK against a real server; the server's address and credentials come by the environment.

import assert from "node:assert/strict";
import {
  constants,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  verify,
} from "node:crypto";
import test from "node:test";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecapsulateCommand,
  DecryptCommand,
  DeriveSharedSecretCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncapsulateCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  KMSClient,
  paginateListKeyRotations,
  paginateListKeys,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";

const kms = new KMSClient({ maxAttempts: 1 });

async function newKey() {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: "js" }));
  return KeyMetadata;
}

test("a ciphertext outlives ten rotations", async () => {
  const key = await newKey();
  const alias = `alias/js-${key.KeyId}`;
  await kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: key.KeyId }));
  const plaintext = randomBytes(4096);
  const context = { EncryptionContext: { "naïve key": "värde \u{1F511}" } };
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: alias, Plaintext: plaintext, ...context }));
  for (let round = 0; round < 10; round += 1) {
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: key.KeyId }));
  }
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob, ...context }));
  assert.deepEqual(Buffer.from(opened.Plaintext), plaintext);
  assert.equal(opened.KeyMaterialId, key.CurrentKeyMaterialId);
  const moved = await kms.send(
    new ReEncryptCommand({
      CiphertextBlob,
      DestinationKeyId: alias,
      SourceEncryptionContext: context.EncryptionContext,
    }),
  );
  const now = await kms.send(new DescribeKeyCommand({ KeyId: key.KeyId }));
  assert.equal(moved.DestinationKeyMaterialId, now.KeyMetadata.CurrentKeyMaterialId);
  const rotations = [];
  for await (const page of paginateListKeyRotations({ client: kms, pageSize: 3 }, { KeyId: key.KeyId })) {
    rotations.push(...page.Rotations);
  }
  assert.equal(rotations.length, 10);
  assert.ok(rotations.every((rotation) => rotation.RotationDate instanceof Date));
});

test("a data key comes sealed and in clear, and the seal opens to it", async () => {
  const key = await newKey();
  const made = await kms.send(new GenerateDataKeyCommand({ KeyId: key.KeyId, KeySpec: "AES_256" }));
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
  assert.deepEqual(opened.Plaintext, made.Plaintext);
  assert.equal(made.Plaintext.length, 32);
});

test("errors have their class", async () => {
  const key = await newKey();
  await kms.send(new DisableKeyCommand({ KeyId: key.KeyId }));
  await assert.rejects(
    kms.send(new EncryptCommand({ KeyId: key.KeyId, Plaintext: Buffer.from("x") })),
    (error) => error.name === "DisabledException" && error.message === `${key.Arn} is disabled.`,
  );
});

test("pages of keys are complete and without doubles", async () => {
  const made = new Set();
  for (let count = 0; count < 7; count += 1) made.add((await newKey()).KeyId);
  const seen = [];
  for await (const page of paginateListKeys({ client: kms, pageSize: 3 }, {})) {
    assert.ok(page.Keys.length <= 3);
    seen.push(...page.Keys.map((entry) => entry.KeyId));
  }
  assert.equal(new Set(seen).size, seen.length);
  for (const id of made) assert.ok(seen.includes(id));
});

const SIGNERS = [
  ["RSA_2048", "RSASSA_PSS_SHA_256", "sha256", { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
  ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", "sha512", {}],
  ["ECC_NIST_P256", "ECDSA_SHA_256", "sha256", {}],
  ["ECC_NIST_P384", "ECDSA_SHA_384", "sha384", {}],
  ["ECC_NIST_P521", "ECDSA_SHA_512", "sha512", {}],
  ["ECC_SECG_P256K1", "ECDSA_SHA_256", "sha256", {}],
  ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512", null, {}],
];

for (const [KeySpec, SigningAlgorithm, hash, options] of SIGNERS) {
  test(`${SigningAlgorithm} by ${KeySpec} verifies in Node and in the service`, async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage: "SIGN_VERIFY" }));
    const KeyId = KeyMetadata.KeyId;
    const Message = randomBytes(100);
    const { Signature } = await kms.send(new SignCommand({ KeyId, Message, SigningAlgorithm }));
    const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId }));
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
    assert.ok(verify(hash, Message, { key, ...options }, Signature));
    const { SignatureValid } = await kms.send(new VerifyCommand({ KeyId, Message, Signature, SigningAlgorithm }));
    assert.equal(SignatureValid, true);
    await assert.rejects(kms.send(new VerifyCommand({ KeyId, Message: randomBytes(9), Signature, SigningAlgorithm })), {
      name: "KMSInvalidSignatureException",
    });
  });
}

test("MACs, agreement, encapsulation and key pairs", async () => {
  const make = async (KeySpec, KeyUsage) =>
    (await kms.send(new CreateKeyCommand({ KeySpec, KeyUsage }))).KeyMetadata.KeyId;
  const mac = { KeyId: await make("HMAC_512", "GENERATE_VERIFY_MAC"), Message: randomBytes(64), MacAlgorithm: "HMAC_SHA_512" };
  const { Mac } = await kms.send(new GenerateMacCommand(mac));
  assert.equal((await kms.send(new VerifyMacCommand({ ...mac, Mac }))).MacValid, true);

  const agreeing = await make("ECC_NIST_P256", "KEY_AGREEMENT");
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { SharedSecret } = await kms.send(
    new DeriveSharedSecretCommand({
      KeyId: agreeing,
      KeyAgreementAlgorithm: "ECDH",
      PublicKey: own.publicKey.export({ format: "der", type: "spki" }),
    }),
  );
  const theirs = await kms.send(new GetPublicKeyCommand({ KeyId: agreeing }));
  const publicKey = createPublicKey({ key: Buffer.from(theirs.PublicKey), format: "der", type: "spki" });
  assert.deepEqual(Buffer.from(SharedSecret), diffieHellman({ privateKey: own.privateKey, publicKey }));

  const kem = { KeyId: await make("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"), EncapsulationAlgorithm: "ML_KEM" };
  const sealed = await kms.send(new EncapsulateCommand(kem));
  const opened = await kms.send(
    new DecapsulateCommand({ ...kem, SharedSecretCiphertextBlob: sealed.SharedSecretCiphertextBlob }),
  );
  assert.deepEqual(opened.SharedSecret, sealed.SharedSecret);

  const wrapping = await newKey();
  const pair = await kms.send(
    new GenerateDataKeyPairCommand({ KeyId: wrapping.KeyId, KeyPairSpec: "ECC_NIST_P384" }),
  );
  const again = await kms.send(new DecryptCommand({ CiphertextBlob: pair.PrivateKeyCiphertextBlob }));
  assert.deepEqual(again.Plaintext, pair.PrivateKeyPlaintext);
  const sealedOnly = await kms.send(
    new GenerateDataKeyPairWithoutPlaintextCommand({ KeyId: wrapping.KeyId, KeyPairSpec: "ECC_NIST_EDWARDS25519" }),
  );
  assert.equal(sealedOnly.PrivateKeyPlaintext, undefined);
});

test("RSA takes what Node encrypts", async () => {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: "RSA_2048", KeyUsage: "ENCRYPT_DECRYPT" }));
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: KeyMetadata.KeyId }));
  const key = createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
  const CiphertextBlob = publicEncrypt({ key, oaepHash: "sha256" }, Buffer.from("from Node"));
  const opened = await kms.send(
    new DecryptCommand({ KeyId: KeyMetadata.KeyId, CiphertextBlob, EncryptionAlgorithm: "RSAES_OAEP_SHA_256" }),
  );
  assert.equal(Buffer.from(opened.Plaintext).toString(), "from Node");
});
