"""docs/standings.md from the table of stages; `python -m tests.accord.standings_page` writes it."""

from pathlib import Path

from tidegate.accord.stages import MEANING, OPEN, TRANSITIONS, Stage

PAGE = Path(__file__).parents[2] / "docs" / "standings.md"

OPENING = """# How an obligation stands

This page is made from the table of moves in `tidegate.accord.stages` (`uv run python -m
tests.accord.standings_page` writes it, and a test holds the two together).

"""


def page() -> str:
    return f"{OPENING}{drawing()}\n## What each stage means\n\n{meanings()}\n## All moves\n\n{moves()}"


def node(stage: Stage) -> str:
    return stage.replace(" ", "_")


def drawing() -> str:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> not_due"]
    lines += [
        f"    {node(before)} --> {node(then)}: {event}"
        for (before, event), then in TRANSITIONS.items()
        if before is not then
    ]
    return "\n".join([*lines, "```", ""])


def meanings() -> str:
    rows = (f"| {stage} | {'yes' if stage in OPEN else ''} | {MEANING[stage]} |\n" for stage in Stage)
    return "| stage | open | |\n|---|---|---|\n" + "".join(rows)


def moves() -> str:
    rows = (f"| {before} | {event} | {then} |\n" for (before, event), then in TRANSITIONS.items())
    return "| from | what happens | to |\n|---|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
