"""Lists of services to audit: TOML with everything, comma-separated tables, or just one domain a line.

Events and policies are TOML, too. What is read becomes declared observations; unknown keys are refused.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from tidegate.model.audit_costs import STATED_MAX, Costs
from tidegate.model.audit_events import EVENTS_MAX, RULES_MAX, Policy, WhatIf
from tidegate.model.audits import (
    Effect,
    Layer,
    NeedDeclared,
    Observation,
    ProviderDeclared,
    ServiceListed,
    ThingDeclared,
)
from tidegate.model.topology import NOWHERE, PEOPLE_MAX, WrongLine
from tidegate.wire.comma_tables import country_code, rows, whole_number

SERVICES_MAX = 20_000
"""Services of one list; a longer one is refused."""

HOURS_MAX = 24 * 366 * 10
"""Hours that a need may be said to last; more are refused."""

_AT_LINE = re.compile(r"\(at line (\d+)")
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+")

Value = TypeVar("Value")


class _Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    layer: Layer
    any_of: tuple[str, ...]
    effect: Effect = "critical"
    lasts_hours: int = 0


class _Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    country: str = ""
    sector: str = ""
    people: int = 1
    session_hours: int = 0
    domains: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    need: tuple[_Need, ...] = ()


class _Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    provider: str = ""
    countries: tuple[str, ...] = ()
    need: tuple[_Need, ...] = ()


class _Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    country: str
    owner: str = ""
    present_in: tuple[str, ...] = ()
    networks: tuple[int, ...] = ()
    suffixes: tuple[str, ...] = ()
    authorities: tuple[str, ...] = ()
    caa: tuple[str, ...] = ()


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    country: str = ""
    service: tuple[_Service, ...] = ()
    thing: tuple[_Thing, ...] = ()
    provider: tuple[_Provider, ...] = ()


def decode_service_list(data: bytes, file: str, at_s: int, country: str = "") -> tuple[Observation, ...]:
    """Services, things, needs and providers of a list, as observations of `at_s`. `country` is the services'
    where the list does not say. WrongLine for what is wrong, with its line.
    """
    if file.endswith(".toml"):
        found = tuple(_declared(_decoded(data, file, _List), file, at_s, country))
    elif b"," in data.split(b"\n", 1)[0]:
        found = tuple(_from_table(data, file, at_s, country))
    else:
        found = tuple(_from_names(data, file, at_s, country))
    services = [one.name for one in found if isinstance(one, ServiceListed)]
    if not services:
        raise WrongLine("no service in it", file, 1)
    if len(services) > SERVICES_MAX:
        raise WrongLine(f"more than {SERVICES_MAX:,} services", file, 1)
    twice = next((name for name, times in Counter(services).items() if times > 1), None)
    if twice is not None:
        raise WrongLine(f"two services are called {twice!r}", file, 1)
    return found


def decode_what_if(data: bytes, file: str) -> WhatIf:
    """A what-if as TOML. WrongLine for what is wrong."""
    told = _decoded(data, file, WhatIf)
    if len(told.event) > EVENTS_MAX:
        raise WrongLine(f"more than {EVENTS_MAX:,} events", file, 1)
    return told


def decode_policy(data: bytes, file: str) -> Policy:
    """A policy as TOML. WrongLine for what is wrong, such as a rule that asks for nothing."""
    told = _decoded(data, file, Policy)
    if len(told.rule) > RULES_MAX:
        raise WrongLine(f"more than {RULES_MAX:,} rules", file, 1)
    for at, rule in enumerate(told.rule):
        if not rule.is_whole:
            why = f"rule {rule.name!r} says either `survives`, or `layer` and `must_be`"
            raise WrongLine(why, file, _line_of(data, f"$.rule[{at}]"))
    return told


def decode_costs(data: bytes, file: str) -> Costs:
    """What changes cost, as TOML. WrongLine for what is wrong."""
    told = _decoded(data, file, Costs)
    if len(told.change) > STATED_MAX:
        raise WrongLine(f"more than {STATED_MAX:,} changes", file, 1)
    return told


def host_name(text: str, file: str, line: int) -> str:
    """Lower case, as A-labels, without a last dot; WrongLine for what is no name of a host."""
    name = text.strip().lower().removesuffix(".")
    try:
        name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError as error:
        raise WrongLine(f"{text!r} is not the name of a host", file, line) from error
    if not _NAME.fullmatch(name):
        raise WrongLine(f"{text!r} is not the name of a host", file, line)
    return name


def _decoded(data: bytes, file: str, kind: type[Value]) -> Value:
    try:
        told = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        at = _AT_LINE.search(str(error))
        raise WrongLine(str(error), file, int(at[1]) if at else 1) from error
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        raise WrongLine(str(error), file, _line_of(data, str(error))) from error


def _line_of(data: bytes, error: str) -> int:
    """The line of the table that a message such as `$.service[2].need[0].layer` names."""
    at = re.search(r"\$\.(\w+)\[(\d+)\]", error)
    if at is None:
        return 1
    heads = [m.start() for m in re.finditer(rb"^\[\[" + at[1].encode() + rb"\]\]", data, re.MULTILINE)]
    return data.count(b"\n", 0, heads[int(at[2])]) + 1 if int(at[2]) < len(heads) else 1


def _declared(told: _List, file: str, at_s: int, country: str) -> Iterator[Observation]:
    source = f"declared {file}"
    home = told.country or country
    for one in told.service:
        if not 0 <= one.people <= PEOPLE_MAX:
            raise WrongLine(f"people of {one.name!r}: from 0 to {PEOPLE_MAX:,}", file, 1)
        if not 0 <= one.session_hours <= HOURS_MAX:
            raise WrongLine(f"session_hours of {one.name!r}: from 0 to {HOURS_MAX:,}", file, 1)
        yield ServiceListed(
            at_s=at_s,
            source=source,
            name=one.name,
            country=country_code(one.country or home, file, 1),
            sector=one.sector,
            people=one.people,
            domains=_names(one.domains, file),
            backends=_names(one.backends, file),
            mail=_names(one.mail, file),
            session_s=one.session_hours * 3600,
        )
        yield from _needs(one.name, one.need, file, at_s)
    for thing in told.thing:
        countries = tuple(country_code(code, file, 1) for code in thing.countries)
        yield ThingDeclared(
            at_s=at_s, source=source, name=thing.name, provider=thing.provider, countries=countries
        )
        yield from _needs(thing.name, thing.need, file, at_s)
    for provider in told.provider:
        yield ProviderDeclared(
            at_s=at_s,
            source=source,
            name=provider.name,
            owner=provider.owner,
            country=country_code(provider.country, file, 1),
            present_in=tuple(country_code(code, file, 1) for code in provider.present_in),
            networks=provider.networks,
            suffixes=_names(provider.suffixes, file),
            authorities=provider.authorities,
            caa=_names(provider.caa, file),
        )


def _names(names: tuple[str, ...], file: str) -> tuple[str, ...]:
    return tuple(host_name(name, file, 1) for name in names)


def _needs(of: str, needs: tuple[_Need, ...], file: str, at_s: int) -> Iterator[NeedDeclared]:
    for need in needs:
        if not 0 <= need.lasts_hours <= HOURS_MAX:
            raise WrongLine(f"lasts_hours of {of!r}: from 0 to {HOURS_MAX:,}", file, 1)
        if not need.any_of:
            raise WrongLine(f"a need of {of!r} names nothing in any_of", file, 1)
        yield NeedDeclared(
            at_s=at_s,
            source=f"declared {file}",
            of=of,
            layer=need.layer,
            any_of=need.any_of,
            effect=need.effect,
            lasts_s=need.lasts_hours * 3600,
        )


def _from_table(data: bytes, file: str, at_s: int, country: str) -> Iterator[Observation]:
    """`domain` (or `domains`), and `name`, `sector`, `people`, `country`, `backends`, `mail`,
    `session_hours` where they are there; several hosts are set apart by spaces.
    """
    for line, row in rows(data, file, (("domain", "domains"),)):
        domains = [host_name(name, file, line) for name in row["domain"].split()]
        if not domains:
            raise WrongLine("no domain", file, line)
        yield ServiceListed(
            at_s=at_s,
            source=f"declared {file}",
            name=row.get("name") or domains[0],
            country=country_code(row.get("country") or country, file, line),
            sector=row.get("sector", ""),
            people=whole_number(row.get("people") or "1", file, line, PEOPLE_MAX),
            domains=tuple(domains),
            backends=tuple(host_name(name, file, line) for name in row.get("backends", "").split()),
            mail=tuple(host_name(name, file, line) for name in row.get("mail", "").split()),
            session_s=whole_number(row.get("session_hours") or "0", file, line, HOURS_MAX) * 3600,
        )


def _from_names(data: bytes, file: str, at_s: int, country: str) -> Iterator[Observation]:
    """One domain a line; a heading "domain", empty lines and what stands behind # are passed over."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise WrongLine("not UTF-8", file, data.count(b"\n", 0, error.start) + 1) from error
    for line, text in enumerate(lines, 1):
        told = text.partition("#")[0].strip()
        if not told or (line == 1 and told.lower() in ("domain", "domains")):
            continue
        name = host_name(told, file, line)
        yield ServiceListed(
            at_s=at_s,
            source=f"declared {file}",
            name=name,
            country=country_code(country, file, line) if country else NOWHERE,
            domains=(name,),
        )
