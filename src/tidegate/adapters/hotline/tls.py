"""TLS 1.3 with both sides pinned: whoever presents a certificate of a listed card is that peer, nobody else.

There are no authorities and no names to check, and dates in certificates say nothing: cards expire, and
the application tells of that loudly beforehand, whereas a handshake that fails on a date is a silent cut.
"""

import hashlib
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.model.organisations import Card, OrganisationId
from tidegate.ports.outside import OutsideFailed

# X509_V_FLAG_NO_CHECK_TIME of X509_VERIFY_PARAM_set_flags(3), which the ssl module does not name.
_NO_CHECK_TIME: Final = 0x200000


@dataclass(frozen=True, slots=True)
class Credentials:
    """What this node presents: PEM files, and whoever knows the key's passphrase (called when it is read)."""

    certificate: Path
    key: Path
    passphrase: Callable[[], str]


Pins = Mapping[bytes, OrganisationId]
"""Who presents which certificate, by the SHA-256 of its DER."""


def pins_of(peers: Iterable[Card]) -> dict[bytes, OrganisationId]:
    """Certificates that two cards list are nobody's: such a pin would let one peer pass for another."""
    owners: dict[bytes, set[OrganisationId]] = {}
    for card in peers:
        for certificate in card.certificates:
            owners.setdefault(hashlib.sha256(certificate).digest(), set()).add(card.organisation)
    return {pin: next(iter(owner)) for pin, owner in owners.items() if len(owner) == 1}


def peer_behind(tls: ssl.SSLObject | ssl.SSLSocket | None, pins: Pins) -> OrganisationId | None:
    """Whose certificate the other end has just proved to hold; None where it is no listed peer's."""
    presented = tls.getpeercert(binary_form=True) if tls is not None else None
    return pins.get(hashlib.sha256(presented).digest()) if presented else None


def server_context(own: Credentials, certificates: Sequence[bytes]) -> ssl.SSLContext:
    return _context(ssl.PROTOCOL_TLS_SERVER, own, certificates)


def client_context(own: Credentials, certificates: Sequence[bytes]) -> ssl.SSLContext:
    return _context(ssl.PROTOCOL_TLS_CLIENT, own, certificates)


def _context(kind: int, own: Credentials, certificates: Sequence[bytes]) -> ssl.SSLContext:
    """Trusts these certificates only. A certificate that is no certificate is left out: a peer's mistake on
    its card must not close the hotline to the others."""
    context = ssl.SSLContext(kind)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags = ssl.VerifyFlags(int(context.verify_flags) | _NO_CHECK_TIME)
    context.options |= ssl.OP_NO_TICKET
    if kind == ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0
    for certificate in certificates:
        try:
            context.load_verify_locations(cadata=certificate)
        except (ssl.SSLError, ValueError):
            continue
    try:
        context.load_cert_chain(own.certificate, own.key, own.passphrase)
    except (OSError, ValueError) as error:
        remedy = "Check the files that `tidegate hotline init` wrote, and the passphrase."
        raise OutsideFailed(f"the TLS key does not open ({error})", str(own.key), remedy) from error
    return context
