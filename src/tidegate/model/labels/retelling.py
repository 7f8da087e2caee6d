"""English sentences that facts, plans and refusals carry, told again in the reader's language.

People sign plans with their sentences, and facts keep theirs for ever: the English form is the authority, and
no code beside it could be added afterwards. So a sentence is read back: the template that made it is found by
its English words, what stood in its places is taken out, and another language's template is filled with that.
What stands in a place may be such a sentence itself: a rule's refusal within the plan's. A sentence that no
template makes stays as it is.
"""

import re
from functools import cache

import msgspec

from tidegate.model.labels.table import RIGHT_TO_LEFT, Language, codes, label

TOLD = (
    "told-approval",
    "told-guard",
    "told-possible",
    "told-component",
    "told-verdict",
    "told-reason",
    "told-finding",
    "told-border",
    "told-console",
    "told-way",
    "told-word",
)
"""The groups whose English labels are such templates."""

PLACE = re.compile(r"{(\w+)}")
BETWEEN_SENTENCES = re.compile(r"(?<=\.) (?=[A-Z])")

ISOLATED = "\u2068{}\u2069"
"""First strong isolate (Unicode UAX 9): an address inside a sentence from right to left keeps its order."""


class Sentence(msgspec.Struct, frozen=True):
    """One template, in English and in the reader's language, with the same places in braces."""

    english: str
    told: str


@cache
def sentences(language: Language) -> tuple[Sentence, ...]:
    """Every template, those with most words of their own first, so that the closest one is found."""
    found = [
        Sentence(label(group, code, "en"), label(group, code, language))
        for group in TOLD
        for code in codes(group)
    ]
    return tuple(sorted(found, key=lambda one: -len(PLACE.sub("", one.english))))


def retold(text: str, language: Language) -> str:
    """The sentence, or each of several, in the language."""
    if language == "en":
        return text
    for pattern, template in _patterns(language):
        if found := pattern.fullmatch(text):
            values = {name: retold(value, language) for name, value in found.groupdict().items()}
            if language in RIGHT_TO_LEFT:
                values = {name: ISOLATED.format(value) for name, value in values.items()}
            return template.format(**values)
    parts = BETWEEN_SENTENCES.split(text)
    return " ".join(retold(part, language) for part in parts) if len(parts) > 1 else text


@cache
def _patterns(language: Language) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((_pattern(one.english), one.told) for one in sentences(language))


def _pattern(english: str) -> re.Pattern[str]:
    """As the template, with anything in its places, and the same wherever a place stands again."""
    texts = PLACE.split(english)
    parts = [re.escape(text) for text in texts]
    for at in range(1, len(texts), 2):
        parts[at] = f"(?P={texts[at]})" if texts[at] in texts[1:at:2] else f"(?P<{texts[at]}>.*?)"
    return re.compile("".join(parts), re.DOTALL)
