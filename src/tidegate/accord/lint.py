"""What is wrong with an accord as it is written: ambiguous, unreachable, contradictory, or without an owner.

A mistake keeps it from being signed; a doubt is told and left to the parties. Each rule is one function and
stands in `RULES`; each finding names the place as the file does.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Literal

import msgspec

from tidegate.accord.resting import CHANNELS
from tidegate.accord.spans import UNITS, end_of, parse_day, parse_span
from tidegate.model.accords import (
    ASSETS_MAX,
    OBLIGATIONS_MAX,
    PARTIES_MAX,
    PARTY_CODE_MAX,
    PERIODS_MAX,
    Accord,
    After,
    Asset,
    Before,
    By,
    Every,
    Never,
    Obligation,
    Party,
    Text,
    Tighter,
)
from tidegate.model.labels import phrase
from tidegate.model.refusals import NotAllowed

FINDING = "accord-finding"
"""The table of labels with the sentence of each code."""

FINDINGS_MAX = 200
"""Findings told at once; one wrong copy of a template makes few kinds of them."""

NAME = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
REFERENCE_S = 1_830_297_600  # 2028-01-01, a leap year: spans are compared from a fixed day
ANSWERS = {
    "clarification-request": "clarification-reply",
    "assistance-request": "assistance-reply",
    "check": "check-answer",
    "incident": "incident-notification",
    "message": "acknowledgement",
    "contacts-changed": "contacts-told",
    "consultation-call": "consultation-held",
}
"""What usually answers what; anything else after these is at least a doubt."""


class Finding(msgspec.Struct, frozen=True):
    """`where` is the place in the file ("obligation notice"); `code` is what is the matter, with the `values`
    that the sentence of that code names."""

    kind: Literal["mistake", "doubt"]
    where: str
    code: str
    values: tuple[tuple[str, str], ...] = ()

    @property
    def what(self) -> str:
        """A sentence for its writers, in English."""
        return phrase(FINDING, self.code, "en", **dict(self.values))


def lint(accord: Accord) -> list[Finding]:
    """All findings, mistakes first, at most FINDINGS_MAX."""
    found = [finding for rule in RULES for finding in rule(accord)]
    return sorted(found, key=lambda one: (one.kind != "mistake", one.where))[:FINDINGS_MAX]


def refuse_mistaken(accord: Accord) -> None:
    """NotAllowed with every mistake, where there is one."""
    mistakes = [f"{one.where}: {one.what}" for one in lint(accord) if one.kind == "mistake"]
    if mistakes:
        raise NotAllowed("\n".join(mistakes))


def mistake(where: str, code: str, **values: object) -> Finding:
    return Finding("mistake", where, code, told(values))


def doubt(where: str, code: str, **values: object) -> Finding:
    return Finding("doubt", where, code, told(values))


def told(values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in values.items())


def sizes(accord: Accord) -> Iterator[Finding]:
    bounds = (
        ("party", accord.party, PARTIES_MAX),
        ("obligation", accord.obligation, OBLIGATIONS_MAX),
        ("asset", accord.asset, ASSETS_MAX),
        ("period", accord.period, PERIODS_MAX),
    )
    for name, rows, most in bounds:
        if len(rows) > most:
            yield mistake(name, "too-many", count=len(rows), most=most)
    if len(accord.party) < 2:
        yield mistake("party", "two-parties")
    if accord.version < 1:
        yield mistake("version", "version-from-one")


def names(accord: Accord) -> Iterator[Finding]:
    """Whatever others refer to has a name of its own."""
    told = {
        "party": [party.code for party in accord.party],
        "asset": [asset.id for asset in accord.asset],
        "period": [period.id for period in accord.period],
        "obligation": [obligation.id for obligation in accord.obligation],
        "guarantee": [guarantee.id for guarantee in accord.guarantee],
        "track": [track.id for track in accord.track],
        "definition": [definition.term for definition in accord.definition],
    }
    for kind, ids in told.items():
        for name, count in Counter(ids).items():
            if count > 1:
                yield mistake(f"{kind} {name}", "same-name", count=count)
            if not name or (kind != "definition" and NAME.fullmatch(name) is None):
                yield mistake(f"{kind} {name!r}", "unwritable-name")
    for party in accord.party:
        if len(party.code) > PARTY_CODE_MAX:
            yield mistake(f"party {party.code}", "long-code", most=PARTY_CODE_MAX)


def references(accord: Accord) -> Iterator[Finding]:
    codes = accord.codes
    tracks = {track.id for track in accord.track}
    terms = {definition.term for definition in accord.definition}
    for kind, rows in (("asset", accord.asset), ("period", accord.period)):
        for row in rows:
            if row.party not in codes:
                yield mistake(f"{kind} {row.id}", "no-party", party=row.party)
    for obligation in accord.obligation:
        where = f"obligation {obligation.id}"
        for code in (*named(obligation.duty), *named(obligation.toward)):
            if code not in codes:
                yield mistake(where, "no-party", party=code)
        if obligation.track and obligation.track not in tracks:
            yield mistake(where, "no-track", track=obligation.track)
        for term in obligation.terms:
            if term not in terms:
                yield mistake(where, "undefined-term", term=term)
    if accord.force.depositary and accord.force.depositary not in codes:
        yield mistake("force", "strange-depositary", party=accord.force.depositary)
    used = {term for obligation in accord.obligation for term in obligation.terms}
    for term in sorted(terms - used):
        yield doubt(f"definition {term}", "unused-term")


def named(parties: Sequence[str] | str) -> Sequence[str]:
    return () if isinstance(parties, str) else parties


def spans(accord: Accord) -> Iterator[Finding]:
    """Every span and date can be read."""
    named: list[tuple[str, str]] = [("force", accord.force.notice)]
    named += [("force", span) for span in (accord.force.term, accord.force.renewal) if span]
    named += [(f"guarantee {one.id}", one.notice) for one in accord.guarantee]
    for obligation in accord.obligation:
        named += [(f"obligation {obligation.id}", span) for span in spans_of(obligation)]
    for where, span in named:
        yield from refused(where, "no-span", parse_span, span, units=", ".join(UNITS), example="72h")
    dates = [("force", accord.force.enters)] if accord.force.enters != "signature" else []
    dates += [(f"period {one.id}", day) for one in accord.period for day in (one.first, one.last)]
    dates += [(f"party {one.code}", day) for one in accord.party for day in one.holidays]
    dates += [
        (f"obligation {one.id}", one.clock.date) for one in accord.obligation if isinstance(one.clock, By)
    ]
    for where, day in dates:
        yield from refused(where, "no-day", parse_day, day, example="2026-11-25")


def spans_of(obligation: Obligation) -> list[str]:
    """All that its clock and its reminders name."""
    stricter = [rule.span for rule in tighter_of(obligation)]
    match obligation.clock:
        case Before(at_least=at_least, target=target):
            own = [at_least, *([target] if target else [])]
        case After(within=span) | Never(within=span) | Every(span=span):
            own = [span]
        case By():
            own = []
    return [*own, *stricter, *obligation.remind]


def tighter_of(obligation: Obligation) -> Sequence[Tighter]:
    return () if isinstance(obligation.clock, (Every, By)) else obligation.clock.tighter


def refused(
    where: str, code: str, read: Callable[[str], object], text: str, **values: str
) -> Iterator[Finding]:
    try:
        read(text)
    except NotAllowed:
        yield mistake(where, code, text=text, **values)


def order_of_times(accord: Accord) -> Iterator[Finding]:
    """What contradicts itself: a target below the least, a looser "stricter" span, a period backwards."""
    for obligation in accord.obligation:
        where = f"obligation {obligation.id}"
        try:
            yield from contradictions(where, obligation)
        except NotAllowed:
            continue  # an unreadable span is told by `spans`
    for period in accord.period:
        if period.last < period.first:
            yield mistake(f"period {period.id}", "period-backwards")
    if accord.force.renewal and not accord.force.term:
        yield mistake("force", "renewal-alone")


def contradictions(where: str, obligation: Obligation) -> Iterator[Finding]:
    clock = obligation.clock
    if isinstance(clock, Before):
        if clock.target and length(clock.target) < length(clock.at_least):
            yield mistake(where, "target-shorter", target=clock.target, least=clock.at_least)
        for rule in clock.tighter:
            if length(rule.span) <= length(clock.at_least):
                yield mistake(where, "not-earlier", span=rule.span, least=clock.at_least)
    elif isinstance(clock, (After, Never)):
        for rule in clock.tighter:
            if length(rule.span) >= length(clock.within):
                yield mistake(where, "not-stricter", span=rule.span, within=clock.within)
    for rule in tighter_of(obligation):
        if rule.period is None and rule.asset_class is None and not rule.civilian:
            yield mistake(where, "never-applies", keys="period, asset-class, civilian")
    whole = length_of(obligation)
    for lead in obligation.remind:
        if whole is not None and length(lead) >= whole:
            yield doubt(where, "early-reminder", lead=lead)


def length(span: str) -> int:
    """Seconds of a span from a fixed day, to compare two of them."""
    return end_of(parse_span(span), REFERENCE_S) - REFERENCE_S


def length_of(obligation: Obligation) -> int | None:
    match obligation.clock:
        case After(within=span) | Never(within=span) | Every(span=span):
            return length(span)
        case _:
            return None


def reach(accord: Accord) -> Iterator[Finding]:
    """What nothing can ever start or satisfy, and what nobody owes."""
    kinds = {period.kind for period in accord.period}
    classes = {asset.asset_class for asset in accord.asset}
    for obligation in accord.obligation:
        where = f"obligation {obligation.id}"
        if (
            obligation.duty != "each"
            and obligation.toward != "others"
            and set(obligation.duty) == set(obligation.toward)
            and len(obligation.duty) == 1
        ):
            yield mistake(where, "owed-to-itself")
        if not named(obligation.duty) and obligation.duty != "each":
            yield mistake(where, "owed-by-nobody", word="each")
        for rule in tighter_of(obligation):
            if rule.period is not None and rule.period not in kinds:
                yield doubt(where, "no-such-period", period=rule.period)
            if rule.asset_class is not None and rule.asset_class not in classes:
                yield doubt(where, "no-such-asset", asset=rule.asset_class)
        if isinstance(obligation.clock, After):
            usual = ANSWERS.get(obligation.clock.event)
            if usual is not None and obligation.evidence != usual:
                event, evidence = obligation.clock.event, obligation.evidence
                yield doubt(where, "unusual-answer", event=event, usual=usual, evidence=evidence)


def channels(accord: Accord) -> Iterator[Finding]:
    """Suspending a track must leave the channels and the experts' track alone."""
    experts = {track.id for track in accord.track if track.experts}
    for obligation in accord.obligation:
        if obligation.track and obligation.track not in experts and obligation.evidence in CHANNELS:
            yield mistake(f"obligation {obligation.id}", "channel-rests", evidence=obligation.evidence)


