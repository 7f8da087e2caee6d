"""Keys and organisations for tests of the hotline, made from names, so that they stay the same."""

from hashlib import sha256
from typing import Any

from tidegate.adapters.hotline.encryption_keys import SeedOpener, key_id_of, public_bytes
from tidegate.adapters.hotline.soft_keys import SoftPair
from tidegate.hotline.cards import succession
from tidegate.hotline.signatures import organisation_of
from tidegate.model.organisations import (
    Card,
    CardOfficer,
    EncryptionKey,
    Endpoint,
    Level,
    Quorum,
    SignedCard,
    Watch,
)
from tidegate.model.purposes import CARD, ROOT_CHANGE
from tidegate.model.value_bytes import bytes_of


def seed(name: str) -> bytes:
    return sha256(name.encode()).digest()


def pair(name: str) -> SoftPair:
    """A signing key."""
    return SoftPair(seed(f"{name} classical"), seed(f"{name} post-quantum"))


def encryption_key(name: str, from_s: int = 0, until_s: int = 1 << 40) -> EncryptionKey:
    public = public_bytes(seed(name))
    return EncryptionKey(key_id=key_id_of(public), suite="TG1", public=public, from_s=from_s, until_s=until_s)


def opener(*names: str) -> SeedOpener:
    """Opens what is sealed to the encryption keys of these names."""
    return SeedOpener({encryption_key(name).key_id: seed(name) for name in names})


NOW_S = 1_795_651_200
DAY_S = 86_400


class Organisation:
    """One with a root, a station and officers, who sign what they are told to sign."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = pair(f"{name} root")
        self.station = pair(f"{name} station")
        self.id = organisation_of(self.root.public_pair())

    def officer(self, name: str, level: Level = "desk") -> CardOfficer:
        return CardOfficer(name=name, level=level, key=pair(f"{self.name} {name}").public_pair())

    def card(self, version: int = 1, **changes: Any) -> Card:
        """Two at the desk, two seniors, one key that counts now."""
        told = {
            "organisation": self.id,
            "version": version,
            "name": f"{self.name} CERT",
            "country": self.name[:2].upper(),
            "root": self.root.public_pair(),
            "former_roots": (),
            "issued_at_s": NOW_S - DAY_S + version,
            "valid_until_s": NOW_S + 50 * DAY_S,
            "station": self.station.public_pair(),
            "log": "",
            "certificates": (),
            "encryption": (encryption_key(self.name, NOW_S - DAY_S, NOW_S + 50 * DAY_S),),
            "endpoints": (Endpoint("https", "198.51.100.7", 8443),),
            "relays": (),
            "languages": ("en",),
            "watch": (Watch("desk", 0, 168),),
            "officers": (
                self.officer("anna"),
                self.officer("bo"),
                self.officer("cara", "senior"),
                self.officer("dan", "senior"),
            ),
            "quorums": (Quorum("desk", 1), Quorum("senior", 2)),
        }
        return Card(**(told | changes))  # type: ignore[arg-type]

    def signed(self, card: Card, *formers: tuple[SoftPair, SoftPair], root: SoftPair | None = None) -> bytes:
        """By its root, or by another; `formers` are roots, each with the one it signs over to."""
        body = bytes_of(card)
        lines = [
            former.sign(ROOT_CHANGE, succession(card.organisation, successor.public_pair()))
            for former, successor in formers
        ]
        return bytes_of(SignedCard(body, ((root or self.root).sign(CARD, body), *lines)))
