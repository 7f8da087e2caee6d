"""What services need of other hosts for their pages, read off the observations one part after the other."""

from collections.abc import Iterable

from tidegate.audit.hosts import part_rule
from tidegate.model.audits import Observation, PageSeen, ServiceListed


def page_needs(told: Iterable[Observation]) -> set[tuple[str, str, str, str]]:
    """Service, layer, host and effect."""
    every = list(told)
    found: set[tuple[str, str, str, str]] = set()
    for service in every:
        if not isinstance(service, ServiceListed):
            continue
        for page in every:
            if isinstance(page, PageSeen) and page.host in service.domains:
                for part in page.parts:
                    layer, effect = part_rule(part)
                    found.add((service.name, layer, part.host, effect))
    return found
