"""What databases report when they fail, put into words: one table for each kind."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from tidegate.ports.outside import OutsideFailed


class Words(NamedTuple):
    what: str
    remedy: str


FULL_DISK = Words(
    "the disk is full",
    "Nothing stored is lost. Free some space; what waits is stored then.",
)
READ_ONLY = Words(
    "the database cannot be written to",
    "Let the user that runs Tidegate write to the file and its folder, or choose another folder.",
)
CANNOT_OPEN = Words(
    "the database cannot be opened",
    "Its folder must exist and be open to the user that runs Tidegate, for reading and writing.",
)
LOCKED = Words(
    "the database is locked by another program",
    "End the other program (a backup, a second Tidegate), or wait for it.",
)
DAMAGED = Words(
    "the database is damaged, or is no database",
    "Keep the file, put a copy from before in its place, and check that with `tidegate ledger verify`.",
)
BROKEN_DISK = Words(
    "reading or writing the database failed",
    "Look for disk errors and limits in the system's log; what was stored before is not lost.",
)
UNREACHABLE = Words(
    "no connection to the database server",
    "Start it, or correct its address, the user or the database; what waits is stored when it is back.",
)
REFUSED = Words(
    "the database server refuses this user",
    "Correct the user, the password or the rights: Tidegate reads, writes and creates tables.",
)
NOT_THERE = Words(
    "the database file was removed or replaced while it was in use",
    "Put the file back, and what waits is stored; or start Tidegate again with what is there now.",
)
NO_DATABASE = Words("the database does not exist", "Create it on the server, empty, or correct its name.")
NOT_OURS = Words(
    "tables of another program are in the way",
    "Give Tidegate a database of its own.",
)
OVERLOADED = Words("the database server has no resources left", "Look at its connections and its memory.")

SQLITE: Mapping[str, Words] = {
    "SQLITE_FULL": FULL_DISK,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_CANTOPEN": CANNOT_OPEN,
    "SQLITE_PERM": CANNOT_OPEN,
    "SQLITE_BUSY": LOCKED,
    "SQLITE_LOCKED": LOCKED,
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_IOERR": BROKEN_DISK,
}
"""By the beginning of SQLite's extended result code (sqlite.org/rescode.html)."""

POSTGRESQL: Mapping[str, Words] = {
    "53100": FULL_DISK,
    "25006": READ_ONLY,
    "42501": REFUSED,
    "42P07": NOT_OURS,
    "55P03": LOCKED,
    "40": LOCKED,
    "28": REFUSED,
    "3D": NO_DATABASE,
    "08": UNREACHABLE,
    "57": UNREACHABLE,
    "53": OVERLOADED,
    "58": BROKEN_DISK,
    "XX": DAMAGED,
}
"""By the beginning of the SQLSTATE (PostgreSQL documentation, appendix A); a failure to connect has none."""


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turns what the outside did wrong into OutsideFailed; what we did wrong goes up as it is."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        # SQLAlchemy does not wrap what happens while a connection is being made.
        cause = error.orig if isinstance(error, DBAPIError) else error
        words = words_for(cause)
        if words is None:
            raise
        what = f"{words.what} ({last_line(cause)})" if words is UNREACHABLE else words.what
        raise OutsideFailed(what, where, words.remedy) from error


def words_for(error: BaseException | None) -> Words | None:
    if isinstance(error, sqlite3.Error):
        return longest_match(SQLITE, getattr(error, "sqlite_errorname", ""))
    code = getattr(error, "sqlstate", None)
    if code is None and type(error).__name__ == "OperationalError":
        return UNREACHABLE
    return longest_match(POSTGRESQL, code or "")


def longest_match(table: Mapping[str, Words], code: str) -> Words | None:
    beginnings = [beginning for beginning in table if code.startswith(beginning)]
    return table[max(beginnings, key=len)] if beginnings else None


def last_line(error: BaseException | None) -> str:
    """The server's own words, which alone tell one failure to connect from another."""
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else "it says nothing"
