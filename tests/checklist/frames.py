"""WebSocket by hand (RFC 6455): handshakes and frames of a client that may be as rude as a row asks for.

Must not be here: what the answers ought to be."""

import base64, json, os, socket, struct

from client import PATIENCE_SECONDS

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
    """No socket: the handshake's status and the problem's code."""

    def __init__(self, status, code):
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


def raw(world, source="127.0.0.1", tls=True):
    """A fresh connection, TLS where the server speaks it."""
    stream = socket.create_connection(world.address, PATIENCE_SECONDS, (source, 0))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return world.context.wrap_socket(stream, server_hostname="localhost") if tls and world.context else stream


def handshake(world, path, headers, stream=None):
    """Asks for a socket; the stream, the status, the answer's headers in lower case, and what came after them."""
    stream = stream or raw(world)
    lines = {
        "host": "%s:%s" % world.address,
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": base64.b64encode(os.urandom(16)).decode(),
    } | headers
    said = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    stream.sendall(f"GET {path} HTTP/1.1\r\n{said}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = stream.recv(4096)
        if not more:
            break
        head += more
    head, _, rest = head.partition(b"\r\n\r\n")
    first, *others = head.decode("latin-1").split("\r\n")
    status = int(first.split()[1]) if first.startswith("HTTP/") else 0
    return stream, status, [tuple(part.strip() for part in line.lower().split(":", 1)) for line in others], rest


class Socket:
    """An open socket."""

    def __init__(self, stream, rest):
        self.stream, self.rest, self.closed = stream, rest, None

    @classmethod
    def open(cls, world, path, headers):
        stream, status, answered, rest = handshake(world, path, headers)
        if status != 101:
            stream.settimeout(5)
            length = int(dict(answered).get("content-length", 0))
            while len(rest) < length:
                rest += stream.recv(65536) or b" " * length
            stream.close()
            try:
                problem = json.loads(rest).get("code", "")
            except ValueError:
                problem = ""
            raise Refused(status, problem)
        return cls(stream, rest)

    def frame(self, payload, opcode=TEXT, final=True, declared=None):
        """Sends one frame; `declared` is a length other than the payload's."""
        length = len(payload) if declared is None else declared
        head = bytes([(0x80 if final else 0) | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", length)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", length)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index & 3] for index, byte in enumerate(payload))
        self.stream.sendall(head + mask + masked)

    def say(self, value):
        self.frame(json.dumps(value).encode())

    def exactly(self, count):
        while len(self.rest) < count:
            more = self.stream.recv(65536)
            if not more:
                raise ConnectionResetError("the connection ended")
            self.rest += more
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def receive(self, seconds):
        """The next frame: its kind and what it carries; none once the connection has ended."""
        self.stream.settimeout(seconds)
        try:
            first, second = self.exactly(2)
            length = second & 0x7F
            if length > 125:
                length = struct.unpack(">H" if length == 126 else ">Q", self.exactly(2 if length == 126 else 8))[0]
            return first & 15, self.exactly(length)
        except TimeoutError:
            raise
        except OSError:
            return None

    def hear(self, seconds=PATIENCE_SECONDS):
        """The next text as JSON, or none once it is closed (`closed` is then the code; 0: without one). Pings are answered."""
        while self.closed is None:
            opcode, payload = self.receive(seconds) or (CLOSE, b"")
            if opcode == PING:
                self.frame(payload, PONG)
            elif opcode == CLOSE:
                self.closed = struct.unpack(">H", payload[:2])[0] if len(payload) > 1 else 0
            elif opcode == TEXT:
                return json.loads(payload)
        return None

    def alive(self):
        """Whether a ping of ours is answered."""
        try:
            self.frame(b"?", PING)
            while received := self.receive(PATIENCE_SECONDS):
                if received == (PONG, b"?"):
                    return True
        except OSError:
            pass
        return False

    def answer(self, wanted, seconds=PATIENCE_SECONDS):
        """Frames until the one with this reference, which is answered."""
        while True:
            frame = self.hear(seconds)
            if frame is None or frame.get("ref") == wanted and frame.get("event") != "part":
                return frame

    def until_closed(self, seconds=PATIENCE_SECONDS):
        """Reads on until the end; the code."""
        while self.hear(seconds) is not None:
            pass
        return self.closed

    def close(self):
        self.stream.close()


def protocols(person):
    """The protocols of a session's handshake, with a fresh ticket."""
    return f"cabinet.1, ticket.{person.client.post('/api/v1/staff/ticket', {}).fine()['ticket']}"


def session(world, person, **headers):
    """A socket of somebody signed in, after its welcome."""
    wanted = {"origin": world.origin, "cookie": person.client.cookie()} | headers
    if "sec-websocket-protocol" not in wanted:
        wanted["sec-websocket-protocol"] = protocols(person)
    opened = Socket.open(world, "/ws", wanted)
    welcome = opened.hear()
    assert welcome and welcome["event"] == "welcome", f"instead of a welcome: {welcome} {opened.closed}"
    return opened
