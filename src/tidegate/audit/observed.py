"""Observations by what they are about; where two tell of the same, the later one counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from tidegate.model.audits import (
    AddressesSeen,
    AddressPlaced,
    AliasSeen,
    AuthoritiesAllowedSeen,
    CertificateSeen,
    DelegationSeen,
    KeysSeen,
    MailBannerSeen,
    MailServersSeen,
    NeedDeclared,
    NotSeen,
    Observation,
    PageSeen,
    ProviderDeclared,
    ServerAsked,
    ServiceListed,
    ThingDeclared,
    ZoneSeen,
)

Key = TypeVar("Key")
Value = TypeVar("Value", bound=Observation)


@dataclass(slots=True)
class Observed:
    """All observations of an audit, found by name. `made_at_s` is the time of the latest one,
    `unanswered` are names with the questions about them that went without an answer.
    """

    services: dict[str, ServiceListed] = field(default_factory=dict)
    needs: dict[str, list[NeedDeclared]] = field(default_factory=dict)
    things: dict[str, ThingDeclared] = field(default_factory=dict)
    providers: dict[str, ProviderDeclared] = field(default_factory=dict)
    delegations: dict[str, DelegationSeen] = field(default_factory=dict)
    zones: dict[str, ZoneSeen] = field(default_factory=dict)
    asked: dict[tuple[str, str, str], ServerAsked] = field(default_factory=dict)
    keys: dict[str, KeysSeen] = field(default_factory=dict)
    addresses: dict[tuple[str, str], AddressesSeen] = field(default_factory=dict)
    aliases: dict[str, AliasSeen] = field(default_factory=dict)
    mail_servers: dict[str, MailServersSeen] = field(default_factory=dict)
    allowed: dict[str, AuthoritiesAllowedSeen] = field(default_factory=dict)
    placed: dict[str, AddressPlaced] = field(default_factory=dict)
    certificates: dict[str, CertificateSeen] = field(default_factory=dict)
    pages: dict[str, dict[tuple[str, bool], PageSeen]] = field(default_factory=dict)
    banners: dict[str, MailBannerSeen] = field(default_factory=dict)
    not_seen: dict[tuple[str, str, str], NotSeen] = field(default_factory=dict)
    unanswered: set[tuple[str, str]] = field(default_factory=set)
    made_at_s: int = 0
    count: int = 0

    def addresses_of(self, name: str) -> list[AddressesSeen]:
        """What was seen of a name's own addresses, IPv4 first; one for each family that was seen."""
        four, six = self.addresses.get((name, "A")), self.addresses.get((name, "AAAA"))
        return [one for one in (four, six) if one is not None]


def observed(observations: Iterable[Observation]) -> Observed:
    """The outcome does not depend on their order."""
    found = Observed()
    for one in observations:
        _add(found, one)
        found.made_at_s = max(found.made_at_s, one.at_s)
        found.count += 1
    for needs in found.needs.values():
        needs.sort(key=msgspec.json.encode)
    return found


def _add(found: Observed, one: Observation) -> None:
    match one:
        case ServiceListed():
            _keep(found.services, one.name, one)
        case NeedDeclared():
            found.needs.setdefault(one.of, []).append(one)
        case ThingDeclared():
            _keep(found.things, one.name, one)
        case ProviderDeclared():
            _keep(found.providers, one.name, one)
        case DelegationSeen():
            _keep(found.delegations, one.zone, one)
        case ZoneSeen():
            _keep(found.zones, one.zone, one)
        case ServerAsked():
            _keep(found.asked, (one.zone, one.server, one.address), one)
        case KeysSeen():
            _keep(found.keys, one.zone, one)
        case AddressesSeen():
            _keep(found.addresses, (one.name, one.family), one)
        case AliasSeen():
            _keep(found.aliases, one.name, one)
        case MailServersSeen():
            _keep(found.mail_servers, one.name, one)
        case AuthoritiesAllowedSeen():
            _keep(found.allowed, one.name, one)
        case AddressPlaced():
            _keep(found.placed, one.address, one)
        case CertificateSeen():
            _keep(found.certificates, one.host, one)
        case PageSeen():
            _keep(found.pages.setdefault(one.host, {}), (one.url, one.by_browser), one)
        case MailBannerSeen():
            _keep(found.banners, one.host, one)
        case NotSeen():
            _keep(found.not_seen, (one.about, one.question, one.detail), one)
            found.unanswered.add((one.about, one.question))


def _keep(table: dict[Key, Value], key: Key, one: Value) -> None:
    """The later one; of two of one second, that with the greater bytes."""
    held = table.get(key)
    if held is None or (one.at_s, msgspec.json.encode(one)) > (held.at_s, msgspec.json.encode(held)):
        table[key] = one
