"""Writes key_samples.json: keys, signatures, ciphertexts and wrapped imports by OpenSSL.

    .venv/bin/python crates/crypto/vectors/make_key_samples.py > crates/crypto/vectors/key_samples.json

By the command `openssl` where operators use it (the KMS Developer Guide's commands, "Encrypt the key material"), and by
PyPI's `cryptography`, which brings a newer OpenSSL, for what that command's version lacks. What must be refused is
written here byte by byte.
"""

import hashlib
import json
import os
import secrets
import subprocess
import tempfile

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
MESSAGE = b"a message of the samples"


def openssl(*arguments, stdin=b""):
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


def pkcs8(pem):
    return openssl("pkcs8", "-topk8", "-outform", "der", "-nocrypt", stdin=pem)


def generate(algorithm, *options):
    pairs = [part for option in options for part in ("-pkeyopt", option)]
    return openssl("genpkey", "-algorithm", algorithm, *pairs)


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sample(spec, der, **more):
    key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    return {"spec": spec, "pkcs8": der.hex(), "spki": spki(key).hex(), **more}, key


def signature(algorithm, kind, message, made):
    return {"algorithm": algorithm, "kind": kind, "message": message.hex(), "signature": made.hex()}


def rsa_sample(bits):
    made, key = sample(f"RSA_{bits}", pkcs8(generate("rsa", f"rsa_keygen_bits:{bits}")))
    signatures, ciphertexts = [], []
    for name, hash_ in HASHES.items():
        digest = hashlib.new(f"sha{name}", MESSAGE).digest()
        pss = padding.PSS(padding.MGF1(hash_), hash_.digest_size)
        for scheme, pad in [("PSS", pss), ("PKCS1_V1_5", padding.PKCS1v15())]:
            algorithm = f"RSASSA_{scheme}_SHA_{name}"
            signatures.append(signature(algorithm, "RAW", MESSAGE, key.sign(MESSAGE, pad, hash_)))
            signatures.append(
                signature(algorithm, "DIGEST", digest, key.sign(digest, pad, utils.Prehashed(hash_)))
            )
    for name, hash_ in [("1", hashes.SHA1()), ("256", hashes.SHA256())]:
        oaep = padding.OAEP(padding.MGF1(hash_), hash_, None)
        ciphertexts.append(
            {
                "algorithm": f"RSAES_OAEP_SHA_{name}",
                "plaintext": MESSAGE.hex(),
                "ciphertext": key.public_key().encrypt(MESSAGE, oaep).hex(),
            }
        )
    return {**made, "signatures": signatures, "ciphertexts": ciphertexts}


def ec_sample(spec, curve, hash_name):
    pem = generate("ec", f"ec_paramgen_curve:{curve}")
    made, key = sample(spec, pkcs8(pem))
    forms = {
        "compressed": openssl("ec", "-conv_form", "compressed", stdin=pem),
        "hybrid": openssl("ec", "-conv_form", "hybrid", stdin=pem),
        "no public key": openssl("ec", "-no_public", stdin=pem),
    }
    digest = hashlib.new(f"sha{hash_name}", MESSAGE).digest()
    algorithm, hash_ = f"ECDSA_SHA_{hash_name}", HASHES[hash_name]
    signatures = [
        signature(algorithm, "RAW", MESSAGE, key.sign(MESSAGE, ec.ECDSA(hash_))),
        signature(algorithm, "DIGEST", digest, key.sign(digest, ec.ECDSA(utils.Prehashed(hash_)))),
    ]
    peer = ec.generate_private_key(key.curve)
    agreement = {"peer": spki(peer).hex(), "secret": peer.exchange(ec.ECDH(), key.public_key()).hex()}
    return {
        **made,
        "forms": {name: pkcs8(form).hex() for name, form in forms.items()},
        "signatures": signatures,
        "agreements": [] if spec == "ECC_SECG_P256K1" else [agreement],
    }


def ed25519_sample():
    made, key = sample("ECC_NIST_EDWARDS25519", pkcs8(generate("ed25519")))
    return {**made, "signatures": [signature("ED25519_SHA_512", "RAW", MESSAGE, key.sign(MESSAGE))]}


