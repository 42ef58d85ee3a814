"""Key material on its way in, wrapped as its owner would: with Python's cryptography package."""

import os

import botocore.exceptions
import pytest
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding

FOR_EVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
OAEP = {"SHA_1": hashes.SHA1, "SHA_256": hashes.SHA256}


def wrap(parameters, algorithm, material):
    public = serialization.load_der_public_key(parameters["PublicKey"])
    made = next(OAEP[name] for name in ("SHA_256", "SHA_1") if algorithm.endswith(name))()
    oaep = padding.OAEP(padding.MGF1(made), made, None)
    if algorithm.startswith("RSAES_OAEP"):
        return public.encrypt(material, oaep)
    key = os.urandom(32)
    return public.encrypt(key, oaep) + keywrap.aes_key_wrap_with_padding(key, material)


def import_material(kms, key, material, algorithm="RSA_AES_KEY_WRAP_SHA_256", spec="RSA_2048", **members):
    parameters = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)
    return kms.import_key_material(
        KeyId=key, ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=wrap(parameters, algorithm, material), **(members or FOR_EVER))


def external(kms, spec="SYMMETRIC_DEFAULT", usage="ENCRYPT_DECRYPT", **members):
    return kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage, **members)["KeyMetadata"]["Arn"]


def pkcs8(key):
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def refused(code, call, *arguments, **named):
    """The text of a refusal with that code."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments, **named)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    return error.get("Message")
