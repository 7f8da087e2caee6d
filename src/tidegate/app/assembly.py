"""A node put together from its parts, in the order in which each may fail, and taken apart in the reverse."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tidegate.app.console.address import configured
from tidegate.app.console_keeper import ConsoleKeeper
from tidegate.app.health_note import HealthWriter
from tidegate.app.hotline.assembly import Hotline, open_hotline
from tidegate.app.inbound import Inbound
from tidegate.app.listening import split_endpoint
from tidegate.app.mapping import BorderPoints, detection_settings
from tidegate.app.metrics import Observation
from tidegate.app.node import Node
from tidegate.app.orders import write_orders
from tidegate.app.parts import Parts, Stores
from tidegate.app.places import database_url
from tidegate.app.plan_assembly import plan_parts, take_up_plans
from tidegate.app.run import Ear, NodeRun
from tidegate.app.settings import Config
from tidegate.app.state import State
from tidegate.app.supervision import CollectorKeeper
from tidegate.detect.baseline import Baselines
from tidegate.detect.detector import Detector
from tidegate.ports.clock import Clock
from tidegate.ports.machine import Machine
from tidegate.ports.outside import OutsideFailed


@contextmanager
def open_node(
    parts: Parts,
    config: Config,
    folder: Path,
    ears: Sequence[Ear] = (),
    station_passphrase: Callable[[], str] = str,
    config_file: Path | None = None,
) -> Iterator[NodeRun]:
    """A node that runs in this thread as long as `turn` is called. `station_passphrase` opens the hotline's
    keys, where the hotline is enabled; `config_file` is named to the console, where it is enabled.

    NotAllowed where another node holds the folder; OutsideFailed where the folder, a port or the
    database cannot be used. Whatever happens, the collector is ended and the folder let go.
    """
    with ExitStack() as afterwards:
        state = parts.state_folder(folder)
        state.claim()
        afterwards.callback(state.release)
        ports_must_be_free(config, parts.machine())
        clock = parts.clock()
        keeper = begun_collector(parts, config, folder, clock, afterwards)
        stores = parts.stores(database_url(config, folder), "create")
        afterwards.callback(stores.close)
        plans = plan_parts(parts, config, folder, clock, state.identity())
        node = Node.open(stores.facts, parts.sinks(config), clock, routes=plans.routes())
        usual = recalled(stores, plans.inbound, clock)
        observation = Observation(node)
        health = HealthWriter(state, node, keeper, clock, parts.version)
        run = NodeRun(
            node=node,
            keeper=keeper,
            detector=detector_of(config, node.state, usual),
            baselines=stores.baselines,
            clock=clock,
            version=parts.version,
            ears=(observation, health, plans.heard, plans.live, *ears),
            pulse=health.write,
            also_learned=plans.inbound.pending,
        )
        serve_metrics(parts, config, observation, afterwards)
        run.start()
        afterwards.callback(run.stop)
        hotline = opened_hotline(
            parts, config, folder, node, stores, clock, keeper, station_passphrase, afterwards
        )
        mitigation = take_up_plans(
            plans, run, parts, config, folder, clock=clock, sampler=keeper,
            baselines=usual, afterwards=afterwards, hotline=hotline,
        )  # fmt: skip
        if config.console.enabled:
            serve_beside(parts, config, config_file, folder, clock, run, afterwards)
        health.follow(lambda: mitigation.note(clock.now_ms()))
        yield run


def opened_hotline(
    parts: Parts,
    config: Config,
    folder: Path,
    node: Node,
    stores: Stores,
    clock: Clock,
    sampler: CollectorKeeper,
    passphrase: Callable[[], str],
    afterwards: ExitStack,
) -> Hotline | None:
    """The hotline beside detection, where the configuration enables it."""
    if not config.hotline.enabled:
        return None
    return open_hotline(
        parts,
        config.hotline,
        folder,
        node=node,
        stores=stores,
        clock=clock,
        passphrase=passphrase,
        afterwards=afterwards,
        sampler=sampler,
    )


def serve_beside(
    parts: Parts,
    config: Config,
    config_file: Path | None,
    folder: Path,
    clock: Clock,
    run: NodeRun,
    afterwards: ExitStack,
) -> None:
    """The console as a process of its own. NotAllowed for an address that needs TLS and has none."""
    address = configured(config.console)
    child = parts.console_process(folder, config_file, config.console)
    keeper = ConsoleKeeper(child, clock, address.origin)
    afterwards.callback(keeper.stop)
    run.accompany(keeper)


def begun_collector(
    parts: Parts, config: Config, folder: Path, clock: Clock, afterwards: ExitStack
) -> CollectorKeeper:
    """It takes as long to be ready as the database to open: both begin at once."""
    process = parts.collector(folder)
    afterwards.callback(process.kill)
    keeper = CollectorKeeper(process, clock, lambda: write_orders(folder, config))
    keeper.turn(0)
    return keeper


def detector_of(config: Config, state: State, usual: Baselines) -> Detector:
    """It goes on with the attacks that stored facts left open."""
    opened = state.open_attacks.values()
    return Detector(detection_settings(config), BorderPoints(config).of, opened, state.next_attack, usual)


def recalled(stores: Stores, inbound: Inbound, clock: Clock) -> Baselines:
    """What an earlier run learned to be usual; what usually comes in is taken up by `inbound`."""
    usual = Baselines()
    stored = ((row.key, row.blob) for row in stores.baselines.load() if not inbound.recall(row))
    usual.recall(stored, clock.now_ms() // 1000)
    return usual


def serve_metrics(parts: Parts, config: Config, observation: Observation, afterwards: ExitStack) -> None:
    if config.metrics.listen is not None:
        server = parts.metrics(*split_endpoint(config.metrics.listen))
        server.start(observation.families)
        afterwards.callback(server.stop)


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
