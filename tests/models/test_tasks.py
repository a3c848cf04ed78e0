"""Every task's grammar and parser agree, whatever a model prefers: answers of drawn scores parse, in any codec."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts.annotations import annotation_grammar, annotation_prompt, parse_annotation
from layoutgen.core.prompts.coordinates import ABSOLUTE, LAYOUT, Codec
from layoutgen.core.prompts.covers import cover_grammar, cover_prompt, parse_cover
from layoutgen.core.prompts.refinements import (
    ATTRIBUTES,
    Given,
    parse_refinement,
    refinement_grammar,
    refinement_prompt,
)
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Request
from layoutgen.models.vlm.checkpoints import load_chat_format, load_model
from layoutgen.models.vlm.tiny import build_checkpoint
from tests.budget import examples


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    path = build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("tiny"))
    yield load_model(path, None, "cpu", torch.float32), load_chat_format(path)
    torch.set_num_threads(before)


class RandomModel(Backbone):
    """Scores are drawn; the end of a list and of a text is preferred, so that answers end."""

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        drawn = torch.rand((len(hidden), self.vocabulary), generator=self.lots)
        drawn[:, self.closing] += 0.5
        return drawn


def answer(loaded: Any, told: Any, grammar: str, seed: int, limit: tuple[int, int] = (1000, 1000)) -> str:
    model, chat = loaded
    drawn = RandomModel(model, chat.pictures)
    drawn.lots = torch.Generator().manual_seed(seed)
    texts = ((token, chat.tokenizer.decode([token])) for token in range(len(chat.tokenizer)))
    drawn.closing = [token for token, text in texts if text[:1] in ('"', "]", "}")]
    picture = chat.pictures.prepare(np.zeros((56, 56, 3), np.uint8), 56)
    request = Request(chat.prompt(told.system, told.user, picture), grammar, 1500, limit=limit)
    ((found,),) = Decoder(drawn, chat.tokenizer, chat.ends).decode([request])
    assert isinstance(found, Answer), found
    assert found.ended
    return found.text


CODECS = st.sampled_from([LAYOUT, Codec(ABSOLUTE, 1036, 784), Codec(ABSOLUTE, 56, 2800)])


@settings(max_examples=examples(6, soak=30))
@given(codec=CODECS, seed=st.integers(0, 10**6))
def test_a_poster_is_read_into_lines_within_the_picture(loaded: Any, codec: Codec, seed: int) -> None:
    limit = (codec.width, codec.height)
    text = answer(loaded, annotation_prompt(codec), annotation_grammar(codec), seed, limit)
    for line in parse_annotation(text, codec):
        assert 0 <= line.box[0] < line.box[2] <= 1
        assert 0 <= line.box[1] < line.box[3] <= 1
        assert line.text


@settings(max_examples=examples(6, soak=30))
@given(codec=CODECS, seed=st.integers(0, 10**6))
def test_a_cover_is_read_into_elements_within_the_picture(loaded: Any, codec: Codec, seed: int) -> None:
    text = answer(loaded, cover_prompt(codec), cover_grammar(codec), seed, (codec.width, codec.height))
    assert all(element.box[0] < element.box[2] for element in parse_cover(text, codec))


UNIT = st.floats(0, 0.9)


def keeps(one: Given, found: Suggestion) -> bool:
    """Whether an element has what was told of a given one, a width or height to within rounding."""
    (x1, y1, x2, y2), (fx1, fy1, fx2, fy2) = one.element.box, found.box
    said = {
        "role": found.role == one.element.role,
        "x": fx1 == x1,
        "y": fy1 == y1,
        "w": abs(fx2 - fx1 - (x2 - x1)) < 1e-12,
        "h": abs(fy2 - fy1 - (y2 - y1)) < 1e-12,
    }
    return found.text == one.element.text and all(said[name] for name in said if name not in one.hidden)


@settings(max_examples=examples(8, soak=40))
@given(
    boxes=st.lists(st.tuples(UNIT, UNIT, st.floats(0.0004, 0.1), st.floats(0.0004, 0.1)), min_size=4, max_size=4),
    locked=st.lists(st.booleans(), min_size=4, max_size=4),
    hidden=st.lists(st.frozensets(st.sampled_from(ATTRIBUTES), max_size=4), min_size=4, max_size=4),
    seed=st.integers(0, 10**6),
)
def test_what_is_locked_stays_where_it_was_given_to_the_last_digit(
    loaded: Any,
    boxes: list[tuple[float, float, float, float]],
    locked: list[bool],
    hidden: list[frozenset[str]],
    seed: int,
) -> None:
    copy = Copy('Kettle "two"\n<|im_end|>', ("1.5 l",), brand="ACME")
    elements = [
        Suggestion(role, (x, y, x + w, y + h), text)
        for (x, y, w, h), (role, text) in zip(
            boxes,
            [(Role.TITLE, copy.title), (Role.OTHER, "1.5 l"), (Role.LOGO, "ACME"), (Role.UNDERLAY, "")],
            strict=True,
        )
    ]
    hidden[3] -= {"role"}
    given_elements = [Given(*one) for one in zip(elements, locked, hidden, strict=True)]
    told = refinement_prompt(copy, Canvas(800, 1200), given_elements)
    text = answer(loaded, told, refinement_grammar(copy, given_elements), seed)
    found = parse_refinement(text, copy, given_elements)
    for one in given_elements:
        assert not one.locked or any(keeps(one, other) for other in found)
    assert {one.text for one in found} == {copy.title, "1.5 l", "ACME", *([""] if len(found) > 3 else [])}


@settings(max_examples=examples(8, soak=40))
@given(
    box=st.tuples(UNIT, UNIT, st.floats(0.0004, 0.1), st.floats(0.0004, 0.1)),
    within=st.sampled_from([0.0, 0.004, 0.03, 1.0]),
    hidden=st.frozensets(st.sampled_from(ATTRIBUTES), max_size=4),
    seed=st.integers(0, 10**6),
)
def test_told_edges_of_a_hint_stay_within_reach(
    loaded: Any, box: tuple[float, float, float, float], within: float, hidden: frozenset[str], seed: int
) -> None:
    x, y, w, h = box
    copy = Copy("Kettle", ("1.5 l",))
    hint = Given(Suggestion(Role.TITLE, (x, y, x + w, y + h), "Kettle"), False, hidden)
    text = answer(
        loaded, refinement_prompt(copy, Canvas(800, 1200), [hint]), refinement_grammar(copy, [hint], within), seed
    )
    found = parse_refinement(text, copy, [hint])[0]
    written = LAYOUT.write(hint.element.box)
    for number, told, names in zip(
        LAYOUT.write(found.box), written, ({"x"}, {"y"}, {"x", "w"}, {"y", "h"}), strict=True
    ):
        assert names & hidden or abs(number - told) <= round(within * 1000)


def test_a_reach_that_is_no_share_of_the_side_is_refused() -> None:
    for within in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="give a share of the side, 0 to 1, or None"):
            refinement_grammar(Copy("Kettle"), [], within)


def test_prompts_of_all_tasks_have_a_constant_beginning(loaded: Any, tmp_path: Path) -> None:
    _, chat = loaded
    small, large = (chat.pictures.prepare(np.zeros((side, side, 3), np.uint8), 112) for side in (56, 112))
    codecs = [Codec(ABSOLUTE, *picture.size) for picture in (small, large)]
    for prompt in (annotation_prompt, cover_prompt):
        one, other = (
            chat.prompt(prompt(codec).system, prompt(codec).user, picture)
            for codec, picture in zip(codecs, (small, large), strict=True)
        )
        assert one.prefix == other.prefix
        assert len(one.prefix) > 50
