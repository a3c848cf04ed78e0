"""Pixels that are decoded once while a table is worked on, however many stages and rows look at them.

    with decoded.caching():
        ...  # `images.decode_jpeg` and `travelling.read_map` decode the same bytes once in here

Outside of it everything is decoded anew. What is kept can't be written to, since others look at it too. It is let go at
the end; beyond `MOST_BYTES` nothing more is kept: stages go over a table one after the other, so that room made for the
latest picture would only be taken from the one that comes first in the next stage.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

MOST_BYTES = 256_000_000
"""Decoded pixels of one table; 96 rows of three canvases at 768 px are 32 photos and maps, about 130 MB."""


class _Cache:
    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0
        self.arrays: dict[tuple[str, bytes], np.ndarray] = {}


_cache: ContextVar[_Cache | None] = ContextVar("_cache", default=None)


@contextmanager
def caching(most: int = MOST_BYTES) -> Iterator[None]:
    """Keep what is decoded inside, up to `most` bytes of arrays."""
    token = _cache.set(_Cache(most))
    try:
        yield
    finally:
        _cache.reset(token)


def once(kind: str, data: bytes, decode: Callable[[bytes], np.ndarray]) -> np.ndarray:
    """What `decode` makes of `data`; `kind` tells one way of decoding from another."""
    now = _cache.get()
    if now is None:
        return decode(data)
    array = now.arrays.get((kind, data))
    if array is None:
        array = decode(data)
        array.flags.writeable = False
        if now.bytes + array.nbytes <= now.most:
            now.arrays[kind, data] = array
            now.bytes += array.nbytes
    return array
