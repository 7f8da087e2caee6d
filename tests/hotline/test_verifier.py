"""The single-file verifier against denials: what holds, and everything that must not."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tests.hotline.parties import NOON_S, Party
from tests.hotline.people import pair
from tidegate.hotline.ceremony import half
from tidegate.hotline.several import alone, each_receipt, sign_each, sign_receipts
from tidegate.ledger import verifier
from tidegate.ledger.verifier import Refused, verify
from tidegate.model import purposes
from tidegate.model.evidence import Bundle, LedgerRecord, Sighting
from tidegate.model.messages import Attachment, Package, Refusal, SignedRefusal
from tidegate.model.value_bytes import bytes_of, digest_of

SOURCE = Path(verifier.__file__)


class Exchange:
    """XA told XB; XB's station and an officer answered; XC had seen XA's ledger before and after."""

    def __init__(self, **changes: object) -> None:
        self.xa = Party("XA-CERT", [("anna", "desk"), ("bo", "desk"), ("cara", "senior"), ("dan", "senior")])
        self.xb = Party("XB-CERT", [("dora", "desk")])
        self.xc = Party("XC-CERT")
        self.xa.records("NodeStarted", NOON_S - 600)
        before = self.xc.heartbeat(self.xa, NOON_S - 60)
        body = b"a small file"
        attachment = Attachment(name="a.txt", media_type="text/plain", size=12, sha256=digest_of(body))
        content = self.xa.content(self.xb, **({"attachments": (attachment,)} | changes))
        officers = {"desk": ["anna"], "senior": ["cara", "dan"]}[content.level]
        bodies = [body] if content.attachments else []
        self.package = self.xa.package(content, officers, attachments=bodies)
        self.message, self.frame = digest_of(self.package.content), digest_of(self.package.frame)
        number = self.xa.records("MessageQueued", NOON_S + 5, message=self.message)
        self.xa.records("PathChanged", NOON_S + 20)
        self.receipt = self.xb.receipt(self.package, self.xa)
        self.answer = self.xb.package(
            self.xb.content(
                self.xa, form="receipt", answers=self.message, remarks="", composed_at_s=NOON_S + 60
            ),
            ["dora"],
        )
        after = self.xc.heartbeat(self.xa, NOON_S + 90)
        ledger, size = self.xa.ledger(), len(self.xa.entries)
        self.record = LedgerRecord(
            fact=self.xa.entries[number],
            organisation=self.xa.organisation,
            checkpoint=self.xa.checkpoint().whole,
            inclusion=tuple(ledger.inclusion_proof(number, size)),
            sightings=(
                Sighting(heartbeat=before, growth=tuple(ledger.consistency_proof(1, size))),
                Sighting(heartbeat=after, growth=()),
            ),
        )

    def bundle(self, **changes: object) -> Bundle:
        whole = Bundle(
            bundle=1,
            cards=(self.xa.signed_card(), self.xb.signed_card(), self.xc.signed_card()),
            message=(self.package,),
            receipts=(self.receipt,),
            answers=(self.answer,),
            records=(self.record,),
        )
        return msgspec.structs.replace(whole, **changes)


@pytest.fixture(scope="module")
def exchange() -> Exchange:
    return Exchange()


def proves(bundle: Bundle) -> str:
    return "\n".join(verify(bytes_of(bundle))[0])


def refused(bundle: Bundle, why: str) -> None:
    with pytest.raises(Refused, match=why):
        verify(bytes_of(bundle))


def test_a_whole_bundle_proves_who_said_what_when_and_who_had_it(exchange: Exchange) -> None:
    text = proves(exchange.bundle())
    for said in (
        f"Message {exchange.message}",
        "REAL, FLASH, form free-text, XA-CERT/2026/17",
        "signed by anna (card 1), for the desk",
        "R1: the station of XB-CERT",
        "R2: it was opened; signed by dora (card 1) of XB-CERT",
        "holds MessageQueued as entry 1",
        "XC-CERT ({}) had seen that ledger before this entry at 2026-09-21 14:12:20 UTC",
        "XC-CERT ({}) had seen that ledger with this entry at 2026-09-21 14:14:50 UTC",
    ):
        assert said.format(exchange.xc.organisation[:16]) in text


def test_its_digits_are_those_that_officers_compare(exchange: Exchange) -> None:
    told = re.findall(r": ((?:\d{5} ?){6})$", proves(exchange.bundle()), re.MULTILINE)
    halves = {half(party.card()) for party in (exchange.xa, exchange.xb, exchange.xc)}
    assert {digits.replace(" ", "") for digits in told} == halves


def test_it_tells_on_which_cards_its_word_rests(exchange: Exchange) -> None:
    used = verify(bytes_of(exchange.bundle()))[1]
    assert used == {(party.organisation, 1) for party in (exchange.xa, exchange.xb, exchange.xc)}


def test_the_file_alone_is_the_whole_verifier(exchange: Exchange, tmp_path: Path) -> None:
    """Copied away, run by itself, with nothing of ours to import; so many lines that a person can read it."""
    alone, bundle = tmp_path / "verifier.py", tmp_path / "bundle"
    alone.write_text(SOURCE.read_text())
    assert len(alone.read_text().splitlines()) < 400
    assert "tidegate" not in {
        line.split()[1].split(".")[0]
        for line in alone.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }

    def ran(body: bytes) -> tuple[int, str]:
        bundle.write_bytes(body)
        done = subprocess.run(
            [sys.executable, "-I", alone, bundle], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    code, text = ran(bytes_of(exchange.bundle()))
    assert (code, text.splitlines()[0]) == (0, "Everything in this bundle holds.")
    code, text = ran(bytes_of(exchange.bundle()).replace(b"anna", b"anne"))
    assert (code, text.splitlines()) == (
        1,
        ["REFUSED: the officers' signatures do not hold by any card shown"],
    )


def places(body: bytes) -> Iterator[int]:
    """Every byte; of a long run of base64, which one signature or hash covers whole, its ends and every so
    many in between (1 for all of them, which takes minutes)."""
    every = int(os.environ.get("TIDEGATE_BUNDLE_STRIDE", "101"))
    for run in re.finditer(rb"[A-Za-z0-9+/=\\]+|[^A-Za-z0-9+/=\\]+", body):
        for at in range(run.start(), run.end()):
            from_an_end = min(at - run.start(), run.end() - 1 - at)
            if from_an_end < 8 or (at - run.start()) % every == 0:
                yield at


def test_no_byte_of_a_bundle_can_change(exchange: Exchange) -> None:
    body = bytes_of(exchange.bundle())
    for at in places(body):
        changed = body[:at] + bytes([body[at] ^ 1 << at % 8]) + body[at + 1 :]
        with pytest.raises(Refused):
            verify(changed)


@pytest.mark.parametrize("cut", [0, 1, 2, 100, -1])
def test_a_cut_bundle_or_one_with_more_behind_it_is_refused(exchange: Exchange, cut: int) -> None:
    body = bytes_of(exchange.bundle())
    for wrong in (body[:cut], body + b" ", b" " + body, body + body):
        with pytest.raises(Refused):
            verify(wrong)


@pytest.mark.parametrize("name", ["bundle", "cards", "message", "receipts", "answers", "records"])
def test_nothing_may_stand_beside_what_is_checked(exchange: Exchange, name: str) -> None:
    plain = msgspec.json.decode(bytes_of(exchange.bundle()))
    for wrong in (
        {key: value for key, value in plain.items() if key != name},
        plain | {"comment": "unsigned"},
        plain | {name: None},
        plain | {name: {}},
        plain | {name: [None]},
    ):
        with pytest.raises(Refused):
            verify(msgspec.json.encode(wrong, order="sorted"))
    inner = plain[name][0] if isinstance(plain[name], list) else None
    if inner is not None:
        wrong = plain | {name: [inner | {"comment": "unsigned"}, *plain[name][1:]]}
        with pytest.raises(Refused, match="beside"):
            verify(msgspec.json.encode(wrong, order="sorted"))


Forge = Callable[[Exchange], tuple[Bundle, str]]


def by_no_officer(exchange: Exchange) -> tuple[Bundle, str]:
    package = exchange.xa.package(exchange.xa.content(exchange.xb), [])
    return exchange.bundle(message=(package,)), "1 officers must have signed"


def by_one_senior(exchange: Exchange) -> tuple[Bundle, str]:
    package = exchange.xa.package(exchange.xa.content(exchange.xb, level="senior"), ["cara"])
    return exchange.bundle(message=(package,)), "2 officers must have signed"


def by_one_senior_twice(exchange: Exchange) -> tuple[Bundle, str]:
    package = exchange.xa.package(exchange.xa.content(exchange.xb, level="senior"), ["cara", "cara"])
    return exchange.bundle(message=(package,)), "2 officers must have signed"


def by_a_desk_officer_for_the_centre(exchange: Exchange) -> tuple[Bundle, str]:
    package = exchange.xa.package(exchange.xa.content(exchange.xb, level="centre"), ["anna"])
    return exchange.bundle(message=(package,)), "do not hold by any card"


def by_a_stolen_station_key_alone(exchange: Exchange) -> tuple[Bundle, str]:
    """The thief of a station's key signs in an officer's name."""
    body = bytes_of(exchange.xa.content(exchange.xb, remarks="We did it."))
    package = exchange.xa.package(
        msgspec.json.decode(body, type=type(exchange.xa.content(exchange.xb))), ["anna"]
    )
    forged = msgspec.structs.replace(
        package.officers[0], signature=exchange.xa.station.sign(purposes.CONTENT, body)
    )
    package = msgspec.structs.replace(package, officers=(forged,))
    return exchange.bundle(message=(package,)), "do not hold by any card"


def by_a_stolen_officer_key_alone(exchange: Exchange) -> tuple[Bundle, str]:
    package = msgspec.structs.replace(
        exchange.package, station=alone(pair("XA-CERT anna").sign(purposes.FRAME, exchange.package.frame))
    )
    return exchange.bundle(message=(package,)), "no station of"


def with_another_s_frame(exchange: Exchange) -> tuple[Bundle, str]:
    other = exchange.xa.package(exchange.xa.content(exchange.xb, remarks="Another."), ["anna"])
    package = msgspec.structs.replace(exchange.package, frame=other.frame, station=other.station)
    return exchange.bundle(message=(package,)), "frame is of another message"


def with_another_attachment(exchange: Exchange) -> tuple[Bundle, str]:
    package = msgspec.structs.replace(exchange.package, attachments=(b"another file",))
    return exchange.bundle(message=(package,)), "attachments are not those named"


def with_a_receipt_by_a_relay(exchange: Exchange) -> tuple[Bundle, str]:
    """XC carried the envelope, and signs R1 in the name of XB."""
    receipt = msgspec.structs.replace(
        exchange.receipt,
        signature=alone(exchange.xc.station.sign(purposes.RECEIPT, exchange.receipt.receipt)),
    )
    return exchange.bundle(receipts=(receipt,)), "no station of"


def with_a_receipt_by_somebody_it_was_not_for(exchange: Exchange) -> tuple[Bundle, str]:
    return exchange.bundle(receipts=(exchange.xc.receipt(exchange.package, exchange.xa),)), "between others"


def with_a_receipt_for_another_message(exchange: Exchange) -> tuple[Bundle, str]:
    other = exchange.xa.package(exchange.xa.content(exchange.xb, remarks="Another."), ["anna"])
    return exchange.bundle(receipts=(exchange.xb.receipt(other, exchange.xa),)), "something that is not shown"


def with_custody_shown_as_a_receipt(exchange: Exchange) -> tuple[Bundle, str]:
    signature = exchange.xb.station.sign(purposes.CUSTODY, exchange.receipt.receipt)
    receipt = msgspec.structs.replace(exchange.receipt, signature=signature)
    return exchange.bundle(receipts=(receipt,)), "no station of"


def with_an_answer_to_something_else(exchange: Exchange) -> tuple[Bundle, str]:
    answer = exchange.xb.package(exchange.xb.content(exchange.xa, form="receipt", answers="0" * 64), ["dora"])
    return exchange.bundle(answers=(answer,)), "an answer is to something else"


def with_an_answer_by_the_sender(exchange: Exchange) -> tuple[Bundle, str]:
    content = exchange.xa.content(exchange.xb, form="receipt", answers=exchange.message)
    return exchange.bundle(
        answers=(exchange.xa.package(content, ["anna"]),)
    ), "an answer is to something else"


def with_a_card_by_another_root(exchange: Exchange) -> tuple[Bundle, str]:
    card = exchange.xb.signed_card()
    forged = msgspec.structs.replace(card, signatures=exchange.xc.signed_card().signatures)
    return exchange.bundle(cards=(exchange.xa.signed_card(), forged)), "no root signed this card"


def with_a_card_that_takes_another_s_number(exchange: Exchange) -> tuple[Bundle, str]:
    thief = Party("thief")
    body = bytes_of(msgspec.structs.replace(thief.card(), organisation=exchange.xb.organisation))
    card = msgspec.structs.replace(
        thief.signed_card(), card=body, signatures=(pair("thief root 1").sign(purposes.CARD, body),)
    )
    return exchange.bundle(cards=(exchange.xa.signed_card(), card)), "not by the root that names it"


def with_an_entry_about_something_else(exchange: Exchange) -> tuple[Bundle, str]:
    ledger, size = exchange.xa.ledger(), len(exchange.xa.entries)
    record = msgspec.structs.replace(
        exchange.record, fact=exchange.xa.entries[2], inclusion=tuple(ledger.inclusion_proof(2, size))
    )
    return exchange.bundle(records=(record,)), "about something else"


def with_an_entry_that_was_put_in_later(exchange: Exchange) -> tuple[Bundle, str]:
    fact = exchange.record.fact.replace(b"MessageQueued", b"MessageStored")
    return exchange.bundle(
        records=(msgspec.structs.replace(exchange.record, fact=fact),)
    ), "not in the ledger"


def with_a_witness_of_its_own(exchange: Exchange) -> tuple[Bundle, str]:
    sighting = Sighting(heartbeat=exchange.xa.heartbeat(exchange.xa, NOON_S), growth=())
    record = msgspec.structs.replace(exchange.record, sightings=(sighting,))
    return exchange.bundle(records=(record,)), "nobody witnesses its own ledger"


def with_a_sighting_of_another_history(exchange: Exchange) -> tuple[Bundle, str]:
    """The witness saw a ledger that began otherwise: it was rewritten since."""
    other = Party("XA-CERT")
    other.records("NodeStarted", NOON_S - 601)
    seen = exchange.xc.heartbeat(exchange.xa, NOON_S - 60, other.checkpoint())
    sighting = Sighting(heartbeat=seen, growth=exchange.record.sightings[0].growth)
    record = msgspec.structs.replace(exchange.record, sightings=(sighting,))
    return exchange.bundle(records=(record,)), "began otherwise than was seen"


def with_a_sighting_from_before_a_restore(exchange: Exchange) -> tuple[Bundle, str]:
    seen = exchange.xc.heartbeat(exchange.xa, NOON_S - 60, exchange.xa.checkpoint(1, epoch=7))
    sighting = Sighting(heartbeat=seen, growth=exchange.record.sightings[0].growth)
    record = msgspec.structs.replace(exchange.record, sightings=(sighting,))
    return exchange.bundle(records=(record,)), "saw another ledger"


@pytest.mark.parametrize(
    "forge", [value for name, value in list(globals().items()) if name.startswith(("by_", "with_"))]
)
def test_what_was_forged_is_refused_with_its_reason(exchange: Exchange, forge: Forge) -> None:
    bundle, why = forge(exchange)
    refused(bundle, why)


def test_a_fact_dated_before_others_saw_the_ledger_without_it_is_contradicted(exchange: Exchange) -> None:
    """XA's clock was set back by an hour: XC had seen the ledger without the fact long after its date."""
    xa = Party("XA-CERT", [("anna", "desk")], entries=[exchange.xa.entries[0]])
    seen = exchange.xc.heartbeat(xa, NOON_S - 60)
    number = xa.records("MessageQueued", NOON_S - 3_600, message=exchange.message)
    record = LedgerRecord(
        fact=xa.entries[number],
        organisation=xa.organisation,
        checkpoint=xa.checkpoint().whole,
        inclusion=tuple(xa.ledger().inclusion_proof(number, 2)),
        sightings=(Sighting(heartbeat=seen, growth=tuple(xa.ledger().consistency_proof(1, 2))),),
    )
    told = "had seen that ledger before this entry at 2026-09-21 14:12:20 UTC"
    late = f"{told}: SHOWN LATE, OR ITS CLOCK WAS BEHIND"
    assert late in proves(exchange.bundle(records=(record,)))


