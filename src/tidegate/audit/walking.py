"""The walk of an audit: from the answers so far to the next questions, for all services at once."""

from collections.abc import Iterable
from functools import partial

from tidegate.audit.off_limits import may_ask
from tidegate.audit.walking_names import NameWalk
from tidegate.audit.walking_sites import SiteWalk
from tidegate.model.audits import ServiceListed
from tidegate.model.domain_names import ROOT, is_name, parent_of
from tidegate.model.probe_settings import ProbeSettings
from tidegate.model.probes import Asked, Dns, Mail, Question


class Walk:
    """Nothing is asked here and no time is read: `take` gives questions, `answered` takes each answer.

    Every question that was taken is answered once, in any order; when all are and `take` gives none, the walk
    is over. The same answers lead to the same questions, so a walk that was cut off is taken up again by
    answering from what was kept.
    """

    def __init__(self, services: Iterable[ServiceListed], settings: ProbeSettings) -> None:
        self.services = tuple(services)
        self.settings = settings
        self.greetings: dict[str, Asked] = {}
        allowed = may_ask(settings.networks)
        self.names = NameWalk(settings.roots, allowed, signed=bool(settings.trust_anchors))
        self.sites = SiteWalk(self.names, allowed, settings.agent, browser=bool(settings.browser))
        for service in self.services:
            self._begin(service)

    def take(self) -> list[Question]:
        return [*self.names.take(), *self.sites.take()]

    def answered(self, asked: Asked) -> None:
        self.latest_s = max(self.latest_s, asked.at_s)
        if isinstance(asked.question, Dns):
            self.names.answered(asked)
        else:
            self.sites.answered(asked)

    latest_s = 0
    """When the last answer came, so far."""

    def _begin(self, service: ServiceListed) -> None:
        for host in filter(is_name, service.domains):
            self.sites.visit(host)
            self._find_authorities(host)
        for host in filter(is_name, service.backends):
            self.sites.look(host, 443)
            self._find_authorities(host)
        for host in filter(is_name, service.mail):
            self.names.want(host, "MX")
            self.names.when_heard(host, "MX", partial(self._look_at_mail, host))

    def _find_authorities(self, name: str) -> None:
        """Up the tree to the first name that says which authorities may issue (RFC 8659, 3)."""
        self.names.want(name, "CAA")

        def further() -> None:
            found = any(self.names.records(at, "CAA") for at in self.names.chain(name, "CAA"))
            if not found and parent_of(name) != ROOT:
                self._find_authorities(parent_of(name))

        self.names.when_heard(name, "CAA", further)

    def _look_at_mail(self, name: str) -> None:
        for at in self.names.chain(name, "MX"):
            for record in self.names.records(at, "MX"):
                host = record.data.rpartition(" ")[2]
                if record.type == "MX" and host != ROOT:
                    self.names.want_addresses(host)
                    if self.settings.mail:
                        self.names.when_known(host, partial(self._greet, host))

    def _greet(self, host: str) -> None:
        addresses = self.sites.addresses(host)
        if addresses and host not in self.greetings:
            self.sites.ask(Mail(addresses[0], host), partial(self.greetings.__setitem__, host))
