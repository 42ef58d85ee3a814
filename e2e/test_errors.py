"""Codes and texts of refusals, over the wire: the table of errors that clients match on."""

import base64

import pytest

from wire import call

ABSENT = "12345678-1234-1234-1234-123456789012"
ONE = "1 validation error detected: "


@pytest.fixture(scope="module")
def key(kms):
    return kms.create_key()["KeyMetadata"]


@pytest.fixture(scope="module")
def blob(kms, key):
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    return base64.b64encode(sealed).decode()


def b64(data):
    return base64.b64encode(data).decode()


CASES = [
    # operation, input (K stands for a key's id, BLOB for a ciphertext), code, message (None: not checked)
    ("Encrypt", {"KeyId": "K", "Plaintext": b64(b"x" * 4097)}, "ValidationException",
     ONE + "Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"),
    ("CreateKey", {"Description": "a\0b"}, "ValidationException", None),
    ("UpdateKeyDescription", {"KeyId": "K", "Description": "\0"}, "ValidationException", None),
    ("Encrypt", {"KeyId": "K", "Plaintext": ""}, "ValidationException",
     ONE + "Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ("Encrypt", {"KeyId": "K"}, "ValidationException",
     ONE + "Value null at 'plaintext' failed to satisfy constraint: Member must not be null"),
    ("Encrypt", {"KeyId": "", "Plaintext": "eA=="}, "ValidationException",
     ONE + "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ("Encrypt", {"KeyId": "K", "Plaintext": "eA==", "EncryptionAlgorithm": "RSAES_OAEP_SHA_1"},
     "InvalidKeyUsageException",
     "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT."),
    ("Encrypt", {"KeyId": "K", "Plaintext": "eA==", "DryRun": True}, "DryRunOperationException",
     "The request would have succeeded, but the DryRun option is set."),
    ("Encrypt", {"KeyId": ABSENT, "Plaintext": "eA=="}, "NotFoundException", None),
    ("Encrypt", {"KeyId": "alias/absent", "Plaintext": "eA=="}, "NotFoundException", None),
    ("Encrypt", {"KeyId": "not a key", "Plaintext": "eA=="}, "NotFoundException", "Invalid keyId 'not a key'"),
    ("Encrypt", {"KeyId": "K", "Plaintext": "eA==", "GrantTokens": ["made up"]}, "InvalidGrantTokenException", None),
    ("Decrypt", {"CiphertextBlob": b64(b"garbage")}, "InvalidCiphertextException", None),
    ("Decrypt", {"CiphertextBlob": "BLOB"}, "InvalidCiphertextException", None),
    ("Decrypt", {"CiphertextBlob": "BLOB", "EncryptionContext": {"a": "c"}}, "InvalidCiphertextException", None),
    ("Decrypt", {"CiphertextBlob": "BLOB", "EncryptionContext": {"a": "b"}, "KeyId": "OTHER"},
     "IncorrectKeyException",
     "The key ID in the request does not identify a CMK that can perform this operation."),
    ("GenerateDataKey", {"KeyId": "K"}, "ValidationException", None),
    ("GenerateDataKey", {"KeyId": "K", "KeySpec": "AES_256", "NumberOfBytes": 32}, "ValidationException", None),
    ("GenerateDataKey", {"KeyId": "K", "KeySpec": "AES_512"}, "ValidationException",
     ONE + "Value 'AES_512' at 'keySpec' failed to satisfy constraint: "
           "Member must satisfy enum value set: [AES_256, AES_128]"),
    ("GenerateRandom", {"NumberOfBytes": 1025}, "ValidationException",
     ONE + "Value '1025' at 'numberOfBytes' failed to satisfy constraint: "
           "Member must have value less than or equal to 1024"),
    ("GenerateRandom", {}, "ValidationException", None),
    ("CreateAlias", {"AliasName": "nothing", "TargetKeyId": "K"}, "ValidationException", None),
    ("CreateAlias", {"AliasName": "alias/aws/mine", "TargetKeyId": "K"}, "NotAuthorizedException", None),
    ("CreateAlias", {"AliasName": "alias/a:b", "TargetKeyId": "K"}, "InvalidAliasNameException", None),
    ("CreateAlias", {"AliasName": "alias/taken", "TargetKeyId": "K"}, "AlreadyExistsException", None),
    ("CreateAlias", {"AliasName": "alias/x", "TargetKeyId": "alias/taken"}, "NotFoundException", None),
    ("DeleteAlias", {"AliasName": "alias/absent"}, "NotFoundException", None),
    ("TagResource", {"KeyId": "K", "Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]},
     "TagException", "Duplicate tag keys"),
    ("TagResource", {"KeyId": "K", "Tags": [{"TagKey": f"t{at}", "TagValue": ""} for at in range(51)]},
     "TagException", "Too many tags"),
    ("TagResource", {"KeyId": "K", "Tags": [{"TagKey": "AWS:x", "TagValue": ""}]},
     "TagException", "Tags beginning with aws: are reserved"),
    ("TagResource", {"KeyId": "K", "Tags": [{"TagKey": "k", "TagValue": "v" * 257}]}, "ValidationException",
     ONE + f"Value '{'v' * 257}' at 'tags.1.member.tagValue' failed to satisfy constraint: "
           "Member must have length less than or equal to 256"),
    ("CreateKey", {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "SIGN_VERIFY"}, "ValidationException",
     "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"),
    ("CreateKey", {"Policy": "{"}, "MalformedPolicyDocumentException", None),
    ("CreateKey", {"Policy": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
                             '"Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"kms:*","Resource":"*"}]}'},
     "MalformedPolicyDocumentException",
     "Policy contains a statement with one or more invalid principals."),
    ("CreateKey", {"Policy": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
                             '"Principal":{"Service":"logs.amazonaws.com"},"Action":"kms:*","Resource":"*"}]}'},
     "MalformedPolicyDocumentException",
     "The new key policy will not allow you to update the key policy in the future."),
    ("PutKeyPolicy", {"KeyId": "K", "PolicyName": "other", "Policy": "{}"}, None, None),
    ("GetKeyPolicy", {"KeyId": "K", "PolicyName": "other"}, "NotFoundException", "No such policy exists"),
    ("EnableKeyRotation", {"KeyId": "K", "RotationPeriodInDays": 89}, "ValidationException",
     ONE + "Value '89' at 'rotationPeriodInDays' failed to satisfy constraint: "
           "Member must have value greater than or equal to 90"),
    ("EnableKeyRotation", {"KeyId": "K", "RotationPeriodInDays": 2561}, "ValidationException",
     ONE + "Value '2561' at 'rotationPeriodInDays' failed to satisfy constraint: "
           "Member must have value less than or equal to 2560"),
    ("ScheduleKeyDeletion", {"KeyId": "K", "PendingWindowInDays": 6}, "ValidationException", None),
    ("ScheduleKeyDeletion", {"KeyId": "K", "PendingWindowInDays": 31}, "ValidationException", None),
    ("ListKeys", {"Limit": 1001}, "ValidationException", None),
    ("ListKeys", {"Marker": "made up"}, "InvalidMarkerException", None),
    ("EnableKeyRotation", {"KeyId": "alias/taken"}, "NotFoundException", "Invalid keyId 'alias/taken'"),
    ("CreateGrant", {"KeyId": "K", "GranteePrincipal": "arn:aws:iam::111122223333:user/nobody", "Operations": ["Decrypt"]},
     "InvalidArnException", "ARN does not refer to a valid principal: arn:aws:iam::111122223333:user/nobody"),
    ("CreateGrant", {"KeyId": "K", "GranteePrincipal": "arn:aws:iam::111122223333:user/nobody", "Operations": ["Sign"]},
     "ValidationException", None),
    ("RevokeGrant", {"KeyId": "K", "GrantId": "made up"}, "InvalidGrantIdException", None),
    ("RevokeGrant", {"KeyId": "K", "GrantId": "0" * 64}, "NotFoundException", None),
    ("RetireGrant", {"GrantToken": "made up"}, "InvalidGrantTokenException", None),
    ("ListRetirableGrants", {"RetiringPrincipal": "made-up"}, "InvalidArnException", None),
    ("ReplicateKey", {"KeyId": "K", "ReplicaRegion": "us-west-2"}, "UnsupportedOperationException", None),
    ("DescribeKey", {"KeyId": "arn:aws:kms:us-west-2:111122223333:key/" + ABSENT}, "NotFoundException", None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[2]}")
def test_refusals(server, kms, key, blob, case):
    operation, parameters, code, message = case
    if "alias/taken" in str(parameters):
        taken = {entry["AliasName"] for entry in kms.list_aliases()["Aliases"]}
        if "alias/taken" not in taken:
            kms.create_alias(AliasName="alias/taken", TargetKeyId=key["KeyId"])
    stands_for = {"K": key["KeyId"], "BLOB": blob}
    if "OTHER" in parameters.values():
        stands_for["OTHER"] = kms.create_key()["KeyMetadata"]["KeyId"]
    filled = {
        name: stands_for.get(value, value) if isinstance(value, str) else value for name, value in parameters.items()
    }
    status, got, text = call(server, operation, filled)
    assert status == 400, (got, text)
    if code is not None:
        assert got == code, text
    if message is not None:
        assert text == message


def test_a_key_of_another_region_is_not_here(server, key):
    status, code, text = call(server, "DescribeKey", {"KeyId": key["Arn"]}, region="us-west-2")
    assert (status, code) == (400, "NotFoundException"), text
    status, code, text = call(server, "DescribeKey", {"KeyId": key["KeyId"]}, region="us-west-2")
    assert (status, code) == (400, "NotFoundException")


def test_a_policy_that_forgets_the_account_locks_the_root_user_out(server, kms):
    """Root passes only where the key policy lets the account in: KMS is stricter than other services."""
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},'
        '"Action":["kms:DescribeKey","kms:PutKeyPolicy"],"Resource":"*"}]}'
    )
    key = kms.create_key(Policy=policy)["KeyMetadata"]
    account = key["AWSAccountId"]
    status, code, text = call(server, "Encrypt", {"KeyId": key["KeyId"], "Plaintext": "eA=="})
    assert (status, code, text) == (
        400, "AccessDeniedException",
        f"User: arn:aws:iam::{account}:root is not authorized to perform: kms:Encrypt on resource: {key['Arn']} "
        "because no resource-based policy allows the kms:Encrypt action",
    )
    denying = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*",'
        '"Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"kms:Encrypt","Resource":"*"}]}'
    )
    kms.put_key_policy(KeyId=key["KeyId"], Policy=denying)
    status, code, text = call(server, "Encrypt", {"KeyId": key["KeyId"], "Plaintext": "eA=="})
    assert text.endswith("with an explicit deny in a resource-based policy"), text