@pytest.mark.parametrize(("dated_s", "told"), [(-300, "SHOWN LATE"), (-100, ""), (0, ""), (100, "DISAGREE")])
def test_an_entry_that_was_shown_within_two_minutes_contradicts_nobody(
    exchange: Exchange, dated_s: int, told: str
) -> None:
    """Heads are shown twice a minute: what was seen a minute after may still be how it was before."""
    xa = Party("XA-CERT", [("anna", "desk")], entries=[exchange.xa.entries[0]])
    before = exchange.xc.heartbeat(xa, NOON_S)
    number = xa.records("MessageQueued", NOON_S + dated_s, message=exchange.message)
    after = exchange.xc.heartbeat(xa, NOON_S + 20)
    record = LedgerRecord(
        fact=xa.entries[number],
        organisation=xa.organisation,
        checkpoint=xa.checkpoint().whole,
        inclusion=tuple(xa.ledger().inclusion_proof(number, 2)),
        sightings=(
            Sighting(heartbeat=before, growth=tuple(xa.ledger().consistency_proof(1, 2))),
            Sighting(heartbeat=after, growth=()),
        ),
    )
    said = proves(exchange.bundle(records=(record,)))
    assert ("SHOWN LATE" in said, "DISAGREE" in said) == (told == "SHOWN LATE", told == "DISAGREE")


