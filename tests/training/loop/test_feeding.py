"""The same rows in the same order, from any step on, by threads or processes."""

from pathlib import Path

import pytest

from layoutgen.models.vlm.checkpoints import ChatFormat, load_chat_format
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training.data.sample import SampleError
from layoutgen.training.loop.feeding import Feed
from layoutgen.training.loop.order import Order
from layoutgen.training.vlm.tokens import encoder
from tests.training.samples import Drawn

Seen = list[tuple[int, list[list[tuple[tuple[int, ...], float]]]]]


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> ChatFormat:
    path: Path = build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("base"))
    return load_chat_format(path)


def seen(chat: ChatFormat, order: Order, first: int, last: int, most: int = 0, **other: object) -> Seen:
    options: dict = {"micro": 2} | other
    with Feed(Drawn(order.count), encoder(chat, 56, most), order, **options) as feed:
        return [
            (step, [[(tuple(row.answer.tolist()), row.weight) for row in chunk] for chunk in chunks])
            for step, chunks in feed.steps(first, last)
        ]


def test_from_any_step_on_the_rest_is_the_same(chat: ChatFormat) -> None:
    order = Order(11, 4, 0, window=2)
    whole = seen(chat, order, 0, 8)
    assert [step for step, _ in whole] == list(range(8))
    for first in (1, 3, 6):
        assert seen(chat, order, first, 8) == whole[first:]


def test_ranks_get_as_many_chunks_each_and_every_sample_once(chat: ChatFormat) -> None:
    for count in (1, 5, 11):
        ranks = [seen(chat, Order(count, 4, 0, 3, rank, window=2), 0, -(-count // 4)) for rank in range(3)]
        for steps in zip(*ranks, strict=True):
            assert len({tuple(len(chunk) for chunk in chunks) for _, chunks in steps}) == 1
        learnt = [answer for rank in ranks for _, chunks in rank for chunk in chunks for answer, w in chunk if w]
        assert len(learnt) == len(set(learnt)) == count


def test_a_sample_that_cannot_be_learnt_ends_it_with_its_name(chat: ChatFormat) -> None:
    with pytest.raises(SampleError, match="tokens, the limit is 90"):
        seen(chat, Order(3, 2, 0), 0, 2, most=90)


@pytest.mark.slow
def test_processes_prepare_what_threads_do(chat: ChatFormat) -> None:
    order = Order(6, 2, 0, window=2)
    assert seen(chat, order, 0, 3, processes=True, readers=1) == seen(chat, order, 0, 3)
