"""Who we are and whom we trust: what lies in the folder becomes facts; the database makes nobody a peer."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.hotline.people import DAY_S, NOW_S, Organisation, pair
from tidegate.adapters.hotline import locked
from tidegate.adapters.hotline.encryption_keys import key_id_of
from tidegate.adapters.hotline.station_folder import FileStationFolder
from tidegate.app.hotline.identity import Identity
from tidegate.app.hotline.sealed import open_value, seal_value
from tidegate.hotline.signatures import holds
from tidegate.hotline.state import HotlineState
from tidegate.hotline.steps import HOTLINE_STEPS
from tidegate.ledger.notes import NoteKey
from tidegate.model.facts import Fact
from tidegate.model.hotline_facts import CardExpiryNeared, OwnCardIssued, PeerCardTaken, PeerLeft, PeerMet
from tidegate.model.messages import CardNews
from tidegate.model.purposes import FRAME
from tidegate.model.refusals import Full, NotAllowed
from tidegate.model.value_bytes import digest_of
from tidegate.ports.hotline_identity import Leaving, Meeting

XA, XB, QM = Organisation("xa"), Organisation("xb"), Organisation("qm")
PASSPHRASE = "a dozen characters"


class Blobs:
    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, blobs: Sequence[bytes]) -> list[str]:
        self.held |= {digest_of(blob): blob for blob in blobs}
        return [digest_of(blob) for blob in blobs]

    def get(self, digest: str) -> bytes | None:
        return self.held.get(digest)

    def drop(self, digests: Sequence[str]) -> None:
        raise AssertionError("a card is never dropped")

    def bytes_held(self) -> int:
        return sum(map(len, self.held.values()))


class World:
    """One node's folder, blobs and state."""

    def __init__(self, path: Path) -> None:
        self.folder = FileStationFolder(path)
        self.folder.keep_own_card(XA.signed(XA.card()))
        self.blobs = Blobs()
        self.state = HotlineState()
        self.identity = Identity(self.folder, self.blobs)

    def turn(self, now_s: int = NOW_S) -> list[Fact]:
        facts = self.identity.facts_due(self.state, now_s)
        self.record(facts, now_s)
        self.identity.settled()
        return facts

    def record(self, facts: Sequence[Fact], now_s: int = NOW_S) -> None:
        for number, fact in enumerate(facts):
            if card := getattr(fact, "card", None):
                assert card in self.blobs.held, "a fact names what is stored"
            self.state, _ = HOTLINE_STEPS[type(fact)](self.state, number, now_s * 1000, fact)

    def restart(self) -> None:
        self.identity = Identity(self.folder, self.blobs)


def meeting(organisation: Organisation, signed: bytes | None = None) -> Meeting:
    return Meeting(
        organisation=organisation.id,
        number="12345" * 12,
        officer="anna",
        how="by telephone",
        met_at_s=NOW_S,
        signed_card=signed or organisation.signed(organisation.card()),
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "hotline")


def test_a_founded_organisation_and_a_ceremony_become_facts_once(world: World) -> None:
    (own,) = world.turn()
    assert isinstance(own, OwnCardIssued)
    assert (own.organisation, own.version) == (XA.id, 1)
    world.folder.keep_meeting(meeting(XB))
    (met,) = world.turn()
    assert isinstance(met, PeerMet)
    assert (met.organisation, met.officer, met.how) == (XB.id, "anna", "by telephone")
    assert world.identity.of(XB.id) == XB.card()
    assert world.turn() == []
    world.restart()
    assert world.turn() == []


def test_a_node_without_an_organisation_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="tidegate hotline init"):
        Identity(FileStationFolder(tmp_path / "none"), Blobs())


def test_a_peer_in_the_database_alone_is_nobody(world: World) -> None:
    world.turn()
    signed = QM.signed(QM.card())
    world.blobs.put([signed])
    forged = PeerMet(QM.id, "qm", digest_of(signed), 1, NOW_S, "0" * 60, "anna", "never")
    world.record([forged])
    assert world.identity.of(QM.id) is None
    (gone,) = world.turn()
    assert isinstance(gone, PeerLeft)
    assert "no longer in the folder" in gone.why


