"""T and H rows: what the public listener says to anybody, over TLS and without it.

Must not be here: accounts (people.py), sockets (sockets.py)."""

import json, os, pathlib, re, signal, socket, ssl, subprocess, time
from html.parser import HTMLParser

import frames
from client import until
from rows import probe
from staff import Person
from world import issue

TRIES = 50
YEAR_SECONDS = 31_536_000
HELD = 500
PAGES = [
    "/",
    "/agenda",
    "/agenda/securite",
    "/inscription",
    "/documents/terms",
    "/mentions-legales",
    "/p/cabinet-des-tilleuls",
    "/p/nulle-part",
]
EVIL = "https://mal.example"


def shake(world, version):
    """One handshake of exactly this version; what was said instead of it, or the version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(world.address, 10) as stream:
        try:
            with context.wrap_socket(stream) as secured:
                return secured.version()
        except (ssl.SSLError, OSError) as error:
            return getattr(error, "reason", None) or str(error)


@probe("T1")
def old_versions(house):
    said = [shake(house.demo, version) for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1) for _ in range(TRIES)]
    assert shake(house.demo, ssl.TLSVersion.TLSv1_2) == "TLSv1.2", "the client itself cannot shake hands"
    refused = [one for one in said if "_ALERT_" in one]
    assert len(refused) == len(said), f"not refused by an alert: {set(said) - set(refused)}"
    return f"{len(refused)} of {len(said)} handshakes of TLS 1.0 and 1.1 refused"


@probe("T2")
def newest_version(house):
    host, port = house.demo.address
    said = subprocess.run(
        ["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", house.demo.certificate],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
    ).stdout
    found = re.search(r"New, (TLSv[0-9.]+), Cipher is (\S+)", said)
    assert found and found[1] == "TLSv1.3", f"negotiated {found and found[0]}"
    assert "Verify return code: 0" in said, "the certificate does not verify"
    return f"{found[1]} {found[2]}"


def listeners(world):
    """Addresses on which the server's process listens, as (address, port); proc(5)."""
    process = pathlib.Path(f"/proc/{world.process.pid}")
    held = {os.readlink(file) for file in (process / "fd").iterdir() if file.is_symlink()}
    found = []
    for table in ("tcp", "tcp6"):
        for line in (process / "net" / table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in held:
                address, port = local.split(":")
                shown = socket.inet_ntoa(bytes.fromhex(address)[::-1]) if table == "tcp" else address
                found.append((shown, int(port, 16)))
    return found


@probe("T5")
def plain(house):
    world, asked = house.demo, 0
    for method, path in house.document():
        stream = frames.raw(world, tls=False)
        stream.sendall(f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        stream.settimeout(5)
        said = b""
        try:
            while more := stream.recv(4096):
                said += more
        except OSError:
            pass
        stream.close()
        assert not said.startswith(b"HTTP/") and b"{" not in said, f"{path} in clear: {said[:60]!r}"
        asked += 1
    found = listeners(world)
    public = [one for one in found if one[1] != int(world.ops.rsplit(":", 1)[1])]
    assert [port for _, port in public] == [world.address[1]], f"listeners: {found}"
    assert all(host == "127.0.0.1" for host, _ in found), f"listeners: {found}"
    return f"{asked} routes asked in clear, 0 answers; no other public listener"


@probe("T6")
def transport_security(house):
    paths = PAGES + ["/api/v1/openapi.json", "/healthz", house.public()]
    for path in paths:
        value = house.anyone().get(path).header("strict-transport-security") or ""
        found = re.fullmatch(r"max-age=(\d+); includeSubDomains(; preload)?", value)
        assert found and int(found[1]) >= YEAR_SECONDS, f"{path}: {value!r}"
    return f"max-age {int(found[1]) // 86_400} days with subdomains on {len(paths)} answers"


def serial(world):
    host, port = world.address
    return ssl.get_server_certificate((host, port))


@probe("T7")
def renewal(house):
    world = house.serving
    person = Person(world, "luc@renouveau.example").sign_up("Cabinet du Renouveau", "Luc Martin")
    face = person.me().fine()["practice"]
    path = f"/live?practice={face['slug']}&practitioner={face['practitioners'][0]['slug']}"
    before, boards = serial(world), [frames.Socket.open(world, path, {}) for _ in range(HELD)]
    issue(world.folder)
    begin = time.monotonic()
    world.process.send_signal(signal.SIGHUP)
    until("the new certificate", lambda: serial(world) != before)
    took = time.monotonic() - begin
    dropped = sum(not board.alive() for board in boards)
    for board in boards:
        board.close()
    assert dropped == 0, f"{dropped} of {HELD} sockets dropped"
    return f"{HELD} sockets held, 0 dropped, new certificate after {took * 1000:.0f} ms"


class Inline(HTMLParser):
    """Counts what a strict policy forbids in a page."""

    def __init__(self):
        super().__init__()
        self.scripts, self.inline = 0, []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.scripts += tag == "script"
        if tag == "script" and not given.get("src") or tag == "style":
            self.inline.append(tag)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if (given.get("href") or "").strip().lower().startswith("javascript:"):
            self.inline.append("javascript:")


def policy(value):
    return {name: words for name, *words in (part.split() for part in value.split(";") if part.strip())}


@probe("H1")
def content_security(house):
    scripts = 0
    for path in PAGES:
        answer = house.anyone().get(path)
        said = policy(answer.header("content-security-policy") or "")
        for name in ("object-src", "base-uri", "frame-ancestors"):
            assert said.get(name) == ["'none'"], f"{path}: {name} {said.get(name)}"
        allowed = said.get("script-src", said.get("default-src", ["*"]))
        strict = all(
            word in ("'self'", "'strict-dynamic'", "'none'") or re.match(r"'(nonce|sha256|sha384|sha512)-", word)
            for word in allowed
        )
        assert strict, f"{path}: script-src {allowed}"
        assert said.get("default-src") == ["'none'"] and "'unsafe-inline'" not in said.get("style-src", []), f"{path}: {said}"
        page = Inline()
        page.feed(answer.body.decode())
        assert not page.inline, f"{path}: inline {page.inline}"
        scripts += page.scripts
    assert scripts >= len(PAGES), f"{scripts} scripts seen"
    return f"{len(PAGES)} pages, {scripts} scripts all from files, 0 inline (stricter than nonces)"


@probe("H2")
def browser_headers(house):
    wanted = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin"}
    paths = PAGES + ["/api/v1/openapi.json", "/api/v1/staff/me", "/healthz", house.public()]
    for path in paths:
        answer = house.anyone().get(path)
        wrong = {name: answer.header(name) for name, value in wanted.items() if answer.header(name) != value}
        assert not wrong, f"{path}: {wrong}"
    return f"{len(wanted)} headers on {len(paths)} answers"


@probe("H5")
def other_origins(house):
    asked = 0
    for method, path in house.document():
        for verb in ("OPTIONS", method):
            headers = {"origin": EVIL, "access-control-request-method": method, "access-control-request-headers": "x-cabinet"}
            answer = house.anyone().ask(verb, path, {} if verb == "POST" else None, headers)
            allowed = [name for name, _ in answer.headers if name.lower().startswith("access-control-")]
            assert not allowed, f"{verb} {path}: {allowed}"
            asked += 1
    return f"{asked} requests from elsewhere, 0 access-control headers"


def inject(house):
    """Line ends wherever a client may put them, for J3: they must not make a line of the log."""
    forged = "\r\n2026-01-01T00:00:00.000000Z  INFO forged: FORGED"
    quoted, sent = forged.replace("\r", "%0d").replace("\n", "%0a").replace(" ", "%20"), 0
    for path in (f"/{quoted}", f"/p/{quoted}", f"/api/v1/public/{quoted}", f"/live?practice={quoted}&practitioner={quoted}"):
        house.anyone().get(path, {"user-agent": "FORGED"})
        sent += 1
    for path, body in (
        ("account/sign-in", {"email": forged, "password": forged}),
        ("account/forgotten", {"email": forged}),
        ("staff/sign-in", {"link": forged}),
        ("account/sign-up", {"practice": forged}),
        ("account/link", {"link": forged}),
    ):
        house.anyone("127.0.5.1").post(f"/api/v1/{path}", body)
        house.anyone("127.0.5.1").post(f"/api/v1/{path}", json.dumps(body).encode() + b"\r\nFORGED")
        sent += 2
    for header in ("x-request-id", "user-agent", "referer", "origin", "cookie"):
        stream = frames.raw(house.demo)
        stream.sendall(f"GET /api/v1/staff/me HTTP/1.1\r\nhost: localhost\r\n{header}: a\tb{forged[2:]}\nFORGED\r\n\r\n".encode())
        stream.settimeout(2)
        try:
            stream.recv(100)
        except OSError:
            pass
        stream.close()
        sent += 1
    house.made["injected"] = sent


@probe("H8")
def methods(house):
    inject(house)
    asked = 0
    for method, path in house.document() + [("GET", "/"), ("GET", "/agenda")]:
        allowed = {"GET": ("GET", "HEAD", "OPTIONS"), "POST": ("POST", "OPTIONS")}[method]
        others = [other for other in ("GET", "POST") if (other, path) in house.document()]
        for verb in ("TRACE", "PUT", "DELETE", "PATCH", "PROPFIND"):
            answer = house.anyone().ask(verb, path, None, {"x-cabinet": "1"})
            assert verb not in allowed and verb not in others and answer.status == 405, f"{verb} {path}: {answer}"
            asked += 1
        telling = [f"{name}: {value}" for name, value in answer.headers if name.lower() in ("server", "x-powered-by", "via")]
        assert not telling, f"{path}: {telling}"
    return f"{asked} requests 405, no header names program or version"
