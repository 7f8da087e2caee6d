"""The tracks of dialogue: whether each runs, when it meets, what was decided, and who does what until when.

Tracks are independent (tidegate.accord.resting). What is said of one changes no other one, no channel, and no
guarantee; each entry is made from what was told of that very track and from nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from tidegate.accord.clocks import moment
from tidegate.accord.reckoning import Standing
from tidegate.accord.resting import Resting
from tidegate.accord.spans import midnight_after, parse_day
from tidegate.model.accords import Accord, Every, Occurrence, PartyCode, Text, Track
from tidegate.model.minutes import POINTS_MAX, Minutes
from tidegate.model.refusals import NotAllowed


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes by their digest. `told_by` are the parties that sent these very bytes, each with its fact: they
    are agreed when all have."""

    digest: str
    minutes: Minutes
    told_by: tuple[tuple[PartyCode, int], ...]


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """An action of a meeting; `done_s` and `fact` of its owner's word that it is done."""

    name: str
    text: Text
    owner: PartyCode
    due_s: int
    state: Literal["open", "done", "done late", "late"]
    done_s: int | None
    fact: int | None


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """How often an obligation has the track meet, and the first time of it that is not over."""

    obligation: str
    article: str
    span: str
    next_due_s: int | None


class TrackView(msgspec.Struct, frozen=True, kw_only=True):
    """One track. `rests_since_s` is None while it runs; `last_met` the moment and the fact."""

    track: str
    article: str
    level: str
    experts: bool
    rests_since_s: int | None
    schedules: tuple[Schedule, ...]
    last_met: tuple[int, int] | None
    next_date: str
    next_agenda: tuple[Text, ...]
    meetings: tuple[Meeting, ...]
    actions: tuple[Deed, ...]


def must_be_minutes(accord: Accord, minutes: Minutes) -> None:
    """NotAllowed for minutes that speak of no track or party of the accord, or are written in part only."""
    if minutes.track not in {track.id for track in accord.track}:
        known = ", ".join(track.id for track in accord.track) or "none"
        raise NotAllowed(f"{accord.id} has no track {minutes.track}; it has {known}")
    parse_day(minutes.held)
    most = max(map(len, (minutes.agenda, minutes.decision, minutes.action)))
    if most > POINTS_MAX:
        raise NotAllowed(f"{most} points: one meeting has at most {POINTS_MAX} of a kind")
    names = [*(one.id for one in minutes.decision), *(one.id for one in minutes.action)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise NotAllowed(f"{twice} is there twice; a decision and an action each have a name of their own")
    for action in minutes.action:
        parse_day(action.due)
        if action.owner not in accord.codes:
            raise NotAllowed(f"the action {action.id} belongs to {action.owner}, who is no party")
    if minutes.next is not None:
        parse_day(minutes.next.date)
    wanted = accord.languages.authentic
    lacking = next((tag for text in texts(minutes) for tag in wanted if tag not in text), None)
    if lacking is not None:
        raise NotAllowed(f"a text is not there in {lacking}; each authentic language has all of them")


def texts(minutes: Minutes) -> Iterator[Text]:
    yield from minutes.agenda
    yield from (one.text for one in minutes.decision)
    yield from (one.text for one in minutes.action)
    yield from minutes.next.agenda if minutes.next is not None else ()


def action_name(minutes: Minutes, action: str) -> str:
    """How an action is named in messages: by its track, its day and itself."""
    return f"{minutes.track}/{minutes.held}/{action}"


def tracks(
    accord: Accord,
    told: Sequence[Occurrence],
    meetings: Sequence[Meeting],
    standings: Sequence[Standing],
    now_s: int,
) -> list[TrackView]:
    """Every track of the accord, in its order."""
    resting = Resting(accord)
    for one in told:
        resting.hear(one)
    return [
        view(track, told, meetings, standings, resting.since(track.id, now_s), now_s)
        for track in accord.track
    ]


def view(
    track: Track,
    told: Sequence[Occurrence],
    meetings: Sequence[Meeting],
    standings: Sequence[Standing],
    rests_since_s: int | None,
    now_s: int,
) -> TrackView:
    own = [one for one in told if one.track == track.id and moment(one) <= now_s]
    met = [(moment(one), one.fact) for one in own if one.kind in ("track-met", "committee-met")]
    mine = sorted(
        (one for one in meetings if one.minutes.track == track.id), key=lambda one: one.minutes.held
    )
    last = mine[-1].minutes.next if mine else None
    return TrackView(
        track=track.id,
        article=track.article,
        level=track.level,
        experts=track.experts,
        rests_since_s=rests_since_s,
        schedules=tuple(schedules(track, standings)),
        last_met=max(met, default=None),
        next_date=last.date if last else "",
        next_agenda=last.agenda if last else (),
        meetings=tuple(mine),
        actions=tuple(deed for one in mine for deed in deeds(one.minutes, told, now_s)),
    )


def schedules(track: Track, standings: Sequence[Standing]) -> Iterator[Schedule]:
    found: dict[str, Schedule] = {}
    for one in standings:
        clock = one.obligation.clock
        if one.obligation.track != track.id or not isinstance(clock, Every):
            continue
        known = found.get(one.obligation.id)
        open_s = one.due_s if one.is_open else None
        if known is not None and known.next_due_s is not None:
            open_s = min(known.next_due_s, open_s) if open_s is not None else known.next_due_s
        found[one.obligation.id] = Schedule(
            obligation=one.obligation.id, article=one.obligation.article, span=clock.span, next_due_s=open_s
        )
    yield from found.values()


def deeds(minutes: Minutes, told: Sequence[Occurrence], now_s: int) -> Iterator[Deed]:
    """Only the owner's own word makes an action done; what it did late stays late."""
    reached: Mapping[tuple[str, PartyCode], Occurrence] = {
        (one.about, one.by): one
        for one in reversed(told)
        if one.kind == "milestone-reached" and moment(one) <= now_s
    }
    for action in minutes.action:
        name, due_s = action_name(minutes, action.id), midnight_after(parse_day(action.due))
        done = reached.get((name, action.owner))
        done_s = None if done is None else moment(done)
        yield Deed(
            name=name,
            text=action.text,
            owner=action.owner,
            due_s=due_s,
            state=state_of(done_s, due_s, now_s),
            done_s=done_s,
            fact=None if done is None else done.fact,
        )


def state_of(done_s: int | None, due_s: int, now_s: int) -> Literal["open", "done", "done late", "late"]:
    if done_s is not None:
        return "done" if done_s <= due_s else "done late"
    return "late" if now_s > due_s else "open"
