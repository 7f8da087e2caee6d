"""Rates between the words people write, "10 Gbit/s", and whole bits or packets per second."""

import re

_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BITS = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)\s*(?:bit/s|bps)", re.IGNORECASE)
_PACKETS = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)\s*(?:packets/s|p/s|pps)", re.IGNORECASE)


def parse_bits_per_s(text: str) -> int:
    """Reads "10 Gbit/s", "250 Mbps" or "800 kbit/s" as bits per second; ValueError for anything else."""
    return _parse(_BITS, text, "10 Gbit/s")


def parse_packets_per_s(text: str) -> int:
    """Reads "2.5 Mpps" or "800 kpps" as packets per second; ValueError for anything else."""
    return _parse(_PACKETS, text, "250 kpps")


def _parse(pattern: re.Pattern[str], text: str, example: str) -> int:
    found = pattern.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'write it like "{example}" or as a whole number')
    return round(float(found[1]) * _FACTORS[found[2].lower()])


_PREFIXES = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"), (1, ""))


def _prefix(value: float) -> tuple[int, str]:
    return next((part for part in _PREFIXES if abs(value) >= part[0] * 0.9995), (1, ""))


def si(value: float, unit: str) -> str:
    """Three significant digits with an SI prefix: 2_140_000_000, "bps" -> "2.14 Gbps"."""
    factor, prefix = _prefix(value)
    return f"{_three_digits(value / factor)} {prefix}{unit}"


def si_like(value: float, like: float) -> str:
    """The number alone, in the prefix that `like` is shown in: 1_900_000_000 beside 2.14 Gbps -> "1.9"."""
    return _three_digits(value / _prefix(like)[0])


def _three_digits(value: float) -> str:
    if abs(value) >= 99.95:
        return f"{value:.0f}"
    text = f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"
    return text.rstrip("0").rstrip(".")


def count_of(number: int, thing: str) -> str:
    """As "1 fact" or "3 facts"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
