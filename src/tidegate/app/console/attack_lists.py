"""Attacks that somebody asks for: under way and on record, what they amount to, and what a filter may say."""

from collections.abc import Iterable, Sequence
from functools import partial

from tidegate.app.attack_counts import DAY_MS
from tidegate.app.attack_summary import attack_summary
from tidegate.app.console.access import Role, Viewer
from tidegate.app.console.gathering import RECORDED_SHOWN_MAX, Sources
from tidegate.app.console.rows import attack_row
from tidegate.app.console.views import AttackList, CountsView
from tidegate.app.filtering.attacks import ATTACK_FIELDS, AttackFilter, count_filter
from tidegate.app.filtering.offers import FilterHelp, filter_help
from tidegate.app.queries import ended_attacks
from tidegate.model.attacks import Attack
from tidegate.ports.outside import OutsideFailed

COUNTED_DAYS_MAX = 400
"""Days that counts on the page go back; asked for more, they go back so far."""

COUNTS_SHOWN_MAX = 200
"""Pairs of a vector and a border point in one answer, the most traffic first; the rest are counted."""


def attack_list(sources: Sources, since_ms: int, asked: str, before: int | None) -> AttackList:
    """Open attacks come with the first page of the record alone. FilterWrong for what is no filter."""
    now_ms = sources.clock.now_ms()
    keep = AttackFilter(asked, now_ms)
    opened = [] if before is not None else [one for one in open_attacks(sources) if keep(one, None)]
    shown = opened[:RECORDED_SHOWN_MAX]
    ended = ended_attacks(
        sources.facts(), before=before, since_ms=since_ms, limit=RECORDED_SHOWN_MAX, keep=keep
    )
    rows = [attack_row(one) for one in shown] + [attack_row(one, at_ms) for one, at_ms in ended.attacks]
    return AttackList(
        at_ms=now_ms,
        attacks=tuple(rows),
        open_left_out=len(opened) - len(shown),
        go_on=ended.go_on,
        looked_to_ms=ended.looked_to_ms,
    )


def open_attacks(sources: Sources) -> list[Attack]:
    """As the node observes them, or as last recorded where none answers; the newest first."""
    try:
        told: Iterable[Attack] = sources.now(0).attacks
    except OutsideFailed:
        told = sources.state().open_attacks.values()
    return sorted(told, key=lambda one: -one.number)


def attack_counts(sources: Sources, days: int, asked: str) -> CountsView:
    """Of so many days up to today (UTC). FilterWrong for what is no filter over counts."""
    now_ms = sources.clock.now_ms()
    keep = count_filter(asked, now_ms)
    until_ms = (now_ms // DAY_MS + 1) * DAY_MS
    from_ms = until_ms - min(max(days, 1), COUNTED_DAYS_MAX) * DAY_MS
    count = partial(attack_summary, sources.facts(), from_ms, until_ms, anew=False)
    rows = [row for row in count(by_vector=True, by_border_point=True) if keep(row)]
    whole = count(by_vector=False, by_border_point=False)
    return CountsView(
        at_ms=now_ms,
        from_ms=from_ms,
        until_ms=until_ms,
        rows=tuple(rows[:COUNTS_SHOWN_MAX]),
        rows_left_out=max(0, len(rows) - COUNTS_SHOWN_MAX),
        whole=whole[0] if whole else None,
    )


def help_with_filter(sources: Sources, asked: str, at: int, viewer: Viewer) -> FilterHelp:
    """Names are those of the configuration, of attacks under way, and of exporters for who may see them."""
    try:
        attacks: Sequence[Attack] = sources.now(0).attacks
    except OutsideFailed:
        attacks = ()
    note = sources.note() if viewer.role is not Role.WALL else None
    known = {
        "dst": tuple(dict.fromkeys(target for one in attacks for target in one.targets)),
        "point": tuple(sources.config.border_points),
        "exporter": tuple(one.exporter for one in note.exporters) if note else (),
        "object": tuple(sources.config.objects),
    }
    return filter_help(asked, at, ATTACK_FIELDS, known, sources.clock.now_ms())
