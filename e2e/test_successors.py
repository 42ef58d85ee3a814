"""Successors, as processes meet them: kill -9 in the middle of each step, two servers on one store, and who may ask.

What succession is, with a clock that the test moves, is crates/server/tests/successors.rs.
"""

import datetime
import json
import os
import random

import botocore.auth
import pytest

from conftest import Server, wait_until
from identities import user
from importing import refused
from test_system_clock import Clock

KILLS = int(os.environ.get("KEYWRIGHT_SUCCESSOR_KILLS", "4"))
KEYS = 100
SEED = int(os.environ.get("KEYWRIGHT_SEED", random.SystemRandom().randrange(2**32)))
MAC = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
MESSAGE = {"MacAlgorithm": "HMAC_SHA_256", "Message": b"m"}


def daily(**more):
    tags = {"keywright:rotation-period": "1d", "keywright:successor-lead": "1h", **more}
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


@pytest.fixture()
def moved(folder, monkeypatch):
    """A clock, and clients that sign by it."""
    clock = Clock(folder)

    def move(hours):
        clock.set(f"+{hours}h")
        now = lambda *_, **__: datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", now)

    return clock, move


def line_of(kms):
    """Which key each alias points at, and how many keys there are."""
    aliases, count = {}, 0
    for page in kms.get_paginator("list_aliases").paginate():
        aliases |= {one["AliasName"]: one["TargetKeyId"] for one in page["Aliases"] if "TargetKeyId" in one}
    for page in kms.get_paginator("list_keys").paginate():
        count += len(page["Keys"])
    return aliases, count


def alias_of(kms, name):
    return kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"]


def make_keys(kms):
    made = {}
    for number in range(KEYS):
        key = kms.create_key(**MAC, Tags=daily())["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/key-{number}", TargetKeyId=key)
        made[f"alias/key-{number}"] = (key, kms.generate_mac(KeyId=key, **MESSAGE)["Mac"])
    return made


def test_each_step_is_complete_or_not_begun(folder, moved):
    print(f"KEYWRIGHT_SEED={SEED}")
    chance, (clock, move) = random.Random(SEED), moved
    server = Server(folder, environment=clock.environment).start()
    made = make_keys(server.client())
    server.stop()

    def kill_and_look(look, done):
        for _ in range(KILLS):
            server.start()
            kms, before = server.client(), done(server.client())
            # The work itself is the clock: so many steps, then the kill.
            enough = min(before + chance.randrange(1, KEYS // KILLS), KEYS)
            wait_until(lambda kms=kms, enough=enough: done(kms) >= enough, what="some steps")
            server.kill()
            # What is there is there whole, whoever looks first.
            server.start()
            look(server.client())
            server.kill()

    # A quarter of an hour after the lead time has begun: successors are made.
    move(23.25)

    def prepared(kms):
        aliases, count = line_of(kms)
        print(f"{count - KEYS} of {KEYS} successors", flush=True)
        assert aliases == {name: key for name, (key, _) in made.items()}, "nothing takes over yet"
        assert KEYS <= count <= 2 * KEYS, "no key has two successors"

    kill_and_look(prepared, lambda kms: line_of(kms)[1] - KEYS)
    server.start()
    wait_until(lambda: line_of(server.client())[1] == 2 * KEYS, what="all successors")
    server.stop()
    move(24.5)

    def taking_over(kms):
        aliases, count = line_of(kms)
        print(sum(key != made[name][0] for name, key in aliases.items()), "took over", flush=True)
        assert set(aliases) == set(made) and count == 2 * KEYS
        for name, (before, mac) in made.items():
            assert kms.verify_mac(KeyId=before, Mac=mac, **MESSAGE)["MacValid"]
            # The work goes on meanwhile: that a key still makes something is asked by its name.
            if aliases[name] == before:
                assert kms.generate_mac(KeyId=name, **MESSAGE)["KeyId"].split("/")[-1] in (before, alias_of(kms, name))
            else:
                assert "superseded" in refused("KMSInvalidStateException", kms.generate_mac, KeyId=before, **MESSAGE)
                kms.generate_mac(KeyId=aliases[name], **MESSAGE)

    kill_and_look(
        taking_over, lambda kms: sum(key != made[name][0] for name, key in line_of(kms)[0].items()))
    server.start()
    kms = server.client()
    wait_until(
        lambda: all(key != made[name][0] for name, key in line_of(kms)[0].items()), what="all successors to take over")
    aliases, count = line_of(kms)
    assert count == 2 * KEYS and len(set(aliases.values())) == KEYS
    taking_over(kms)
    verified = server.keywright("trail", "verify", "--data", str(server.data), "--output", "json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    server.stop()


def test_who_may_ask_for_successors(server, kms):
    """A tag gives nobody a right that they have not: making keys, setting rotation, reading public keys."""
    name = f"tagger-{random.randrange(10**9)}"
    somebody, iam = user(server, name), server.client("iam")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]

    def may(*actions):
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": [f"kms:{action}" for action in actions], "Resource": "*"}]}))
        return somebody.client("kms")

    period = [{"TagKey": "keywright:rotation-period", "TagValue": "30d"}]
    for held, missing in ([], "TagResource"), (["TagResource"], "EnableKeyRotation"), (
            ["TagResource", "EnableKeyRotation"], "CreateKey"):
        text = refused("AccessDeniedException", may(*held or ["ListKeys"]).tag_resource, KeyId=key, Tags=period)
        assert f"kms:{missing}" in text, text
    may("TagResource", "EnableKeyRotation", "CreateKey").tag_resource(KeyId=key, Tags=period)
    published = [{"TagKey": "keywright:jwks", "TagValue": "true"}]
    text = refused("AccessDeniedException", may("TagResource").tag_resource, KeyId=key, Tags=published)
    assert "kms:GetPublicKey" in text
    may("TagResource", "GetPublicKey").tag_resource(KeyId=key, Tags=published)
    for tag in ("keywright:rotation-period", "keywright:successor-lead", "keywright:retire-after"):
        text = refused("AccessDeniedException", may("UntagResource").untag_resource, KeyId=key, TagKeys=[tag])
        assert "kms:DisableKeyRotation" in text
    may("UntagResource", "DisableKeyRotation").untag_resource(KeyId=key, TagKeys=["keywright:rotation-period"])
    # At creation the same rights are needed.
    kind = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
    client = may("CreateKey", "TagResource")
    assert "kms:EnableKeyRotation" in refused("AccessDeniedException", client.create_key, **kind, Tags=period)
    assert "kms:GetPublicKey" in refused("AccessDeniedException", client.create_key, **kind, Tags=published)
