"""H4, H6, H9, H10, Z2, Z4 and J10: every route of the API, asked by whoever may and by whoever may not.

Must not be here: pages (live.py), sockets as such (sockets.py)."""

import re, time, urllib.request

from client import fresh
from elsewhere import ROOT
from frames import session
from rows import probe
from sockets import join
from staff import Person

EVIL = "https://mal.example"
SPOOFED = "203.0.113.7"
GLASS_MINUTES_MAX = 60
ROW = re.compile(r'^\s+"(GET|POST)" "([^"]+)" \w+::\w+ Policy::(\w+)', re.M)
OUT = "/api/v1/staff/sign-out"


def filled(path, names):
    """A path with something in the place of each name."""
    return re.sub(r"\{(\w+)\}", lambda found: str(names.get(found[1], fresh())), path)


def names(house):
    return {
        "practice": house.demo.practice,
        "practitioner": house.demo.practitioners[0],
        "agenda": house.owner.agendas()[0],
        "number": 0,
    }


@probe("H4")
def not_stored(house):
    # An owner of their own: what takes no body is done.
    person = Person(house.demo, "remi@port.example").sign_up("Cabinet du Port", "Rémi")
    client, asked = person.client, 0
    operations = [(method, path) for method, path in house.document() if path.startswith("/api/") and path != OUT]
    for method, path in operations:
        # A body that is none of theirs, so that nothing is changed; reading answers with what it has.
        answer = client.ask(method, filled(path, names(house)), {"nothing": 1} if method == "POST" else None)
        kept = answer.header("cache-control") or ""
        assert "no-store" in kept, f"{method} {path}: cache-control {kept!r}"
        asked += 1
    assert person.me().status == 200, "the session ended on the way"
    answer = client.post(OUT, {})
    answer.fine(200, 204)
    assert "no-store" in (answer.header("cache-control") or ""), "signing out"
    cleared = answer.header("clear-site-data") or ""
    figure = f"{asked + 1} of {asked + 1} answers no-store; Clear-Site-Data at sign-out: {cleared or 'absent'}"
    # The cookie is taken away by itself, so that the one by which an account knows the device may stay.
    whole = '"*"' in cleared or '"cache"' in cleared and '"storage"' in cleared
    assert whole and "__Host-cabinet" not in client.jar, figure
    return figure


@probe("H6")
def other_sites(house):
    ways = {
        "origin": {"origin": EVIL},
        "null": {"origin": "null"},
        "cross-site": {"sec-fetch-site": "cross-site"},
        "same-site": {"sec-fetch-site": "same-site"},
        "look-alike": {"origin": house.demo.origin + ".mal.example"},
        "no header": {"x-cabinet": "0"},
    }
    client, wrong, asked = house.owner.sign_in(house.anyone()), [], 0
    for path in [path for method, path in house.document() if method == "POST"]:
        for way, headers in ways.items():
            # The header is asked for where a cookie counts, or an account's secret; a one-time link is its own proof.
            of_ours = path.startswith(("/api/v1/staff/", "/api/v1/account")) and path != "/api/v1/staff/sign-in"
            if way == "no header" and not of_ours:
                continue
            answer = client.post(filled(path, names(house)), {}, headers)
            asked += 1
            if answer.status != 403 or answer.code() != "forbidden_origin":
                wrong.append(f"{way} {path}: {answer}")
    house.owner.me(client).fine()
    assert not wrong, f"{len(wrong)} of {asked} not refused: {', '.join(wrong[:3])}"
    return f"{asked} requests of other pages, each 403"


@probe("H9")
def forwarded(house):
    owner, client = house.owner, house.anyone("127.9.0.1")
    spoof = {name: SPOOFED for name in ("x-forwarded-for", "x-real-ip", "true-client-ip", "cf-connecting-ip", "x-client-ip")}
    spoof["forwarded"] = f"for={SPOOFED}"
    challenge = client.post("/api/v1/account/sign-in", {"email": owner.email, "password": owner.password}, spoof).fine()[
        "challenge"
    ]
    client.post("/api/v1/account/second-factor", {"challenge": challenge, "code": owner.recovery.pop()}, spoof).fine()
    owner.me(client).fine()
    leaves = owner.client.get("/api/v1/staff/audit").fine()["leaves"]
    networks = [leaf["said"]["network"] for leaf in leaves if leaf["said"]]
    assert not any(one.startswith("203.") for one in networks), f"networks in the log: {set(networks)}"
    assert "127.9.*" in networks, f"the peer is not in the log: {set(networks)}"
    return f"{len(spoof)} headers spoofed, the log has the peer's network in each of {len(networks)} leaves"


@probe("H10")
def policies(house):
    table = ROW.findall((ROOT / "src/edge/routes.rs").read_text())
    document = {one for one in house.document() if one[1] != "/api/v1/openapi.json"}
    listed = {(method, path) for method, path, _ in table}
    assert listed == document, f"in the table or the document alone: {sorted(path for _, path in listed ^ document)}"
    asked = 0
    for method, path, policy in table:
        if policy in ("Anyone", "Bearer"):
            continue
        answer = house.anyone().ask(method, filled(path, names(house)), {} if method == "POST" else None)
        assert answer.status == 401, f"{method} {path} without a session: {answer}"
        asked += 1
    assert asked, "no route asks for a session"
    return f"{len(table)} routes, none without a policy; {asked} of {asked} guarded ones 401 without a session"


