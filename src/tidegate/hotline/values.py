"""Values of a form's fields: each kind has one way to be written, the same in every language.

Times are UTC to the second, numbers have ASCII digits and no separators, addresses and names their canonical
form: what two officers read to each other over a telephone is the same characters on both screens.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tidegate.hotline.fields import Kind

VALUE_CHARACTERS_MAX = 253
"""Characters of one value: those of a domain name (RFC 1035); what is longer belongs to the remarks."""
COUNT_MAX = (1 << 53) - 1
"""The greatest number in a field: more than a thousand times what the internet carries, in bits a second."""

TIME = re.compile(r"(?:20|21)\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
COUNT = re.compile(r"0|[1-9]\d{0,15}", re.ASCII)
NETWORK = re.compile(r"AS([1-9]\d{0,9})", re.ASCII)
DOMAIN = re.compile(
    r"(?=.{3,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
COUNTRY = re.compile(r"[A-Z]{2}")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
DIGEST = re.compile(r"[0-9a-f]{64}")
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,159}")
PHONE = re.compile(r"\+[1-9][0-9 ]{5,18}[0-9]")
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def time_of(value: str) -> int:
    """Seconds since 1970 of a time as fields hold it; ValueError where it is none."""
    if TIME.fullmatch(value) is None:
        raise ValueError(value)
    return int(datetime.strptime(value, TIME_FORMAT).replace(tzinfo=UTC).timestamp())


def time_value(at_s: int) -> str:
    """The inverse."""
    return datetime.fromtimestamp(at_s, UTC).strftime(TIME_FORMAT)


def is_value(kind: Kind, value: str) -> bool:
    """Whether this is how a value of this kind is written. Codes and lines of text have rules elsewhere."""
    return len(value) <= VALUE_CHARACTERS_MAX and RULES[kind](value)


def _is_time(value: str) -> bool:
    try:
        time_of(value)
    except ValueError:
        return False
    return True


def _is_count(value: str) -> bool:
    return COUNT.fullmatch(value) is not None and int(value) <= COUNT_MAX


def _is_prefix(value: str) -> bool:
    try:
        return str(ipaddress.ip_network(value)) == value and "/" in value
    except ValueError:
        return False


def _is_network(value: str) -> bool:
    found = NETWORK.fullmatch(value)
    return found is not None and int(found[1]) < 1 << 32


def _matching(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


RULES: Mapping[Kind, Callable[[str], bool]] = {
    "code": lambda _: True,
    "line": lambda value: bool(value.strip()),
    "time": _is_time,
    "count": _is_count,
    "bps": _is_count,
    "pps": _is_count,
    "prefix": _is_prefix,
    "network": _is_network,
    "domain": _matching(DOMAIN),
    "country": _matching(COUNTRY),
    "language": _matching(LANGUAGE),
    "digest": _matching(DIGEST),
    "reference": _matching(REFERENCE),
    "name": _matching(NAME),
    "phone": _matching(PHONE),
}