def wordings(accord: Accord) -> Iterator[Finding]:
    """Each text stands in each authentic language; two obligations of one article say so in two texts."""
    languages = accord.languages.authentic
    if not languages:
        yield mistake("languages", "no-language")
    if accord.languages.authoritative and accord.languages.authoritative not in languages:
        yield mistake("languages", "not-authentic")
    for where, text in texts(accord):
        lacking = [language for language in languages if not text.get(language, "").strip()]
        if lacking:
            yield mistake(where, "text-missing", languages=", ".join(lacking))
    for article, count in Counter(one.article for one in accord.obligation).items():
        if count > 1:
            yield doubt(f"article {article}", "shared-article", count=count)


def texts(accord: Accord) -> Iterator[tuple[str, Text]]:
    yield "title", accord.title
    yield from ((f"party {one.code}", one.name) for one in accord.party)
    yield from ((f"definition {one.term}", one.text) for one in accord.definition)
    yield from ((f"obligation {one.id}", one.text) for one in accord.obligation)
    yield from ((f"guarantee {one.id}", one.text) for one in accord.guarantee)
    yield from ((f"track {one.id}", one.text) for one in accord.track)


def owners(accord: Accord) -> Iterator[Finding]:
    """Whoever owes something has an authority of the level that is to see to it."""
    levels = {party.code: {authority.level for authority in party.authorities} for party in accord.party}
    for obligation in accord.obligation:
        duty: Iterable[str] = levels if obligation.duty == "each" else obligation.duty
        lacking = [code for code in duty if code in levels and obligation.owner not in levels[code]]
        if lacking:
            parties, where = ", ".join(lacking), f"obligation {obligation.id}"
            yield mistake(where, "no-authority", parties=parties, level=obligation.owner)


