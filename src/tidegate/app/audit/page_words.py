"""The words of an audit's page in one language: labels of codes, times, things, and figures set apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from tidegate.model.labels import RIGHT_TO_LEFT, Language, label, phrase

GROUP = "audit-page"

THINGS = (
    "service", "layer", "name server", "name", "zone", "host", "use of", "certificate", "authority",
    "address", "network", "provider", "country", "law of", "mail", "thing", "not seen:", "broken:",
    "delegation of", "no longer:",
)  # fmt: skip
"""With what the title of a thing begins; a longer one before one that it begins with."""

DAYS_OF_WORK = "days of work"
"""The unit of costs that nobody stated; others are written as they were stated."""


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that is returned is HTML."""

    language: Language

    @property
    def direction(self) -> str:
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"

    def __call__(self, code: str, **values: str) -> str:
        """Values are HTML, and are set apart from the text around them."""
        apart = {name: f"<bdi>{value}</bdi>" for name, value in values.items()}
        if not apart:
            return escape(label(GROUP, code, self.language), quote=False)
        return phrase(GROUP, code, self.language, **apart)

    def plain(self, code: str, **values: str) -> str:
        """For titles and drawings, which know no elements."""
        return phrase(GROUP, code, self.language, **values)

    def code(self, group: str, code: str) -> str:
        """As ("layer", "app_store")."""
        return self(f"{group}-{code.replace('_', '-').replace(' ', '-')}")

    def codes(self, group: str, told: Mapping[str, str]) -> Mapping[str, str]:
        return {name: self.code(group, name) for name in told}

    def fix(self, kind: str) -> str:
        """A change by the words of `model.audit_costs`."""
        return self.code("fix", kind.partition(" (")[0])

    def unit(self, unit: str) -> str:
        return self("days-of-work") if unit == DAYS_OF_WORK else escape(unit)

    def span(self, seconds: int) -> str:
        """As "5 min", "12 h", "40 d"."""
        for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
            if seconds >= size:
                return f"<bdi>{seconds / size:.3g}&nbsp;{self(f'unit-{unit}')}</bdi>"
        return f"<bdi>{seconds}&nbsp;{self('unit-s')}</bdi>"

    def thing(self, title: str) -> str:
        """What kind it is in words, and its name."""
        kind = next((one for one in THINGS if title.startswith(f"{one} ")), "")
        if not kind:
            return f"<bdi>{escape(title)}</bdi>"
        name = f"<bdi>{escape(title[len(kind) + 1 :])}</bdi>"
        return f"{self.code('thing', kind.rstrip(':'))}{':' if kind.endswith(':') else ''} {name}"


def count(number: int) -> str:
    return f"{number:,}".replace(",", "&#8239;")
