// Every operation of KMS once, by the JavaScript SDK.

import assert from "node:assert/strict";
import { constants, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";
import test from "node:test";
import * as sdk from "@aws-sdk/client-kms";

const kms = new sdk.KMSClient({ maxAttempts: 1 });
const sent = new Set();

function send(name, input = {}) {
  sent.add(name);
  return kms.send(new sdk[`${name}Command`](input));
}

async function newKey(members = {}) {
  return (await send("CreateKey", members)).KeyMetadata;
}

function wrap(parameters, material) {
  const key = createPublicKey({ key: Buffer.from(parameters.PublicKey), format: "der", type: "spki" });
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, material);
}

test("keys, aliases, tags, policies, grants, rotation", async () => {
  const key = await newKey({ Description: "one", Tags: [{ TagKey: "a", TagValue: "b" }] });
  const { KeyId, Arn } = key;
  const other = await newKey();
  assert.equal((await send("DescribeKey", { KeyId })).KeyMetadata.Arn, Arn);
  assert.ok((await send("ListKeys", { Limit: 1000 })).Keys.some((entry) => entry.KeyId === KeyId));
  await send("UpdateKeyDescription", { KeyId, Description: "two" });
  await send("TagResource", { KeyId, Tags: [{ TagKey: "c", TagValue: "d" }] });
  await send("UntagResource", { KeyId, TagKeys: ["a"] });
  assert.deepEqual((await send("ListResourceTags", { KeyId })).Tags, [{ TagKey: "c", TagValue: "d" }]);
  const AliasName = `alias/js-operations-${KeyId}`;
  await send("CreateAlias", { AliasName, TargetKeyId: KeyId });
  await send("UpdateAlias", { AliasName, TargetKeyId: other.KeyId });
  assert.equal((await send("ListAliases", { KeyId: other.KeyId })).Aliases[0].AliasName, AliasName);
  await send("DeleteAlias", { AliasName });
  const { Policy } = await send("GetKeyPolicy", { KeyId });
  await send("PutKeyPolicy", { KeyId, Policy });
  assert.deepEqual((await send("ListKeyPolicies", { KeyId })).PolicyNames, ["default"]);
  const GranteePrincipal = `arn:aws:iam::${key.AWSAccountId}:root`;
  const grant = { KeyId, GranteePrincipal, RetiringPrincipal: GranteePrincipal, Operations: ["Encrypt"] };
  const first = await send("CreateGrant", grant);
  const second = await send("CreateGrant", { ...grant, Name: "second" });
  assert.equal((await send("ListGrants", { KeyId })).Grants.length, 2);
  const retirable = await send("ListRetirableGrants", { RetiringPrincipal: GranteePrincipal });
  assert.ok(retirable.Grants.length >= 2);
  await send("RetireGrant", { GrantToken: first.GrantToken });
  await send("RevokeGrant", { KeyId, GrantId: second.GrantId });
  await send("EnableKeyRotation", { KeyId, RotationPeriodInDays: 100 });
  assert.equal((await send("GetKeyRotationStatus", { KeyId })).RotationPeriodInDays, 100);
  await send("DisableKeyRotation", { KeyId });
  await send("RotateKeyOnDemand", { KeyId });
  assert.equal((await send("ListKeyRotations", { KeyId })).Rotations.length, 1);
  await send("DisableKey", { KeyId });
  await send("EnableKey", { KeyId });
  assert.equal((await send("ScheduleKeyDeletion", { KeyId, PendingWindowInDays: 7 })).KeyState, "PendingDeletion");
  await send("CancelKeyDeletion", { KeyId });
});

test("symmetric keys", async () => {
  const { KeyId } = await newKey();
  const { CiphertextBlob } = await send("Encrypt", { KeyId, Plaintext: Buffer.from("x") });
  assert.equal(Buffer.from((await send("Decrypt", { CiphertextBlob })).Plaintext).toString(), "x");
  await send("ReEncrypt", { CiphertextBlob, DestinationKeyId: KeyId });
  assert.equal((await send("GenerateDataKey", { KeyId, NumberOfBytes: 24 })).Plaintext.length, 24);
  await send("GenerateDataKeyWithoutPlaintext", { KeyId, KeySpec: "AES_128" });
  await send("GenerateDataKeyPair", { KeyId, KeyPairSpec: "ECC_NIST_P256" });
  await send("GenerateDataKeyPairWithoutPlaintext", { KeyId, KeyPairSpec: "ECC_NIST_P384" });
  assert.equal((await send("GenerateRandom", { NumberOfBytes: 10 })).Plaintext.length, 10);
  assert.ok((await send("GetKeyLastUsage", { KeyId })).KeyId.endsWith(KeyId));
});