def test_a_senior_message_by_two_holds(exchange: Exchange) -> None:
    package = exchange.xa.package(exchange.xa.content(exchange.xb, level="senior"), ["cara", "dan"])
    text = proves(exchange.bundle(message=(package,), receipts=(), answers=(), records=()))
    assert "signed by cara, dan (card 1), for the senior" in text


def test_a_communication_check_is_by_the_station_alone(exchange: Exchange) -> None:
    package = exchange.xa.package(exchange.xa.content(exchange.xb, form="check", mark="DRILL"), [])
    text = proves(exchange.bundle(message=(package,), receipts=(), answers=(), records=()))
    assert "DRILL" in text
    assert "signed by the station (card 1)" in text


def test_a_refusal_is_evidence_too(exchange: Exchange) -> None:
    body = bytes_of(
        Refusal(
            message=exchange.message,
            frame=exchange.frame,
            sender=exchange.xa.organisation,
            recipient=exchange.xb.organisation,
            refused_at_s=NOON_S + 9,
            rule=9,
            why="it is \u202enot\n whole",
        )
    )
    signed = SignedRefusal(refusal=body, signature=exchange.xb.station.sign(purposes.REFUSAL, body))
    text = proves(exchange.bundle(receipts=(signed,)))
    assert "refused this for good at" in text
    assert "it is ?not? whole" in text, "others' words move no cursor"


