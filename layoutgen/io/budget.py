"""How many bytes may be in memory at once: readers that know their sizes take turns at it."""

from threading import Condition


class ClosedError(Exception):
    """Nobody waits for what would have been read."""


class Budget:
    """`most` bytes for what is read side by side and used in order. Whoever reads is let in in that order, so that what
    is used next is never behind what is used later; one alone is let in whatever its size. Threads share it."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._sizes: dict[int, int] = {}
        self._next = 0
        self._is_closed = False
        self._changed = Condition()

    def admit(self, turn: int, size: int) -> None:
        """Wait until there is room for `size` bytes of what is used as number `turn`, counted from 0. One that was let
        in before, and tries again, is not counted twice. Raises ClosedError."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or turn in self._sizes or self._has_room(turn, size))
            if self._is_closed:
                raise ClosedError
            self._held += size - self._sizes.get(turn, 0)
            self._sizes[turn] = size
            self._move_on()

    def give_back(self, turn: int) -> None:
        """Say that number `turn` is in memory no more, or never came there."""
        with self._changed:
            self._held -= self._sizes.get(turn, 0)
            self._sizes[turn] = 0
            self._move_on()

    def close(self) -> None:
        """Send away all who wait."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _has_room(self, turn: int, size: int) -> bool:
        return turn == self._next and (not self._held or self._held + size <= self._most)

    def _move_on(self) -> None:
        while self._next in self._sizes:
            self._next += 1
        self._changed.notify_all()
