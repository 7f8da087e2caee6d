"""A scripted year of two parties under the bilateral template: who says what when, line by line.

XA and XB are fictional. Most of what they owe they do in time; a few things are late, one is missed, one is
never answered. What the lab's stations say, and what the tests tell each other without any, is this script.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from tidegate.app.accord.drafting import PartyDraft, draft
from tidegate.app.hotline.writing import time_value
from tidegate.model.messages import FormName
from tidegate.model.organisations import Level, OrganisationId

YEAR: Final = 2028
HOUR_S: Final = 3_600
DAY_S: Final = 86_400
AHEAD_H: Final = 72
"""Hours ahead that the template asks for."""
BEGIN_S: Final = int(datetime(YEAR, 1, 1, 9, tzinfo=UTC).timestamp())
END_S: Final = int(datetime(YEAR + 1, 1, 1, 8, tzinfo=UTC).timestamp())
ACCORD: Final = "XA-XB-2028"
CODES: Final = ("XA", "XB")
LANGUAGES: Final = ("fa", "ru")
OWN_LANGUAGE: Final = {"XA": "fa", "XB": "ru"}
NAMES: Final = {
    "XA": {
        "fa": "کشور الف",
        "ru": "Государство А",  # noqa: RUF001
        "en": "State A",
        "ar": "الدولة أ",
        "tr": "A Devleti",
        "az": "A Dövləti",
    },
    "XB": {
        "fa": "کشور ب",
        "ru": "Государство Б",
        "en": "State B",
        "ar": "الدولة ب",
        "tr": "B Devleti",
        "az": "B Dövləti",
    },
}

ELECTION: Final = """
[[period]]
id = "XB-vote-2028"
party = "XB"
kind = "election"
first = "2028-06-01"
last = "2028-06-21"

[[asset]]
id = "XB-registry"
party = "XB"
asset-class = "election"
name = { fa = "سامانهٔ ثبت رأی‌دهندگان", ru = "Реестр избирателей" }
prefixes = ["203.0.113.0/25"]

[[asset]]
id = "XA-clinics"
party = "XA"
asset-class = "hospital"
name = { fa = "درمانگاه‌ها", ru = "Больницы" }
prefixes = ["192.0.2.0/25"]
"""  # noqa: RUF001

EXERCISE: Final = {"fa": "رزمایش ملی پاسخ به رخداد", "ru": "Национальное учение по реагированию на инциденты"}


@dataclass(frozen=True, slots=True)
class Line:
    """`by` says it at `at_s`. `label` names it for lines that answer it, `answers` is such a label; it may
    also be a part of a field, as "{call}": it becomes the digest of the message. `file_name` is that of the
    file that goes with it, empty where none does."""

    at_s: int
    by: str
    form: FormName
    fields: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    level: Level = "desk"
    language: str = ""
    label: str = ""
    answers: str = ""
    remarks: str = ""
    file_name: str = ""


def written(
    organisations: dict[str, OrganisationId],
    accord: str = ACCORD,
    particulars: str = ELECTION,
    languages: Sequence[str] = LANGUAGES,
) -> bytes:
    """The accord that both sign: the bilateral template, in Persian and Russian if no other `languages` are
    asked for, and what these two add to it; in the scripted year XB's election in June."""
    parties = [PartyDraft(code, f"State {code}", organisations[code]) for code in CODES]
    text = draft("bilateral-incidents", accord, parties, languages, "").decode()
    for code, names in NAMES.items():
        for language, name in names.items():
            text = text.replace(f'{language} = "State {code}"', f'{language} = "{name}"')
    return (text + particulars).encode()


def year(digest: str) -> list[Line]:
    """All lines in the order of time; `digest` is the SHA-256 of the accord's file. What an officer must
    acknowledge is acknowledged an hour later."""
    told = sorted((*signing(digest), *ordinary(), *checks(), *events()), key=lambda line: line.at_s)
    labelled = [replace(line, label=line.label or f"line {number}") for number, line in enumerate(told)]
    answers = [
        receipt(line, line.at_s + HOUR_S) for line in labelled if line.form not in ("check", "receipt")
    ]
    return sorted((*labelled, *answers), key=lambda line: line.at_s)


def receipt(line: Line, at_s: int) -> Line:
    fields: dict[str, str | tuple[str, ...]] = {"receipt": "opened", "opened-at": time_value(at_s)}
    return Line(at_s, other(line.by), "receipt", fields, answers=line.label)


def other(code: str) -> str:
    return CODES[1 - CODES.index(code)]


def on(month: int, day: int, hour: int = 9) -> int:
    return int(datetime(YEAR, month, day, hour, tzinfo=UTC).timestamp())


def signing(digest: str) -> Iterator[Line]:
    """Signatures, and a day later the guarantees and the pledge."""
    for number, by in enumerate(CODES):
        fields: dict[str, str | tuple[str, ...]] = {
            "declaration": "accord", "act": "made", "accord-digest": digest
        }  # fmt: skip
        yield Line(
            BEGIN_S + number * HOUR_S, by, "declaration", fields, level="senior", file_name="accord.toml"
        )
        for kind, name in (
            ("guarantee", "non-interference"),
            ("guarantee", "electoral-non-interference"),
            ("pledge", "no-first-strike"),
        ):
            declared: dict[str, str | tuple[str, ...]] = {
                "declaration": kind, "act": "made", kind: name, "guarantee-id": name
            }  # fmt: skip
            yield Line(BEGIN_S + DAY_S + number * HOUR_S, by, "declaration", declared, level="senior")


