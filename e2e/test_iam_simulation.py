"""Simulation of policies, as boto3 sees it; and that it says what is then so.

Expected answers are those that AWS's IAM User Guide describes for the policy simulator's API.
"""

import json

import pytest

from identities import Login, allow, refused

@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam", validate=False)


@pytest.fixture(scope="module")
def account(server):
    return server.client("sts").get_caller_identity()["Account"]


@pytest.fixture(scope="module")
def key(account):
    return f"arn:aws:kms:eu-central-1:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def results(answer):
    return {result["EvalActionName"]: result for result in answer["EvaluationResults"]}


def test_policies_that_nobody_has(iam, key):
    given = [allow("kms:Encrypt", "kms:Decrypt"), allow("kms:Decrypt", effect="Deny")]
    found = results(iam.simulate_custom_policy(
        PolicyInputList=given, ActionNames=["kms:Encrypt", "kms:Decrypt", "kms:CreateKey"], ResourceArns=[key]))
    assert {name: result["EvalDecision"] for name, result in found.items()} == {
        "kms:Encrypt": "allowed", "kms:Decrypt": "explicitDeny", "kms:CreateKey": "implicitDeny"}
    assert found["kms:Encrypt"]["MatchedStatements"][0]["SourcePolicyId"] == "PolicyInputList.1"
    assert "PolicyInputList.2" in {
        statement["SourcePolicyId"] for statement in found["kms:Decrypt"]["MatchedStatements"]}
    assert found["kms:CreateKey"]["MatchedStatements"] == []
    # A key of another account is not this account's to allow.
    other = key.replace(key.split(":")[4], "111122223333")
    assert results(iam.simulate_custom_policy(
        PolicyInputList=given, ActionNames=["kms:Encrypt"], ResourceArns=[other]))["kms:Encrypt"][
            "EvalDecision"] == "implicitDeny"
    position = found["kms:Encrypt"]["MatchedStatements"][0]["StartPosition"]
    assert position["Line"] == 1 and position["Column"] > 1


def test_what_is_missing_is_said(iam, key):
    given = allow("kms:Decrypt", Condition={"StringEquals": {"kms:EncryptionContext:app": "pay"}})
    asked = {"PolicyInputList": [given], "ActionNames": ["kms:Decrypt"], "ResourceArns": [key]}
    result = iam.simulate_custom_policy(**asked)["EvaluationResults"][0]
    assert result["EvalDecision"] == "implicitDeny"
    assert result["MissingContextValues"] == ["kms:EncryptionContext:app"]
    entry = {"ContextKeyName": "kms:EncryptionContext:app", "ContextKeyType": "string"}
    for value, decision in (("pay", "allowed"), ("play", "implicitDeny")):
        result = iam.simulate_custom_policy(
            **asked, ContextEntries=[{**entry, "ContextKeyValues": [value]}])["EvaluationResults"][0]
        assert result["EvalDecision"] == decision
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[given])["ContextKeyNames"] == [
        "kms:EncryptionContext:app"]


def test_wrong_questions(iam, account):
    assert refused(iam.simulate_custom_policy, PolicyInputList=["{"], ActionNames=["kms:Encrypt"])[:2] == (
        "InvalidInput", 400)
    assert refused(iam.get_context_keys_for_custom_policy, PolicyInputList=["{"])[:2] == ("InvalidInput", 400)
    absent = f"arn:aws:iam::{account}:user/absent"
    assert refused(iam.simulate_principal_policy, PolicySourceArn=absent, ActionNames=["kms:Encrypt"])[:2] == (
        "NoSuchEntity", 404)
    assert refused(iam.get_context_keys_for_principal_policy, PolicySourceArn=absent)[:2] == ("NoSuchEntity", 404)
    assert refused(iam.simulate_custom_policy, PolicyInputList=[], ActionNames=["Encrypt"])[:2] == (
        "InvalidInput", 400)


def test_a_users_policies_its_group_and_its_boundary(iam, account):
    iam.create_user(UserName="sim")
    iam.create_group(GroupName="sim")
    iam.add_user_to_group(GroupName="sim", UserName="sim")
    iam.put_user_policy(UserName="sim", PolicyName="own", PolicyDocument=allow(
        "kms:ListKeys", Condition={"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}))
    iam.put_group_policy(GroupName="sim", PolicyName="shared", PolicyDocument=allow("kms:ListAliases", "kms:CreateKey"))
    fence = iam.create_policy(PolicyName="fence", PolicyDocument=allow("kms:List*"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="sim", PermissionsBoundary=fence)
    arn = f"arn:aws:iam::{account}:user/sim"
    found = results(iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["kms:ListAliases", "kms:CreateKey", "kms:ListKeys"]))
    assert found["kms:ListAliases"]["EvalDecision"] == "allowed"
    assert found["kms:CreateKey"]["EvalDecision"] == "implicitDeny"
    assert found["kms:CreateKey"]["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    assert found["kms:ListAliases"]["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"] == [
        "aws:RequestedRegion"]
    page = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["kms:ListAliases", "kms:CreateKey"], MaxItems=1)
    assert page["IsTruncated"] and len(page["EvaluationResults"]) == 1
    rest = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["kms:ListAliases", "kms:CreateKey"], Marker=page["Marker"])
    assert len(rest["EvaluationResults"]) == 1 and not rest["IsTruncated"]


def test_what_is_simulated_is_what_happens(server, iam, account):
    iam.create_user(UserName="real")
    iam.put_user_policy(UserName="real", PolicyName="own", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["kms:List*", "kms:CreateKey", "iam:Get*"], "Resource": "*"},
            {"Effect": "Deny", "Action": "kms:ListAliases", "Resource": "*"},
            {"Effect": "Deny", "Action": "iam:GetUser", "Resource": f"arn:aws:iam::{account}:user/other"}]}))
    iam.create_user(UserName="other")
    key = iam.create_access_key(UserName="real")["AccessKey"]
    real = Login(server, key["AccessKeyId"], key["SecretAccessKey"])
    kms, own = real.client("kms"), real.client("iam")
    calls = [
        ("kms:ListKeys", "*", kms.list_keys, {}),
        ("kms:ListAliases", "*", kms.list_aliases, {}),
        ("kms:CreateKey", "*", kms.create_key, {}),
        ("kms:GenerateRandom", "*", kms.generate_random, {"NumberOfBytes": 8}),
        ("iam:GetUser", f"arn:aws:iam::{account}:user/real", own.get_user, {"UserName": "real"}),
        ("iam:GetUser", f"arn:aws:iam::{account}:user/other", own.get_user, {"UserName": "other"}),
        ("iam:ListUsers", f"arn:aws:iam::{account}:user/", own.list_users, {}),
        ("iam:GetAccountSummary", "*", own.get_account_summary, {}),
    ]
    for action, resource, call, arguments in calls:
        simulated = iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{account}:user/real", ActionNames=[action], ResourceArns=[resource]
        )["EvaluationResults"][0]["EvalDecision"]
        if simulated == "allowed":
            call(**arguments)
        else:
            code, _, text = refused(call, **arguments)
            assert code.startswith("AccessDenied"), (action, text)
            assert ("explicit deny" in text) == (simulated == "explicitDeny"), (action, text)
