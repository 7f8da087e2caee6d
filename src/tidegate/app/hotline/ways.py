"""What the hinge hands to the hotline for one node: its ways out, and its small files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate.ports.evidence import Shelf
from tidegate.ports.hotline import Anchor, SignalPath
from tidegate.ports.hotline import Path as HotlinePath
from tidegate.ports.signal_keys import SignalKeyFile

Listen = Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotlineWays:
    """`https` carries everything, `signal` what fits datagrams. `shelf` keeps what was seen of ledgers,
    `tiles` our own."""

    https: HotlinePath
    signal: SignalPath
    signal_keys: SignalKeyFile
    anchor: Anchor
    shelf: Shelf
    tiles: Shelf


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysWanted:
    """Of the node whose state is in `state`: where it listens, and who knows the TLS key's passphrase."""

    state: Path
    https: Listen
    signal: Listen
    tls_passphrase: Callable[[], str]