def test_one_message_in_two_places_is_one_message_and_two_messages_are_not(exchange: Exchange) -> None:
    content = msgspec.json.decode(exchange.package.content, type=type(exchange.xa.content(exchange.xb)))
    again = exchange.xa.package(content, ["anna"], serial=2, attachments=exchange.package.attachments)
    receipt = exchange.xb.receipt(again, exchange.xa)
    bundle = exchange.bundle(message=(exchange.package, again), receipts=(exchange.receipt, receipt))
    assert proves(bundle).count("R1:") == 2
    other: Package = exchange.xa.package(exchange.xa.content(exchange.xb, remarks="Another."), ["anna"])
    refused(exchange.bundle(message=(exchange.package, other)), "two messages are shown as one")


def test_a_line_of_roots_is_followed_from_the_one_that_names_the_organisation(exchange: Exchange) -> None:
    first = Party("XB-CERT", [("dora", "desk")]).signed_card()
    third = Party("XB-CERT", [("dora", "desk")], version=3, roots=3).signed_card()
    others = (exchange.xa.signed_card(), exchange.xc.signed_card())
    assert "dora (card 3)" in proves(exchange.bundle(cards=(first, third, *others)))
    assert "dora (card 3)" in proves(exchange.bundle(cards=(third, *others)))
    refused(exchange.bundle(cards=(third, first, *others)), "do not stand in their order")
    cut = msgspec.structs.replace(third, signatures=third.signatures[:2])
    refused(exchange.bundle(cards=(cut, *others)), "another number of signatures")
    swapped = msgspec.structs.replace(
        third, signatures=(third.signatures[0], third.signatures[2], third.signatures[1])
    )
    refused(exchange.bundle(cards=(swapped, *others)), "no root signed its heir")


