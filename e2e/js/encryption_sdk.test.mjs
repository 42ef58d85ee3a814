// The AWS Encryption SDK for JavaScript: keyrings of single- and multi-Region keys.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import {
  AwsKmsMrkAwareSymmetricKeyringNode,
  buildClient,
  CommitmentPolicy,
  getClient,
  KMS,
  KmsKeyringNode,
} from "@aws-crypto/client-node";
import {
  CreateKeyCommand,
  DisableKeyCommand,
  KMSClient,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
} from "@aws-sdk/client-kms";

const HOME = process.env.AWS_REGION;
const AWAY = "eu-west-2";
const kms = new KMSClient({ maxAttempts: 1 });
const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const clientProvider = getClient(KMS, { endpoint: process.env.AWS_ENDPOINT_URL });

async function newKey(members) {
  return (await kms.send(new CreateKeyCommand(members))).KeyMetadata;
}

test("an envelope opens after rotations, and with either of its keys", async () => {
  const [first, second] = [await newKey({}), await newKey({})];
  const plaintext = randomBytes(100_000);
  const keyring = new KmsKeyringNode({ clientProvider, generatorKeyId: first.Arn, keyIds: [second.Arn] });
  const { result } = await encrypt(keyring, plaintext, { encryptionContext: { purpose: "backup" } });
  for (const key of [first, second, first]) {
    await kms.send(new RotateKeyOnDemandCommand({ KeyId: key.KeyId }));
  }
  await kms.send(new DisableKeyCommand({ KeyId: first.KeyId }));
  const opened = await decrypt(new KmsKeyringNode({ clientProvider, keyIds: [second.Arn] }), result);
  assert.deepEqual(Buffer.from(opened.plaintext), plaintext);
  assert.equal(opened.messageHeader.encryptionContext.purpose, "backup");
  await assert.rejects(decrypt(new KmsKeyringNode({ clientProvider, keyIds: [first.Arn] }), result));
});

test("an envelope of one Region opens in another", async () => {
  const key = await newKey({ MultiRegion: true });
  await kms.send(new ReplicateKeyCommand({ KeyId: key.KeyId, ReplicaRegion: AWAY }));
  const there = key.Arn.replace(HOME, AWAY);
  const aware = (keyId, region) =>
    new AwsKmsMrkAwareSymmetricKeyringNode({ client: clientProvider(region), keyId });
  const { result } = await encrypt(aware(key.Arn, HOME), Buffer.from("home"));
  await kms.send(new RotateKeyOnDemandCommand({ KeyId: key.KeyId }));
  await kms.send(new DisableKeyCommand({ KeyId: key.KeyId }));
  const opened = await decrypt(aware(there, AWAY), result);
  assert.equal(Buffer.from(opened.plaintext).toString(), "home");
  await assert.rejects(decrypt(aware(key.Arn, HOME), result));
});
