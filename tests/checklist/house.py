"""Who and what the probes share: the demo with an owner and a colleague, a second practice, a server of its own settings.

Must not be here: what a row asks for."""

import secrets

from client import Client, fresh
from staff import Person
from world import World

OPERATED = """
[accounts]
password_passes = 1
password_memory_mebibytes = 46
[limits]
read = 0
change = 0
account = 0
"""
MAIL = """
[mail]
provider = "smtp"
host = "localhost"
port = 9
from = "Cabinet en Ligne <ne-pas-repondre@cabinet.example>"
links = "https://agenda.cabinet.example"
"""


class House:
    def __init__(self, binary):
        self.binary, self.worlds, self.made = binary, [], {}
        # Words that must be found nowhere once everything has stopped, and tokens that were seen.
        self.canaries, self.tokens = {}, []

    def once(self, name, make):
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    def world(self, make):
        world = World(self.binary)
        self.worlds.append(world)
        return make(world)

    def canary(self, kind):
        """A word of a person that must be found nowhere: drawn once for each kind."""
        made = {
            "family_name": lambda: "Zq" + fresh(12),
            "given_name": lambda: "Xk" + fresh(12),
            "note": lambda: "note-" + fresh(16),
            "email": lambda: f"canari.{fresh(12)}@courriel.example",
            "phone": lambda: "+336" + str(secrets.randbelow(10**8)).zfill(8),
            "identity": lambda: "2" + str(secrets.randbelow(10**12)).zfill(12),
        }
        return self.canaries.setdefault(kind, made[kind]())

    @property
    def demo(self):
        return self.once("demo", lambda: self.world(World.demo))

    @property
    def serving(self):
        """`serve` with cheap passwords, for what takes many sign-ins, and with a certificate that can be renewed."""
        return self.once("serving", lambda: self.world(lambda world: world.serve(OPERATED).start()))

    @property
    def mailing(self):
        """The same with a mail server that never answers, so that resets are offered."""
        return self.once("mailing", lambda: self.world(lambda world: world.serve(OPERATED + MAIL).start()))

    @property
    def owner(self):
        return self.once("owner", lambda: Person(self.demo, "claire@tilleuls.example").activate(self.demo.link))

    @property
    def stranger(self):
        """The owner of another practice on the same server."""
        return self.once("stranger", lambda: Person(self.demo, "zoe@eglise.example").sign_up("Cabinet de l'Église"))

    def colleague(self, name, **membership):
        """A member of the owner's practice, made anew for who needs one of their own."""
        email = name.lower().replace(" ", ".") + "@tilleuls.example"
        return self.once(f"colleague {name}", lambda: self.owner.colleague(name, email, **membership))

    def people(self):
        """Everybody who has an account."""
        return [one for one in self.made.values() if isinstance(one, Person)]

    def anyone(self, source="127.0.0.1", world=None):
        return Client(world or self.demo, source)

    def public(self, practitioner=0):
        return f"/api/v1/public/{self.demo.practice}/{self.demo.practitioners[practitioner]}"

    def document(self):
        """Operations of the OpenAPI document: method and path."""
        paths = self.anyone().get("/api/v1/openapi.json").fine()["paths"]
        return sorted((method.upper(), path) for path, item in paths.items() for method in item if method in ("get", "post"))

    def stop(self):
        for world in self.worlds:
            world.stop()

    def remove(self):
        for world in self.worlds:
            world.remove()