def bodies(agenda):
    membership = {
        "role": "secretary",
        "levels": {"elsewhere": "full", "agendas": []},
        "agenda": None,
        "from_ms": None,
        "until_ms": None,
    }
    numbered = {"command_id": fresh()}
    return {
        "commands": numbered | {"command": {"do": "cancel", "booking": fresh()}},
        "change": numbered | {"membership": membership},
        "break-glass": numbered | {"reason": "urgence", "minutes": 30},
        "answer": {"mine": True, "reason": ""},
    }


@probe("Z2")
def foreign_ids(house):
    owner, stranger, wrong, asked = house.owner, house.stranger, [], 0
    agenda = owner.agendas()[0]
    owner.invite()
    invitation = owner.client.get("/api/v1/staff/members").fine()["invitations"][0]["id"]
    house.glass = house.once("glass", lambda: broken(house))
    alerts = owner.client.get("/api/v1/staff/alerts").fine()["alerts"]
    ids = {
        "agenda": agenda,
        "invitation": invitation,
        "member": owner.member("Hugo Garde")["id"],
        "glass": house.glass["id"],
        "alert": alerts[0]["id"] if alerts else fresh(),
    }
    now = int(time.time()) // 60 * 60_000
    taking = [
        (method, path)
        for method, path in house.document()
        if path.startswith("/api/v1/staff/") and any("{" + one + "}" in path for one in ids)
    ]
    for method, path in taking:
        body = bodies(agenda).get(path.rsplit("/", 1)[1], {"command_id": fresh()}) if method == "POST" else None
        query = f"?from_ms={now}&until_ms={now + 60_000}" if method == "GET" else ""
        answer = stranger.client.ask(method, filled(path, ids) + query, body)
        asked += 1
        if answer.status != 404:
            wrong.append(f"{method} {path}: {answer}")
    opened = session(house.demo, stranger)
    for number, frame in enumerate(
        [
            join(agenda),
            {"event": "presence", "topic": agenda},
            {"event": "command", "topic": agenda, "command_id": fresh(), "command": {"do": "cancel", "booking": fresh()}},
        ]
    ):
        opened.say(frame | {"ref": number})
        said = (opened.answer(number) or {}).get("problem", {}).get("code")
        asked += 1
        if said != "not_found":
            wrong.append(f"{frame['event']}: {said}")
    opened.close()
    assert not wrong, f"{len(wrong)} of {asked}: {', '.join(wrong)}"
    return f"{asked} requests with another practice's ids ({len(taking)} routes, 3 frames), each not found"


def broken(house):
    """Somebody who gives care and has no right to an agenda opens it in an emergency."""
    owner = house.owner
    agendas = owner.agendas()
    hugo = house.colleague("Hugo Garde", role="practitioner", level="none", agenda=agendas[1])
    path = f"agendas/{agendas[0]}/break-glass"
    refused = [
        hugo.act(path, reason="", minutes=30),
        hugo.act(path, reason="urgence vitale", minutes=GLASS_MINUTES_MAX + 1),
        hugo.client.post(f"/api/v1/staff/{path}", {"command_id": fresh(), "minutes": 30}),
    ]
    opened = session(house.demo, owner)
    begin, told = time.monotonic(), None
    hugo.act(path, reason="urgence vitale " + house.canary("note"), minutes=GLASS_MINUTES_MAX).fine()
    while told != "practice_changed" and (frame := opened.hear(5)):
        told = frame["event"]
    took = time.monotonic() - begin
    opened.close()
    glass = next(one for one in owner.me().fine()["glasses"] if one["agenda"] == agendas[0])
    return glass | {"refused": [one.status for one in refused], "told": told, "took": took, "agenda": agendas[0], "hugo": hugo}


@probe("Z4")
def break_glass(house):
    glass = house.once("glass", lambda: broken(house))
    assert all(status in (400, 422) for status in glass["refused"]), f"without reason, too long: {glass['refused']}"
    lasts = glass["until_ms"] / 60_000 - time.time() / 60
    assert lasts <= GLASS_MINUTES_MAX, f"lasts {lasts:.1f} min"
    now = int(time.time()) // 60 * 60_000
    view = glass["hugo"].client.get(f"/api/v1/staff/agendas/{glass['agenda']}?from_ms={now}&until_ms={now + 86_400_000}")
    assert view.status == 200 and glass["told"] == "practice_changed", f"{view} {glass['told']}"
    told = f"owner told after {glass['took'] * 1000:.0f} ms"
    return f"3 without reason or above {GLASS_MINUTES_MAX} min refused; {told}; ends in {lasts:.0f} min"


@probe("J10")
def metrics(house):
    for path in ("/metrics", "/ops/overview", "/api/v1/metrics", "/readyz/metrics"):
        answer = house.anyone().get(path)
        assert answer.status == 404 and b"cabinet_" not in answer.body, f"{path} on the public listener: {answer.status}"
    text = urllib.request.urlopen(house.demo.ops + "/metrics", timeout=10).read().decode()
    series = [line for line in text.splitlines() if line and not line.startswith("#")]
    labels = [found for line in series for found in re.findall(r'(\w+)="([^"]*)"', line)]
    telling = [f"{name}={value}" for name, value in labels if re.search(r"@|[0-9a-f]{16}|\d{6}|[^\x20-\x7e]", value)]
    said = [word for word in house.canaries.values() if word in text]
    assert series and labels and not telling and not said, f"labels that may tell: {telling[:3]} {said}"
    count = len({name for name, _ in labels})
    return f"404 in public; {len(series)} series, {count} label names, none with an id, a number or a word of a person"
