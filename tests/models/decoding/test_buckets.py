"""A step in a bucket says what one in a shape of its own says, waits once, and its shape says all that it does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoConfig, AutoModelForImageTextToText

from benchmarks import launches
from layoutgen.models.decoding.attention import Ahead, Chunk, Plan, View, plan_step
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.batch import Batch
from layoutgen.models.decoding.buckets import bucket_of, pack, plan_of
from layoutgen.models.decoding.decoder import Decoder
from layoutgen.models.decoding.graphs import Graphs
from layoutgen.models.vlm.checkpoints import load_chat_format, load_model
from layoutgen.models.vlm.tiny import build_checkpoint
from tests.budget import examples
from tests.models.decoding.test_decoder import ONLY, requests

pytestmark = pytest.mark.slow

SLOTS = 320


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("tiny")
    found = {}
    for family in ("qwen2_5_vl", "internvl"):
        path = build_checkpoint(family, folder / family)
        found[family] = (load_model(path, None, "cpu", torch.float32), load_chat_format(path), path)
    return found


def decoder(loaded: Any, *, bucketed: bool = True, **options: Any) -> Decoder:
    model, chat, _ = loaded
    return Decoder(Backbone(model, chat.pictures, bucketed=bucketed), chat.tokenizer, chat.ends, **options)


def seen_by(plan: Plan, count: int) -> dict[int, tuple[int, tuple[int, ...]]]:
    """Of each packed token its row and the slots that it sees; each is asked for once."""
    found = {}
    for part in plan.parts:
        number, length = part.tokens.shape
        rows = np.arange(number) if isinstance(part.rows, slice) else part.rows.numpy()
        first = part.rows.start if isinstance(part.rows, slice) else 0
        mask = part.mask.expand(number, -1, -1, -1)[:, 0, :length]
        for i, into in enumerate(part.into.view(number, length).tolist()):
            for k, token in enumerate(into):
                if token < count:
                    assert token == part.tokens[i, k] and token not in found
                    slots = (part.keys.start or 0) + np.flatnonzero(mask[i, k].numpy() == 0)
                    found[token] = (int(rows[i]) + first, tuple(slots.tolist()))
    return found


@settings(max_examples=examples(60, soak=1000))
@given(
    fed=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30)), min_size=1, max_size=9),
    guesses=st.lists(st.lists(st.integers(1, 3), max_size=12), max_size=9),
    gaps=st.integers(0, 3),
    spare=st.integers(0, 9),
)
def test_every_token_sees_in_a_bucket_what_it_sees_in_a_plan_of_its_own(
    fed: list[tuple[int, int]], guesses: list[list[int]], gaps: int, spare: int
) -> None:
    chunks, ahead, offset = [], [], 0
    for place, (start, count) in enumerate(fed):
        chunks.append(Chunk(place + gaps, start, count, offset))
        offset += count
    for chunk, lengths in zip(chunks, guesses, strict=False):
        if lengths:
            ahead.append(Ahead(chunk.row, chunk.start + chunk.count, offset, tuple(lengths)))
            offset += sum(lengths)
    view = View(SLOTS, 0, 1, torch.device("cpu"), torch.float32)
    bucket = bucket_of(chunks, ahead, len(fed) + gaps + spare, SLOTS)
    numbers = torch.from_numpy(pack(bucket, np.arange(offset), np.arange(offset) + 7, chunks, ahead, SLOTS))
    split = bucket.split(numbers)
    assert seen_by(plan_of(bucket, split, view), offset) == seen_by(plan_step(chunks, ahead, view), offset)
    ids, at, _, slots = (side.numpy() for side in split[:4])
    assert np.array_equal(ids[:offset], np.arange(offset)) and np.array_equal(at[:offset], ids[:offset] + 7)
    assert (slots[offset:] == SLOTS - 1).all() and (slots[:offset] < SLOTS - 1).all()
    chains = [length for one in ahead for length in one.lengths]
    after = offset - sum(chains) - 1 + np.cumsum(chains, dtype=int)
    ends = [*(chunk.offset + chunk.count - 1 for chunk in chunks), *after]
    assert split[-1][: len(ends)].tolist() == ends


@pytest.mark.parametrize(("family", "spare"), [("qwen2_5_vl", 64), ("internvl", 0)])
def test_answers_are_the_same_in_buckets(family: str, spare: int, loaded: dict[str, Any]) -> None:
    asked = requests(loaded[family][1], candidates=2, seed=4)[:2]
    plain = decoder(loaded[family], bucketed=False, spare_tokens=spare, rows=4).decode(asked)
    assert decoder(loaded[family], spare_tokens=spare, rows=4).decode(asked) == plain


FORCED = (
    'start: "[" NUMBER ("," NUMBER){3} "] and so on, there is no choice in it, until " NUMBER\nNUMBER: /[1-9][0-9]/'
)


def weightless(loaded: Any, *, bucketed: bool) -> launches.Weightless:
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(loaded[2])).eval()
    return launches.Weightless(model, loaded[1].pictures, bucketed=bucketed)


@pytest.mark.parametrize("family", ["qwen2_5_vl", "internvl"])
def test_the_host_waits_once_a_step_and_a_buckets_steps_ask_for_the_same(
    family: str, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = loaded[family][1]
    asked = [replace(one, grammar=FORCED) for one in requests(chat, candidates=2)[:2]]
    for bucketed in (False, True):
        counted = launches.counted(weightless(loaded[family], bucketed=bucketed), chat, asked)
        assert counted["waits"] == 1.0 and counted["steps"] > 3
    asked_of: dict[Any, set[int]] = {}
    step = Backbone.step

    def watched(self: Backbone, numbers: torch.Tensor, bucket: Any, cache: Any) -> torch.Tensor:
        waits = launches.Waits()
        with waits, launches.Launches() as given:
            scores = step(self, numbers, bucket, cache)
        assert (waits.count, waits.bytes) == (0, 0), "a captured step may not wait, nor take anything from the host"
        asked_of.setdefault((bucket, cache.slots), set()).add(given.count)
        return scores

    monkeypatch.setattr(Backbone, "step", watched)
    launches.counted(weightless(loaded[family], bucketed=True), chat, asked)
    assert all(len(counts) == 1 for counts in asked_of.values())


class Capture:
    """What stands in for torch.cuda.graph and CUDAGraph: a replay writes the answer of the numbers anew."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.replays = error, 0

    @contextmanager
    def graph(self, graph: Any, **_: Any) -> Iterator[None]:
        if self.error:
            raise self.error
        yield

    def replay(self) -> None:
        self.replays += 1


