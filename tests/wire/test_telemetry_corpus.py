"""Every input that fuzzing found worth keeping, on compiled kernels, with and without checked bounds."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.exchange import CORPUS, DATAGRAMS_MAX, datagrams_of, input_of, run

INPUTS = sorted(CORPUS.iterdir())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_what_must_hold_of_any_input_holds_of_this_one(path: Path) -> None:
    run(path.read_bytes())


@given(st.lists(st.binary(min_size=1, max_size=99), max_size=DATAGRAMS_MAX))
def test_datagrams_survive_being_put_into_one_input_and_taken_out(datagrams: list[bytes]) -> None:
    assert datagrams_of(input_of(datagrams)) == datagrams


def mutated(data: bytes, random_numbers: random.Random) -> bytes:
    """An input with a few bytes changed, cut out or doubled, as a broken or hostile sender would."""
    changed = bytearray(data)
    for _ in range(random_numbers.randint(1, 8)):
        at = random_numbers.randrange(len(changed))
        match random_numbers.randrange(4):
            case 0:
                changed[at] = random_numbers.choice((0, 1, 4, 127, 128, 255, changed[at] ^ 1))
            case 1:
                changed[at : at + 2] = random_numbers.choice((b"\xff\xff", b"\0\0", b"\0\x04", b"\1\0"))
            case 2:
                del changed[at : at + random_numbers.randint(1, 40)]
            case _:
                changed[at:at] = changed[at : at + random_numbers.randint(1, 40)]
        if len(changed) < 3:
            break
    return bytes(changed)


MUTATIONS_EACH = 20

CHECKED = f"""
import random
from tests.fuzz.exchange import CORPUS, run
from tests.wire.test_telemetry_corpus import mutated
numbers = random.Random(20241107)
for path in sorted(CORPUS.iterdir()):
    data = path.read_bytes()
    run(data)
    for _ in range({MUTATIONS_EACH}):
        run(mutated(data, numbers))
print("all within bounds")
"""


def test_no_input_reads_or_writes_out_of_bounds(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kernels are compiled without bounds checks; here with them, in a process of their own."""
    cache = os.environ.get("TIDEGATE_CHECKED_CACHE") or str(tmp_path_factory.mktemp("kernels"))
    environment = os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": cache}
    done = subprocess.run(
        [sys.executable, "-c", CHECKED],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout.strip() == "all within bounds", done.stderr[-2000:]
