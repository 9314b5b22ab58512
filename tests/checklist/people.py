"""A rows, and H3: accounts, two factors, sessions, what strangers learn and how they are held back.

Must not be here: mails (the mail tests), tokens on disk (after.py)."""

import itertools, statistics, time, tomllib

from client import STEP_SECONDS, code, fresh, until
from rows import HERE, probe
from staff import PASSWORD, Person

MEBIBYTE = 1 << 20
MEMORY_MIN = 46 * MEBIBYTE
IDLE_MINUTES_MAX, MINUTES_MAX, RESET_MINUTES_MAX = 30, 720, 15
STRANGERS, HELD_FROM, FIRST_WAIT_SECONDS = 200, 7, 60
TRIES, APART_SECONDS_MAX = 2_000, 0.005
# As many as an account's ladder lets through.
TRIES_AN_ACCOUNT = 6
REFUSED_PASSWORDS = [
    "Ab3$efgh",
    "motdepasse",
    "azertyuiop",
    "123456789012",
    "password1234",
    "Password2024!",
    "aaaaaaaaaaaaaa",
    "abcdefghijklmn",
    "qwertyuiop123",
    "azertyuiop123",
    "soleil123456",
    "iloveyou2026",
    "motdepasse1234",
    "111111111111",
    "cabinet en ligne",
    "cabinetdestilleuls",
    "Cabinet des Tilleuls 1",
    "nadia.table",
    "nadia table 2026",
    "tilleuls.example",
]
TAKEN_PASSWORDS = [
    "girafe tranquille sous abricot",
    "correct cheval pile agrafe",
    "wqnbhzkfmvtdxgcj",
    "plume-orage-42-lichen",
    "é" * 8 + " zinc outarde",
    "r" + "kzmwpqthvb" * 6 + "lqs",
    "Vf7#qLm2!xTr9",
    "trois petits lézards dorment au grenier",
    "0914 7753 2286 4401 9",
    "abri " * 3 + "zèbre moutarde klaxon " * 3,
]
CONFIG = HERE.parent.parent / "config.toml"


def attributes(set_cookie):
    return {part.strip().split("=")[0].lower(): part.strip().partition("=")[2] for part in set_cookie.split(";")[1:]}


@probe("H3")
def cookies(house):
    owner = house.owner
    body = {"challenge": owner.challenge(), "code": owner.recovery.pop()}
    answer = owner.client.post("/api/v1/account/second-factor", body)
    answer.fine()
    session = [one for one in answer.all("set-cookie") if one.split("=")[0] == "__Host-cabinet"]
    assert len(session) == 1, f"cookies {[one.split('=')[0] for one in answer.all('set-cookie')]}"
    for one in answer.all("set-cookie"):
        said = attributes(one)
        assert one.startswith("__Host-") and said.get("path") == "/" and "domain" not in said, one.split("=")[0]
        assert {"secure", "httponly"} <= set(said) and said.get("samesite") == "Strict", f"{one.split('=')[0]}: {sorted(said)}"
    return f"{len(answer.all('set-cookie'))} cookies, all __Host-, Secure, HttpOnly, SameSite=Strict"


@probe("A1")
def hashing(house):
    accounts = tomllib.loads(CONFIG.read_text())["accounts"]
    world, owner = house.demo, house.owner
    before = world.memory("VmRSS")
    with open(f"/proc/{world.process.pid}/clear_refs", "w") as peak:
        peak.write("5")
    begin = time.monotonic()
    owner.challenge(house.anyone())
    took, grown = time.monotonic() - begin, world.memory("VmHWM") - before
    memory, passes = accounts["password_memory_mebibytes"] * MEBIBYTE, accounts["password_passes"]
    assert memory >= MEMORY_MIN and passes >= 1, f"configured: {memory // MEBIBYTE} MiB, {passes} passes"
    assert grown >= MEMORY_MIN, f"one guess took {grown // MEBIBYTE} MiB"
    return f"configured {memory // MEBIBYTE} MiB, {passes} passes; measured +{grown // MEBIBYTE} MiB, {took * 1000:.0f} ms a guess"


@probe("A2")
def passwords(house):
    link, client, wrong = house.owner.invite(), house.anyone(), []
    for password, taken in [(one, False) for one in REFUSED_PASSWORDS] + [(one, True) for one in TAKEN_PASSWORDS]:
        body = {"link": link, "name": "Nadia Table", "email": "nadia.table@tilleuls.example", "password": password}
        answer = client.post("/api/v1/account/activation", body)
        if answer.status != (200 if taken else 422) or not taken and not answer.code().startswith("password_"):
            wrong.append(f"{password!r} {answer}")
    assert not wrong, f"{len(wrong)} judged otherwise: {', '.join(wrong)}"
    longest = max(map(len, TAKEN_PASSWORDS))
    return f"{len(REFUSED_PASSWORDS)} refused, {len(TAKEN_PASSWORDS)} taken, up to {longest} characters"