def graphs(capture: Capture, monkeypatch: pytest.MonkeyPatch) -> Graphs:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "graph", capture.graph)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: capture)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    return Graphs(torch.device("cuda"))


def test_a_shape_is_captured_when_it_comes_again_and_its_numbers_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    capture, given = Capture(), list[torch.Tensor]()
    known = graphs(capture, monkeypatch)

    def step(numbers: torch.Tensor) -> torch.Tensor:
        given.append(numbers)
        return numbers.view(2, -1)

    answers = [known.run("a", torch.arange(4) + i, step).clone() for i in range(4)]
    assert [answer.flatten().tolist() for answer in answers] == [[i, i + 1, i + 2, i + 3] for i in range(4)]
    assert len(given) == 2 and capture.replays == 3, "once as it is, once captured, and then replayed"
    known.clear()
    known.run("a", torch.arange(4), step)
    assert len(given) == 3, "what moved is not replayed"


def test_a_capture_that_fails_costs_speed_alone_and_memory_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = RuntimeError("CUDA error: operation not permitted when stream is capturing")
    known = graphs(Capture(wrong), monkeypatch)
    for i in range(3):
        assert known.run("a", torch.tensor([i]), lambda numbers: numbers + 1).item() == i + 1
    for error in (torch.OutOfMemoryError("CUDA out of memory"), torch.AcceleratorError("CUDA error: Xid 79")):
        known = graphs(Capture(error), monkeypatch)
        known.run("a", torch.tensor([1]), lambda numbers: numbers)
        with pytest.raises(type(error)):
            known.run("a", torch.tensor([1]), lambda numbers: numbers)


PARTS = ["reserve", "encode_pictures", "read", "step", "sample", "fill"]


@pytest.mark.parametrize("part", PARTS)
def test_memory_that_ends_in_a_part_of_a_step_loses_no_row(
    part: str, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from layoutgen.models.decoding import batch as batching
    from layoutgen.models.decoding.cache import RowCache
    from layoutgen.models.decoding.grammar import Guides

    one = decoder(loaded["qwen2_5_vl"], rows=4)
    asked = [replace(each, grammar=ONLY) for each in requests(loaded["qwen2_5_vl"][1], candidates=2)[:2]]
    expected = one.decode(asked)
    owner: Any = {"reserve": RowCache, "sample": batching, "fill": Guides}.get(part, Backbone)
    whole, calls, sizes = getattr(owner, part), 0, list[int]()

    def failing(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == {"encode_pictures": 1, "read": 2, "reserve": 2}.get(part, 3):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(*args, **more)

    step = Batch.step
    monkeypatch.setattr(Batch, "step", lambda self: (sizes.append(len(self.live)), step(self))[1])
    monkeypatch.setattr(owner, part, failing)
    assert decoder(loaded["qwen2_5_vl"], rows=4).decode(asked) == expected
    assert calls > 1 and min(sizes) <= 2, "tried again with fewer rows"


def test_candidates_for_which_there_is_no_room_at_once_are_answered_in_turn(
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [replace(one, grammar=ONLY) for one in requests(loaded["qwen2_5_vl"][1], candidates=5, seed=2)[:2]]
    expected = decoder(loaded["qwen2_5_vl"]).decode(asked)
    fill = Backbone.scores

    def full(self: Backbone, hidden: torch.Tensor) -> torch.Tensor:
        if len(hidden) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return fill(self, hidden)

    monkeypatch.setattr(Backbone, "scores", full)
    assert decoder(loaded["qwen2_5_vl"]).decode(asked) == expected
