"""docs/detection.md says what the code does; `python -m tests.detect.test_detection_page` writes it."""

import re
from pathlib import Path

from tidegate.detect.levels import LAN_MULTIPLES, LEVEL_MULTIPLES, SETTLED_MULTIPLES
from tidegate.detect.settings import DetectionSettings
from tidegate.model.doubts import DOUBTS
from tidegate.model.vectors import VECTORS, Vector

PAGE = Path(__file__).parent.parent.parent / "docs" / "detection.md"


def mark(vector: Vector) -> str:
    """What a reflector's packets are recognised by; other vectors' labels say it."""
    if not vector.source_ports:
        return ""
    ports = " or ".join(map(str, vector.source_ports))
    return f"UDP from port {ports}" + (
        f", {vector.bytes_min} bytes a packet at least" if vector.bytes_min else ""
    )


def vectors() -> str:
    lines = "".join(
        f"| `{one.name}` | {one.label} | {mark(one)} | {one.floor_bits_per_s / 1e6:,.0f} Mb/s "
        f"| {one.floor_packets_per_s:,} |\n"
        for one in VECTORS
    )
    return f"| name | what it is | recognised by | floor | packets/s |\n|---|---|---|---|---|\n{lines}"


def doubts() -> str:
    return "| code | what it says |\n|---|---|\n" + "".join(
        f"| `{code}` | {said} |\n" for code, said in DOUBTS.items()
    )


def written(text: str) -> str:
    """The page with both tables as the code has them, each below its mark."""
    for mark_of, table in (("<!-- doubts -->\n\n", doubts()), ("<!-- vectors -->\n\n", vectors())):
        before, _, after = text.partition(mark_of)
        text = before + mark_of + table + re.sub(r"\A(\|.*\n)*", "", after)
    return text


def test_the_tables_are_what_the_code_says() -> None:
    text = PAGE.read_text()
    assert text == written(text), "run: uv run python -m tests.detect.test_detection_page"


def test_the_numbers_in_the_text_are_the_defaults() -> None:
    settings = DetectionSettings()
    assert (settings.persistence_seconds, settings.persistence_window_seconds) == (3, 5)
    assert settings.burst_multiples == (3.0, 4.0, 5.0)
    assert (settings.cold_multiple, settings.end_share, settings.quiet_seconds) == (3.0, 0.5, 15)
    assert LEVEL_MULTIPLES[:4] == LAN_MULTIPLES[:4] == (1, 2, 4, 8)
    assert LEVEL_MULTIPLES[6:] == LAN_MULTIPLES[6:] == (2, 4, 8)
    assert SETTLED_MULTIPLES[1:4] == SETTLED_MULTIPLES[6:] == (1.25, 1.5, 2)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
