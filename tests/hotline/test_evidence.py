"""Nodes that show each other their ledgers in heartbeats: small worlds with liars, copies and lost notes."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tests.hotline.parties import NOON_S, Party
from tests.hotline.shelves import DictShelf
from tests.stand_ins import HandClock
from tests.stores import MemoryStore
from tidegate.adapters.hotline.shelf import FolderShelf
from tidegate.app.hotline import tiles
from tidegate.app.hotline.evidence import CUT_EVERY_S, Evidence, EvidenceNeeds
from tidegate.app.hotline.sightings import around
from tidegate.app.node import Node
from tidegate.ledger import Tile, range_root, subtrees_in
from tidegate.ledger.checkpoints import cosigned_at, open_checkpoint
from tidegate.ledger.notes import NoteKey, read_note
from tidegate.ledger.witness import UNANSWERED_MAX
from tidegate.model.evidence_facts import EvidenceFact, OwnLedgerDoubted, PeerLedgerDoubted
from tidegate.model.facts import CollectorRestarted
from tidegate.model.hotline_facts import EpochBegun
from tidegate.model.messages import Heartbeat
from tidegate.model.organisations import Card, OrganisationId
from tidegate.model.value_bytes import bytes_of, digest_of


class Blobs:
    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, blobs: Sequence[bytes]) -> list[str]:
        digests = [digest_of(body) for body in blobs]
        self.held |= dict(zip(digests, blobs, strict=True))
        return digests

    def get(self, digest: str) -> bytes | None:
        return self.held.get(digest)

    def drop(self, digests: Sequence[str]) -> None: ...

    def bytes_held(self) -> int:
        return 0


class LogKey:
    def __init__(self, party: Party) -> None:
        self._party = party

    def verifier_key(self) -> str:
        return self._party.log_key.text

    def sign(self, message: bytes) -> bytes:
        return self._party.log_secret.sign(message)


class Member:
    """A node of one organisation, as far as ledgers go."""

    def __init__(self, name: str, world: "World") -> None:
        self.party = Party(name)
        self.world = world
        self.epoch = 1_000
        self.store, self.shelf, self.tiles, self.blobs = MemoryStore(), DictShelf(), DictShelf(), Blobs()
        self.found: list[EvidenceFact] = []
        self.own_doubts: list[str] = []
        self.start()

    def start(self) -> None:
        self.node = Node.open(self.store, [], self.world.clock)
        self.evidence = Evidence(
            EvidenceNeeds(
                organisation=self.party.organisation,
                store=self.store,
                blobs=self.blobs,
                shelf=self.shelf,
                tiles=self.tiles,
                signer=LogKey(self.party),
                epoch=lambda: self.epoch,
                card_of=self.world.card_of,
                acquainted=lambda peer: [one.party.organisation for one in self.world.members],
                record=self.record,
                doubt_own=self.own_doubts.append,
            )
        )

    def record(self, fact: EvidenceFact) -> None:
        self.found.append(fact)
        self.node.record(fact)

    def grows(self, times: int = 1) -> None:
        for at in range(times):
            self.node.record(CollectorRestarted(f"reason {at}", 1, 2))

    def lives_on_in(self, other: "Member") -> None:
        """`other` holds a copy of all that this one's database holds now."""
        other.store = MemoryStore()
        other.store.__dict__ |= {
            name: value.copy() if isinstance(value, list | dict) else value
            for name, value in vars(self.store).items()
        }
        other.start()

    def beats(self, peer: "Member", at_s: int | None = None) -> Heartbeat:
        now_s = self.world.clock.now_ms() // 1000
        return Heartbeat(
            sender=self.party.organisation,
            recipient=peer.party.organisation,
            at_s=now_s if at_s is None else at_s,
            card_version=1,
            heard=(),
            **self.evidence.tell(peer.party.organisation, now_s),
        )

    def hears(self, beat: Heartbeat) -> None:
        card = self.world.card_of(beat.sender)
        assert card is not None
        self.evidence.hear(card, beat, bytes_of(beat), self.world.clock.now_ms() // 1000)

    def doubts(self) -> list[str]:
        return [fact.doubt for fact in self.found if isinstance(fact, PeerLedgerDoubted)]


class World:
    def __init__(self, *names: str) -> None:
        self.clock = HandClock()
        self.clock.at_ms = NOON_S * 1000
        self.members: list[Member] = []
        for name in names:
            self.members.append(Member(name, self))

    def card_of(self, organisation: OrganisationId) -> Card | None:
        found = [one.party.card() for one in self.members if one.party.organisation == organisation]
        return found[0] if found else None

    def round(self, *pairs: tuple[Member, Member]) -> None:
        """Everybody's heartbeat to everybody, or only these; then time for the next checkpoint passes."""
        everybody = [(one, other) for one in self.members for other in self.members if one is not other]
        for sender, recipient in pairs or everybody:
            recipient.hears(sender.beats(recipient))
        self.clock.at_ms += CUT_EVERY_S * 1000


@pytest.fixture
def world() -> World:
    return World("XA", "XB", "XC")


def test_ledgers_that_grow_are_proved_and_cosigned_in_every_round(world: World) -> None:
    a, b, c = world.members
    for times in (1, 3, 0, 7):
        a.grows(times)
        b.grows(1)
        world.round()
    world.round()
    note, head = open_checkpoint(
        a.evidence.present_checkpoint(world.clock.now_ms() // 1000).whole, a.party.log_key
    )
    assert head.size == a.store.head().size == 11
    for witness in (b, c):
        assert cosigned_at(note, witness.party.log_key) is not None
    assert [one.found for one in world.members] == [[], [], []]


def test_a_quiet_ledger_is_shown_alike_and_nothing_is_recorded_for_it(world: World) -> None:
    for _ in range(4):
        world.round()
    assert [one.store.head().size for one in world.members] == [0, 0, 0], "witnessing makes no facts"


def test_a_rewritten_ledger_is_found_at_the_next_contact_and_its_notes_are_kept(world: World) -> None:
    a, b, _ = world.members
    a.grows(5)
    world.round()
    a.store = MemoryStore()
    a.start()
    a.grows(4)
    a.node.record(CollectorRestarted("another past", 1, 2))
    world.round((a, b))
    assert b.doubts() == ["forked"]
    (fact,) = b.found
    assert isinstance(fact, PeerLedgerDoubted)
    heads = [open_checkpoint(b.blobs.held[digest].decode(), a.party.log_key)[1] for digest in fact.notes]
    assert [head.size for head in heads] == [5, 5]
    assert heads[0].root != heads[1].root, "signed by the same key: nobody else can have made this"
    witnessed = b.beats(a).witnessed
    assert cosigned_at(read_note(witnessed), b.party.log_key) is None


def test_a_log_with_two_lives_is_found_when_its_peers_speak(world: World) -> None:
    a, b, c = world.members
    a.grows(3)
    world.round()
    twin = Member("XA", world)
    a.lives_on_in(twin)
    twin.tiles, twin.shelf = DictShelf(), DictShelf()
    twin.start()
    a.grows(1)
    twin.node.record(CollectorRestarted("only for XC", 1, 2))
    world.round((a, b), (twin, c), (b, a), (c, twin), (a, b), (twin, c))
    assert b.found == c.found == []
    world.round((c, b))
    assert b.doubts() == ["forked"]


def test_a_restored_old_copy_is_told_by_its_peers_and_they_are_told_of_it(world: World) -> None:
    a, b, _ = world.members
    a.grows(3)
    world.round()
    old = Member("XA", world)
    a.lives_on_in(old)
    a.grows(4)
    world.round()
    world.members[0] = old
    world.round((b, old))
    (fact,) = old.found
    assert isinstance(fact, OwnLedgerDoubted)
    assert "has seen 7 facts of ours, and this database holds 3" in fact.why
    assert old.own_doubts == ["XB has seen 7 facts of ours, and this database holds 3"]
    world.round((old, b))
    assert b.doubts() == ["shorter"]
    old.epoch = 2_000
    world.round((old, b), (b, old), (old, b))
    assert b.doubts() == ["shorter", "restarted"]
    assert cosigned_at(read_note(b.beats(old).witnessed), b.party.log_key) is not None, "a new log from here"


def test_a_database_that_was_changed_inside_is_told_by_its_peers(world: World) -> None:
    a, b, _ = world.members
    a.grows(3)
    world.round()
    a.store = MemoryStore()
    a.start()
    a.node.record(CollectorRestarted("another past", 1, 2))
    a.grows(5)
    world.round((b, a))
    assert "others than this database holds" in a.own_doubts[0]


def test_a_clock_set_back_neither_hides_a_shorter_ledger_nor_stops_the_watching(world: World) -> None:
    a, b, _ = world.members
    a.grows(3)
    world.round()
    old = Member("XA", world)
    a.lives_on_in(old)
    a.grows(1)
    world.round()
    for at in range(UNANSWERED_MAX):
        b.hears(old.beats(b, at_s=10 + at))
    assert b.doubts() == ["shorter"]
    world.clock.at_ms -= 3_600_000
    a.grows(1)
    world.round((a, b), (b, a), (a, b))
    assert cosigned_at(read_note(b.beats(a).witnessed), b.party.log_key) == world.clock.now_ms() // 1000


def test_what_is_remembered_survives_a_restart_of_the_witness(world: World) -> None:
    a, b, _ = world.members
    a.grows(2)
    world.round()
    b.start()
    a.store = MemoryStore()
    a.start()
    a.node.record(CollectorRestarted("another past", 1, 2))
    a.grows(9)
    world.round((b, a), (a, b))
    assert b.doubts() == ["forked"]


def test_garbage_in_a_heartbeat_changes_nothing_and_stops_nothing(world: World) -> None:
    a, b, c = world.members
    a.grows(2)
    world.round()
    beat = b.beats(a)
    stranger = c.evidence.present_checkpoint(NOON_S).whole
    for changed in (
        {"checkpoint": ""},
        {"checkpoint": stranger},
        {"witnessed": "nothing"},
        {"witnessed": stranger},
        {"others": ("", stranger.replace(c.party.organisation, "ab" * 32), "x\n1\n\n— y z\n")},
        {"asks": (0, 1, 1 << 52, 5, 6, 7)},
    ):
        a.hears(msgspec.structs.replace(beat, **changed))
        assert a.found == []
        a.beats(b)
    world.round()
    assert all(one.found == [] for one in world.members)


def test_the_folder_of_tiles_is_a_whole_log_that_anyone_can_check(world: World, tmp_path: Path) -> None:
    a, b, _ = world.members
    a.tiles = FolderShelf(tmp_path / "tiles")  # type: ignore[assignment]
    a.start()
    for times in (1, 254, 1, 3, 300):
        a.grows(times)
        world.clock.at_ms += CUT_EVERY_S * 1000
        whole = (a.evidence.present_checkpoint(world.clock.now_ms() // 1000)).whole
        assert (tmp_path / "tiles" / "checkpoint").read_text() == whole
        _, head = open_checkpoint(whole, a.party.log_key)

        def read(tile: Tile) -> list[bytes]:
            body = (tmp_path / "tiles" / tile.path).read_bytes()
            assert len(body) == 32 * tile.width
            return [body[at : at + 32] for at in range(0, len(body), 32)]

        assert range_root(0, head.size, subtrees_in(head.size, read)) == head.root
    assert head.size == 559
    assert not (tmp_path / "tiles/tile/0/000.p").is_dir() or not list(
        (tmp_path / "tiles/tile/0/000.p").iterdir()
    )
    assert not (tmp_path / "tiles/tile/entries").exists(), "hashes only"
    assert b.found == []


def test_a_ledger_that_was_long_before_its_first_tile_is_taken_up_in_steps(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = world.members[0]
    monkeypatch.setattr(tiles, "STEP_TILES_MAX", 1)
    a.grows(600)
    steps = []
    for _ in range(4):
        a.evidence.present_checkpoint(world.clock.now_ms() // 1000)
        steps.append((len(a.tiles.files), "checkpoint" in a.tiles.files))
        world.clock.at_ms += CUT_EVERY_S * 1000
        a.grows(1)
    assert [done for _, done in steps] == [False, False, True, True]
    assert {"tile/0/000", "tile/0/001", "tile/0/002.p/90", "tile/1/000.p/2"} <= a.tiles.files.keys()


def test_tiles_of_another_past_are_written_anew(world: World) -> None:
    a = world.members[0]
    a.grows(300)
    now_s = world.clock.now_ms() // 1000
    a.evidence.present_checkpoint(now_s)
    before = dict(a.tiles.files)
    a.store = MemoryStore()
    a.start()
    a.node.record(CollectorRestarted("another past", 1, 2))
    a.grows(400)
    a.evidence.present_checkpoint(now_s)
    assert a.tiles.files["tile/0/000"] != before["tile/0/000"]


def test_what_bounds_the_time_of_the_hotline_s_facts_is_kept_and_nothing_else(world: World) -> None:
    a, b, _ = world.members
    witness = b.party.organisation
    for _ in range(5):
        a.grows(1)
        world.round((a, b), (b, a))
    assert a.shelf.names(f"seen/{witness}/1000") == []
    (number,) = a.node.record(EpochBegun(1_000, "a fact of the hotline"))
    for _ in range(5):
        a.grows(1)
        world.round((a, b), (b, a))
    sizes = [int(name) for name in a.shelf.names(f"seen/{witness}/1000")]
    assert sizes == [5, 7]
    assert [size for size, _ in around(a.shelf, witness, 1_000, number)] == [5, 7]
    kept = a.shelf.get(f"seen/{witness}/1000/{7:019}")
    assert kept is not None
    assert cosigned_at(read_note(_witnessed(kept)), NoteKey.from_text(b.party.log_key.text)) is not None


def _witnessed(beat: bytes) -> str:
    return msgspec.json.decode(beat, type=Heartbeat).witnessed
