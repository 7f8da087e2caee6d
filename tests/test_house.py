"""The plan of the house, enforced: who may import whom, no circles, one sentence at every door."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "tidegate"

LOWER = {"model", "kernels", "wire", "ledger", "ports"}
RULES = {"detect", "mitigate", "rehearse", "audit", "hotline", "accord"}
MAY_IMPORT: dict[str, set[str]] = {
    "model": set(),
    "kernels": set(),
    "wire": {"model", "kernels"},
    "ledger": set(),
    "ports": {"model"},
    "detect": {"model", "kernels"},
    "mitigate": {"model", "kernels"},
    "rehearse": {"model", "kernels"},
    "audit": {"model", "kernels"},
    "hotline": {"model", "ledger"},
    "accord": {"model"},
    "app": LOWER | RULES,
    "adapters": {"model", "ports", "wire", "kernels"},
    "lab": {"model", "ports", "wire", "kernels", "app", "adapters"},
    "cli": {"model", "app"},
    "console": {"model", "app"},
}
HINGE = {"__main__", "__init__"}

FILES = sorted(SOURCE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path) -> set[str]:
    """Absolute names of our own modules that a file imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.add(module)
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "tidegate"}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_room_imports_only_what_the_plan_allows(path: Path) -> None:
    room = room_of(module_name(path))
    if room in HINGE:
        return
    assert room in MAY_IMPORT, f"{room} is not a room of the plan"
    allowed = MAY_IMPORT[room] | {room, "__init__", "__version__"}
    strangers = {name for name in imported_modules(path) if room_of(name) not in allowed}
    assert not strangers, f"{room} may not import {sorted(strangers)}"


def test_imports_form_no_circle() -> None:
    modules = {module_name(path): path for path in FILES}
    # A room's door imports its files, and a file of that room never imports the door.
    graph = {name: imported_modules(path) & modules.keys() - {name} for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"import circle: {' -> '.join(circle.args[1])}")


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_module_opens_with_one_sentence(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, "no opening sentence"
    first = docstring.split("\n\n")[0].strip()
    assert first.endswith("."), f"the opening is not a sentence: {first!r}"
    assert not re.search(r"[.!?]\s+[A-Z]", first), f"the opening is more than one sentence: {first!r}"


def test_only_the_clock_adapter_reads_the_time() -> None:
    allowed = {"tidegate.adapters.clock"}
    readers = {
        module_name(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"time", "time_ns", "now", "utcnow", "today"}
        and isinstance(node.value, ast.Name)
        and node.value.id in {"time", "datetime", "date"}
    }
    assert readers <= allowed, f"these read the time themselves: {sorted(readers - allowed)}"


def test_no_exception_is_swallowed_whole() -> None:
    """`except Exception` stands only in the outermost loop."""
    allowed = {"tidegate.__main__"}
    catchers = {
        module_name(path)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
    }
    assert catchers <= allowed, f"these catch everything: {sorted(catchers - allowed)}"
