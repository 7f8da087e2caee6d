"""Watching another's log: what a witness remembers of it, when it cosigns, and what it holds against it.

Guardian of "the ledger only grows; every peer can prove it". The numbers stand beside the code.

1. Only what the log's own key signed is looked at.
2. The first checkpoint is taken as it is; from then on everything must follow from it.
3. One size has one root, whoever was shown it.
4. A larger checkpoint is cosigned only with a proof that it began as the newest one that was. A proof that
   does not hold is a changed past; a proof that is missing is asked for again.
5. A smaller checkpoint is never cosigned. It came late; or the log lost what it had signed, where its time is
   later, or where it comes again and again.
6. A later epoch is another log, which a restored copy began, and is told to people. An earlier one is treated
   as a smaller checkpoint.
7. What the log showed to others it must prove to us as well, within some heartbeats.
8. A log whose past changed is cosigned no more in that epoch.

The clock is the log's own: its heartbeats' times order what it says, and are compared with nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tidegate.ledger.checkpoints import epoch_of, open_checkpoint
from tidegate.ledger.notes import Note, NoteKey
from tidegate.ledger.verify import ProofRefused, verify_consistency

RECENT_MAX = 64
"""Checkpoints of one log that are remembered to be compared with what others were shown; then the oldest is
forgotten, and what was shown to others is proved instead (rule 7)."""

CLAIMS_MAX = 3
"""Checkpoints shown to others that one log has still to prove; more wait until they are told again."""

UNANSWERED_MAX = 3
"""Heartbeats in which a log may leave out a proof that it was asked for; then people are told."""

DoubtKind = Literal["forked", "shorter", "unproved", "withheld", "restarted"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One checkpoint of a log, signed by it; `at_s` is the time of the heartbeat that brought it."""

    epoch: int
    size: int
    root: bytes
    at_s: int
    note: str

    def names_another_past_than(self, other: "Shown") -> bool:
        same_place = (self.epoch, self.size) == (other.epoch, other.size)
        return same_place and self.root != other.root


@dataclass(frozen=True, slots=True)
class Claim:
    """What the log showed to another, who is `told_by`, and has not yet proved to us."""

    shown: Shown
    told_by: str
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is held against the log: `why` is a sentence, `notes` what it signed, as evidence."""

    kind: DoubtKind
    why: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watch:
    """All that a witness remembers of one log. `newest` is the largest that was proved; `unproved` counts the
    heartbeats since then that lacked their proof, `behind` those that told of less. `doubt` is what people
    were last told, "" for nothing."""

    newest: Shown | None = None
    recent: tuple[Shown, ...] = ()
    claims: tuple[Claim, ...] = ()
    unproved: int = 0
    behind: int = 0
    forked: bool = False
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is remembered from now on, and the doubts that are new."""

    watch: Watch
    doubts: tuple[Doubt, ...] = ()


def shown_by(organisation: str, key: NoteKey, whole: str, at_s: int) -> Shown:
    """NoteRefused unless this is a checkpoint of that organisation's log, signed by its key."""
    note, head = open_checkpoint(whole, key)  # 1
    alone = Note(note.text, tuple(one for one in note.signatures if one.key_id == key.key_id))
    return Shown(epoch_of(organisation, head.origin), head.size, head.root, at_s, alone.whole)


def may_cosign(watch: Watch) -> bool:
    """Whether `newest` is consistent with all that was seen of this log, by us and by who told us."""
    return watch.newest is not None and not watch.forked and not watch.doubt


def asks(watch: Watch) -> tuple[int, ...]:
    """The sizes from which the log's next checkpoint is to be proved; nothing proves growth from nothing."""
    newest = [watch.newest] if watch.newest is not None else []
    epoch = watch.newest.epoch if watch.newest is not None else None
    wanted = [one.size for one in (*newest, *(claim.shown for claim in watch.claims)) if one.epoch == epoch]
    return tuple(dict.fromkeys(size for size in wanted if size > 0))


def hear(watch: Watch, shown: Shown, grown: Mapping[int, Sequence[bytes]]) -> Verdict:
    """What a heartbeat's checkpoint means, with the proofs that came beside it, by the size they begin at."""
    newest = watch.newest
    contradicted = next((one for one in remembered(watch) if shown.names_another_past_than(one)), None)
    if contradicted is not None:  # 3
        return forked(watch, contradicted, shown, f"signed two roots for {shown.size} entries")
    if newest is None:  # 2
        return proved(replace(watch, newest=shown), shown, grown)
    if shown.epoch > newest.epoch:  # 6
        return restarted(watch, newest, shown, grown)
    if (shown.epoch, shown.size) < (newest.epoch, newest.size):  # 5 6
        return fallen_back(watch, newest, shown)
    if watch.forked:  # 8
        return Verdict(watch)
    if shown.size == newest.size:
        # A heartbeat that was overtaken says nothing new.
        return proved(replace(watch, newest=max(newest, shown, key=at_s_of)), shown, grown)
    return larger(watch, newest, shown, grown)


