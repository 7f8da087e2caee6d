"""Coded FLASH words: heard ahead of their message, shown for what they are, and heard once."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.cli.test_hotline_messages import Terminal
from tests.hotline.stand_ins import StandInPath
from tests.hotline.test_two_stations import Party, TwoParties
from tidegate.app.hotline.needs import Extras
from tidegate.app.hotline.station import Station
from tidegate.app.hotline.wording import FIELD, WORD, Wording
from tidegate.cli.exits import Exit
from tidegate.hotline.delivery import Stage
from tidegate.hotline.state import WORDS_AHEAD_MAX, WORDS_MAX
from tidegate.hotline.vocabularies import vocabulary
from tidegate.model.hotline_facts import WordHeard
from tidegate.model.labels import LANGUAGES, label
from tidegate.model.messages import WORD_BYTES_MAX, CodedField, FlashWord
from tidegate.model.organisations import Endpoint, OrganisationId
from tidegate.model.value_bytes import bytes_of
from tidegate.ports.hotline import Outcome

CALL_US = (CodedField("purpose", ("flash",)), CodedField(FIELD, ("call-us",)))


class StandInSignal(StandInPath):
    """A path that carries words beside envelopes; one that nobody hears is given up."""

    def __init__(self, party: Party, world: "Worded") -> None:
        super().__init__("udp", party.send)
        self.party, self.world = party, world
        self.heard: list[tuple[OrganisationId, bytes]] = []
        self.gone: list[tuple[bytes, Outcome]] = []
        self.count = 0

    def use_keys(self, receive: object, send: object) -> None: ...

    def say(self, peer: OrganisationId, endpoint: Endpoint, word: bytes) -> bool:
        assert len(word) <= WORD_BYTES_MAX
        self.count += 1
        other = self.world.bahar if self.party is self.world.anna else self.world.anna
        if self.world.words_come:
            self.world.signals[other.own.name].heard.append((self.party.own.organisation, word))
        why = "" if self.world.words_come else "no answer in time"
        self.gone.append((word, Outcome("udp", peer, endpoint, why, 20)))
        return True

    def words(self) -> Sequence[tuple[OrganisationId, bytes]]:
        heard, self.heard = self.heard, []
        return heard

    def said(self) -> Sequence[tuple[bytes, Outcome]]:
        gone, self.gone = self.gone, []
        return gone


class Worded(TwoParties):
    """Words come through although nothing else does."""

    def __init__(self) -> None:
        super().__init__()
        self.words_come, self.whole = True, False
        self.signals: dict[str, StandInSignal] = {}
        for party in (self.anna, self.bahar):
            self.restart(party)

    def restart(self, party: Party) -> None:
        party.start()
        signal = self.signals[party.own.name] = StandInSignal(party, self)
        party.paths["udp"] = signal
        self.wording = Wording(party.needs, signal)
        party.station = Station(party.needs, list(party.paths.values()), Extras(words=self.wording))

    def heard(self) -> list[WordHeard]:
        return [fact for _, fact in self.bahar.disk.facts if isinstance(fact, WordHeard)]

    def says(self, **changes: Any) -> str:
        return self.anna.says(**({"fields": CALL_US, "remarks": ""} | changes))


def test_a_word_is_heard_where_its_message_cannot_come_and_delivers_nothing() -> None:
    world = Worded()
    message = world.says(reference="XA-7", mark="DRILL")
    world.turns()
    (word,) = world.heard()
    assert (word.code, word.mark, word.reference, word.message) == ("call-us", "DRILL", "XA-7", message)
    sent = world.anna.needs.state.find_sent(message)
    assert sent is not None
    assert sent.copies[0].stage is Stage.QUEUED, "no receipt has come"
    assert sent.copies[0].word_s is not None
    assert len(world.bahar.needs.state.words) == 1
    world.whole = True
    world.clock.at_ms += 60_000
    world.turns()
    assert world.anna.stage(message) is Stage.STORED
    assert not world.bahar.needs.state.words, "the message speaks for itself now"


def test_a_word_is_heard_once_also_when_it_is_played_again_after_a_restart() -> None:
    world = Worded()
    message = world.says()
    world.turns()
    played = world.anna.own.organisation, flash(message)
    world.restart(world.bahar)
    world.signals["bahar"].heard += [played, played]
    world.turns()
    assert len(world.heard()) == 1
    world.whole = True
    world.clock.at_ms += 60_000
    world.turns()
    world.signals["bahar"].heard.append(played)
    world.turns()
    assert len(world.heard()) == 1
    assert not world.bahar.needs.state.words


def flash(message: str, **changes: Any) -> bytes:
    known = {
        "version": 1,
        "code": "call-us",
        "mark": "REAL",
        "level": "desk",
        "message": message,
        "reference": "XA-1",
        "composed_at_s": 1,
    }
    return bytes_of(FlashWord(**(known | changes)))


@pytest.mark.parametrize(
    "word",
    [
        b"FLASH",
        bytes(WORD_BYTES_MAX),
        flash("a" * 64) + b" ",
        flash("a" * 64, code="close-the-border"),
        flash("a" * 64, reference="\u202eXA"),
        flash("a" * 63),
        flash("a" * 64, composed_at_s=1 << 50),
        flash("a" * 64, composed_at_s=-1),
    ],
)
def test_what_no_message_could_say_is_not_heard(word: bytes) -> None:
    world = Worded()
    world.signals["bahar"].heard.append((world.anna.own.organisation, word))
    world.turns()
    assert not world.heard()
    assert world.wording.refused.total() == 1


def test_a_peer_that_only_announces_is_heard_no_more_until_a_day_has_passed() -> None:
    world = Worded()
    peer, signal = world.anna.own.organisation, world.signals["bahar"]
    signal.heard += [(peer, flash(f"{number:064x}")) for number in range(WORDS_AHEAD_MAX + 5)]
    world.turns()
    assert len(world.heard()) == WORDS_AHEAD_MAX
    for day in range(1, WORDS_MAX // WORDS_AHEAD_MAX + 2):
        world.clock.at_ms += 86_400_000
        signal.heard += [(peer, flash(f"{day * 1_000 + at:064x}")) for at in range(WORDS_AHEAD_MAX)]
        world.turns(1)
    assert len(world.bahar.needs.state.words) == WORDS_MAX


def test_a_word_is_said_until_it_is_heard_and_again_each_minute_until_the_receipt() -> None:
    world = Worded()
    world.words_come = False
    world.says()
    world.turns(10)
    assert world.signals["anna"].count >= 9, "one that was given up is begun again"
    world.words_come = True
    world.turns(2)
    before = world.signals["anna"].count
    world.turns(100)  # ten seconds
    assert world.signals["anna"].count == before
    world.clock.at_ms += 60_000
    world.turns(2)
    assert world.signals["anna"].count == before + 1
    world.whole = True
    world.clock.at_ms += 60_000
    world.turns(20)
    stopped = world.signals["anna"].count
    world.clock.at_ms += 600_000
    world.turns(2)
    assert world.signals["anna"].count == stopped


def test_what_is_no_flash_of_a_coded_word_has_none() -> None:
    world = Worded()
    world.anna.says(remarks="a flood from here is not ours")
    world.says(precedence="ROUTINE")
    world.anna.says(form="incident")
    world.turns(10)
    assert world.signals["anna"].count == 0


def test_what_seniors_say_as_a_word_waits_for_all_their_signatures() -> None:
    world = Worded()
    world.anna.says(signer="senior one", level="senior", fields=CALL_US, remarks="")
    world.turns()
    assert not world.heard()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_officer_says_a_word_and_the_other_reads_it_in_every_language(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = Worded()
    anna, bahar = Terminal(world.anna, monkeypatch), Terminal(world.bahar, monkeypatch)
    world.turns()
    said = label(WORD, "paths-failing", language)  # type: ignore[arg-type]
    anna.run("flash", "paths-failing", "--to", "bahar", "--mark", "DRILL", "--key", "desk one", "--yes")
    world.turns()
    for command in ("inbox", "status"):
        told = bahar.run(command, "--language", language, code=Exit.FINDING)
        assert "DRILL FLASH" in told
        assert said in told
    assert label("stage", "queued", language) in anna.run("outbox", "--language", language)  # type: ignore[arg-type]
    world.whole = True
    world.clock.at_ms += 60_000
    world.turns(8)
    (message,) = bahar.json("inbox", code=Exit.FINDING)
    assert message["word"] == "paths-failing"
    assert said.split()[0] in bahar.run("inbox", "--language", language, code=Exit.FINDING)
    assert said in bahar.run("read", message["about"]["message"][:12], "--language", language)
    assert "R1" in anna.run("outbox", "--language", language)


def test_every_word_fits_one_datagram_and_its_form() -> None:
    for code in vocabulary(WORD):
        assert len(flash("a" * 64, code=code, reference="r" * 64, composed_at_s=1 << 40)) <= WORD_BYTES_MAX
