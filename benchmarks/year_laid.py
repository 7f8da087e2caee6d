"""A year's record laid down in bulk, to ask the console's questions of tens of millions of facts.

`python -m benchmarks.year_growth` steps through every fact, which takes hours for 33 million. Here the rows
that a node would leave are written without a node: the same bodies, packed alike, every leaf and every node
of the tree hashed, the counts, the effects that were carried out. A test holds the two ways together, row by
row. What is not made anew are the attacks: some bursts come again and again, with other numbers and times.

`python -m benchmarks.year_laid` lays 33 million facts, lets a node record some more, and tells what it then
takes to open the record and to ask it: 11 GB, and 40 minutes of processor time.
"""

import multiprocessing
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import click
import msgspec
from msgspec.structs import asdict, replace
from sqlalchemy import update

from benchmarks.live import Folder
from benchmarks.year import BETWEEN_CHECKPOINTS, BURST, FACTS_AN_ATTACK, YEAR_MS, Shield, Year
from benchmarks.year_growth import MARCH_MS, Record, lines_of, record_of
from tidegate.adapters.sql import attack_counts
from tidegate.adapters.sql.engine import Database, open_database
from tidegate.adapters.sql.inserting import put_rows
from tidegate.adapters.sql.packing import pack
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.adapters.sql.stores import SqlStores
from tidegate.adapters.sql.tables import EFFECTS_DONE, FACTS, LEDGER_HEAD, LEDGER_NODES
from tidegate.app.attack_counts import DAY_MS, counts_of, merged
from tidegate.app.checkpoint import checkpoint_of
from tidegate.app.entry import KEPT_LEVEL_STEP, Tip, kept_nodes
from tidegate.app.places import DATABASE_NAME
from tidegate.app.state import ENDED_ATTACKS_MAX, State
from tidegate.ledger import Frontier, complete_root, leaf_hash
from tidegate.model.canonical import FactRecord, has_long_integer
from tidegate.model.facts import AttackDetected, AttackEnded, Fact
from tidegate.ports.facts import AttackCount, StoredFact, TreeNode

FACTS_A_BURST = BURST * FACTS_AN_ATTACK
FACTS_A_YEAR = 33_000_000
ROW = 1 << KEPT_LEVEL_STEP
WORKERS = 2
LAID_BEFORE_TOLD = 1_000
"""Bursts between two lines of how far it has come."""


@dataclass(frozen=True, slots=True)
class Laying:
    """So many bursts from March on, as close as `a_year` of them are in a year. `repeated` of them are made
    up, with 24,000 attacks; `at_once` go into one transaction."""

    bursts: int
    seed: int
    a_year: int = FACTS_A_YEAR // FACTS_A_BURST
    repeated: int = 24
    at_once: int = 10

    def at_ms(self, burst: int) -> int:
        return MARCH_MS + YEAR_MS * burst // self.a_year


