"""Bundles made out of a node's own stores, by its commands, and checked without it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.hotline.parties import EPOCH, NOON_S, Party
from tests.stand_ins import HandClock
from tidegate.adapters.hotline.back_ups import taken
from tidegate.adapters.hotline.shelf import FolderShelf
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.hotline.acquainted import acquainted
from tidegate.app.hotline.backing_up import NAMES
from tidegate.app.hotline.bundles import Kept, joined, prove
from tidegate.app.hotline.evidence import CUT_EVERY_S, Evidence, EvidenceNeeds
from tidegate.app.hotline.places import EVIDENCE_NAME, TILES_NAME
from tidegate.app.node import Node
from tidegate.app.places import DATABASE_NAME
from tidegate.hotline.correspondence import about_of
from tidegate.hotline.deadlines import NOTHING_AGREED, deadlines
from tidegate.ledger.verifier import verify
from tidegate.model.evidence import Bundle, LedgerRecord
from tidegate.model.hotline_facts import (
    EpochBegun,
    MessageAuthorised,
    MessageComposed,
    MessageQueued,
    MessageStored,
    OwnCardIssued,
    PeerCardTaken,
    PeerMet,
    Place,
    ReceiptCame,
    SignatureGiven,
)
from tidegate.model.messages import Frame, Heartbeat, Package
from tidegate.model.organisations import Card
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, digest_of, value_from
from tidegate.ports.outside import OutsideFailed


def place_of(package: Package) -> Place:
    frame = msgspec.json.decode(package.frame, type=Frame)
    return Place(
        frame=digest_of(package.frame),
        correspondence=frame.correspondence,
        epoch=frame.epoch,
        serial=frame.serial,
        previous=frame.previous,
    )


class LogKey:
    def __init__(self, party: Party) -> None:
        self._party = party

    def verifier_key(self) -> str:
        return self._party.log_key.text

    def sign(self, message: bytes) -> bytes:
        return self._party.log_secret.sign(message)


class Office:
    """XA's node on real stores in a folder; XB and XC answer by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock()
        self.clock.at_ms = (NOON_S - 600) * 1000
        self.xa = Party("XA-CERT", [("anna", "desk")])
        self.xb = Party("XB-CERT", [("dora", "desk")])
        self.xc = Party("XC-CERT")
        self.stores = SqlStores(f"sqlite:///{folder / DATABASE_NAME}", "create")
        self.shelf, self.tiles = FolderShelf(folder / EVIDENCE_NAME), FolderShelf(folder / TILES_NAME)
        self.node = Node.open(self.stores.facts, [], self.clock)
        self.evidence = Evidence(
            EvidenceNeeds(
                organisation=self.xa.organisation,
                store=self.stores.facts,
                blobs=self.stores.envelopes,
                shelf=self.shelf,
                tiles=self.tiles,
                signer=LogKey(self.xa),
                epoch=lambda: EPOCH,
                card_of=self.card_of,
                acquainted=lambda _: (),
                record=self.node.record,
                doubt_own=pytest.fail,
            )
        )
        self.found()

    def card_of(self, organisation: str) -> Card | None:
        return next((one.card() for one in (self.xb, self.xc) if one.organisation == organisation), None)

    def put(self, value: msgspec.Struct | bytes) -> str:
        body = value if isinstance(value, bytes) else bytes_of(value)
        return self.stores.envelopes.put([body])[0]

    def found(self) -> None:
        until_s = self.xa.card().valid_until_s
        own = self.put(self.xa.signed_card())
        self.node.record(
            OwnCardIssued(self.xa.organisation, "XA-CERT", own, 1, until_s), EpochBegun(EPOCH, "founded")
        )
        for peer in (self.xb, self.xc):
            card = self.put(peer.signed_card())
            met = PeerMet(peer.organisation, peer.name, card, 1, until_s, "0" * 60, "anna", "by voice")
            self.node.record(met)

    def sends(self) -> Package:
        content = self.xa.content(self.xb)
        package = self.xa.package(content, ["anna"])
        message = digest_of(package.content)
        about = about_of(content, message)
        self.clock.at_ms = NOON_S * 1000
        self.node.record(MessageComposed(about, 1, deadlines(about, False, NOTHING_AGREED)))
        self.node.record(SignatureGiven(message, package.officers[0]), MessageAuthorised(message, ("anna",)))
        queued = MessageQueued(message, place_of(package), self.put(package), digest_of(b"envelope"))
        self.put(package.content)
        self.node.record(queued)
        return package

    def is_receipted(self, package: Package) -> None:
        signed = self.xb.receipt(package, self.xa)
        message, frame = digest_of(package.content), digest_of(package.frame)
        came = ReceiptCame(
            message=message,
            frame=frame,
            recipient=self.xb.organisation,
            receipt=self.put(signed),
            stored_at_s=NOON_S + 9,
            fact=0,
        )
        self.node.record(came)

    def is_answered(self, package: Package) -> None:
        message = digest_of(package.content)
        content = self.xb.content(
            self.xa, form="receipt", answers=message, remarks="", composed_at_s=NOON_S + 60
        )
        answer = self.xb.package(content, ["dora"])
        about = about_of(content, digest_of(answer.content))
        stored = MessageStored(
            about=about,
            officers=("dora",),
            place=place_of(answer),
            package=self.put(answer),
            path="https",
            deadlines=deadlines(about, False, NOTHING_AGREED),
        )
        self.node.record(stored)

    def is_seen_by(self, witness: Party) -> None:
        """Two rounds of heartbeats, the second with what the witness cosigned in the first."""
        now_s = self.clock.now_ms() // 1000
        signed = witness.heartbeat(self.xa, now_s, self.evidence.present_checkpoint(now_s))
        heard = msgspec.json.decode(signed.heartbeat, type=Heartbeat)
        self.evidence.hear(witness.card(), heard, bytes_of(signed), now_s)
        self.clock.at_ms += CUT_EVERY_S * 1000

    def kept(self) -> Kept:
        return Kept(self.stores.facts, self.stores.envelopes, self.shelf)

    def tidegate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tidegate", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.stores.close()


