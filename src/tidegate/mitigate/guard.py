"""The one function that no plan passes which could do great harm, whoever asks and whoever approves."""

from collections.abc import Mapping

import msgspec

from tidegate.mitigate.protected import Protected, default_protected
from tidegate.model.border import BorderPoint
from tidegate.model.plans import Plan
from tidegate.model.refusals import NotAllowed


class GuardSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator's file says; a limit may only be set so that less harm can be done.

    `border_points` are all that there are, `speakers` the addresses of our own BGP speakers.
    """

    border_points: tuple[BorderPoint, ...]
    speakers: tuple[str, ...]
    protected: Protected = msgspec.field(default_factory=default_protected)
    prefix_min_ipv4: int = 16
    prefix_min_ipv6: int = 32
    blackhole_min_ipv4: int = 32
    blackhole_min_ipv6: int = 128
    rules_max: int = 8
    lease_max_s: int = 3600
    approve_within_max_s: int = 3600
    in_force_max_s: int = 86_400
    held_back_max: int = 50_000
    redirect_allowed: bool = False


def refuse_unless_safe(plan: Plan, settings: GuardSettings, usual_inbound: Mapping[str, int]) -> None:
    """NotAllowed, with the reason in words, for a plan that could do great harm.

    `usual_inbound` is what usually comes in at each border point, in bits a second.
    """
    raise NotAllowed("the guard is being built; it lets nothing pass")
