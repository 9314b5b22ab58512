"""A8, C1, C4, J2, J3 and J11: what is looked at on the disk and in the logs once the servers have stopped.

Must not be here: anything that needs a running server."""

import base64, collections, math, pathlib, random, re, shutil, subprocess, zlib

from rows import probe

SIGMAS = 4.5
MUTANTS = 200
HASH_BYTES = 32
# Version and suite, with which each envelope begins; then the key's name and the salt.
ENVELOPE = re.compile(rb"(?=(\x01\x01.{8}(.{24}).{16}))", re.S)
KEY_SEEN_MIN, SALTS_MIN = 200, 10_000


def written(word):
    """How a word may lie in a file: plain, in UTF-16, in hexadecimal, in base 64 wherever it begins."""
    plain = word.encode()
    yield plain
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    yield plain.hex().encode()
    yield plain.hex().upper().encode()
    yield from shifted(plain)


def shifted(plain):
    """The base 64 of some bytes, wherever they begin."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + plain)
        # The first characters and the last depend on what stands beside.
        yield coded[(before * 8 + 5) // 6 : len(coded) - 4]


def unpacked(said):
    """What compressed stretches of a file hold."""
    for found in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", said):
        try:
            yield zlib.decompressobj(wbits=47).decompress(said[found.start() : found.start() + (1 << 20)])
        except zlib.error:
            pass


def search(files, words):
    """Words found in files, in any writing, compressed or not, and in their names."""
    forms = [(word, form) for word in words for form in written(word)]
    found, looked = set(), 0
    for file in files:
        said = file.read_bytes()
        looked += len(said)
        for text in [said, str(file).encode(), *unpacked(said)]:
            found |= {(word, file.name) for word, form in forms if form in text}
    return found, looked


def control(folder, words):
    """Shows that each way of writing a word is found: plants them and looks."""
    place = folder / "planted"
    place.mkdir()
    for number, (word, form) in enumerate((word, form) for word in words for form in written(word)):
        (place / str(number)).write_bytes(b"before" + form + b"after")
    (place / "gzip").write_bytes(b"before" + zlib.compress(("x" * 99 + words[0]).encode()) + b"after")
    files = list(place.iterdir())
    missed = [file.name for file in files if not search([file], words)[0]]
    shutil.rmtree(place)
    assert not missed, f"{len(missed)} of {len(files)} planted words are not found"
    return len(files)


def everything(house):
    return [file for world in house.worlds for file in world.folder.rglob("*") if file.is_file()]


@probe("C1", "after")
def canaries(house):
    words = [word for kind, word in house.canaries.items()]
    assert len(words) >= 6 and "booking" in house.made, f"only {list(house.canaries)} were planted"
    planted, files = control(house.demo.folder, words), everything(house)
    found, looked = search(files, words)
    assert not found, f"{len(found)} found: {sorted(found)[:3]}"
    dumps = [file.name for file in files if re.match(r"core(\.|$)", file.name)]
    assert not dumps, f"core dumps: {dumps}"
    return f"{len(words)} words, 0 in {len(files)} files of {looked >> 20} MiB; {planted} of {planted} planted ones found"


def carried(said, tokens):
    """Tokens that a file holds: as bytes, in hexadecimal or base 64, also in UTF-16."""
    plain = said + b"\n" + said.replace(b"\0", b"")
    digits = b" ".join(re.findall(rb"[0-9a-fA-F]{32,}", plain)).lower()
    letters = b" ".join(re.findall(rb"[A-Za-z0-9+/]{20,}", plain))
    found = {one for one in tokens if one.encode() in digits or bytes.fromhex(one) in said}
    coded = [(one, form) for one in tokens for word in (bytes.fromhex(one), one.encode()) for form in shifted(word)]
    return found | {one for one, form in coded if form in letters}


@probe("A8", "after")
def tokens(house):
    for person in house.people():
        house.tokens += person.client.jar.values()
    drawn = [one for one in set(house.tokens) if len(one) == 64]
    raw = b"".join(map(bytes.fromhex, drawn))
    bits, ones = len(raw) * 8, sum(byte.bit_count() for byte in raw)
    apart = abs(ones - bits / 2) / (math.sqrt(bits) / 2)
    counts = collections.Counter(raw)
    spread = sum((counts[byte] - len(raw) / 256) ** 2 for byte in range(256)) / (len(raw) / 256)
    assert len(drawn) >= 100, f"only {len(drawn)} different tokens"
    assert apart < SIGMAS and abs(spread - 255) < SIGMAS * math.sqrt(510), f"{apart:.1f} sigma, chi square {spread:.0f}"
    one = drawn[0]
    planted = [
        one.upper().encode(),
        bytes.fromhex(one),
        one.encode("utf-16-le"),
        base64.b64encode(b"12" + bytes.fromhex(one) + b"1"),
    ]
    assert all(carried(b"before" + form + b"after", [one]) for form in planted), "a planted token is not found"
    files, known = everything(house), set(house.tokens)
    found = [file.name for file in files if carried(file.read_bytes(), known)]
    assert not found, f"in the store: {set(found)}"
    return f"{len(drawn)} tokens of 256 bits, {apart:.1f} sigma from even; 0 of {len(known)} secrets in {len(files)} files"


@probe("C4", "after")
def salts(house):
    keys, seen = collections.Counter(), {}
    for file in (house.demo.data / "journal").glob("*.segment"):
        for found in ENVELOPE.finditer(file.read_bytes()):
            keys[found[1][:10]] += 1
            seen.setdefault(found[1][:10], []).append((found[2], found[1]))
    often = [key for key, count in keys.items() if count >= KEY_SEEN_MIN and len(set(key[2:])) > 4]
    envelopes = [pair for key in often for pair in set(seen[key])]
    repeated = [salt for salt, count in collections.Counter(salt for salt, _ in envelopes).items() if count > 1]
    assert len(envelopes) >= SALTS_MIN, f"only {len(envelopes)} envelopes seen"
    assert not repeated, f"{len(repeated)} salts twice"
    return f"{len(envelopes)} envelopes under {len(often)} keys, each with a salt of its own"


def judge(house, key, kept):
    """Whether the judge finds every log of the store in order, and what its leaves say, against a checkpoint kept elsewhere."""
    told = subprocess.run(
        [house.binary, "audit", "verify", "--data", house.demo.data, "--public-key", key, "--checkpoint", kept],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return told.returncode == 0, told.stdout + told.stderr


def mutate(dice, said, kind):
    """What somebody may do to a file of hashes or entries."""
    at = dice.randrange(len(said))
    if kind == "edit":
        return said[:at] + bytes([said[at] ^ 1 << dice.randrange(8)]) + said[at + 1 :]
    if kind == "truncate":
        return said[:at]
    whole = at // HASH_BYTES * HASH_BYTES
    one = said[whole : whole + HASH_BYTES]
    if kind == "delete":
        return said[:whole] + said[whole + HASH_BYTES :]
    if kind == "insert":
        return said[:whole] + dice.randbytes(HASH_BYTES) + said[whole:]
    return said[:whole] + said[whole + HASH_BYTES :] + one if whole + HASH_BYTES < len(said) else one[::-1] + said[HASH_BYTES:]


@probe("J2", "after")
def tampering(house):
    data, dice, missed = house.demo.data, random.Random(1), []
    log = max(
        (one for one in (data / "audit").iterdir() if one.is_dir()),
        key=lambda one: sum(f.stat().st_size for f in one.rglob("*") if f.is_file()),
    )
    key = subprocess.run(
        [house.binary, "audit", "public-key", "--signing-key", data / "audit.key"], capture_output=True, text=True
    ).stdout.strip()
    kept = house.demo.folder / "mailed-checkpoint"
    shutil.copy(log / "checkpoint", kept)
    sound, said = judge(house, key, kept)
    assert sound, f"the log as it was left: {said.strip()[-200:]}"
    leaves = int(kept.read_text().splitlines()[1])
    # Files that are read by whoever judges: not the head, from which the server goes on. Partial tiles of an earlier size may stay.
    files = [
        file for file in log.rglob("*") if file.is_file() and file.stat().st_size and file.name != "head" and in_force(file, leaves)
    ]
    kinds = ["edit", "truncate", "delete", "insert", "reorder"]
    for number in range(MUTANTS):
        file, kind = files[number % len(files)] if number < len(files) else dice.choice(files), kinds[number % len(kinds)]
        before = file.read_bytes()
        after = mutate(dice, before, kind)
        file.write_bytes(after)
        if after != before and judge(house, key, kept)[0]:
            missed.append(f"{kind} of {file.relative_to(log)}")
        file.write_bytes(before)
    assert judge(house, key, kept)[0], "the log is not what it was"
    assert not missed, f"{len(missed)} of {MUTANTS} not found: {', '.join(missed[:3])}"
    return f"{MUTANTS} of {MUTANTS} mutants of {len(files)} files found, in a log of {leaves} leaves"


def in_force(file, leaves):
    """Whether a tile belongs to the tree of this size."""
    if not file.parent.name.endswith(".p"):
        return True
    level = int(file.relative_to(next(one for one in file.parents if one.name == "tile")).parts[0])
    return int(file.name) == (leaves >> (8 * level)) % 256


@probe("J3", "after")
def logs(house):
    words, lines, forged = house.canaries, 0, []
    for world in house.worlds:
        said = world.said()
        found = [kind for kind, word in words.items() if word in said]
        assert not found, f"in a log: {found}"
        # What was sent to look like a line of its own, or like anything after the end of one.
        forged += [line for line in said.splitlines() if re.match(r"FORGED|2026-01-01T", line)]
        lines += len(said.splitlines())
    assert house.made.get("injected") and words, "nothing was sent"
    assert not forged, f"{len(forged)} forged lines: {forged[0][:80]!r}"
    return f"{house.made['injected']} requests with line ends and {len(words)} words of a person: 0 of either in {lines} lines"


@probe("J11", "after")
def panics(house):
    found, lines, statuses = [], 0, []
    for world in house.worlds:
        said = world.said().splitlines()
        found += [f"{line.split(' panicked at ')[0]}: {after}" for line, after in zip(said, said[1:]) if " panicked at " in line]
        lines += len(said)
        statuses.append(world.process.returncode)
    assert not found, f"{len(found)} panics in the logs, the first in {found[0]}"
    assert set(statuses) == {0}, f"servers ended with {statuses}"
    return f"0 panics in {lines} lines of {len(statuses)} servers, each stopped well"
