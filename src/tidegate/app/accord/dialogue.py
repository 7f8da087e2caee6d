"""Dialogue and road maps of an accord as people read them, and files in which meetings are written down."""

from collections.abc import Sequence

import msgspec

from tidegate.accord.dialogue import Deed, Meeting, TrackView, must_be_minutes, tracks
from tidegate.app.accord.books import Book
from tidegate.app.accord.views import Row, row
from tidegate.model.accords import By, Occurrence, PartyCode, Text
from tidegate.model.minutes import Minutes
from tidegate.model.refusals import NotAllowed
from tidegate.wire.accord_file import decode_minutes

__all__ = [
    "Deed",
    "Meeting",
    "TrackView",
    "dialogue",
    "draft_minutes",
    "minutes_fields",
    "reached_fields",
    "road_map",
]


def dialogue(book: Book, now_s: int) -> list[TrackView]:
    """Every track. NotAllowed while the accord is not in force."""
    told = [one for one in book.told if isinstance(one, Occurrence)]
    return tracks(book.accord, told, book.meetings(), book.reckoning().standing(now_s), now_s)


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """One milestone of a road map: `rows` are its owners' parts toward each other party."""

    id: str
    article: str
    text: Text
    date: str
    owners: tuple[PartyCode, ...]
    reached_by: tuple[PartyCode, ...]
    rows: tuple[Row, ...]


def road_map(book: Book, us: PartyCode, now_s: int) -> list[Milestone]:
    """Milestones in the order of their days; an owner has reached one when no other party's part is open."""
    standings = book.reckoning().standing(now_s)
    found: list[Milestone] = []
    for one in book.accord.obligation:
        if not isinstance(one.clock, By):
            continue
        rows = [row(part, us) for part in standings if part.obligation.id == one.id]
        owners = tuple(dict.fromkeys(part.duty for part in rows))
        reached = [
            owner for owner in owners if all(part.kept_s is not None for part in rows if part.duty == owner)
        ]
        found.append(
            Milestone(
                id=one.id,
                article=one.article,
                text=one.text,
                date=one.clock.date,
                owners=owners,
                reached_by=tuple(reached),
                rows=tuple(rows),
            )
        )
    return sorted(found, key=lambda one: (one.date, one.id))


def minutes_fields(book: Book, written: bytes) -> tuple[Minutes, tuple[str, ...]]:
    """Of the message that carries the minutes. NotAllowed where they do not fit the accord."""
    minutes = decode_minutes(written)
    must_be_minutes(book.accord, minutes)
    experts = {track.id for track in book.accord.track if track.experts}
    happening = "committee-met" if minutes.track in experts else "track-met"
    return minutes, ("purpose=minutes", f"happening={happening}", f"track={minutes.track}")


def reached_fields(book: Book, us: PartyCode, name: str, now_s: int) -> tuple[str, ...]:
    """Of a message that we reached a milestone or did an action. NotAllowed where it is another's."""
    owned = [one.id for one in road_map(book, us, now_s) if us in one.owners]
    actions = [deed for track in dialogue(book, now_s) for deed in track.actions]
    owned += [deed.name for deed in actions if deed.owner == us]
    if name not in owned:
        raise NotAllowed(f"{name} is no milestone or action of {us}; there are {', '.join(owned) or 'none'}")
    return "purpose=minutes", "happening=milestone-reached", f"milestone={name}"


def draft_minutes(book: Book, track: str, held: str, now_s: int) -> bytes:
    """A file to be filled in: what was to be spoken of, and what is still to be done, stand in it already."""
    known = next((one for one in dialogue(book, now_s) if one.track == track), None)
    if known is None:
        raise NotAllowed(f"{book.accord.id} has no track {track}")
    languages = book.accord.languages.authentic
    lines = [
        f"# Minutes of the track {track} under {book.accord.id}, every text in each authentic language.",
        "format = 1",
        f'track = "{track}"',
        f'held = "{held}"',
        f"agenda = [{', '.join(inline(text, languages) for text in known.next_agenda)}]",
        "",
        "# What is still to be done from earlier meetings:",
        *(f"#   {deed.name}, {deed.owner}: {deed.state}" for deed in known.actions if deed.done_s is None),
        "",
        "# [[decision]]",
        '# id = "D1"',
        f"# text = {inline({}, languages)}",
        "",
        "# [[action]]",
        '# id = "A1"',
        f"# text = {inline({}, languages)}",
        f'# owner = "{book.accord.party[0].code}"',
        f'# due = "{held}"',
        "",
        "# [next]",
        f'# date = "{held}"',
        f"# agenda = [{inline({}, languages)}]",
    ]
    return ("\n".join(lines) + "\n").encode()


def inline(text: Text, languages: Sequence[str]) -> str:
    told = ", ".join(f"{tag} = {msgspec.json.encode(text.get(tag, '')).decode()}" for tag in languages)
    return f"{{ {told} }}"
