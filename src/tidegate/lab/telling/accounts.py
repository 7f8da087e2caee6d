"""What both ledgers say: the accord's clock, what was kept, and the evidence about a message."""

import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tidegate.adapters.border.children import kill_child, start_bound_child
from tidegate.app.accord.books import Book
from tidegate.app.accord.knowing import asked_by_knowing
from tidegate.app.accord.opening import open_books
from tidegate.app.accord.views import row
from tidegate.app.chapters import Clock, Kept, KeptBy, Proved, ProvedBy
from tidegate.app.hotline import bundles
from tidegate.app.hotline.places import EVIDENCE_NAME
from tidegate.app.hotline.sightings import newest_size
from tidegate.app.ledger_check import verify_ledger
from tidegate.app.parts import Parts, Stores
from tidegate.app.places import database_url
from tidegate.app.settings import Config
from tidegate.lab.telling.organisations import Organisation
from tidegate.model.messages import Content
from tidegate.model.organisations import Digest
from tidegate.model.refusals import NotAllowed

INCIDENT: Final = "notify-incident"
VERIFY_S: Final = 120.0
STANDARD_ERROR: Final = 2


@contextmanager
def ledger(parts: Parts, one: Organisation) -> Iterator[Stores]:
    """Read beside the node that writes it."""
    stores = parts.stores(database_url(Config(), one.state), "refuse")
    try:
        yield stores
    finally:
        stores.close()


def book(parts: Parts, one: Organisation, accord: str) -> Book:
    """NotAllowed where nobody has signed it yet."""
    now_s = parts.clock().now_ms() // 1000
    with ledger(parts, one) as stores:
        return open_books(stores.facts, stores.envelopes, one.organisation).current(accord, now_s)


def is_in_force(parts: Parts, one: Organisation, accord: str) -> bool:
    try:
        return book(parts, one, accord).force is not None
    except NotAllowed:
        return False


def clock_of(parts: Parts, one: Organisation, accord: str, drafted: Content, known_s: int) -> Clock:
    """The clock that knowing of this incident starts."""
    found = book(parts, one, accord)
    rows = asked_by_knowing(found, one.side.code, drafted, parts.clock().now_ms() // 1000)
    due = next(one for one in rows if one.obligation == INCIDENT and one.due_s is not None)
    clause = next(one for one in found.accord.obligation if one.id == INCIDENT)
    assert due.due_s is not None, "only such are looked for"
    return Clock(
        accord=accord,
        digest=found.digest,
        article=due.article,
        obligation=due.obligation,
        text=dict(clause.text),
        duty=due.duty,
        toward=due.toward,
        known_s=known_s,
        due_s=due.due_s,
    )


def kept(parts: Parts, sides: Sequence[Organisation], accord: str, about: Collection[str]) -> Kept:
    """What is met of all that these messages and this incident asked for, in each side's own ledger."""
    rows = [one for side in sides for one in kept_by(parts, side, accord, about)]
    told: dict[str, list[tuple[str, str, str, int, int]]] = {side.side.code: [] for side in sides}
    for one in rows:
        told[one.node].append((one.article, one.obligation, one.duty, one.due_s, one.kept_s))
    ours, *others = (sorted(rows_of) for rows_of in told.values())
    return Kept(rows=tuple(rows), alike=all(one == ours for one in others))


def kept_by(parts: Parts, side: Organisation, accord: str, about: Collection[str]) -> Iterator[KeptBy]:
    found = book(parts, side, accord)
    for standing in found.reckoning().standing(parts.clock().now_ms() // 1000):
        one = row(standing, side.side.code)
        if one.stage == "met" and any(what in one.instance for what in about):
            assert one.due_s is not None, "what is met was due"
            assert one.kept_s is not None, "and was kept"
            yield KeptBy(
                node=side.side.code,
                article=one.article,
                obligation=one.obligation,
                duty=one.duty,
                toward=one.toward,
                stage=one.stage,
                due_s=one.due_s,
                kept_s=one.kept_s,
                facts=one.evidence,
            )


def is_provable(parts: Parts, side: Organisation, message: Digest) -> bool:
    """Whether a checkpoint with all about the message was cut, and cosigned by the other side."""
    try:
        return any("had seen that ledger with" in line for line in bundle(parts, side, message).lines)
    except NotAllowed:
        return False


def bundle(parts: Parts, side: Organisation, message: Digest) -> bundles.Proved:
    with ledger(parts, side) as stores:
        shelf = parts.shelf(side.state / EVIDENCE_NAME)
        return bundles.prove(bundles.Kept(stores.facts, stores.envelopes, shelf), message)


def proved(parts: Parts, sides: Sequence[Organisation], message: Digest, folder: Path) -> Proved:
    """Each side writes its bundle, and `tidegate verify` reads it: a process that asks no node."""
    return Proved(message=message, sides=tuple(proved_by(parts, side, message, folder) for side in sides))


def proved_by(parts: Parts, side: Organisation, message: Digest, folder: Path) -> ProvedBy:
    file = folder / f"{side.side.code}.bundle"
    file.write_bytes(bundle(parts, side, message).body)
    with ledger(parts, side) as stores:
        verdict = verify_ledger(stores.facts)
    told = msgspec.json.decode(answer_of(["verify", str(file), "--json"]), type=Verified)
    return ProvedBy(
        node=side.side.code,
        facts=verdict.size,
        intact=verdict.intact,
        cosigned_facts=newest_size(parts.shelf(side.state / EVIDENCE_NAME)),
        bundle=str(file),
        holds=told.holds,
        lines=told.proves,
    )


class Verified(msgspec.Struct, frozen=True):
    holds: bool
    proves: tuple[str, ...]


def answer_of(arguments: Sequence[str]) -> bytes:
    """What one of our own commands says, whatever its exit code. It ends with the thread that asks."""
    command = [sys.executable, "-m", "tidegate", *arguments]
    child = start_bound_child(command, os.environ, STANDARD_ERROR, subprocess.PIPE)
    try:
        return child.communicate(timeout=VERIFY_S)[0]
    finally:
        kill_child(child)
