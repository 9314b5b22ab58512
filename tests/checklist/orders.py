"""L rows and J1: bookings by many at once, repeated ones, and one leaf of the access log for each act.

Must not be here: who may do what (routes.py)."""

import asyncio, json, threading, time

from client import fresh, until
from rows import probe

HANDS = 1_000
ACTS, WORKERS = 10_000, 8
DENIALS, BATCH_SECONDS_MAX = 200, 90
DAY_MS = 86_400_000


def free(house, ahead_days=3, practitioner=0):
    """Times that may be booked online: (type, start), the earliest first."""
    slots = house.anyone().get(house.public(practitioner) + "/slots").fine()
    now = slots["now_ms"]
    found = [
        (one["start_ms"], kind["kind"])
        for kind in slots["types"]
        for one in kind["slots"]
        if one["from_ms"] <= now < one["until_ms"] and one["start_ms"] > now + ahead_days * DAY_MS
    ]
    assert found, "nothing is free"
    return [(kind, start) for start, kind in sorted(found)]


def person(house, canary=False):
    if not canary:
        return {"given_name": "Essai", "family_name": "Liste", "email": "essai@courriel.example", "phone": None}
    # A number like that of the social security, which somebody may well type into a name.
    family = f"{house.canary('family_name')} {house.canary('identity')}"
    return {
        "given_name": house.canary("given_name"),
        "family_name": family,
        "email": house.canary("email"),
        "phone": house.canary("phone"),
    }


async def hand(world, gate, path, body):
    """One of many: an open connection that waits at the gate, then one request."""
    reader, writer = await asyncio.open_connection(*world.address, ssl=world.context, server_hostname="localhost")
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nx-cabinet: 1\r\ncontent-type: application/json\r\n"
    head += f"content-length: {len(data)}\r\n\r\n"
    await gate()
    writer.write(head.encode() + data)
    await writer.drain()
    said = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in said.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    answer = json.loads(await reader.readexactly(length))
    writer.close()
    return int(said.split()[1]), answer


async def rush(world, path, bodies):
    waiting, opened = len(bodies), asyncio.Event()

    async def gate():
        nonlocal waiting
        waiting -= 1
        if waiting == 0:
            opened.set()
        await opened.wait()

    return await asyncio.gather(*(hand(world, gate, path, body) for body in bodies))


def bookings(house, agenda, start):
    """Ids of what stands in an agenda on a day."""
    view = house.owner.client.get(f"/api/v1/staff/agendas/{agenda}?from_ms={start - DAY_MS}&until_ms={start + DAY_MS}").fine()[
        "view"
    ]
    return {one["id"]: one for one in view["bookings"]}


@probe("L1")
def race(house):
    kind, start = free(house)[0]
    bodies = [{"command_id": fresh(), "kind": kind, "start_ms": start, "token": fresh()} for _ in range(HANDS)]
    begin = time.monotonic()
    answers = asyncio.run(rush(house.demo, house.public() + "/holds", bodies))
    took = time.monotonic() - begin
    won = [index for index, (status, _) in enumerate(answers) if status == 201]
    lost = [answer["code"] for status, answer in answers if status != 201]
    assert len(won) == 1 and len(lost) == HANDS - 1, f"{len(won)} of {HANDS} got it"
    assert set(lost) == {"slot_taken"}, f"the others: {set(lost)}"
    confirm = {
        "command_id": fresh(),
        "token": bodies[won[0]]["token"],
        "person": person(house, True),
        "notice_version": 1,
        "manage": fresh(),
    }
    booked = house.anyone().post(f"{house.public()}/holds/{answers[won[0]][1]['hold']}/confirm", confirm).fine(201)
    house.tokens += [confirm["manage"], confirm["token"]]
    stands = bookings(house, house.owner.agendas()[0], start)[booked["booking"]]
    assert stands["person"]["email"] == confirm["person"]["email"], "the booking is another one's"
    house.made["booking"] = booked["booking"]
    assert (kind, start) not in free(house), "the time is still offered"
    return f"{HANDS} at once: 1 got it, {len(lost)} slot_taken, {took:.1f} s"


