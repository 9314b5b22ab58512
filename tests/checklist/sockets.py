"""W rows, and Z3: sessions' sockets and boards, spoken by hand.

Must not be here: accounts as such (people.py)."""

import json, time

import frames
from client import fresh
from frames import Refused, Socket, protocols, session
from rows import probe

LIMIT = 64 * 1024
DAY_MS = 86_400_000
IN_TEN_SECONDS, PER_SIGN_IN, BURST = 100, 20, 95
# Signed out, as the protocol calls it; 1008 is what the standard has for it.
GONE = (1008, 4001)
SECOND = 1.0


def join(agenda, number=1, **other):
    now = int(time.time() * 1000) // 60_000 * 60_000
    return {
        "event": "join",
        "ref": number,
        "topic": agenda,
        "history": None,
        "seq": None,
        "from_ms": now,
        "until_ms": now + 7 * DAY_MS,
    } | other


def joined(house, person, agenda):
    opened = session(house.demo, person)
    opened.say(join(agenda))
    answer = opened.answer(1)
    assert answer["event"] == "snapshot", f"instead of a snapshot: {answer}"
    return opened


def refusal(attempt):
    """How a handshake is refused."""
    try:
        attempt().close()
        return "opened"
    except Refused as refused:
        return str(refused)


@probe("W1")
def in_clear(house):
    owner, world, said = house.owner, house.demo, []
    for path, headers in (
        ("/ws", {"cookie": owner.client.cookie(), "sec-websocket-protocol": protocols(owner)}),
        (f"/live?practice={world.practice}&practitioner={world.practitioners[0]}", {}),
    ):
        try:
            stream, status, _, _ = frames.handshake(world, path, {"origin": world.origin} | headers, frames.raw(world, tls=False))
            stream.close()
        except OSError:
            status = 0
        said.append(status)
    assert said == [0, 0], f"ws:// answered {said}"
    return "2 sockets in clear, 0 answers"


@probe("W2")
def origins(house):
    world, owner = house.demo, house.owner
    port = world.address[1]
    strange = [
        None,
        "null",
        "",
        "https://mal.example",
        f"{world.origin}.mal.example",
        f"{world.origin}0",
        f"http://127.0.0.1:{port}",
        "https://127.0.0.1",
        f"https://127.0.0.1:{port + 1}",
        f"https://mal.example/{world.origin}",
        f"{world.origin}/",
        f"https://localhost.mal.example:{port}",
    ]
    said = {}
    for origin in strange:
        said[origin] = refusal(lambda: session(world, owner, origin=origin))
    assert refusal(lambda: session(world, owner)) == "opened", "not even the right origin is let in"
    wrong = {origin: word for origin, word in said.items() if not word.startswith("403")}
    assert len(said) == 12 and not wrong, f"let in or answered otherwise: {wrong}"
    return f"{len(said)} origins, each 403"


@probe("W3")
def tickets(house):
    owner, world = house.owner, house.demo
    words = protocols(owner)
    session(world, owner, **{"sec-websocket-protocol": words}).close()
    other = protocols(house.stranger)
    tried = {"used": words, "of another session": other, "none": "cabinet.1", "made up": f"cabinet.1, ticket.{fresh(64)}"}
    said = {what: refusal(lambda: session(world, owner, **{"sec-websocket-protocol": one})) for what, one in tried.items()}
    wrong = {what: word for what, word in said.items() if not word.startswith("401")}
    assert not wrong, f"tickets: {wrong}"
    in_address = refusal(lambda: session(world, owner, **{"sec-websocket-protocol": "cabinet.1"}))
    assert in_address.startswith("401"), in_address
    issued = [owner.client.post("/api/v1/staff/ticket", {}).fine() for _ in range(100)]
    lasts = max(one["until_ms"] for one in issued) / 1000 - time.time()
    assert lasts <= 30, f"good for {lasts:.1f} s"
    house.tokens += [one["ticket"] for one in issued] + [words.split("ticket.")[1]]
    found = [one for one in house.tokens if one in world.said()]
    assert not found, f"{len(found)} tickets or tokens in the log"
    return f"{len(said)} replayed or wrong: 401; good for {lasts:.0f} s; {len(house.tokens)} secrets, 0 in the log"