def a_whole_exchange(office: Office) -> str:
    office.is_seen_by(office.xc)
    package = office.sends()
    office.is_receipted(package)
    office.is_answered(package)
    office.is_seen_by(office.xc)
    office.is_seen_by(office.xb)
    return digest_of(package.content)


def test_a_message_is_proved_with_all_that_was_answered_and_when_others_saw_it(office: Office) -> None:
    message = a_whole_exchange(office)
    proved = prove(office.kept(), message[:8])
    text = "\n".join(proved.lines)
    assert proved.message == message
    for said in (
        f"Message {message}",
        "R1: the station of XB-CERT",
        "R2: it was opened; signed by dora (card 1) of XB-CERT",
        "holds MessageQueued as entry 7",
        "holds ReceiptCame as entry 8",
        "holds MessageStored as entry 9",
        "had seen that ledger before this entry at 2026-09-21 14:03:20 UTC",
        "had seen that ledger with this entry at 2026-09-21 14:13:20 UTC",
    ):
        assert said in text
    assert verify(proved.body)[0] == proved.lines


def test_only_the_cards_on_which_something_rests_go_along(office: Office) -> None:
    message = a_whole_exchange(office)
    newer = Party("XB-CERT", [("eve", "desk")], version=2)
    card = office.put(newer.signed_card())
    office.node.record(
        PeerCardTaken(newer.organisation, newer.name, card, 2, newer.card().valid_until_s, False)
    )
    text = "\n".join(prove(office.kept(), message).lines)
    assert text.count("    card 1,") == 3
    assert "signed by dora (card 1) of XB-CERT" in text, "who has left since"
    assert text.count("    card 2,") == 1, "whose station signed R1, by its newest card"


def test_the_commands_write_and_check_a_bundle_and_give_the_verifier_away(office: Office) -> None:
    message = a_whole_exchange(office)
    done = office.tidegate(
        "hotline", "prove", message[:12], "--state", ".", "--out", "x.bundle", "--verifier", "check.py"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Check it with tidegate verify x.bundle." in done.stdout
    done = office.tidegate("verify", "x.bundle")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "Everything in this bundle holds.")
    alone = subprocess.run(
        [sys.executable, "-I", "check.py", "x.bundle"],
        capture_output=True,
        text=True,
        check=True,
        cwd=office.folder,
    )
    assert alone.stdout == done.stdout
    bundle = office.folder / "x.bundle"
    bundle.write_bytes(bundle.read_bytes().replace(b"dora", b"nobo"))
    done = office.tidegate("verify", "x.bundle", "--json")
    assert done.returncode == 1
    assert msgspec.json.decode(done.stdout)["holds"] is False


