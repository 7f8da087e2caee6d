"""A coverage-guided fuzzer of the whole telemetry decoder.

With atheris installed, `python -m tests.fuzz.fuzz_telemetry FOLDER tests/fuzz/corpus [options]` runs
until it is stopped; new inputs go to FOLDER. The kernels run as plain Python (NUMBA_DISABLE_JIT), so that
the fuzzer sees their branches and an index behind the datagram is an error; compiled code is held against
the same inputs by tests/wire/test_telemetry_corpus.py.
"""

import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

os.environ["NUMBA_DISABLE_JIT"] = "1"

import atheris
import numpy as np

with atheris.instrument_imports(include=["tidegate"]):
    from tests.fuzz.exchange import run
    from tidegate.wire import sampling, telemetry, template_table


def on_records(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel run as plain Python, where only record arrays know the fields of a row as attributes."""

    def called(*arguments: Any) -> Any:
        return kernel(*(a.view(np.recarray) if _has_fields(a) else a for a in arguments))

    return called


def _has_fields(argument: Any) -> bool:
    return isinstance(argument, np.ndarray) and argument.dtype.names is not None


def run_kernels_as_python() -> None:
    called = {
        telemetry: ("decode_block", "add_exporter", "find_exporter"),
        template_table: ("template_slot", "rebuild_index"),
        sampling: ("sampler_slot",),
    }
    for module, names in called.items():
        for name in names:
            setattr(module, name, on_records(getattr(module, name)))
    # Unsigned 64-bit hashes wrap on purpose; plain NumPy scalars warn of it.
    warnings.filterwarnings("ignore", category=RuntimeWarning)


def test_one_input(data: bytes) -> None:
    run(data)


if __name__ == "__main__":
    run_kernels_as_python()
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
