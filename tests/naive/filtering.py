"""The slow, obvious twin of filters: trees of tuples, and prefixes by the standard library."""

from ipaddress import ip_network
from typing import Any

from tidegate.model.attacks import Attack

UNITS_MS = {"min": 60_000, "h": 3_600_000, "d": 86_400_000}


def means(tree: Any, attack: Attack, ended_at_ms: int | None, now_ms: int) -> bool:
    if tree[0] == "not":
        return not means(tree[1], attack, ended_at_ms, now_ms)
    if tree[0] == "and":
        return means(tree[1], attack, ended_at_ms, now_ms) and means(tree[2], attack, ended_at_ms, now_ms)
    if tree[0] == "or":
        return means(tree[1], attack, ended_at_ms, now_ms) or means(tree[2], attack, ended_at_ms, now_ms)
    _, field, comparison, value = tree
    if comparison == "!=":
        return not means(("term", field, "=", value), attack, ended_at_ms, now_ms)
    if field == "dst":
        asked = ip_network(value)
        for text in attack.targets:
            held = ip_network(text)
            inner, outer = (asked, held) if comparison == "has" else (held, asked)
            if inner.version == outer.version and inner.subnet_of(outer):  # type: ignore[arg-type]
                return True
        return False
    if field == "vector":
        return value in [one.vector for one in attack.vectors]
    if field == "point":
        return value.lower() in [one.lower() for one in attack.border_points]
    if field == "exporter":
        return any(one == value or one.split("#")[0] == value for one in attack.exporters)
    if field == "state":
        return (value == "open") == (ended_at_ms is None)
    if field == "doubt":
        return value in attack.doubts
    if field == "object":
        return attack.object_name is not None and attack.object_name.lower() == value.lower()
    number = number_of(field, attack, ended_at_ms)
    if number is None:
        return False
    other = now_ms - age_ms(value) if field in ("began", "ended") else plain_number(field, value)
    if comparison == "=":
        return number == other
    if comparison == "<":
        return number < other
    if comparison == "<=":
        return number <= other
    if comparison == ">":
        return number > other
    return number >= other


def number_of(field: str, attack: Attack, ended_at_ms: int | None) -> int | None:
    return {
        "rate": attack.bits_per_s.estimate,
        "peak": attack.peak_bits_per_s.estimate,
        "packets": attack.packets_per_s.estimate,
        "began": attack.first_seen_ms,
        "ended": ended_at_ms,
        "lasted": max(0, attack.last_seen_ms - attack.first_seen_ms),
        "attack": attack.number,
    }[field]


def age_ms(text: str) -> int:
    unit = text.lstrip("0123456789")
    return int(text[: len(text) - len(unit)]) * UNITS_MS[unit]


def plain_number(field: str, text: str) -> int:
    if field == "lasted":
        return age_ms(text)
    if text[-1] in "kMGT":
        return int(text[:-1]) * {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}[text[-1]]
    return int(text)
