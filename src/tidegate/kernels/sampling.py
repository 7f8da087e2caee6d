"""Looking up sampling rates: the fast half of tidegate.wire.sampling, whose rule numbers stand here too."""

import numpy as np

from tidegate.kernels.exporters import MIX, mixed
from tidegate.kernels.jit import bare_kernel

NOTHING, BY_SAMPLER, BY_INTERFACE = 0, 1, 2

SAMPLER = np.dtype(
    [("id", np.uint64), ("exporter", np.uint32), ("rate", np.uint32), ("kind", np.uint8)], align=True
)
"""One announced rate, of a sampler or an interface (`kind`), in one exporter's domain; kind 0: empty."""

RATE_MAX = 0xFFFF_FFFF
"""Largest rate that a flow row holds; an announcement above it gives no rate."""

NO_RATE, RATE_INTERVAL, RATE_SPACE, RATE_POPULATION, RATE_PROBABILITY, RATE_PROBABILITY_SHORT = range(6)
"""How words tell a rate: interval; packets taken and left out; sample and population; float64; float32."""


@bare_kernel
def sampler_slot(samplers, exporter, kind, identity):  # type: ignore[no-untyped-def]
    """Slot of this announcement in the open-addressing table `samplers`: its own, or an empty one."""
    word = mixed(identity * MIX + np.uint64((exporter << 2) | kind))
    mask = np.int64(samplers.shape[0] - 1)
    slot = np.int64(word & np.uint64(0x7FFF_FFFF)) & mask
    while samplers[slot].kind != 0:
        if (
            samplers[slot].id == identity
            and np.int64(samplers[slot].exporter) == exporter
            and np.int64(samplers[slot].kind) == kind
        ):
            return slot
        slot = (slot + 1) & mask
    return slot


@bare_kernel
def announced_rate(samplers, states, exporter, kind, identity):  # type: ignore[no-untyped-def]
    """The rate announced for an id in this domain, else in the exporter's domain 0 (rule 6); 0 for none."""
    rate = np.int64(samplers[sampler_slot(samplers, exporter, kind, identity)].rate)
    everywhere = np.int64(states[exporter].everywhere)
    if rate == 0 and everywhere >= 0:
        rate = np.int64(samplers[sampler_slot(samplers, everywhere, kind, identity)].rate)
    return rate


@bare_kernel
def float_from_word(word, exponent_bits, mantissa_bits):  # type: ignore[no-untyped-def]
    """The value of an IEEE 754 word between 0 and 1; 0.0 for anything else, sign and infinities included."""
    one = np.uint64(1)
    mantissa = np.float64(word & ((one << np.uint64(mantissa_bits)) - one))
    exponent = np.int64(word >> np.uint64(mantissa_bits))
    bias = (1 << (exponent_bits - 1)) - 1
    if exponent == 0 or exponent > bias:
        return 0.0
    value = (1.0 + mantissa / np.float64(1 << mantissa_bits)) * 2.0 ** np.float64(exponent - bias)
    return value if value <= 1.0 else 0.0


@bare_kernel
def rate_from_words(mode, first, second):  # type: ignore[no-untyped-def]
    """The rate that two unsigned words tell (rules 8 and 9), int64; 0 where they tell none."""
    if mode == RATE_INTERVAL:
        return np.int64(first) if first <= np.uint64(RATE_MAX) else np.int64(0)
    if mode in (RATE_PROBABILITY, RATE_PROBABILITY_SHORT):
        share = float_from_word(first, 11, 52) if mode == RATE_PROBABILITY else float_from_word(first, 8, 23)
        if share < 1.0 / RATE_MAX:
            return np.int64(0)
        return np.int64(np.floor(1.0 / share + 0.5))
    if first == np.uint64(0) or first > np.uint64(RATE_MAX) or second > np.uint64(RATE_MAX):
        return np.int64(0)
    taken, population = np.int64(first), np.int64(second)
    if mode == RATE_SPACE:
        if population == 0 and taken != 1:
            return np.int64(0)
        population += taken
    elif mode != RATE_POPULATION or taken > population:
        return np.int64(0)
    rate = (2 * population + taken) // (2 * taken)
    return rate if rate <= RATE_MAX else np.int64(0)


@bare_kernel
def rate_without_names(samplers, states, exporter, input_if, output_if):  # type: ignore[no-untyped-def]
    """The rate of a record by its interfaces, then by its domain (rules 5 and 6); 0 = unknown."""
    everywhere = np.int64(states[exporter].everywhere)
    if states[exporter].interfaces > 0 or (everywhere >= 0 and states[everywhere].interfaces > 0):
        rate = announced_rate(samplers, states, exporter, BY_INTERFACE, np.uint64(input_if))
        if rate == 0:
            rate = announced_rate(samplers, states, exporter, BY_INTERFACE, np.uint64(output_if))
        if rate != 0:
            return rate
    if states[exporter].default_rate != 0:
        return np.int64(states[exporter].default_rate)
    if everywhere >= 0:
        return np.int64(states[everywhere].default_rate)
    return np.int64(0)


@bare_kernel
def rate_by_sampler(samplers, states, exporter, sampler, input_if, output_if):  # type: ignore[no-untyped-def]
    """The rate of a record that names its sampler (rule 4); 0 = unknown."""
    if sampler != np.uint64(0):
        rate = announced_rate(samplers, states, exporter, BY_SAMPLER, sampler)
        everywhere = np.int64(states[exporter].everywhere)
        ids_are_used = states[exporter].samplers > 0 or (everywhere >= 0 and states[everywhere].samplers > 0)
        if rate != 0 or ids_are_used:
            return rate
    return rate_without_names(samplers, states, exporter, input_if, output_if)


@bare_kernel
def rate_unnamed(samplers, states, exporter, input_if, output_if):  # type: ignore[no-untyped-def]
    """The rate of a record that names no sampler (rules 5 to 7); 0 = unknown."""
    rate = rate_without_names(samplers, states, exporter, input_if, output_if)
    if rate != 0:
        return rate
    if states[exporter].common_rate != 0:
        return np.int64(states[exporter].common_rate)
    everywhere = np.int64(states[exporter].everywhere)
    if everywhere >= 0 and states[exporter].samplers == 0:
        return np.int64(states[everywhere].common_rate)
    return np.int64(0)
