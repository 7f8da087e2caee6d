"""What an accord asks of a party from the moment it knows of something, before anybody was told of it."""

from msgspec.structs import replace

from tidegate.app.accord.books import Book
from tidegate.app.accord.readings import read
from tidegate.app.accord.views import Row, row
from tidegate.model.accords import PartyCode
from tidegate.model.messages import Content

NOT_YET = 0
"""Stands for the number of a fact that there is not yet."""


def asked_by_knowing(book: Book, us: PartyCode, drafted: Content, now_s: int) -> list[Row]:
    """The instances that what the draft tells of begins, as they will stand once that is known on record;
    not what the draft itself, as a message, would keep. NotAllowed while the accord is not in force."""
    reckoning = book.reckoning()
    known = {one.name for one in reckoning.standing(now_s)}
    for told in read(book.accord, book.codes, drafted, "", NOT_YET):
        if told.sent_at_s is None:
            reckoning.hear(replace(told, fact=len(book.told)))
    return [row(one, us) for one in reckoning.standing(now_s) if one.name not in known]