@probe("A3")
def second_factor(house):
    owner, client = house.owner, house.anyone()
    answer = client.post("/api/v1/account/sign-in", {"email": owner.email, "password": owner.password})
    challenge = answer.fine()["challenge"]
    assert "__Host-cabinet" not in client.jar and owner.me(client).status == 401, "the password alone opens a session"
    tried = [client.post("/api/v1/account/second-factor", {"challenge": challenge, "code": one}) for one in ("", "000000")]
    assert {one.status for one in tried} <= {400, 401}, f"{tried}"
    assert client.post("/api/v1/staff/sign-in", {"link": house.demo.link}).status in (401, 403), "a link alone opens a session"
    paths = [path for _, path in house.document()]
    mailed = [path for path in paths if any(word in path for word in ("sms", "otp", "mail-code", "email-code"))]
    assert not mailed, f"factors by SMS or mail: {mailed}"
    offered = [path for path in paths if any(word in path for word in ("webauthn", "passkey", "security-key"))]
    assert offered, "without the second factor nobody gets in; WebAuthn is not offered: no route for it"
    return f"0 sessions without it; WebAuthn by {len(offered)} routes"


def steady():
    """Waits for the first part of a step, so that the next lines lie in it."""
    until("a fresh step", lambda: time.time() % STEP_SECONDS < 20, STEP_SECONDS)


@probe("A4")
def codes(house):
    steady()
    ines, said = house.colleague("Ines Code"), []
    for aside in (1, 1, 0, 3, -3):
        client = house.anyone()
        body = {"challenge": ines.challenge(client), "code": code(ines.secret, aside)}
        said.append(str(client.post("/api/v1/account/second-factor", body)))
    assert said[0].startswith("200"), f"a code one step ahead: {said[0]}"
    assert said[1:] == ["401 wrong_code"] * 4, f"replayed, older, 3 ahead, 3 behind: {said[1:]}"
    return "one step ahead taken, its replay 401, 3 others 401"


@probe("A5")
def ladder(house):
    lea = house.colleague("Léa Échelle")
    stranger, statuses = house.anyone("127.0.7.1"), []
    begin = time.time()
    for number in range(STRANGERS):
        answer = stranger.post("/api/v1/account/sign-in", {"email": lea.email, "password": f"faux numéro {number}"})
        statuses.append((answer.status, answer.code()))
    judged = statuses.index((429, "locked_out")) if (429, "locked_out") in statuses else STRANGERS
    assert (
        judged == HELD_FROM and statuses.count((401, "wrong_credentials")) == HELD_FROM
    ), f"{judged} were judged before the first wait"
    wait = answer.json()["at_ms"] / 1000 - begin
    assert 0 < wait - FIRST_WAIT_SECONDS < 15, f"the first wait is {wait:.0f} s"
    lea.sign_in()
    lea.me().fine()
    return f"{judged} of {STRANGERS} judged, {STRANGERS - judged} held back, first wait {FIRST_WAIT_SECONDS} s; known device let in"


def timed(client, path, body):
    begin = time.perf_counter()
    answer = client.post(path, body)
    return time.perf_counter() - begin, f"{answer.status} {answer.body if answer.status == 202 else answer.code()}"


def apart(pairs):
    """Median of who is known less that of who is not, and what all were told."""
    said = {word for pair in pairs for _, word in pair}
    known, unknown = ([one[side][0] for one in pairs] for side in (0, 1))
    return statistics.median(known) - statistics.median(unknown), said, statistics.median(known)


