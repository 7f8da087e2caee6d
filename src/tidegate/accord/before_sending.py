"""What is looked at before a message under an accord goes out: a notice that must not, or that comes late.

A stop is explained by article and never overridden by a screen; a mark goes out with the message, so that the
other side reads that its sender knows.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network

import msgspec

from tidegate.accord.clocks import Clocks, Instance
from tidegate.accord.spans import begin_of_day, midnight_after, parse_day
from tidegate.model.accords import (
    Accord,
    Asset,
    Before,
    Never,
    Obligation,
    Occurrence,
    PartyCode,
    Period,
)
from tidegate.model.remarks import Remark


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What an announced act will touch, and when: begin_s <= moment < end_s."""

    begin_s: int
    end_s: int
    prefixes: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    domains: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


def look(accord: Accord, notice: Occurrence, scope: Scope, received_s: int) -> list[Remark]:
    """What speaks against an advance notice as it is, if its recipients' stations have it at `received_s`."""
    return [
        *touched_assets(accord, notice, scope),
        *touched_periods(accord, notice, scope),
        *lateness(accord, notice, received_s),
    ]


def touched_assets(accord: Accord, notice: Occurrence, scope: Scope) -> Iterable[Remark]:
    article = article_of(accord, "asset-touched")
    for asset in accord.asset:
        if asset.party != notice.by and overlaps(asset, scope):
            values = (("asset", asset.id), ("party", asset.party), ("asset_class", asset.asset_class))
            yield Remark("stop", "touches-asset", article, values)


def touched_periods(accord: Accord, notice: Occurrence, scope: Scope) -> Iterable[Remark]:
    article = article_of(accord, notice.act or "exercise")
    for period in accord.period:
        if period.party in others(accord, notice) and meets(period, scope):
            names = (("period", period.id), ("party", period.party), ("kind", period.kind))
            days = (("first", period.first), ("last", period.last))
            yield Remark("stop", "falls-into", article, (*names, *days))


def lateness(accord: Accord, notice: Occurrence, received_s: int) -> Iterable[Remark]:
    """One mark for each obligation of notice whose time has passed."""
    clocks = Clocks(accord)
    for obligation in accord.obligation:
        clock = obligation.clock
        if not isinstance(clock, Before) or clock.act != notice.act or obligation.evidence != notice.kind:
            continue
        due = [
            clocks.timed(instance(obligation, notice, toward), {}).due_s for toward in others(accord, notice)
        ]
        late_s = received_s - min((one for one in due if one is not None), default=received_s)
        if late_s > 0:
            values = (("late_s", str(late_s)), ("least", clock.at_least))
            yield Remark("mark", "late", obligation.article, values)


def instance(obligation: Obligation, notice: Occurrence, toward: PartyCode) -> Instance:
    return Instance("", obligation, notice.by, toward, evidence={notice.fact: notice})


def others(accord: Accord, notice: Occurrence) -> Sequence[PartyCode]:
    return notice.toward or tuple(party.code for party in accord.party if party.code != notice.by)


def article_of(accord: Accord, act: str) -> str:
    """The article that forbids the act, or asks for its notice; empty where none does."""
    return next(
        (
            one.article
            for one in accord.obligation
            if isinstance(one.clock, (Never, Before)) and one.clock.act == act
        ),
        "",
    )


def overlaps(asset: Asset, scope: Scope) -> bool:
    """Whether a scope names the asset, a part of it, or something around it."""
    return (
        bool(set(asset.networks) & set(scope.networks))
        or bool(set(asset.services) & set(scope.services))
        or any(under(one, other) for one in asset.domains for other in scope.domains)
        or any(shares(one, other) for one in asset.prefixes for other in scope.prefixes)
    )


def under(one: str, other: str) -> bool:
    """Whether one of two domain names is the other or lies under it."""
    one, other = one.lower().rstrip("."), other.lower().rstrip(".")
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def shares(one: str, other: str) -> bool:
    first, second = ip_network(one), ip_network(other)
    return first.version == second.version and first.overlaps(second)


def meets(period: Period, scope: Scope) -> bool:
    begin_s, end_s = begin_of_day(parse_day(period.first)), midnight_after(parse_day(period.last))
    return begin_s < scope.end_s and scope.begin_s < end_s
