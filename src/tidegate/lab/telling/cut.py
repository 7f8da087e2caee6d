"""What a cut of XA's foreign links would have meant, asked of `tidegate rehearse` over a made-up topology."""

from pathlib import Path

import msgspec

from tidegate.app.chapters import Cut
from tidegate.app.parts import Parts
from tidegate.lab.telling.accounts import answer_of

WORLD = "synthetic:400:8"
"""So many networks, from this seed: the same world at every showing."""


class Share(msgspec.Struct, frozen=True):
    low: float


class Change(msgspec.Struct, frozen=True):
    before: Share
    after: Share


class Size(msgspec.Struct, frozen=True):
    networks: int
    people: int


class Country(msgspec.Struct, frozen=True):
    country: str
    size: Size
    inside: Change
    outside: Change


class Answer(msgspec.Struct, frozen=True):
    countries: tuple[Country, ...]


class Told(msgspec.Struct, frozen=True):
    answer: Answer


class Link(msgspec.Struct, frozen=True):
    first: int
    second: int


class Advised(msgspec.Struct, frozen=True):
    link: Link


class Advice(msgspec.Struct, frozen=True):
    links: tuple[Advised, ...]
    after: float


def offer_world(parts: Parts, folder: Path) -> Path:
    """Puts it where the console looks for worlds: whoever asks there is told the same figures."""
    # Loaded here: it is late in the story, and the demo is to be ready soon.
    from tidegate.app.console.demo_note import WORLD as NAME
    from tidegate.app.console.study_sources import REHEARSALS_NAME
    from tidegate.app.rehearsal import open_world, save_world

    offered = folder / REHEARSALS_NAME / NAME
    offered.parent.mkdir(mode=0o700, exist_ok=True)
    files = parts.topology()
    save_world(files, offered, open_world(files, WORLD, {}))
    return offered


def rehearsed(country: str, world: Path) -> Cut:
    """Two commands, each a process of its own; a first start compiles their kernels."""
    where = ["--world", str(world), "--json"]
    cut = msgspec.json.decode(answer_of(["rehearse", "cut", country, *where]), type=Told)
    advice = msgspec.json.decode(
        answer_of(["rehearse", "advise", country, "--links", "1", *where]), type=Advice
    )
    (told,) = cut.answer.countries
    link = advice.links[0].link if advice.links else None
    return Cut(
        world=WORLD,
        country=told.country,
        people=told.size.people,
        networks=told.size.networks,
        abroad_before=told.outside.before.low,
        abroad_after=told.outside.after.low,
        inside_before=told.inside.before.low,
        inside_after=told.inside.after.low,
        link=None if link is None else (link.first, link.second),
        advised=advice.after,
    )
