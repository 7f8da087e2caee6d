"""Whose a network, a host or an authority is, and under which law its provider stands."""

from collections.abc import Collection

from tidegate.audit.observed import Observed
from tidegate.model.audits import AddressPlaced, ProviderDeclared


class Ownership:
    """What is declared holds; else an address is its organisation's, and an organisation whose addresses all
    stand in one country is held to be under that country's law. More is not guessed.
    """

    def __init__(self, observed: Observed) -> None:
        self._declared = observed.providers
        self._network: dict[int, str] = {}
        self._suffix: dict[str, str] = {}
        self._authority: dict[str, str] = {}
        self._caa: dict[str, str] = {}
        for name in sorted(observed.providers):
            told = observed.providers[name]
            self._network |= dict.fromkeys(told.networks, name)
            self._suffix |= dict.fromkeys(told.suffixes, name)
            self._authority |= dict.fromkeys(told.authorities, name)
            self._caa |= dict.fromkeys(told.caa, name)
        self._countries: dict[str, set[str]] = {}
        for placed in observed.placed.values():
            self._countries.setdefault(self.of_address(placed), set()).update(placed.countries)
        self._issuers: dict[str, set[str]] = {}
        for seen in observed.certificates.values():
            for one in seen.chain[:1]:
                self._issuers.setdefault(one.issuer, set()).add(one.issuer_country)

    def declared(self, provider: str) -> ProviderDeclared | None:
        return self._declared.get(provider)

    def of_address(self, placed: AddressPlaced) -> str:
        """Its provider, "" where nobody knows."""
        return self._network.get(placed.network, placed.organisation)

    def of_host(self, host: str) -> str:
        """The provider whose domain a host is in, the longest suffix first; "" where none is declared."""
        labels = host.split(".")
        names = (".".join(labels[at:]) for at in range(len(labels)))
        return next((self._suffix[name] for name in names if name in self._suffix), "")

    def of_authority(self, authority: str) -> str:
        return self._authority.get(authority, "")

    def of_caa(self, domain: str) -> str:
        """The provider for which a domain stands in CAA records, "" where none is declared."""
        return self._caa.get(domain) or self.of_host(domain)

    def law_of(self, provider: str) -> str:
        """A country, "" where nobody knows."""
        told = self._declared.get(provider)
        if told is not None:
            return told.country
        return _only(self._countries.get(provider, ()))

    def country_of_issuer(self, authority: str) -> str:
        """As certificates tell it, "" where they do not or do not agree."""
        return _only(self._issuers.get(authority, ()))


def _only(countries: Collection[str]) -> str:
    """The one that there is, "" where there are several or none."""
    return next(iter(countries)) if len(countries) == 1 else ""
