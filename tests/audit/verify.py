#!/usr/bin/env python3
"""A second judge of an audit log, written from the documents alone (RFC 6962, RFC 8032, C2SP tlog-tiles, tlog-checkpoint and
signed-note) and sharing nothing with the server: python3 verify.py --log FOLDER --public-key KEY [--checkpoint FILE]... [--export FILE]

Checks the signature of the log's checkpoint, the tiles against it, each checkpoint kept elsewhere against the tiles, and, with the
practice's own export, every leaf's salt and bytes against its hash. Prints what it found; exit code 1 when something is wrong."""
import argparse, base64, hashlib, json, pathlib, sys

# Ed25519 (RFC 8032, 5.1), verification only, in the plainest way.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def point(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    return (P - x if x & 1 != sign else x, y)


def add(one, other):
    (x1, y1), (x2, y2) = one, other
    k = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P)


def times(scalar, base):
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = add(result, base)
        base, scalar = add(base, base), scalar >> 1
    return result


BASE = point(bytes.fromhex("58" + "66" * 31))


def signed(public, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    return len(signature) == 64 and s < L and times(s, BASE) == add(point(r), times(k, point(public)))


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def wrong(what):
    print(f"NOT IN ORDER: {what}")
    sys.exit(1)


def checkpoint(note, key):
    """Origin, size and root of a note that this key signed."""
    name, key_hash, encoded = key.strip().split("+", 2)
    public = base64.b64decode(encoded)
    if public[0] != 1 or sha(name.encode(), b"\n", public)[:4].hex() != key_hash:
        wrong("the public key does not have its hash")
    text, _, signatures = note.partition("\n\n")
    text += "\n"
    for line in signatures.splitlines():
        signer, _, encoded = line.removeprefix("\u2014 ").rpartition(" ")
        signature = base64.b64decode(encoded)
        if signer == name and signature[:4].hex() == key_hash:
            if not signed(public[1:], text.encode(), signature[4:]):
                wrong("a checkpoint's signature does not fit")
            origin, size, root = text.splitlines()[:3]
            return origin, int(size), base64.b64decode(root)
    wrong("a checkpoint is not signed by this key")


def tile_path(level, number, width):
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


def read_level(log, level, size):
    count, hashes = size >> (8 * level), []
    for number in range((count + 255) // 256):
        width = min(256, count - 256 * number)
        path = log / tile_path(level, number, width)
        if not path.exists():
            path = log / tile_path(level, number, 256)
        if not path.exists():
            wrong(f"tile {number} of level {level} is missing")
        content = path.read_bytes()[: 32 * width]
        hashes += [content[at : at + 32] for at in range(0, len(content), 32)]
    if len(hashes) != count:
        wrong(f"level {level} has {len(hashes)} hashes, not {count}")
    return hashes


def root_of(leaves):
    """MTH of RFC 6962, 2.1, row by row: an odd one out goes up as it is."""
    row = leaves or [sha()]
    while len(row) > 1:
        row = [sha(b"\x01", *row[at : at + 2]) if at + 1 < len(row) else row[at] for at in range(0, len(row), 2)]
    return row[0]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--log", required=True, type=pathlib.Path)
    arguments.add_argument("--public-key", required=True)
    arguments.add_argument("--checkpoint", action="append", default=[], type=pathlib.Path)
    arguments.add_argument("--export", type=pathlib.Path)
    given = arguments.parse_args()
    origin, size, root = checkpoint((given.log / "checkpoint").read_text(), given.public_key)
    leaves = read_level(given.log, 0, size)
    if root_of(leaves) != root:
        wrong(f"the first {size} leaves do not have the root that was signed")
    for level in range(1, 8):
        made = [root_of(leaves[at : at + 256**level]) for at in range(0, size - size % 256**level, 256**level)]
        if made != read_level(given.log, level, size):
            wrong(f"the tiles of level {level} do not follow from the leaves")
    covered = 0
    for path in given.checkpoint:
        other, kept, kept_root = checkpoint(path.read_text(), given.public_key)
        if other != origin:
            wrong(f"{path} is of another log")
        if kept > size:
            wrong(f"the log has {size} leaves and {path} covers {kept}: it was cut off or rolled back")
        if root_of(leaves[:kept]) != kept_root:
            wrong(f"the first {kept} leaves do not have the root in {path}: history was rewritten")
        covered = max(covered, kept)
    read = 0
    for line in given.export.read_text().splitlines()[1:] if given.export else []:
        leaf = json.loads(line)
        if leaf["salt"] and leaf["number"] < size:
            if sha(b"\x00", bytes.fromhex(leaf["salt"]), bytes.fromhex(leaf["record"])) != leaves[leaf["number"]]:
                wrong(f"leaf {leaf['number']} of the export is not the one that was hashed")
            read += 1
    print(f"in order: {size} leaves, {covered} covered by checkpoints kept elsewhere, {read} read from the export")


main()
