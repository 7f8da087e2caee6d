"""The pairwise keys of the datagram path: made here, given to each peer in time, taken from each peer.

1. Each peer gets a key of its own for what it sends here, sealed and signed by the station, over any path.
2. A key lasts KEY_S; the next one is given at half of that, and the former opens datagrams to its own end.
3. A key is given again until the peer has used it: after FIRST_S, then after twice as long, up to AGAIN_S.
   From then on every AGAIN_S in its first day and daily after it: the peer may have lost it.
4. A peer's key replaces one that ends sooner, and no other: an older one played again changes nothing.
5. A new key is kept durably before it is given, or used.
"""

import os
from collections.abc import Callable, Iterator
from typing import Final

from tidegate.app.hotline.needs import Needs
from tidegate.hotline.correspondence import NOTE_BYTES_MAX
from tidegate.model import purposes
from tidegate.model.messages import SignalKey, SignedSignalKey
from tidegate.model.organisations import Card, OrganisationId
from tidegate.model.refusals import NotAllowed
from tidegate.model.value_bytes import bytes_of, value_from
from tidegate.ports.hotline import SignalPath
from tidegate.ports.signal_keys import KeptKey, SignalKeyFile, SignalKeysKept

KEY_S: Final = 7 * 86_400
FIRST_S: Final = 2
AGAIN_S: Final = 600
DAILY_S: Final = 86_400

KEY_LIFE_S_MAX = 31 * 86_400
"""A peer's key that would last longer is not taken."""

OUR_KEYS_MAX = 3
"""Keys of ours that open what one peer sends: the present one and those that it may not have replaced yet."""


class Signalling:
    """Belongs to the node's thread."""

    def __init__(
        self, needs: Needs, path: SignalPath, file: SignalKeyFile, fresh: Callable[[], bytes] | None = None
    ) -> None:
        self._needs = needs
        self._path = path
        self._file = file
        self._fresh = fresh or (lambda: os.urandom(32))
        self._kept: SignalKeysKept | None = None
        self._given_s: dict[OrganisationId, int] = {}
        self._times: dict[OrganisationId, int] = {}
        self._used: set[OrganisationId] = set()

    def turn(self, now_s: int) -> Iterator[tuple[OrganisationId, bytes]]:
        """Sealed keys for those who are to get one now."""
        if self._kept is None:
            self._use(self._file.read(), now_s)
        self._make_what_is_due(now_s)
        assert self._kept is not None
        for peer, keys in self._kept.ours.items():
            card = self._needs.cards.of(peer)
            if card is not None and keys and self._is_due(peer, keys[0], now_s):
                self._given_s[peer] = now_s
                self._times[peer] = self._times.get(peer, 0) + 1
                yield peer, self._sealed(keys[0], card, now_s)

    def came(self, path: str, peer: OrganisationId) -> None:
        """Something came from this peer over this path: over ours, under a key that we gave to it."""
        if path == self._path.name:
            self._used.add(peer)

    def heard(self, signed: SignedSignalKey, now_s: int) -> None:
        """NotAllowed where it does not hold."""
        given = value_from(SignalKey, signed.signal_key, NOTE_BYTES_MAX)
        card = self._needs.cards.of(given.sender)
        own = self._needs.cards.own().organisation
        if card is None or given.recipient != own or len(given.key) != 32:
            raise NotAllowed("a key for datagrams that is not for us, or of nobody we met")
        if not self._needs.holds(card.station, signed.signature, purposes.SIGNAL_KEY, signed.signal_key):
            raise NotAllowed("a key for datagrams that its station did not sign")
        if self._kept is None:
            self._use(self._file.read(), now_s)
        assert self._kept is not None
        before = self._kept.theirs.get(given.sender)
        if not now_s < given.until_s <= now_s + KEY_LIFE_S_MAX or (
            before and given.until_s <= before.until_s
        ):
            return  # 4
        theirs = self._kept.theirs | {given.sender: KeptKey(given.key, given.until_s)}
        self._keep(SignalKeysKept(self._kept.ours, theirs), now_s)

    def _make_what_is_due(self, now_s: int) -> None:
        assert self._kept is not None
        ours = dict(self._kept.ours)
        for peer in self._needs.state.peers:
            keys = ours.get(peer, ())
            if not keys or keys[0].until_s - now_s < KEY_S // 2:  # 2
                ours[peer] = (KeptKey(self._fresh(), now_s + KEY_S), *keys[: OUR_KEYS_MAX - 1])
                self._given_s.pop(peer, None)
                self._times.pop(peer, None)
                self._used.discard(peer)
        if ours != self._kept.ours:
            self._keep(SignalKeysKept(ours, self._kept.theirs), now_s)

    def _is_due(self, peer: OrganisationId, key: KeptKey, now_s: int) -> bool:
        given_s = self._given_s.get(peer)
        age_s = now_s - (key.until_s - KEY_S)
        wait_s = AGAIN_S if age_s < DAILY_S else DAILY_S
        if peer not in self._used:  # 3
            wait_s = min(wait_s, FIRST_S << min(self._times.get(peer, 0), 16))
        return given_s is None or abs(now_s - given_s) >= wait_s

    def _keep(self, kept: SignalKeysKept, now_s: int) -> None:
        self._file.write(kept)  # 5
        self._use(kept, now_s)

    def _use(self, kept: SignalKeysKept, now_s: int) -> None:
        self._kept = kept
        met = self._needs.state.peers
        self._path.use_keys(
            {
                peer: tuple(one.key for one in keys if one.until_s > now_s)
                for peer, keys in kept.ours.items()
                if peer in met
            },
            {peer: one.key for peer, one in kept.theirs.items() if peer in met and one.until_s > now_s},
        )

    def _sealed(self, key: KeptKey, card: Card, now_s: int) -> bytes:
        body = bytes_of(
            SignalKey(
                sender=self._needs.cards.own().organisation,
                recipient=card.organisation,
                key=key.key,
                until_s=key.until_s,
            )
        )
        signed = SignedSignalKey(
            signal_key=body, signature=self._needs.signer.sign(purposes.SIGNAL_KEY, body)
        )
        return self._needs.seals.seal(signed, [card], key.until_s, now_s)
