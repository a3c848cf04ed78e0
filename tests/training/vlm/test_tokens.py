"""What is learnt is the answer and its end, token by token, after exactly the prompt that serving builds."""

from pathlib import Path

import numpy as np
import pytest
import torch

from layoutgen.models.vlm.checkpoints import ChatFormat, load_chat_format, load_model
from layoutgen.models.vlm.pixel_inputs import pixel_inputs
from layoutgen.models.vlm.tiny import FAMILIES, build_checkpoint
from layoutgen.training.data.sample import SampleError
from layoutgen.training.vlm.learner import Learner
from layoutgen.training.vlm.tokens import Batch, Row, collate, encode
from tests.training.samples import sample

SIDE = 56
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bases")
    return {family: build_checkpoint(family, folder / family) for family in FAMILIES}


def rows_of(chat: ChatFormat, count: int = 3, *, pairs: bool = False) -> list[Row]:
    return [encode(chat, sample(i), SIDE, pairs=pairs) for i in range(count)]


def batch_of(chat: ChatFormat, rows: list[Row], *, pairs: bool = False) -> Batch:
    return collate(rows, chat.pictures, chat.image_token, CPU, torch.float32, pairs=pairs)


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_are_exactly_the_answers_tokens_and_their_end(bases: dict[str, Path], family: str) -> None:
    chat = load_chat_format(bases[family])
    rows = rows_of(chat)
    batch = batch_of(chat, rows)
    for i, row in enumerate(rows):
        told = sample(i)
        prompt = chat.prompt(told.system, told.user, row.picture)
        answer = [*chat.tokenizer(told.answer, add_special_tokens=False).input_ids, chat.ends[0]]
        expected = [-100] * len(prompt) + answer
        expected += [-100] * (batch.ids.shape[1] - len(expected))
        assert batch.labels[i].tolist() == expected
        assert batch.ids[i].tolist()[: len(row)] == [*prompt.prefix, *prompt.rest, *answer]
        assert chat.tokenizer.decode(answer[:-1]) == told.answer


@pytest.mark.parametrize("family", FAMILIES)
def test_the_loss_of_a_batch_is_that_of_transformers_row_by_row(bases: dict[str, Path], family: str) -> None:
    """Without padding, with its own positions and masks: padding, positions and picked scores change nothing."""
    chat = load_chat_format(bases[family])
    model = load_model(bases[family], None, "cpu", torch.float32)
    rows = rows_of(chat)
    lost, count, _ = Learner(model)(batch_of(chat, rows)).tolist()
    theirs = 0.0
    for row in rows:
        ids = torch.from_numpy(np.concatenate([row.prompt, row.answer]))[None]
        labels = ids.clone()
        labels[:, : len(row.prompt)] = -100
        inputs = pixel_inputs(chat.pictures, [row.picture], CPU, torch.float32)
        if not chat.pictures.tiles:
            inputs["mm_token_type_ids"] = (ids == chat.image_token).long()
        with torch.no_grad():
            found = model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels, **inputs)
        theirs += float(found.loss) * len(row.answer)
    assert lost == pytest.approx(theirs, rel=1e-5)
    assert count == sum(len(row.answer) for row in rows)


def test_a_filler_is_learnt_by_nobody(bases: dict[str, Path]) -> None:
    chat = load_chat_format(bases["qwen2_5_vl"])
    first, second = rows_of(chat, 2)
    learner = Learner(load_model(bases["qwen2_5_vl"], None, "cpu", torch.float32))
    filled = learner(batch_of(chat, [first, second.filler()]))
    assert torch.allclose(filled, learner(batch_of(chat, [first])), rtol=1e-4)
    assert not (batch_of(chat, [first, second.filler()]).labels[1] >= 0).any()


def test_a_pair_is_two_rows_that_differ_in_their_answer_alone(bases: dict[str, Path]) -> None:
    chat = load_chat_format(bases["qwen2_5_vl"])
    rows = rows_of(chat, 2, pairs=True)
    batch = batch_of(chat, rows, pairs=True)
    assert batch.pairs
    assert len(batch.ids) == 4
    for i, row in enumerate(rows):
        said = [batch.target[batch.row == 2 * i + k].tolist() for k in (0, 1)]
        assert row.rejected is not None
        assert said == [row.answer.tolist(), row.rejected.tolist()]
        assert batch.ids[2 * i, : len(row.prompt)].tolist() == batch.ids[2 * i + 1, : len(row.prompt)].tolist()


def test_what_cannot_be_learnt_is_named_with_its_mend(bases: dict[str, Path]) -> None:
    chat = load_chat_format(bases["qwen2_5_vl"])
    told = sample(0)
    with pytest.raises(SampleError, match=r"has \d+ tokens, the limit is 64; raise train\.max_tokens"):
        encode(chat, told, SIDE, 64)
    with pytest.raises(SampleError, match="has no answer"):
        encode(chat, type(told)(told.system, told.user, told.pixels, ""), SIDE)
    plain = encode(chat, type(told)(told.system, told.user, told.pixels, told.answer), SIDE)
    with pytest.raises(SampleError, match="edited layouts only"):
        batch_of(chat, [plain], pairs=True)


def test_what_the_grammar_leaves_free_is_all_that_is_learnt(bases: dict[str, Path]) -> None:
    chat = load_chat_format(bases["qwen2_5_vl"])
    told = sample(1)
    row = encode(chat, told, SIDE, free=True)
    assert row.free is not None
    learnt = chat.tokenizer.decode(row.answer[row.free])
    assert row.learnt == row.free.sum() < len(row.answer)
    box = told.answer[told.answer.index('"box":[') + len('"box":[') :].partition("]")[0]
    assert learnt.startswith(f"title{box}]")
    assert "Kettle" not in learnt and "手冲壶" not in learnt
    batch = batch_of(chat, [row])
    assert batch.target.tolist() == row.answer[row.free].tolist()
    assert batch.labels[0][batch.labels[0] >= 0].tolist() == batch.target.tolist()