def test_conditions_of_a_key_policy_decide(kms):
    account = kms.create_key()["KeyMetadata"]["AWSAccountId"]
    policy = (
        '{"Version":"2012-10-17","Statement":['
        '{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"NotAction":"kms:Encrypt","Resource":"*"},'
        '{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"kms:Encrypt","Resource":"*",'
        '"Condition":{"StringEquals":{"kms:EncryptionContext:app":"pay"}}}]}' % (account, account)
    )
    key = kms.create_key(Policy=policy)["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"app": "pay"})
    for context in ({}, {"app": "other"}, {"other": "pay"}):
        with pytest.raises(kms.exceptions.ClientError) as refused:
            kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_what_is_known_and_not_built_says_so(server):
    client = server.client("secretsmanager")
    name = "arn:aws:secretsmanager:us-east-1:111122223333:secret:x-AbCdEf"
    for operation in ("associate_cross_account_replica", "disassociate_cross_account_replica"):
        with pytest.raises(client.exceptions.ClientError) as refused:
            getattr(client, operation)(SecretId="x", CrossAccountReplicaARN=name)
        assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_the_vendor_service_refuses_as_the_others_do(server):
    def rotations(parameters):
        return call(server, "", parameters, target="Keywright.ListRotations", service="keywright")

    assert rotations({})[0] == 200
    status, code, text = rotations({"Filter": "SOME"})
    assert (status, code) == (400, "ValidationException"), text
    status, code, _ = rotations({"Marker": "made up"})
    assert status == 400 and code == "InvalidMarkerException"
    assert rotations({"Limit": 0})[:2] == (400, "ValidationException")
