"""Writing direction: text that is set apart, so that neither it nor what surrounds it can be turned round.

Isolates (Unicode Standard Annex 9) keep a piece whole: "192.0.2.0/24" reads the same inside a Persian
sentence as it does alone. Every piece that did not come from our own tables is set apart.
"""

from tidegate.model.labels import RIGHT_TO_LEFT

LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
LRM, RLM, ALM = "\u200e", "\u200f", "\u061c"

OTHER_RIGHT_TO_LEFT = frozenset({"arc", "ckb", "dv", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi"})
"""Languages beside ours that are written from right to left; remarks may be in any language."""


def is_right_to_left(language: str) -> bool:
    """By its BCP 47 tag."""
    primary, *rest = language.lower().split("-")
    if "latn" in rest or "cyrl" in rest:
        return False
    return "arab" in rest or primary in RIGHT_TO_LEFT or primary in OTHER_RIGHT_TO_LEFT


def left_to_right(text: str) -> str:
    """Codes, numbers, addresses, times, names of files: in every language in this order."""
    return f"{LRI}{text}{PDI}"


def by_itself(text: str) -> str:
    """Text of people in a direction of its own, the one that its first letter has."""
    return f"{FSI}{text}{PDI}"


def in_language(text: str, language: str) -> str:
    """Text of which the language is known."""
    return f"{RLI if is_right_to_left(language) else LRI}{text}{PDI}"


def paragraph(text: str, language: str) -> str:
    """A line of a page in this language: a mark that nobody sees says which side it begins at."""
    return (RLM if is_right_to_left(language) else LRM) + text
