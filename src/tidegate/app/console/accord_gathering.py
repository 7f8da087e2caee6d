"""What each view of an accord is made of: a look at those on record, and the one that is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tidegate.accord.reckoning import Reckoning
from tidegate.accord.stages import Stage
from tidegate.app.accord.books import Book
from tidegate.app.accord.calendar import EVENTS_MAX
from tidegate.app.accord.review import review_paper
from tidegate.app.console.accord_incidents import IncidentsView, incidents_view
from tidegate.app.console.accord_reader import Accords, Followed, Where
from tidegate.app.console.accord_views import (
    AccordList,
    AccordView,
    DialogueView,
    PartiesView,
    PledgesView,
    accord_row,
    accord_view,
    dialogue_view,
    in_order,
    parties_view,
    pledges_view,
    years,
)
from tidegate.app.console.gathering import NoSuchThing
from tidegate.model.labels import Language
from tidegate.model.papers import Paper
from tidegate.model.refusals import NotAllowed


@dataclass(frozen=True, slots=True)
class Asked:
    """One accord that was asked for. `reckoning` is None while it is not in force."""

    followed: Followed
    book: Book
    reckoning: Reckoning | None
    now_s: int
    where: Where

    @property
    def us(self) -> str | None:
        return self.book.codes.get(self.followed.own)

    def in_force(self) -> Reckoning:
        if self.reckoning is None:
            raise NoSuchThing(f"{self.book.accord.id} is not in force yet: nothing is owed under it")
        return self.reckoning


@contextmanager
def asked_for(accords: Accords, accord: str) -> Iterator[Asked]:
    """NoSuchThing where no accord has this id."""
    with accords.look() as seen:
        if seen.followed is None:
            raise NoSuchThing("this node speaks for no organisation yet")
        try:
            book = seen.books.current(accord, seen.now_s)
        except NotAllowed as refusal:
            raise NoSuchThing(refusal.why) from None
        begun = book.force is not None and book.force.entered_s <= seen.now_s
        reckoning = seen.followed.reckoning(book) if begun else None
        yield Asked(seen.followed, book, reckoning, seen.now_s, seen.where)


def accord_list(accords: Accords) -> AccordList:
    """Every version that was signed here by somebody."""
    with accords.look() as seen:
        followed, now_s = seen.followed, seen.now_s
        rows = []
        for book in in_order(seen.books) if followed is not None else ():
            assert followed is not None, "without it there are no books"
            begun = book.force is not None and book.force.entered_s <= now_s
            opened = followed.reckoning(book).open(now_s) if begun else []
            current = seen.books.current(book.accord.id, now_s) is book
            rows.append(accord_row(book, followed.own, opened, now_s, current=current))
        return AccordList(
            at_ms=now_s * 1_000,
            founded=followed is not None,
            accords=tuple(rows),
            left_out=seen.books.left_out,
        )


def one_accord(accords: Accords, accord: str, *, closed: bool) -> AccordView:
    with asked_for(accords, accord) as one:
        return accord_view(one.book, one.reckoning, one.followed.own, one.where, one.now_s, closed=closed)


def parties_of(accords: Accords, accord: str) -> PartiesView:
    with asked_for(accords, accord) as one:
        return parties_view(one.book, one.in_force().standing(one.now_s), one.now_s)


def incidents_of(accords: Accords, accord: str) -> IncidentsView:
    with asked_for(accords, accord) as one:
        followed = one.followed
        accounts, origins = followed.accounts(one.book), followed.origins(one.book)
        return incidents_view(one.book, one.us, accounts, origins, one.where.option, one.now_s)


def pledges_of(accords: Accords, accord: str) -> PledgesView:
    with asked_for(accords, accord) as one:
        return pledges_view(one.book, one.where.option, one.now_s)


def dialogue_of(accords: Accords, accord: str) -> DialogueView:
    with asked_for(accords, accord) as one:
        return dialogue_view(one.book, one.in_force().standing(one.now_s), one.now_s)


def calendar_of(accords: Accords, accord: str, party: str | None, language: str) -> bytes:
    """What is due or late, with a time, for another calendar."""
    with asked_for(accords, accord) as one:
        due = [
            each
            for each in one.in_force().open(one.now_s)
            if each.due_s is not None
            and each.stage in (Stage.DUE, Stage.LATE)
            and party in (None, "", each.duty)
        ]
        return one.followed.calendar(one.book, due[:EVENTS_MAX], language)


def review_of(accords: Accords, accord: str, year: int, language: Language) -> Paper:
    """NoSuchThing for a year in which it was not in force."""
    with asked_for(accords, accord) as one:
        if year not in years(one.book, one.now_s):
            raise NoSuchThing(f"{accord} was not in force in {year}")
        return review_paper(one.book, one.followed.year(one.book, year, one.now_s), language)
