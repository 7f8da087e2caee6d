"""Shares and vectors in the few characters that the demo's columns have."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidegate.model.attacks import Attack
    from tidegate.model.plans import Share


def few_vectors(attack: "Attack", most: int) -> str:
    """As "dns, fragments +3"."""
    names = [part.vector for part in attack.vectors]
    more = f" +{len(names) - most}" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def listed(names: "Sequence[str]") -> str:
    """As "north, harbour and east"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def share(value: "Share") -> str:
    """As "97 % (95 to 99)"."""
    return f"{percent(value.estimate)} % ({percent(value.low)} to {percent(value.high)})"


def span(value: "Share") -> str:
    """The interval alone, in per cent, for narrow columns: "95 to 99"."""
    return f"{percent(value.low)} to {percent(value.high)}"


def percent(millionths: int) -> str:
    """Two significant figures below ten, whole ones above; 99.6 % of anything is not all of it."""
    value = millionths / 10_000
    if 99 <= value < 100:
        return f"{min(value, 99.9):.1f}".removesuffix(".0")
    return f"{value:.0f}" if value >= 10 or not millionths else f"{value:.2g}"