@probe("A6")
def enumeration(house):
    world = house.mailing
    count = TRIES // 5 // TRIES_AN_ACCOUNT
    owner = Person(world, "anne@essai.example").sign_up("Cabinet de l'essai", "Anne")
    people = [owner.colleague(f"Membre {number}", f"membre{number}@essai.example") for number in range(count)]
    clients = {person: house.anyone(f"127.1.{index >> 6}.{index % 64 + 1}", world) for index, person in enumerate(people)}
    signing, asking, askers = [], [], {}
    for turn, (index, person) in itertools.product(range(TRIES_AN_ACCOUNT), enumerate(people)):
        bodies = [{"email": email, "password": f"faux {turn}"} for email in (person.email, f"personne{index}@essai.example")]
        signing.append([timed(clients[person], "/api/v1/account/sign-in", body) for body in bodies])
    for index in range(TRIES // 2 - len(signing)):
        person = people[index % count]
        emails = (person.email, f"personne{index % count}@essai.example")
        # Ten of each from one network, which would be held back at thirty.
        asker = askers.setdefault(index // 10, house.anyone(f"127.2.0.{index // 10 + 1}", world))
        asking.append([timed(asker, "/api/v1/account/forgotten", {"email": email}) for email in emails])
    (one, said, usual), (other, told, _) = apart(signing), apart(asking)
    assert said == {"401 wrong_credentials"}, f"signing in: {said}"
    assert len(told) == 1 and next(iter(told)).startswith("202"), f"reset: {told}"
    figure = f"{2 * len(signing)} sign-ins, medians {one * 1000:+.2f} ms apart at {usual * 1000:.0f} ms"
    figure += f"; {2 * len(asking)} resets, {other * 1000:+.2f} ms"
    assert max(abs(one), abs(other)) <= APART_SECONDS_MAX, figure
    return figure


@probe("A7")
def renewal(house):
    ana, seen, wrong = house.colleague("Ana Jeton"), [], []

    def dead(token, what):
        old = house.anyone()
        old.jar["__Host-cabinet"] = token
        if ana.me(old).status != 401:
            wrong.append(f"the token from before {what} is still good")

    seen.append(ana.client.jar["__Host-cabinet"])
    ana.sign_in()
    seen.append(ana.client.jar["__Host-cabinet"])
    ana.client.post("/api/v1/account/step-up", {"code": ana.recovery.pop()}).fine()
    seen.append(ana.client.jar["__Host-cabinet"])
    dead(seen[1], "the step-up")
    ana.client.post("/api/v1/account/password", {"current": ana.password, "password": PASSWORD + " encore"}).fine(200, 204)
    ana.password = PASSWORD + " encore"
    seen.append(ana.client.jar["__Host-cabinet"])
    dead(seen[2], "another password")
    assert len(set(seen)) == len(seen), "a token came twice"
    member = house.owner.member("Ana Jeton")
    changed = member["membership"] | {"levels": {"elsewhere": "times", "agendas": []}}
    house.owner.act(f"members/{member['id']}/change", membership=changed).fine(200, 204)
    dead(seen[3], "a change of rights")
    house.tokens += seen
    assert not wrong, "; ".join(wrong)
    return f"{len(seen)} tokens, all others, 3 old ones dead"


@probe("A9")
def lifetimes(house):
    accounts = tomllib.loads(CONFIG.read_text())["accounts"]
    idle, whole = accounts["session_idle_minutes"], accounts["session_minutes"]
    figure = f"{idle} min idle, {whole} min in all"
    assert 0 < idle <= IDLE_MINUTES_MAX and 0 < whole <= MINUTES_MAX, figure
    return figure


@probe("A10")
def sessions(house):
    paul, others = house.colleague("Paul Session"), []
    for _ in range(3):
        others.append(paul.sign_in(house.anyone()))
    face = paul.client.get("/api/v1/account").fine()
    assert len(face["sessions"]) == 4, f"{len(face['sessions'])} sessions listed"
    first = others[0].get("/api/v1/account").fine()["sessions"][0]["id"]
    paul.client.post("/api/v1/account/sessions/end", {"session": first}).fine(200, 204)
    assert paul.me(others[0]).status == 401 and paul.me(others[1]).status == 200, "the one that was named did not end alone"
    paul.client.post("/api/v1/account/password", {"current": paul.password, "password": PASSWORD + " bis"}).fine(200, 204)
    paul.password = PASSWORD + " bis"
    after_password = [paul.me(one).status for one in others]
    assert after_password == [401] * 3, f"others after another password: {after_password}"
    other = paul.sign_in(house.anyone())
    enrolment = paul.client.post("/api/v1/account/application", {}).fine()
    paul.client.post("/api/v1/account/application/finish", {"code": code(enrolment["secret"])}).fine(200, 204)
    paul.secret = enrolment["secret"]
    assert paul.me().status == 200, "one's own session ended with the change of application"
    assert paul.me(other).status == 401, "another session goes on after another second factor"
    return "4 listed, 1 ended alone, 3 of 3 others ended with the password, 1 of 1 with the application"


@probe("A13")
def resets(house):
    marc, owner = house.colleague("Marc Oubli"), house.owner
    made = owner.act(f"members/{owner.member('Marc Oubli')['id']}/link").fine()
    lasts = made["expires_ms"] / 60_000 - time.time() / 60
    link, client = made["path"].split("#link=")[1], house.anyone()
    body = {"link": link, "password": PASSWORD + " neuf"}
    without = [client.post("/api/v1/account/reset", body | {"code": one}) for one in ("", "000000")]
    assert all(one.status in (400, 401) for one in without), f"without the second factor: {without}"
    client.post("/api/v1/account/reset", body | {"code": marc.recovery.pop()}).fine(200, 204)
    again = client.post("/api/v1/account/reset", body | {"code": marc.recovery.pop()})
    assert (again.status, again.code()) == (401, "link_gone"), f"used again: {again}"
    figure = f"without code {len(without)} of {len(without)} refused, second use 401, an owner's link is good for {lasts:.0f} min"
    assert lasts <= RESET_MINUTES_MAX + 0.1, figure
    return figure