def test_trust_ends_with_a_reason_and_stays_ended(world: World) -> None:
    world.folder.keep_meeting(meeting(XB))
    world.turn()
    world.folder.leave(Leaving(organisation=XB.id, officer="cara", why="the agreement ended"))
    (left,) = world.turn()
    assert left == PeerLeft(XB.id, "cara", "the agreement ended")
    assert world.identity.of(XB.id) is None
    assert world.folder.leavings() == []
    with pytest.raises(NotAllowed, match="never met"):
        world.identity.news(XB.signed(XB.card(2)), NOW_S)
    assert world.turn() == []


def test_a_newer_card_that_comes_is_kept_before_it_is_a_fact(world: World) -> None:
    world.folder.keep_meeting(meeting(XB))
    world.turn()
    newer = XB.signed(XB.card(2, officers=XB.card().officers[1:]))
    (taken,) = world.identity.news(newer, NOW_S)
    assert isinstance(taken, PeerCardTaken)
    assert not taken.root_changed
    # The node is killed before it records: the file tells the same fact again.
    world.restart()
    (again,) = world.turn()
    assert again == taken
    assert "anna" not in [one.name for one in world.identity.of(XB.id).officers]  # type: ignore[union-attr]
    assert world.identity.news(newer, NOW_S) == ()
    assert world.turn() == []


def test_a_stale_a_foreign_and_a_forged_card_change_nothing(world: World) -> None:
    world.folder.keep_meeting(meeting(XB, XB.signed(XB.card(3))))
    world.turn()
    for signed, why in (
        (XB.signed(XB.card(2)), "stale"),
        (XB.signed(XB.card(3, name="XB two")), "two different cards"),
        (XB.signed(XB.card(4), root=QM.root), "not signed by its root"),
        (QM.signed(QM.card()), "never met"),
    ):
        with pytest.raises(NotAllowed, match=why):
            world.identity.news(signed, NOW_S)
    assert world.turn() == []
    assert world.identity.of(XB.id) == XB.card(3)


def test_a_new_root_of_a_peer_is_loud(world: World) -> None:
    second = pair("xb second root")
    world.folder.keep_meeting(meeting(XB))
    world.turn()
    card = XB.card(2, root=second.public_pair(), former_roots=(XB.root.public_pair(),))
    (taken,) = world.identity.news(XB.signed(card, (XB.root, second), root=second), NOW_S)
    assert isinstance(taken, PeerCardTaken)
    assert taken.root_changed


def test_after_a_second_ceremony_a_card_that_does_not_follow_is_met_and_not_taken(world: World) -> None:
    """XB lost its root and signed over to another one twice: people decided which line is true."""
    lost, found = pair("xb lost root"), pair("xb found root")
    given_up = (XB.root.public_pair(),)
    world.folder.keep_meeting(
        meeting(
            XB,
            XB.signed(XB.card(2, root=lost.public_pair(), former_roots=given_up), (XB.root, lost), root=lost),
        )
    )
    world.turn()
    other = XB.card(3, root=found.public_pair(), former_roots=given_up)
    world.folder.keep_meeting(meeting(XB, XB.signed(other, (XB.root, found), root=found)))
    (met,) = world.turn()
    assert isinstance(met, PeerMet)
    assert world.identity.of(XB.id) == other
    assert world.turn() == []


def test_an_older_copy_of_the_files_does_not_bring_older_cards_back(world: World) -> None:
    old_own, old_peer = world.folder.own_card(), meeting(XB)
    world.folder.keep_meeting(old_peer)
    world.turn()
    world.folder.keep_own_card(XA.signed(XA.card(5)))
    world.record(world.identity.news(XB.signed(XB.card(7)), NOW_S))
    world.turn()
    assert old_own is not None
    world.folder.keep_own_card(old_own)
    world.folder.keep_meeting(old_peer)
    world.restart()
    assert world.turn() == []
    assert world.identity.own().version == 5
    assert world.identity.of(XB.id).version == 7  # type: ignore[union-attr]
    world.folder.keep_own_card(old_own)
    world.blobs.held.clear()
    with pytest.raises(NotAllowed, match="version 5 is on record but not in the store"):
        world.turn()


