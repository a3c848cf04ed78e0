"""The checkpoint that comes with the package is what its card says, and composes."""

import hashlib
import json

import numpy as np
import pytest
from safetensors import safe_open

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.prompts import layouts as prompts
from layoutgen.core.prompts import refinements as refinement_prompt
from layoutgen.core.prompts.layouts import answer_grammar, layout_prompt
from layoutgen.core.prompts.refinements import Given
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.composers.vlm import QwenVlComposer, layout_task
from layoutgen.models.decoding.answerer import DecodingOptions, open_answerer
from layoutgen.models.decoding.grammar import Guides
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.weights import EMBEDDED, fetch_weights, local

FOLDER = local(EMBEDDED)
COPY = Copy("手冲咖啡壶", ("食品级不锈钢", "到手价￥199", "Shop now"), "山野", None, "zh")


@pytest.fixture(scope="module")
def composer() -> QwenVlComposer:
    assert FOLDER is not None

    def framed(*_: object) -> Framing:
        return Framing()

    return QwenVlComposer(open_answerer(FOLDER, None, DecodingOptions(max_side=224), task=layout_task), frame=framed)


def test_it_is_small_and_its_card_is_of_these_weights() -> None:
    assert FOLDER is not None
    card = json.loads((FOLDER / "card.json").read_text("utf-8"))
    weights = FOLDER / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == card["sha256"]
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 25e6
    with safe_open(weights, "pt") as file:
        shapes = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    assert {one.get_dtype() for one in shapes.values()} == {"BF16"}
    assert sum(int(np.prod(one.get_shape())) for one in shapes.values()) == card["parameters"] <= 12_000_000


def test_it_was_trained_on_the_prompts_of_today() -> None:
    """Its tokenizer has a token for each piece of the instructions; other instructions need another training."""
    assert FOLDER is not None
    card = json.loads((FOLDER / "card.json").read_text("utf-8"))
    assert (card["prompt_version"], card["codec"]) == (prompts.PROMPT_VERSION, prompts.CODEC)
    tokenizer = load_chat_format(FOLDER).tokenizer
    for said in (prompts.SYSTEM, refinement_prompt.SYSTEM):
        assert len(tokenizer(said).input_ids) < 12
    told = layout_prompt(COPY, Canvas(1080, 1440)).user
    ids = tokenizer(told).input_ids
    assert len(ids) < 50
    assert tokenizer.decode(ids) == told
    assert [tokenizer.decode([one]) for one in tokenizer("1080").input_ids] == ["1", "0", "8", "0"]


def test_it_is_fetched_by_its_name(tmp_path) -> None:
    assert fetch_weights(EMBEDDED, tmp_path) == FOLDER


def test_its_texts_keep_off_a_subject_wherever_it_is(composer: QwenVlComposer) -> None:
    """A dark block left, right, above or below: the texts' middles lie outside of it, in most cases."""
    on = total = 0
    for left, top, right, bottom in ((0, 0, 0.5, 1), (0.5, 0, 1, 1), (0, 0, 1, 0.5), (0, 0.5, 1, 1)):
        image = np.full((448, 448, 3), (226, 220, 210), np.uint8)
        inner = [
            round(448 * (v + d)) for v, d in zip((left, top, right, bottom), (0.08, 0.08, -0.08, -0.08), strict=True)
        ]
        image[inner[1] : inner[3], inner[0] : inner[2]] = (60, 70, 120)
        (made,) = composer.compose([Brief(image, Annotation(()), COPY, Canvas(1080, 1080))])
        assert isinstance(made, Composition)
        for one in made.suggestions:
            if one.role is not Role.UNDERLAY:
                x, y = (one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2
                on += left + 0.05 < x < right - 0.05 and top + 0.05 < y < bottom - 0.05
                total += 1
    assert total == 4 * 5
    assert on / total < 0.25


def test_a_token_that_holds_a_choice_is_chosen_as_one() -> None:
    """The grammar forces `{"role":"` before a role; what was learnt there is a token with the role in it."""
    assert FOLDER is not None
    tokenizer = load_chat_format(FOLDER).tokenizer
    guides = Guides(tokenizer, 5120)
    guide = guides.guide(answer_grammar(COPY), (1000, 1000))
    taken = guide.forced()
    for number in ("100", "200", "300", "400"):
        for digit in tokenizer(number).input_ids:
            taken += [digit, *guide.take(digit)]
    bits = np.zeros(guides.words, np.int32)
    guide.fill(bits)
    allowed = np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little"))
    roles = ("subtitle", "selling_point", "price", "call_to_action", "other")
    assert {tokenizer.decode([one]) for one in allowed} == {f'{{"role":"{role}","text":"' for role in roles}
    chosen = int(allowed[0])
    taken += [chosen, *guide.take(chosen)]
    assert taken == tokenizer(tokenizer.decode(taken)).input_ids


def test_it_finishes_a_layout_with_locked_hinted_and_hidden_elements(composer: QwenVlComposer) -> None:
    image = np.full((448, 448, 3), (226, 220, 210), np.uint8)
    title = Suggestion(Role.TITLE, (0.1234567, 0.1, 0.7, 0.2), COPY.title)
    price = Suggestion(Role.PRICE, (0.12, 0.4, 0.5, 0.46), COPY.selling_points[1])
    given = [Given(title, True), Given(price, False, frozenset({"role", "w"}))]
    made, fault = composer.refine([Brief(image, Annotation(()), COPY, Canvas(1080, 1080))] * 2, [given, given[:1] * 2])
    assert isinstance(made, Composition)
    assert made.suggestions[0] == title
    assert [e.text for e in made.suggestions if e.role is not Role.UNDERLAY][:3] == [
        COPY.title,
        *COPY.selling_points[:2],
    ]
    assert max(abs(a - b) for a, b in zip(made.suggestions[2].box[:2], price.box[:2], strict=True)) < 0.06
    assert isinstance(fault, Fault)
    assert fault.kind == "bad_given"
