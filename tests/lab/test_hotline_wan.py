"""Paths between network namespaces: nftables loses packets and parts networks, user space delays them."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.test_hotline_path import Station, https_station, introduce, udp_station, until
from tests.lab.namespaces import inner, require_namespaces
from tidegate.lab.hotline.faults import Faults
from tidegate.lab.hotline.wan import Wan, within

TABLE = "tidegate"


@pytest.fixture
def wan() -> Iterator[Wan]:
    require_namespaces("nft", tun=True)
    names = [f"tidegate-{os.getpid()}-{name}" for name in ("xa", "xb")]
    with Wan(names, time.monotonic) as made:
        yield made


def lose(wan: Wan, share: int) -> None:
    """nftables drops so many of a hundred packets that come in; 100 parts the networks."""
    for name in wan.names:
        rule = "drop" if share == 100 else f"numgen random mod 100 < {share} drop"
        inner(name, "nft", f"add table inet {TABLE}; flush table inet {TABLE}")
        inner(
            name,
            "nft",
            f"add chain inet {TABLE} in {{ type filter hook input priority 0; }};"
            f"add rule inet {TABLE} in iifname wan {rule}",
        )


def stations(wan: Wan, folder: Path, found: Callable[[str, Path, str], Station]) -> tuple[Station, Station]:
    one, other = (
        within(name, lambda name=name, called=called: found(called, folder / called, wan.addresses[name]))
        for name, called in zip(wan.names, ("XA", "XB"), strict=True)
    )
    introduce(one, other)
    return one, other


@pytest.mark.peer
def test_udp_gets_through_sixty_in_a_hundred_lost_doubled_and_out_of_order(wan: Wan, tmp_path: Path) -> None:
    anna, boris = stations(wan, tmp_path, udp_station)
    try:
        lose(wan, 60)
        wan.set(Faults(delay_ms=150, duplication=10, reordering=20, truncation=2))
        boris.replies = [os.urandom(9_000)]
        envelope = os.urandom(16_000)
        assert anna.path.offer(boris.card.organisation, boris.endpoint, [envelope])
        until([anna, boris], lambda: bool(anna.envelopes()))
        assert boris.envelopes() == [envelope]
        assert anna.envelopes() == list(boris.replies)
    finally:
        anna.path.stop()
        boris.path.stop()


@pytest.mark.peer
def test_https_comes_back_after_a_partition(wan: Wan, tmp_path: Path) -> None:
    anna, boris = stations(wan, tmp_path, https_station)
    try:
        wan.set(Faults(delay_ms=20))
        lose(wan, 10)
        assert anna.path.offer(boris.card.organisation, boris.endpoint, [b"before"])
        until([anna, boris], lambda: bool(anna.outcomes))
        lose(wan, 100)
        assert anna.path.offer(boris.card.organisation, boris.endpoint, [b"while they are parted"])
        time.sleep(0.5)
        anna.fetch()
        assert len(anna.outcomes) == 1
        lose(wan, 0)
        until([anna, boris], lambda: len(anna.outcomes) == 2)
        assert boris.envelopes() == [b"before", b"while they are parted"]
    finally:
        anna.path.stop()
        boris.path.stop()