test("asymmetric and MAC keys", async () => {
  const signer = await newKey({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
  const message = { KeyId: signer.KeyId, Message: Buffer.from("m"), SigningAlgorithm: "ECDSA_SHA_256" };
  const { Signature } = await send("Sign", message);
  assert.equal((await send("Verify", { ...message, Signature })).SignatureValid, true);
  const mac = await newKey({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
  const tagged = { KeyId: mac.KeyId, Message: Buffer.from("m"), MacAlgorithm: "HMAC_SHA_256" };
  const { Mac } = await send("GenerateMac", tagged);
  assert.equal((await send("VerifyMac", { ...tagged, Mac })).MacValid, true);
  const agreeing = await newKey({ KeySpec: "ECC_NIST_P384", KeyUsage: "KEY_AGREEMENT" });
  const { PublicKey } = await send("GetPublicKey", { KeyId: agreeing.KeyId });
  const agreed = { KeyId: agreeing.KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey };
  assert.equal((await send("DeriveSharedSecret", agreed)).SharedSecret.length, 48);
  const kem = { KeyId: (await newKey({ KeySpec: "ML_KEM_768", KeyUsage: "ENCAPSULATE_DECAPSULATE" })).KeyId };
  const there = await send("Encapsulate", { ...kem, EncapsulationAlgorithm: "ML_KEM" });
  const { SharedSecretCiphertextBlob } = there;
  const here = await send("Decapsulate", { ...kem, EncapsulationAlgorithm: "ML_KEM", SharedSecretCiphertextBlob });
  assert.deepEqual(here.SharedSecret, there.SharedSecret);
});

test("imported key material", async () => {
  const { KeyId } = await newKey({ Origin: "EXTERNAL" });
  const asked = { KeyId, WrappingAlgorithm: "RSAES_OAEP_SHA_256", WrappingKeySpec: "RSA_2048" };
  const parameters = await send("GetParametersForImport", asked);
  const { KeyMaterialId } = await send("ImportKeyMaterial", {
    KeyId,
    ImportToken: parameters.ImportToken,
    EncryptedKeyMaterial: wrap(parameters, randomBytes(32)),
    ExpirationModel: "KEY_MATERIAL_EXPIRES",
    ValidTo: new Date(Date.now() + 86_400_000),
  });
  assert.equal((await send("DescribeKey", { KeyId })).KeyMetadata.CurrentKeyMaterialId, KeyMaterialId);
  await send("DeleteImportedKeyMaterial", { KeyId });
  assert.equal((await send("DescribeKey", { KeyId })).KeyMetadata.KeyState, "PendingImport");
});

test("multi-Region keys", async () => {
  const { KeyId } = await newKey({ MultiRegion: true });
  await send("ReplicateKey", { KeyId, ReplicaRegion: "eu-west-3" });
  await send("UpdatePrimaryRegion", { KeyId, PrimaryRegion: "eu-west-3" });
  const { MultiRegionConfiguration } = (await send("DescribeKey", { KeyId })).KeyMetadata;
  assert.equal(MultiRegionConfiguration.MultiRegionKeyType, "REPLICA");
});

test("custom key stores, of which there are none", async () => {
  assert.deepEqual((await send("DescribeCustomKeyStores")).CustomKeyStores, []);
  const CustomKeyStoreId = "cks-1234567890abcdef0";
  for (const name of ["Connect", "Disconnect", "Delete", "Update"]) {
    const refused = { name: "CustomKeyStoreNotFoundException" };
    await assert.rejects(send(`${name}CustomKeyStore`, { CustomKeyStoreId }), refused);
  }
  await assert.rejects(send("CreateCustomKeyStore", { CustomKeyStoreName: "store" }));
});

test("there is no operation that was not sent", () => {
  const known = Object.keys(sdk).filter((name) => name.endsWith("Command")).map((name) => name.slice(0, -7));
  assert.deepEqual(known.filter((name) => name !== "$" && !sent.has(name)), []);
  assert.ok(sent.size >= 56, `${sent.size}`);
});
