"""What is wrong with an accord as it is written: ambiguous, unreachable, contradictory, or without an owner.

A mistake keeps it from being signed; a doubt is told and left to the parties. Each rule is one function and
stands in `RULES`; each finding names the place as the file does.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import ip_network
from typing import Literal

import msgspec

from tidegate.accord.resting import CHANNELS
from tidegate.accord.spans import end_of, parse_day, parse_span
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
from tidegate.model.refusals import NotAllowed

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
    """`where` is the place in the file ("obligation notice"), `what` a sentence for its writers."""

    kind: Literal["mistake", "doubt"]
    where: str
    what: str


def lint(accord: Accord) -> list[Finding]:
    """All findings, mistakes first, at most FINDINGS_MAX."""
    found = [finding for rule in RULES for finding in rule(accord)]
    return sorted(found, key=lambda one: (one.kind != "mistake", one.where))[:FINDINGS_MAX]


def refuse_mistaken(accord: Accord) -> None:
    """NotAllowed with every mistake, where there is one."""
    mistakes = [f"{one.where}: {one.what}" for one in lint(accord) if one.kind == "mistake"]
    if mistakes:
        raise NotAllowed("\n".join(mistakes))


def mistake(where: str, what: str) -> Finding:
    return Finding("mistake", where, what)


def doubt(where: str, what: str) -> Finding:
    return Finding("doubt", where, what)


def sizes(accord: Accord) -> Iterator[Finding]:
    bounds = (
        ("party", accord.party, PARTIES_MAX),
        ("obligation", accord.obligation, OBLIGATIONS_MAX),
        ("asset", accord.asset, ASSETS_MAX),
        ("period", accord.period, PERIODS_MAX),
    )
    for name, rows, most in bounds:
        if len(rows) > most:
            yield mistake(name, f"there are {len(rows)}; at most {most} are allowed")
    if len(accord.party) < 2:
        yield mistake("party", "an accord has at least two parties")
    if accord.version < 1:
        yield mistake("version", "versions count from 1")


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
                yield mistake(f"{kind} {name}", f"{count} have this name; give each its own")
            if not name or (kind != "definition" and NAME.fullmatch(name) is None):
                yield mistake(
                    f"{kind} {name!r}", "write a name in small and capital letters, digits and hyphens"
                )
    for party in accord.party:
        if len(party.code) > PARTY_CODE_MAX:
            yield mistake(f"party {party.code}", f"a code has at most {PARTY_CODE_MAX} letters")


def references(accord: Accord) -> Iterator[Finding]:
    codes = accord.codes
    tracks = {track.id for track in accord.track}
    terms = {definition.term for definition in accord.definition}
    for kind, rows in (("asset", accord.asset), ("period", accord.period)):
        for row in rows:
            if row.party not in codes:
                yield mistake(f"{kind} {row.id}", f"{row.party} is no party of this accord")
    for obligation in accord.obligation:
        where = f"obligation {obligation.id}"
        for code in (*named(obligation.duty), *named(obligation.toward)):
            if code not in codes:
                yield mistake(where, f"{code} is no party of this accord")
        if obligation.track and obligation.track not in tracks:
            yield mistake(where, f"there is no track {obligation.track}")
        for term in obligation.terms:
            if term not in terms:
                yield mistake(where, f"the term {term!r} is defined nowhere")
    if accord.force.depositary and accord.force.depositary not in codes:
        yield mistake("force", f"the depositary {accord.force.depositary} is no party of this accord")
    used = {term for obligation in accord.obligation for term in obligation.terms}
    for term in sorted(terms - used):
        yield doubt(f"definition {term}", "no obligation refers to this term")


def named(parties: Sequence[str] | str) -> Sequence[str]:
    return () if isinstance(parties, str) else parties


def spans(accord: Accord) -> Iterator[Finding]:
    """Every span and date can be read."""
    told: list[tuple[str, str]] = [("force", accord.force.notice)]
    told += [("force", span) for span in (accord.force.term, accord.force.renewal) if span]
    told += [(f"guarantee {one.id}", one.notice) for one in accord.guarantee]
    for obligation in accord.obligation:
        told += [(f"obligation {obligation.id}", span) for span in spans_of(obligation)]
    for where, span in told:
        yield from refused(where, parse_span, span)
    dates = [("force", accord.force.enters)] if accord.force.enters != "signature" else []
    dates += [(f"period {one.id}", day) for one in accord.period for day in (one.first, one.last)]
    dates += [(f"party {one.code}", day) for one in accord.party for day in one.holidays]
    dates += [
        (f"obligation {one.id}", one.clock.date) for one in accord.obligation if isinstance(one.clock, By)
    ]
    for where, day in dates:
        yield from refused(where, parse_day, day)


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


def refused(where: str, read: Callable[[str], object], text: str) -> Iterator[Finding]:
    try:
        read(text)
    except NotAllowed as refusal:
        yield mistake(where, refusal.why)


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
            yield mistake(f"period {period.id}", "it ends before it begins")
    if accord.force.renewal and not accord.force.term:
        yield mistake("force", "a renewal without a term never begins; give a term, or leave it out")


def contradictions(where: str, obligation: Obligation) -> Iterator[Finding]:
    clock = obligation.clock
    if isinstance(clock, Before):
        if clock.target and length(clock.target) < length(clock.at_least):
            yield mistake(where, f"its target of {clock.target} is shorter than the least, {clock.at_least}")
        for rule in clock.tighter:
            if length(rule.span) <= length(clock.at_least):
                yield mistake(
                    where, f"stricter means earlier here: {rule.span} is not more than {clock.at_least}"
                )
    elif isinstance(clock, (After, Never)):
        for rule in clock.tighter:
            if length(rule.span) >= length(clock.within):
                yield mistake(where, f"{rule.span} is not stricter than {clock.within}")
    for rule in tighter_of(obligation):
        if rule.period is None and rule.asset_class is None and not rule.civilian:
            yield mistake(where, "a stricter span without a period, a class or civilian never applies")
    whole = length_of(obligation)
    for lead in obligation.remind:
        if whole is not None and length(lead) >= whole:
            yield doubt(where, f"the reminder {lead} ahead comes before the clock starts")


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
            yield mistake(where, "a party cannot owe something to itself alone")
        if not named(obligation.duty) and obligation.duty != "each":
            yield mistake(where, "nobody owes it; name the parties, or write each")
        for rule in tighter_of(obligation):
            if rule.period is not None and rule.period not in kinds:
                yield doubt(where, f"no period of the kind {rule.period} is agreed yet, so that span rests")
            if rule.asset_class is not None and rule.asset_class not in classes:
                yield doubt(
                    where, f"no asset of the class {rule.asset_class} is listed yet, so that span rests"
                )
        if isinstance(obligation.clock, After):
            usual = ANSWERS.get(obligation.clock.event)
            if usual is not None and obligation.evidence != usual:
                yield doubt(
                    where,
                    f"{obligation.clock.event} is usually answered by {usual}, not {obligation.evidence}",
                )


def channels(accord: Accord) -> Iterator[Finding]:
    """Suspending a track must leave the channels and the experts' track alone."""
    experts = {track.id for track in accord.track if track.experts}
    for obligation in accord.obligation:
        if obligation.track and obligation.track not in experts and obligation.evidence in CHANNELS:
            yield mistake(
                f"obligation {obligation.id}",
                f"a channel ({obligation.evidence}) may not rest with a track; take the track out",
            )


