"""Grants as boto3 gives, lists, uses and ends them.

Expected codes and texts are those of AWS's KMS API Reference and Developer Guide.
"""

import pytest

from identities import allow, refused, user

DENIED = ("AccessDeniedException", 400)


@pytest.fixture(scope="module")
def root(server):
    return server.client("kms", validate=False)


@pytest.fixture(scope="module")
def account(server):
    return server.client("sts").get_caller_identity()["Account"]


@pytest.fixture()
def key(root):
    return root.create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture()
def person(server, request):
    """Makes users whose names no other test has."""
    made = iter(range(100))
    return lambda policy=None: user(server, f"{request.function.__name__[:50]}-{next(made)}", policy)


def give(root, key, grantee, *operations, **more):
    return root.create_grant(KeyId=key, GranteePrincipal=grantee.arn(), Operations=list(operations), **more)


def denial(grantee, action, key_arn):
    return (*DENIED, f"User: {grantee.arn()} is not authorized to perform: {action} on resource: {key_arn} because no "
                     f"identity-based policy allows the {action} action")


def test_a_grant_is_given_listed_used_and_revoked(root, account, key, person):
    grantee, retirer = person(), person()
    kms = grantee.client("kms")
    key_arn = root.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    assert refused(kms.encrypt, KeyId=key, Plaintext=b"x") == denial(grantee, "kms:Encrypt", key_arn)
    made = give(root, key, grantee, "Encrypt", "DescribeKey", RetiringPrincipal=retirer.arn(), Name="backup")
    assert len(made["GrantId"]) == 64 and made["GrantToken"]
    kms.encrypt(KeyId=key, Plaintext=b"x")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key_arn
    blob = root.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert refused(kms.decrypt, CiphertextBlob=blob) == denial(grantee, "kms:Decrypt", key_arn)
    page = root.list_grants(KeyId=key)
    listed = page["Grants"][0]
    assert (len(page["Grants"]), page["Truncated"]) == (1, False)
    del listed["CreationDate"]
    assert listed == {
        "KeyId": key_arn,
        "GrantId": made["GrantId"],
        "Name": "backup",
        "GranteePrincipal": grantee.arn(),
        "RetiringPrincipal": retirer.arn(),
        "IssuingAccount": f"arn:aws:iam::{account}:root",
        "Operations": listed["Operations"],
    }
    assert set(listed["Operations"]) == {"Encrypt", "DescribeKey"}
    assert root.list_grants(KeyId=key, GranteePrincipal=retirer.arn())["Grants"] == []
    assert refused(root.revoke_grant, KeyId=key, GrantId=made["GrantId"], DryRun=True)[:2] == (
        "DryRunOperationException", 400)
    root.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    assert refused(kms.encrypt, KeyId=key, Plaintext=b"x") == denial(grantee, "kms:Encrypt", key_arn)
    assert refused(root.revoke_grant, KeyId=key, GrantId=made["GrantId"])[0] == "NotFoundException"
    assert root.list_grants(KeyId=key)["Grants"] == []


def test_who_may_not_give_list_or_end_grants(root, key, person):
    grantee = person()
    kms = grantee.client("kms")
    key_arn = root.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    made = give(root, key, grantee, "Decrypt")
    assert refused(kms.create_grant, KeyId=key, GranteePrincipal=grantee.arn(), Operations=["Encrypt"]) == (
        denial(grantee, "kms:CreateGrant", key_arn))
    assert refused(kms.list_grants, KeyId=key) == denial(grantee, "kms:ListGrants", key_arn)
    assert refused(kms.revoke_grant, KeyId=key, GrantId=made["GrantId"]) == (
        denial(grantee, "kms:RevokeGrant", key_arn))
    # A grantee retires only a grant that lists RetireGrant.
    assert refused(kms.retire_grant, KeyId=key_arn, GrantId=made["GrantId"])[:2] == DENIED
    assert refused(kms.retire_grant, GrantToken=made["GrantToken"])[:2] == DENIED
    code, status, text = refused(kms.list_retirable_grants, RetiringPrincipal=grantee.arn())
    assert (code, status) == DENIED and "kms:ListRetirableGrants" in text
    absent = "0" * 64
    assert refused(root.revoke_grant, KeyId=key, GrantId="abc")[:2] == ("InvalidGrantIdException", 400)
    assert refused(root.revoke_grant, KeyId=key, GrantId=absent)[:2] == ("NotFoundException", 400)
    assert refused(root.list_grants, KeyId="0" * 8 + "-0000-4000-8000-" + "0" * 12)[0] == "NotFoundException"


