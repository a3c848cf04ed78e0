"""A budget of bytes: never more than it holds, in order, and nobody waits for ever."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.io.budget import Budget, ClosedError
from layoutgen.io.objects.locations import StorageFault
from layoutgen.io.storage import Storage
from tests.limits import PATIENCE_S

MOST = 100


class Watched(Budget):
    """A budget that notes the most that was ever held of several."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.peak = 0

    def admit(self, turn: int, size: int) -> None:
        super().admit(turn, size)
        several = sum(1 for held in list(self._sizes.values()) if held) > 1
        self.peak = max(self.peak, self._held if several else 0)


@given(st.lists(st.none() | st.integers(0, 2 * MOST), max_size=12), st.randoms(use_true_random=False))
def test_readers_in_any_order_hold_no_more_than_the_budget_and_all_are_let_in(
    sizes: list[int | None], rng: object
) -> None:
    budget = Watched(MOST)

    def read(turn: int, size: int | None) -> None:
        if size is None:
            budget.give_back(turn)  # a fault
        else:
            budget.admit(turn, size)

    readers = [Thread(target=read, args=one, daemon=True) for one in enumerate(sizes)]
    order = list(range(len(sizes)))
    rng.shuffle(order)  # type: ignore[attr-defined]  # hypothesis gives a Random
    for turn in order:
        readers[turn].start()
    for turn, reader in enumerate(readers):
        reader.join(PATIENCE_S)
        assert not reader.is_alive(), f"number {turn} was never let in"
        budget.give_back(turn)
    assert budget.peak <= MOST
    assert budget._held == 0


def test_who_waits_is_sent_away_in_the_end() -> None:
    budget, sent_away = Budget(MOST), []
    budget.admit(0, MOST)

    def wait() -> None:
        with pytest.raises(ClosedError):
            budget.admit(1, 1)
        sent_away.append(True)

    waiting = Thread(target=wait)
    waiting.start()
    budget.close()
    waiting.join()
    assert sent_away


@pytest.fixture
def files(tmp_path: Path) -> Iterator[list[str]]:
    sizes = [10, 70, 0, 40, 250, 20, 20, 20, 20, 20, 20, 20]
    for number, size in enumerate(sizes):
        (tmp_path / str(number)).write_bytes(bytes([number]) * size)
    yield [str(tmp_path / str(number)) for number in (*range(len(sizes)), 99)]


@pytest.mark.parametrize("most", [1, 100, 10_000])
def test_objects_come_in_turn_as_they_do_at_once_whatever_the_budget(files: list[str], most: int) -> None:
    storage = Storage(concurrency=3)
    assert list(storage.fetch_in_turn(files, 200, most)) == list(storage.fetch(files, 200))
    assert [one.kind for one in storage.fetch(files, 200) if isinstance(one, StorageFault)] == [
        "empty_object",
        "too_many_bytes",
        "not_found",
    ]
    assert not list(storage.fetch_in_turn([], 200, most))


def test_who_stops_reading_leaves_no_thread_waiting(files: list[str]) -> None:
    reading = Storage(concurrency=3).fetch_in_turn(files, 200, 1)
    next(reading)
    reading.close()
