"""Answers of the query services as the encoder's own tests know them, read by botocore's parser."""

import datetime
from pathlib import Path

import botocore.session
import pytest
from botocore.parsers import create_parser

# No server is asked.
ENGINES = ["sqlite"]
ANSWERS = Path(__file__).parent.parent / "crates/aws/tests/query_answers"
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


@pytest.fixture(scope="module")
def read():
    session = botocore.session.Session()

    def read(service, operation, file, status=200):
        model = session.get_service_model(service)
        response = {"body": (ANSWERS / file).read_bytes(), "headers": {}, "status_code": status}
        return create_parser(model.protocol).parse(response, model.operation_model(operation).output_shape)

    return read


def test_a_user(read):
    answer = read("iam", "CreateUser", "create_user.xml")
    assert answer["User"] == {
        "Path": "/division_abc/",
        "UserName": "Bob",
        "UserId": "AIDACKCEVSQ6C2EXAMPLE",
        "Arn": "arn:aws:iam::123456789012:user/division_abc/Bob",
        "CreateDate": START,
        "Tags": [{"Key": "team", "Value": 'a < b & "c"\r\n\té'}],
    }
    assert answer["ResponseMetadata"]["RequestId"] == "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"


def test_everything_of_an_account(read):
    answer = read("iam", "GetAccountAuthorizationDetails", "get_account_authorization_details.xml")
    [user] = answer["UserDetailList"]
    assert user["GroupList"] == ["Admins", "Readers"]
    assert user["AttachedManagedPolicies"] == [] and answer["GroupDetailList"] == []
    assert "%22Statement%22" in user["UserPolicyList"][0]["PolicyDocument"]
    [role] = answer["RoleDetailList"]
    assert role["InstanceProfileList"] == [] and role["RoleLastUsed"] == {}
    [policy] = answer["Policies"]
    assert (policy["AttachmentCount"], policy["IsAttachable"]) == (2, True)
    assert policy["PolicyVersionList"][0]["CreateDate"] == START
    assert (answer["IsTruncated"], answer["Marker"]) == (True, "a+/=")


def test_a_session(read):
    answer = read("sts", "GetSessionToken", "get_session_token.xml")
    assert answer["Credentials"] == {
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": "secret/+=",
        "SessionToken": "token",
        "Expiration": START,
    }


def test_no_output(read):
    assert set(read("iam", "DeleteUser", "delete_user.xml")) == {"ResponseMetadata"}


def test_a_violation(read):
    error = read("iam", "CreateUser", "validation_error.xml", 400)["Error"]
    assert (error["Type"], error["Code"]) == ("Sender", "ValidationError")
    assert error["Message"].startswith("1 validation error detected: Value ")