def test_constraints_hold_the_context_to_account(root, key, person):
    right, more, wrong = {"app": "a"}, {"app": "a", "at": "b"}, {"app": "A"}
    for rule, allowed, denied in (
        ("EncryptionContextEquals", [right], [{}, more, wrong]),
        ("EncryptionContextSubset", [right, more], [{}, wrong, {"App": "a"}]),
    ):
        grantee = person()
        kms = grantee.client("kms")
        give(root, key, grantee, "Encrypt", "Decrypt", "DescribeKey", Constraints={rule: right})
        for context in allowed:
            blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
            assert kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"x"
        for context in denied:
            assert refused(kms.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext=context)[:2] == DENIED, context
            blob = root.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
            assert refused(kms.decrypt, CiphertextBlob=blob, EncryptionContext=context)[:2] == DENIED, context
        kms.describe_key(KeyId=key)  # an operation without a context is not held back
        assert root.list_grants(KeyId=key, GranteePrincipal=grantee.arn())["Grants"][0]["Constraints"] == {rule: right}


def test_what_cannot_be_granted(root, account, key, person):
    grantee = person()
    nobody = f"arn:aws:iam::{account}:user/nobody"
    whole = {"KeyId": key, "GranteePrincipal": grantee.arn(), "Operations": ["Decrypt"]}
    no_arn = ("InvalidArnException", 400, f"ARN does not refer to a valid principal: {nobody}")
    assert refused(root.create_grant, **whole | {"GranteePrincipal": nobody}) == no_arn
    assert refused(root.create_grant, **whole | {"RetiringPrincipal": nobody}) == no_arn
    for changed, code in (
        ({"GranteePrincipal": f"arn:aws:iam::{account}:group/g"}, "InvalidArnException"),
        ({"Operations": []}, "ValidationException"),
        ({"Operations": ["PutKeyPolicy"]}, "ValidationException"),
        ({"Operations": ["Sign"]}, "ValidationException"),  # the key cannot do it
        ({"Constraints": {"EncryptionContextEquals": {str(at): "v" for at in range(9)}}}, "ValidationException"),
        ({"Constraints": {"EncryptionContextEquals": {"a": "v" * 385}}}, "ValidationException"),
        ({"KeyId": "alias/any"}, "NotFoundException"),
        ({"DryRun": True}, "DryRunOperationException"),
    ):
        assert refused(root.create_grant, **whole | changed)[:2] == (code, 400), changed
    assert root.list_grants(KeyId=key)["Grants"] == []
    root.disable_key(KeyId=key)
    assert refused(root.create_grant, **whole)[0] == "DisabledException"


def test_a_name_makes_a_retry_harmless(root, key, person):
    grantee = person()
    first = give(root, key, grantee, "Encrypt", "Decrypt", Name="backup")
    again = give(root, key, grantee, "Encrypt", "Decrypt", Name="backup")
    assert first["GrantId"] == again["GrantId"] and first["GrantToken"] != again["GrantToken"]
    ids = {first["GrantId"]}
    for operations, more in (
        (["Encrypt"], {"Name": "backup"}),
        (["Encrypt", "Decrypt"], {"Name": "backup", "Constraints": {"EncryptionContextEquals": {"a": "b"}}}),
        (["Encrypt", "Decrypt"], {"Name": "other"}),
        (["Encrypt", "Decrypt"], {}),
        (["Encrypt", "Decrypt"], {}),
    ):
        ids.add(give(root, key, grantee, *operations, **more)["GrantId"])
    assert len(ids) == 6
    assert {grant["GrantId"] for grant in root.list_grants(KeyId=key)["Grants"]} == ids


def test_peer_09_grant_tokens_are_whole_and_give_no_right_by_themselves(root, key, person):
    grantee, other = person(), person()
    kms = grantee.client("kms")
    made = give(root, key, grantee, "Encrypt")
    token = made["GrantToken"]
    kms.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[token])
    at = len(token) // 2
    forged = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    for wrong in (forged, "AAAA", "not base64!"):
        assert refused(kms.encrypt, KeyId=key, Plaintext=b"x", GrantTokens=[token, wrong])[:2] == (
            "InvalidGrantTokenException", 400), wrong
        assert refused(root.retire_grant, GrantToken=wrong)[0] == "InvalidGrantTokenException"
    # It is no secret: whoever else has it may no more than before.
    assert refused(other.client("kms").encrypt, KeyId=key, Plaintext=b"x", GrantTokens=[token])[:2] == DENIED
    root.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    assert refused(kms.encrypt, KeyId=key, Plaintext=b"x", GrantTokens=[token])[0] == "InvalidGrantTokenException"


