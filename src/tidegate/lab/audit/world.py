"""The lab's country, started as a whole: networks, names, certificates, pages, mail and two resolvers.

One resolver was asked before anything happened and keeps its caches; the other forgets everything before each
look. Between the two are all the people there are.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tidegate.lab.audit.certificates import Authority
from tidegate.lab.audit.country import HELD, ORGANISATIONS, SEAL, SERVICES, SIGIL
from tidegate.lab.audit.moved_clock import MovedClock
from tidegate.lab.audit.names import Names
from tidegate.lab.audit.networks import Networks
from tidegate.lab.audit.programs import Programs
from tidegate.lab.audit.resolver import Resolver
from tidegate.lab.audit.visitor import Pages, Seen, Visitor
from tidegate.lab.audit.webs import MailServer, Webs
from tidegate.model.audit_events import State
from tidegate.ports.clock import Clock


class World:
    """A context: everything runs from when it is entered until it is left."""

    def __init__(self, folder: Path, wall: Clock, sleep: Callable[[float], None]) -> None:
        self.folder = folder
        self.clock = MovedClock(wall, folder)
        self.networks = Networks(ORGANISATIONS)
        self._programs = Programs(self.networks, self.clock, folder)
        self.names = Names(self.networks, self._programs, sleep)
        self._authorities = {
            key: Authority(key, self.clock, folder / f"authority-{key}") for key in (SEAL, SIGIL)
        }
        self._webs = Webs(self.networks, self._programs, self.clock, self._authorities, sleep)
        self._sleep = sleep
        self._troubled: dict[str, frozenset[str]] = {}
        self._parted: set[tuple[str, str]] = set()
        self._afterwards = ExitStack()
        self.trusted = folder / "trusted.pem"
        self._warm = Resolver(self._programs, "resolver-warm", 1)
        self._fresh = Resolver(self._programs, "resolver-fresh", 2)

    def __enter__(self) -> "World":
        with ExitStack() as unless_whole:
            unless_whole.enter_context(self.networks)
            unless_whole.callback(self._programs.close)
            self._start(unless_whole)
            self._afterwards = unless_whole.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._afterwards.close()

    def part(self, ones: Sequence[str], others: Sequence[str]) -> None:
        """No packet passes between these organisations any more."""
        self._parted |= {(one, other) for one in ones for other in others}
        self._parted |= {(other, one) for one, other in self._parted}
        self.networks.lose([(HELD[one].prefix, HELD[other].prefix) for one, other in self._parted])

    def stop_authority(self, key: str) -> None:
        """It certifies nothing more, and its responder is switched off."""
        self._programs.stop(f"responder-{key}")

    def move_to(self, moved_s: int) -> None:
        """Time passes, and what runs does what it does in such a time."""
        self.clock.move_to(moved_s)
        self.names.keep(moved_s, tuple(self._parted))
        self._webs.keep()

    def look(self) -> dict[str, tuple[Seen, Seen]]:
        """By service: what is seen by somebody who comes anew, and by one who asked before it happened."""
        self._fresh.forget()
        pages = Pages(self.trusted, self.clock.environment())
        with ThreadPoolExecutor(2) as looks:
            fresh, warm = looks.map(lambda one: self._look(one, pages), (self._fresh, self._warm))
        return {name: (fresh[name], warm[name]) for name in fresh}

    def _look(self, resolver: Resolver, pages: Pages) -> dict[str, Seen]:
        """What fails for the first time is tried again: a machine that is busy is no failure."""
        resolver.forget_troubles()
        seen = Visitor(self.networks, resolver.address, pages).look(SERVICES)
        before = self._troubled.get(resolver.address, frozenset())
        newly = [
            one for one in SERVICES if seen[one.name].state is not State.WORKS and one.name not in before
        ]
        if newly:
            resolver.forget_troubles()
            anew = Pages(self.trusted, self.clock.environment())
            seen |= Visitor(self.networks, resolver.address, anew).look(newly)
        troubled = (name for name, one in seen.items() if one.state is not State.WORKS)
        self._troubled[resolver.address] = frozenset(troubled)
        return seen

    def _start(self, afterwards: ExitStack) -> None:
        for authority in self._authorities.values():
            authority.open()
        self.trusted.write_bytes(b"".join(one.root.read_bytes() for one in self._authorities.values()))
        mail = MailServer(self.networks)
        afterwards.callback(mail.close)
        mail.start()
        self._webs.certify()
        for key, authority in self._authorities.items():
            self._programs.start(f"responder-{key}", key, authority.responder())
        self._webs.start()
        self.names.start()
        for resolver in (self._warm, self._fresh):
            resolver.start(self.names.anchor)
            self._programs.until(resolver.listens, f"the resolver at {resolver.address}", self._sleep)
        self._settle()

    def _settle(self) -> None:
        """Until all works for everybody; the first visits also fill caches and fetch the staples."""
        self._programs.until(self._all_works, "every service works before anything happens", self._sleep)

    def _all_works(self) -> bool:
        self._warm.forget()
        return all(seen.state is State.WORKS for pair in self.look().values() for seen in pair)
