"""A node's record as the hotline sees it: what is gathered is found at once, and told when it is stored."""

import logging
from pathlib import Path

import pytest

from tests.stand_ins import HandClock
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.hotline.recording import NodeBlobs, NodeRecord
from tidegate.app.node import Node
from tidegate.model.facts import NodeStarted
from tidegate.model.value_bytes import digest_of

BODY = b"a package"


@pytest.fixture
def stores(tmp_path: Path) -> SqlStores:
    return SqlStores(f"sqlite:///{tmp_path}/ledger.sqlite", "create")


def test_bytes_of_gathered_facts_are_found_though_they_were_not_stored_yet(stores: SqlStores) -> None:
    node = Node.open(stores.facts, [], HandClock())
    record, blobs = NodeRecord(node), NodeBlobs(node, stores.envelopes)
    with node.together():
        record.record(NodeStarted("1"), keep=[BODY])
        assert stores.facts.head().size == 0
        assert blobs.get(digest_of(BODY)) == BODY
        assert blobs.get(digest_of(b"another")) is None
        assert stores.facts.head().size == 1


def test_bytes_that_were_stored_with_facts_are_at_hand(stores: SqlStores) -> None:
    node = Node.open(stores.facts, [], HandClock())
    NodeRecord(node).record(NodeStarted("1"), keep=[BODY])
    assert stores.envelopes.get(digest_of(BODY)) == BODY
    assert stores.envelopes.bytes_held() == len(BODY)


def test_the_log_tells_of_gathered_facts_once_they_are_stored(
    stores: SqlStores, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="tidegate.node")
    node = Node.open(stores.facts, [], HandClock())
    record = NodeRecord(node)
    with node.together():
        record.record(NodeStarted("1"))
        record.carry_out()
        assert caplog.messages == []
    record.carry_out()
    record.carry_out()
    assert len(caplog.messages) == 1
