"""The AWS Encryption SDK for Python: client-side envelopes whose data keys are sealed here."""

import os

import aws_encryption_sdk
import botocore.session
import pytest
from aws_encryption_sdk import CommitmentPolicy


@pytest.fixture()
def provider_of(server, monkeypatch):
    for name, value in server.variables().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)

    def make(*arns):
        return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(
            key_ids=list(arns), botocore_session=botocore.session.Session()
        )

    return make


def test_an_envelope_opens_after_rotation(kms, provider_of):
    key = kms.create_key()["KeyMetadata"]
    client = aws_encryption_sdk.EncryptionSDKClient(
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    )
    plain = os.urandom(100_000)
    sealed, _ = client.encrypt(
        source=plain, key_provider=provider_of(key["Arn"]), encryption_context={"purpose": "backup"}
    )
    for _ in range(3):
        kms.rotate_key_on_demand(KeyId=key["KeyId"])
    opened, header = client.decrypt(source=sealed, key_provider=provider_of(key["Arn"]))
    assert opened == plain
    assert header.encryption_context["purpose"] == "backup"


def test_either_of_two_keys_opens(kms, provider_of):
    keys = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]
    client = aws_encryption_sdk.EncryptionSDKClient()
    sealed, _ = client.encrypt(source=b"both", key_provider=provider_of(*keys))
    kms.disable_key(KeyId=keys[0])
    opened, _ = client.decrypt(source=sealed, key_provider=provider_of(keys[1]))
    assert opened == b"both"
    with pytest.raises(Exception):  # noqa: B017 - the SDK's own class is private
        client.decrypt(source=sealed, key_provider=provider_of(keys[0]))
