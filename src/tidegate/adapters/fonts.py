"""The typefaces that lie in the package, for print and page alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

FONTS: Final = Path(__file__).parent / "data" / "fonts"


def font_files() -> Mapping[str, bytes]:
    """By file name."""
    return {path.name: path.read_bytes() for path in sorted(FONTS.glob("*.ttf"))}
