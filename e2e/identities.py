"""Users, roles and their credentials, as the tests of IAM, STS and policies need them."""

import base64
import hashlib
import hmac
import json
import struct
import time

import boto3
import botocore.config
import botocore.exceptions
import pytest

from conftest import REGION


def allow(*actions, resource="*", effect="Allow", **rest):
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **rest}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal, *actions, **rest):
    statement = {
        "Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions or ["sts:AssumeRole"]), **rest}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def refused(call, **arguments):
    """Code, status and text of a refusal."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"].get("Message")


class Login:
    """Clients with somebody's credentials."""

    def __init__(self, server, access_key_id, secret, token=None):
        self.server, self.access_key_id, self.secret, self.token = server, access_key_id, secret, token

    @classmethod
    def of(cls, server, answer):
        given = answer["Credentials"]
        return cls(server, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def client(self, service="sts"):
        return boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name=REGION,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret,
            aws_session_token=self.token,
            config=botocore.config.Config(
                parameter_validation=False, retries={"max_attempts": 1, "mode": "standard"}),
        )

    def arn(self):
        return self.client().get_caller_identity()["Arn"]

    def stranger(self, **changed):
        """The refusal that these credentials get, with something changed."""
        parts = {"access_key_id": self.access_key_id, "secret": self.secret, "token": self.token, **changed}
        return refused(Login(self.server, **parts).client().get_caller_identity)


def user(server, name, policy=None, tags=()):
    iam = server.client("iam")
    iam.create_user(UserName=name, Tags=list(tags))
    if policy:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Login(server, key["AccessKeyId"], key["SecretAccessKey"])


def role(server, name, trusted, policy=None, **settings):
    iam = server.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **settings)["Role"]
    if policy:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy)
    return made


def totp(seed, step):
    """RFC 6238, written anew here."""
    digest = hmac.new(base64.b32decode(seed), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Device:
    """A virtual device that gives every code once, from a little before now to a little after."""

    def __init__(self, server, user_name):
        iam = server.client("iam")
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=user_name)["VirtualMFADevice"]
        self.serial, self.seed = made["SerialNumber"], made["Base32StringSeed"]
        self.step = int(time.time()) // 30 - 2
        iam.enable_mfa_device(
            UserName=user_name, SerialNumber=self.serial,
            AuthenticationCode1=self.code(), AuthenticationCode2=self.code())

    def code(self):
        self.step += 1
        while self.step > int(time.time()) // 30 + 1:
            time.sleep(0.2)  # codes are of half a minute each; a used one is not taken again
        return totp(self.seed, self.step)

    def proof(self):
        return {"SerialNumber": self.serial, "TokenCode": self.code()}
