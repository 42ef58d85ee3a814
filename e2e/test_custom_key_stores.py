"""Custom key stores: there are none, and every tool that looks for one is told so in the words of its model."""

import json

import pytest

from conftest import aws
from identities import allow, refused, user

CLUSTER = {
    "CustomKeyStoreName": "on-a-cluster", "CloudHsmClusterId": "cluster-2h4kmpqrstu",
    "KeyStorePassword": "kmsuser-Pa55-marked", "TrustAnchorCertificate": "-----BEGIN CERTIFICATE-----"}
PROXY = {
    "CustomKeyStoreName": "behind-a-proxy", "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
    "XksProxyConnectivity": "PUBLIC_ENDPOINT", "XksProxyUriEndpoint": "https://xks.example.com",
    "XksProxyUriPath": "/shop/kms/xks/v1",
    "XksProxyAuthenticationCredential": {
        "AccessKeyId": "ABCDEFGHIJKLMNOPQRST", "RawSecretAccessKey": "marked" * 8}}
SERVICE = {"XksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"}
STORE = "cks-1234567890abcdef0"
BY_ID = ["ConnectCustomKeyStore", "DisconnectCustomKeyStore", "DeleteCustomKeyStore", "UpdateCustomKeyStore"]


def snake(operation):
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in operation)[1:]


def test_the_list_is_empty(server, kms):
    answer = kms.describe_custom_key_stores()
    assert answer["CustomKeyStores"] == [] and answer["Truncated"] is False and "NextMarker" not in answer
    assert kms.describe_custom_key_stores(Limit=1)["CustomKeyStores"] == []
    assert [page["CustomKeyStores"] for page in kms.get_paginator("describe_custom_key_stores").paginate()] == [[]]
    said = aws(server, "kms", "describe-custom-key-stores")
    assert json.loads(said.stdout)["CustomKeyStores"] == [], said.stderr


def test_whoever_asks_for_one_is_told_that_it_is_not_there(kms):
    for asked in ({"CustomKeyStoreId": STORE}, {"CustomKeyStoreName": "corner"}):
        with pytest.raises(kms.exceptions.CustomKeyStoreNotFoundException) as caught:
            kms.describe_custom_key_stores(**asked)
        assert next(iter(asked.values())) in str(caught.value)
    code, status, text = refused(kms.describe_custom_key_stores, CustomKeyStoreId=STORE, CustomKeyStoreName="corner")
    assert (code, status) == ("ValidationException", 400) and "not both" in text
    assert refused(kms.describe_custom_key_stores, Marker="made-up")[0] == "InvalidMarkerException"
    assert refused(kms.describe_custom_key_stores, Limit=1001)[0] == "ValidationException"
    for operation in BY_ID:
        with pytest.raises(kms.exceptions.CustomKeyStoreNotFoundException, match=STORE):
            getattr(kms, snake(operation))(CustomKeyStoreId=STORE)
    assert refused(kms.connect_custom_key_store, CustomKeyStoreId="x" * 65)[0] == "ValidationException"


def test_none_can_be_made_and_the_reason_is_said(server, kms):
    with pytest.raises(kms.exceptions.CloudHsmClusterNotFoundException) as caught:
        kms.create_custom_key_store(**CLUSTER)
    assert CLUSTER["CloudHsmClusterId"] in str(caught.value) and "no CloudHSM clusters" in str(caught.value)
    for more in ({}, {"XksProxyConnectivity": "VPC_ENDPOINT_SERVICE", **SERVICE}):
        with pytest.raises(kms.exceptions.XksProxyInvalidConfigurationException) as caught:
            kms.create_custom_key_store(**{**PROXY, **more})
        assert "https://xks.example.com/shop/kms/xks/v1 was not asked" in str(caught.value)
        assert "not supported by this release" in str(caught.value)
    assert kms.describe_custom_key_stores()["CustomKeyStores"] == []
    # No client takes it for something that helps to be tried again.
    patient = server.client(retries={"max_attempts": 5, "mode": "standard"})
    for asked in (CLUSTER, PROXY):
        with pytest.raises(patient.exceptions.ClientError) as caught:
            patient.create_custom_key_store(**asked)
        assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_each_refusal_is_one_of_its_operation(kms):
    modelled = kms.meta.service_model.operation_model
    for operation, asked in [("CreateCustomKeyStore", CLUSTER), ("CreateCustomKeyStore", PROXY),
                             ("DescribeCustomKeyStores", {"CustomKeyStoreId": STORE}),
                             *[(operation, {"CustomKeyStoreId": STORE}) for operation in BY_ID]]:
        code = refused(getattr(kms, snake(operation)), **asked)[0]
        assert code in [shape.name for shape in modelled(operation).error_shapes], operation