@probe("L2")
def repeats(house):
    client, (kind, start) = house.anyone(), free(house)[-1]
    hold = {"command_id": fresh(), "kind": kind, "start_ms": start, "token": fresh()}
    held = [client.post(house.public() + "/holds", hold).fine(201)["hold"] for _ in range(3)]
    confirm = {"command_id": fresh(), "token": hold["token"], "person": person(house), "notice_version": 1, "manage": fresh()}
    booked = [client.post(f"{house.public()}/holds/{held[0]}/confirm", confirm).fine(201) for _ in range(3)]
    cancel = {"command_id": fresh(), "manage": confirm["manage"]}
    gone = [client.post(f"{house.public()}/bookings/{booked[0]['booking']}/cancel", cancel).fine(200) for _ in range(3)]
    agenda, command = house.owner.agendas()[0], fresh()
    book = {"do": "book", "booking": fresh(), "kind": kind, "start_ms": start, "person": person(house)}
    path = f"/api/v1/staff/agendas/{agenda}/commands"
    staff = [house.owner.client.post(path, {"command_id": command, "command": book}).fine(200) for _ in range(3)]
    other = house.owner.client.post(path, {"command_id": command, "command": book | {"start_ms": start + 60_000}})
    assert all(len(set(map(str, one))) == 1 for one in (held, booked, gone, staff)), f"{held} {booked} {gone} {staff}"
    assert (other.status, other.code()) == (422, "command_id_reused"), f"{other}"
    found = [one for one in bookings(house, agenda, start).values() if one["start_ms"] == start]
    assert len(found) == 1, f"{len(found)} bookings stand"
    return "4 requests sent 3 times each: 4 effects, 4 answers; another body 422"


def work(house, spot, acts, done, faults):
    """Books and cancels in turn, each an act; notes which booking each was about."""
    (agenda, kind, start), client = spot, house.owner.client.another()
    for _ in range(acts // 2):
        booking = fresh()
        book = {
            "do": "book",
            "booking": booking,
            "kind": kind,
            "start_ms": start,
            "person": person(house),
            "allow": {"overlap": True},
        }
        for command in (book, {"do": "cancel", "booking": booking}):
            answer = client.post(f"/api/v1/staff/agendas/{agenda}/commands", {"command_id": fresh(), "command": command})
            if answer.status == 200:
                done.append(booking)
            else:
                faults.append(str(answer))
    client.close()


def newest(house):
    return house.owner.client.get("/api/v1/staff/audit").fine()["size"]


def told(house, since):
    """What every leaf from a number on says."""
    found, before = [], ""
    while True:
        page = house.owner.client.get(f"/api/v1/staff/audit?{before}").fine()
        found += [leaf["said"] for leaf in page["leaves"] if leaf["number"] >= since]
        if not page["leaves"] or page["leaves"][-1]["number"] <= since:
            return found
        before = f"before={page['leaves'][-1]['number']}"


@probe("J1")
def leaves(house):
    agendas, done, faults = house.owner.agendas(), [], []
    times = [free(house, 5, number) for number in range(len(agendas))]
    spots = [(agendas[index % len(agendas)], *times[index % len(agendas)][index]) for index in range(WORKERS)]
    since, begin = newest(house), time.time()
    threads = [threading.Thread(target=work, args=(house, spot, ACTS // WORKERS, done, faults)) for spot in spots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    end, me = time.time(), next(
        one["id"] for one in house.owner.client.get("/api/v1/staff/members").fine()["members"] if one["you"]
    )
    assert not faults and len(done) == ACTS, f"{len(faults)} acts were refused: {faults[:1]}"
    said = [one for one in told(house, since) if one["subject"] in set(done)]
    assert len(said) == ACTS, f"{ACTS} acts left {len(said)} leaves"
    pairs = {(one["act"], one["subject"]) for one in said}
    assert len(pairs) == ACTS and len({act for act, _ in pairs}) == 2, f"{len(pairs)} leaves tell acts apart"
    whole = [
        one
        for one in said
        if one["member"] == me
        and one["network"]
        and one["session"]
        and one["agenda"]
        and not one["denied"]
        and begin - 1 <= one["at_ms"] / 1000 <= end + 1
    ]
    assert len(whole) == ACTS, f"{len(whole)} of {ACTS} leaves say who, what, when, where"
    counted = denials(house, agendas[0])
    figure = f"{ACTS} acts in {end - begin:.0f} s, {len(said)} leaves that say who, what, when, where"
    return f"{figure}; {DENIALS} denials counted as {counted}"


def denials(house, agenda):
    """How often the log says that somebody without the right has asked."""
    tom = house.colleague("Tom Refus", level="none")
    member, now = house.owner.member("Tom Refus")["id"], int(time.time()) // 60 * 60_000
    for _ in range(DENIALS):
        answer = tom.client.get(f"/api/v1/staff/agendas/{agenda}?from_ms={now}&until_ms={now + DAY_MS}")
        assert answer.status == 403, f"{answer}"

    def counted():
        said = [leaf["said"] for leaf in house.owner.client.get(f"/api/v1/staff/audit?member={member}").fine()["leaves"]]
        found = sum(one["count"] for one in said if one and one["denied"])
        return found >= DENIALS and found

    # They are written in batches.
    found = until(f"{DENIALS} denials in the log", counted, BATCH_SECONDS_MAX)
    assert found == DENIALS, f"{DENIALS} denials are counted as {found}"
    return found
