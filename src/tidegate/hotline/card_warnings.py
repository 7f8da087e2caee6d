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
    """Whole days until it ends; 0 on the last day and ever after."""
    return max(ends_at_s(card) - now_s, 0) // DAY_S


def end_to_tell(card: Card, now_s: int) -> int | None:
    """The step of TOLD_DAYS that the card's end has come to; None while it is far."""
    if now_s >= ends_at_s(card):
        return 0
    reached = [step for step in TOLD_DAYS if step and days_left(card, now_s) < step]
    return min(reached) if reached else None


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
    step = end_to_tell(card, now_s)
    if step is None:
        return []
    remedy = (
        "Bring the root: `tidegate hotline rotate --root FILE`."
        if own
        else f"Ask {card.name} for its new card, over any path, or `tidegate hotline card take FILE`."
    )
    whose = "Our card" if own else f"The card of {card.name}"
    if step == 0:
        text = f"{whose} (version {card.version}) has ended. Nothing is sent {'' if own else 'to it '}and "
        text += f"nothing {'of ours' if own else 'of it'} is believed any more. {remedy}"
        return [CardWarning("problem", text)]
    left = days_left(card, now_s)
    severity: Severity = "problem" if step <= 7 else "notice"
    when = "today" if left == 0 else f"in {left} day{'s' if left > 1 else ''}"
    return [CardWarning(severity, f"{whose} (version {card.version}) ends {when}. {remedy}")]
