"""First trust: one number of 60 digits that two officers compare over a channel where they know each other.

docs/hotline.md, "Identity". It is the same on both sides only where each has the other's true card.
"""

import re
from hashlib import sha512
from typing import Final

from tidegate.model.organisations import Card
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of

ROUNDS: Final = 5_200
"""Of SHA-512, so that a guess costs thousands of hashes; a half has 99 bits."""
GROUPS: Final = 6
GROUP_BYTES: Final = 5
GROUP_DIGITS: Final = 5
DIGITS: Final = 60


def ceremony_number(own: Card, peer: Card) -> str:
    """The 60 digits. NotAllowed where both are one organisation."""
    if own.organisation == peer.organisation:
        raise NotAllowed("this card is our own; a ceremony is between two organisations")
    return "".join(sorted((half(own), half(peer))))


def half(card: Card) -> str:
    """30 digits for an organisation and its present root: a thief of a former root makes other ones."""
    identity = card.organisation.encode() + b"\x00" + bytes_of(card.root)
    state = sha512(b"tidegate/ceremony/1\x00" + identity).digest()
    for _ in range(ROUNDS - 1):
        state = sha512(state + identity).digest()
    parts = (state[at : at + GROUP_BYTES] for at in range(0, GROUPS * GROUP_BYTES, GROUP_BYTES))
    return "".join(f"{int.from_bytes(part) % 10**GROUP_DIGITS:0{GROUP_DIGITS}}" for part in parts)


def in_groups(number: str) -> list[str]:
    """Twelve groups of five, as they are read aloud."""
    return [number[at : at + GROUP_DIGITS] for at in range(0, len(number), GROUP_DIGITS)]


def is_the_same(number: str, told: str) -> bool:
    """Whether what the other side told, however it is spaced, is this number. NotAllowed where it is none."""
    digits = re.sub(r"[\s.\-]", "", told)
    if not (digits.isascii() and digits.isdecimal() and len(digits) == DIGITS):
        raise NotAllowed(f"the number has {DIGITS} digits; compare it again, group by group")
    return digits == number
