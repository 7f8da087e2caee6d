"""A rehearsed scenario becomes an event of an audit: the networks that people at home reach no more."""

from collections.abc import Mapping

import msgspec

from tidegate.app.rehearsal import open_world
from tidegate.audit.auditing import Audit
from tidegate.audit.graph import Kind
from tidegate.model.audit_events import LoseNetworks, WhatIf
from tidegate.model.scenarios import Scenario
from tidegate.ports.topology import TopologyFiles
from tidegate.rehearse.answers import answer
from tidegate.rehearse.measuring import ground_of

LOST_SHARE = 0.5
"""A network is lost when fewer than this share of the people who reached it before still do."""


def rehearsed(
    files: TopologyFiles,
    audit: Audit,
    home: str,
    scenario: Scenario,
    world_name: str | None,
    environ: Mapping[str, str],
) -> WhatIf:
    """Surely lost: also with all peering that may exist unseen. Perhaps: by the links that are seen, or
    not in the world at all. NotAllowed where the world does not have the country.
    """
    world = open_world(files, world_name, environ)
    graph = audit.graph
    needed = sorted(int(graph.names[row]) for row in graph.rows(Kind.NETWORK).tolist())
    known = sorted({*world.numbers.tolist()} & {*needed})
    focused = msgspec.structs.replace(scenario, focus=(home,))
    told = answer(ground_of(world), focused, [(str(number), number) for number in known])
    lost, perhaps = [], sorted({*needed} - {*known})
    for one in told.countries[0].services:
        if one.after.high < one.before.low * LOST_SHARE:
            lost.append(int(one.service))
        elif one.after.low < one.before.low * LOST_SHARE:
            perhaps.append(int(one.service))
    event = LoseNetworks(networks=tuple(lost), perhaps=tuple(sorted(perhaps)))
    return WhatIf(f"after {scenario.name}", (event,))


def is_scenario(data: bytes) -> bool:
    """Whether a TOML file is a scenario of `rehearse` rather than a list of events."""
    return b"[[change]]" in data
