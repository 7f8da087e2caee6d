"""What a walk over names knows: zones, what is wanted of them, and what was heard of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tidegate.audit.replies import Reading
from tidegate.model.probes import Asked, NotAnswered

NO_SERVER = NotAnswered("unreachable", "no name server with an address")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of wanting a record: from which zone, what it says, and the reply itself, if any came."""

    zone: str
    name: str
    type: str
    reading: Reading | NotAnswered
    asked: Asked | None


@dataclass(slots=True, eq=False)
class Zone:
    """What is known of one zone. `addresses` are those of its servers, with whose they are; `delegation` is
    what the zone above said of it (None for the root), `soa` what each server said when asked for its SOA.
    """

    name: str
    parent: "Zone | None"
    depth: int
    delegation: Heard | None = None
    soa: dict[str, Heard] = field(default_factory=dict)
    servers: dict[str, None] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    unusable: set[str] = field(default_factory=set)
    parked: "list[Ask]" = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Ask:
    """One record that is wanted from any server of a zone; `at` names the one server it is about, if any."""

    zone: Zone
    name: str
    type: str
    then: "Callable[[Heard], None]"
    at: str = ""
    tried: list[str] = field(default_factory=list)
    last: NotAnswered = NO_SERVER
