"""Sampling truth: which rate stands behind a record, and that unknown is never taken for one.

This is the guardian of the invariant "unknown sampling is never treated as 1". `SamplingTable` holds
what exporters announced and what the operator ordered; the kernels look it up for each record
(tidegate.kernels.sampling). The rules, whose numbers stand beside the code in both files:

 1. Unknown is 0, and 0 is unknown. A rate of 1 is used only where someone said 1.
 2. The operator's word, by prefix of the exporter's address, goes before everything; the longest prefix wins.
 3. What a record says of itself (IE 34, 50, 305/306, 309/310, 311) goes before announcements.
 4. A record that names its sampler or selector (IE 48, 302; not zero) has that sampler's announced rate.
    If the exporter announces samplers by id but not this one, the rate is unknown until it does. Only
    where it announces none by id does the record fall to rules 5 and 6.
 5. Else an announcement for its input interface, or else its output interface, counts; else one for the
    whole domain.
 6. Where a domain has no announcement, that of domain 0 of the same address and protocol counts:
    routers announce once for all their line cards. It counts for sampler ids and interfaces alike.
 7. A record that names no sampler, where nothing but samplers is announced, has their rate if all of
    them agree on one; else it is unknown.
 8. IE 305 and 306 mean (taken + left out) / taken; 309 and 310 population / sample; 311 one over the
    probability. Each is rounded to the nearest whole number, halves up.
 9. An announcement that gives no rate changes nothing: an interval of 0; no packet space; a run longer
    than one packet with a space of 0; a sample larger than its population; a probability outside
    (0, 1]; a rate above 2**32 - 1. Exporters send such records beside the one that counts. Names and
    methods (IE 35, 49, 84, 304) give none, nor do times (307, 308): packets taken for a while and then
    left out for a while stand for no fixed number of packets.
10. In NetFlow v5 the header's 14-bit interval is the rate whatever its mode bits say (routers leave
    those zero), and 0 there is unknown.
11. The newest announcement counts, from the next record on; records decoded before it keep what was known
    then. An id that is announced anew with another rate is a change, and is counted.
12. A template's withdrawal takes back no rate, and a restart of the collector forgets none.
13. An announcement whose scope names another observation domain of the exporter counts for that domain,
    if that domain has been heard.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegate.kernels.sampling import (
    BY_INTERFACE,
    BY_SAMPLER,
    NOTHING,
    RATE_MAX,
    RATE_PROBABILITY,
    RATE_PROBABILITY_SHORT,
    SAMPLER,
    rate_from_words,
    sampler_slot,
)
from tidegate.model.addresses import Prefix
from tidegate.model.refusals import NotAllowed
from tidegate.wire.programs import RATE_CHOICES, SAMPLER_ID, SELECTOR_ID

SAMPLERS_MAX = 32768
"""Announced samplers and interfaces of all exporters together; further ones are refused and counted."""

SAMPLERS_PER_EXPORTER_MAX = 2048
"""The same for one exporter and domain."""

OVERRIDES_MAX = 1024
"""Prefixes for which the operator may order a rate."""

BY_DOMAIN = NOTHING
"""Kind of an announcement for a whole domain: the kernels keep it beside the table."""

NETFLOW9_SCOPE_INTERFACE = 2
"""Scope type of NetFlow v9 (RFC 3954 section 6.1); in options templates of IPFIX scopes are elements."""

INTERFACES = (10, 252, 14, 253)


@dataclass(frozen=True, slots=True)
class SamplingOverrides:
    """Rates that the operator orders, by prefix of exporters' addresses; NotAllowed for an impossible one."""

    rates: tuple[tuple[Prefix, int], ...] = ()

    def __post_init__(self) -> None:
        if len(self.rates) > OVERRIDES_MAX:
            raise NotAllowed(f"at most {OVERRIDES_MAX} prefixes can have a sampling rate of their own")
        for prefix, rate in self.rates:
            if not 1 <= rate <= RATE_MAX:
                raise NotAllowed(f"the sampling rate of {prefix} is {rate}: give one from 1 to {RATE_MAX}")

    def longest_first(self) -> tuple[tuple[Prefix, int], ...]:
        return tuple(sorted(self.rates, key=lambda item: -item[0].length))


NO_OVERRIDES = SamplingOverrides()


@dataclass(frozen=True, slots=True)
class OptionField:
    """One field of an options data record. `scope` tells scopes from options; `value` is as sent."""

    element: int
    enterprise: int
    scope: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class AnnouncedRate:
    """One rate as announced: `kind` BY_DOMAIN, BY_SAMPLER or BY_INTERFACE; `identity` 0 for a domain."""

    kind: int
    identity: int
    rate: int


