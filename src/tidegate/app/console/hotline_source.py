"""Where the console asks about the hotline: the node that serves it, and what that node keeps."""

from collections.abc import Callable
from dataclasses import dataclass

from tidegate.app.hotline.bundles import Kept
from tidegate.app.hotline.line import HotlineLine


@dataclass(frozen=True, slots=True)
class HotlineSource:
    """`founded` looks whether an organisation's card lies in the folder. `kept` opens the record for a proof;
    NotAllowed where there is none. `option` is what a command at the terminal needs to find the same node,
    "" where it needs nothing. `same_node` says that the rest of the console is about that node, too."""

    line: HotlineLine
    founded: Callable[[], bool]
    kept: Callable[[], Kept]
    option: str
    same_node: bool