def unencrypted(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def ml_dsa_sample(bits, kind):
    made, key = sample(f"ML_DSA_{bits}", unencrypted(kind.generate()))
    raw = key.public_key().public_bytes_raw()
    # FIPS 204, 6.2: the message's domain separator, an empty context, the message.
    prefix = hashlib.shake_256(raw).digest(64)
    mu = hashlib.shake_256(prefix + b"\x00\x00" + MESSAGE).digest(64)
    signatures = [
        signature("ML_DSA_SHAKE_256", "RAW", MESSAGE, key.sign(MESSAGE)),
        signature("ML_DSA_SHAKE_256", "EXTERNAL_MU", mu, key.sign_mu(mu)),
    ]
    return {**made, "signatures": signatures, "mu": mu.hex()}


def ml_kem_sample(bits, kind):
    made, key = sample(f"ML_KEM_{bits}", unencrypted(kind.generate()))
    secret, ciphertext = key.public_key().encapsulate()
    return {**made, "encapsulations": [{"ciphertext": ciphertext.hex(), "secret": secret.hex()}]}


def wrapped(bits, materials):
    """As the KMS Developer Guide wraps, "Encrypt the key material"."""
    wrapping = pkcs8(generate("rsa", f"rsa_keygen_bits:{bits}"))
    public = spki(load_der_private_key(wrapping, None))
    blobs = []
    with tempfile.TemporaryDirectory() as folder:
        public_path = os.path.join(folder, "WrappingPublicKey.bin")
        with open(public_path, "wb") as file:
            file.write(public)

        def oaep(plaintext, hash_):
            options = ["rsa_padding_mode:oaep", f"rsa_oaep_md:{hash_}", f"rsa_mgf1_md:{hash_}"]
            pairs = [part for option in options for part in ("-pkeyopt", option)]
            key = ["-inkey", public_path, "-keyform", "DER", "-pubin"]
            return openssl("pkeyutl", "-encrypt", *key, *pairs, stdin=plaintext)

        for name, hash_, length in [("1", "sha1", 20), ("256", "sha256", 32)]:
            for material in materials:
                key = secrets.token_bytes(32)
                inner = openssl(
                    "enc", "-id-aes256-wrap-pad", "-K", key.hex(), "-iv", "A65959A6", stdin=material
                )
                algorithm = f"RSA_AES_KEY_WRAP_SHA_{name}"
                blob = oaep(key, hash_) + inner
                blobs.append({"algorithm": algorithm, "material": material.hex(), "blob": blob.hex()})
                if len(material) <= bits // 8 - 2 * length - 2:
                    blob = oaep(material, hash_)
                    algorithm = f"RSAES_OAEP_SHA_{name}"
                    blobs.append({"algorithm": algorithm, "material": material.hex(), "blob": blob.hex()})
    return {"spec": f"RSA_{bits}", "pkcs8": wrapping.hex(), "spki": public.hex(), "blobs": blobs}


# What must be refused.


def tlv(tag, *parts):
    content = b"".join(parts)
    if len(content) < 0x80:
        length = bytes([len(content)])
    else:
        number = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(number)]) + number
    return bytes([tag]) + length + content


def integer(number):
    return tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


RSA_ENCRYPTION = bytes.fromhex("300d06092a864886f70d0101010500")


def rsa_pkcs8(p, q, e=65537, **changed):
    phi = (p - 1) * (q - 1)
    d = pow(e, -1, phi)
    fields = {
        "version": 0, "n": p * q, "e": e, "d": d, "p": p, "q": q,
        "dp": d % (p - 1), "dq": d % (q - 1), "qinv": pow(q, -1, p),
    }  # fmt: skip
    fields.update(changed)
    inner = tlv(0x30, *(integer(number) for number in fields.values()))
    return tlv(0x30, integer(0), RSA_ENCRYPTION, tlv(4, inner))


