"""Questions of an audit put to the outside at a polite pace, kept as they are answered, then told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tidegate.app.audit.pacing import Pacing
from tidegate.audit.seen_names import seen_names
from tidegate.audit.seen_sites import seen_sites
from tidegate.audit.walking import Walk
from tidegate.audit.walking_sites import asked_gap_ms
from tidegate.model.audits import NotSeen, Observation, ServiceListed
from tidegate.model.probe_settings import ProbeSettings
from tidegate.model.probes import Answer, Asked, Dns, NotAnswered, Question
from tidegate.ports.clock import Clock
from tidegate.ports.probing import AskedBefore, Prober

FAILED_FRESH_S = 600
"""How long what was not answered is taken for unanswered still: long enough to go on after being killed."""

TOLD_EVERY_MS = 250
"""How often progress is told."""


@dataclass(frozen=True, slots=True)
class SoFar:
    """Questions answered (how many from the cache, how many in vain), under way, waiting for their turn."""

    answered: int
    from_cache: int
    in_vain: int
    under_way: int
    waiting: int
    zones: int
    hosts: int


class Probing:
    """One run of an audit's walk. `fresh_s`: how old an answer in the cache may be to be taken for new."""

    def __init__(
        self,
        services: Iterable[ServiceListed],
        settings: ProbeSettings,
        before: AskedBefore,
        clock: Clock,
        fresh_s: int,
    ) -> None:
        self._walk = Walk(services, settings)
        self._pacing = Pacing(settings.pace)
        self._before = before
        self._clock = clock
        self._began_ms = clock.now_ms()
        self._known = self._fresh(fresh_s)
        self._answered = self._from_cache = self._in_vain = 0

    def run(self, prober: Prober, tell: Callable[[SoFar], None]) -> None:
        """Asks until nothing is left to ask. What is raised, also Ctrl-C, loses no answer that has come."""
        told_ms = 0
        while True:
            self._take()
            now_ms = self._clock.now_ms()
            for question in self._pacing.ready(now_ms):
                prober.begin(question)
            if now_ms - told_ms >= TOLD_EVERY_MS:
                tell(self.progress())
                told_ms = now_ms
            if not self._pacing.waiting and not self._pacing.under_way:
                tell(self.progress())
                return
            self._came(prober.finished(self._pacing.next_ms(now_ms)))

    def observations(self) -> list[Observation]:
        """What has been seen by now, and what has not: also after a run that was broken off."""
        at_s = self._walk.latest_s or self._began_ms // 1000
        left = self._pacing.waiting + self._pacing.under_way
        found: list[Observation] = [
            *seen_names(self._walk.names, self._walk.settings.trust_anchors, at_s),
            *seen_sites(self._walk, at_s),
        ]
        if left:
            for service in self._walk.services:
                why = f"the probe was broken off with {left} questions to ask"
                found.append(_broken_off(service, at_s, why))
        return found

    def progress(self) -> SoFar:
        return SoFar(
            self._answered,
            self._from_cache,
            self._in_vain,
            self._pacing.under_way,
            self._pacing.waiting,
            len(self._walk.names.zones),
            len(self._walk.sites.looks),
        )

    def _fresh(self, fresh_s: int) -> dict[Question, Asked]:
        """The newest answer to each question that is fresh enough."""
        now_s = self._began_ms // 1000
        known = {}
        for asked in self._before.known():
            bound_s = min(fresh_s, FAILED_FRESH_S) if isinstance(asked.answer, NotAnswered) else fresh_s
            if now_s - asked.at_s <= bound_s:
                known[asked.question] = asked
        return known

    def _take(self) -> None:
        """Every question of the walk: answered from the cache where that can be, else put in line."""
        questions: Sequence[Question] = self._walk.take()
        while questions:
            for question in questions:
                asked = self._known.get(question)
                if asked is None:
                    self._pacing.add(question)
                else:
                    self._from_cache += 1
                    self._learn(asked)
            questions = self._walk.take()

    def _came(self, answers: list[tuple[Question, Answer]]) -> None:
        at_s = self._clock.now_ms() // 1000
        came = [Asked(at_s, question, answer) for question, answer in answers]
        self._before.keep(came)
        for asked in came:
            self._pacing.done(asked.question)
            if not isinstance(asked.question, Dns):  # Of those, the walk asks hardly any twice.
                self._known[asked.question] = asked
            self._learn(asked)

    def _learn(self, asked: Asked) -> None:
        self._answered += 1
        self._in_vain += isinstance(asked.answer, NotAnswered)
        gap_ms = asked_gap_ms(asked, self._walk.settings.agent)
        if gap_ms:
            self._pacing.widen(asked.question, gap_ms)
        self._walk.answered(asked)


def _broken_off(service: ServiceListed, at_s: int, why: str) -> NotSeen:
    about = (service.domains + service.backends + service.mail + (service.name,))[0]
    return NotSeen(at_s=at_s, source="probe", about=about, question="page", reason="not_asked", detail=why)
