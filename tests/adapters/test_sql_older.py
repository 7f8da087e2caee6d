"""A database of an older Tidegate: it is opened, and what it lacks is made from its facts."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from msgspec.structs import asdict
from sqlalchemy import create_engine, text

from tests.stand_ins import HandClock
from tests.stories import an_attack
from tidegate.adapters.sql import engine as engine_module
from tidegate.adapters.sql.engine import open_database
from tidegate.adapters.sql.store import SqlFactStore
from tidegate.app.entry import Tip, addition, prepare
from tidegate.app.ledger_check import verify_ledger
from tidegate.app.node import Node
from tidegate.model.facts import AttackDetected, AttackEnded, Fact
from tidegate.ports.facts import Addition


def a_first_schema(address: str, made: Addition) -> None:
    """A database as the first schema kept it, with one addition in it."""
    engine = create_engine(address)
    config = Config()
    config.set_main_option("script_location", str(Path(engine_module.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for table, rows in (("facts", made.facts), ("effects", made.effects), ("ledger_nodes", made.nodes)):
            for row in map(asdict, rows):
                names = ", ".join(row)
                places = ", ".join(f":{name}" for name in row)
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)
        connection.execute(
            text(
                "UPDATE ledger_head SET size = :size, root = :root, frontier = :frontier, effects = :effects"
            ),
            asdict(made.head),
        )
        connection.execute(text("UPDATE effects SET done_at_ms = 1500 WHERE number = 0"))
    engine.dispose()


def test_a_database_of_the_first_schema_is_opened_and_its_attacks_are_counted(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/ledger.db"
    tip, entries = Tip(), []
    facts: list[Fact] = [AttackDetected(an_attack()), AttackEnded(an_attack())]
    for fact in facts:
        entries.append(prepare(tip, 1_000, fact))
        tip = entries[-1].tip
    a_first_schema(address, addition(Tip(), entries))

    database = open_database(address)
    store = SqlFactStore(database)
    assert store.counted() == 0
    assert [effect.number for effect in store.pending_effects(-1, 10)] == [1]
    with database.reading() as connection:
        done = connection.execute(text("SELECT number, fact_number, done_at_ms FROM effects_done")).all()
    assert done == [(0, 0, 1500)]
    Node.open(store, [], HandClock(2_000))
    assert store.counted() == store.head().size == 2
    (all_of_it,) = store.attack_counts(0, 1 << 20, by_vector=False, by_border_point=False)
    assert all_of_it.attacks == 1
    assert verify_ledger(store).intact
    database.close()
