"""A record that is laid down in bulk is the one that a node would have left, row by row."""

import sqlite3
from contextlib import closing
from pathlib import Path

from benchmarks.year import DATABASE_NAME, Shield
from benchmarks.year_laid import FACTS_A_BURST, Laying, Repeating, Tree, go_on, lay
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.checkpoint import tip_from
from tidegate.app.entry import Tip, kept_nodes
from tidegate.app.ledger_check import verify_ledger
from tidegate.app.node import rebuild
from tidegate.ledger import Frontier, leaf_hash
from tidegate.ports.facts import TreeNode

LAYING = Laying(bursts=3, seed=1, a_year=4, repeated=2, at_once=2)
TABLES = ("facts", "effects", "effects_done", "ledger_nodes", "ledger_head", "attack_counts", "mentions")


def rows_of(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}")) for table in TABLES}


def test_what_is_laid_is_what_a_node_records(tmp_path: Path) -> None:
    laid, recorded = tmp_path / "laid", tmp_path / "recorded"
    laid.mkdir()
    recorded.mkdir()
    sizes = list(lay(laid, LAYING))
    assert sizes[-1] == LAYING.bursts * FACTS_A_BURST
    shield = Shield(recorded, Repeating(LAYING))
    for burst in range(LAYING.bursts):
        shield.burst(LAYING.at_ms(burst))
    shield.end()
    shield.close()
    assert rows_of(laid) == rows_of(recorded)


def test_a_record_that_is_laid_opens_as_sound_and_goes_on(tmp_path: Path) -> None:
    list(lay(tmp_path, LAYING))
    stores = SqlStores(f"sqlite:///{tmp_path / DATABASE_NAME}", "refuse")
    written = tip_from(stores.facts.checkpoint())
    assert written.frontier.size == LAYING.bursts * FACTS_A_BURST
    assert written.state == rebuild(stores.facts, Tip()).state
    go_on(tmp_path, LAYING)
    assert stores.facts.head().size > written.frontier.size
    assert verify_ledger(stores.facts).intact
    stores.close()


def test_a_tree_that_grows_by_rows_is_the_ledger_s() -> None:
    leaves = [leaf_hash(b"%d" % number) for number in range((1 << 16) + 700)]
    tree, frontier, expected = Tree(), Frontier(), list[TreeNode]()
    kept = [node for at in range(0, len(leaves), 999) for node in tree.grow(leaves[at : at + 999])]
    for number, leaf in enumerate(leaves):
        frontier, completed = frontier.grow(leaf)
        expected += kept_nodes(number, completed)
    assert kept == expected
    assert max(node.level for node in kept) == 16
    assert tree.frontier() == frontier
