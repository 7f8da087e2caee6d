"""The closed vocabularies of the forms: which codes a field may hold, in the order in which they are offered.

A vocabulary is closed: a later version that needs a finer code sends "other" and the finer one in an
extension, so that older readers still understand the message. A code keeps its meaning for ever.
"""

from tidegate.model.labels import Language, codes, label, phrase
from tidegate.model.vectors import VECTORS, VectorClass

COMMON_CODES: dict[str, tuple[str, ...]] = {
    "yes-no": ("yes", "no"),
    "expected-effect": ("none", "unknown"),
    "asset-class": ("other",),
    "incident-kind": ("other", "unknown"),
    "effect": ("none", "other", "unknown"),
    "severity": ("unknown",),
    "status": ("unknown",),
    "measure": ("none", "other"),
    "subject": ("other",),
    "question": ("other",),
    "cause": ("other", "unknown"),
    "mitigation": ("other",),
    "preserve": ("other",),
    "consultation-reason": ("other",),
    "agenda": ("other",),
}
"""Of the codes that many vocabularies share, those that each of these ends with."""

UNTABLED = frozenset({"yes-no"})
"""Vocabularies that consist of common codes alone."""

VECTOR = "vector"
REFLECTED = {
    vector.name: vector.label.removesuffix(" reflection")
    for vector in VECTORS
    if vector.vector_class is VectorClass.REFLECTION
}
"""The service that a reflection goes by, under its own name in every language."""


def vocabulary(name: str) -> tuple[str, ...]:
    """All codes of one vocabulary."""
    if name == VECTOR:
        return tuple(vector.name for vector in VECTORS)
    own = () if name in UNTABLED else codes(name)
    return own + COMMON_CODES.get(name, ())


def code_label(name: str, code: str, language: Language) -> str:
    """How a code of this vocabulary reads; KeyError where it is none of its codes."""
    if name == VECTOR and code in REFLECTED:
        return phrase("vector-pattern", "reflection", language, service=REFLECTED[code])
    return label("common" if name in UNTABLED else name, code, language)