def without(settings, *names):
    return {name: value for name, value in settings.items() if name not in names}


@pytest.mark.parametrize(("asked", "word"), [
    *[(without(CLUSTER, name), name) for name in CLUSTER if name != "CustomKeyStoreName"],
    *[(without(PROXY, name), name) for name in PROXY if name.startswith("XksProxy")],
    ({**PROXY, "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE"}, "XksProxyVpcEndpointServiceName"),
    ({**PROXY, **SERVICE}, "XksProxyVpcEndpointServiceName"),
    ({**PROXY, "KeyStorePassword": "kmsuser-Pa55"}, "KeyStorePassword"),
    ({**CLUSTER, "XksProxyUriPath": "/kms/xks/v1"}, "XksProxyUriPath"),
    ({**CLUSTER, "CloudHsmClusterId": "cluster-1"}, "cloudHsmClusterId"),
    ({**PROXY, "XksProxyUriEndpoint": "http://xks.example.com"}, "xksProxyUriEndpoint"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_settings_that_do_not_go_together(server, asked, word):
    code, status, text = refused(server.client(validate=False).create_custom_key_store, **asked)
    assert (code, status) == ("ValidationException", 400) and word in text


@pytest.mark.parametrize(("asked", "code", "words"), [
    ({"Origin": "AWS_CLOUDHSM"}, "ValidationException", "CustomKeyStoreId"),
    ({"Origin": "EXTERNAL_KEY_STORE"}, "ValidationException", "CustomKeyStoreId"),
    ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": STORE}, "CustomKeyStoreNotFoundException", STORE),
    ({"CustomKeyStoreId": STORE}, "CustomKeyStoreNotFoundException", STORE),
    ({"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": STORE, "XksKeyId": "k1"}, "ValidationException", "XksKeyId"),
    ({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": STORE}, "ValidationException", "XksKeyId"),
    ({"Origin": "EXTERNAL_KEY_STORE", "CustomKeyStoreId": STORE, "XksKeyId": "k1"},
     "CustomKeyStoreNotFoundException", STORE),
    ({"XksKeyId": "k1"}, "ValidationException", "XksKeyId"),
    ({"Origin": "AWS_KMS", "XksKeyId": "k1"}, "ValidationException", "XksKeyId"),
])
def test_no_key_is_made_in_one(kms, asked, code, words):
    answered, status, text = refused(kms.create_key, **asked)
    assert (answered, status) == (code, 400) and words in text


def test_random_bytes_come_from_none_of_them(kms):
    code, _, text = refused(kms.generate_random, NumberOfBytes=8, CustomKeyStoreId=STORE)
    assert code == "CustomKeyStoreNotFoundException" and STORE in text


def test_policies_of_users_decide_and_of_nothing_in_particular(server, kms):
    """Source: Service Authorization Reference, "Actions defined by AWS KMS": no resource types for these."""
    calls = {operation: {"CustomKeyStoreId": STORE} for operation in BY_ID}
    calls |= {"CreateCustomKeyStore": CLUSTER, "DescribeCustomKeyStores": {}}
    key = kms.create_key()["KeyMetadata"]["Arn"]
    for operation, asked in calls.items():
        may = user(server, f"may-{operation}", allow(f"kms:{operation}"))
        elsewhere = user(server, f"elsewhere-{operation}", allow("kms:*", resource=key))
        other = user(server, f"other-{operation}", allow(*[f"kms:{name}" for name in calls if name != operation]))
        for login, denied in ((may, False), (elsewhere, True), (other, True)):
            try:
                getattr(login.client("kms"), snake(operation))(**asked)
                code = "OK"
            except kms.exceptions.ClientError as error:
                code = error.response["Error"]["Code"]
                if denied:
                    assert f"kms:{operation} on resource: *" in error.response["Error"]["Message"]
            assert (code == "AccessDeniedException") == denied, (operation, code)


def test_no_password_of_a_key_store_is_kept(server, kms):
    for asked in (CLUSTER, PROXY):
        refused(kms.create_custom_key_store, **asked)
    trail = "".join(path.read_text(encoding="utf-8") for path in (server.data / "trail").glob("segment-*.jsonl"))
    assert "on-a-cluster" in trail and "xks.example.com" in trail
    assert "marked" not in trail + "".join(server.log)
