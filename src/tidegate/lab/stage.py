"""The demo's stage: the world in a thread of its own, with its border routers and what passes them."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from tidegate.app.demonstration import RouterView, Truth
from tidegate.lab.border_router import LabRouter
from tidegate.lab.exporters import LabExporter
from tidegate.lab.story import (
    CUSTOMER_BITS_PER_S,
    ORDINARY,
    ORDINARY_BITS_PER_S,
    ROUTERS,
    SPEAKER,
    Router,
    Scene,
    story_traffic,
)
from tidegate.lab.traffic import Traffic, only, towards
from tidegate.lab.truth import attack_packets
from tidegate.lab.world import Stream, World
from tidegate.ports.clock import Clock

PUT_OFF_S = 0.5
"""By how much at a time floods come later, and how long before the first one that is decided."""


class Stage:
    """It makes its traffic, waits for the collector, and lets time pass. `routers` are known at once. Where
    floods are `lasting`, those that rules can be made against go on until `end_flood`. The ordinary day lasts
    longer, and the story's time stands still, while floods `may_come` not yet."""

    def __init__(
        self,
        clock: Clock,
        folder: Path,
        scenes: Sequence[Scene],
        *,
        lasting: bool,
        may_come: Callable[[], bool],
    ) -> None:
        self._scenes = scenes
        self._lasting = lasting
        self._may_come = may_come
        self._come_s = min(scene.from_s for scene in scenes)
        self._clock = clock
        self._threads = ThreadPoolExecutor(1, "lab")
        self._port: Future[int] = Future()
        self._stopped = threading.Event()
        self._life: Future[None] | None = None
        self.routers = {
            router: LabRouter(
                router.called, router.border_point, router.address, SPEAKER, folder / router.called
            )
            for router in ROUTERS
        }
        self.world: World | None = None
        self.sent: dict[Scene, Traffic] = {}
        self._attacks: dict[str, list[Stream]] = {scene.target: [] for scene in scenes}
        self._others: dict[str, list[Stream]] = {scene.target: [] for scene in scenes}
        self._floods: dict[Scene, list[Stream]] = {scene: [] for scene in scenes}
        self.started_ms: int | None = None

    def prepare(self) -> None:
        self._life = self._threads.submit(self._live)

    def begin(self, port: int) -> None:
        """The collector listens; the story begins as soon as its traffic is made."""
        if not self._port.done():
            self._port.set_result(port)

    def stop(self) -> None:
        self._stopped.set()
        self._port.cancel()
        self._threads.shutdown()

    def check(self) -> None:
        """Raises what went wrong in the stage's thread."""
        if self._life is not None and self._life.done():
            self._life.result()

    @property
    def elapsed_s(self) -> float:
        return 0.0 if self.started_ms is None else (self._clock.now_ms() - self.started_ms) / 1000

    def has_begun(self, scene: Scene) -> bool:
        """Whether its packets pass; a machine with much to do is behind the clock."""
        streams = self._floods[scene]
        return self.world is not None and any(self.world.now_s > stream.from_s for stream in streams)

    def end_flood(self, scene: Scene) -> None:
        """It has been held long enough; nothing where it does not pass."""
        if self.world is not None:
            for stream in self._floods[scene]:
                self.world.end(stream)

    def router_views(self) -> tuple[RouterView, ...]:
        return tuple(
            RouterView(
                name=told.name,
                border_point=router.border_point,
                session_up=router.session_up,
                rules=len(router.rules),
            )
            for told, router in self.routers.items()
        )

    def truth(self, target: str) -> Truth:
        """What rules for the target did in all, while they were held."""
        came, went = _summed(self._attacks.get(target, []))
        others_came, others_went = _summed(self._others.get(target, []))
        return Truth(attack_came=came, attack_went=went, others_came=others_came, others_went=others_went)

    def _live(self) -> None:
        traffic = story_traffic()
        with suppress(CancelledError), ExitStack() as afterwards:
            collector = "127.0.0.1", self._port.result()
            started_ms = self._clock.now_ms()
            with World(collector, started_ms) as world:
                self._people(world, traffic)
                # Not before: who waits for the collector waits longer beside four more programs that begin.
                for router in self.routers.values():
                    router.start()
                    afterwards.callback(router.stop)
                self.world, self.started_ms = world, started_ms
                world.run(float("inf"), partial(self._is_over, world))

    def _is_over(self, world: World) -> bool:
        """Asked before each tick of the world, which is when floods can be put off."""
        if world.now_s >= self._come_s - PUT_OFF_S and not self._may_come():
            self._put_off(world)
        return self._stopped.is_set()

    def _put_off(self, world: World) -> None:
        assert self.started_ms is not None, "its time passes"
        self._come_s += PUT_OFF_S
        self.started_ms += round(PUT_OFF_S * 1000)
        for scene, streams in self._floods.items():
            self._floods[scene] = [world.put_off(stream, PUT_OFF_S) for stream in streams]

    def _people(self, world: World, traffic: Mapping[str, Traffic]) -> None:
        ordinary = traffic[ORDINARY]
        exporters = {router: router.exporter() for router in ROUTERS}
        for router, exporter in exporters.items():
            world.add(exporter, self.routers[router])
            world.background(ordinary, exporter, ORDINARY_BITS_PER_S)
        for scene in self._scenes:
            self.sent[scene] = traffic[scene.capture]
            self._customers(world, scene, ordinary, exporters)
            self._flood(world, scene, exporters)

    def _customers(
        self, world: World, scene: Scene, ordinary: Traffic, exporters: Mapping[Router, LabExporter]
    ) -> None:
        """Who will be hit is somebody's service: ordinary traffic comes to it through the same routers."""
        theirs = towards(ordinary, scene.target)
        self._others[scene.target] += [
            world.background(theirs, exporters[router], CUSTOMER_BITS_PER_S, scene.target)
            for router in scene.routers
        ]

    def _flood(self, world: World, scene: Scene, exporters: Mapping[Router, LabExporter]) -> None:
        """The whole capture; what in it is of no attack's kind counts as other traffic."""
        captured = self.sent[scene]
        for_s = float("inf") if self._lasting and scene.tells_sampling else scene.for_s
        marks = attack_packets(captured)
        for part, into in ((marks, self._attacks), (~marks, self._others)):
            if not part.any():
                continue
            packets = only(captured, part)
            share = packets.bytes_before[-1] / captured.bytes_before[-1]
            streams = [
                world.flood(
                    packets,
                    scene.target,
                    exporters[router],
                    bits_per_s=bits_per_s * share,
                    from_s=scene.from_s,
                    for_s=for_s,
                )
                for router, bits_per_s in scene.entries
            ]
            into[scene.target] += streams
            self._floods[scene] += streams


def _summed(streams: list[Stream]) -> tuple[int, int]:
    counted = [stream.while_held() for stream in streams]
    return sum(came for came, _ in counted), sum(went for _, went in counted)
