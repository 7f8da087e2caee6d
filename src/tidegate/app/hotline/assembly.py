"""The hotline put together from its parts, beside a node that is open already."""

import logging
import secrets
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from tidegate.app.accord.agreed import AgreedDeadlines
from tidegate.app.accord.following import Following
from tidegate.app.accord.guarding import Remarks
from tidegate.app.accord.origins import Origins
from tidegate.app.accord.reminding import Reminding
from tidegate.app.complaints import Complaint
from tidegate.app.hotline.acquainted import acquainted
from tidegate.app.hotline.desk import HotlineDesk
from tidegate.app.hotline.drilling import Drills
from tidegate.app.hotline.evidence import Evidence, EvidenceNeeds
from tidegate.app.hotline.framing import begin_epoch
from tidegate.app.hotline.identity import Identity
from tidegate.app.hotline.needs import AgreedOf, Extras, Needs, RemarksOf
from tidegate.app.hotline.recording import NodeBlobs, NodeRecord
from tidegate.app.hotline.relaying import Relaying
from tidegate.app.hotline.signalling import Signalling
from tidegate.app.hotline.station import Station
from tidegate.app.hotline.suite import needs_of
from tidegate.app.hotline.ways import HotlineWays, WaysWanted
from tidegate.app.hotline.wording import Wording
from tidegate.app.listening import split_endpoint
from tidegate.app.node import Node
from tidegate.app.parts import Parts, Stores
from tidegate.app.samples import Sampler
from tidegate.app.settings import HotlineSection
from tidegate.model.refusals import NotAllowed
from tidegate.ports.clock import Clock
from tidegate.ports.hotline_identity import StationFolder, StationKeys
from tidegate.ports.outside import OutsideFailed
from tidegate.wire.envelope import decode_envelope

ACCORD_PIECES_MAX = 64
"""Pieces of the ledger that are read for accords before the station listens, in a second or two: of most
ledgers all. The rest of a large one is read between the turns of the node's thread."""

HOUR_S = 3_600
HOUR_MS = HOUR_S * 1_000

log = logging.getLogger("tidegate.hotline")


