"""Facts and rates as sentences, for the log and for both doors; a rate never stands without its doubt."""

from tidegate.app.accord.steps import accord_sentence
from tidegate.app.hotline.evidence_steps import evidence_sentence
from tidegate.app.hotline.sentences import hotline_sentence
from tidegate.app.plan_sentences import plan_sentence
from tidegate.app.units import si, si_like
from tidegate.model.accord_facts import OriginsSeen, ReminderFellDue
from tidegate.model.attacks import Attack, Rate
from tidegate.model.doubts import UNSCALED_SAMPLING
from tidegate.model.evidence_facts import OwnLedgerDoubted, PeerLedgerDoubted
from tidegate.model.facts import (
    AttackDetected,
    AttackEnded,
    AttackGrew,
    AttackVectorsChanged,
    CollectorRestarted,
    ExporterAppeared,
    Fact,
    NodeStarted,
    NodeStopped,
)
from tidegate.model.hotline_facts import HotlineFact


def sentence(fact: Fact) -> str:
    """What happened, in one line."""
    match fact:
        case NodeStarted(version):
            return f"node started, version {version}"
        case NodeStopped():
            return "node stopped"
        case ExporterAppeared(exporter, protocol):
            return f"exporter {exporter} heard for the first time, speaking {protocol}"
        case CollectorRestarted(reason, silent_from_ms, silent_until_ms):
            silent_s = (silent_until_ms - silent_from_ms) / 1000
            return f"collector restarted ({reason}); nothing was heard for {silent_s:.1f} s"
        case AttackDetected(attack):
            return f"attack {attack.number} detected: {_attack(attack, attack.bits_per_s)}"
        case AttackGrew(attack):
            return f"attack {attack.number} grew: {_attack(attack, attack.bits_per_s)}"
        case AttackVectorsChanged(attack):
            return f"attack {attack.number} changed its vectors: {_attack(attack, attack.bits_per_s)}"
        case AttackEnded(attack):
            return f"attack {attack.number} ended, peak: {_attack(attack, attack.peak_bits_per_s)}"
        case PeerLedgerDoubted() | OwnLedgerDoubted():
            return evidence_sentence(fact)
        case ReminderFellDue() | OriginsSeen():
            return accord_sentence(fact)
        case _:
            return hotline_sentence(fact) if isinstance(fact, HotlineFact) else plan_sentence(fact)


def going_on(attack: Attack) -> str:
    """An attack that was under way when the node started, in one line."""
    return f"attack {attack.number} goes on: {_attack(attack, attack.bits_per_s)}"


def _attack(attack: Attack, bits_per_s: Rate) -> str:
    return f"{target(attack)}, {vectors(attack)}, {rate(bits_per_s, 'bps', scaled=is_scaled(attack))}"


def rate(value: Rate, unit: str, *, scaled: bool) -> str:
    """As "~2.1 Gbps (1.9 to 2.4)"; without ~ where every packet was counted, "at least" where unscaled."""
    if not scaled:
        return f"at least {si(value.estimate, unit)}"
    if is_exact(value):
        return si(value.estimate, unit)
    low, high = (si_like(part, value.estimate) for part in (value.low, value.high))
    return f"~{si(value.estimate, unit)} ({low} to {high})"


def is_exact(value: Rate) -> bool:
    """Whether every packet was counted; the ends of the interval are rounded outwards to whole numbers."""
    return value.high - value.low <= 1


def short_rate(value: Rate, unit: str, *, scaled: bool) -> str:
    """The estimate alone, for narrow columns: "~2.1 Gbps", or "≥ 2.1 Gbps" where not scalable."""
    if not scaled:
        return f"≥ {si(value.estimate, unit)}"
    mark = "" if is_exact(value) else "~"
    return f"{mark}{si(value.estimate, unit)}"


def vectors(attack: Attack) -> str:
    return ", ".join(part.vector for part in attack.vectors) or "unclassified"


def target(attack: Attack) -> str:
    where = ", ".join(_host(prefix) for prefix in attack.targets)
    return f"{attack.object_name} ({where})" if attack.object_name else where


def _host(prefix: str) -> str:
    """A prefix that holds one address is that address."""
    address, _, length = prefix.partition("/")
    return address if length == ("128" if ":" in address else "32") else prefix


def is_scaled(attack: Attack) -> bool:
    """False where any of the traffic's sampling is unknown: its rates are then lower bounds."""
    return UNSCALED_SAMPLING not in attack.doubts
