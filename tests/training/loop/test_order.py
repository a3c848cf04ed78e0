"""Every sample once an epoch, alike in length, the same order again from any step."""

from collections import Counter

import pytest

from layoutgen.training.loop.order import Order


def epoch_of(order: Order, epoch: int, length: dict[int, int]) -> list[list[int]]:
    """An epoch's batches of one rank, as samples."""
    found = []
    for window in range(-(-order.steps_per_epoch // order.window)):
        members = order.members(epoch, window)
        parts = order.parts(epoch, window, [length[i] for i in members])
        found += [[members[i] for i in part] for part in parts]
    return found


@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [1, 3, 7, 64, 101])
def test_ranks_together_take_each_sample_once_an_epoch(ranks: int, count: int) -> None:
    length = {i: (i * 37) % 50 for i in range(count)}
    orders = [Order(count, 8, 3, ranks, rank, window=3) for rank in range(ranks)]
    taken = [epoch_of(order, 0, length) for order in orders]
    assert {len(batches) for batches in taken} == {orders[0].steps_per_epoch}
    assert Counter(i for batches in taken for batch in batches for i in batch) == Counter(range(count))
    for order, batches in zip(orders, taken, strict=True):
        for step, batch in enumerate(batches):
            assert len(batch) <= order.most(0, order.at(step)[1])


def test_batches_are_alike_in_length_over_all_ranks() -> None:
    length = {i: (i * 7919) % 1000 for i in range(256)}
    taken = [epoch_of(Order(256, 16, 0, 2, rank, window=8), 0, length) for rank in (0, 1)]
    spreads = []
    for batch in (one + other for one, other in zip(*taken, strict=True)):
        sizes = [length[i] for i in batch]
        spreads.append(max(sizes) - min(sizes))
    assert sum(spreads) / len(spreads) < 250  # of 1000, where a random batch of 16 spreads over 880


def test_epochs_differ_and_come_again() -> None:
    length = dict.fromkeys(range(40), 1)
    assert epoch_of(Order(40, 8, 1), 0, length) == epoch_of(Order(40, 8, 1), 0, length)
    assert epoch_of(Order(40, 8, 1), 0, length) != epoch_of(Order(40, 8, 1), 1, length)
    assert epoch_of(Order(40, 8, 1), 0, length) != epoch_of(Order(40, 8, 2), 0, length)


def test_a_step_tells_its_epoch_and_window() -> None:
    order = Order(100, 10, 0, window=4)
    assert [order.at(step) for step in (0, 3, 4, 9, 10, 25)] == [
        (0, 0, 0), (0, 0, 3), (0, 1, 0), (0, 2, 1), (1, 0, 0), (2, 1, 1),
    ]  # fmt: skip
