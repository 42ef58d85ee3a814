"""The AWS Encryption SDK for Python: client-side envelopes whose data keys are sealed here."""

import os

import aws_encryption_sdk
import aws_encryption_sdk.key_providers.kms
import botocore.session
import pytest
from aws_encryption_sdk import CommitmentPolicy

from conftest import REGION


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


def test_an_envelope_of_one_region_opens_in_another(server, kms, provider_of):
    """Multi-Region keys: the envelope names the key of the Region that it was made in."""
    made = kms.create_key(MultiRegion=True)["KeyMetadata"]
    kms.replicate_key(KeyId=made["KeyId"], ReplicaRegion="eu-west-2")
    there = made["Arn"].replace(REGION, "eu-west-2")
    client = aws_encryption_sdk.EncryptionSDKClient()
    aware = lambda *arns: aws_encryption_sdk.key_providers.kms.MRKAwareStrictAwsKmsMasterKeyProvider(
        key_ids=list(arns), botocore_session=botocore.session.Session())
    sealed, _ = client.encrypt(source=b"home", key_provider=aware(made["Arn"]))
    kms.disable_key(KeyId=made["KeyId"])
    assert client.decrypt(source=sealed, key_provider=aware(there))[0] == b"home"
    kms.enable_key(KeyId=made["KeyId"])
    kms.rotate_key_on_demand(KeyId=made["KeyId"])
    assert client.decrypt(source=sealed, key_provider=aware(there))[0] == b"home"
    found = aws_encryption_sdk.key_providers.kms.MRKAwareDiscoveryAwsKmsMasterKeyProvider(
        discovery_region="eu-west-2", botocore_session=botocore.session.Session())
    assert client.decrypt(source=sealed, key_provider=found)[0] == b"home"
    back, _ = client.encrypt(source=b"abroad", key_provider=aware(there))
    assert client.decrypt(source=back, key_provider=aware(made["Arn"]))[0] == b"abroad"
    # A provider that does not know of such keys takes the other Region's for another key.
    with pytest.raises(Exception):  # noqa: B017 - the SDK's own class is private
        client.decrypt(source=sealed, key_provider=provider_of(there))
