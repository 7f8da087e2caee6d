"""The vectors as the arrays by which kernels recognise them."""

import numpy as np
import numpy.typing as npt

from tidegate.model.vectors import NO_VECTOR, VECTORS, VECTORS_MAX


def port_vectors() -> npt.NDArray[np.uint8]:
    """(65536,): the reflection vector of each UDP source port, else NO_VECTOR."""
    table = np.full(65536, NO_VECTOR, np.uint8)
    for code, vector in enumerate(VECTORS):
        for port in vector.source_ports:
            assert table[port] == NO_VECTOR, f"port {port} stands for two vectors"
            table[port] = code
    return table


def least_bytes() -> npt.NDArray[np.int64]:
    """(VECTORS_MAX,): the least mean packet size of each vector."""
    table = np.zeros(VECTORS_MAX, np.int64)
    table[: len(VECTORS)] = [vector.bytes_min for vector in VECTORS]
    return table
