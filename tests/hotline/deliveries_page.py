"""docs/deliveries.md from the table of moves; `python -m tests.hotline.deliveries_page` writes it."""

from pathlib import Path

from tidegate.hotline.deadlines import BY_PRECEDENCE
from tidegate.hotline.delivery import DELIVERED, ENDED, MEANING, OFFERED, TRANSITIONS, Event, Stage

PAGE = Path(__file__).parents[2] / "docs" / "deliveries.md"

OPENING = """# Deliveries of a message

This page is made from the table of moves in `tidegate.hotline.delivery` and the deadlines in
`tidegate.hotline.deadlines` (`uv run python -m tests.hotline.deliveries_page` writes it, and a test
holds them together). A move that is not in the table changes nothing.

Each recipient of a message has a copy with a state of its own. "Delivered" is said of the three states
inside the box and of no other: they are reached only by receipts whose signatures were verified.

"""

BEHIND = """
R1 is signed by the recipient's station once the message is on its disk, and names the fact of its
ledger. R2 and R3 are messages that officers of the recipient sign: a receipt, and any other answer.
They prove more than R1, and may overtake it. A receipt that comes after a message expired, was refused
or recalled still counts: it is the truth.

A copy is offered again and again until its present frame is receipted, or its sender no longer wants
it. The wait between two offers begins with twice the time that the recipient's receipts take of late (3
to 20 seconds) and doubles to the longest that its precedence bears, 60 seconds for FLASH; any sign of
life of the recipient ends it. FLASH goes over every way at once, relays too, and never waits behind
anything else. The others go over the best ways that are left, and over relays where the recipient's own
ways fail.

## When receipts are due

"""

AFTER = """
R1 counts from queueing, R2 and R3 from R1 (at the recipient: from storing). R3 is awaited of forms that
ask for an answer. An accord may ask for less time, never for more. Whoever is late is told to the
message's level first; when the same time has passed once more, to the level above, up to senior. Each
of these is a fact (`DeadlinePassed`).
"""


def page() -> str:
    return (
        f"{OPENING}{drawing()}\n## What each state means\n\n{meanings()}\n## All moves\n\n{moves()}"
        f"{BEHIND}{due()}{AFTER}"
    )


def drawing() -> str:
    inside = [move for move in rows() if move[0] in DELIVERED and move[2] in DELIVERED]
    outside = [move for move in rows() if move not in inside and move[0] not in ENDED]
    late = [f"    {stage} --> delivered: R1, R2, R3" for stage in ENDED]
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> composed", "    state delivered {"]
    lines += [f"        {before} --> {then}: {event}" for before, event, then in inside]
    lines += ["    }", *(f"    {before} --> {then}: {event}" for before, event, then in outside), *late]
    return "\n".join((*lines, "```", ""))


def rows() -> list[tuple[Stage, Event, Stage]]:
    return [(before, event, then) for (before, event), then in TRANSITIONS.items()]


def meanings() -> str:
    told = [
        f"| {stage} | {yes(stage in DELIVERED)} | {yes(stage in OFFERED)} | {said} |\n"
        for stage, said in MEANING.items()
    ]
    return "| state | delivered | offered | meaning |\n|---|---|---|---|\n" + "".join(told)


def yes(whether: bool) -> str:
    return "yes" if whether else "no"


def moves() -> str:
    told = [f"| {before} | {event} | {then} |\n" for before, event, then in rows()]
    return "| in state | event | leads to |\n|---|---|---|\n" + "".join(told)


def due() -> str:
    told = [
        f"| {precedence} | {time(limits.r1_s)} | {time(limits.r2_s)} | {time(limits.r3_s)} |\n"
        for precedence, limits in BY_PRECEDENCE.items()
    ]
    return "| precedence | R1 | R2 | R3 |\n|---|---|---|---|\n" + "".join(told)


def time(seconds: int | None) -> str:
    assert seconds is not None
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{seconds // size} {unit}{'s' if seconds >= 2 * size else ''}"
    return f"{seconds} s"


if __name__ == "__main__":
    PAGE.write_text(page())
