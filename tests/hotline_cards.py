"""Cards with nothing on them but what paths need: who, with which certificates, reached where."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from tidegate.adapters.hotline.certificates import make_certificate
from tidegate.adapters.hotline.tls import Credentials
from tidegate.model.organisations import Card, Endpoint, OrganisationId, PublicPair

NO_PAIR = PublicPair("ed25519", bytes(32), bytes(1952))


def organisation(name: str) -> OrganisationId:
    return hashlib.sha256(name.encode()).hexdigest()


def a_card(
    name: str, certificates: Sequence[bytes] = (), endpoints: Sequence[Endpoint] = (), version: int = 1
) -> Card:
    return Card(
        organisation=organisation(name),
        version=version,
        name=name,
        country=name[:2],
        root=NO_PAIR,
        former_roots=(),
        issued_at_s=0,
        valid_until_s=1 << 40,
        station=NO_PAIR,
        log="",
        certificates=tuple(certificates),
        encryption=(),
        endpoints=tuple(endpoints),
        relays=(),
        languages=("en",),
        watch=(),
        officers=(),
        quorums=(),
    )


def credentials(folder: Path) -> tuple[Credentials, bytes]:
    """A new key and certificate in the folder, and the certificate as it stands on a card."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "tls.pem", folder / "tls.key"
    der = make_certificate(certificate, key, b"a long passphrase")
    return Credentials(certificate, key, lambda: "a long passphrase"), der
