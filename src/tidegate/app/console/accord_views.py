"""The Accord screen as values: accords, obligations by clock, standing by party, registers, dialogue."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from tidegate.accord.changes import by_number
from tidegate.accord.dialogue import TrackView, tracks
from tidegate.accord.next_steps import next_step
from tidegate.accord.reckoning import Reckoning, Standing
from tidegate.accord.stages import Stage
from tidegate.app.accord.books import Book, Books
from tidegate.app.accord.views import Member, guarantees, members
from tidegate.app.console.accord_acts import Act, act_of
from tidegate.app.console.accord_reader import Where
from tidegate.model.accords import Occurrence, PartyCode, Text
from tidegate.model.organisations import Level, OrganisationId

DUE_SHOWN_MAX = 1_000
"""Obligations on the Accord screen, what needs somebody first; `left_out` counts the rest."""

PRESSING = (Stage.BREACHED, Stage.DISPUTED, Stage.LATE)
"""What comes first: something has to happen between people."""


class PartyShown(msgspec.Struct, frozen=True, kw_only=True):
    """`us` where the node speaks for it."""

    code: PartyCode
    name: Text
    us: bool


class AccordRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of one accord. `current` is the one that is shown under its id; `lacking` are parties that
    have not signed. Counts are of what is open; `next_ms` is when the next clock ends."""

    accord: str
    version: int
    digest: str
    title: Text
    parties: tuple[PartyShown, ...]
    lacking: tuple[PartyCode, ...]
    current: bool
    in_force: bool
    from_ms: int | None
    until_ms: int | None
    late: int
    disputed: int
    due: int
    next_ms: int | None


class AccordList(msgspec.Struct, frozen=True, kw_only=True):
    """`founded` is whether the node speaks for an organisation; `left_out` counts files beyond the bound."""

    at_ms: int
    founded: bool
    accords: tuple[AccordRow, ...]
    left_out: int


class ArticleRow(msgspec.Struct, frozen=True, kw_only=True):
    """An obligation as it was signed; `owner` is the level whose officers it concerns."""

    obligation: str
    article: str
    text: Text
    owner: Level


