"""People who work in a practice: accounts made by links, signing in with two factors, inviting others.

Must not be here: what a row asks for."""

from client import Client, code, fresh

PASSWORD = "girafe tranquille sous abricot"


class Person:
    """Somebody with an account, at their browser."""

    def __init__(self, world, email, client=None):
        self.world, self.email, self.password = world, email, PASSWORD
        self.client = client or Client(world)
        self.secret, self.recovery = None, []

    def activate(self, link, name=None):
        """Makes the account that a link is good for."""
        body = {"link": link, "name": name, "email": self.email, "password": self.password}
        self.secret = self.client.post("/api/v1/account/activation", body).fine()["secret"]
        made = self.client.post("/api/v1/account/activation/finish", {"link": link, "code": code(self.secret)}).fine()
        self.recovery = list(made["recovery_codes"])
        return self

    def sign_up(self, practice, name="Zoé Le Goff"):
        """Makes a practice of one's own."""
        form = {
            "practice": practice,
            "address": "2 place de l'Église, 35000 Rennes",
            "phone": "+33 1 99 00 00 07",
            "name": name,
            "quality": "titulaire",
            "profession": "Psychologue",
            "rpps": None,
            "adeli": None,
            "siren": None,
            "siret": None,
            "email": self.email,
            "password": self.password,
            "locale": "fr",
            "terms": 1,
            "processing": 1,
            "policy": 1,
        }
        begun = self.client.post("/api/v1/account/sign-up", form).fine()
        self.secret = begun["enrolment"]["secret"]
        made = self.client.post("/api/v1/account/sign-up/finish", {"sign_up": begun["sign_up"], "code": code(self.secret)}).fine()
        self.recovery = list(made["recovery_codes"])
        return self

    def challenge(self, client=None):
        """The first factor."""
        body = {"email": self.email, "password": self.password}
        return (client or self.client).post("/api/v1/account/sign-in", body).fine()["challenge"]

    def sign_in(self, client=None):
        """Both factors, with a recovery code, since a code of the application is good once in thirty seconds."""
        client = client or self.client
        body = {"challenge": self.challenge(client), "code": self.recovery.pop()}
        client.post("/api/v1/account/second-factor", body).fine()
        return client

    def me(self, client=None):
        return (client or self.client).get("/api/v1/staff/me")

    def agendas(self):
        return [one["agenda"] for one in self.me().fine()["levels"]]

    def invite(self, role="secretary", level="full", agenda=None):
        """The secret of an invitation's link."""
        membership = {
            "role": role,
            "levels": {"elsewhere": level, "agendas": []},
            "agenda": agenda,
            "from_ms": None,
            "until_ms": None,
        }
        made = self.client.post(
            "/api/v1/staff/invitations", {"command_id": fresh(), "membership": membership, "email": None}
        ).fine()
        return made["path"].split("#link=")[1]

    def colleague(self, name, email, **membership):
        """Invites somebody, who makes their account at a browser of their own."""
        return Person(self.world, email).activate(self.invite(**membership), name)

    def member(self, name):
        """A member of the practice as the list shows them."""
        return next(one for one in self.client.get("/api/v1/staff/members").fine()["members"] if one["name"] == name)

    def act(self, path, **body):
        """Something changing under /staff, with a command id."""
        return self.client.post(f"/api/v1/staff/{path}", {"command_id": fresh()} | body)
