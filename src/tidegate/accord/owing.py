"""Who owes an obligation to whom: the words "each" and "others" of an accord, read in one place."""

from collections.abc import Collection, Sequence
from itertools import product

from tidegate.model.accords import Obligation, PartyCode


def owes(obligation: Obligation, codes: Collection[PartyCode], duty: PartyCode, toward: PartyCode) -> bool:
    """Whether `duty` owes it to `toward`; `codes` are those of all parties."""
    owing = codes if obligation.duty == "each" else obligation.duty
    owed = codes if obligation.toward == "others" else obligation.toward
    return duty != toward and duty in owing and toward in owed


def pairs(obligation: Obligation, codes: Sequence[PartyCode]) -> dict[tuple[PartyCode, PartyCode], None]:
    """Who owes it to whom, in order."""
    return {
        (duty, toward): None
        for duty, toward in product(codes, repeat=2)
        if owes(obligation, codes, duty, toward)
    }
