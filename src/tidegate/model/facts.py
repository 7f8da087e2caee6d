"""Facts, what happened and is kept for ever; and effects, what is to be done about it."""

import msgspec

from tidegate.model.attacks import Attack


class NodeStarted(msgspec.Struct, frozen=True, tag=True):
    version: str


class NodeStopped(msgspec.Struct, frozen=True, tag=True):
    pass


class ExporterAppeared(msgspec.Struct, frozen=True, tag=True):
    """An exporter was heard for the first time."""

    exporter: str
    protocol: str


class AttackDetected(msgspec.Struct, frozen=True, tag=True):
    attack: Attack


class AttackGrew(msgspec.Struct, frozen=True, tag=True):
    """Its rate passed twice what was last recorded, or its targets spread or narrowed."""

    attack: Attack


class AttackVectorsChanged(msgspec.Struct, frozen=True, tag=True):
    attack: Attack


class AttackEnded(msgspec.Struct, frozen=True, tag=True):
    """The whole of it: rates are means from its first second to its last, beside its peak."""

    attack: Attack


class CollectorRestarted(msgspec.Struct, frozen=True, tag=True):
    """The collector died or fell silent and was started again; between these times nothing was heard."""

    reason: str
    silent_from_ms: int
    silent_until_ms: int


Fact = (
    NodeStarted
    | NodeStopped
    | ExporterAppeared
    | AttackDetected
    | AttackGrew
    | AttackVectorsChanged
    | AttackEnded
    | CollectorRestarted
)


class Alert(msgspec.Struct, frozen=True, tag=True):
    """Tell the operator, by the configured sink, that an attack began, changed or ended."""

    change: str
    attack: Attack


Effect = Alert
