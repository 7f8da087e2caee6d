"""Tables and sentences of accords on a terminal, in the language that was asked for and in its direction."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tidegate.cli.output import console

if TYPE_CHECKING:
    from tidegate.app.accord.checking import Finding
    from tidegate.app.parts import Parts

SCREEN, PAGE = "accord-screen", "accord-page"


class Worded:
    """Every heading and every word of a table has its label; whatever is no label stays as it is, and stands
    in a direction of its own where the language is written from the right."""

    def __init__(self, parts: "Parts", language: str) -> None:
        from tidegate.cli.hotline.paper import Paper
        from tidegate.model.labels import RIGHT_TO_LEFT, language_of

        spoken = language_of(language)
        assert spoken is not None, "click allows only ours"
        self.language = spoken
        self._any = Paper(spoken, parts.environ)
        self._paper = self._any if spoken in RIGHT_TO_LEFT else None

    def word(self, code: str) -> str:
        """Of our screens, or of the review pack where that has it too."""
        from tidegate.model.labels import codes, label

        return label(SCREEN if code in codes(SCREEN) else PAGE, code, self.language)

    def label(self, group: str, code: str) -> str:
        from tidegate.model.labels import label

        return label(group, code, self.language)

    def moment(self, at_s: int | None) -> str:
        from tidegate.cli.words import moment

        return "" if at_s is None else moment(at_s * 1_000)

    def span(self, text: str) -> str:
        from tidegate.app.accord.remarking import span_words

        return span_words(text, self.language)

    def phrase(self, code: str, **values: object) -> str:
        return self.word(code).format(**{name: self.own(str(value)) for name, value in values.items()})

    def listed(self, parts: Sequence[str]) -> str:
        comma = "، " if self._paper is not None else ", "
        return comma.join(map(self.own, parts))

    def own(self, text: str) -> str:
        """A part of a line in a direction of its own."""
        from tidegate.app.hotline.reading import by_itself

        return by_itself(text) if text and self._paper is not None else text

    def finding(self, one: "Finding") -> None:
        """What is wrong with a file, and where; the place is named as the file names it."""
        kind, where = self.word(one.kind), self.own(one.where)
        self.tell(self.word("finding").format(kind=kind, where=where, what=self.what(one)))

    def as_told(self, one: "Finding") -> dict[str, str]:
        """The same for a machine that shows it to somebody."""
        return {"kind": one.kind, "where": one.where, "code": one.code, "what": self.what(one)}

    def what(self, one: "Finding") -> str:
        from tidegate.app.accord.checking import FINDING

        return self.label(FINDING, one.code).format(**{name: self.own(value) for name, value in one.values})

    def say(self, code: str, indent: int = 0, /, **values: object) -> None:
        """One sentence."""
        self.tell(self.phrase(code, **values), indent)

    def tell(self, text: str, indent: int = 0) -> None:
        """Wrapped at words where somebody watches, and whole in a file."""
        if self._paper is None:
            screen = console()
            screen.print(" " * indent + text, markup=False, soft_wrap=not screen.is_terminal)
        else:
            self._paper.say(text, indent=indent)

    def quote(self, text: str) -> None:
        """A text of the file, perhaps in another language than was asked for: its joiners are letters."""
        self._any.say(text)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], empty: str = "") -> None:
        """Under the headings of these codes; without rows the sentence `empty`, where there is one."""
        from tidegate.cli.tables import plain_table

        if not rows:
            if empty:
                self.tell(empty)
            return
        words = [self.word(heading) for heading in headings]
        if self._paper is not None:
            self._paper.table(words, [list(map(self.own, row)) for row in rows], [""] * len(rows))
            return
        table = plain_table()
        for word in words:
            table.add_column(word, overflow="fold")
        for row in rows:
            table.add_row(*row)
        console().print(table)


def facts(numbers: Sequence[int]) -> str:
    """As "#3, #14"."""
    return ", ".join(f"#{number}" for number in numbers)
