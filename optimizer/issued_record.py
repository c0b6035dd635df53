"""A forecast as the ledger keeps it beside its cycle: a few kB that are read back in no time, to the last bit."""

import zlib
from datetime import UTC, datetime

import numpy as np

from optimizer.domain.forecast import Issued

LITTLE_ENDIAN = "<f8"
SERIES = 3


def packed_issued(issued: Issued) -> bytes:
    """The edges in seconds since 1970, then load, heat and sun, each number of 8 bytes, compressed."""
    edges_s = [edge.timestamp() for edge in issued.edges]
    numbers = np.array([*edges_s, *issued.load_kw, *issued.heat_kw, *issued.solar_kw], dtype=LITTLE_ENDIAN)
    return zlib.compress(numbers.tobytes(), level=1)


DAMAGED_ISSUED = (zlib.error, ValueError, IndexError, OverflowError, OSError)
"""How ``unpacked_issued`` ends with what is damaged."""


def unpacked_issued(packed: bytes) -> Issued:
    """What was packed; it was made at its first edge. Raises one of ``DAMAGED_ISSUED``."""
    numbers = np.frombuffer(zlib.decompress(packed), dtype=LITTLE_ENDIAN)
    slots = (len(numbers) - 1) // (SERIES + 1)
    edges = tuple(datetime.fromtimestamp(at_s, UTC) for at_s in numbers[: slots + 1].tolist())
    load_kw, heat_kw, solar_kw = (tuple(kw) for kw in numbers[slots + 1 :].reshape(SERIES, slots).tolist())
    return Issued(at=edges[0], edges=edges, load_kw=load_kw, heat_kw=heat_kw, solar_kw=solar_kw)