def ordinary() -> Iterator[Line]:
    """What recurs, and both sides do in time."""
    for number, by in enumerate(CODES):
        yield minutes(on(2, 1) + number * HOUR_S, by, "operators-instructed", "centre")
        nominee = {"XA": "A. Karimi", "XB": "B. Orlova"}[by]
        named: dict[str, str | tuple[str, ...]] = {
            "declaration": "nomination", "act": "renewed", "nominee": nominee, "nominee-level": "desk"
        }  # fmt: skip
        yield Line(on(2, 15) + number * HOUR_S, by, "declaration", named, level="centre")
        for month in (3, 6, 9, 12):
            yield minutes(on(month, 20) + number * HOUR_S, by, "statistics-sent", "desk")
        for month in (4, 10):
            yield minutes(on(month, 10) + number * HOUR_S, by, "committee-met", "desk", track="experts")
            yield minutes(on(month, 24) + number * HOUR_S, by, "track-met", "centre", track="agencies")
        yield minutes(on(11, 7) + number * HOUR_S, by, "track-met", "senior", track="senior")
        yield minutes(on(12, 5) + number * HOUR_S, by, "review-held", "senior")


def minutes(at_s: int, by: str, happening: str, level: Level, **more: str) -> Line:
    fields: dict[str, str | tuple[str, ...]] = {"purpose": "minutes", "happening": happening, **more}
    return Line(at_s, by, "free-text", fields, level=level, language=OWN_LANGUAGE[by])


def checks() -> Iterator[Line]:
    """Both sides try the channel each month in both languages; XB misses May."""
    for month in range(1, 13):
        for number, by in enumerate(CODES):
            if (by, month) == ("XB", 5):
                continue
            for place, language in enumerate(LANGUAGES):
                at_s, label = on(month, 6) + (2 * number + place) * HOUR_S, f"check {by} {month} {language}"
                line = Line(at_s, by, "check", {"check": "scheduled"}, language=language, label=label)
                yield line
                yield receipt(line, at_s + HOUR_S // 4)


def events() -> Iterator[Line]:
    yield from exercises()
    yield from incident_in_the_election()
    yield from clarifications()


def exercises() -> Iterator[Line]:
    """XA announces its exercise 130 hours ahead, XB its own 20 hours ahead, and says that it is late."""
    for by, begins_s, ahead in (("XA", on(3, 1), 130), ("XB", on(9, 13), 20)):
        yield Line(
            begins_s - ahead * HOUR_S, by, "notice",
            {
                "notice": "exercise", "notice-stage": "announced", "notice-number": "2028-1",
                "title": EXERCISE[OWN_LANGUAGE[by]], "from": time_value(begins_s),
                "until": time_value(begins_s + 2 * DAY_S), "simulated-attack": "no",
                "expected-effect": "none",
                **({"late": "yes"} if ahead < AHEAD_H else {}),
            },
            language=OWN_LANGUAGE[by],
        )  # fmt: skip


def incident_in_the_election() -> Iterator[Line]:
    """XA comes to know at noon and tells five hours later: in time on ordinary days, late in an election."""
    known_s = on(6, 10, 12)
    yield Line(
        known_s + 5 * HOUR_S, "XA", "incident",
        {
            "incident": "2028-7", "incident-stage": "initial", "kind": ("flood",), "status": "ongoing",
            "severity": "serious", "confidence": "probable", "prefix": "203.0.113.0/25",
            "detected-at": time_value(known_s),
        },
        language="fa",
    )  # fmt: skip


def clarifications() -> Iterator[Line]:
    """One is answered after 47 hours. One never is: a consultation is called over it, and held in time."""
    asked_s = on(7, 19)
    yield question(asked_s, "XB", "answered")
    yield Line(
        asked_s + 47 * HOUR_S, "XA", "clarification-reply", {"finding": "not-known"}, answers="answered"
    )
    yield question(on(8, 18), "XA", "never answered")
    called_s = on(8, 22)
    yield Line(
        called_s, "XA", "consultation-call",
        {
            "reason": "unanswered-clarification", "obligation": "clarify/XB/XA/{never answered}",
            "participants": "centre", "manner": "video", "proposed-at": time_value(called_s + 2 * DAY_S),
            "agenda": ("facts", "obligations"), "answer-by": time_value(called_s + DAY_S),
        },
        level="centre", label="call",
    )  # fmt: skip
    held = minutes(called_s + 3 * DAY_S, "XB", "consultation-held", "centre")
    yield replace(held, answers="call")


def question(at_s: int, by: str, label: str) -> Line:
    subject = {"XA": "192.0.2.128/26", "XB": "203.0.113.128/25"}[by]
    seen = {"XA": "198.51.100.0/24", "XB": "192.0.2.192/26"}[by]
    return Line(
        at_s, by, "clarification-request",
        {
            "subject": "traffic", "question": ("known-to-you", "which-cause"), "prefix": subject,
            "seen-from-prefix": seen, "sampling": "1000",
            "began-at": time_value(at_s - 2 * HOUR_S), "answer-by": time_value(at_s + 48 * HOUR_S),
        },
        label=label,
    )  # fmt: skip


def days() -> Iterator[int]:
    """Six in the morning of each day of the year: when the lab's clock stands still and both nodes look."""
    first = datetime(YEAR, 1, 2, 6, tzinfo=UTC)
    return (int((first + timedelta(days=number)).timestamp()) for number in range(366))


def account() -> Line:
    """At the end of the year XB sends its account of it."""
    return Line(END_S - HOUR_S, "XB", "free-text", {"purpose": "account"}, file_name="account.json")