def doubles(accord: Accord) -> Iterator[Finding]:
    """Two obligations with one trigger and one evidence ask twice, perhaps differently."""
    seen: dict[object, str] = {}
    for one in accord.obligation:
        asked = (type(one.clock), started_by(one), one.evidence, one.duty, one.toward, one.track)
        if asked in seen:
            yield doubt(f"obligation {one.id}", "asks-the-same", other=seen[asked])
        seen.setdefault(asked, one.id)


def started_by(obligation: Obligation) -> str:
    match obligation.clock:
        case Before(act=happening) | Never(act=happening) | After(event=happening):
            return happening
        case Every(span=text) | By(date=text):
            return text


def scopes(accord: Accord) -> Iterator[Finding]:
    """Protected assets say what they are, and parties what they answer for, in ranges that can be read."""
    for asset in accord.asset:
        where = f"asset {asset.id}"
        if not (asset.prefixes or asset.networks or asset.domains or asset.services):
            yield mistake(where, "names-nothing")
        yield from unreadable(where, asset)
    for party in accord.party:
        yield from unreadable(f"party {party.code}", party)


def unreadable(where: str, named: Asset | Party) -> Iterator[Finding]:
    for prefix in named.prefixes:
        try:
            ip_network(prefix)
        except ValueError:
            yield mistake(where, "no-prefix", prefix=prefix)
    for network in named.networks:
        if not 0 < network < 1 << 32:
            yield mistake(where, "no-network", number=network)


RULES: Sequence[Callable[[Accord], Iterable[Finding]]] = (
    sizes,
    names,
    references,
    spans,
    order_of_times,
    reach,
    channels,
    wordings,
    owners,
    doubles,
    scopes,
)
