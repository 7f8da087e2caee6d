"""One of the two doors: the command line.

Only this file's two names are needed to open it; everything heavy is loaded by the command that needs it.
"""

from tidegate.cli.door import open_door
from tidegate.cli.exits import tell

__all__ = ["open_door", "tell"]
