"""XA and XB founded as organisations are: a root, a station's keys, officers of two levels, a card; then met.

Their keys are made for the demo, lie open in its folder, and die with it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tidegate.adapters.hotline.soft_keys import SEED_BYTES, SoftPair
from tidegate.app.hotline.founding import bare_card, found, own_signed
from tidegate.app.hotline.meeting import meet, propose
from tidegate.app.hotline.staff import endpoint_from, with_officer
from tidegate.app.parts import Parts
from tidegate.lab.hotline.identities import pair_of
from tidegate.model.labels import Language
from tidegate.model.organisations import CardOfficer, Level, OrganisationId

PASSPHRASE: Final = "only for the demo, and told to everybody"
HOW: Final = "in the demo, side by side"


@dataclass(frozen=True, slots=True)
class Side:
    """What the story calls one party, the language that its officers read, and who they are.

    `desk` writes and reads messages; `seniors` sign accords.
    """

    code: str
    name: str
    language: Language
    desk: str
    seniors: tuple[str, str]


XA: Final = Side("XA", "XA-CERT", "ru", "anna", ("vera", "lev"))
XB: Final = Side("XB", "XB-CERT", "fa", "bahar", ("dara", "mina"))
SIDES: Final = (XA, XB)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A side once it was founded in its state folder, with its officers' keys in memory."""

    side: Side
    state: Path
    organisation: OrganisationId
    keys: dict[str, SoftPair]
    officers: tuple[CardOfficer, ...]

    def officer(self, name: str) -> CardOfficer:
        return next(one for one in self.officers if one.name == name)


def founded(parts: Parts, side: Side, state: Path, port: int) -> Organisation:
    """Takes a second: the station's keys lie under a passphrase, which costs that on purpose."""
    keys = {name: pair_of(fresh_seed()) for name in (side.desk, *side.seniors)}
    levels: Sequence[tuple[str, Level]] = (
        (side.desk, "desk"),
        *((name, "senior") for name in side.seniors),
    )
    card = bare_card(side.name, side.code, [endpoint_from(f"https://127.0.0.1:{port}")], [side.language])
    for name, level in levels:
        card = with_officer(card, name, level, keys[name].public_pair())
    root = pair_of(fresh_seed())
    home = parts.hotline_folder(state)
    card = found(home, root, PASSPHRASE, card, parts.clock().now_ms() // 1000)
    return Organisation(side, state, card.organisation, keys, card.officers)


def fresh_seed() -> bytes:
    return os.urandom(2 * SEED_BYTES)


def met(parts: Parts, one: Organisation, other: Organisation) -> None:
    """Each takes the other's card; both work out the same number of 60 digits from the two."""
    now_s = parts.clock().now_ms() // 1000
    numbers = set()
    for us, them in ((one, other), (other, one)):
        home = parts.hotline_folder(us.state)
        proposal = propose(home, own_signed(parts.hotline_folder(them.state)), now_s)
        numbers.add(meet(home, proposal, us.side.desk, HOW, now_s).number)
    assert len(numbers) == 1, "the ceremony gives both sides one number"
