"""A detected attack told to others: the fields of an incident notification, and a bundle of STIX 2.1.

Only what was measured is filled in. Whose networks the traffic was seen from, how severe it is and what is
wished is for an officer to say.
"""

from collections.abc import Mapping, Sequence

from tidegate.app.queries import AttackChange
from tidegate.hotline.values import time_value
from tidegate.model.attacks import Attack
from tidegate.model.messages import Tlp
from tidegate.model.value_bytes import bytes_of, digest_of
from tidegate.wire.stix_export import stix_of_attack

REPORTER = "Tidegate"
"""Who made a bundle that no organisation has sent yet."""
ENDED = "ended"


def incident_fields(life: Sequence[AttackChange]) -> Mapping[str, tuple[str, ...]]:
    """Of the attack as last seen."""
    attack = life[-1].attack
    fields = {
        "kind": ("flood",),
        "status": (ENDED if is_over(life) else "ongoing",),
        "prefix": attack.targets,
        "vector": tuple(one.vector for one in attack.vectors),
        "began-at": (time_value(attack.first_seen_ms // 1000),),
    }
    if is_over(life):
        fields["ended-at"] = (time_value(attack.last_seen_ms // 1000),)
    if attack.actionable:
        fields |= _rates(attack)
    return fields


def _rates(attack: Attack) -> dict[str, tuple[str, ...]]:
    """Only of traffic that could be scaled: a lower bound is no estimate."""
    peak = attack.peak_bits_per_s
    return {
        "peak-bps": (str(peak.estimate),),
        "peak-bps-low": (str(peak.low),),
        "peak-bps-high": (str(peak.high),),
    }


def is_over(life: Sequence[AttackChange]) -> bool:
    return life[-1].change == ENDED


def stix_of_life(life: Sequence[AttackChange], tlp: Tlp) -> bytes:
    """Of the attack as last seen; the same attack gives the same bytes."""
    attack = life[-1].attack
    return stix_of_attack(attack, digest_of(bytes_of(attack)), REPORTER, tlp)
