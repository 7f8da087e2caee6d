"""By which digests a fact of the hotline is found again: its message, its place, its envelope, its peer."""

from typing import Final, get_args

from tidegate.hotline.correspondence import place_key
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import (
    HotlineFact,
    MessageComposed,
    MessageQueued,
    MessageStored,
    Place,
)
from tidegate.model.organisations import Digest

HOTLINE_KINDS: Final = frozenset(get_args(HotlineFact))


def mentions_of(fact: Fact) -> tuple[Digest, ...]:
    """Each digest once; nothing for facts of other rooms."""
    if type(fact) not in HOTLINE_KINDS:  # asking each kind in turn takes ten times longer
        return ()
    named: list[Digest | None] = [getattr(fact, "message", None), getattr(fact, "envelope", None)]
    place: Place | None = getattr(fact, "place", None)
    if place is not None:
        named.append(place_key(place.correspondence, place.epoch, place.serial))
    if isinstance(fact, MessageComposed | MessageStored):
        named += [fact.about.message, fact.about.answers]
    if isinstance(fact, MessageQueued):
        named.append(fact.package)
    if not any(named):
        named.append(getattr(fact, "organisation", None))
    return tuple(dict.fromkeys(digest for digest in named if digest))
