"""The accords of the node that the options name, read from its ledger whether or not it runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tidegate.cli.opened import record

if TYPE_CHECKING:
    from tidegate.app.accord.books import Book, Books
    from tidegate.app.parts import Parts
    from tidegate.model.accords import PartyCode
    from tidegate.model.organisations import OrganisationId

F = TypeVar("F", bound=Callable[..., Any])


LANGUAGE = click.Choice(["en", "ru", "fa", "ar", "tr", "az"])


def language_option(command: F) -> F:
    return click.option(
        "--language",
        type=LANGUAGE,
        default="en",
        show_default=True,
        help="Language of what is written.",
    )(command)


def accord_option(command: F) -> F:
    return click.option("--accord", "accord_id", metavar="ID", help="Which accord, where there are several.")(
        command
    )


def at_option(command: F) -> F:
    return click.option("--at", metavar="DATE", help="As it stands at the end of this day, UTC; else now.")(
        command
    )


def as_of(parts: "Parts", at: str | None) -> int:
    """The moment that is asked for, in seconds; NotAllowed where it is no day."""
    from tidegate.app.accord.reconciling import span_of_days

    return parts.clock().now_ms() // 1_000 if at is None else span_of_days(at, at)[1] - 1


def opened(
    parts: "Parts", config_file: Path | None, state_folder: Path | None
) -> "tuple[Books, OrganisationId]":
    """All accords on record, and whom the node speaks for."""
    from tidegate.app.accord.opening import open_books
    from tidegate.app.accord.views import own_organisation

    with record(parts, config_file, state_folder) as stores:
        own = own_organisation(stores.facts)
        return open_books(stores.facts, stores.envelopes, own), own


def chosen(books: "Books", accord_id: str | None, now_s: int) -> "Book":
    """The accord of this id, or the only one there is; NotAllowed where that is not clear."""
    from tidegate.model.refusals import NotAllowed

    ids = sorted({book.accord.id for book in books.by_digest.values()})
    if accord_id is None and len(ids) > 1:
        raise NotAllowed(f"there are several accords; name one of {', '.join(ids)}")
    return books.current(accord_id or (ids[0] if ids else "any"), now_s)


def opened_book(
    parts: "Parts",
    config_file: Path | None,
    state_folder: Path | None,
    accord_id: str | None,
    at: str | None = None,
) -> "tuple[Book, OrganisationId, int]":
    """The accord that is meant, whom the node speaks for, and the moment at which all is looked at."""
    books, own = opened(parts, config_file, state_folder)
    now_s = as_of(parts, at)
    return chosen(books, accord_id, now_s), own, now_s


def our_code(book: "Book", own: "OrganisationId") -> "PartyCode":
    """Our code in this accord; the first party's where the node is none of them, and only looks on."""
    return book.codes.get(own, book.accord.party[0].code)
