"""What was sent beside what was made of it; the answers come from the lab's own account."""

from collections.abc import Sequence

from tidegate.app.demonstration import Expectation
from tidegate.app.queries import AttackRecord
from tidegate.lab.story import Scene
from tidegate.lab.traffic import Traffic
from tidegate.lab.truth import must_be_named, vector_shares
from tidegate.model.attacks import Attack


def expectation(
    scene: Scene, sent: Traffic | None, started_ms: int | None, records: Sequence[AttackRecord]
) -> Expectation:
    """One scene judged; `sent` and `started_ms` are None where the story never came to it."""
    found = next((one for one in reversed(records) if prefix_of(scene) in one.attack.targets), None)
    attack = found.attack if found else None
    after_ms = None
    if found is not None and started_ms is not None:
        after_ms = found.detected_at_ms - started_ms - round(scene.from_s * 1000)
    return Expectation(
        story=scene.story,
        target=scene.target,
        exporters=tuple(router.name for router in scene.routers),
        border_points=scene.border_points,
        protocols=tuple(dict.fromkeys(router.protocol for router in scene.routers)),
        sampling_told=scene.tells_sampling,
        sent_bits_per_s=round(scene.bits_per_s),
        sent_packets_per_s=round(packets_per_s(scene, sent)) if sent else 0,
        sent_vectors=tuple(share.vector for share in vector_shares(sent)) if sent else (),
        number=found.number if found else None,
        after_ms=after_ms,
        detected=attack,
        right_target=attack is not None and attack.targets == (prefix_of(scene),),
        right_vectors=attack is not None and sent is not None and right_vectors(attack, scene, sent),
        rate_within_interval=rate_within_interval(attack, scene, sent),
    )


def prefix_of(scene: Scene) -> str:
    return f"{scene.target}/32"


def packets_per_s(scene: Scene, sent: Traffic) -> float:
    return scene.bits_per_s / 8 / sent.mean_packet_bytes


def right_vectors(attack: Attack, scene: Scene, sent: Traffic) -> bool:
    """Every vector that stands clearly above its floor is named, and none that was not sent."""
    seen_as = 1 if scene.tells_sampling else scene.routers[0].sampling_rate
    shares = vector_shares(sent)
    clear = must_be_named(shares, scene.bits_per_s / seen_as, packets_per_s(scene, sent) / seen_as)
    named = {part.vector for part in attack.vectors}
    return bool(named) and clear <= named <= {share.vector for share in shares}


def rate_within_interval(attack: Attack | None, scene: Scene, sent: Traffic | None) -> bool | None:
    """Whether the true rate of the named vectors lies in the stated interval; None where none was stated."""
    if attack is None or sent is None or not attack.actionable:
        return None
    named = {part.vector for part in attack.vectors}
    true = scene.bits_per_s * sum(share.of_bytes for share in vector_shares(sent) if share.vector in named)
    return attack.peak_bits_per_s.low <= true <= attack.peak_bits_per_s.high
