"""From one summary a second to facts about attacks: detected, grown, changed, ended."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from tidegate.detect.baseline import Baselines
from tidegate.detect.decision import Aligned, align, weighty
from tidegate.detect.exporters import Exporters
from tidegate.detect.gathering import gather
from tidegate.detect.intervals import Floats
from tidegate.detect.open_attack import Circumstances, OpenAttack, Target, reopened
from tidegate.detect.picking import FRAGMENTS, Pick, Picking, Scene
from tidegate.detect.rows import Described, Row, Rows, place_of
from tidegate.detect.settings import DetectionSettings
from tidegate.detect.targets import around
from tidegate.detect.thresholds import CLASS_OF, UNCLASSIFIED, Objects, Thresholds
from tidegate.model import doubts
from tidegate.model.addresses import Prefix
from tidegate.model.attacks import Attack
from tidegate.model.facts import AttackDetected, AttackEnded, AttackGrew, AttackVectorsChanged, Fact
from tidegate.model.summaries import WINDOW_SECONDS, SecondSummary

SPREAD_QUIET_SECONDS = 10
"""Facts about spread targets or changed vectors are at least this far apart, for one attack."""

VECTOR_QUIET_SECONDS = 60
"""A vector that is gone for this long, while others go on, is no longer told."""

HOLD_MAX = 8
RETURN_SECONDS = 600
"""An attack that returns to a target within this time of its end is held open twice as long before it is
called ended, up to HOLD_MAX times: pulses become one attack."""

ENDED_MAX = 16_384
"""Prefixes of ended attacks that are remembered; when full, the oldest half is forgotten."""

LEARN_ANYWAY_SECONDS = 6 * 3600
"""An attack found without history is learned from after this long: it may be what is usual."""

COOL_SECONDS = 300
"""Learning stays frozen for this long after an attack."""


class Detector:
    """Watches summaries, in order of their seconds, and says what began, grew, changed and ended.

    `border_point_of` gives an exporter's border point by its name, or None. `open_attacks` are those that
    stored facts left open: they go on, or end when their traffic is gone. Numbers of new attacks count
    from `next_number`.
    """

    def __init__(
        self,
        settings: DetectionSettings,
        border_point_of: Callable[[str], str | None],
        open_attacks: Iterable[Attack],
        next_number: int,
        baselines: Baselines,
    ) -> None:
        self._settings = settings
        self._objects = Objects(settings.objects)
        self._rows = Rows(tuple(watched.name for watched in settings.objects))
        self._thresholds = Thresholds(settings, self._objects)
        self._picking = Picking(settings, self._objects)
        self._exporters = Exporters(border_point_of)
        self._restored = list(open_attacks)
        self._open: list[OpenAttack] = []
        self._next_number = next_number
        self._baselines = baselines
        self._ended: dict[Prefix, tuple[int, int]] = {}
        self._told_ended: dict[tuple[Target, int], int] = {}
        self._second: int | None = None
        self._scene_before: Scene | None = None

    def open_attacks(self) -> list[Attack]:
        """Every attack going on, as last observed."""
        return [self._value(attack) for attack in self._open]

    def pending_baselines(self) -> Iterator[tuple[bytes, bytes, int]]:
        """(key, blob, updated ms) of what was learned since the last call."""
        return self._baselines.pending(self._second or 0)

    def observe(self, summary: SecondSummary) -> list[Fact]:
        """The facts that one closed second brings. Seconds must come in order; gaps are allowed."""
        if self._second is None:
            self._open = [reopened(attack, self._objects, summary.second) for attack in self._restored]
        self._second = summary.second
        self._exporters.heard(summary)
        scene, described, baseline_rows = self._look(summary)
        self._follow(scene)
        facts = self._place(self._picking.picks(scene, self._told_ended), scene)
        facts += self._changes(scene)
        facts += self._endings(scene)
        self._learn(scene, described, baseline_rows)
        self._scene_before = scene
        return facts

    # Looking.

    def _look(self, summary: SecondSummary) -> tuple[Scene, list[Described], npt.NDArray[np.int64]]:
        cells = weighty(summary.cells)
        newest = max(summary.second, int(cells["newest_second"].max())) if len(cells) else summary.second
        described = self._rows.of(cells)
        rows = [one.row for one in described]
        aligned = align(cells, newest)
        baseline_rows = self._baselines.rows([one.key for one in described], summary.second)
        if not self._baselines.ever_observed:
            self._suppose(rows, aligned, baseline_rows)
        history = self._baselines.history(baseline_rows, summary.second)
        scene = Scene(
            second=newest,
            cells=cells,
            rows=rows,
            place={row: at for at, row in enumerate(rows)},
            aligned=aligned,
            thresholds=self._thresholds.of(described, history),
            history=history,
            summary=summary,
        )
        return scene, described, baseline_rows

    def _suppose(self, rows: list[Row], aligned: Aligned, baseline_rows: npt.NDArray[np.int64]) -> None:
        """In the very first minute, networks' unclassified traffic is taken as what is usual: nobody knows
        better, and a provider's whole customer network is no attack because we began to look."""
        wide = np.array(
            [
                CLASS_OF[row.vector] == UNCLASSIFIED and row.prefix is not None and row.prefix.length != 128
                for row in rows
            ],
            np.bool_,
        )
        levels = np.stack(
            (aligned.bytes.max(axis=1, initial=0) * 8, aligned.packets.max(axis=1, initial=0)), axis=1
        )
        self._baselines.suppose(np.where(wide, baseline_rows, -1), levels)

    # Placing what was picked: into an open attack, or as a new one.

    def _place(self, picks: list[Pick], scene: Scene) -> list[Fact]:
        """The strongest first: where no more attacks may be open, the weaker wait."""
        facts: list[Fact] = []
        open_attacks = {attack.number: attack for attack in self._open}
        groups = gather(picks, self._open)
        for number, group in sorted(groups, key=lambda entry: -max(pick.excess for pick in entry[1])):
            home = open_attacks.get(number) if number is not None else None
            if home is None:
                if len(self._open) >= self._settings.open_attacks_max:
                    continue
                home = self._begin(group, scene)
                self._open.append(home)
            for pick in group:
                home.take(pick, self._threshold(scene, pick.target, pick.vector))
            self._fill(home, scene)
            if home.told is None:
                home.told_second = scene.second
                home.told = self._value(home)
                self._remember_told(home, home.told)
                facts.append(AttackDetected(home.told))
        return facts

    def _begin(self, group: list[Pick], scene: Scene) -> OpenAttack:
        hold = 1
        for pick in group:
            if isinstance(pick.target, Prefix) and pick.target in self._ended:
                ended, held = self._ended[pick.target]
                if scene.second - ended <= RETURN_SECONDS:
                    hold = max(hold, min(HOLD_MAX, 2 * held))
        history = set()
        if scene.history.insufficient:
            history.add(doubts.INSUFFICIENT_HISTORY)
        elif scene.history.short:
            history.add(doubts.SHORT_HISTORY)
        first_second = min(pick.first_second for pick in group)
        begun = OpenAttack(self._next_number, first_second, first_second, hold)
        begun.circumstances = Circumstances(history=frozenset(history))
        self._next_number += 1
        return begun

    def _threshold(self, scene: Scene, target: Target, vector: int) -> tuple[float, float]:
        at = scene.place.get(_row(target, vector))
        return (
            (np.inf, np.inf)
            if at is None
            else (float(scene.thresholds[at, 0]), float(scene.thresholds[at, 1]))
        )

    # Following what is open.

    def _follow(self, scene: Scene) -> None:
        for attack in self._open:
            self._fill(attack, scene)
            attack.settle(scene.second)

    def _fill(self, attack: OpenAttack, scene: Scene) -> None:
        """Take each part's newest window, and from it what is still going on."""
        for (target, vector), part in attack.parts.items():
            at = scene.place.get(_row(target, vector))
            if at is None:
                continue
            cell = scene.cells[at]
            aligned = scene.aligned
            part.values = aligned.window(at)
            part.grown = part.values[:2] - self._window_before(scene.rows[at], scene.second)[:2]
            if part.newest != scene.second:
                attack.arrivals += part.grown[0, ::-1]
            part.newest = scene.second
            part.unscaled = float(cell["unscaled"])
            part.age_ms = int(cell["age_ms"])
            part.error_bytes = float(cell["error_bytes"])
            part.exporters |= int(cell["exporters"])
            if part.threshold_bits == np.inf:  # taken up from stored facts
                part.threshold_bits, part.threshold_packets = map(float, scene.thresholds[at])
            alive = part.last_alive(self._settings.end_share)
            attack.alive[vector] = max(attack.alive.get(vector, 0), alive)
            attack.last_second = max(attack.last_second, alive)
            self._exporters.describe(attack, int(cell["exporters"]), scene.summary)

    def _window_before(self, row: Row, newest: int) -> Floats:
        """(4, 64): a row's window as the summary before had it, moved to end at `newest`."""
        moved = np.zeros((4, WINDOW_SECONDS))
        before = self._scene_before
        at = None if before is None else before.place.get(row)
        if before is not None and at is not None and newest - before.second < WINDOW_SECONDS:
            late = newest - before.second
            moved[:, : WINDOW_SECONDS - late] = before.aligned.window(at)[:, late:]
        return moved

    def _value(self, attack: OpenAttack) -> Attack:
        newest = max((part.newest for part in attack.parts.values()), default=attack.last_second)
        settings = self._settings
        if not any(part.newest for part in attack.parts.values()) and attack.told is not None:
            return attack.told
        return attack.snapshot(
            newest, settings.persistence_window_seconds, self._objects, settings.targets_max
        )

    def _final(self, attack: OpenAttack) -> Attack:
        newest = max((part.newest for part in attack.parts.values()), default=0)
        if not newest and attack.told is not None:
            return attack.told
        settings = self._settings
        return attack.final(newest, settings.persistence_window_seconds, self._objects, settings.targets_max)

    def _remember_told(self, attack: OpenAttack, value: Attack) -> None:
        attack.told = value
        attack.told_bits = max(attack.told_bits, value.bits_per_s.estimate)
        attack.told_packets = max(attack.told_packets, value.packets_per_s.estimate)

    def _changes(self, scene: Scene) -> list[Fact]:
        facts: list[Fact] = []
        for attack in self._open:
            told = attack.told
            if told is None or attack.told_second == scene.second:
                continue
            self._drop_gone_vectors(attack)
            value = self._value(attack)
            since = scene.second - attack.told_second
            changed = {v.vector for v in value.vectors} != {v.vector for v in told.vectors}
            spread = value.targets != told.targets
            grew = _doubled(value, attack)
            if not (grew or ((changed or spread) and since >= SPREAD_QUIET_SECONDS)):
                continue
            attack.told_second = scene.second
            self._remember_told(attack, value)
            if grew or spread:
                facts.append(AttackGrew(value))
            if changed:
                facts.append(AttackVectorsChanged(value))
        return facts

    def _drop_gone_vectors(self, attack: OpenAttack) -> None:
        newest = max(attack.alive.values(), default=0)
        last = dict(attack.alive)
        for (_, vector), part in attack.parts.items():  # beside fragments it may be below its floor
            last[vector] = max(last.get(vector, 0), part.picked_second)
        gone = {
            vector
            for vector, second in last.items()
            if newest - second > VECTOR_QUIET_SECONDS + attack.delay_seconds and vector != FRAGMENTS
        }
        for target, vector in list(attack.parts):
            if vector in gone:
                del attack.parts[target, vector]
        for vector in gone:
            attack.alive.pop(vector, None)

    def _endings(self, scene: Scene) -> list[Fact]:
        facts: list[Fact] = []
        kept: list[OpenAttack] = []
        for attack in self._open:
            delay = max(attack.delay_seconds, attack.restored_delay_seconds)
            patience = self._settings.quiet_seconds * attack.hold + delay
            absorbed = any(attack.covered_by(older) for older in kept)
            if scene.second - attack.last_second <= patience and not absorbed:
                kept.append(attack)
                continue
            self._remember_ended(attack, scene.second)
            facts.append(AttackEnded(self._final(attack)))
        self._open = kept
        return facts

    def _remember_ended(self, attack: OpenAttack, second: int) -> None:
        if len(self._ended) > ENDED_MAX:
            recent = sorted(self._ended, key=lambda p: self._ended[p][0])[ENDED_MAX // 2 :]
            self._ended = {prefix: self._ended[prefix] for prefix in recent}
        if len(self._told_ended) > ENDED_MAX:
            latest = sorted(self._told_ended, key=lambda key: self._told_ended[key])[ENDED_MAX // 2 :]
            self._told_ended = {key: self._told_ended[key] for key in latest}
        for target, vector in attack.parts:
            self._told_ended[target, vector] = second
            if isinstance(target, Prefix):
                for prefix in (target, *around(target)):
                    self._ended[prefix] = (second, attack.hold)

    # Learning.

    def _learn(self, scene: Scene, described: list[Described], baseline_rows: npt.NDArray[np.int64]) -> None:
        second = scene.summary.second
        if len(scene.rows):
            reached = (scene.aligned.bytes * 8 >= scene.thresholds[:, :1]) | (
                scene.aligned.packets >= scene.thresholds[:, 1:]
            )
            held = reached[:, -2 * self._settings.persistence_window_seconds :].any(
                axis=1
            ) | self._near_attacks(scene, described)
            self._baselines.freeze(baseline_rows[held])
            amounts = np.stack((scene.aligned.bytes * 8, scene.aligned.packets), axis=2)
            lag = np.clip(np.ceil(scene.cells["age_ms"] / 500.0), 1, WINDOW_SECONDS - 4).astype(np.int64)
            self._baselines.learn(baseline_rows, amounts, scene.second, scene.second - lag)
        self._baselines.pass_time(second)

    def _near_attacks(self, scene: Scene, described: list[Described]) -> npt.NDArray[np.bool_]:
        """Rows that hold, or lie in, a target of an attack that is open or ended a little while ago."""
        under: set[Prefix] = set()
        objects: set[int] = set()
        for attack in self._open:
            lasting = scene.second - attack.first_second > LEARN_ANYWAY_SECONDS
            if lasting and doubts.INSUFFICIENT_HISTORY in attack.circumstances.history:
                continue
            under |= attack.prefixes()
            objects |= {target for target in attack.targets() if isinstance(target, int)}
        objects |= {self._objects.around(prefix) for prefix in under} - {-1}
        hit = {place_of(prefix) for prefix in under}
        touched = hit | {place_of(prefix) for target in under for prefix in around(target)}
        touched |= {
            place_of(prefix)
            for prefix, (ended, _) in self._ended.items()
            if scene.second - ended < COOL_SECONDS
        }
        if not (touched or objects):
            return np.zeros(len(described), np.bool_)
        return np.array(
            [
                one.row.watched in objects
                if one.row.prefix is None
                else one.place in touched or not hit.isdisjoint(one.around)
                for one in described
            ],
            np.bool_,
        )


def _row(target: Target, vector: int) -> Row:
    return Row(None, target, vector) if isinstance(target, int) else Row(target, -1, vector)


def _doubled(value: Attack, attack: OpenAttack) -> bool:
    """Whether a rate is twice the most that was told, and not by luck in sampling."""
    bits, packets = value.bits_per_s, value.packets_per_s
    return (bits.estimate >= 2 * attack.told_bits > 0 and bits.low > attack.told_bits) or (
        packets.estimate >= 2 * attack.told_packets > 0 and packets.low > attack.told_packets
    )
