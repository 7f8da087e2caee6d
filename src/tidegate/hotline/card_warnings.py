"""What is told of a card before it is too late: its end, its keys' end, and nobody there to speak."""

from dataclasses import dataclass
from typing import Final, Literal

from tidegate.hotline.sealing import SUITE
from tidegate.model.organisations import Card

DAY_S: Final = 86_400
TOLD_DAYS: Final = (30, 14, 7, 3, 1, 0)
"""Days before the end at which it is told again; 0 is the end itself."""

Severity = Literal["notice", "problem"]


@dataclass(frozen=True, slots=True)
class CardWarning:
    severity: Severity
    text: str


def ends_at_s(card: Card) -> int:
    """When it stops to serve: the card's own end, or the last of its encryption keys', whichever is first."""
    return min(card.valid_until_s, max(key.until_s for key in card.encryption if key.suite == SUITE))


def days_left(card: Card, now_s: int) -> int:
    """Days until it ends, rounded up: 0 only when it has ended."""
    return -(min(now_s - ends_at_s(card), 0) // DAY_S)


def step_of(days: int) -> int | None:
    """The step of TOLD_DAYS that so many days left have come to; None while the end is far."""
    return min((step for step in TOLD_DAYS if days <= step), default=None)


def warnings_of(card: Card, now_s: int, *, own: bool) -> list[CardWarning]:
    """What its owner, or whoever met it, should do something about; nothing where all is well."""
    told = [*end_warnings(card, now_s, own=own)]
    if own and not card.officers:
        told.append(
            CardWarning(
                "problem", "Nobody speaks for us: no officer is on our card. `tidegate hotline officer add`."
            )
        )
    if own and not card.endpoints:
        told.append(
            CardWarning(
                "notice", "Our card names no endpoint: peers cannot call us, and wait until we call them."
            )
        )
    return told


def end_warnings(card: Card, now_s: int, *, own: bool) -> list[CardWarning]:
    days = days_left(card, now_s)
    step = step_of(days)
    if step is None:
        return []
    remedy = (
        "Bring the root: `tidegate hotline rotate --root FILE`."
        if own
        else f"Ask {card.name} for its new card; `tidegate hotline card take FILE` takes it from a file."
    )
    whose = f"Our card (version {card.version})" if own else f"Card {card.version} of {card.name}"
    if step == 0:
        gone = (
            "Peers believe and send nothing" if own else "Nothing is sent to it and nothing of it is believed"
        )
        return [CardWarning("problem", f"{whose} has ended. {gone} until there is a new one. {remedy}")]
    severity: Severity = "problem" if step <= 7 else "notice"
    return [CardWarning(severity, f"{whose} ends in {days} day{'s' if days > 1 else ''}. {remedy}")]
