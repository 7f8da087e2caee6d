"""What the hinge hands to the console's door: its sources, its place, and the page it is served from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tidegate.app.console.address import Address, address_of
from tidegate.app.console.gathering import Sources
from tidegate.app.console.studies import Studies
from tidegate.app.console.study_sources import Folders
from tidegate.mitigate.roster import Roster
from tidegate.ports.evidence import Shelf
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.printing import Printer

__all__ = [
    "SHELF_NAME",
    "Address",
    "OutsideFailed",  # for doors, which know no ports
    "Serving",
    "Shelf",
    "address_of",
]

SHELF_NAME = "console"
"""The console's own folder in the node's state folder: hashes of tokens, invitations."""


@dataclass(frozen=True, slots=True)
class Serving:
    """`fonts` by file name; `printer` is called where something is printed. `roster` reads the officers anew
    each time it is called; NotAllowed and OutsideFailed as the file says. `told` is called once the console
    listens, with the link that lets a reader in once."""

    sources: Sources
    address: Address
    shelf: Shelf
    folders: Folders
    studies: Studies
    roster: Callable[[], Roster]
    fonts: Mapping[str, bytes]
    printer: Callable[[], Printer]
    version: str
    told: Callable[[str], None]
