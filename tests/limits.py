"""Limits that hold on busy machines: on work, in CPU seconds, and on waiting for what should have come long ago."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 900.0
"""Where something hangs a test ends after this; a machine of two cores with thirty at work is slow."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block where it takes more CPU seconds of its own; regular expressions heed it, too.
    To tell what grows with the square of its input from what doesn't, give a hundred times what it takes."""

    def end(*_: object) -> None:
        raise TimeoutError(f"more than {seconds:g} CPU seconds")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