def test_retiring(root, key, person):
    key_arn = root.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    grantee = person()
    retirer = person(allow("kms:ListRetirableGrants"))
    kms = grantee.client("kms")
    made = give(root, key, grantee, "Encrypt", RetiringPrincipal=retirer.arn())
    listed = retirer.client("kms").list_retirable_grants(RetiringPrincipal=retirer.arn())["Grants"]
    assert [(grant["GrantId"], grant["KeyId"]) for grant in listed] == [(made["GrantId"], key_arn)]
    assert retirer.client("kms").list_retirable_grants(RetiringPrincipal=grantee.arn())["Grants"] == []
    kms.encrypt(KeyId=key, Plaintext=b"x")
    retirer.client("kms").retire_grant(KeyId=key_arn, GrantId=made["GrantId"])
    assert refused(kms.encrypt, KeyId=key, Plaintext=b"x")[:2] == DENIED
    assert retirer.client("kms").list_retirable_grants(RetiringPrincipal=retirer.arn())["Grants"] == []
    made = give(root, key, grantee, "Encrypt", "RetireGrant")
    kms.encrypt(KeyId=key, Plaintext=b"x")
    kms.retire_grant(GrantToken=made["GrantToken"])
    assert refused(kms.encrypt, KeyId=key, Plaintext=b"x")[:2] == DENIED
    # The account that issued it, and whom its policies let.
    delegate = person(allow("kms:RetireGrant"))
    for who in (root, delegate.client("kms")):
        made = give(root, key, grantee, "Encrypt")
        kms.encrypt(KeyId=key, Plaintext=b"x")
        who.retire_grant(KeyId=key_arn, GrantId=made["GrantId"])
        assert refused(kms.encrypt, KeyId=key, Plaintext=b"x")[:2] == DENIED
    for wrong in ({}, {"KeyId": key_arn}, {"GrantToken": made["GrantToken"], "KeyId": key_arn, "GrantId": "0" * 64}):
        assert refused(root.retire_grant, **wrong)[:2] == ("ValidationException", 400)
    assert refused(root.retire_grant, KeyId=key_arn, GrantId="0" * 64)[:2] == ("NotFoundException", 400)
    assert refused(root.list_retirable_grants, RetiringPrincipal="nobody")[:2] == ("InvalidArnException", 400)


def test_a_grant_given_by_leave_of_a_grant_gives_no_more(root, key, person):
    parent, child = person(), person()
    made = give(root, key, parent, "CreateGrant", "Encrypt", Constraints={"EncryptionContextSubset": {"app": "a"}})
    kms = parent.client("kms")
    for operations, more in (
        (["Encrypt"], {}),
        (["Encrypt"], {"Constraints": {"EncryptionContextSubset": {"app": "b"}}}),
        (["Encrypt"], {"Constraints": {"EncryptionContextEquals": {"at": "b"}}}),
        (["Encrypt", "Decrypt"], {"Constraints": {"EncryptionContextSubset": {"app": "a"}}}),
    ):
        assert refused(
            kms.create_grant, KeyId=key, GranteePrincipal=child.arn(), Operations=operations, **more)[:2] == DENIED
    give(kms, key, child, "Encrypt", Constraints={"EncryptionContextEquals": {"app": "a", "at": "b"}})
    used = child.client("kms")
    used.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"app": "a", "at": "b"})
    assert refused(used.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext={"app": "a"})[:2] == DENIED
    # Revoking the parent ends what it let, and not what was given meanwhile.
    root.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    assert refused(kms.create_grant, KeyId=key, GranteePrincipal=child.arn(), Operations=["Encrypt"],
                   Constraints={"EncryptionContextSubset": {"app": "a"}})[:2] == DENIED
    used.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"app": "a", "at": "b"})


def test_lists_come_in_pages(root, key, person):
    one, two = person(), person()
    made = {give(root, key, one if at < 5 else two, "Decrypt", RetiringPrincipal=two.arn())["GrantId"]
            for at in range(7)}
    for pages, filters, count in (
        ("list_grants", {"KeyId": key}, 7),
        ("list_grants", {"KeyId": key, "GranteePrincipal": one.arn()}, 5),
        ("list_retirable_grants", {"RetiringPrincipal": two.arn()}, 7),
    ):
        ids, marker = [], {}
        while True:
            page = getattr(root, pages)(Limit=3, **filters, **marker)
            assert len(page["Grants"]) <= 3
            ids += [grant["GrantId"] for grant in page["Grants"]]
            if not page["Truncated"]:
                break
            marker = {"Marker": page["NextMarker"]}
        assert len(ids) == len(set(ids)) == count and set(ids) <= made
        assert refused(getattr(root, pages), **filters, Marker="made up")[:2] == ("InvalidMarkerException", 400)
    one_id = min(made)
    assert [grant["GrantId"] for grant in root.list_grants(KeyId=key, GrantId=one_id)["Grants"]] == [one_id]