def signed_at_once(exchange: Exchange, at: int = 1, count: int = 3) -> Bundle:
    """The frame and the receipt of this message, each one of several that its station signed at once."""
    frames = [b"frame %d" % number for number in range(count)]
    receipts = [b"receipt %d" % number for number in range(count)]
    frames[at], receipts[at] = exchange.package.frame, exchange.receipt.receipt
    station = sign_each(exchange.xa.station, purposes.FRAME, frames)[at]
    receipt = each_receipt(sign_receipts(exchange.xb.station, receipts))[at]  # type: ignore[arg-type]
    package = msgspec.structs.replace(exchange.package, station=station)
    return exchange.bundle(message=(package,), receipts=(receipt,))


@pytest.mark.parametrize(("at", "count"), [(0, 2), (1, 2), (0, 32), (4, 5), (31, 32)])
def test_one_message_is_proved_out_of_several_that_stations_signed_at_once(
    exchange: Exchange, at: int, count: int
) -> None:
    text = proves(signed_at_once(exchange, at, count))
    assert text == proves(exchange.bundle())


PLACED = [
    {"number": 0},
    {"number": 2},
    {"number": True},
    {"number": 1.0},
    {"count": 4},
    {"count": 2},
    {"count": 33},
    {"path": []},
    {"path": ["A" * 43 + "="] * 2},
    {"more": 1},
]