class Repeating(Year):
    """The same bursts again and again, each time with other numbers and at another time."""

    def __init__(self, laying: Laying) -> None:
        super().__init__(random.Random(laying.seed))
        self._drawn = [super(Repeating, self).burst(0) for _ in range(laying.repeated)]
        self.counts = [
            merged(count for fact in ended for count in counts_of(fact)) for _, ended in self._drawn
        ]
        self.next_number = 1

    def burst(self, at_ms: int) -> tuple[list[Fact], list[Fact]]:
        began, ended = self._drawn[(self.next_number - 1) // BURST % len(self._drawn)]
        numbers = range(self.next_number, self.next_number + BURST)
        self.next_number += BURST
        return shifted(began, numbers, at_ms), shifted(ended, numbers, at_ms)

    def counts_on(self, burst: int, at_ms: int, ended: list[Fact]) -> tuple[AttackCount, ...]:
        """What those attacks amount to that began then and are over."""
        day = at_ms // DAY_MS
        if (at_ms + 1_000) // DAY_MS > day:
            return merged(count for fact in ended for count in counts_of(fact))
        return tuple(replace(count, day=day) for count in self.counts[burst % len(self._drawn)])


def shifted(facts: list[Fact], numbers: range, by_ms: int) -> list[Fact]:
    moved: list[Fact] = []
    for number, fact in zip(numbers, facts, strict=True):
        assert isinstance(fact, AttackDetected | AttackEnded)
        attack = fact.attack
        first_ms, last_ms = attack.first_seen_ms + by_ms, attack.last_seen_ms + by_ms
        new = replace(attack, number=number, first_seen_ms=first_ms, last_seen_ms=last_ms)
        moved.append(type(fact)(new))
    return moved


repeating = lru_cache(1)(Repeating)


class Piece(msgspec.Struct, frozen=True, gc=False):
    """Some bursts as rows, in order, their bodies packed, and what the attacks amount to that ended among
    them."""

    facts: list[StoredFact]
    counts: tuple[AttackCount, ...]


def piece_of(laying: Laying, begin: int) -> Piece:
    """Bursts from `begin` on, as a Shield records them: each before the end of the one before it."""
    year = repeating(laying)
    rows: list[StoredFact] = []
    counts: list[AttackCount] = []
    number = max(0, begin * FACTS_A_BURST - BURST)
    year.next_number = max(0, begin - 1) * BURST + 1
    ends = year.burst(laying.at_ms(begin - 1))[1] if begin else []
    for at in range(begin, min(begin + laying.at_once, laying.bursts)):
        at_ms = laying.at_ms(at)
        began, its_ends = year.burst(at_ms)
        if ends:
            counts += year.counts_on(at - 1, laying.at_ms(at - 1), ends)
        facts, ends = began + ends, its_ends
        if at == laying.bursts - 1:
            facts, ends = facts + ends, []
            counts += year.counts_on(at, at_ms, its_ends)
        rows += (row_of(FactRecord(number + one, at_ms, fact)) for one, fact in enumerate(facts))
        number += len(facts)
    return Piece(rows, merged(counts))


def row_of(record: FactRecord) -> StoredFact:
    """Such facts hold nothing for which `canonical_bytes` would write other bytes."""
    body = msgspec.json.encode(record, order="sorted")
    assert body.isascii()
    assert not has_long_integer(body)
    return StoredFact(record.number, record.at_ms, record.kind, pack(body), leaf_hash(body))


class Tree:
    """The ledger's frontier, kept a row of leaves at a time."""

    def __init__(self) -> None:
        self._rows = Frontier()
        self._rest: list[bytes] = []

    def grow(self, leaves: list[bytes]) -> list[TreeNode]:
        """The nodes that the store keeps."""
        self._rest += leaves
        nodes: list[TreeNode] = []
        while len(self._rest) >= ROW:
            root, number = complete_root(self._rest[:ROW]), self._rows.size
            del self._rest[:ROW]
            self._rows, completed = self._rows.grow(root)
            nodes.append(TreeNode(KEPT_LEVEL_STEP, number, root))
            above = kept_nodes(number, completed)
            nodes += (replace(node, level=node.level + KEPT_LEVEL_STEP) for node in above)
        return nodes

    def frontier(self) -> Frontier:
        frontier = Frontier(self._rows.size * ROW, self._rows.peaks)
        for leaf in self._rest:
            frontier = frontier.append(leaf)
        return frontier


def lay(folder: Path, laying: Laying) -> Iterator[int]:
    """The whole record, its head and its checkpoint last; yields how many facts are laid."""
    repeating(laying)  # workers begin with what is here
    with multiprocessing.get_context("fork").Pool(WORKERS) as pool:
        database, tree, size = open_database(f"sqlite:///{folder / DATABASE_NAME}", "create"), Tree(), 0
        begins = range(0, laying.bursts, laying.at_once)
        for piece in pool.imap(partial(piece_of, laying), begins):
            put_piece(database, tree, piece, size)
            size += len(piece.facts)
            yield size
    put_end(database, tree.frontier(), laying)
    database.close()


def put_piece(database: Database, tree: Tree, piece: Piece, begin: int) -> None:
    with database.writing() as connection:
        attack_counts.add(connection, begin, begin + len(piece.facts), piece.counts)
        put_rows(connection, FACTS, [asdict(fact) for fact in piece.facts])
        done = [
            {"number": one.number, "fact_number": one.number, "done_at_ms": one.at_ms} for one in piece.facts
        ]
        put_rows(connection, EFFECTS_DONE, done)
        nodes = tree.grow([fact.leaf_hash for fact in piece.facts])
        put_rows(connection, LEDGER_NODES, [asdict(node) for node in nodes])


def put_end(database: Database, frontier: Frontier, laying: Laying) -> None:
    """Where the record ends, every attack being over: each fact had one effect."""
    year, last = repeating(laying), laying.bursts - 1
    year.next_number = last * BURST + 1
    ended = year.burst(laying.at_ms(last))[1]
    attacks = tuple(fact.attack for fact in ended if isinstance(fact, AttackEnded))
    kinds = {kind.__name__: frontier.size // FACTS_AN_ATTACK for kind in (AttackDetected, AttackEnded)}
    state = State(
        facts=frontier.size,
        ended_attacks=attacks[-ENDED_ATTACKS_MAX:],
        next_attack=year.next_number,
        counts=kinds,
        last_at_ms=laying.at_ms(last),
    )
    tip = Tip(state, frontier, frontier.size)
    with database.writing() as connection:
        connection.execute(update(LEDGER_HEAD).values(asdict(tip.head)))
    SqlFactStore(database).save_checkpoint(checkpoint_of(tip))


def go_on(folder: Path, laying: Laying) -> None:
    """A node opens the record and lives through some bursts more, the last of which has not ended."""
    year, burst = Repeating(laying), laying.bursts
    year.next_number = burst * BURST + 1
    shield = Shield(folder, year, "refuse")
    while shield.since_checkpoint() < BETWEEN_CHECKPOINTS // 2:
        shield.burst(laying.at_ms(burst))
        burst += 1
    shield.close()


def asked_again(folder: Path, seed: int) -> Record:
    """What the record in that folder takes, at the time of its last fact."""
    stores = SqlStores(f"sqlite:///{folder / DATABASE_NAME}", "refuse")
    size, checkpoint = stores.facts.head().size, stores.facts.checkpoint()
    (last,) = stores.facts.facts(size - 1, size)
    stores.close()
    return record_of(folder, size, size - (checkpoint.size if checkpoint else 0), last.at_ms, seed)


@click.command()
@click.option("--facts", default=FACTS_A_YEAR, show_default=True, help="Fewer: the year's first ones.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Keep the record there.")
@click.option("--again", is_flag=True, help="Ask the record that is in the folder, and lay none.")
@click.option("--seed", default=1, show_default=True)
def main(*, facts: int, folder: Path | None, again: bool, seed: int) -> None:
    """Lay down a year's record, open it, and ask what the console asks."""
    laying = Laying(facts // FACTS_A_BURST, seed)
    if folder is None:
        with Folder() as temporary:
            tell(temporary, laying)
    elif again:
        tell_again(folder, seed)
    else:
        folder.mkdir(parents=True)  # never into one that holds anything
        tell(folder, laying)


def tell(folder: Path, laying: Laying) -> None:
    began = time.perf_counter()
    for at, size in enumerate(lay(folder, laying), 1):
        if at * laying.at_once % LAID_BEFORE_TOLD == 0:
            click.echo(f"{size:,} facts laid in {time.perf_counter() - began:.0f} s", err=True)
    go_on(folder, laying)
    tell_again(folder, laying.seed)


def tell_again(folder: Path, seed: int) -> None:
    record = asked_again(folder, seed)
    click.echo(f"{record.facts:,} facts, {(folder / DATABASE_NAME).stat().st_size / 1e9:.2f} GB")
    click.echo("\n".join(lines_of(record)))


if __name__ == "__main__":
    main()
