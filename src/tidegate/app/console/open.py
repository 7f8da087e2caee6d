"""A console put together from its parts: what it reads, where it listens, and whom it lets in."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shlex import quote

from tidegate.app.config import find_state, load_config
from tidegate.app.console.accord_reader import Accords, Where
from tidegate.app.console.gathering import Sources
from tidegate.app.console.hotline_source import HotlineSource
from tidegate.app.console.serving import SHELF_NAME, Serving, address_of
from tidegate.app.console.studies import Studies
from tidegate.app.console.study_sources import AUDITS_NAME, REHEARSALS_NAME, Folders
from tidegate.app.followed_state import FollowedState
from tidegate.app.hotline.bundles import Kept
from tidegate.app.hotline.line import HotlineLine
from tidegate.app.hotline.places import EVIDENCE_NAME
from tidegate.app.parts import Parts, Stores
from tidegate.app.places import database_url
from tidegate.app.plan_mapping import roster_path
from tidegate.app.settings import Config
from tidegate.mitigate.roster import Roster, roster_from
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.facts import FactStore
from tidegate.ports.hotline_identity import StationFolder
from tidegate.ports.outside import OutsideFailed
from tidegate.ports.roster import RosterFile

CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without those that are taken for others. Sixteen of them are 78 bits."""


class Record:
    """The node's database, opened when first asked for, and again where that failed."""

    def __init__(self, parts: Parts, url: str) -> None:
        self._parts = parts
        self._url = url
        self._stores: Stores | None = None

    def stores(self) -> Stores:
        """NotAllowed where no node has kept any there, OutsideFailed where it cannot be opened."""
        if self._stores is None:
            self._stores = self._parts.stores(self._url, "refuse")
        return self._stores

    def facts(self) -> FactStore:
        """As `stores`."""
        return self.stores().facts

    def close(self) -> None:
        if self._stores is not None:
            self._stores.close()


@contextmanager
def serving_of(
    parts: Parts,
    *,
    config_file: Path | None,
    state_folder: Path | None,
    hotline_state: Path | None,
    listen: str,
    origin: str | None,
    certificate: Path | None,
    key: Path | None,
    rehearsals: Path | None,
    audits: Path | None,
    told: Callable[[str], None],
) -> Iterator[Serving]:
    """All that the door needs; NotAllowed for an address that would need TLS and has none. `hotline_state` is
    the folder of a node that serves the hotline alone, None where it is the same node."""
    config = load_config(config_file, parts.environ).config
    folder = find_state(state_folder, parts.environ)
    address = address_of(listen, origin, certificate, key)
    clock, file = parts.clock(), parts.roster(roster_path(config, folder))
    shelf = parts.shelf(folder / SHELF_NAME)
    with ExitStack() as afterwards:
        sources = sources_of(parts, config, clock, folder, state_folder, hotline_state, afterwards)
        studies = Studies(shelf, parts.studies(), clock)
        afterwards.callback(studies.close)
        yield Serving(
            sources=sources,
            address=address,
            shelf=shelf,
            folders=Folders(
                rehearsals=rehearsals or folder / REHEARSALS_NAME,
                audits=audits or folder / AUDITS_NAME,
                imported=folder / "topology" / "world",
                files=parts.files(),
                topology=parts.topology(),
            ),
            studies=studies,
            roster=lambda: roster_now(file),
            fonts=parts.fonts(),
            printer=parts.printer,
            version=parts.version,
            told=told,
        )


def sources_of(
    parts: Parts,
    config: Config,
    clock: Clock,
    folder: Path,
    told: Path | None,
    hotline_state: Path | None,
    afterwards: ExitStack,
) -> Sources:
    """The node's control line and record, and those of the node that serves the hotline, which is the same
    one where `hotline_state` is None. `told` is the state folder as the command line has it."""
    record = opened_later(parts, database_url(config, folder), afterwards)
    hotline_record = record
    if hotline_state is not None:
        hotline_record = opened_later(parts, database_url(Config(), hotline_state), afterwards)
    option = f" --state {quote(str(hotline_state or folder))}" if hotline_state or told else ""
    where = Where(option=option, same_node=hotline_state is None)
    return Sources(
        line=parts.control_line(folder),
        facts=record.facts,
        state=FollowedState(record.facts).now,
        accords=Accords(hotline_record.stores, clock, where),
        folder=parts.state_folder(folder),
        config=config,
        clock=clock,
        hotline=hotline_source(parts, hotline_record, folder, told, hotline_state),
    )


def opened_later(parts: Parts, url: str, afterwards: ExitStack) -> Record:
    record = Record(parts, url)
    afterwards.callback(record.close)
    return record


def hotline_source(
    parts: Parts, record: Record, node: Path, told: Path | None, other: Path | None
) -> HotlineSource:
    """The hotline of the node whose state is in `node`, or of an `other` one; `told` where the first had to
    be named."""
    folder = other or node
    home = parts.hotline_folder(folder)

    def kept() -> Kept:
        stores = record.stores()
        return Kept(stores.facts, stores.envelopes, parts.shelf(folder / EVIDENCE_NAME))

    return HotlineSource(
        line=HotlineLine(parts.control_line(folder)),
        founded=lambda: is_founded(home),
        kept=kept,
        option=f" --state {quote(str(folder))}" if told or other else "",
        same_node=other is None,
    )


def is_founded(home: StationFolder) -> bool:
    try:
        return home.own_card() is not None
    except (NotAllowed, OutsideFailed):  # something is there, and its node says what is wrong with it
        return True


def roster_now(file: RosterFile) -> Roster:
    return roster_from(file.read(), file.written_ms())


def fresh_secret() -> str:
    return secrets.token_urlsafe(32)


def fresh_code() -> str:
    """Four groups of four, to be typed by a person."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))
