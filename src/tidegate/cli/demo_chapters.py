"""What each chapter of the demo told, in a line or two for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidegate.app import chapters
from tidegate.app.units import si
from tidegate.cli import words
from tidegate.cli.demo_words import percent

if TYPE_CHECKING:
    from tidegate.app.chapters import ChapterFacts, ChapterTold


def chapter_words(one: "ChapterTold") -> str:
    return f"[{one.chapter}] {' '.join(told_lines(one.told))}"


def told_lines(told: "ChapterFacts") -> Iterator[str]:
    """Every line is made from what the nodes and the lab's routers said."""
    match told:
        case chapters.OrdinaryDay() | chapters.Flooding() | chapters.Detected() | chapters.Quiet():
            yield from traffic_lines(told)
        case chapters.Proposed() | chapters.Signed() | chapters.Tested() | chapters.Widened():
            yield from plan_lines(told)
        case chapters.Falling() | chapters.Lapsed():
            yield from end_lines(told)
        case chapters.Clock() | chapters.Notified() | chapters.Answered() | chapters.Kept():
            yield from neighbour_lines(told)
        case chapters.Cut():
            yield from cut_lines(told)
        case chapters.Proved():
            yield from proof_lines(told)


def traffic_lines(
    told: "chapters.OrdinaryDay | chapters.Flooding | chapters.Detected | chapters.Quiet",
) -> Iterator[str]:
    match told:
        case chapters.OrdinaryDay():
            yield (
                f"{told.exporters} exporters at {', '.join(told.border_points)}; {told.sessions_up} BGP "
                f"sessions are up; {si(told.inbound_bits_per_s, 'bps')} come in."
            )
        case chapters.Flooding():
            where = " and ".join(told.border_points)
            yield f"{told.story} to {told.target} by way of {where}, {si(told.bits_per_s, 'bps')} in truth."
        case chapters.Detected():
            estimate, low, high = (si(one, "bps") for one in told.bits_per_s)
            yield (
                f"Attack {told.attack} on {', '.join(told.targets)}: {', '.join(told.vectors)}; "
                f"{estimate} (90 %: {low} to {high})."
            )
        case chapters.Quiet():
            yield f"{told.attacks_ended} attacks are over; {si(told.inbound_bits_per_s, 'bps')} come in."


def plan_lines(
    told: "chapters.Proposed | chapters.Signed | chapters.Tested | chapters.Widened",
) -> Iterator[str]:
    match told:
        case chapters.Proposed():
            removed, lost = (between(one) for one in (told.attack_removed, told.others_lost))
            rules = "1 rule" if told.rules == 1 else f"{told.rules} rules"
            yield f"Plan {told.plan}: {rules}, to remove {removed} % of the attack; others lose {lost} %."
        case chapters.Signed():
            yield f"Plan {told.plan} is signed by {' and '.join(told.officers)}."
        case chapters.Tested():
            yield (
                f"At {told.border_point} {share(told.attack_removed)} of the attack is held back, "
                f"others are at {share(told.others_kept)} of before."
            )
        case chapters.Widened():
            yield f"Plan {told.plan} holds at {', '.join(told.border_points)}."


def end_lines(told: "chapters.Falling | chapters.Lapsed") -> Iterator[str]:
    match told:
        case chapters.Falling():
            yield (
                f"Of the attack {share(told.attack_removed)} is held back in truth; "
                f"others lost {share(told.others_lost)}."
            )
        case chapters.Lapsed():
            ends = ", ".join(f"plan {number} {end}" for number, end in told.ends.items())
            yield f"{ends}; {told.still_held or 'no'} rule is left at any router."


def neighbour_lines(
    told: "chapters.Clock | chapters.Notified | chapters.Answered | chapters.Kept",
) -> Iterator[str]:
    match told:
        case chapters.Clock():
            within = words.duration(1000 * (told.due_s - told.known_s))
            yield (
                f"{told.accord}, article {told.article}: {told.duty} owes {told.toward} a notification "
                f"within {within}, until {words.moment(told.due_s * 1000)}."
            )
        case chapters.Notified():
            stored, opened = (words.moment(at_s * 1000) for at_s in (told.r1_s, told.r2_s))
            yield (
                f"{told.reference}, signed by {', '.join(told.officers)}: at XB's station {stored} (R1), "
                f"opened by an officer {opened} (R2)."
            )
        case chapters.Answered():
            yield (
                f"XB asks: {', '.join(told.asked)}. XA answers: {told.finding}; {', '.join(told.measures)}."
            )
        case chapters.Kept():
            for one in told.rows:
                facts = ", ".join(f"#{fact}" for fact in one.facts)
                yield (
                    f"{one.node}: article {one.article} {one.obligation}, {one.duty} to {one.toward}, "
                    f"{one.stage}, facts {facts}."
                )
            yield "Both ledgers say the same." if told.alike else "The two ledgers DIFFER."


def cut_lines(told: "chapters.Cut") -> Iterator[str]:
    yield (
        f"{told.country}, {words.count(told.people)} people in {told.networks} networks of a made-up world: "
        f"abroad within reach {fraction(told.abroad_before)} before, {fraction(told.abroad_after)} after; "
        f"inside {fraction(told.inside_before)} before, {fraction(told.inside_after)} after."
    )
    if told.link is not None:
        first, second = told.link
        yield f"One link, AS{first} with AS{second}, would bring the inside to {fraction(told.advised)}."


def proof_lines(told: "chapters.Proved") -> Iterator[str]:
    for one in told.sides:
        yield (
            f"{one.node}: {one.facts} facts, ledger {'intact' if one.intact else 'NOT intact'}, "
            f"{one.cosigned_facts} of them cosigned by the other side; its bundle about the notification "
            f"{'holds' if one.holds else 'does NOT hold'} (`tidegate verify`)."
        )


def between(span: tuple[int, int]) -> str:
    return f"{percent(span[0])} to {percent(span[1])}"


def share(millionths: int | None) -> str:
    return "an unknown part" if millionths is None else f"{percent(millionths)} %"


def fraction(part: float) -> str:
    return f"{percent(round(part * 1_000_000))} %"
