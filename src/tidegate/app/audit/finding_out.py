"""A list of services becomes an audit's file: declared, probed, placed, and written whole."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tidegate.app.audit.placing import addresses_in, place
from tidegate.app.audit.probe_file import probe_settings
from tidegate.app.audit.probing import Probing, SoFar
from tidegate.app.parts import Parts
from tidegate.model.audits import NotSeen, Observation, ServiceListed
from tidegate.model.topology import World
from tidegate.ports.probing import Prober
from tidegate.wire.observations import encode_observations
from tidegate.wire.services_file import decode_service_list

SERVICES_BYTES_MAX = 1 << 26
"""Bytes of a list of services; a longer one is refused."""

Told = Callable[[SoFar], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user wants to find out, and where it goes."""

    services: Path
    output: Path
    settings: Path | None
    contact: str
    country: str
    places: tuple[Path, ...]
    world: str | None
    browser: str | None
    fresh_hours: int


class FoundOut(msgspec.Struct, frozen=True):
    """What was found, by kind; of what was not seen also why, how often, and one example."""

    file: str
    kept: str
    seen: tuple[tuple[str, int], ...]
    not_seen: tuple[tuple[str, str, int, str], ...]
    progress: SoFar
    whole: bool


def find_out(parts: Parts, wanted: Wanted, tell: Told) -> FoundOut:
    """Ctrl-C ends the asking; what was seen until then is written all the same, and says so."""
    settings = probe_settings(parts.files(), wanted.settings, wanted.contact)
    if wanted.browser is not None:
        settings = msgspec.structs.replace(settings, browser=wanted.browser)
    clock = parts.clock()
    list_bytes = parts.files().read(wanted.services, SERVICES_BYTES_MAX)
    at_s = clock.now_ms() // 1000
    declared = decode_service_list(list_bytes, wanted.services.name, at_s, wanted.country)
    world = _world(parts, wanted.world)
    kept = wanted.output.with_name(wanted.output.name + ".asked")
    services = [one for one in declared if isinstance(one, ServiceListed)]
    before = parts.asked_before(kept)
    probing = Probing(services, settings, before, clock, wanted.fresh_hours * 3600)
    whole = _run(probing, parts.prober(settings), tell)
    found: list[Observation] = [*declared, *probing.observations()]
    if wanted.places:
        found += place(parts.topology(), wanted.places, world, addresses_in(found), at_s)
    parts.files().write(wanted.output, encode_observations(found))
    return FoundOut(
        str(wanted.output), str(kept), _counted(found), _not_seen(found), probing.progress(), whole
    )


def _run(probing: Probing, prober: Prober, tell: Told) -> bool:
    try:
        probing.run(prober, tell)
    except KeyboardInterrupt:
        return False
    finally:
        prober.close()
    return True


def _world(parts: Parts, told: str | None) -> World | None:
    if told is None:
        return None
    from tidegate.app.rehearsal import open_world

    return open_world(parts.topology(), told, parts.environ)


def _counted(found: Iterable[Observation]) -> tuple[tuple[str, int], ...]:
    counts = Counter(type(one).__name__ for one in found if not isinstance(one, NotSeen))
    return tuple(sorted(counts.items()))


def _not_seen(found: Iterable[Observation]) -> tuple[tuple[str, str, int, str], ...]:
    missing = [one for one in found if isinstance(one, NotSeen)]
    counts = Counter((one.question, one.reason) for one in missing)
    examples: dict[tuple[str, str], str] = {}
    for one in sorted(missing, key=lambda seen: (seen.about, seen.detail)):
        told = f"{one.about} ({one.detail})" if one.detail else one.about
        examples.setdefault((one.question, one.reason), told)
    return tuple((*at, count, examples[at]) for at, count in sorted(counts.items()))
