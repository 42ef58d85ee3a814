"""What the AWS CLI signs and encrypts, held against the `openssl` command."""

import base64
import json
import subprocess

import pytest

from conftest import aws

# What is shown here does not depend on the store.
ENGINES = ["sqlite"]
PSS = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
SIGNERS = [
    *[(spec, f"RSASSA_PSS_SHA_{bits}", ["-sha" + bits, *PSS])
      for spec in ("RSA_2048", "RSA_3072", "RSA_4096") for bits in ("256", "384", "512")],
    *[("RSA_2048", f"RSASSA_PKCS1_V1_5_SHA_{bits}", ["-sha" + bits]) for bits in ("256", "384", "512")],
    ("ECC_NIST_P256", "ECDSA_SHA_256", ["-sha256"]), ("ECC_NIST_P384", "ECDSA_SHA_384", ["-sha384"]),
    ("ECC_NIST_P521", "ECDSA_SHA_512", ["-sha512"]), ("ECC_SECG_P256K1", "ECDSA_SHA_256", ["-sha256"])]


def openssl(*arguments, check=True):
    outcome = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60)
    assert not check or outcome.returncode == 0, outcome.stderr
    return outcome


class Cli:
    def __init__(self, server, folder):
        self.server, self.folder, self.keys = server, folder, {}

    def __call__(self, *arguments):
        outcome = aws(self.server, "kms", *arguments)
        assert outcome.returncode == 0, outcome.stderr
        return json.loads(outcome.stdout)

    def key(self, spec, usage="SIGN_VERIFY"):
        """A key and the file of its public half, in PEM."""
        if (spec, usage) not in self.keys:
            key = self("create-key", "--key-spec", spec, "--key-usage", usage)["KeyMetadata"]["KeyId"]
            der, pem = self.folder / f"{key}.der", self.folder / f"{key}.pem"
            der.write_bytes(base64.b64decode(self("get-public-key", "--key-id", key)["PublicKey"]))
            openssl("pkey", "-pubin", "-inform", "DER", "-in", der, "-out", pem)
            self.keys[spec, usage] = key, pem
        return self.keys[spec, usage]


@pytest.fixture(scope="module")
def cli(server, tmp_path_factory):
    return Cli(server, tmp_path_factory.mktemp("openssl"))


@pytest.mark.parametrize("spec, algorithm, options", SIGNERS)
def test_openssl_verifies_what_was_signed(cli, spec, algorithm, options):
    key, pem = cli.key(spec)
    message, signature = cli.folder / "message", cli.folder / "signature"
    message.write_bytes(b"signed by alias or id\n")
    made = cli("sign", "--key-id", key, "--message", f"fileb://{message}", "--signing-algorithm", algorithm)
    signature.write_bytes(base64.b64decode(made["Signature"]))
    verify = ["dgst", *options, "-verify", pem, "-signature", signature, message]
    assert "Verified OK" in openssl(*verify).stdout
    message.write_bytes(b"signed by nobody\n")
    assert openssl(*verify, check=False).returncode == 1


def test_openssl_verifies_an_edwards_signature(cli):
    key, pem = cli.key("ECC_NIST_EDWARDS25519")
    message, signature = cli.folder / "message", cli.folder / "signature"
    message.write_bytes(b"pure, without a digest\n")
    made = cli("sign", "--key-id", key, "--message", f"fileb://{message}", "--signing-algorithm", "ED25519_SHA_512")
    signature.write_bytes(base64.b64decode(made["Signature"]))
    openssl("pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", message, "-sigfile", signature)


@pytest.mark.parametrize("bits", ["1", "256"])
def test_what_openssl_encrypts_is_decrypted(cli, bits):
    key, pem = cli.key("RSA_2048", "ENCRYPT_DECRYPT")
    plain, sealed = cli.folder / "plain", cli.folder / "sealed"
    plain.write_bytes(b"from outside")
    openssl(
        "pkeyutl", "-encrypt", "-pubin", "-inkey", pem, "-in", plain, "-out", sealed, "-pkeyopt", "rsa_padding_mode:oaep",
        "-pkeyopt", f"rsa_oaep_md:sha{bits}", "-pkeyopt", f"rsa_mgf1_md:sha{bits}")
    opened = cli("decrypt", "--key-id", key, "--ciphertext-blob", f"fileb://{sealed}", "--encryption-algorithm",
                 f"RSAES_OAEP_SHA_{bits}")
    assert base64.b64decode(opened["Plaintext"]) == b"from outside"


@pytest.mark.parametrize("spec, curve", [("ECC_NIST_P256", "P-256"), ("ECC_NIST_P384", "P-384"), ("ECC_NIST_P521", "P-521")])
def test_openssl_agrees_on_the_same_secret(cli, spec, curve):
    key, pem = cli.key(spec, "KEY_AGREEMENT")
    own, public, secret = cli.folder / "own.pem", cli.folder / "own.der", cli.folder / "secret"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", own)
    openssl("pkey", "-in", own, "-pubout", "-outform", "DER", "-out", public)
    openssl("pkeyutl", "-derive", "-inkey", own, "-peerkey", pem, "-out", secret)
    made = cli("derive-shared-secret", "--key-id", key, "--key-agreement-algorithm", "ECDH", "--public-key",
               f"fileb://{public}")
    assert base64.b64decode(made["SharedSecret"]) == secret.read_bytes()


def test_openssl_uses_a_data_key_pair(cli):
    wrapping = cli("create-key")["KeyMetadata"]["KeyId"]
    made = cli("generate-data-key-pair", "--key-id", wrapping, "--key-pair-spec", "RSA_3072")
    private, public = cli.folder / "pair.der", cli.folder / "pair-public.der"
    private.write_bytes(base64.b64decode(made["PrivateKeyPlaintext"]))
    openssl("pkey", "-inform", "DER", "-in", private, "-check", "-noout")
    openssl("pkey", "-inform", "DER", "-in", private, "-pubout", "-outform", "DER", "-out", public)
    assert public.read_bytes() == base64.b64decode(made["PublicKey"])
