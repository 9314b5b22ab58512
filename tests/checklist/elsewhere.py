"""What other programs show: Rust tests by name, sslscan and testssl, the mail tests, the lints of sources.

Must not be here: probes of our own."""

import os, re, subprocess

from rows import HERE
from world import World

ROOT = HERE.parent.parent
SECONDS_MAX = 3_600
PASSED = re.compile(
    r"^\s*(PASS|FAIL|SIGABRT|SIGKILL|SIGSEGV|TIMEOUT|LEAK|FLAKY[ 0-9/]*)\s+\[[^\]]*\]\s+(?:\([^)]*\)\s+)?(\S+)\s+(\S+)\s*$"
)


def ways(row):
    return [way for way in (row["shown"] or "").split("; ") if way]


def look(table, binary, without, findings):
    """Runs what the rows name beside probes, each program once."""
    tables = [row for row in table if findings.wants(row["id"])]
    for way, find in (("tls", scanned), ("sources", linted), ("mail", mailed), ("tests", tested), ("long", long_run)):
        wanted = [row for row in tables if any(one.split(" ")[0] == way for one in ways(row))]
        # A long run is a test, too.
        if way in without or (way == "long" and "tests" in without):
            findings.left_out |= {row["id"] for row in wanted}
        elif wanted:
            answer(wanted, findings, lambda: find(wanted, binary))


def answer(wanted, findings, find):
    """Gives each row the figure or the failure that a program has printed for it."""
    try:
        found = find()
    except Exception as error:
        found = {row["id"]: AssertionError(f"{type(error).__name__}: {error}") for row in wanted}
    for row in wanted:

        def figure(row=row):
            said = found.get(row["id"], AssertionError("nothing was said of it"))
            if isinstance(said, Exception):
                raise said
            return said

        findings.look(row["id"], figure)


def lines(said):
    """Lines `id<TAB>pass|FAIL<TAB>figure` of a script."""
    found = {}
    for line in said.splitlines():
        row, verdict, figure = (line.split("\t") + ["", ""])[:3]
        if verdict in ("pass", "FAIL"):
            found[row] = figure if verdict == "pass" else AssertionError(figure or "no figure")
    return found


def script(name, *arguments):
    told = subprocess.run([HERE / name, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX)
    found = lines(told.stdout)
    assert found, f"{name} ended with {told.returncode}: {told.stderr.strip()[-200:]}"
    return found


def scanned(wanted, binary):
    world = World(binary).serve()
    try:
        world.start()
        return script("tls.sh", *world.address, world.folder)
    finally:
        world.remove()


def linted(wanted, binary):
    return script("sources.sh")


def mailed(wanted, binary):
    """The mail tests, of which one is the row's."""
    told = subprocess.run([ROOT / "tests/tools/mail", binary], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX)
    said = re.findall(r"^(test_\w+) .*?\.\.\. (ok|FAIL|ERROR)$", told.stderr, re.M)
    strange = [verdict for name, verdict in said if name.startswith("test_a_server_without_tls_or_with_a_strange_certificate")]
    good = sum(verdict == "ok" for _, verdict in said)
    shown = strange == ["ok"] and good == len(said)
    figure = f"2 servers not to be trusted were told nothing; {good} of {len(said)} mail tests pass"
    return {row["id"]: figure if shown else AssertionError(figure if said else told.stderr.strip()[-200:]) for row in wanted}


def names(row):
    return [name for way in ways(row) if way.startswith("tests ") for name in way.split(" ")[1:]]


def long_run(wanted, binary):
    """Tests that `make test` leaves out because they take minutes: each prints its figure."""
    found = {}
    for row in wanted:
        (name,) = [name for way in ways(row) if way.startswith("long ") for name in way.split(" ")[1:]]
        command = ["cargo", "nextest", "run", "--workspace", "--locked", "--run-ignored", "only", "--no-capture"]
        told = subprocess.run(
            [*command, "-E", f"test(/(^|::){name}$/)"], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX
        )
        figure = re.search(r"^figure: (.*)$", told.stdout, re.M)
        good = told.returncode == 0 and figure
        found[row["id"]] = figure[1] if good else AssertionError(f"{name}: {told.stderr.strip()[-200:]}")
    return found


def tested(wanted, binary):
    """One run of nextest over every test that is named; a name that no test bears is a failure of its row."""
    every = sorted({name for row in wanted for name in names(row)})
    expression = " + ".join(f"test(/(^|::){name}$/)" for name in every)
    command = [
        "cargo",
        "nextest",
        "run",
        "--workspace",
        "--locked",
        "--no-fail-fast",
        "--color",
        "never",
        "--status-level",
        "pass",
        "--final-status-level",
        "none",
        "--failure-output",
        "never",
        "-E",
        expression,
    ]
    told = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX, env=os.environ | {"NO_COLOR": "1"}
    )
    ended = {}
    for line in (told.stdout + told.stderr).splitlines():
        if found := PASSED.match(line):
            ended.setdefault(found[3].split("::")[-1], []).append(found[1] in ("PASS", "LEAK"))
    assert ended, f"nextest ended with {told.returncode}: {told.stderr.strip()[-200:]}"
    answers = {}
    for row in wanted:
        missing = [name for name in names(row) if name not in ended]
        failed = [name for name in names(row) if not all(ended.get(name, []))]
        count = sum(len(ended.get(name, [])) for name in names(row))
        said = [f"no such test: {name}" for name in missing] + [f"failed: {name}" for name in failed]
        answers[row["id"]] = AssertionError(", ".join(said)) if said else f"{count} tests pass"
    return answers
