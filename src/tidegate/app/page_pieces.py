"""What the program's pages of HTML are made of: their style, tables, and figures as people read them."""

from collections.abc import Iterable, Iterator, Sequence

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
body{color:#1b2733;background:#fff}
h1{font-size:1.7rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid #c9d2da}
table{border-collapse:collapse;width:100%}th,td{padding:.2rem .5rem;text-align:end;vertical-align:top}
th:first-child,td:first-child{text-align:start}
th{font-weight:600;color:#51606d;border-bottom:1px solid #c9d2da}
tr{break-inside:avoid}.note{color:#51606d}svg{vertical-align:middle}td svg{margin-inline-start:.5rem}
.back{fill:#e6ebef}.high{fill:#9cc3d9}.low{fill:#1f6f99}
.wide{overflow-x:auto}
@media screen and (max-width:40rem){body{margin:1rem auto}table{font-size:.8rem}
th,td{padding:.15rem .25rem}td svg{display:block;width:3.5rem;margin-inline-start:auto}}
@media screen and (prefers-color-scheme:dark){body{color:#dfe6ea;background:#12181d}th,.note{color:#9fb0bc}
h2,th{border-color:#3a4853}.back{fill:#2a353e}.high{fill:#35687f}.low{fill:#62b4dc}}
@media print{*{print-color-adjust:exact}body{margin:0;max-width:none;font-size:10pt}
h2,h3,h2+p{break-after:avoid}.wide{overflow:visible}td svg{width:7rem}}
"""


def share(value: float) -> str:
    percent = value * 100
    if 0 < percent < 0.1:
        return "&lt;0.1&nbsp;%"
    if 99.9 < percent < 100:
        return "&gt;99.9&nbsp;%"
    return f"{percent:.1f}&nbsp;%"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 0) -> list[str]:
    """The first `texts` columns are text, and stand at the start of the line; cells are HTML."""

    def cells(tag: str, row: Sequence[str]) -> Iterator[str]:
        for at, cell in enumerate(row):
            opened = (
                cell if cell.startswith("<td") else f"<{tag}{' class=start' if at < texts else ''}>{cell}"
            )
            yield f"{opened}</{tag}>"

    head = "".join(cells("th", headings))
    body = ["<tr>" + "".join(cells("td", row)) + "</tr>" for row in rows]
    return [f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>", *body, "</tbody></table></div>"]


def rounded(number: int) -> str:
    """Three digits are as many as such estimates deserve."""
    return f"{round(number, -max(0, len(str(number)) - 3)):,}".replace(",", "&#8239;")


def span(seconds: int) -> str:
    """As "5 min", "12 h", "40 d"."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds} s"