def wordings(accord: Accord) -> Iterator[Finding]:
    """Each text stands in each authentic language; two obligations of one article say so in two texts."""
    languages = accord.languages.authentic
    if not languages:
        yield mistake("languages", "name at least one authentic language")
    if accord.languages.authoritative and accord.languages.authoritative not in languages:
        yield mistake("languages", "the authoritative language is one of the authentic ones")
    for where, text in texts(accord):
        lacking = [language for language in languages if not text.get(language, "").strip()]
        if lacking:
            yield mistake(where, f"its text is missing in {', '.join(lacking)}")
    for article, count in Counter(one.article for one in accord.obligation).items():
        if count > 1:
            yield doubt(f"article {article}", f"{count} obligations stand under it; number its paragraphs")


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
            what = (
                f"{', '.join(lacking)} named no authority of the level {obligation.owner}, so it has no owner"
            )
            yield mistake(f"obligation {obligation.id}", what)


def doubles(accord: Accord) -> Iterator[Finding]:
    """Two obligations with one trigger and one evidence ask twice, perhaps differently."""
    seen: dict[object, str] = {}
    for one in accord.obligation:
        asked = (type(one.clock), started_by(one), one.evidence, one.duty, one.toward, one.track)
        if asked in seen:
            yield doubt(
                f"obligation {one.id}", f"it asks for the same as {seen[asked]}; which of them holds?"
            )
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
            yield mistake(where, "it names no prefix, network, domain or service, so nobody can keep off it")
        yield from unreadable(where, asset)
    for party in accord.party:
        yield from unreadable(f"party {party.code}", party)


def unreadable(where: str, named: Asset | Party) -> Iterator[Finding]:
    for prefix in named.prefixes:
        try:
            ip_network(prefix)
        except ValueError:
            yield mistake(where, f"{prefix!r} is no prefix; write it as 192.0.2.0/24, without host bits")
    for network in named.networks:
        if not 0 < network < 1 << 32:
            yield mistake(where, f"AS{network} is no AS number")


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
