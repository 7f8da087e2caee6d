"""A form filled in at a terminal: what it asks for is asked, in the officer's language, codes by number."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from tidegate.cli.hotline.paper import Paper, numbered

if TYPE_CHECKING:
    from tidegate.app.hotline.writing import Field, Form, Slot

END_OF_REMARKS = "."

Given = dict[str, tuple[str, ...]]


def fill(form: "Form", given: Mapping[str, Sequence[str]], paper: Paper) -> Given:
    """Asks for each field that must be there and is not, then offers the others."""
    filled: Given = {name: tuple(values) for name, values in given.items()}
    for slot in form.slots:
        if slot.least and slot.field not in filled:
            filled[slot.field] = _ask(slot, paper)
    offered = [slot for slot in form.slots if slot.field not in filled]
    while (another := _another(offered, filled, paper)) is not None:
        filled[another.field] = _ask(another, paper)
    return filled


def ask_remarks(paper: Paper) -> str:
    """Lines up to one that holds a single dot."""
    from tidegate.model.labels import label

    paper.say(label("screen", "remarks-prompt", paper.language))
    lines: list[str] = []
    typed = sys.stdin
    while (line := typed.readline()) and line.rstrip("\n") != END_OF_REMARKS:
        lines.append(line.rstrip("\n"))
    return "\n".join(lines)


def choose(question: str, texts: Sequence[str], codes: Sequence[str], paper: Paper) -> str:
    """One of these, by its number or its code."""
    paper.say(question, "bold")
    for line in numbered(texts):
        paper.say(line, indent=2)
    while True:
        found = _codes(prompt("choose", paper), codes)
        if len(found) == 1:
            return found[0]


def prompt(code: str, paper: Paper, **values: str) -> str:
    """What was typed at a question in the officer's language."""
    from tidegate.app.hotline.reading import paragraph
    from tidegate.model.labels import phrase

    asked = paper.as_seen(paragraph(phrase("screen", code, paper.language, **values), paper.language))
    typed: str = click.prompt(asked.strip(), default="", show_default=False, err=True)
    return typed.strip()


def _ask(slot: "Slot", paper: Paper) -> tuple[str, ...]:
    from tidegate.app.hotline.writing import FIELDS, code_label, field_label, vocabulary

    field = FIELDS[slot.field]
    codes: tuple[str, ...] = vocabulary(field.vocabulary) if field.vocabulary else ()
    paper.say(field_label(slot.field, paper.language), "bold")
    for line in numbered([code_label(field.vocabulary, code, paper.language) for code in codes]):
        paper.say(line, indent=2)
    many = slot.most > 1
    while True:
        if codes:
            found = _codes(prompt("choose-many" if many else "choose", paper), codes)
        else:
            found = _values(field, slot, paper)
        if found and (many or len(found) == 1):
            return found


def _values(field: "Field", slot: "Slot", paper: Paper) -> tuple[str, ...]:
    """What was typed, where all of it is written as this kind is; else nothing, and why."""
    from tidegate.app.hotline.writing import Problem, is_value

    whole = slot.most == 1 or field.kind in ("line", "phone")
    typed = prompt("value" if whole else "values", paper)
    found = (typed,) if whole and typed else tuple(dict.fromkeys(typed.split()))
    wrong = next((value for value in found if not is_value(field.kind, value)), None)
    if wrong is None:
        return found
    problem = Problem("not-a-value", "field", field.name, wrong, field.kind)
    paper.say(problem.words(paper.language), "yellow")
    return ()


def _codes(typed: str, codes: Sequence[str]) -> tuple[str, ...]:
    """Nothing where one of them is neither a number of the list nor a code of it."""
    found = [
        codes[int(word) - 1] if word.isdecimal() and 0 < int(word) <= len(codes) else word
        for word in typed.replace(",", " ").split()
    ]
    return tuple(dict.fromkeys(found)) if all(one in codes for one in found) else ()


def _another(offered: "Sequence[Slot]", filled: Given, paper: Paper) -> "Slot | None":
    """Of those that are left. Each keeps its number while others are filled in."""
    from tidegate.app.hotline.writing import field_label
    from tidegate.model.labels import label

    names = [slot.field for slot in offered]
    if all(name in filled for name in names):
        return None
    paper.say(label("screen", "more-fields", paper.language), "bold")
    lines = numbered([field_label(name, paper.language) for name in names])
    for name, line in zip(names, lines, strict=True):
        if name not in filled:
            paper.say(line, indent=2)
    while typed := prompt("choose", paper):
        found = _codes(typed, names)
        if len(found) == 1 and found[0] not in filled:
            return offered[names.index(found[0])]
    return None
