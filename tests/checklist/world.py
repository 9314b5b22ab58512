"""The real binary on free loopback ports and a temporary store: the demo with accounts, or `serve` with settings of its own.

Must not be here: any judgement."""

import json, os, pathlib, queue, shutil, signal, socket, ssl, subprocess, tempfile, threading, time

from client import PATIENCE_SECONDS, until

READY_SECONDS_MAX = 120


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def trusting(file):
    """TLS as a browser speaks it, trusting one certificate beside none."""
    context = ssl.create_default_context(cafile=file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def issue(folder, name="localhost"):
    """A certificate as a public authority would give it, by an authority of its own which is made once; answers its file, the
    certificate's and the key's."""
    authority, secret = folder / "authority.pem", folder / "authority.key"
    certificate, key, request = folder / "certificate.pem", folder / "certificate.key", folder / "request.pem"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    if not authority.exists():
        openssl(
            "req",
            "-x509",
            *curve,
            "-days",
            365,
            "-subj",
            "/O=Cabinet/CN=Authority of a checklist",
            "-keyout",
            secret,
            "-out",
            authority,
        )
    openssl("req", *curve, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    extensions = folder / "extensions"
    extensions.write_text(
        f"subjectAltName=DNS:{name},IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth\ncrlDistributionPoints=URI:http://localhost/none.crl\n"
    )
    openssl(
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        authority,
        "-CAkey",
        secret,
        "-CAcreateserial",
        "-days",
        89,
        "-sha256",
        "-extfile",
        extensions,
        "-out",
        certificate,
    )
    key.chmod(0o600)
    return authority, certificate, key


class World:
    """A running server."""

    def __init__(self, binary):
        self.binary = binary
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cabinet-checklist-"))
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.context, self.process = None, None

    def launch(self, arguments, stdout):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
            )

    def demo(self):
        """The demo over TLS, with accounts, as `serve` asks for them."""
        self.launch(["demo", "--data", self.data, "--port", 0, "--json", "--accounts"], subprocess.PIPE)
        lines = queue.Queue()
        threading.Thread(target=lambda: [lines.put(line) for line in self.process.stdout], daemon=True).start()
        ready = json.loads(lines.get(timeout=READY_SECONDS_MAX))
        self.url, self.ops = ready["base_url"].rstrip("/"), ready["ops_url"].rstrip("/")
        self.practice, self.practitioners = ready["practice"], ready["practitioners"]
        self.link, self.certificate = ready["staff_link"].split("#link=")[1], ready["ca_file"]
        self.context = trusting(self.certificate)
        return self

    def serve(self, settings="", port=None):
        """`serve` over TLS with a fresh certificate, and the settings that a row asks for."""
        self.certificate, file, key_file = issue(self.folder)
        key = self.folder / "installation.key"
        key.write_text(os.urandom(32).hex() + "\n")
        key.chmod(0o600)
        port, ops = port or free_port(), free_port()
        self.url, self.ops, self.config = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{ops}", self.folder / "config.toml"
        self.config.write_text(f"""
[server]
bind = "127.0.0.1:{port}"
certificate_file = "{file}"
private_key_file = "{key_file}"
[ops]
bind = "127.0.0.1:{ops}"
[storage]
data_dir = "{self.data}"
installation_key_file = "{key}"
{settings}
""")
        self.context = trusting(self.certificate)
        return self

    def start(self):
        """Starts what `serve` has written down."""
        self.launch(["serve", "--config", self.config], subprocess.DEVNULL)
        until("the server", self.answers, READY_SECONDS_MAX)
        return self

    def answers(self):
        assert self.process.poll() is None, f"the server ended: {self.said()[-400:]}"
        with socket.socket() as one:
            return one.connect_ex(self.address) == 0

    @property
    def address(self):
        host, port = self.url.rsplit("/", 1)[1].split(":")
        return host, int(port)

    @property
    def origin(self):
        return self.url

    def said(self):
        """Everything that it has logged."""
        return self.log.read_text(errors="replace")

    def memory(self, field):
        """A figure of /proc/<pid>/status, in bytes."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {field}")

    def stop(self):
        """In order; answers how long it took."""
        begin = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("it did not stop when told to")
        return time.monotonic() - begin

    def remove_process(self):
        """Ends it at once, if it has not ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def remove(self):
        self.remove_process()
        shutil.rmtree(self.folder, ignore_errors=True)
