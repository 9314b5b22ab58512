"""C7 and C8: key files, and what the process shows of its secrets while it runs. Registered last, when the most has happened.

Must not be here: what lies in the store (after.py)."""

import os, pathlib, re, subprocess

from elsewhere import ROOT
from rows import probe
from world import World

NOBODY = 65_534
# Where secrets are held for long, or computed with.
HOLDERS = ["storage/seal.rs", "storage/keyring.rs", "storage/audit/note.rs", "actors/accounts/password.rs"]


def secrets_of(house):
    """Every secret that the probes know, by what it is."""
    people = house.people()
    found = {
        "password": {one.password for one in people},
        "application": {one.secret for one in people},
        "recovery code": {code for one in people for code in one.recovery},
        "token": set(house.tokens),
        "link": {house.demo.link},
        "key": {(house.demo.data / name).read_text().strip() for name in ("installation.key", "audit.key")},
    }
    return {(kind, secret) for kind, secrets in found.items() for secret in secrets if secret}


@probe("C7")
def shown(house):
    secrets, looked = secrets_of(house), 0
    for world in house.worlds:
        process = pathlib.Path(f"/proc/{world.process.pid}")
        for place, said in (
            ("environment", (process / "environ").read_bytes()),
            ("arguments", (process / "cmdline").read_bytes()),
            ("log", world.log.read_bytes()),
        ):
            found = [kind for kind, secret in secrets if secret.encode() in said]
            assert not found, f"in the {place}: {set(found)}"
            looked += len(said)
    careless = [name for name in HOLDERS if not re.search(r"Zeroiz", (ROOT / name).read_text())]
    assert not careless, f"nothing is overwritten in {careless}"
    return f"{len(secrets)} secrets, 0 in {looked // 1024} KiB of environments, arguments, logs; {len(HOLDERS)} holders overwrite theirs"


def ends(world, seconds=5):
    """The exit status of a server that ought to refuse to start; none if it goes on."""
    world.launch(["serve", "--config", world.config], subprocess.DEVNULL)
    try:
        return world.process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


@probe("C8")
def modes(house):
    world, wrong, refused = house.world(World.serve), [], 0
    # The first start makes the signing key; both are then as they should be.
    world.start()
    world.stop()
    files = [world.folder / "installation.key", world.folder / "audit.key"]
    tries = [(file, mode, os.getuid()) for file in files for mode in (0o644, 0o640, 0o604, 0o660, 0o622)]
    if os.getuid() == 0:
        tries += [(file, 0o600, NOBODY) for file in files]
    for file, mode, owner in tries:
        file.chmod(mode)
        os.chown(file, owner, -1)
        before = len(world.said())
        status, said = ends(world), world.said()[before:]
        refused += 1
        if not status or file.name not in said:
            wrong.append(
                f"{file.name} {mode:o} of {'another owner' if owner == NOBODY else 'its owner'}: "
                + ("went on" if status is None else f"exit {status}")
            )
        world.remove_process()
        os.chown(file, os.getuid(), -1)
        file.chmod(0o600)
    for file in files:
        file.chmod(0o400)
    world.start()
    world.stop()
    assert not wrong, f"{len(wrong)} of {refused} not refused: {'; '.join(wrong)}"
    return f"{refused} ways refused with an exit status that names the file; 0400 starts"
