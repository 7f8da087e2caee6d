"""Every fact and effect has its line in docs/facts.md; `python -m tests.test_facts_page` writes it."""

from pathlib import Path
from typing import get_args

import msgspec

from tidegate.model.facts import Effect, Fact

PAGE = Path(__file__).parent.parent / "docs" / "facts.md"

OPENING = """# Facts and effects

A fact is something that happened and is kept for ever in the ledger; the state of a node follows from its
facts and from nothing else. An effect is something to be done in the world, stored beside the fact that asks
for it, and carried out again until it is taken. This page is made from the text that stands in the code
(`uv run python -m tests.test_facts_page` writes it, and a test holds the two together).
"""


def line(kind: type) -> str:
    fields = ", ".join(f"`{field.name}`" for field in msgspec.structs.fields(kind)) or "nothing"
    said = " ".join((kind.__doc__ or "").split()).replace("|", "\\|")
    return f"| `{kind.__name__}` | {said} | {fields} |\n"


def page() -> str:
    heading = "\n## {}\n\n| name | what it says | it holds |\n|---|---|---|\n"
    facts = "".join(map(line, get_args(Fact)))
    effects = "".join(map(line, get_args(Effect)))
    return OPENING + heading.format("Facts") + facts + heading.format("Effects") + effects


def test_every_fact_and_effect_says_what_it_means() -> None:
    kinds = (*get_args(Fact), *get_args(Effect))
    silent = [kind.__name__ for kind in kinds if len(vars(kind).get("__doc__") or "") < 20]
    assert not silent


def test_the_page_of_facts_is_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "run: uv run python -m tests.test_facts_page"


if __name__ == "__main__":
    PAGE.write_text(page())
