"""The hotline alone: a node without a collector, until it is told to stop."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tidegate.app.answering import answer_all
from tidegate.app.hotline.assembly import Hotline, open_hotline
from tidegate.app.node import Node
from tidegate.app.parts import Parts
from tidegate.app.places import database_url
from tidegate.app.settings import Config
from tidegate.model.facts import NodeStarted, NodeStopped
from tidegate.ports.control import ControlDoor, Refused, Reply
from tidegate.ports.outside import OutsideFailed

CATCH_UP_EVERY_MS = 1_000


class Serving:
    """One thread calls `turn` again and again."""

    def __init__(self, node: Node, hotline: Hotline, door: ControlDoor, now_ms: Callable[[], int]) -> None:
        self.node = node
        self.hotline = hotline
        self._door = door
        self._now_ms = now_ms
        self._caught_up_ms = 0

    def turn(self) -> None:
        """Never waits. What the store refuses is tried again each second."""
        now_ms = self._now_ms()
        if not 0 <= now_ms - self._caught_up_ms < CATCH_UP_EVERY_MS:
            self._caught_up_ms = now_ms
            with suppress(OutsideFailed):  # the node keeps it as its trouble, and the station tells of it
                self.node.catch_up()
        answer_all(self._door.waiting(), self.node, self._answer)
        self.hotline.turn()

    def _answer(self, request: object, who: str) -> Reply:
        reply = self.hotline.desk.answer(request, who)
        return reply or Refused("rule", "This node serves the hotline alone: see `tidegate run`.")


@contextmanager
def open_serving(
    parts: Parts, config: Config, folder: Path, passphrase: Callable[[], str]
) -> Iterator[Serving]:
    """NotAllowed where another node holds the folder or the organisation cannot be used; OutsideFailed where
    the folder, a port or the database cannot."""
    with ExitStack() as afterwards:
        state = parts.state_folder(folder)
        state.claim()
        afterwards.callback(state.release)
        clock = parts.clock()
        stores = parts.stores(database_url(config, folder), "create")
        afterwards.callback(stores.close)
        node = Node.open(stores.facts, parts.sinks(config), clock)
        hotline = open_hotline(
            parts,
            config.hotline,
            folder,
            node=node,
            stores=stores,
            clock=clock,
            passphrase=passphrase,
            afterwards=afterwards,
        )
        door = parts.control_door(folder)
        door.start()
        afterwards.callback(door.stop)
        node.record(NodeStarted(parts.version))
        afterwards.callback(lambda: node.record(NodeStopped()))
        yield Serving(node, hotline, door, clock.now_ms)
