"""What keeps a plan from being approved, in force or seen where it is held, as checks of the doctor."""

from collections.abc import Iterator

from tidegate.app.checks import Check, fine, notice, problem
from tidegate.app.plans_note import (
    FailedNote,
    PlansNote,
    ReceiverNote,
    RosterNote,
    SessionNote,
    WaitingNote,
)
from tidegate.app.units import count_of

SEEN_STALE_MS = 15_000
"""The border is looked at every second; when it was last seen so long ago, the speaker does not answer."""


def of_plans(note: PlansNote, at_ms: int) -> Iterator[Check]:
    """As of `at_ms`, when the note was written."""
    yield from of_speaker(note, at_ms)
    if note.counters_trouble:
        text = f"Rule counters could not be read when last asked for: {note.counters_trouble}"
        yield problem("rule counters", "counters_unread", text)
    yield from of_roster(note.roster, speaking=note.speaking)
    for session in note.sessions:
        yield of_session(session)
    for receiver in note.receivers:
        yield of_receiver(receiver)
    for waiting in note.waiting:
        yield of_waiting(waiting, at_ms)
    for failed in note.failed:
        yield of_failed(failed, at_ms)
    for one in note.in_force:
        rules = count_of(one.rules, "rule")
        text = f"{rules} in force at {one.border_point}; {one.remaining_s} s of the lease are left."
        yield fine(f"plan {one.plan}", "rules_in_force", text)
    if note.left_out:
        text = f"{note.left_out} more sessions, receivers or plans are left out; see `tidegate border check`."
        yield notice("border", "border_left_out", text)


def of_failed(note: FailedNote, at_ms: int) -> Check:
    ago = max(0, at_ms - note.at_ms) // 1000
    text = f"It failed {ago} s ago, and nothing of it is in force any more: {note.why.rstrip('.')}."
    return problem(f"plan {note.plan}", "plan_failed", text)


def of_speaker(note: PlansNote, at_ms: int) -> Iterator[Check]:
    if not note.speaking:
        text = "No speaker is configured (border.speaker): plans are proposed, and none can come into force."
        yield (notice if note.routers else fine)("speaker", "speaker_off", text)
    elif note.seen_ms is None and not note.speaker_trouble:
        yield notice("speaker", "speaker_starting", "Its process is starting; look again in a few seconds.")
    elif note.seen_ms is None or abs(at_ms - note.seen_ms) > SEEN_STALE_MS:
        ago = "" if note.seen_ms is None else f" for {max(0, at_ms - note.seen_ms) // 1000} s"
        why = note.speaker_trouble or "it does not say why"
        text = f"Its process has not answered{ago} ({why}): no lease is renewed; look at the node's log."
        yield problem("speaker", "speaker_silent", text)
    elif note.speaker_trouble:
        text = f"It did not carry out the last order ({note.speaker_trouble}); it is given again."
        yield problem("speaker", "speaker_failing", text)
    else:
        yield fine("speaker", "speaker_answers", "Its process answers.")


def of_roster(note: RosterNote, *, speaking: bool) -> Iterator[Check]:
    """Without a speaker nothing can come into force anyway, so that nothing about officers is a problem."""
    bad = problem if speaking else notice
    if note.trouble:
        yield bad("roster", "roster_unreadable", f"The file cannot be used, and {note.trouble}")
    elif note.empty:
        text = f"No officer stands in {note.path}, so no plan can be approved: see `tidegate officer add`."
        yield bad("roster", "roster_empty", text)
    elif note.live < 2:
        text = f"{note.live} of the two officers that a plan needs may act: add another to {note.path}."
        yield bad("roster", "officers_too_few", text)
    elif not note.seniors:
        text = (
            f"{note.live} officers may act, none of them senior: a plan that asks for that level must wait."
        )
        yield notice("roster", "officers_no_senior", text)
    else:
        yield fine(
            "roster", "officers_enough", f"{note.live} officers may act, {note.seniors} of them senior."
        )


def of_session(note: SessionNote) -> Check:
    about = f"session {note.router}"
    if note.state == "down":
        text = f"Down at {note.border_point} ({note.why}): no rule is held there. Check the router's side."
        return problem(about, "session_down", text)
    if note.state == "unknown":
        text = f"Nobody can say how it stands at {note.border_point} ({note.why}): look at the node's log."
        return problem(about, "session_unknown", text)
    if note.lacking:
        text = (
            f"Up at {note.border_point} without {' and '.join(note.lacking)}, and rules of that kind are not "
            "held there: configure the family at the router, or set its ipv6 or planning.blackhole to false."
        )
        return problem(about, "family_not_agreed", text)
    return fine(about, "session_up", f"Up at {note.border_point}, with every address family that plans need.")


def of_receiver(note: ReceiverNote) -> Check:
    about = f"border point {note.border_point}"
    if not note.asked:
        text = "Nobody can be asked what is held here: set border.mirror, or a router's receiver."
        return notice(about, "not_read_back", text)
    if note.refusing:
        return problem(about, "rules_refused", f"Not every rule is followed ({note.refusing}).")
    if note.answered < note.asked:
        text = f"{note.answered} of {note.asked} receivers tell what is held here ({note.why})."
        return (notice if note.answered else problem)(about, "receiver_silent", text)
    return fine(about, "read_back", f"{count_of(note.answered, 'receiver')} can be asked what is held here.")


def of_waiting(note: WaitingNote, at_ms: int) -> Check:
    waited_s = max(0, at_ms - note.since_ms) // 1000
    left_s = max(0, note.until_ms - at_ms) // 1000
    so_far = f"{' and '.join(note.agreed)} agreed" if note.agreed else "nobody agreed yet"
    level = f", one of them {note.level} or above" if note.level != "desk" else ""
    text = (
        f"For attack {note.attack}, it has waited for {waited_s} s and expires in {left_s} s; {so_far}. "
        f"Two officers must approve{level}: "
        f"`tidegate plan approve {note.plan}`."
    )
    return notice(f"plan {note.plan}", "plan_waiting", text)