def larger(watch: Watch, newest: Shown, shown: Shown, grown: Mapping[int, Sequence[bytes]]) -> Verdict:
    """Rule 4."""
    if newest.size not in grown and newest.size > 0:
        waiting = replace(watch, unproved=watch.unproved + 1)
        if waiting.unproved < UNANSWERED_MAX:
            return Verdict(waiting)
        why = f"does not prove that its {shown.size} entries began with the {newest.size} of before"
        return doubted(waiting, Doubt("unproved", why, (newest.note, shown.note)))
    if not follows(newest, shown, grown.get(newest.size, ())):
        why = f"signed {shown.size} entries that did not begin with the {newest.size} of before"
        return forked(watch, newest, shown, why)
    recent = (*watch.recent, newest)[-RECENT_MAX:]
    return proved(replace(watch, newest=shown, recent=recent), shown, grown)


def fallen_back(watch: Watch, newest: Shown, shown: Shown) -> Verdict:
    """Rule 5."""
    watch = replace(watch, behind=watch.behind + 1)
    if shown.at_s <= newest.at_s and watch.behind < UNANSWERED_MAX:
        return Verdict(watch)
    why = f"shows {shown.size} entries, and has signed {newest.size} before"
    if shown.epoch < newest.epoch:
        why = f"shows its log of epoch {shown.epoch} again, after that of epoch {newest.epoch}"
    return doubted(watch, Doubt("shorter", why, (newest.note, shown.note)))


def restarted(watch: Watch, newest: Shown, shown: Shown, grown: Mapping[int, Sequence[bytes]]) -> Verdict:
    why = f"begins anew with {shown.size} entries (epoch {shown.epoch}), and had {newest.size} before"
    afresh = Watch(newest=shown, recent=(*watch.recent, newest)[-RECENT_MAX:], claims=watch.claims)
    told = doubted(afresh, Doubt("restarted", why, (newest.note, shown.note)))
    after = proved(replace(told.watch, doubt=""), shown, grown)
    return replace(after, doubts=(*told.doubts, *after.doubts))


def proved(watch: Watch, shown: Shown, grown: Mapping[int, Sequence[bytes]]) -> Verdict:
    """The checkpoint follows from what we saw; what others were shown must follow, too (rule 7)."""
    left: list[Claim] = []
    for claim in watch.claims:
        other = claim.shown
        if other.names_another_past_than(shown):
            return told_two(watch, shown, claim)
        if other.epoch < shown.epoch or (other.epoch, other.size, other.root) == (
            shown.epoch,
            shown.size,
            shown.root,
        ):
            continue
        if other.epoch == shown.epoch and other.size > shown.size:
            left.append(claim)
        elif other.epoch > shown.epoch or other.size not in grown:
            left.append(replace(claim, unanswered=claim.unanswered + 1))
        elif not follows(other, shown, grown[other.size]):
            return told_two(watch, shown, claim)
    silent = next((claim for claim in left if claim.unanswered >= UNANSWERED_MAX), None)
    if silent is None:
        return Verdict(replace(watch, claims=tuple(left), unproved=0, behind=0, doubt=""))
    why = f"does not prove to us what it showed to {silent.told_by}"
    kept = replace(watch, claims=tuple(left), unproved=0, behind=0)
    return doubted(kept, Doubt("withheld", why, (shown.note, silent.shown.note)))


def told_two(watch: Watch, shown: Shown, claim: Claim) -> Verdict:
    why = f"signed one past for us and another for {claim.told_by}"
    return forked(watch, shown, claim.shown, why)


def told_by_another(watch: Watch, claim: Claim) -> Verdict:
    """What a third party was shown of this log; it is compared at once, or asked for (rules 3 and 7)."""
    shown = claim.shown
    if watch.forked or (watch.newest is not None and shown.epoch < watch.newest.epoch):
        return Verdict(watch)
    contradicted = next((one for one in remembered(watch) if shown.names_another_past_than(one)), None)
    if contradicted is not None:
        return told_two(watch, contradicted, claim)
    known = {(one.epoch, one.size) for one in (*remembered(watch), *(other.shown for other in watch.claims))}
    if (shown.epoch, shown.size) in known or shown.size == 0 or len(watch.claims) >= CLAIMS_MAX:
        return Verdict(watch)
    return Verdict(replace(watch, claims=(*watch.claims, claim)))


def remembered(watch: Watch) -> tuple[Shown, ...]:
    return watch.recent if watch.newest is None else (*watch.recent, watch.newest)


def follows(old: Shown, new: Shown, proof: Sequence[bytes]) -> bool:
    try:
        verify_consistency(old.size, old.root, new.size, new.root, proof)
    except ProofRefused:
        return False
    return True


def forked(watch: Watch, one: Shown, other: Shown, why: str) -> Verdict:
    return doubted(replace(watch, forked=True), Doubt("forked", why, (one.note, other.note)))  # 8


def doubted(watch: Watch, doubt: Doubt) -> Verdict:
    """Told once, until it is over or something else is the matter; a changed past is never over."""
    if watch.doubt in (doubt.kind, "forked"):
        return Verdict(watch)
    return Verdict(replace(watch, doubt=doubt.kind), doubts=(doubt,))


def at_s_of(shown: Shown) -> int:
    return shown.at_s
