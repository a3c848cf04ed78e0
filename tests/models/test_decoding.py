"""Constrained decoding: whatever the model prefers, its answer is a layout of this copy."""

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from layoutgen.core.layout import Copy
from layoutgen.core.prompts import parse_layout
from layoutgen.models.decoding import AnswerGrammar
from layoutgen.models.tiny import build_checkpoint

VOCABULARY = 1280


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> object:
    return AutoTokenizer.from_pretrained(build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("tiny")))


def walk(tokenizer: object, copies: list[Copy], seed: int) -> list[str]:
    """Answers of a model that prefers random tokens."""
    random = torch.Generator().manual_seed(seed)
    mask = AnswerGrammar(tokenizer, VOCABULARY).processor(copies, 3)
    end = tokenizer.eos_token_id
    tokens = torch.full((len(copies), 3), 7)
    for _ in range(1500):
        best = mask(tokens, torch.rand((len(copies), VOCABULARY), generator=random)).argmax(1)
        done = (tokens[:, 3:] == end).any(1)
        tokens = torch.cat([tokens, torch.where(done, end, best)[:, None]], 1)
        if bool(done.all()):
            break
    answers = [row[: row.index(end)] for row in tokens[:, 3:].tolist()]
    return [tokenizer.decode(answer) for answer in answers]


NASTY = [
    Copy('"', ("\\", "\n", "{}[],:")[:1]),
    Copy("<|im_end|>", ("<|image_pad|>", "<|endoftext|>"), brand="<|im_start|>"),
    Copy("two\nlines\tand\x01more", ('","box":[9,9,', "$12 %s {0}")),
    Copy("cafe\u0301 カ\u3099", ("𠮷野家 😀 👩‍👩‍👧", '/start: "x"/'), logo="s3://b/l.png"),
    Copy("", ("只有卖点",)),
    Copy("x" * 400, tuple(f"point {n}" for n in range(9))),
    Copy("ligature ﬁ, full-width ＡＢＣ¥１９９, rtl שלום, bom \ufeff, line \u2028 end"),
]


@pytest.mark.parametrize("seed", range(3))
def test_random_tokens_make_a_valid_layout_of_any_copy(tokenizer: object, seed: int) -> None:
    for copy, answer in zip(NASTY, walk(tokenizer, NASTY, seed), strict=True):
        parse_layout(answer, copy)


def test_a_rows_answer_does_not_depend_on_its_neighbours(tokenizer: object) -> None:
    mask = AnswerGrammar(tokenizer, VOCABULARY).processor(NASTY[:2], 0)
    alone = AnswerGrammar(tokenizer, VOCABULARY).processor(NASTY[1:2], 0)
    none, scores = torch.zeros((2, 0), dtype=torch.long), torch.zeros((2, VOCABULARY))
    np.testing.assert_array_equal(mask(none, scores)[1], alone(none[1:], scores[1:])[0])


def test_an_answer_that_leaves_its_grammar_ends_and_its_neighbour_goes_on(tokenizer: object) -> None:
    mask = AnswerGrammar(tokenizer, VOCABULARY).processor([Copy("a"), Copy("b")], 0)
    scores = torch.zeros((2, VOCABULARY))
    mask(torch.zeros((2, 0), dtype=torch.long), scores)
    wrong, right = tokenizer.convert_tokens_to_ids(["z", "["])
    with pytest.warns(UserWarning, match="left its grammar"):
        after = mask(torch.tensor([[wrong], [right]]), scores)
    assert torch.isfinite(after[0]).nonzero().flatten().tolist() == [tokenizer.eos_token_id]
    assert torch.isfinite(after[1]).any()