@pytest.mark.parametrize("changes", PLACED, ids=str)
@pytest.mark.parametrize("whose", ["message", "receipts"])
def test_a_place_among_several_that_is_not_its_own_proves_nothing(
    exchange: Exchange, whose: str, changes: dict[str, object]
) -> None:
    bundle = msgspec.json.decode(bytes_of(signed_at_once(exchange)))
    (signed,) = bundle[whose]
    among = signed["station" if whose == "message" else "signature"]["among"]
    among.update(changes)
    with pytest.raises(Refused):
        verify(verifier.canonical(bundle))


def test_an_officer_signs_nothing_at_once(exchange: Exchange) -> None:
    """Not even where its own key made the signature: nobody reads a tree before signing."""
    bundle = msgspec.json.decode(bytes_of(exchange.bundle()))
    (made, _) = sign_each(pair("XA-CERT anna"), purposes.CONTENT, [exchange.package.content, b"another"])
    bundle["message"][0]["officers"][0]["signature"] = msgspec.to_builtins(made)
    with pytest.raises(Refused):
        verify(verifier.canonical(bundle))


def test_an_officer_who_left_signed_what_was_signed_before(exchange: Exchange) -> None:
    newer = Party("XB-CERT", [("eve", "desk")], version=2).signed_card()
    cards = (exchange.xa.signed_card(), exchange.xb.signed_card(), newer, exchange.xc.signed_card())
    assert "signed by dora (card 1) of XB-CERT" in proves(exchange.bundle(cards=cards))
    without = (exchange.xa.signed_card(), newer, exchange.xc.signed_card())
    refused(exchange.bundle(cards=without), "do not hold by any card shown")