def test_a_database_cannot_bring_in_a_card_that_does_not_follow(world: World) -> None:
    """A thief of the root that XB gave up, who can write to our database."""
    second, thief = pair("xb second root"), pair("thief")
    given_up = (XB.root.public_pair(),)
    moved = XB.card(2, root=second.public_pair(), former_roots=given_up)
    world.folder.keep_meeting(meeting(XB, XB.signed(moved, (XB.root, second), root=second)))
    world.turn()
    taken = XB.card(9, root=thief.public_pair(), former_roots=given_up)
    signed = XB.signed(taken, (XB.root, thief), root=thief)
    world.blobs.put([signed])
    world.record([PeerCardTaken(XB.id, "xb", digest_of(signed), 9, NOW_S, False)])
    with pytest.raises(NotAllowed, match="never signed over to"):
        world.turn()
    assert world.identity.of(XB.id) == moved


def test_the_end_of_a_card_is_told_at_each_step_and_no_more(world: World) -> None:
    world.folder.keep_meeting(meeting(XB))
    world.turn()
    end = XA.card().valid_until_s
    told: list[tuple[str, int]] = []
    for left in (31, 30, 29, 15, 14, 10, 7, 5, 3, 2, 1, 0, -1):
        for _ in range(2):
            for fact in world.turn(end - left * DAY_S):
                assert isinstance(fact, CardExpiryNeared)
                told.append((fact.organisation, fact.days_left))
        world.restart()
    assert [days for organisation, days in told if organisation == XA.id] == [30, 14, 7, 3, 1, 0]
    assert [days for organisation, days in told if organisation == XB.id] == [30, 14, 7, 3, 1, 0]
    world.folder.keep_own_card(XA.signed(XA.card(2)))
    (issued, again) = [*world.turn(end - 5 * DAY_S), *world.turn(end - 5 * DAY_S)]
    assert isinstance(issued, OwnCardIssued)
    assert isinstance(again, CardExpiryNeared)


def test_a_damaged_file_of_one_peer_does_not_cost_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for peer in (XB, QM):
        world.folder.keep_meeting(meeting(peer))
    world.turn()
    signed = XB.signed(XB.card(), root=QM.root)
    world.folder.keep_meeting(meeting(XB, signed))
    assert isinstance(world.turn()[0], PeerLeft)
    assert "not signed by its root" in caplog.text
    assert world.identity.of(QM.id) is not None


def test_files_that_others_may_write_are_refused(world: World) -> None:
    world.folder.keep_meeting(meeting(XB))
    (file,) = (world.folder.path / "peers").iterdir()
    file.chmod(0o666)
    with pytest.raises(NotAllowed, match="others may write"):
        world.turn()


def test_a_peers_file_under_another_name_is_refused(world: World) -> None:
    world.folder.keep_meeting(meeting(XB))
    (file,) = (world.folder.path / "peers").iterdir()
    file.rename(file.with_name(f"{QM.id}.peer"))
    with pytest.raises(NotAllowed, match="another organisation than its name says"):
        world.turn()


# The station's keys.


