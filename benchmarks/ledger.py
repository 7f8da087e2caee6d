"""The ledger at size: leaves stored durably a second, and proofs out of ten million of them.

`python -m benchmarks.ledger` fills a database with as many leaves as asked, by its own tables and without a
node, since only their hashes matter to a proof; then it makes and verifies proofs of leaves drawn at random.
"""

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from statistics import median, quantiles

import click
import msgspec

from benchmarks.live import Folder
from tidegate.adapters.sql.stores import SqlStores
from tidegate.app.node import Node
from tidegate.app.places import DATABASE_NAME
from tidegate.app.proofs import prove_growth, prove_inclusion, root_at
from tidegate.ledger import complete_root, verify_consistency, verify_inclusion
from tidegate.model.facts import CollectorRestarted, Fact
from tidegate.ports.facts import APPEND_FACTS_MAX

LEAVES = 10_000_000
QUICK_LEAVES = 500_000
BODY = bytes(200)
"""As long as a fact of the hotline, packed."""
PROOFS = 300
RECORDED = 20_000
BLOCK = 256
TRANSACTION = BLOCK * 256


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a run measured; medians in milliseconds by the clock, `cpu` by processor time, `worst` the 99th
    percentile. `grown` are consistency proofs.

    `leaves_per_s` is by the clock on the wall, all on disk; `single_per_s` with one transaction for each.
    """

    leaves: int
    leaves_per_s: float
    leaves_a_cpu_s: float
    single_per_s: float
    made_ms: float
    made_worst_ms: float
    made_cpu_ms: float
    grown_ms: float
    verified_ms: float
    verified_worst_ms: float
    hashes: int


class Clock:
    def now_ms(self) -> int:
        return 1_790_000_000_000


def leaf(number: int) -> bytes:
    return sha256(b"\x00" + number.to_bytes(8)).digest()


def fill(file: Path, leaves: int) -> None:
    """Rows of facts with their leaf hashes, and the kept subtree roots, as a node would have left them."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        kept: dict[int, list[bytes]] = {}
        for first in range(0, leaves, TRANSACTION):
            last = min(first + TRANSACTION, leaves)
            hashes = [leaf(number) for number in range(first, last)]
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO facts (number, at_ms, kind, body, leaf_hash) VALUES (?, 0, 'Made', ?, ?)",
                ((first + at, BODY, one) for at, one in enumerate(hashes)),
            )
            rows = list(subtrees(hashes, first, kept))
            connection.executemany("INSERT INTO ledger_nodes (level, position, root) VALUES (?, ?, ?)", rows)
            connection.execute("COMMIT")


def subtrees(
    hashes: list[bytes], first: int, kept: dict[int, list[bytes]]
) -> Iterator[tuple[int, int, bytes]]:
    for at in range(0, len(hashes) - BLOCK + 1, BLOCK):
        root, level, position = complete_root(hashes[at : at + BLOCK]), 8, (first + at) >> 8
        yield level, position, root
        while True:
            row = kept.setdefault(level, [])
            row.append(root)
            if len(row) < BLOCK:
                break
            root, level, position = complete_root(row), level + 8, position >> 8
            kept[level - 8] = []
            yield level, position, root


def recorded(folder: Path) -> tuple[float, float, float]:
    """Leaves a second: by the clock and by processor time in full transactions, by the clock one by one."""
    stores = SqlStores(f"sqlite:///{folder / 'recorded.sqlite'}", "create")
    node = Node.open(stores.facts, [], Clock())
    facts: list[Fact] = [CollectorRestarted(f"reason {at}", at, at + 1) for at in range(APPEND_FACTS_MAX)]
    began, cpu = time.perf_counter(), time.process_time()
    for _ in range(RECORDED // APPEND_FACTS_MAX):
        node.record(*facts)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu
    count = RECORDED // APPEND_FACTS_MAX * APPEND_FACTS_MAX
    began = time.perf_counter()
    for fact in facts:
        node.record(fact)
    single_s = time.perf_counter() - began
    stores.close()
    return count / wall_s, count / cpu_s, len(facts) / single_s


def measure(folder: Path, leaves: int, seed: int) -> Told:
    by_wall, by_cpu, single = recorded(folder)
    stores = SqlStores(f"sqlite:///{folder / DATABASE_NAME}", "create")
    fill(folder / DATABASE_NAME, leaves)
    store, chance = stores.facts, random.Random(seed)
    root = root_at(store, leaves)
    made, made_cpu, grown, verified, hashes = [], [], [], [], 0
    for _ in range(PROOFS):
        number, old = chance.randrange(leaves), chance.randrange(1, leaves)
        began, cpu = time.perf_counter(), time.process_time()
        proof = prove_inclusion(store, number, leaves)
        made.append(time.perf_counter() - began)
        made_cpu.append(time.process_time() - cpu)
        began = time.perf_counter()
        verify_inclusion(number, leaves, leaf(number), proof, root)
        verified.append(time.perf_counter() - began)
        began = time.perf_counter()
        growth = prove_growth(store, old, leaves)
        grown.append(time.perf_counter() - began)
        verify_consistency(old, root_at(store, old), leaves, root, growth)
        hashes = max(hashes, len(proof))
    stores.close()
    return Told(
        leaves=leaves,
        leaves_per_s=by_wall,
        leaves_a_cpu_s=by_cpu,
        single_per_s=single,
        made_ms=median(made) * 1000,
        made_worst_ms=quantiles(made, n=100)[98] * 1000,
        made_cpu_ms=median(made_cpu) * 1000,
        grown_ms=median(grown) * 1000,
        verified_ms=median(verified) * 1000,
        verified_worst_ms=quantiles(verified, n=100)[98] * 1000,
        hashes=hashes,
    )


@click.command()
@click.option("--leaves", default=LEAVES, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(leaves: int, seed: int) -> None:
    """Fill a ledger and prove out of it; prints JSON."""
    with Folder() as folder:
        click.echo(msgspec.json.encode(measure(folder, leaves, seed)))


if __name__ == "__main__":
    main()
