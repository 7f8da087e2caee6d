"""What another version of an accord changes, article by article, in the words of its file."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from tidegate.model.accords import Accord
from tidegate.model.refusals import NotAllowed

TABLES = ("party", "definition", "asset", "period", "obligation", "guarantee", "track")


class Amended(msgspec.Struct, frozen=True):
    """One table of the file: added, removed, or changed in `fields`, each (name, before, after) as written.

    `article` is where it stands; empty for what stands under none.
    """

    what: Literal["added", "removed", "changed"]
    table: str
    id: str
    article: str
    fields: tuple[tuple[str, str, str], ...] = ()


def amendments(accord: Accord, draft: Accord) -> list[Amended]:
    """In the order of articles, what has none first. NotAllowed where the draft is no later version of it."""
    if draft.id != accord.id:
        raise NotAllowed(f"{draft.id} is another accord than {accord.id}")
    if draft.version <= accord.version:
        raise NotAllowed(f"version {draft.version} is not higher than {accord.version}, which is on record")
    return sorted(changes(accord, draft), key=lambda one: (by_number(one.article), one.table, one.id))


def changes(accord: Accord, draft: Accord) -> Iterator[Amended]:
    whole = differing(plain(accord), plain(draft), {"title", "force", "languages"})
    if whole:
        yield Amended("changed", "accord", draft.id, "", whole)
    for table in TABLES:
        before, after = named(accord, table), named(draft, table)
        for name in before.keys() | after.keys():
            yield from change(table, name, before.get(name), after.get(name))


def change(
    table: str, name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> Iterator[Amended]:
    known = after or before
    assert known is not None, "a name stands in one of the two"
    article = known.get("article", "")
    if before is None or after is None:
        yield Amended("added" if after else "removed", table, name, article)
        return
    fields = differing(before, after, before.keys() | after.keys())
    if fields:
        yield Amended("changed", table, name, article, fields)


def named(accord: Accord, table: str) -> dict[str, Mapping[str, Any]]:
    """The rows of a table by what names them: a party by its code, a definition by its term."""
    rows = plain(accord).get(table, ())
    return {str(row.get("id") or row.get("code") or row.get("term")): row for row in rows}


def plain(accord: Accord) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(accord)
    return found


def differing(
    before: Mapping[str, Any], after: Mapping[str, Any], names: "set[str] | frozenset[str]"
) -> tuple[tuple[str, str, str], ...]:
    """Values that are tables themselves are told part by part."""
    found: list[tuple[str, str, str]] = []
    for name in sorted(names):
        old, new = before.get(name), after.get(name)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            parts = differing(old, new, old.keys() | new.keys())
            found += [(f"{name}.{part}", was, becomes) for part, was, becomes in parts]
        elif old != new:
            found.append((name, written(old), written(new)))
    return tuple(found)


def written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def by_number(article: str) -> tuple[int, ...]:
    """Articles sort as numbers do: 2 before 10."""
    return tuple(int(part) if part.isdigit() else 0 for part in article.split("."))