class DueRow(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation of one party toward another. `trigger`, `evidence` and `procedure` (what happened, and
    its fact) are numbers of facts in this ledger; `step` is ours, `act` how it is done."""

    instance: str
    obligation: str
    duty: PartyCode
    toward: PartyCode
    stage: str
    began_ms: int | None
    due_ms: int | None
    kept_ms: int | None
    trigger: int | None
    evidence: tuple[int, ...]
    procedure: tuple[tuple[str, int], ...]
    step: str
    act: Act | None


class PeriodRow(msgspec.Struct, frozen=True, kw_only=True):
    """A protected time, whole days UTC, both included."""

    period: str
    party: PartyCode
    kind: str
    first: str
    last: str


class AccordView(msgspec.Struct, frozen=True, kw_only=True):
    """One accord by its clocks. `us` is None where the node is no party and only looks on; `authoritative` ""
    where all languages are equally authentic. `rows` are what is open (and what is over, where asked), the
    pressing first; `years` have a review pack; `same_node` where the ledger that facts are numbered in is the
    one that the console shows."""

    at_ms: int
    accord: str
    version: int
    digest: str
    title: Text
    authentic: tuple[str, ...]
    authoritative: str
    parties: tuple[PartyShown, ...]
    us: PartyCode | None
    lacking: tuple[PartyCode, ...]
    in_force: bool
    from_ms: int | None
    until_ms: int | None
    articles: tuple[ArticleRow, ...]
    periods: tuple[PeriodRow, ...]
    rows: tuple[DueRow, ...]
    left_out: int
    years: tuple[int, ...]
    same_node: bool


class PartyStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What one party owes, by stage. `kept_late` are those of the late ones whose evidence came at last."""

    party: PartyCode
    stages: dict[str, int]
    kept_late: int


class ObligationStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation: who owed it how often, by party and stage."""

    obligation: str
    article: str
    by_party: dict[PartyCode, dict[str, int]]


class PartiesView(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    accord: str
    parties: tuple[PartyStanding, ...]
    obligations: tuple[ObligationStanding, ...]


class GuaranteeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A guarantee or pledge, its register, and the pairs between whom it is in force now."""

    guarantee: str
    article: str
    text: Text
    subject: str
    open: bool
    notice: str
    members: tuple[Member, ...]
    between: tuple[tuple[PartyCode, PartyCode], ...]
    command: str


class PledgesView(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    accord: str
    guarantees: tuple[GuaranteeRow, ...]


class TrackShown(msgspec.Struct, frozen=True, kw_only=True):
    text: Text
    track: TrackView


class DialogueView(msgspec.Struct, frozen=True, kw_only=True):
    """Each track on its own."""

    at_ms: int
    accord: str
    parties: int
    tracks: tuple[TrackShown, ...]


def shown_parties(book: Book, own: OrganisationId) -> tuple[PartyShown, ...]:
    return tuple(
        PartyShown(code=one.code, name=one.name, us=book.codes.get(own) == one.code)
        for one in book.accord.party
    )


def lacking(book: Book) -> tuple[PartyCode, ...]:
    return tuple(code for code in book.accord.codes if code not in book.signed)


def milliseconds(at_s: int | None) -> int | None:
    return None if at_s is None else at_s * 1_000


def accord_row(
    book: Book, own: OrganisationId, opened: Sequence[Standing], now_s: int, *, current: bool
) -> AccordRow:
    """`opened` is what is open under it, nothing while it is not in force."""
    stages = Counter(one.stage for one in opened)
    due = [one.due_s for one in opened if one.stage is Stage.DUE and one.due_s is not None]
    return AccordRow(
        accord=book.accord.id,
        version=book.accord.version,
        digest=book.digest,
        title=book.accord.title,
        parties=shown_parties(book, own),
        lacking=lacking(book),
        current=current,
        in_force=book.force is not None and book.force.covers(now_s),
        from_ms=milliseconds(book.force.entered_s) if book.force else None,
        until_ms=milliseconds(book.force.ended_s) if book.force else None,
        late=stages[Stage.LATE],
        disputed=stages[Stage.DISPUTED],
        due=stages[Stage.DUE],
        next_ms=milliseconds(min(due, default=None)),
    )


def in_order(books: Books) -> list[Book]:
    """By id, the newest version first."""
    return sorted(books.by_digest.values(), key=lambda book: (book.accord.id, -book.accord.version))


def accord_view(
    book: Book,
    reckoning: Reckoning | None,
    own: OrganisationId,
    where: Where,
    now_s: int,
    *,
    closed: bool,
) -> AccordView:
    """`reckoning` is None while it is not in force; `closed` adds what is over."""
    us = book.codes.get(own)
    found = [] if reckoning is None else by_clock(reckoning, now_s, closed=closed)
    return AccordView(
        at_ms=now_s * 1_000,
        accord=book.accord.id,
        version=book.accord.version,
        digest=book.digest,
        title=book.accord.title,
        authentic=book.accord.languages.authentic,
        authoritative=book.accord.languages.authoritative,
        parties=shown_parties(book, own),
        us=us,
        lacking=lacking(book),
        in_force=book.force is not None and book.force.covers(now_s),
        from_ms=milliseconds(book.force.entered_s) if book.force else None,
        until_ms=milliseconds(book.force.ended_s) if book.force else None,
        articles=tuple(articles(book)),
        periods=tuple(
            PeriodRow(period=one.id, party=one.party, kind=one.kind, first=one.first, last=one.last)
            for one in book.accord.period
        ),
        rows=tuple(due_row(book, one, us, where.option) for one in found[:DUE_SHOWN_MAX]),
        left_out=max(0, len(found) - DUE_SHOWN_MAX),
        years=years(book, now_s),
        same_node=where.same_node,
    )


def articles(book: Book) -> list[ArticleRow]:
    return [
        ArticleRow(obligation=one.id, article=one.article, text=one.text, owner=one.owner)
        for one in sorted(book.accord.obligation, key=lambda one: by_number(one.article))
    ]


def by_clock(reckoning: Reckoning, now_s: int, *, closed: bool) -> list[Standing]:
    """What is open, and what was found not kept: the pressing first, then the soonest due; then, where asked,
    what is over, the last first."""
    found = {one.name: one for one in reckoning.open(now_s)}
    whole: Sequence[Standing] = ()
    if closed or any(stage is Stage.BREACHED for _, stage in reckoning.counts(now_s)):
        whole = reckoning.standing(now_s)  # only then, since most of all there ever was is over
    found |= {one.name: one for one in whole if one.stage is Stage.BREACHED}
    over = [one for one in whole if one.name not in found] if closed else []
    return [
        *sorted(found.values(), key=pressing_first),
        *sorted(over, key=lambda one: (-(one.due_s or 0), one.name)),
    ]


def pressing_first(one: Standing) -> tuple[int, bool, int, str]:
    order = 0 if one.stage in PRESSING else 1 if one.stage is Stage.DUE else 2
    return order, one.due_s is None, one.due_s or 0, one.name


def due_row(book: Book, one: Standing, us: PartyCode | None, option: str) -> DueRow:
    step = next_step(one, us or "")
    act = None if us is None else act_of(book, one, step, us)
    return DueRow(
        instance=one.name,
        obligation=one.obligation.id,
        duty=one.duty,
        toward=one.toward,
        stage=str(one.stage),
        began_ms=milliseconds(one.began_s),
        due_ms=milliseconds(one.due_s),
        kept_ms=milliseconds(one.kept_s),
        trigger=one.trigger,
        evidence=one.evidence,
        procedure=tuple((str(event), fact) for event, fact in one.procedure),
        step=str(step),
        act=None if act is None else msgspec.structs.replace(act, command=act.command + option),
    )


def years(book: Book, now_s: int) -> tuple[int, ...]:
    """Those that it was in force in, up to this one, the last first."""
    if book.force is None or book.force.entered_s > now_s:
        return ()
    until_s = now_s if book.force.ended_s is None else min(now_s, book.force.ended_s)
    first, last = (datetime.fromtimestamp(one, UTC).year for one in (book.force.entered_s, until_s))
    return tuple(range(last, first - 1, -1))


def parties_view(book: Book, standings: Sequence[Standing], now_s: int) -> PartiesView:
    """Of all that ever came due: an account of the promises, and no score."""
    each = Counter((one.obligation.id, one.duty, one.stage) for one in standings)
    kept_late = Counter(one.duty for one in standings if one.stage is Stage.LATE and one.kept_s is not None)
    codes, known = book.accord.codes, articles(book)
    return PartiesView(
        at_ms=now_s * 1_000,
        accord=book.accord.id,
        parties=tuple(
            PartyStanding(
                party=code,
                stages=by_stage(each, code, [one.obligation for one in known]),
                kept_late=kept_late[code],
            )
            for code in codes
        ),
        obligations=tuple(
            ObligationStanding(
                obligation=one.obligation,
                article=one.article,
                by_party={code: by_stage(each, code, [one.obligation]) for code in codes},
            )
            for one in known
        ),
    )


def by_stage(
    each: Mapping[tuple[str, PartyCode, Stage], int], code: PartyCode, obligations: Sequence[str]
) -> dict[str, int]:
    """How many of a party's stand at each stage, in the order of the stages."""
    counts = {str(stage): sum(each.get((one, code, stage), 0) for one in obligations) for stage in Stage}
    return {stage: count for stage, count in counts.items() if count}


def pledges_view(book: Book, option: str, now_s: int) -> PledgesView:
    registers = members(book, now_s)
    between = guarantees(book, now_s)
    return PledgesView(
        at_ms=now_s * 1_000,
        accord=book.accord.id,
        guarantees=tuple(
            GuaranteeRow(
                guarantee=one.id,
                article=one.article,
                text=one.text,
                subject=one.subject,
                open=one.open,
                notice=one.notice,
                members=tuple(member for member in registers if member.guarantee == one.id),
                between=tuple(between[one.id]),
                command=f"tidegate accord pledge join {one.id} --accord {book.accord.id} --to NAME{option}",
            )
            for one in book.accord.guarantee
        ),
    )


def dialogue_view(book: Book, standings: Sequence[Standing], now_s: int) -> DialogueView:
    told = [one for one in book.told if isinstance(one, Occurrence)]
    found = tracks(book.accord, told, book.meetings(), standings, now_s)
    texts = {one.id: one.text for one in book.accord.track}
    return DialogueView(
        at_ms=now_s * 1_000,
        accord=book.accord.id,
        parties=len(book.accord.party),
        tracks=tuple(TrackShown(text=texts[one.track], track=one) for one in found),
    )
