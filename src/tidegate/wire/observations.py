"""Observations of an audit as JSON Lines: one canonical line each, sorted: the same ones, the same bytes."""

from collections.abc import Iterable

import msgspec

from tidegate.model.audits import OBSERVATION_BYTES_MAX, OBSERVATIONS_MAX, Observation
from tidegate.model.refusals import Full
from tidegate.model.topology import WrongLine
from tidegate.model.value_bytes import bytes_of

_OBSERVATION: msgspec.json.Decoder[Observation] = msgspec.json.Decoder(Observation)


def encode_observation(observation: Observation) -> bytes:
    """One line without its end. Full where it is longer than a reader takes."""
    line = bytes_of(observation)
    if len(line) > OBSERVATION_BYTES_MAX:
        raise Full("an observation", OBSERVATION_BYTES_MAX)
    return line


def encode_observations(observations: Iterable[Observation]) -> bytes:
    """The whole file; what is there twice is written once."""
    lines = sorted({encode_observation(one) for one in observations})
    return b"".join(line + b"\n" for line in lines)


def decode_observations(data: bytes, file: str) -> tuple[Observation, ...]:
    """The inverse, in the order of the lines, which need not be sorted. WrongLine for the first wrong one."""
    lines = data.split(b"\n")
    if len(lines) - 1 > OBSERVATIONS_MAX:
        raise Full("an audit", OBSERVATIONS_MAX)
    return tuple(_decoded(line, file, at) for at, line in enumerate(lines, 1) if line)


def _decoded(line: bytes, file: str, at: int) -> Observation:
    if len(line) > OBSERVATION_BYTES_MAX:
        raise WrongLine(f"longer than {OBSERVATION_BYTES_MAX:,} bytes", file, at)
    try:
        return _OBSERVATION.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WrongLine(f"not an observation: {error}", file, at) from error