def is_prime(number):
    if any(number % small == 0 for small in (2, 3, 5, 7, 11, 13, 17, 19, 23)):
        return number in (2, 3, 5, 7, 11, 13, 17, 19, 23)
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        x = pow(secrets.randbelow(number - 3) + 2, odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def next_prime(start, e=65537):
    number = start | 1
    while not is_prime(number) or (number - 1) % e == 0:
        number += 2
    return number


def top(bits):
    """A number whose two highest bits are set, so that products of two have all their bits."""
    return (3 << (bits - 2)) | secrets.randbits(bits - 2)


def refused():
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    p, q = numbers.p, numbers.q
    close = next_prime(top(1024))
    small_exponent = pkcs8(generate("rsa", "rsa_keygen_bits:2048", "rsa_keygen_pubexp:3"))
    factor = next_prime(top(512))
    other = next_prime(top(512))
    ec_key = ec.generate_private_key(ec.SECP256R1())
    other_point = ec.generate_private_key(ec.SECP256R1()).public_key()
    other_point = other_point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    p256 = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

    def p256_pkcs8(scalar, *more):
        return tlv(0x30, integer(0), p256, tlv(4, tlv(0x30, integer(1), tlv(4, scalar), *more)))

    scalar = ec_key.private_numbers().private_value
    scalar_bytes = scalar.to_bytes(32, "big")
    pem = generate("ec", "ec_paramgen_curve:P-256")
    explicit = openssl("ec", "-param_enc", "explicit", stdin=pem)
    ed = ed25519.Ed25519PrivateKey.generate()
    ed_wrong = tlv(
        0x30,
        integer(1),
        bytes.fromhex("300506032b6570"),
        tlv(4, tlv(4, ed.private_bytes_raw())),
        tlv(0x81, b"\0", ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()),
    )
    cases = [
        ("RSA_2048", "exponent 3", small_exponent, "Weak"),
        ("RSA_2048", "exponent 257", rsa_pkcs8(next_prime(top(1024), 257), next_prime(top(1024), 257), 257),
         "Weak"),
        ("RSA_2048", "primes that are close", rsa_pkcs8(close, next_prime(close + (1 << 900))), "Weak"),
        ("RSA_2048", "primes of different sizes", rsa_pkcs8(next_prime(top(1200)), next_prime(top(848))), "Weak"),
        ("RSA_2048", "a composite prime", rsa_pkcs8(factor * other, next_prime(top(1024))), "Inconsistent"),
        ("RSA_2048", "three primes",
         pkcs8(generate("rsa", "rsa_keygen_bits:2048", "rsa_keygen_primes:3")), "Encoding"),
        ("RSA_2048", "another modulus", rsa_pkcs8(p, q, n=p * q + 2), "Inconsistent"),
        ("RSA_2048", "another private exponent", rsa_pkcs8(p, q, d=numbers.d + 2), "Inconsistent"),
        ("RSA_2048", "another dp", rsa_pkcs8(p, q, dp=numbers.dmp1 + 1), "Inconsistent"),
        ("RSA_2048", "another dq", rsa_pkcs8(p, q, dq=numbers.dmq1 + 1), "Inconsistent"),
        ("RSA_2048", "another qinv", rsa_pkcs8(p, q, qinv=numbers.iqmp + 1), "Inconsistent"),
        ("RSA_2048", "an RSA-PSS key", pkcs8(generate("RSA-PSS", "rsa_keygen_bits:2048")), "OtherSpec"),
        ("RSA_2048", "1024 bits", pkcs8(generate("rsa", "rsa_keygen_bits:1024")), "OtherSpec"),
        ("RSA_2048", "2056 bits", pkcs8(generate("rsa", "rsa_keygen_bits:2056")), "OtherSpec"),
        ("RSA_2048", "PKCS #1",
         openssl("rsa", "-traditional", "-outform", "der", stdin=generate("rsa", "rsa_keygen_bits:2048")), "Encoding"),
        ("RSA_2048", "PEM", generate("rsa", "rsa_keygen_bits:2048"), "Encoding"),
        ("RSA_2048", "encrypted",
         openssl("pkcs8", "-topk8", "-outform", "der", "-passout", "pass:x",
                 stdin=generate("rsa", "rsa_keygen_bits:2048")), "Encoding"),
        ("ECC_NIST_P256", "scalar zero", p256_pkcs8(bytes(32)), "Inconsistent"),
        ("ECC_NIST_P256", "scalar n", p256_pkcs8(order.to_bytes(32, "big")), "Inconsistent"),
        ("ECC_NIST_P256", "scalar n + 1", p256_pkcs8((order + 1).to_bytes(32, "big")), "Inconsistent"),
        ("ECC_NIST_P256", "short scalar", p256_pkcs8(scalar_bytes[1:]), "OtherSpec"),
        ("ECC_NIST_P256", "long scalar", p256_pkcs8(b"\0" + scalar_bytes), "OtherSpec"),
        ("ECC_NIST_P256", "another's point",
         p256_pkcs8(scalar_bytes, tlv(0xA1, tlv(3, b"\0", other_point))), "Inconsistent"),
        ("ECC_NIST_P256", "another's point, compressed",
         p256_pkcs8(scalar_bytes, tlv(0xA1, tlv(3, b"\0\2", other_point[1:33]))), "Inconsistent"),
        ("ECC_NIST_P256", "a point off the curve",
         p256_pkcs8(scalar_bytes, tlv(0xA1, tlv(3, b"\0", other_point[:-1] + bytes([other_point[-1] ^ 1])))),
         "Inconsistent"),
        ("ECC_NIST_P256", "another curve within",
         p256_pkcs8(scalar_bytes, tlv(0xA0, bytes.fromhex("06052b8104000a"))), "OtherSpec"),
        ("ECC_NIST_P256", "explicit parameters", pkcs8(explicit), "OtherSpec"),
        ("ECC_NIST_P256", "secp256k1", pkcs8(generate("ec", "ec_paramgen_curve:secp256k1")), "OtherSpec"),
        ("ECC_NIST_P256", "RFC 5915",
         openssl("ec", "-outform", "der", stdin=pem), "Encoding"),
        ("ECC_NIST_EDWARDS25519", "X25519", pkcs8(generate("x25519")), "OtherSpec"),
        ("ECC_NIST_EDWARDS25519", "Ed448", pkcs8(generate("ed448")), "OtherSpec"),
        ("ECC_NIST_EDWARDS25519", "another's public key", ed_wrong, "Inconsistent"),
    ]  # fmt: skip
    return [
        {"spec": spec, "why": why, "pkcs8": der.hex(), "fault": fault} for spec, why, der, fault in cases
    ]


# The writer of refused keys writes good ones, too.
KEEPS_P, KEEPS_Q = next_prime(top(1024)), next_prime(top(1024))
KEEPS = rsa_pkcs8(KEEPS_P, KEEPS_Q)
load_der_private_key(KEEPS, None)

keys = [
    rsa_sample(2048),
    rsa_sample(3072),
    rsa_sample(4096),
    {"spec": "RSA_2048", "pkcs8": KEEPS.hex(), "spki": spki(load_der_private_key(KEEPS, None)).hex()},
    ec_sample("ECC_NIST_P256", "P-256", "256"),
    ec_sample("ECC_NIST_P384", "P-384", "384"),
    ec_sample("ECC_NIST_P521", "P-521", "512"),
    ec_sample("ECC_SECG_P256K1", "secp256k1", "256"),
    ed25519_sample(),
    ml_dsa_sample(44, mldsa.MLDSA44PrivateKey),
    ml_dsa_sample(65, mldsa.MLDSA65PrivateKey),
    ml_dsa_sample(87, mldsa.MLDSA87PrivateKey),
    ml_kem_sample(768, mlkem.MLKEM768PrivateKey),
    ml_kem_sample(1024, mlkem.MLKEM1024PrivateKey),
]
materials = [secrets.token_bytes(length) for length in (1, 32, 128)]
materials += [bytes.fromhex(keys[index]["pkcs8"]) for index in (0, 6)]
print(
    json.dumps(
        {
            "keys": keys,
            "wrapped": [wrapped(bits, materials) for bits in (2048, 3072, 4096)],
            "refused": refused(),
        },
        indent=1,
    )
)
