"""Opens CEL-ENV-1 envelopes without any of the product's code: what lies on disk can be read with common tools.

Reads lines "key id, secret, place, envelope", all hexadecimal, from standard input; a place is its parts joined by commas.
Answers each with the plain bytes in hexadecimal, or "refused". Must not be here: anything but opening.
"""

import hashlib
import hmac
import sys

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    sys.exit(77)


def derive(secret, salt, info, length):
    """HKDF-SHA256, RFC 5869."""
    extracted = hmac.new(salt, secret, hashlib.sha256).digest()
    out, block = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.new(extracted, block + info + bytes([number]), hashlib.sha256).digest()
        out += block
    return out[:length]


def framed(part):
    """A part of a place: its length, then itself."""
    return len(part).to_bytes(4, "big") + part


def opened(key_id, secret, place, sealed):
    """The plain bytes, or None."""
    header, body = sealed[:50], sealed[50:]
    if len(header) < 50 or header[:2] != b"\x01\x01" or header[2:10] != key_id:
        return None
    material = derive(secret, header[10:34], b"cel-env-1" + b"\x01" + key_id, 48)
    if material[32:] != header[34:50]:
        return None
    try:
        return AESGCM(material[:32]).decrypt(bytes(12), body, header[:10] + place)
    except InvalidTag:
        return None


for line in sys.stdin:
    key_id, secret, parts, sealed = line.split()
    place = b"".join(framed(bytes.fromhex(part)) for part in parts.split(","))
    plain = opened(bytes.fromhex(key_id), bytes.fromhex(secret), place, bytes.fromhex(sealed))
    print("refused" if plain is None else "plain:" + plain.hex())
