"""What differs between two audits of the same services: layers, single losses, scores, what was not seen."""

from collections.abc import Iterable, Mapping

import msgspec

from tidegate.audit.layers import WHERE_WORDS, Standing
from tidegate.audit.losses import Blast
from tidegate.audit.scores import Score


class Difference(msgspec.Struct, frozen=True):
    """One thing that is told differently; "-" where one of the two does not tell it. `was` and `now` are what
    each tells, None for what was not seen.
    """

    what: str
    of: str
    before: str
    after: str
    was: Standing | Blast | Score | None = None
    now: Standing | Blast | Score | None = None


Told = Mapping[str, tuple[str, Standing | Blast | Score | None]]
"""By what it is of: in words, and the value."""


class Findings(msgspec.Struct, frozen=True):
    """What is compared of one audit."""

    standings: tuple[Standing, ...]
    blasts: tuple[Blast, ...]
    scores: tuple[Score, ...]
    not_seen: tuple[str, ...]


def differences(before: Findings, after: Findings) -> tuple[Difference, ...]:
    """In the order: layers of services, losses, scores, what was not seen."""
    return (
        *_compare("layer", _layers(before.standings), _layers(after.standings)),
        *_compare("people lost in the end", _blasts(before.blasts), _blasts(after.blasts)),
        *_compare("score", _scores(before.scores), _scores(after.scores)),
        *_compare("seen", _not_seen(before.not_seen), _not_seen(after.not_seen)),
    )


def _compare(what: str, before: Told, after: Told) -> Iterable[Difference]:
    for of in dict.fromkeys((*before, *after)):
        (one, was), (other, now) = before.get(of, ("-", None)), after.get(of, ("-", None))
        if one != other:
            yield Difference(what, of, one, other, was, now)


def _layers(told: Iterable[Standing]) -> Told:
    return {f"{one.layer} of {one.service}": (standing_words(one), one) for one in told}


def _not_seen(told: Iterable[str]) -> Told:
    return dict.fromkeys(told, ("not seen", None))


def standing_words(one: Standing) -> str:
    """As "abroad, hangs on provider Cloud Co"."""
    where = WHERE_WORDS[one.where]
    if one.single:
        return f"{where}, hangs on {one.hangs_on}"
    return f"{where}, {'redundant' if one.single is False else 'redundancy not known'}"


def _blasts(told: Iterable[Blast]) -> Told:
    return {f"{one.kind} {one.name}": (str(one.people[-1]), one) for one in told if one.people[-1]}


def _scores(told: Iterable[Score]) -> Told:
    return {
        one.layer: (f"concentration {one.concentration:.4f}, insularity {one.insularity:.4f}", one)
        for one in told
        if one.concentration is not None and one.insularity is not None
    }
