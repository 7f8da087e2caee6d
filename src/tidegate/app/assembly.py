"""A node put together from its parts, in the order in which each may fail, and taken apart in the reverse."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tidegate.app.config import split_endpoint
from tidegate.app.health_note import HealthWriter
from tidegate.app.mapping import BorderPoints, detection_settings
from tidegate.app.metrics import Observation
from tidegate.app.node import Node
from tidegate.app.orders import write_orders
from tidegate.app.parts import Parts
from tidegate.app.run import Ear, NodeRun
from tidegate.app.settings import Config
from tidegate.app.supervision import CollectorKeeper
from tidegate.detect.baseline import Baselines
from tidegate.detect.detector import Detector
from tidegate.ports.machine import Machine
from tidegate.ports.outside import OutsideFailed

DATABASE_NAME = "ledger.sqlite"


def database_url(config: Config, folder: Path) -> str:
    """The operator's database, or a file in the state folder."""
    return config.storage.url or f"sqlite:///{folder.absolute() / DATABASE_NAME}"


@contextmanager
def open_node(parts: Parts, config: Config, folder: Path, ears: Sequence[Ear] = ()) -> Iterator[NodeRun]:
    """A node that runs in this thread as long as `turn` is called.

    NotAllowed where another node holds the folder; OutsideFailed where the folder, a port or the
    database cannot be used. Whatever happens, the collector is ended and the folder let go.
    """
    with ExitStack() as afterwards:
        state = parts.state_folder(folder)
        state.claim()
        afterwards.callback(state.release)
        ports_must_be_free(config, parts.machine())
        clock = parts.clock()
        process = parts.collector(folder)
        afterwards.callback(process.kill)
        keeper = CollectorKeeper(process, clock, lambda: write_orders(folder, config))
        keeper.turn(0)  # it takes as long to be ready as the database to open: begin both at once
        stores = parts.stores(database_url(config, folder), "create")
        afterwards.callback(stores.close)
        node = Node.open(stores.facts, parts.sinks(config), clock)
        usual = Baselines()
        stored = ((row.key, row.blob) for row in stores.baselines.load())
        usual.recall(stored, clock.now_ms() // 1000)
        observation = Observation(node)
        health = HealthWriter(state, node, keeper, clock, parts.version)
        run = NodeRun(
            node=node,
            keeper=keeper,
            detector=Detector(
                detection_settings(config),
                BorderPoints(config).of,
                node.state.open_attacks.values(),
                node.state.next_attack,
                usual,
            ),
            baselines=stores.baselines,
            clock=clock,
            version=parts.version,
            ears=(observation, health, *ears),
            pulse=health.write,
        )
        if config.metrics.listen is not None:
            server = parts.metrics(*split_endpoint(config.metrics.listen))
            server.start(observation.families)
            afterwards.callback(server.stop)
        run.start()
        afterwards.callback(run.stop)
        yield run


def ports_must_be_free(config: Config, machine: Machine) -> None:
    """OutsideFailed for the first address that cannot be listened on, with its holder where that is known."""
    for endpoint in config.collector.listen:
        host, port = split_endpoint(endpoint)
        why = machine.can_listen(host, port)
        if why is None:
            continue
        holder = machine.listener(port)
        raise OutsideFailed(
            f"cannot listen for telemetry ({why})",
            f"{endpoint} (UDP)" + (f", held by {holder}" if holder else ""),
            "End that program, or choose other addresses with collector.listen in the configuration.",
        )