@pytest.fixture
def station(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStationFolder:
    monkeypatch.setattr(locked, "MEMORY_KIB", 64)
    return FileStationFolder(tmp_path / "hotline")


def test_a_stations_keys_sign_seal_and_log(station: FileStationFolder) -> None:
    keys = station.make_keys(PASSPHRASE, XA.id, ())
    assert holds(keys.station.public_pair(), keys.station.sign(FRAME, b"x"), FRAME, b"x")
    assert keys.key_ids() == []
    log = NoteKey.from_text(keys.log.verifier_key())
    assert log.name == f"tidegate/{XA.id}"
    (fresh,) = station.make_encryption_keys(PASSPHRASE, [(NOW_S, NOW_S + 60 * DAY_S)])
    assert fresh.key_id == key_id_of(fresh.public)
    keys.refresh()
    card = XA.card(encryption=(fresh,))
    news = CardNews(card=b"x")
    assert open_value(seal_value(news, [card], NOW_S, NOW_S), XA.id, keys) == news
    again = station.unlock(PASSPHRASE)
    assert again.station.public_pair() == keys.station.public_pair()
    assert again.key_ids() == [fresh.key_id]
    with pytest.raises(NotAllowed, match="never written over"):
        station.make_keys(PASSPHRASE, XA.id, ())
    with pytest.raises(NotAllowed, match="wrong passphrase"):
        station.unlock("another dozen characters")


def test_a_station_made_with_encryption_keys_opens_alike_before_and_after_its_file_is_read(
    station: FileStationFolder,
) -> None:
    times = [(NOW_S, NOW_S + 30 * DAY_S), (NOW_S + 20 * DAY_S, NOW_S + 60 * DAY_S)]
    keys = station.make_keys(PASSPHRASE, XA.id, times)
    assert [(key.from_s, key.until_s) for key in keys.encryption] == times
    sealed = seal_value(CardNews(card=b"x"), [XA.card(encryption=keys.encryption)], NOW_S, NOW_S)
    again = station.unlock(PASSPHRASE)
    assert (again.key_ids(), again.tls_passphrase) == (keys.key_ids(), keys.tls_passphrase)
    for opener in (keys, again):
        assert open_value(sealed, XA.id, opener) == CardNews(card=b"x")


def test_encryption_keys_whose_time_is_over_are_gone_for_good(station: FileStationFolder) -> None:
    keys = station.make_keys(PASSPHRASE, XA.id, ())
    old, present = station.make_encryption_keys(
        PASSPHRASE, [(NOW_S - 60 * DAY_S, NOW_S), (NOW_S - 30 * DAY_S, NOW_S + 30 * DAY_S)]
    )
    keys.refresh()
    sealed = seal_value(CardNews(card=b"x"), [XA.card(encryption=(old,))], NOW_S, NOW_S - DAY_S)
    open_value(sealed, XA.id, keys)
    keys.forget_ended(NOW_S)
    assert keys.key_ids() == [present.key_id]
    for opener in (keys, station.unlock(PASSPHRASE)):
        with pytest.raises(NotAllowed, match="is no more"):
            open_value(sealed, XA.id, opener)


def test_a_renewed_station_keeps_what_opens_and_what_logs(station: FileStationFolder) -> None:
    before = station.make_keys(PASSPHRASE, XA.id, ())
    signer, public, tls = before.station, before.station.public_pair(), before.tls_passphrase
    certificate = station.certificate()
    (key,) = station.make_encryption_keys(PASSPHRASE, [(NOW_S, NOW_S + DAY_S)])
    after = station.renew_keys(PASSPHRASE)
    assert after.station.public_pair() != public
    assert station.certificate() != certificate
    assert after.tls_passphrase != tls
    assert signer.public_pair() == public
    before.refresh()
    assert signer.public_pair() == after.station.public_pair(), "a running node signs with the new one"
    assert after.log.verifier_key() == before.log.verifier_key()
    assert after.key_ids() == [key.key_id]


def test_keys_and_peers_are_bounded(station: FileStationFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    station.make_keys(PASSPHRASE, XA.id, ())
    with pytest.raises(Full, match="encryption keys"):
        station.make_encryption_keys(PASSPHRASE, [(NOW_S, NOW_S + at) for at in range(1, 18)])
    monkeypatch.setattr("tidegate.adapters.hotline.station_folder.PEERS_MAX", 1)
    station.keep_meeting(meeting(XB))
    station.keep_meeting(meeting(XB))
    with pytest.raises(Full, match="peers"):
        station.keep_meeting(meeting(QM))


def test_without_keys_nothing_is_unlocked(station: FileStationFolder) -> None:
    with pytest.raises(NotAllowed, match="tidegate hotline init"):
        station.unlock(PASSPHRASE)
