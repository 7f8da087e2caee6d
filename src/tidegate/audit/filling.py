"""What providers, addresses, authorities and declared things need (rules 9 to 13 of docs/audit.md)."""

from collections.abc import Sequence

from tidegate.audit.graph import Kind, Nature
from tidegate.audit.making import Making


def fill_address(making: Making, address: str, row: int) -> None:
    """Rule 9: an address needs its network, its provider, and one of the countries where it answers."""
    placed = making.observed.placed.get(address)
    if placed is None:
        making.needs(row, [making.unknown(f"place of {address}", Kind.UNKNOWN_PLACE)], Nature.PLACED)
        making.needs(row, [making.unknown(f"holder of {address}", Kind.UNKNOWN_HOLDER)], Nature.RUN_BY)
        return
    if placed.network:
        making.needs(row, [making.thing(Kind.NETWORK, str(placed.network))], Nature.ROUTED)
    provider = making.ownership.of_address(placed)
    if provider:
        making.needs(row, [making.thing(Kind.PROVIDER, provider)], Nature.RUN_BY)
    else:
        making.needs(row, [making.unknown(f"holder of {address}", Kind.UNKNOWN_HOLDER)], Nature.RUN_BY)
    _stands_in(making, row, placed.countries, address)


def fill_provider(making: Making, provider: str, row: int) -> None:
    """Rule 10: a provider needs its owner and the law it is under; several of one owner fall together."""
    told = making.ownership.declared(provider)
    if told is not None and told.owner not in ("", provider):
        making.needs(row, [making.thing(Kind.PROVIDER, told.owner)], Nature.OWNED)
    _under_law(making, row, making.ownership.law_of(provider), provider)


def _under_law(making: Making, row: int, law: str, name: str) -> None:
    held = making.thing(Kind.LAW, law) if law else making.unknown(f"law over {name}", Kind.UNKNOWN_LAW)
    making.needs(row, [held], Nature.UNDER_LAW)


def _stands_in(making: Making, row: int, countries: Sequence[str], name: str) -> None:
    places = [making.thing(Kind.PLACE, country) for country in countries]
    unknown = f"country of {name}"
    making.needs(row, places or [making.unknown(unknown, Kind.UNKNOWN_PLACE)], Nature.PLACED)


def fill_authority(making: Making, authority: str, row: int) -> None:
    """Rule 11: an authority needs its provider, and a country where it answers."""
    provider = making.ownership.of_authority(authority)
    told = making.ownership.declared(provider)
    if told is not None:
        making.needs(row, [making.thing(Kind.PROVIDER, provider)], Nature.RUN_BY)
        countries = {told.country, *told.present_in} - {""}
    else:
        law = making.ownership.country_of_issuer(authority)
        _under_law(making, row, law, authority)
        countries = {law} - {""}
    _stands_in(making, row, sorted(countries), authority)


def fill_thing(making: Making, name: str, row: int) -> None:
    """Rule 12: a declared thing needs its provider, one of its countries, and what is declared for it."""
    told = making.observed.things[name]
    if told.provider:
        making.needs(row, [making.thing(Kind.PROVIDER, told.provider)], Nature.RUN_BY)
    if told.countries:
        _stands_in(making, row, told.countries, name)
    for need in making.observed.needs.get(name, ()):
        members = [named(making, member) for member in need.any_of]
        making.needs(row, members, Nature.DECLARED, effect=need.effect, holds_s=need.lasts_s)


def named(making: Making, name: str) -> int:
    """Rule 13: what a declared need names is a thing, else a service, else a host."""
    if name in making.observed.things:
        return making.thing(Kind.THING, name)
    if name in making.observed.services:
        return making.thing(Kind.SERVICE, name)
    if "." in name:
        return making.thing(Kind.USE, name)
    return making.unknown(name)
