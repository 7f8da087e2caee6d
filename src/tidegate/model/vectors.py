"""The recognisable kinds of attack traffic, in one table that kernels, facts and screens share."""

from dataclasses import dataclass
from enum import StrEnum


class VectorClass(StrEnum):
    """How a vector is recognised, which decides how far above usual it must be."""

    REFLECTION = "reflection"
    FLOOD = "flood"
    UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector. `source_port` is a reflector's; `bytes_min` is the least mean packet size that is typical."""

    name: str
    label: str
    vector_class: VectorClass
    source_port: int | None = None
    bytes_min: int = 0
