"""The review pack: a year under an accord as a paper in one language, and as a page of its own."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from html import escape

from tidegate.accord.changes import by_number
from tidegate.accord.clocks import moment
from tidegate.accord.stages import Stage
from tidegate.app.accord.books import Book
from tidegate.app.accord.views import Row, YearView, worded
from tidegate.model.accords import Occurrence
from tidegate.model.labels import RIGHT_TO_LEFT, Language, day, how_long, label, phrase
from tidegate.model.papers import Cell, Paper, Section

STYLE = """
body{font:15px/1.55 system-ui,"Vazirmatn","Noto Naskh Arabic",sans-serif;max-width:60rem;margin:2rem auto;
padding:0 1rem;color:#1b1f24;background:#fff}h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.1rem;
margin-top:2rem}table{border-collapse:collapse;width:100%}th,td{text-align:start;vertical-align:top;
padding:.3rem .6rem .3rem 0;border-bottom:1px solid #d0d7de}th{font-weight:600;color:#57606a}
bdi{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}footer{margin-top:2rem;
color:#57606a;border-top:1px solid #d0d7de;padding-top:.8rem}@media print{body{margin:0;max-width:none}}
@media(max-width:600px){table,tbody,tr,td{display:block}thead{display:none}tr{padding:.5rem 0;
border-bottom:1px solid #d0d7de}td{border:0;padding:.1rem 0}}"""

PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title><style>{style}</style></head>
<body><h1>{title}</h1><p><strong>{subtitle}</strong></p>{body}<footer>{notice}</footer></body></html>
"""


STATE_DIGITS = 12
"""Of the identity of a state that is no party, as on every screen of accords."""


def review_paper(book: Book, year: YearView, language: Language) -> Paper:
    """All that the annual meeting needs, in this language; codes, times and names stay as they are."""
    said = Wording(book, language)
    return Paper(
        language=language,
        direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
        title=worded(book.accord.title, language),
        subtitle=phrase("accord-page", "review", language, year=str(year.year)),
        lines=(
            phrase("accord-page", "in-force", language, date=day(date_of(year.entered_s), language)),
            f"{said.word('parties')}: {said.listed(worded(one.name, language) for one in book.accord.party)}",
            *said.as_of(year.as_of_s),
            said.in_short(year.clocks),
            said.from_record(year.us),
            said.identity(book),
        ),
        sections=(
            said.incidents(year.incidents),
            said.late(year.late),
            said.clocks(year.clocks),
            said.checks(year.checks),
            said.open(year.open),
            said.guarantees(year.in_force),
            said.events(year.events),
        ),
        notice=said.word("caveat"),
    )


class Wording:
    """The sections in one language."""

    def __init__(self, book: Book, language: Language) -> None:
        self._accord = book.accord
        self._language = language
        self._texts = {one.id: one.text for one in book.accord.obligation}
        self._texts |= {one.id: one.text for one in book.accord.guarantee}
        self._subjects = {
            one.id: label(
                "pledge" if one.subject == "no-first-strike" else "guarantee", one.subject, language
            )
            for one in book.accord.guarantee
            if one.subject != "other"
        }
        self._names = {one.code: worded(one.name, language) for one in book.accord.party}
        self._assets = {one.id: worded(one.name, language) or isolated(one.id) for one in book.accord.asset}
        self._tracks = {one.id: worded(one.text, language) for one in book.accord.track}

    def word(self, code: str) -> str:
        return label("accord-page", code, self._language)

    def as_of(self, at_s: int | None) -> tuple[str, ...]:
        """Of a year that is not over."""
        if at_s is None:
            return ()
        return (phrase("accord-page", "as-of", self._language, date=day(date_of(at_s), self._language)),)

    def from_record(self, us: str) -> str:
        """Whose paper it is: the other side's has other numbers."""
        return phrase("accord-page", "from-record", self._language, party=self._names.get(us, us))

    def identity(self, book: Book) -> str:
        return phrase(
            "accord-page",
            "identity",
            self._language,
            accord=isolated(book.accord.id),
            version=str(book.accord.version),
            digest=isolated(book.digest),
        )

    def section(self, heading: str, columns: Iterable[str], rows: Iterable[tuple[Cell, ...]]) -> Section:
        return Section(self.word(heading), tuple(map(self.word, columns)), tuple(rows), self.word("none"))

    def party(self, code: str) -> Cell:
        return Cell(self._names.get(code, code))

    def stage(self, stage: str) -> Cell:
        return Cell(label("accord-stage", stage, self._language))

    def incidents(self, told: Sequence[Occurrence]) -> Section:
        rows = [
            (
                code(minute(moment(one))),
                self.party(one.by),
                self.parties(one.toward),
                Cell(self.listed(self._assets.get(asset, isolated(asset)) for asset in one.assets)),
                code(one.about),
                code(f"#{one.fact}"),
            )
            for one in told
        ]
        columns = ("when", "who", "to-whom", "assets", "incident", "evidence")
        return self.section("incidents", columns, rows)

    def parties(self, codes: Sequence[str]) -> Cell:
        return Cell(self.listed(self._names.get(one, one) for one in codes))

    def in_short(self, counts: Sequence[tuple[str, str, str, int]]) -> str:
        """One line: how many of what fell due stand at which stage."""
        by_stage: Counter[str] = Counter()
        for _, __, stage, number in counts:
            by_stage[stage] += number
        told = [
            f"{label('accord-stage', stage, self._language)} ({number})"
            for stage in map(str, Stage)
            if (number := by_stage[stage])
        ]
        return f"{self.word('in-short')}: {self.listed(told) or self.word('none')}"

    def listed(self, words: Iterable[str]) -> str:
        comma = "، " if self._language in RIGHT_TO_LEFT else ", "
        return comma.join(words)

    def late(self, found: Sequence[Row]) -> Section:
        """By how much: the language's own words for hours and days."""
        rows = [
            (
                code(one.article),
                text,
                self.party(one.duty),
                code(minute(one.due_s)),
                Cell(self.word("not-done")) if one.kept_s is None else code(minute(one.kept_s)),
                Cell("" if one.kept_s is None else how_long(one.kept_s - one.due_s, self._language)),
            )
            for one, text in self.worded_once(found)
            if one.due_s is not None
        ]
        return self.section("late", ("article", "obligation", "owed-by", "due", "kept", "late-by"), rows)

    def text_of(self, obligation: str) -> Cell:
        return Cell(worded(self._texts[obligation], self._language))

    def worded_once(self, found: Sequence[Row]) -> Iterator[tuple[Row, Cell]]:
        """By article and time; what stands there again and again has its text in its first row."""
        before = ""
        for one in sorted(found, key=lambda one: (by_number(one.article), one.due_s or 0, one.instance)):
            yield one, Cell("") if one.obligation == before else self.text_of(one.obligation)
            before = one.obligation

    def clocks(self, counts: Sequence[tuple[str, str, str, int]]) -> Section:
        """One row an obligation, one column a stage at which any stands."""
        stages = [str(stage) for stage in Stage if any(stage == known for _, __, known, ___ in counts)]
        numbers = {(article, name, stage): number for article, name, stage, number in counts}
        rows = [
            (
                code(article),
                self.text_of(name),
                *(code(str(numbers.get((article, name, stage), ""))) for stage in stages),
            )
            for article, name in dict.fromkeys((article, name) for article, name, *_ in counts)
        ]
        headings = (
            self.word("article"),
            self.word("obligation"),
            *(label("accord-stage", stage, self._language) for stage in stages),
        )
        return Section(self.word("clocks"), headings, tuple(rows), self.word("none"))

    def checks(self, counts: Sequence[tuple[str, str, str, int]]) -> Section:
        rows = [
            (self.party(duty), self.party(toward), self.stage(stage), code(str(number)))
            for duty, toward, stage, number in counts
        ]
        return self.section("checks", ("owed-by", "owed-to", "stage", "number"), rows)

    def open(self, found: Sequence[Row]) -> Section:
        rows = [
            (
                code(one.article),
                text,
                self.party(one.duty),
                self.party(one.toward),
                self.stage(one.stage),
                code("" if one.due_s is None else minute(one.due_s)),
                Cell(label("accord-step", one.next_step, self._language)),
            )
            for one, text in self.worded_once([one for one in found if one.stage != Stage.DUE])
        ]
        columns = ("article", "obligation", "owed-by", "owed-to", "stage", "due", "next")
        return self.section("open", columns, rows)

    def guarantees(self, in_force: dict[str, list[tuple[str, str]]]) -> Section:
        """One row each, since both of a pair are bound alike."""
        rows = [
            (self.text_of(name), Cell(self.listed(map(self.pair, pairs))))
            for name, pairs in in_force.items()
            if pairs
        ]
        return self.section("guarantees", ("what", "between"), rows)

    def pair(self, pair: tuple[str, str]) -> str:
        one, other = (self._names.get(code, code[:STATE_DIGITS]) for code in pair)
        return phrase("accord-screen", "pair", self._language, one=one, other=other)

    def happening(self, one: Occurrence) -> str:
        """With the act, the guarantee, the track or the milestone that it is about."""
        said = label("accord-happening", one.kind, self._language)
        if one.guarantee in self._subjects:
            return f"{said}: {self._subjects[one.guarantee]}"
        if one.track in self._tracks:
            return f"{said}: {self._tracks[one.track]}"
        if one.kind == "notice" and one.act is not None:
            begins = f"{label('accord-happening', one.act, self._language)}, {isolated(minute(one.at_s))}"
            return f"{said}: {begins}"
        about = one.guarantee or one.track or (one.about if one.kind == "milestone-reached" else "")
        return f"{said}: {isolated(about)}" if about else said

    def events(self, told: Sequence[Occurrence]) -> Section:
        rows = [
            (
                code(minute(moment(one))),
                Cell(self.happening(one)),
                self.party(one.by),
                self.parties(one.toward),
                code(f"#{one.fact}"),
            )
            for one in told
        ]
        return self.section("events", ("when", "what", "who", "to-whom", "evidence"), rows)


def isolated(text: str) -> str:
    """A code among words: left-to-right isolate (UAX 9), so that its parts never change places."""
    return f"\u2066{text}\u2069"


def date_of(at_s: int) -> date:
    return datetime.fromtimestamp(at_s, UTC).date()


def code(text: str) -> Cell:
    return Cell(text, code=True)


def minute(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M")


def html(paper: Paper) -> str:
    """The paper as one file; codes are isolated, so that they never flip."""
    body = "".join(f"<p>{escape(line)}</p>" for line in paper.lines) + "".join(map(table, paper.sections))
    return PAGE.format(
        language=paper.language,
        direction=paper.direction,
        title=escape(paper.title),
        subtitle=escape(paper.subtitle),
        style=STYLE,
        body=body,
        notice=escape(paper.notice),
    )


def table(section: Section) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>"
    if not section.rows:
        return f"{heading}<p>{escape(section.empty)}</p>"
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in section.columns)
    rows = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in section.rows)
    return f"{heading}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def cell(one: Cell) -> str:
    text = escape(one.text)
    return f'<td><bdi dir="ltr">{text}</bdi></td>' if one.code else f"<td>{text}</td>"
