// The JavaScript SDK against a real server; the server's address and credentials come by the environment.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  paginateListKeyRotations,
  paginateListKeys,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
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
