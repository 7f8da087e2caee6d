"""The settings as plans and the border take them: routers, planner, guard, approval, speaker."""

from pathlib import Path

import msgspec

from tidegate.app.settings import Config, RouterSection
from tidegate.mitigate.approval import ApprovalSettings
from tidegate.mitigate.due import PaceSettings
from tidegate.mitigate.guard import GuardSettings
from tidegate.mitigate.protected import default_protected, protected_from
from tidegate.mitigate.settings import PlanSettings
from tidegate.model.border import BorderPoint, BorderRouter, BorderSettings, RouterProfile
from tidegate.model.plans import MILLION
from tidegate.model.refusals import NotAllowed

ROSTER_NAME = "officers.toml"

NAMED_BYTES_MAX = 1 << 20
"""Longest file that the configuration names (a protected list, a password); a longer one is refused."""


def border_points(config: Config) -> tuple[BorderPoint, ...]:
    """NotAllowed for a session's password that cannot be read."""
    return tuple(
        BorderPoint(
            name=name,
            capacity_bits_per_s=section.capacity,
            routers=tuple(border_router(router, at) for router, at in section.routers.items()),
        )
        for name, section in config.border_points.items()
    )


def border_router(name: str, section: RouterSection) -> BorderRouter:
    return BorderRouter(
        name=name,
        address=section.address,
        peer_as=section.peer_as,
        port=section.port,
        password=None if section.password_file is None else told_in(section.password_file).strip(),
        receiver=section.receiver,
        profile=RouterProfile(
            rule_budget=section.rule_budget,
            components=frozenset(section.components),
            rate_step_bytes_per_s=section.rate_step,
            ipv6=section.ipv6,
        ),
    )


def counter_commands(config: Config) -> dict[str, dict[str, tuple[str, ...]]]:
    """By border point and router. Where one router gives no counters, what the others count is not all."""
    return {
        name: {router: at.counters for router, at in section.routers.items()}
        for name, section in config.border_points.items()
        if section.routers and all(at.counters for at in section.routers.values())
    }


def plan_settings(config: Config) -> PlanSettings:
    asked = config.planning
    return PlanSettings(
        rules_max=asked.rules_max,
        capacity_filled=asked.capacity_filled,
        hold_targets=asked.hold_targets,
        bytes_worth_one=asked.bytes_worth_one,
        blackhole=asked.blackhole,
        blackhole_next_hop_ipv4=asked.blackhole_next_hop_ipv4,
        blackhole_next_hop_ipv6=asked.blackhole_next_hop_ipv6,
        blackhole_communities=asked.blackhole_communities,
        approve_within_s=asked.approve_within_seconds,
        ends_after_s=asked.ends_after_seconds,
        lease_s=asked.lease_seconds,
        spot_test_s=asked.spot_test_seconds,
        widen_every_s=asked.widen_every_seconds,
    )


def pace_settings(config: Config) -> PaceSettings:
    asked = config.planning
    return PaceSettings(
        look_every_s=asked.look_every_seconds,
        look_s=asked.look_seconds,
        settle_s=asked.settle_seconds,
        evidence_s=asked.evidence_seconds,
    )


def guard_settings(config: Config) -> GuardSettings:
    """NotAllowed for a protected list that cannot be read: nothing is planned without it."""
    asked = config.guard
    protected = default_protected()
    for file in asked.protected:
        protected = protected.joined(protected_from(told_in(file)))
    speaker = config.border.local_address
    return GuardSettings(
        border_points=border_points(config),
        speakers=() if speaker is None else (speaker,),
        protected=protected,
        prefix_min_ipv4=asked.prefix_min_ipv4,
        prefix_min_ipv6=asked.prefix_min_ipv6,
        blackhole_min_ipv4=asked.blackhole_min_ipv4,
        blackhole_min_ipv6=asked.blackhole_min_ipv6,
        blackhole_next_hops=(
            config.planning.blackhole_next_hop_ipv4,
            config.planning.blackhole_next_hop_ipv6,
        ),
        rules_max=config.planning.rules_max,
        lease_max_s=asked.lease_max_seconds,
        approve_within_max_s=asked.approve_within_max_seconds,
        in_force_max_s=asked.in_force_max_seconds,
        held_back_max=round(asked.held_back_max * MILLION),
        redirect_allowed=asked.redirect_allowed,
    )


def approval_settings(config: Config, node: str) -> ApprovalSettings:
    return ApprovalSettings(node=node, proposer_may_approve=config.approval.proposer_may_approve)


def roster_path(config: Config, folder: Path) -> Path:
    """The roster's place: the operator's, else officers.toml in the state folder."""
    return Path(config.approval.roster) if config.approval.roster else folder / ROSTER_NAME


def border_settings(config: Config, folder: Path, node: str) -> BorderSettings | None:
    """What the speaker's process needs; None where none is configured. NotAllowed as `guard_settings`."""
    asked = config.border
    if asked.speaker == "off":
        return None
    assert asked.local_as is not None, "a configuration with a speaker and without it is refused"
    assert asked.local_address is not None, "the same"
    return BorderSettings(
        node=node,
        border_points=border_points(config),
        state_folder=str(folder.absolute()),
        officers=str(roster_path(config, folder).absolute()),
        local_as=asked.local_as,
        local_address=asked.local_address,
        router_id=asked.router_id or asked.local_address,
        speaker=asked.speaker,
        listen_port=asked.listen_port,
        hold_time_s=asked.hold_time_seconds,
        gobgp=asked.gobgp,
        mirror=asked.mirror,
        guard=msgspec.json.encode(guard_settings(config)).decode(),
        proposer_may_approve=config.approval.proposer_may_approve,
    )


def told_in(file: str) -> str:
    """The text of a file that the configuration names; NotAllowed where it cannot be read."""
    try:
        with open(file, encoding="utf-8") as opened:
            text = opened.read(NAMED_BYTES_MAX + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise NotAllowed(f"{file}, which the configuration names, cannot be read: {error}") from error
    if len(text) > NAMED_BYTES_MAX:
        raise NotAllowed(
            f"{file}, which the configuration names, is longer than {NAMED_BYTES_MAX} characters"
        )
    return text
