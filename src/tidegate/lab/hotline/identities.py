"""Organisations of fictional countries, with all their keys, for a world that lasts as long as the lab.

Real organisations make their keys by `tidegate hotline init` and meet by comparing a number; here one process
makes them all and writes to each party's folder what it then knows. Nothing of this is a secret.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.hotline.certificates import make_certificate
from tidegate.adapters.hotline.encryption_keys import key_id_of, public_bytes
from tidegate.adapters.hotline.soft_keys import SoftPair
from tidegate.model.organisations import Card, CardOfficer, EncryptionKey, Endpoint, Quorum, Watch
from tidegate.model.value_bytes import bytes_of, digest_of

FILE_NAME: Final = "party.json"
OFFICER: Final = "duty officer"
PASSPHRASE: Final = b"lab"

_YEAR_S: Final = 365 * 86_400
_COUNTRIES: Final = "ABCDEFGHIJKLMNOP"


class Seeds(msgspec.Struct, frozen=True):
    """Each pair is 64 bytes: the classical seed and the post-quantum one."""

    station: bytes
    officer: bytes
    encryption: bytes


class PartyFile(msgspec.Struct, frozen=True, kw_only=True):
    """All that one party's process is told."""

    own: Card
    peers: tuple[Card, ...]
    seeds: Seeds
    https: tuple[str, int]
    udp: tuple[str, int] | None


class Founded(msgspec.Struct, frozen=True):
    """One party before its endpoints are known."""

    name: str
    folder: str
    card: Card
    seeds: Seeds


def pair_of(seed: bytes) -> SoftPair:
    return SoftPair(seed[:32], seed[32:])


def found(number: int, folder: Path, now_s: int) -> Founded:
    """Party `number` of the fictional country X-something, with its TLS key in the folder."""
    folder.mkdir(parents=True)
    country = f"X{_COUNTRIES[number]}"
    seeds = Seeds(os.urandom(64), os.urandom(64), os.urandom(32))
    root = SoftPair(os.urandom(32), os.urandom(32)).public_pair()
    public = public_bytes(seeds.encryption)
    certificate = make_certificate(folder / "tls.pem", folder / "tls.key", PASSPHRASE)
    card = Card(
        organisation=digest_of(bytes_of(root)),
        version=1,
        name=f"{country}-CERT",
        country=country,
        root=root,
        former_roots=(),
        issued_at_s=now_s,
        valid_until_s=now_s + _YEAR_S,
        station=pair_of(seeds.station).public_pair(),
        log="",
        certificates=(certificate,),
        encryption=(
            EncryptionKey(
                key_id=key_id_of(public),
                suite="TG1",
                public=public,
                from_s=now_s - 86_400,
                until_s=now_s + _YEAR_S,
            ),
        ),
        endpoints=(),
        relays=(),
        languages=("en",),
        watch=(Watch("desk", 0, 168),),
        officers=(CardOfficer(OFFICER, "desk", pair_of(seeds.officer).public_pair()),),
        quorums=(Quorum("desk", 1),),
    )
    return Founded(country, str(folder), card, seeds)


def with_endpoints(party: Founded, endpoints: Sequence[Endpoint], relays: Sequence[str] = ()) -> Founded:
    card = msgspec.structs.replace(party.card, endpoints=tuple(endpoints), relays=tuple(relays))
    return msgspec.structs.replace(party, card=card)


def write_party(
    party: Founded, everybody: Sequence[Founded], https: tuple[str, int], udp: tuple[str, int] | None
) -> None:
    told = PartyFile(
        own=party.card,
        peers=tuple(other.card for other in everybody if other.name != party.name),
        seeds=party.seeds,
        https=https,
        udp=udp,
    )
    (Path(party.folder) / FILE_NAME).write_bytes(msgspec.json.encode(told))


def read_party(folder: Path) -> PartyFile:
    return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=PartyFile)
