"""Tables of prefixes: which network announces them, who holds them, and from which countries they answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from tidegate.model.audits import TEXT_MAX
from tidegate.model.topology import WrongLine
from tidegate.wire.comma_tables import as_number, country_code, rows

PREFIXES_MAX = 1 << 22
"""Prefixes of one table, three times today's Internet; a longer one is refused."""


@dataclass(frozen=True, slots=True)
class HeldPrefix:
    """`countries` and `organisation` are empty where the table does not say."""

    prefix: IPv4Network | IPv6Network
    network: int
    organisation: str = ""
    countries: tuple[str, ...] = ()
    anycast: bool = False


def decode_prefixes(data: bytes, file: str) -> Iterator[HeldPrefix]:
    """`prefix,network[,organisation][,countries][,anycast]`, or CAIDA's prefix, length and network by tabs.

    Of several networks (`64500_64501`, `64500,64501`) the first one counts. WrongLine for what is wrong.
    """
    by_tabs = b"\t" in data.split(b"\n", 1)[0]
    for count, held in enumerate(_by_tabs(data, file) if by_tabs else _by_commas(data, file)):
        if count >= PREFIXES_MAX:
            raise WrongLine(f"more than {PREFIXES_MAX:,} prefixes", file, count)
        yield held


def _by_commas(data: bytes, file: str) -> Iterator[HeldPrefix]:
    needed = (("prefix",), ("network", "asn", "as"))
    for line, row in rows(data, file, needed):
        countries = tuple(country_code(one, file, line) for one in row.get("countries", "").split())
        yield HeldPrefix(
            _prefix(row["prefix"], file, line),
            as_number(row["network"], file, line),
            row.get("organisation", "").strip()[:TEXT_MAX],
            tuple(sorted(set(countries))),
            row.get("anycast", "").strip().lower() in {"yes", "true", "1"},
        )


def _by_tabs(data: bytes, file: str) -> Iterator[HeldPrefix]:
    for at, line in enumerate(data.decode("ascii", "replace").splitlines(), 1):
        fields = line.split("\t")
        if len(fields) != 3:
            raise WrongLine("not a prefix, its length and its network", file, at)
        first = fields[2].replace(",", "_").partition("_")[0]
        yield HeldPrefix(_prefix(f"{fields[0]}/{fields[1]}", file, at), as_number(first, file, at))


def _prefix(text: str, file: str, line: int) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise WrongLine(f"{text!r} is no prefix", file, line) from error
