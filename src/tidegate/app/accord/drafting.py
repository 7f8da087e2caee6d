"""A new accord out of a template: a complete file with comments, for people to change before anyone signs."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from tidegate.model.accords import PartyCode
from tidegate.model.labels import LANGUAGES
from tidegate.model.organisations import LEVELS, OrganisationId
from tidegate.model.refusals import NotAllowed

OPENING = """\
{title}

Change what does not fit, and let the linter read it again: tidegate accord check FILE
What the parties sign is this file, to the byte. Spans: h hours, d days, wd working days, w weeks, mo months,
y years; hours run by the hour, all others from midnight to midnight UTC."""


@dataclass(frozen=True, slots=True)
class PartyDraft:
    """A party as `tidegate accord new` names it; `organisation` may be empty until it is known."""

    code: PartyCode
    name: str
    organisation: OrganisationId


class Template(msgspec.Struct, frozen=True):
    """`articles` are headings, each with the clauses under it."""

    parties: str
    term: str
    renewal: str
    notice: str
    summary: str
    articles: tuple[tuple[str, ...], ...]
    title: Mapping[str, str]


@cache
def templates() -> Mapping[str, Template]:
    """By name, in the order of the documentation."""
    return msgspec.convert(read_data("templates.toml"), dict[str, Template])


def read_data(name: str) -> dict[str, Any]:
    return tomllib.loads((files("tidegate.app.accord.templates") / name).read_text(encoding="utf-8"))


def draft(
    template: str, accord_id: str, parties: Sequence[PartyDraft], languages: Sequence[str], authoritative: str
) -> bytes:
    """The file. NotAllowed for an unknown template or language, or too few parties."""
    must_be_possible(template, parties, languages, authoritative)
    chosen = templates()[template]
    # Loaded here: only drafting writes TOML.
    import tomlkit

    document = tomlkit.document()
    for line in OPENING.format(title=chosen.summary).splitlines():
        document.add(tomlkit.comment(line))
    document.add(tomlkit.nl())
    document.add("format", tomlkit.item(1))
    document.add("id", tomlkit.item(accord_id))
    document.add("version", tomlkit.item(1))
    document.add("title", inline({language: chosen.title[language] for language in languages}))
    document.add("force", table(force_rows(chosen, parties), "When it begins and how it ends."))
    document.add(
        "languages", table(language_rows(languages, authoritative), "All equally authentic, or one decides.")
    )
    for kind, rows in tables(chosen, parties, languages).items():
        document.add(kind, rows)
    return tomlkit.dumps(document).encode()


def must_be_possible(
    template: str, parties: Sequence[PartyDraft], languages: Sequence[str], authoritative: str
) -> None:
    if template not in templates():
        raise NotAllowed(f"there is no template {template}; there are {', '.join(templates())}")
    unknown = [language for language in languages if language not in LANGUAGES]
    if unknown or not languages:
        raise NotAllowed(f"the templates are written in {', '.join(LANGUAGES)}; choose one or more of them")
    if authoritative and authoritative not in languages:
        raise NotAllowed(f"the authoritative language {authoritative} is none of the accord's")
    if len(parties) < 2 or (templates()[template].parties == "two" and len(parties) > 2):
        raise NotAllowed(f"the template {template} is for {templates()[template].parties} parties")


def force_rows(chosen: Template, parties: Sequence[PartyDraft]) -> dict[str, str]:
    rows = {"enters": "signature", "term": chosen.term, "renewal": chosen.renewal, "notice": chosen.notice}
    return {key: value for key, value in rows.items() if value} | {"depositary": parties[0].code}


def language_rows(languages: Sequence[str], authoritative: str) -> dict[str, Any]:
    return {"authentic": list(languages)} | ({"authoritative": authoritative} if authoritative else {})


def tables(chosen: Template, parties: Sequence[PartyDraft], languages: Sequence[str]) -> dict[str, Any]:
    """The arrays of tables: parties, then the clauses by kind, each under its article's number."""
    import tomlkit

    rows: dict[str, Any] = {"party": tomlkit.aot()}
    for party in parties:
        rows["party"].append(table(party_rows(party, languages), ""))
    for kind, clause in numbered(chosen):
        note, body = clause.pop("note", ""), dict(clause)
        body["text"] = {language: body["text"][language] for language in languages}
        rows.setdefault(kind, tomlkit.aot()).append(table(body, note))
    return rows


def party_rows(party: PartyDraft, languages: Sequence[str]) -> dict[str, Any]:
    rows: dict[str, Any] = {"code": party.code}
    if party.organisation:
        rows["organisation"] = party.organisation
    rows["name"] = dict.fromkeys(languages, party.name)
    rows["authorities"] = [{"level": level, "name": f"{party.name}, {level}"} for level in LEVELS]
    return rows


def numbered(chosen: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """(kind of table, clause) in the order of articles; an article with one clause has no paragraphs."""
    clauses = read_data("clauses.toml")
    for article, (heading, *names) in enumerate(chosen.articles, 1):
        for paragraph, name in enumerate(names, 1):
            kind = next(kind for kind, known in clauses.items() if name in known)
            clause = clauses[kind][name]
            number = f"{article}.{paragraph}" if len(names) > 1 else str(article)
            note = f"{heading}. {clause.pop('note', '')}".strip()
            yield kind, {"id": name, "article": number, **clause, "note": note}


def table(rows: Mapping[str, Any], note: str) -> Any:
    import tomlkit

    made = tomlkit.table()
    if note:
        made.add(tomlkit.comment(note))
    for key, value in rows.items():
        made.add(
            key,
            inline(value) if isinstance(value, dict) else listed(value) if isinstance(value, list) else value,
        )
    return made


def inline(values: Mapping[str, Any]) -> Any:
    import tomlkit

    made = tomlkit.inline_table()
    for key, value in values.items():
        made.append(key, listed(value) if isinstance(value, list) else value)
    return made


def listed(values: Sequence[Any]) -> Any:
    import tomlkit

    made = tomlkit.array()
    for value in values:
        made.append(inline(value) if isinstance(value, dict) else value)
    return made