def read_announcement(fields: Sequence[OptionField], version: int) -> AnnouncedRate | None:
    """What an options data record says about sampling; None where it gives no rate (rule 9)."""
    rate = _rate(fields)
    if rate == 0:
        return None
    sampler = next((v for v in _values(fields, (SAMPLER_ID, SELECTOR_ID)) if v), 0)
    if sampler:
        return AnnouncedRate(BY_SAMPLER, sampler, rate)
    interface = _interface(fields, version)
    if interface:
        return AnnouncedRate(BY_INTERFACE, interface, rate)
    return AnnouncedRate(BY_DOMAIN, 0, rate)


def _interface(fields: Sequence[OptionField], version: int) -> int:
    if version == 9:
        scopes = (f.value for f in fields if f.scope and f.element == NETFLOW9_SCOPE_INTERFACE)
        found = next((int.from_bytes(v) for v in scopes if len(v) <= 8), 0)
        if found:
            return found
    return next((v for v in _values(fields, INTERFACES, version) if v), 0)


def _values(fields: Sequence[OptionField], elements: tuple[int, ...], version: int = 10) -> Iterator[int]:
    """Values of these elements in the order of `elements`; scopes of NetFlow v9 are no elements."""
    for element in elements:
        for field in fields:
            if field.element == element and field.enterprise == 0 and 0 < len(field.value) <= 8:
                if version == 9 and field.scope:
                    continue
                yield int.from_bytes(field.value)


def _rate(fields: Sequence[OptionField]) -> int:
    """The first rate that any of the forms gives (rules 8 and 9); 0 for none."""
    values = {f.element: f.value for f in reversed(fields) if f.enterprise == 0 and 0 < len(f.value) <= 8}
    for mode, first, second in RATE_CHOICES:
        if first not in values or (second is not None and second not in values):
            continue
        form = mode
        if mode == RATE_PROBABILITY and len(values[first]) == 4:
            form = RATE_PROBABILITY_SHORT
        other = int.from_bytes(values[second]) if second is not None else 0
        rate = int(rate_from_words(form, np.uint64(int.from_bytes(values[first])), np.uint64(other)))
        if rate:
            return rate
    return 0


class SamplingTable:
    """All announced rates; the only writer of the sampling fields of the kernels' exporter states.

    `states` dtype STATE and `exporters` dtype EXPORTER: the decoder's tables, by exporter row.
    """

    def __init__(self, states: npt.NDArray[np.void], exporters: npt.NDArray[np.void]) -> None:
        self.slots: npt.NDArray[np.void] = np.zeros(SAMPLERS_MAX * 2, SAMPLER)
        self._states = states
        self._exporters = exporters
        self._announced: dict[int, dict[tuple[int, int], int]] = {}  # exporter -> (kind, id) -> rate
        self._sampler_rates: dict[int, dict[int, int]] = {}  # exporter -> rate -> samplers that have it
        self._used = 0

    def announce(self, exporter: int, announced: AnnouncedRate) -> bool:
        """Take one announcement in force (rule 11); False where the table is full."""
        known = self._announced.setdefault(exporter, {})
        key = announced.kind, announced.identity
        before = known.get(key, 0)
        if before == announced.rate:
            return True
        if not before and (len(known) >= SAMPLERS_PER_EXPORTER_MAX or self._used >= SAMPLERS_MAX):
            return False
        known[key] = announced.rate
        if before:
            self._exporters[exporter]["sampling_changes"] += 1
        else:
            self._used += 1
        self._set(exporter, announced, before)
        return True

    def _set(self, exporter: int, announced: AnnouncedRate, before: int) -> None:
        state = self._states[exporter]
        if announced.kind == BY_DOMAIN:
            state["default_rate"] = announced.rate
            return
        slot = sampler_slot(self.slots, exporter, announced.kind, np.uint64(announced.identity))
        self.slots[slot] = (announced.identity, exporter, announced.rate, announced.kind)
        if not before:
            state["samplers" if announced.kind == BY_SAMPLER else "interfaces"] += 1
        if announced.kind == BY_SAMPLER:
            self._agree(exporter, announced.rate, before)

    def _agree(self, exporter: int, rate: int, before: int) -> None:
        """Keep the one rate on which all samplers agree (rule 7)."""
        rates = self._sampler_rates.setdefault(exporter, {})
        rates[rate] = rates.get(rate, 0) + 1
        if before:
            rates[before] -= 1
            if not rates[before]:
                del rates[before]
        self._states[exporter]["common_rate"] = rate if len(rates) == 1 else 0

    def has(self, exporter: int, announced: AnnouncedRate) -> bool:
        """Whether exactly this is in force."""
        known = self._announced.get(exporter, {})
        return known.get((announced.kind, announced.identity)) == announced.rate

    def announced(self) -> Iterator[tuple[int, AnnouncedRate]]:
        """Every announcement in force with its exporter's row."""
        for exporter, known in self._announced.items():
            for (kind, identity), rate in known.items():
                yield exporter, AnnouncedRate(kind, identity, rate)
