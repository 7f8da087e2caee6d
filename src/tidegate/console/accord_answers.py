"""What the endpoints of accords answer."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256

from tidegate.app.accord.review import STYLE, html
from tidegate.app.console import accord_gathering as gathering
from tidegate.app.console.gathering import NoSuchThing
from tidegate.console.answering import Answer, Answers, Desk, Question
from tidegate.model.labels import LANGUAGES, Language

SHEET_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
)
"""A sheet of paper: its own style, to the letter, and nothing that acts."""


def accords(at: Desk, _: Question) -> Answer:
    return Answer(gathering.accord_list(at.serving.sources.accords))


def accord(at: Desk, asked: Question) -> Answer:
    closed = bool(asked.numbers.get("closed"))
    return Answer(gathering.one_accord(at.serving.sources.accords, asked.texts["accord"], closed=closed))


def parties(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.parties_of(at.serving.sources.accords, asked.texts["accord"]))


def incidents(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.incidents_of(at.serving.sources.accords, asked.texts["accord"]))


def pledges(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.pledges_of(at.serving.sources.accords, asked.texts["accord"]))


def dialogue(at: Desk, asked: Question) -> Answer:
    return Answer(gathering.dialogue_of(at.serving.sources.accords, asked.texts["accord"]))


def calendar(at: Desk, asked: Question) -> Answer:
    name, language = asked.texts["accord"], language_of(asked)
    told = gathering.calendar_of(at.serving.sources.accords, name, asked.texts.get("party"), language)
    return Answer(told, headers=as_file(f"{name}.ics"))


def review(at: Desk, asked: Question) -> Answer:
    """Shown as it is. Nothing of it is the console's page: what is in it came from elsewhere too."""
    name, year, language = asked.texts["accord"], year_of(asked), language_of(asked)
    paper = gathering.review_of(at.serving.sources.accords, name, year, language)
    return Answer(html(paper).encode(), headers={"content-security-policy": SHEET_POLICY})


def review_print(at: Desk, asked: Question) -> Answer:
    name, year, language = asked.texts["accord"], year_of(asked), language_of(asked)
    paper = gathering.review_of(at.serving.sources.accords, name, year, language)
    printed = at.serving.printer().pdf(paper)
    return Answer(printed, headers=as_file(f"{name}-{year}-{language}.pdf"))


def year_of(asked: Question) -> int:
    """NoSuchThing for what is no year."""
    text = asked.texts["year"]
    if not re.fullmatch(r"[0-9]{4}", text):
        raise NoSuchThing(f"{text} is no year")
    return int(text)


def language_of(asked: Question) -> Language:
    known = next((one for one in LANGUAGES if one == asked.texts["language"]), None)
    if known is None:
        raise NoSuchThing(f"there is nothing in {asked.texts['language']}")
    return known


def as_file(name: str) -> Mapping[str, str]:
    """To be kept as a file of this name, whatever signs an accord's id holds."""
    plain = re.sub(r"[^A-Za-z0-9.-]", "_", name)
    return {"content-disposition": f'attachment; filename="{plain}"'}


ACCORD_ANSWERS: Answers = {
    "accords": accords,
    "accord": accord,
    "accord_parties": parties,
    "accord_incidents": incidents,
    "accord_pledges": pledges,
    "accord_dialogue": dialogue,
    "accord_calendar": calendar,
    "accord_review": review,
    "accord_print": review_print,
}
