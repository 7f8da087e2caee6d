"""What was sent beside what was made of it; the answers come from the lab's own account."""

from collections.abc import Sequence

from tidegate.app.demonstration import Expectation
from tidegate.app.queries import AttackRecord
from tidegate.lab.story import Scene
from tidegate.lab.truth import must_be_named, vector_shares
from tidegate.lab.world import Stream
from tidegate.model.attacks import Attack


def expectation(
    scene: Scene, floods: Sequence[Stream], started_ms: int | None, records: Sequence[AttackRecord]
) -> Expectation:
    """One scene judged; `floods` is empty and `started_ms` None where the story never came to it."""
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
        sent_packets_per_s=round(sum(flood.packets_per_s for flood in floods)),
        sent_vectors=tuple(share.vector for share in vector_shares(floods[0].traffic)) if floods else (),
        number=found.number if found else None,
        after_ms=after_ms,
        detected=attack,
        right_target=attack is not None and attack.targets == (prefix_of(scene),),
        right_vectors=attack is not None and bool(floods) and right_vectors(attack, scene, floods),
        rate_within_interval=rate_within_interval(attack, scene, floods),
    )


def prefix_of(scene: Scene) -> str:
    return f"{scene.target}/32"


def right_vectors(attack: Attack, scene: Scene, floods: Sequence[Stream]) -> bool:
    """Every vector that stands clearly above its floor is named, and none that was not sent."""
    seen_as = 1 if scene.tells_sampling else scene.routers[0].sampling_rate
    shares = vector_shares(floods[0].traffic)
    packets_per_s = sum(flood.packets_per_s for flood in floods)
    clear = must_be_named(shares, scene.bits_per_s / seen_as, packets_per_s / seen_as)
    named = {part.vector for part in attack.vectors}
    return bool(named) and clear <= named <= {share.vector for share in shares}


def rate_within_interval(attack: Attack | None, scene: Scene, floods: Sequence[Stream]) -> bool | None:
    """Whether the true rate of the named vectors lies in the stated interval; None where none was stated."""
    if attack is None or not floods or not attack.actionable:
        return None
    named = {part.vector for part in attack.vectors}
    sent = scene.bits_per_s * sum(s.of_bytes for s in vector_shares(floods[0].traffic) if s.vector in named)
    return attack.peak_bits_per_s.low <= sent <= attack.peak_bits_per_s.high
