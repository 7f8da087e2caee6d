"""Papers as PDF, by Typst, with fonts that know Latin, Cyrillic, Persian and Arabic letters."""

import json

from tidegate.adapters.fonts import FONTS
from tidegate.model.papers import Cell, Paper, Section
from tidegate.ports.outside import OutsideFailed

SPELT = "\u200c\u200d\u2066\u2067\u2068\u2069"
"""Joiners and isolates, by which words and codes keep their form and their place."""

WHOLE_MAX = 1_000
"""Characters of a cell that is kept on one page; a longer one may go on overleaf."""

FONTS_BY_DIRECTION = {
    "ltr": '("Libertinus Serif", "Vazirmatn")',
    "rtl": '("Vazirmatn", "Libertinus Serif")',
}

PAGE = """\
#set document(title: {title}, date: none)
#set page(paper: "a4", margin: 2cm, numbering: "1 / 1")
#set text(font: {fonts}, size: 9pt, lang: {language}, dir: {direction}, hyphenate: true)
#set par(leading: 0.7em)
#show heading: set block(above: 1.6em, below: 0.8em)
#let code(body) = box(text(dir: ltr, size: 8pt, body))
= #{title}
#text(size: 11pt, {subtitle})

{lines}
{sections}
#v(1em)
#line(length: 100%, stroke: 0.4pt)
#text(size: 8pt, {notice})
"""


class TypstPrinter:
    """See tidegate.ports.printing.Printer."""

    def pdf(self, paper: Paper) -> bytes:
        # Loaded here: it brings a compiler along.
        import typst

        fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(FONTS)])
        try:
            made = typst.compile(source(paper).encode(), font_paths=fonts, format="pdf", timestamp=0)
        except typst.TypstError as error:
            what = "the paper cannot be printed"
            raise OutsideFailed(what, error.message, "Print the HTML instead.") from error
        assert isinstance(made, bytes), "one PDF is one string of bytes"
        return made


def source(paper: Paper) -> str:
    """The paper in Typst's language; every text goes in as a string, so that nothing in it is obeyed."""
    return PAGE.format(
        title=text(paper.title),
        subtitle=text(paper.subtitle),
        language=text(paper.language.split("-")[0]),
        direction=paper.direction,
        fonts=FONTS_BY_DIRECTION[paper.direction],
        lines="\n\n".join(f"#{text(line)}" for line in paper.lines),
        sections="\n".join(map(section, paper.sections)),
        notice=text(paper.notice),
    )


def section(one: Section) -> str:
    heading = f"== #{text(one.heading)}\n"
    if not one.rows:
        return f"{heading}#{text(one.empty)}\n"
    columns = ", ".join(width(one, at) for at in range(len(one.columns)))
    head = ", ".join(f"strong(text(hyphenate: false, {text(column)}))" for column in one.columns)
    body = ",\n  ".join(", ".join(map(cell, row)) for row in one.rows)
    style = "stroke: (x: none, y: 0.3pt + luma(70%)), inset: (x: 4pt, y: 4pt), align: start"
    return f"{heading}#table(columns: ({columns}), {style},\n  table.header({head}),\n  {body})\n"


def width(one: Section, at: int) -> str:
    """A column of codes is as wide as they are; sentences get three times the room of words."""
    cells = [row[at] for row in one.rows]
    longest = max(len(known.text) for known in cells)
    if longest <= 24 and all(known.code for known in cells):
        return "auto"
    return "3fr" if longest > 40 else "1fr"


def cell(one: Cell) -> str:
    told = f"code({text(one.text)})" if one.code else text(one.text)
    return told if len(one.text) > WHOLE_MAX else f"table.cell(breakable: false, {told})"


def text(words: str) -> str:
    """A string of Typst's: its escapes are those of JSON, but for the way to write a code point."""
    plain = "".join(one if one.isprintable() or one in SPELT else " " for one in words)
    return json.dumps(plain, ensure_ascii=False)
