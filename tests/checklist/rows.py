"""The rows as data, and the probes that show them: each probe is registered under its row's id and answers a figure, or fails.

Must not be here: any probe."""

import csv, pathlib

HERE = pathlib.Path(__file__).parent
GROUPS = {"T": 8, "H": 10, "W": 12, "A": 13, "Z": 5, "L": 3, "C": 10, "J": 11, "S": 5}
IDS = [f"{letter}{number}" for letter, most in GROUPS.items() for number in range(1, most + 1)]
# In the order in which they were registered: a later probe finds what an earlier one left.
PROBES = {}


def probe(row, stage="live"):
    """Registers a probe of a row: `live` while the server runs, `after` once it has been stopped."""

    def register(function):
        assert row not in PROBES, row
        PROBES[row] = (stage, function)
        return function

    return register


def table(name):
    """Lines of a table, without its comments and head."""
    with open(HERE / name, encoding="utf-8") as file:
        lines = [line for line in file if line.strip() and not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def load():
    """Both tables, once they are found to hold each of the rows exactly once, each shown by something that exists."""
    rows, pending = table("rows.tsv"), table("set-aside.tsv")
    named = [row["id"] for row in rows + pending]
    faults = [f"{one}: in no table" for one in IDS if one not in named]
    faults += [f"{one}: more than once" for one in set(named) if named.count(one) > 1]
    faults += [f"{one}: no such row" for one in named if one not in IDS]
    faults += [f"{row['id']}: set aside without a reason" for row in pending if not row["reason"]]
    for row in rows + pending:
        ways = [way for way in (row["shown"] or "").split("; ") if way]
        unknown = [way for way in ways if way not in ("live", "tls", "mail", "sources") and not way.startswith(("tests ", "long "))]
        faults += [f"{row['id']}: shown by nothing known: {way}" for way in unknown]
        if ("live" in ways) != (row["id"] in PROBES):
            faults.append(f"{row['id']}: the table and the probes disagree")
    faults += [f"{row['id']}: shown by nothing" for row in rows if not row["shown"]]
    faults += [f"{one}: a probe of no row" for one in PROBES if one not in named]
    assert not faults, "; ".join(sorted(faults))
    return rows, pending
