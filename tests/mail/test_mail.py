"""Mails of the real binary at a real SMTP server (aiosmtpd, certificates by trustme): what arrives, over what, how often; and
what is not said to a server that is not to be trusted. Run by tests/tools/mail, which names the binary in CABINET_BIN.

Must not be here: what is mailed to whom (tests/e2e)."""
import asyncio, base64, email, email.policy, hashlib, hmac, json, logging, os, pathlib, re, signal, socket, ssl, struct, subprocess
import tempfile, threading, time, unittest, urllib.request

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

BINARY = os.environ["CABINET_BIN"]
PATIENCE_SECONDS = 30
USER, PASSWORD = "cabinet", "clé de l'essai"
SECRET = "girafe tranquille sous abricot"
DAY_MS = 86_400_000


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, done):
    """Waits for a condition; the one place of this file that polls."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = done()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


class Post:
    """Takes mails, answers as told, remembers what it was asked in clear."""

    def __init__(self):
        self.mails, self.answers, self.in_clear = [], {}, []
        self.hold, self.held = None, threading.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if session.ssl is None and server.transport.get_extra_info("sslcontext") is None:
            self.in_clear.append(address)
        answer = self.answers.get(address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        if self.hold is not None:
            self.held.set()
            await asyncio.wait_for(self.hold.wait(), PATIENCE_SECONDS)
        return "250 taken as 42"

    def to(self, address):
        return [mail for mail in self.mails if mail["to"] == address]


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


class Mailhouse:
    """An SMTP server on a free port: STARTTLS and a password asked for, TLS from the first byte, or neither."""

    def __init__(self, authority, kind="starttls"):
        self.post, self.port = Post(), free_port()
        certificate = authority.issue_cert("localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        options = {"hostname": "127.0.0.1", "port": self.port, "server_hostname": "localhost"}
        secured = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": True}
        if kind == "starttls":
            options |= secured | {"tls_context": context, "require_starttls": True}
        elif kind == "tls":
            options |= {"ssl_context": context}
        self.controller = Controller(self.post, **options)
        self.controller.start()

    def stop(self):
        self.controller.stop()


class Cabinet:
    """The binary, serving on loopback."""

    def __init__(self, work, mailhouse, roots=None, password=PASSWORD, security="starttls"):
        self.work, self.data, self.port, self.ops_port = work, work / "data", free_port(), free_port()
        self.log, self.process = open(work / "log", "ab"), None
        (work / "password").write_text(password + "\n")
        key = work / "installation.key"
        if not key.exists():
            key.write_text(os.urandom(32).hex() + "\n")
            key.chmod(0o600)
        signs_in = security == "starttls"
        (work / "config.toml").write_text(f"""
