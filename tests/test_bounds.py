"""Every bound has its row in docs/bounds.md; `python -m tests.test_bounds` writes them from the code.

A bound is a module constant whose name ends in _MAX; the text behind it says why, and what happens there.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "tidegate"
PAGE = ROOT / "docs" / "bounds.md"

OPENING = """# Bounds

Every queue, cache, table, loop and message has a named bound. This page is made from the text that
stands behind each bound in the code (`uv run python -m tests.test_bounds` writes it, and a test holds
the two together): what is bounded, and what happens there.
"""

HEADING = "| bound | value | why, and what happens there | where |\n|---|---|---|---|\n"


@dataclass(frozen=True, slots=True)
class Bound:
    room: str
    module: str
    name: str
    value: str
    why: str

    @property
    def row(self) -> str:
        return f"| `{self.name}` | {self.value} | {self.why} | `{self.module}` |"


def bounds() -> list[Bound]:
    return [bound for path in sorted(SOURCE.rglob("*.py")) for bound in bounds_in(path)]


def bounds_in(path: Path) -> Iterator[Bound]:
    body = ast.parse(path.read_text()).body
    module = path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")
    for at, node in enumerate(body):
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name = node.targets[0].id
        if name.endswith("_MAX"):
            yield Bound(module.split(".")[0], module, name, value_of(node.value), text_behind(body, at))


def value_of(expression: ast.expr) -> str:
    """The number, with thin groups of thousands; the expression itself where it refers to another name."""
    if any(isinstance(node, ast.Name | ast.Call) for node in ast.walk(expression)):
        return f"`{ast.unparse(expression)}`"
    value = eval(compile(ast.Expression(expression), "bound", "eval"), {"__builtins__": {}})
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def text_behind(body: list[ast.stmt], at: int) -> str:
    """The string behind a constant, or behind the last of a run of constants that it explains together."""
    for node in body[at + 1 :]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return " ".join(str(node.value.value).split()).replace("|", "\\|")
        if not isinstance(node, ast.Assign):
            return ""
    return ""


def page() -> str:
    parts = [OPENING]
    room = ""
    for bound in bounds():
        if bound.room != room:
            room = bound.room
            parts.append(
                f"\n## {room}\n\n| bound | value | why, and what happens there | where |\n|---|---|---|---|\n"
            )
        parts.append(bound.row + "\n")
    return "".join(parts)


def test_every_bound_says_why_and_what_happens_there() -> None:
    silent = [f"{bound.module}.{bound.name}" for bound in bounds() if len(bound.why) < 20]
    assert not silent


def test_the_page_of_bounds_is_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "run: uv run python -m tests.test_bounds"


if __name__ == "__main__":
    PAGE.write_text(page())
