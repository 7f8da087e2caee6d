"""Values sealed to organisations by what their cards say, and opened again."""

from collections.abc import Sequence

from tidegate.hotline.sealing import key_to_seal_to, open_envelope, seal
from tidegate.model.messages import Sealed
from tidegate.model.organisations import Card, OrganisationId
from tidegate.ports.hotline import Opener
from tidegate.wire.envelope import decode_envelope, decode_sealed, encode_envelope, encode_sealed


def seal_value(value: Sealed, recipients: Sequence[Card], expires_at_s: int, now_s: int) -> bytes:
    """The envelope's bytes. NotAllowed, and nothing sealed to anybody, where one of them has no key now."""
    keys = [(card.organisation, key_to_seal_to(card, now_s)) for card in recipients]
    return encode_envelope(seal(encode_sealed(value), keys, expires_at_s))


def open_value(envelope: bytes, own: OrganisationId, opener: Opener) -> Sealed:
    """What was sealed to us; believed by nobody yet. Malformed or NotAllowed as each step says."""
    return decode_sealed(open_envelope(decode_envelope(envelope), own, opener))
