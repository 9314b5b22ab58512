"""A client of the server over HTTP, small enough to see what it sends: one request, one answer, a jar of cookies; and what people
carry with them, an application for codes and secrets drawn at random.

Must not be here: what the answers ought to be."""

import base64, hmac, http.client, json, secrets, ssl, struct, time

PATIENCE_SECONDS = 30
STEP_SECONDS = 30


class Answer:
    """What came back."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name):
        """The value of a header, or none."""
        values = self.all(name)
        return values[0] if values else None

    def all(self, name):
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self):
        return json.loads(self.body)

    def code(self):
        """The problem's code, or an empty word."""
        try:
            return json.loads(self.body).get("code", "")
        except (ValueError, AttributeError):
            return ""

    def fine(self, *wanted):
        """The body, if the status is one of these (200 or 201 when none is named)."""
        assert self.status in (wanted or (200, 201)), f"answered {self.status} {self.body[:200]!r}"
        return self.json() if self.body else None

    def __repr__(self):
        return f"{self.status} {self.code()}"


class Client:
    """Somebody's browser, or a program: a kept connection and a jar."""

    def __init__(self, world, source="127.0.0.1"):
        self.world, self.source, self.jar, self.connection = world, source, {}, None

    def another(self):
        """The same jar on a connection of its own."""
        other = Client(self.world, self.source)
        other.jar = dict(self.jar)
        return other

    def connect(self):
        host, port = self.world.address
        options = {"timeout": PATIENCE_SECONDS, "source_address": (self.source, 0)}
        if self.world.context is None:
            return http.client.HTTPConnection(host, port, **options)
        return http.client.HTTPSConnection(host, port, context=self.world.context, **options)

    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.jar.items())

    def ask(self, method, path, body=None, headers=None):
        """One request; once more where a kept connection had been closed meanwhile."""
        sent = {"cookie": self.cookie()} if self.jar else {}
        if body is not None:
            sent |= {"content-type": "application/json", "x-cabinet": "1"}
        sent |= headers or {}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        for last in (False, True):
            if self.connection is None:
                self.connection = self.connect()
            try:
                self.connection.request(method, path, data, sent)
                response = self.connection.getresponse()
                answer = Answer(response.status, response.getheaders(), response.read())
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
                self.close()
                if last:
                    raise
        if response.will_close:
            self.close()
        self.keep(answer)
        return answer

    def keep(self, answer):
        """Puts what was set into the jar, and takes out what has ended."""
        for value in answer.all("set-cookie"):
            name, _, rest = value.partition("=")
            kept = rest.split(";")[0]
            if kept and "max-age=0" not in rest.lower().replace(" ", ""):
                self.jar[name] = kept
            else:
                self.jar.pop(name, None)

    def get(self, path, headers=None):
        return self.ask("GET", path, None, headers)

    def post(self, path, body, headers=None):
        return self.ask("POST", path, body, headers)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def fresh(digits=32):
    """Hexadecimal digits drawn at random: ids, command ids and secrets of clients."""
    return secrets.token_hex(digits // 2)


def code(secret, aside=0, now=None):
    """The code of an application (RFC 6238), `aside` steps from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = int(now or time.time()) // STEP_SECONDS + aside
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    at = digest[19] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"


def until(what, done, seconds=PATIENCE_SECONDS):
    """Waits for a condition; the one place of this folder that polls."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = done()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")