[server]
bind = "127.0.0.1:{self.port}"
plain_http_on_loopback = true
[ops]
bind = "127.0.0.1:{self.ops_port}"
[storage]
data_dir = "{self.data}"
installation_key_file = "{key}"
[accounts]
password_passes = 1
password_memory_mebibytes = 46
[mail]
provider = "smtp"
host = "localhost"
port = {mailhouse.port}
security = "{security}"
user = "{USER if signs_in else ''}"
password_file = "{work / 'password' if signs_in else ''}"
roots_file = "{roots or ''}"
from = "Cabinet en Ligne <ne-pas-repondre@cabinet.example>"
links = "https://agenda.cabinet.example"
""")

    def start(self):
        self.process = subprocess.Popen([BINARY, "serve", "--config", self.work / "config.toml"], stdout=self.log, stderr=self.log)
        until("the server", self.answers)

    def answers(self):
        assert self.process.poll() is None, (self.work / "log").read_text()
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz").status == 200 and self.mails() is not None
        except OSError:
            return False

    def mails(self, *arguments):
        """What `cabinet mails` says; none while it cannot."""
        told = subprocess.run([BINARY, "mails", "--data", self.data, *arguments], capture_output=True, text=True)
        return told.stdout.strip() if told.returncode == 0 else None

    def post(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1/account/{path}", json.dumps(body).encode(),
                                         {"content-type": "application/json", "x-cabinet": "1"})
        return json.load(urllib.request.urlopen(request))

    def ask(self, method, path, body=None, cookies="", port=None):
        """One request to the API: what it answers, and the cookies it sets."""
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.port}/api/v1/{path}",
                                         None if body is None else json.dumps(body).encode(),
                                         {"content-type": "application/json", "x-cabinet": "1", "cookie": cookies}, method=method)
        answer = urllib.request.urlopen(request)
        said = answer.read()
        set_cookies = "; ".join(cookie.split(";")[0] for cookie in answer.headers.get_all("set-cookie") or [])
        return (json.loads(said) if said else None), set_cookies

    def activate(self, link, name, address, port=None):
        """Makes the account of a link; the cookies of its first session."""
        begun, _ = self.ask("POST", "account/activation",
                            {"link": link, "name": name, "email": address, "password": SECRET}, port=port)
        return self.ask("POST", "account/activation/finish", {"link": link, "code": code(begun["secret"])}, port=port)[1]

    def team(self, *arguments):
        """The link that `cabinet team` makes."""
        told = subprocess.run([BINARY, "team", "--data", self.data, *arguments], capture_output=True, text=True, check=True)
        return re.search(r"#link=([0-9a-f]{64})", told.stdout)[1]

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_SECONDS)
        self.log.close()


def code(secret):
    """The code of an application (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = digest[19] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"


class Mails(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)
        self.authority = trustme.CA()
        self.roots = self.work / "roots.pem"
        self.authority.cert_pem.write_to_path(self.roots)

    def house(self, authority=None, kind="starttls"):
        house = Mailhouse(authority or self.authority, kind)
        self.addCleanup(house.stop)
        return house

    def cabinet(self, house, **options):
        cabinet = Cabinet(self.work, house, **options)
        self.addCleanup(cabinet.stop)
        cabinet.start()
        return cabinet

    def test_a_trial_arrives_over_starttls_with_a_password_and_over_tls_from_the_first_byte(self):
        for kind in ["starttls", "tls"]:
            house = self.house(kind=kind)
            cabinet = self.cabinet(house, roots=self.roots, security=kind)
            cabinet.mails("--trial", "essai@example.org")
            mail = until("the mail", lambda: house.post.to("essai@example.org"))[0]
            self.assertEqual(mail["subject"], "Essai d’envoi")
            self.assertEqual(mail["from"], "Cabinet en Ligne <ne-pas-repondre@cabinet.example>")
            self.assertEqual((mail["auto-submitted"], mail["content-language"]), ("auto-generated", "fr"))
            self.assertRegex(mail["message-id"], r"^<[0-9a-f]{32}@cabinet\.example>$")
            self.assertIn("sait envoyer des courriels", mail.get_content())
            self.assertTrue(until("nothing waiting", lambda: cabinet.mails() == "nothing to report"))
            cabinet.stop()

    def test_a_practice_that_signs_up_gets_copies_whose_hashes_are_the_evidence(self):
        house = self.house()
        cabinet = self.cabinet(house, roots=self.roots)
        begun = cabinet.post("sign-up", {
            "practice": "Cabinet de l'Église", "address": "2 place de l'Église, 35000 Rennes", "phone": "+33 1 99 00 00 07",
            "name": "Zoé Le Goff", "quality": "titulaire", "profession": "Psychologue", "rpps": None, "adeli": None, "siren": None,
            "siret": None, "email": "zoe@eglise.example", "password": "girafe tranquille sous abricot", "locale": "fr", "terms": 1,
            "processing": 1, "policy": 1})
        cabinet.post("sign-up/finish", {"sign_up": begun["sign_up"], "code": code(begun["enrolment"]["secret"])})
        mail = until("the mail", lambda: house.post.to("zoe@eglise.example"))[0]
        self.assertEqual(mail["subject"], "Votre cabinet est inscrit")
        text = mail.get_body().get_content()
        self.assertIn("Bonjour Zoé Le Goff,", text)
        copies = {part.get_filename(): part.get_payload(decode=True) for part in mail.iter_attachments()}
        self.assertEqual(sorted(copies), ["policy-1.txt", "processing-1.txt", "terms-1.txt"])
        told = re.findall(r"[0-9a-f]{64}", text)
        # Mail ends its lines with CRLF; the evidence is of the text as it was shown.
        hashes = [hashlib.sha256(copy.replace(b"\r\n", b"\n")).hexdigest() for copy in copies.values()]
        self.assertEqual(sorted(told), sorted(hashes))

    def test_a_member_who_opens_a_year_of_names_is_told_with_the_owner_and_the_data_protection_officer(self):
        house = self.house()
        cabinet = self.cabinet(house, roots=self.roots)
        cabinet.activate(cabinet.team("--add", "Dominique Astruc", "--role", "dpo"), None, "dpo@plateforme.example", cabinet.ops_port)
        begun = cabinet.post("sign-up", {
            "practice": "Cabinet du Port", "address": "1 quai du Port, 35000 Rennes", "phone": "+33 1 99 00 00 08",
            "name": "Zoé Le Goff", "quality": "titulaire", "profession": "Psychologue", "rpps": None, "adeli": None, "siren": None,
            "siret": None, "email": "zoe@port.example", "password": SECRET, "locale": "fr", "terms": 1, "processing": 1, "policy": 1})
        _, owner = cabinet.ask("POST", "account/sign-up/finish",
                               {"sign_up": begun["sign_up"], "code": code(begun["enrolment"]["secret"])})
        membership = {"role": "secretary", "levels": {"elsewhere": "full", "agendas": []}, "agenda": None, "from_ms": None,
                      "until_ms": None}
        made, _ = cabinet.ask("POST", "staff/invitations", {"command_id": os.urandom(16).hex(), "membership": membership}, owner)
        member = cabinet.activate(made["path"].split("#link=")[1], "Noé Le Bihan", "noe@port.example")
        me, _ = cabinet.ask("GET", "staff/me", cookies=member)
        now = me["now_ms"] // 60_000 * 60_000
        agenda = me["levels"][0]["agenda"]
        cabinet.ask("GET", f"staff/agendas/{agenda}?from_ms={now - 399 * DAY_MS}&until_ms={now - 30 * DAY_MS}", cookies=member)
        found = lambda to, subject: [mail for mail in house.post.to(to) if mail["subject"].startswith(subject)]
        for to in ["zoe@port.example", "noe@port.example"]:
            mail = until("the mail", lambda: found(to, "Accès suspendu : Noé Le Bihan"))[0]
            self.assertIn("Beaucoup de dossiers ouverts", mail.get_content())
        mail = until("the mail", lambda: found("dpo@plateforme.example", "Alerte pour le délégué"))[0]
        text = mail.get_content()
        self.assertIn("Cabinet du Port", text)
        self.assertIn("72 heures", text)
        self.assertNotIn("Noé", text)
        self.assertTrue(until("nothing waiting", lambda: cabinet.mails() == "nothing to report"))
        self.assertEqual(len(found("dpo@plateforme.example", "")), 1)

    def test_a_server_without_tls_or_with_a_strange_certificate_is_told_nothing(self):
        for house in [self.house(trustme.CA()), self.house(kind="plain")]:
            cabinet = self.cabinet(house, roots=self.roots)
            cabinet.mails("--trial", "essai@example.org")
            self.assertTrue(until("the reason", lambda: "no mail can be sent" in cabinet.mails()))
            self.assertIn(" waiting trial 0", cabinet.mails())
            self.assertEqual((house.post.mails, house.post.in_clear), ([], []))
            cabinet.stop()

    def test_a_wrong_password_holds_mails_and_kills_none(self):
        house = self.house()
        cabinet = self.cabinet(house, roots=self.roots, password="faux")
        cabinet.mails("--trial", "essai@example.org")
        self.assertTrue(until("the reason", lambda: "no mail can be sent: permanent error (535)" in cabinet.mails()))
        self.assertIn(" waiting trial 0", cabinet.mails())

    def test_an_address_that_is_refused_for_good_is_a_dead_letter_and_another_is_tried_again(self):
        house = self.house()
        house.post.answers = {"personne@example.org": "550 no such user", "plus-tard@example.org": "451 greylisted"}
        cabinet = self.cabinet(house, roots=self.roots)
        cabinet.mails("--trial", "personne@example.org")
        until("a dead letter", lambda: " dead trial 1 " in cabinet.mails() and "550" in cabinet.mails())
        cabinet.mails("--trial", "plus-tard@example.org")
        until("a refusal for now", lambda: " waiting trial 1 " in cabinet.mails() and "451" in cabinet.mails())
        cabinet.mails("--trial", "essai@example.org")
        until("the next mail all the same", lambda: house.post.to("essai@example.org"))
        house.post.answers = {}
        name = next(line for line in cabinet.mails().splitlines() if " dead " in line).split()[0]
        cabinet.mails("--again", name)
        until("the revived mail", lambda: house.post.to("personne@example.org"))

    def test_a_kill_between_the_servers_answer_and_our_note_sends_it_again_under_the_same_id(self):
        house = self.house()
        post = house.post
        post.hold_loop = house.controller.loop
        post.hold = asyncio.Event()
        cabinet = self.cabinet(house, roots=self.roots)
        cabinet.mails("--trial", "essai@example.org")
        self.assertTrue(post.held.wait(PATIENCE_SECONDS), "the mail was handed over")
        cabinet.kill()
        post.hold_loop.call_soon_threadsafe(post.hold.set)
        cabinet.start()
        both = until("it again", lambda: len(post.mails) == 2 and post.mails)
        self.assertEqual(both[0]["message-id"], both[1]["message-id"])
        until("nothing waiting", lambda: cabinet.mails() == "nothing to report")


if __name__ == "__main__":
    # What the server says of handshakes that fail is what the tests mean to happen.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    unittest.main(verbosity=2)