def closing(opened, act):
    """How long after it was asked for the socket is closed, and with what."""
    begin = time.monotonic()
    act()
    number = opened.until_closed(5)
    return time.monotonic() - begin, number


@probe("W4")
def ends(house):
    owner, found = house.owner, {}
    agenda = owner.agendas()[0]
    eva = house.colleague("Eva Sortie")
    opened = joined(house, eva, agenda)
    found["logout"] = closing(opened, lambda: eva.client.post("/api/v1/staff/sign-out", {}).fine(200, 204))
    eva.sign_in()
    opened = joined(house, eva, agenda)
    member = owner.member("Eva Sortie")["id"]
    found["removal"] = closing(opened, lambda: owner.act(f"members/{member}/remove").fine(200, 204))
    said = ", ".join(f"{what} {took * 1000:.0f} ms ({number})" for what, (took, number) in found.items())
    assert all(took <= SECOND and number in GONE for took, number in found.values()), said
    return said


@probe("W6")
def long_frames(house):
    owner, world, said = house.owner, house.demo, {}
    opened = session(world, owner)
    opened.frame(b"[" + b" " * (LIMIT - 2) + b"]")
    exact = opened.hear()
    assert exact and exact["event"] == "refused", f"a frame of exactly 64 KiB: {exact} {opened.closed}"
    opened.close()
    for what in ("whole", "in fragments", "declared 1 GiB"):
        opened = session(world, owner)
        if what == "whole":
            opened.frame(b" " * (LIMIT + 1))
        elif what == "declared 1 GiB":
            opened.frame(b" ", declared=1 << 30)
        else:
            opened.frame(b" " * (LIMIT // 2), final=False)
            opened.frame(b" " * (LIMIT // 2), opcode=0, final=False)
            opened.frame(b" ", opcode=0)
        said[what] = opened.until_closed(10)
        opened.close()
    assert set(said.values()) == {1009}, f"{said}"
    return f"{len(said)} ways above 64 KiB: 1009; 64 KiB itself is read"


@probe("W7")
def rates(house):
    vera, world = house.colleague("Véra Débit"), house.demo
    agenda = vera.agendas()[0]
    opened = session(world, vera)
    for number in range(BURST):
        opened.say({"event": "leave", "ref": number, "topic": agenda})
    before = opened.answer(BURST - 1)
    assert before, f"closed with {opened.closed} within {BURST} messages"
    burst = session(world, vera)
    for number in range(IN_TEN_SECONDS + 1):
        burst.say({"event": "leave", "ref": number, "topic": agenda})
    closed = burst.until_closed(10)
    assert closed in (1008, 4029), f"{IN_TEN_SECONDS + 1} messages at once: {closed}"
    opened.close()
    held = []
    try:
        while len(held) < 40:
            held.append(session(world, vera))
    except Refused as refused:
        assert refused.status == 429, f"one too many: {refused}"
    finally:
        for one in held:
            one.close()
    assert len(held) == PER_SIGN_IN, f"{len(held)} sockets of one sign-in at once"
    return f"{IN_TEN_SECONDS + 1} messages at once: {closed}; {len(held)} sockets a sign-in, one more 429 (the reference: 100 a minute to begin with, 5)"


@probe("W9")
def compression(house):
    world, owner, asked = house.demo, house.owner, 0
    wanted = ["permessage-deflate", "permessage-deflate; client_max_window_bits", "x-webkit-deflate-frame"]
    for offer in wanted:
        for path, headers in (
            ("/ws", {"cookie": owner.client.cookie(), "sec-websocket-protocol": protocols(owner)}),
            (f"/live?practice={world.practice}&practitioner={world.practitioners[0]}", {}),
        ):
            stream, status, answered, _ = frames.handshake(
                world, path, {"origin": world.origin, "sec-websocket-extensions": offer} | headers
            )
            stream.close()
            assert status == 101, f"{path}: {status}"
            agreed = [value for name, value in answered if name == "sec-websocket-extensions"]
            assert not agreed, f"{path}: agreed to {agreed}"
            asked += 1
    return f"{asked} handshakes offered it, 0 agreed"


def bent(agenda):
    """Frames that are none: parts missing, of another type, too many, too deep."""
    book = {
        "do": "book",
        "booking": fresh(),
        "kind": fresh(),
        "start_ms": 0,
        "person": {"given_name": "a", "family_name": "b", "email": None, "phone": None},
        "allow": {},
    }
    sound = [
        join(agenda),
        {"event": "leave", "ref": 1, "topic": agenda},
        {"event": "presence", "ref": 1, "topic": agenda},
        {"event": "command", "ref": 1, "topic": agenda, "command_id": fresh(), "command": book},
    ]
    for frame in sound:
        for name in frame:
            yield {key: value for key, value in frame.items() if key != name} if frame[name] is not None else frame | {name: {}}
            for wrong in (True, 1.5, -1, [], {}, "\u0000", "x" * 300, [[frame]]):
                yield frame | {name: wrong}
        yield frame | {"more": 1}
        yield [frame]
    for depth in (100, 1_000, 30_000):
        yield "[" * depth
        yield '{"event":' * (depth // 9) + "1" + "}" * (depth // 9)
    yield from ("", "null", "0", '"join"', "{", '{"event":"join","event":"join"}', '{"ref":1}', "\ufeff{}", "NaN")


@probe("W10")
def nonsense(house):
    owner, world, counts = house.owner, house.demo, {}
    agenda = owner.agendas()[0]
    corpus = [one if isinstance(one, str) else json.dumps(one) for one in bent(agenda)]
    for begin in range(0, len(corpus), BURST):
        opened = session(world, owner)
        for text in corpus[begin : begin + BURST]:
            opened.frame(text.encode())
            answer = opened.hear()
            assert answer, f"closed with {opened.closed} by {text[:80]}"
            assert answer["event"] == "refused", f"{answer['event']} for {text[:120]}"
            counts[answer["problem"]["code"]] = counts.get(answer["problem"]["code"], 0) + 1
        opened.close()
    assert "panicked" not in world.said() and world.process.poll() is None, "a panic in the log"
    assert set(counts) <= {"malformed", "not_found", "invalid"}, f"{counts}"
    return f"{len(corpus)} frames, {sum(counts.values())} refused ({counts.get('malformed', 0)} malformed), 0 panics"


def levels(level):
    return {"levels": {"elsewhere": level, "agendas": []}}


def change(house, name, level):
    member = house.owner.member(name)
    return house.owner.act(f"members/{member['id']}/change", membership=member["membership"] | levels(level)).fine(200, 204)


@probe("W12")
def each_message(house):
    noe, agenda = house.colleague("Noé Message"), house.owner.agendas()[0]
    foreign = house.stranger.agendas()[0]
    opened = joined(house, noe, agenda)
    command = {"do": "cancel", "booking": fresh()}

    def said(number, topic):
        opened.say({"event": "command", "ref": number, "topic": topic, "command_id": fresh(), "command": command})
        return opened.answer(number).get("problem", {}).get("code")

    found = [said(10, agenda), said(11, foreign)]
    opened.say(join(foreign, 13))
    found += [opened.answer(13).get("problem", {}).get("code")]
    closed, number = closing(opened, lambda: change(house, "Noé Message", "times"))
    assert found == ["booking_unknown", "not_found", "not_found"] and number in GONE, f"{found} {number}"
    noe.sign_in()
    opened = joined(house, noe, agenda)
    found += [said(14, agenda)]
    opened.close()
    assert found[-1] == "forbidden", f"{found}"
    return f"{len(found)} messages: with the right taken, of another practice not found; closed {closed * 1000:.0f} ms after it went, then forbidden"


@probe("Z3")
def right_removed(house):
    lou, agenda, found = house.colleague("Lou Droit"), house.owner.agendas()[0], {}
    opened = joined(house, lou, agenda)
    found["right"], number = closing(opened, lambda: change(house, "Lou Droit", "none"))
    assert number in GONE, f"closed with {number}"
    lou.sign_in()
    opened = session(house.demo, lou)
    opened.say(join(agenda, 2))
    again = opened.answer(2)
    assert again.get("problem", {}).get("code") == "forbidden", f"joined again: {again}"
    member = house.owner.member("Lou Droit")["id"]
    found["member"], number = closing(opened, lambda: house.owner.act(f"members/{member}/remove").fine(200, 204))
    assert number in GONE and max(found.values()) <= SECOND, f"{found} {number}"
    return ", ".join(f"{what} gone after {took * 1000:.0f} ms" for what, took in found.items())