def test_what_is_not_there_or_too_new_is_said_in_words(office: Office) -> None:
    with pytest.raises(NotAllowed, match="no checkpoint yet"):
        prove(office.kept(), "0" * 64)
    office.is_seen_by(office.xc)
    with pytest.raises(NotAllowed, match="no message at hand begins with"):
        prove(office.kept(), "123")
    with pytest.raises(NotAllowed, match="was sent or stored here"):
        prove(office.kept(), "0" * 64)
    package = office.sends()
    with pytest.raises(NotAllowed, match="since the last checkpoint"):
        prove(office.kept(), digest_of(package.content))
    office.is_seen_by(office.xc)
    assert "R1" not in "\n".join(prove(office.kept(), digest_of(package.content)).lines)


def test_a_peer_is_told_of_those_only_whom_it_knows_with_us(office: Office) -> None:
    office.sends()
    assert acquainted(office.node.state.hotline, office.xb.organisation) == frozenset()
    content = office.xa.content(office.xb, office.xc)
    about = about_of(content, digest_of(bytes_of(content)))
    office.node.record(MessageComposed(about, 1, deadlines(about, False, NOTHING_AGREED)))
    assert acquainted(office.node.state.hotline, office.xb.organisation) == {office.xc.organisation}
    assert acquainted(office.node.state.hotline, "0" * 64) == frozenset()


def test_a_back_up_takes_along_all_that_was_seen_of_ledgers(office: Office) -> None:
    a_whole_exchange(office)
    evidence = {path.relative_to(office.folder) for path in office.folder.glob("hotline/evidence/**/*")}
    files = {path.as_posix() for path in evidence if (office.folder / path).is_file()}
    assert {name.split("/")[2] for name in files} == {"checkpoint", "newest", "seen", "watch"}
    assert files <= set(taken(office.folder, NAMES))


def test_a_damaged_store_gives_no_bundle_that_would_be_refused(office: Office) -> None:
    message = a_whole_exchange(office)
    receipt = next(stored for _, stored in office.stores.facts.mentioning([message], ["ReceiptCame"]))
    digest = msgspec.json.decode(receipt.body)["fact"]["receipt"]
    office.stores.envelopes.drop([digest])
    with pytest.raises(OutsideFailed, match="missing or damaged"):
        prove(office.kept(), message)


def test_the_recipients_bundle_joined_with_ours_shows_the_entry_that_its_receipt_names(
    office: Office,
) -> None:
    message = a_whole_exchange(office)
    ours = prove(office.kept(), message)
    package, *_ = value_from(Bundle, ours.body, 1 << 24).message
    xb = office.xb
    number = xb.records("MessageStored", NOON_S + 9, message=message)
    ledger, size = xb.ledger(), len(xb.entries)
    record = LedgerRecord(
        fact=xb.entries[number],
        organisation=xb.organisation,
        checkpoint=xb.checkpoint().whole,
        inclusion=tuple(ledger.inclusion_proof(number, size)),
        sightings=(),
    )
    cards = {one.organisation: one.signed_card() for one in (office.xa, xb)}
    theirs = Bundle(
        bundle=1,
        cards=tuple(cards[one] for one in sorted(cards)),
        message=(package,),
        receipts=(),
        answers=(),
        records=(record,),
    )
    together = joined(ours, bytes_of(theirs))
    entry = f"({xb.organisation[:16]}) holds MessageStored as entry {number}, which its R1 names"
    assert entry in "\n".join(together.lines)
    assert entry not in "\n".join(ours.lines)
    assert verify(together.body)[0] == together.lines
    assert joined(together, bytes_of(theirs)).body == together.body, "nothing stands in it twice"
    with pytest.raises(NotAllowed, match="does not hold"):
        joined(ours, bytes_of(theirs)[:-1])
    another = office.xa.package(office.xa.content(xb, nonce="1" * 32), ["anna"])
    other = bytes_of(msgspec.structs.replace(theirs, message=(another,), records=()))
    with pytest.raises(NotAllowed, match="about another message"):
        joined(ours, other)
