"""Values that the tests tell their stories with."""

from typing import Any

from tidegate.model.attacks import Attack, Rate, VectorRate


def an_attack(**changes: Any) -> Attack:
    """A middling NTP reflection against one documentation host, with any field changed."""
    rate = Rate(12_000_000_000, 11_500_000_000, 12_500_000_000)
    packets = Rate(3_200_000, 3_100_000, 3_300_000)
    story: dict[str, Any] = {
        "number": 1,
        "targets": ("198.51.100.7/32",),
        "object_name": None,
        "vectors": (VectorRate("ntp", rate, packets),),
        "bits_per_s": rate,
        "packets_per_s": packets,
        "peak_bits_per_s": rate,
        "threshold_bits_per_s": 800_000_000,
        "first_seen_ms": 1_700_000_000_000,
        "last_seen_ms": 1_700_000_003_000,
        "telemetry_age_ms": 400,
        "exporters": ("192.0.2.1#0",),
        "border_points": ("north",),
        "doubts": (),
        "actionable": True,
    }
    return Attack(**story | changes)