class Hotline:
    """One turn of the node's thread is one of the hotline's: first what the folder says of cards, then the
    station. `desk` answers what people ask."""

    def __init__(
        self,
        *,
        needs: Needs,
        identity: Identity,
        keys: StationKeys,
        station: Station,
        drills: Drills,
        reminding: Reminding,
        origins: Origins | None,
    ) -> None:
        self._needs = needs
        self._identity = identity
        self._keys = keys
        self._drills = drills
        self._reminding = reminding
        self._origins = origins
        self._looked_s: int | None = None
        self._tidied_ms = needs.clock.now_ms()
        self._card_trouble = Complaint("the hotline's folder is in order again")
        self.station = station
        self.desk = HotlineDesk(needs, station, needs.now_s())

    def turn(self) -> None:
        """All that is due now; it never waits."""
        now_ms = self._needs.clock.now_ms()
        if self._looked_s != now_ms // 1000 and self._needs.record.working:
            self._looked_s = now_ms // 1000
            self._look_at_folder(now_ms)
            self._drill(now_ms // 1000)
        self.station.turn()
        self._reminding.turn()
        if self._origins is not None:
            self._origins.turn()

    def stop(self) -> None:
        self.station.stop()

    def _look_at_folder(self, now_ms: int) -> None:
        """Cards that were signed, peers that were met or left, since the last look."""
        try:
            facts = self._identity.facts_due(self._needs.state, now_ms // 1000)
            if facts:
                self._needs.record.record(*facts)
                self._identity.settled()
                self._keys.refresh()
            if not 0 <= now_ms - self._tidied_ms < HOUR_MS:
                self._tidied_ms = now_ms
                self._keys.forget_ended(now_ms // 1000)
        except (NotAllowed, OutsideFailed) as trouble:
            self._card_trouble.tell(str(trouble), now_ms)
        else:
            self._card_trouble.tell(None, now_ms)

    def _drill(self, now_s: int) -> None:
        if self._needs.state.own is not None and self._needs.state.epoch:
            try:
                self._drills.turn(now_s)
            except OutsideFailed as trouble:
                log.warning("a drill could not be sent: %s", trouble)


def open_hotline(
    parts: Parts,
    settings: HotlineSection,
    folder: Path,
    *,
    node: Node,
    stores: Stores,
    clock: Clock,
    passphrase: Callable[[], str],
    afterwards: ExitStack,
    sampler: Sampler | None = None,
) -> Hotline:
    """The hotline of the organisation in this state folder, listening. `sampler` gives recent flows, where
    the node collects any.

    NotAllowed where none was founded there, its keys do not open, or do not fit its card; OutsideFailed
    where a port or a file cannot be used.
    """
    home = parts.hotline_folder(folder)
    identity = Identity(home, stores.envelopes)
    keys = home.unlock(passphrase())
    keys_must_fit(identity, keys, home)
    ways = ways_of(parts, settings, folder, keys)
    own = identity.own().organisation
    following = Following(stores.facts, stores.envelopes, own)
    with suppress(OutsideFailed):  # reminders tell of it, when they try again
        following.ready(ACCORD_PIECES_MAX)
    agreed = AgreedDeadlines(following, clock)
    remarks = Remarks(following, clock)
    needs = real_needs(settings, node, stores, clock, identity, keys, ways, agreed, remarks)
    station = station_of(needs, ways, stores, keys)
    station.start()
    afterwards.callback(station.stop)
    origins = None if sampler is None else Origins(node, following, own, sampler, clock)
    if origins is not None:
        afterwards.callback(origins.stop)
    return Hotline(
        needs=needs,
        identity=identity,
        keys=keys,
        station=station,
        drills=Drills(needs, settings.drill_every_hours * HOUR_S),
        reminding=Reminding(node, following, own, clock),
        origins=origins,
    )


def ways_of(parts: Parts, settings: HotlineSection, folder: Path, keys: StationKeys) -> HotlineWays:
    return parts.hotline_ways(
        WaysWanted(
            state=folder,
            https=[split_endpoint(one) for one in settings.listen],
            signal=[split_endpoint(one) for one in settings.listen_signal],
            tls_passphrase=lambda: keys.tls_passphrase,
        )
    )


def real_needs(
    settings: HotlineSection,
    node: Node,
    stores: Stores,
    clock: Clock,
    identity: Identity,
    keys: StationKeys,
    ways: HotlineWays,
    agreed: AgreedOf,
    remarks: RemarksOf,
) -> Needs:
    """Nothing in them is a stand-in: this node's record and blobs, its organisation's keys, chance."""
    return needs_of(
        NodeRecord(node),
        NodeBlobs(node, stores.envelopes),
        identity,
        opener=keys,
        signer=keys.station,
        anchor=ways.anchor,
        clock=clock,
        nonce=lambda: secrets.token_hex(16),
        peer_stored_bytes=settings.peer_stored_gib << 30,
        archive=stores.facts,
        agreed=agreed,
        remarks=remarks,
    )


def keys_must_fit(identity: Identity, keys: StationKeys, home: StationFolder) -> None:
    if keys.station.public_pair() != identity.own().station:
        raise NotAllowed(
            f"the station's keys in {home.path} are not those on our card: sign the next card with the root "
            "(`tidegate hotline card sign`), or put the keys back that belong to this one"
        )


def station_of(needs: Needs, ways: HotlineWays, stores: Stores, keys: StationKeys) -> Station:
    evidence = Evidence(
        EvidenceNeeds(
            organisation=needs.cards.own().organisation,
            store=stores.facts,
            blobs=stores.envelopes,
            shelf=ways.shelf,
            tiles=ways.tiles,
            signer=keys.log,
            epoch=lambda: needs.state.epoch,
            card_of=needs.cards.of,
            acquainted=lambda peer: acquainted(needs.state, peer),
            record=needs.record.record,
            doubt_own=lambda why: begin_epoch(needs, why),
        )
    )
    extras = Extras(
        relay=Relaying(needs, lambda body: decode_envelope(body).header),
        evidence=evidence,
        signal=Signalling(needs, ways.signal, ways.signal_keys),
        words=Wording(needs, ways.signal),
    )
    return Station(needs, [ways.https, ways.signal], extras)
