"""The decoding loop: whatever the batch, a row is answered as a plain loop answers it alone, and never invalidly."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.plain import generate
from layoutgen.core.layout import Canvas, Copy
from layoutgen.core.prompts.layouts import answer_grammar, item_rule, layout_grammar, layout_prompt, parse_layout, slots
from layoutgen.models.base import Fault
from layoutgen.models.decoding import batch as batching
from layoutgen.models.decoding import decoder as decoding
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Request
from layoutgen.models.vlm.checkpoints import FAMILIES, ChatFormat, load_chat_format, load_model
from layoutgen.models.vlm.prompt import Prompt
from layoutgen.models.vlm.tiny import build_checkpoint
from tests.budget import examples

pytestmark = pytest.mark.slow

MAX_SIDE = 112
COPIES = [
    Copy("Kettle", ("$12",)),
    Copy("手冲咖啡壶", ("到手价¥199",), brand="山野"),
    Copy("A long title with many words in it", logo="s3://b/logo.png"),
    Copy("防晒霜 SPF50+ 清爽不油腻", ("满199减50", "Noise cancelling")),
]
SIZES = [(150, 100), (120, 120), (60, 160), (100, 100)]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other make so small a model a hundred times slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, ChatFormat]]:
    folder = tmp_path_factory.mktemp("tiny")
    found = {}
    for family in FAMILIES:
        path = build_checkpoint(family, folder / family)
        found[family] = (load_model(path, None, "cpu", torch.float32), load_chat_format(path))
    return found


def request(
    chat: ChatFormat, copy: Copy, size: tuple[int, int] = (150, 100), noise: int = 0, **options: Any
) -> Request:
    image = np.random.default_rng(noise).integers(0, 256, (*size, 3), np.uint8)
    prompt = layout_prompt(copy, Canvas(800, 1200))
    picture = chat.pictures.prepare(image, MAX_SIDE)
    # Underlays are left out: a random model likes them, and answers would be twice as long.
    grammar = layout_grammar([item_rule(slot) for slot in slots(copy)], 0)
    return Request(chat.prompt(prompt.system, prompt.user, picture), grammar, **({"max_tokens": 500} | options))


def requests(chat: ChatFormat, **options: Any) -> list[Request]:
    return [
        request(chat, copy, size, noise, **options)
        for noise, (copy, size) in enumerate(zip(COPIES, SIZES, strict=True))
    ]


def decoder(loaded: tuple[Any, ChatFormat], **options: Any) -> Decoder:
    model, chat = loaded
    return Decoder(Backbone(model, chat.pictures), chat.tokenizer, chat.ends, **options)


def firsts(answers: Sequence[Sequence[Answer | Fault]]) -> list[Any]:
    return [candidates[0] for candidates in answers]


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_are_answered_as_plain_generate_answers_each_alone(family: str, loaded: dict[str, Any]) -> None:
    model, chat = loaded[family]
    asked = requests(chat)
    answers = firsts(decoder(loaded[family]).decode(asked))
    for one, answer, copy in zip(asked, answers, COPIES, strict=True):
        assert answer.ended
        assert list(answer.tokens) == generate(model, chat, [one])[0]
        parse_layout(answer.text, copy)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_row_is_the_same_alone_in_any_order_and_in_any_batch(family: str, loaded: dict[str, Any]) -> None:
    asked = requests(loaded[family][1])
    together = decoder(loaded[family]).decode(asked)
    alone = decoder(loaded[family])
    assert together == [alone.decode([one])[0] for one in asked]
    assert together == decoder(loaded[family], rows=3, prompt_tokens=1).decode(asked[::-1])[::-1]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prefix_read_once_says_what_a_prompt_read_whole_says(family: str, loaded: dict[str, Any]) -> None:
    asked = requests(loaded[family][1])
    assert all(one.prompt.prefix == asked[0].prompt.prefix and len(one.prompt.prefix) > 100 for one in asked)
    whole = [
        Request(Prompt((), one.prompt.prefix + one.prompt.rest, one.prompt.picture), one.grammar, 500) for one in asked
    ]
    reading_once, reading_whole = decoder(loaded[family]), decoder(loaded[family])
    assert reading_once.decode(asked) == reading_whole.decode(whole)
    saved = reading_whole.counts.fed - reading_once.counts.fed
    assert saved == (len(asked) - 1) * len(asked[0].prompt.prefix)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_of_several_candidates_is_the_only_one_asked_for(family: str, loaded: dict[str, Any]) -> None:
    asked = requests(loaded[family][1])
    single = decoder(loaded[family]).decode(asked)
    many, again = (
        decoder(loaded[family], rows=rows).decode(requests(loaded[family][1], candidates=3, seed=5)) for rows in (64, 3)
    )
    assert many == again, "lots are the row's own"
    assert firsts(many) == firsts(single)
    assert len({answer.text for answer in many[0]}) > 1
    for candidates, copy in zip(many, COPIES, strict=True):
        assert len(candidates) == 3
        for answer in candidates:
            parse_layout(answer.text, copy)
    other = decoder(loaded[family]).decode(requests(loaded[family][1], candidates=3, seed=6))
    assert firsts(other) == firsts(single)
    assert other != many


@pytest.mark.parametrize("family", FAMILIES)
def test_guesses_save_steps_and_change_no_answer(family: str, loaded: dict[str, Any]) -> None:
    asked = requests(loaded[family][1], candidates=2, seed=4)
    plain, guessing = decoder(loaded[family], spare_tokens=0), decoder(loaded[family], spare_tokens=200)
    assert guessing.decode(asked) == plain.decode(asked)
    assert guessing.counts.steps < 0.7 * plain.counts.steps


def test_forced_tokens_cost_no_step_and_a_prompt_is_read_once_for_all_candidates(loaded: dict[str, Any]) -> None:
    one, three = decoder(loaded["qwen2_5_vl"]), decoder(loaded["qwen2_5_vl"])
    chat = loaded["qwen2_5_vl"][1]
    one.decode(requests(chat)[:1])
    assert one.counts.answered > 2 * one.counts.steps
    three.decode(requests(chat, candidates=3)[:1])
    prompt = requests(chat)[0].prompt
    assert three.counts.fed - three.counts.answered < len(prompt)


def test_a_row_without_grammar_goes_on_as_plain_generate_does(loaded: dict[str, Any]) -> None:
    model, chat = loaded["qwen3_vl"]
    free = [Request(one.prompt, None, 20) for one in requests(chat)]
    answers = firsts(decoder(loaded["qwen3_vl"]).decode(free))
    for one, answer in zip(free, answers, strict=True):
        assert list(answer.tokens) == generate(model, chat, [one])[0]


NASTY = [
    Copy('"', ("\\", "\n", "{}[],:")[:1]),
    Copy("<|im_end|>", ("<|image_pad|>", "<|endoftext|>", "<IMG_CONTEXT></img>"), brand="<|im_start|>"),
    Copy("two\nlines\tand\x01more", ('","box":[9,9,', "$12 %s {0}")),
    Copy("cafe\u0301 カ\u3099", ("𠮷野家 😀 👩‍👩‍👧", '/start: "x"/'), logo="s3://b/l.png"),
    Copy("", ("只有卖点\x7f",)),
    Copy("x" * 200, tuple(f"point {n}" for n in range(9))),
    Copy("ligature ﬁ, full-width ＡＢＣ¥１９９, rtl שלום, bom \ufeff, line \u2028 end"),
]


@pytest.mark.parametrize("family", ["qwen2_5_vl", "internvl"])
def test_control_tokens_and_quotes_in_a_copy_stay_in_their_field(family: str, loaded: dict[str, Any]) -> None:
    chat = loaded[family][1]
    plain = request(chat, Copy("plain")).prompt
    special = {*chat.tokenizer.all_special_ids, chat.image_token}
    asked = [request(chat, copy, max_tokens=1500) for copy in NASTY]
    for one in asked:
        controls = [[token for token in prompt.rest if token in special] for prompt in (one.prompt, plain)]
        assert controls[0] == controls[1]
        assert one.prompt.prefix == plain.prefix
    for copy, answer in zip(NASTY, firsts(decoder(loaded[family]).decode(asked)), strict=True):
        assert answer.ended
        said = [suggestion.text for suggestion in parse_layout(answer.text, copy)]
        assert all(said.count(text) == 1 for text in (copy.title, *copy.selling_points) if text)


class RandomModel(Backbone):
    """The tiny model with scores that are drawn: answers go anywhere that the grammar lets them."""

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        return torch.rand((len(hidden), self.vocabulary), generator=self.lots)


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@settings(max_examples=examples(8, soak=40))
@given(
    copies=st.lists(st.builds(Copy, TEXTS, st.lists(TEXTS, max_size=4).map(tuple), TEXTS), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_every_answer_is_a_layout_that_says_every_text_once(
    loaded: dict[str, Any], copies: list[Copy], seed: int
) -> None:
    model, chat = loaded["qwen2_5_vl"]
    drawn = RandomModel(model, chat.pictures)
    drawn.lots = torch.Generator().manual_seed(seed)
    copies = [
        copy for copy in copies if any(text.strip() for text in (copy.title, *copy.selling_points, copy.brand or ""))
    ]
    loop = Decoder(drawn, chat.tokenizer, chat.ends)
    asked = [replace(request(chat, copy, max_tokens=2000), grammar=answer_grammar(copy)) for copy in copies]
    answers = firsts(loop.decode(asked))
    for copy, answer in zip(copies, answers, strict=True):
        for suggestion in parse_layout(answer.text, copy):
            x1, y1, x2, y2 = suggestion.box
            assert 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1


def out_of_memory_above(rows: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have the model run out of memory when it is fed more than so many rows; returns what it was fed, filled later."""
    fed: list[int] = []
    read = Backbone.read

    def fake(self: Backbone, tokens: Any, positions: Any, plan: Any, *more: Any) -> torch.Tensor:
        fed.append(len(plan.parts[0].tokens))  # prompts of one length are one part, and so are the rows of a step
        if fed[-1] > rows:
            raise torch.OutOfMemoryError("CUDA out of memory (told by a test)")
        return read(self, tokens, positions, plan, *more)

    monkeypatch.setattr(Backbone, "read", fake)
    return fed


def test_out_of_memory_halves_the_batch_keeps_every_row_and_grows_back(
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = loaded["qwen2_5_vl"][1]
    only = 'start: "[" NUMBER ("," NUMBER){5} "]"\nNUMBER: /[1-9][0-9]/'
    asked = [replace(request(chat, COPIES[0], noise=noise), grammar=only) for noise in range(8)]
    expected = decoder(loaded["qwen2_5_vl"], rows=8).decode(asked)
    monkeypatch.setattr(decoding, "_GROW_AFTER", 1)
    loop = decoder(loaded["qwen2_5_vl"], rows=8)
    with monkeypatch.context() as patch:
        fed = out_of_memory_above(3, patch)
        assert loop.decode(asked) == expected
        assert max(fed[-5:]) <= 3 < max(fed)
    fed = out_of_memory_above(99, monkeypatch)
    assert loop.decode(asked * 3) == expected * 3
    assert max(fed) == 8, "the batch grew back"


def test_a_request_that_alone_exceeds_the_memory_is_a_fault_and_no_other_is(
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = loaded["qwen2_5_vl"][1]
    asked = requests(chat)
    expected = decoder(loaded["qwen2_5_vl"]).decode(asked)
    encode = Backbone.encode_pictures

    def fake(self: Backbone, pictures: Any) -> Any:
        if any(picture is asked[1].prompt.picture for picture in pictures):
            raise torch.OutOfMemoryError
        return encode(self, pictures)

    monkeypatch.setattr(Backbone, "encode_pictures", fake)
    answers = decoder(loaded["qwen2_5_vl"]).decode(asked)
    assert answers[1][0].kind == "out_of_memory"
    assert [a for i, a in enumerate(answers) if i != 1] == [a for i, a in enumerate(expected) if i != 1]


class OneFailure(TorchDispatchMode):
    """Has the `at`-th operator of PyTorch raise an error; counts them all."""

    def __init__(self, error: Exception | None = None, at: int = -1) -> None:
        super().__init__()
        self.error, self.at, self.count = error, at, 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        if self.count == self.at and self.error is not None:
            raise self.error
        return func(*args, **(kwargs or {}))


def failing_at(at: int, error: Exception, monkeypatch: pytest.MonkeyPatch) -> OneFailure:
    """Have one operator of the loop fail, those that load and fold weights not counted."""
    mode, advance = OneFailure(error, at), decoding.Decoder._advance

    def fake(self: Decoder, run: Any) -> None:
        with mode:
            advance(self, run)

    monkeypatch.setattr(decoding.Decoder, "_advance", fake)
    return mode


ONLY = 'start: "[" NUMBER ("," NUMBER){5} "]"\nNUMBER: /[1-9][0-9]/'


@pytest.mark.parametrize(("rows", "spare"), [(2, 0), (8, 0), (8, 192)])
def test_memory_that_ends_at_any_operator_loses_no_row_and_answers_none_twice(
    loaded: dict[str, Any], rows: int, spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = loaded["qwen2_5_vl"][1]
    asked = [
        replace(request(chat, COPIES[0], noise=noise), grammar=ONLY, candidates=1 + noise % 2) for noise in range(4)
    ]
    errors = [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED")]

    def decoded(at: int) -> tuple[list[list[Answer | Fault]], int]:
        with monkeypatch.context() as patch:
            mode = failing_at(at, errors[at % 2], patch)
            return decoder(loaded["qwen2_5_vl"], rows=rows, spare_tokens=spare).decode(asked), mode.count

    expected, whole = decoded(-1)
    for at in range(1, whole, whole // examples(3, soak=8)):
        answers, count = decoded(at)
        assert answers == expected, f"operator {at} of {whole}"
        assert count > whole - at, "what was under way began anew"


@pytest.mark.parametrize("part", ["encode_pictures", "read", "scores"])
def test_memory_that_never_suffices_for_a_part_makes_every_row_a_fault(
    part: str, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Backbone, part, full)
    asked = [replace(one, candidates=2) for one in requests(loaded["qwen2_5_vl"][1])]
    answers = decoder(loaded["qwen2_5_vl"], rows=8).decode(asked)
    assert [[fault.kind for fault in some] for some in answers] == [["out_of_memory"] * 2] * len(asked)


@pytest.mark.parametrize(
    "error", [torch.AcceleratorError("CUDA error: Xid 79"), RuntimeError("CUDA error: unspecified launch failure")]
)
def test_a_device_that_is_lost_is_no_fault_of_a_row(
    error: Exception, loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_at(500, error, monkeypatch)
    with pytest.raises(type(error)):
        decoder(loaded["qwen2_5_vl"]).decode(requests(loaded["qwen2_5_vl"][1]))


def test_a_row_that_fails_by_itself_is_a_fault_and_its_neighbours_go_on(loaded: dict[str, Any]) -> None:
    chat = loaded["qwen2_5_vl"][1]
    asked = requests(chat)
    expected = decoder(loaded["qwen2_5_vl"]).decode(asked)
    bad = Prompt(asked[2].prompt.prefix, asked[2].prompt.rest[3:], asked[2].prompt.picture)
    asked[2] = Request(bad, asked[2].grammar, 500)
    answers = decoder(loaded["qwen2_5_vl"]).decode(asked)
    assert answers[2][0].kind == "model_error"
    assert "visual tokens" in answers[2][0].message
    assert [a for i, a in enumerate(answers) if i != 2] == [a for i, a in enumerate(expected) if i != 2]


def test_an_error_in_a_step_is_tried_alone_before_it_is_a_fault(
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = loaded["internvl"][1]
    asked = requests(chat)
    expected = decoder(loaded["internvl"]).decode(asked)
    poison = len(asked[3].prompt)
    step = batching.Batch.step

    def fake(self: Any) -> Any:
        if any(row.owner[0] == 3 and row.length > poison + 20 for row in self.live):
            raise RuntimeError("shape mismatch (told by a test)")
        return step(self)

    monkeypatch.setattr(batching.Batch, "step", fake)
    answers = decoder(loaded["internvl"]).decode(asked)
    assert answers[3][0] == Fault("model_error", "RuntimeError: shape mismatch (told by a test)")
    assert answers[:3] == expected[:3]


def test_scores_that_are_not_finite_fail_their_row_alone(
    loaded: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = requests(loaded["qwen2_vl"][1])
    expected = decoder(loaded["qwen2_vl"]).decode(asked)
    encode = Backbone.encode_pictures

    def fake(self: Backbone, pictures: Any) -> Any:
        seen = encode(self, pictures)
        first = 0
        for picture in pictures:
            if picture is asked[0].prompt.picture:
                seen.vectors[first] = float("nan")
            first += self.pictures.tokens(picture)
        return seen

    monkeypatch.setattr(Backbone, "encode_pictures", fake)
    answers = decoder(loaded["qwen2_vl"]).decode(asked)
    assert answers[0][0].kind == "decoding_failed"
    assert "not finite" in answers[0][0].message
    assert answers[1:] == expected[1:]


def test_what_is_not_answered_by_the_deadline_is_a_fault_that_keeps_what_was_written(loaded: dict[str, Any]) -> None:
    seconds = iter(range(10_000))
    chat = loaded["qwen2_5_vl"][1]
    loop = decoder(loaded["qwen2_5_vl"], rows=2, deadline_s=10, clock=lambda: next(seconds))
    answers = firsts(loop.decode(requests(chat)))
    assert {answer.kind for answer in answers} == {"deadline"}
    assert "within the 10 s of its batch" in answers[0].message
    assert sorted(str(answer.raw)[:16] for answer in answers) == [
        "None",
        "None",
        '[{"role":"title"',
        '[{"role":"title"',
    ]
    assert all(answer.ended for answer in firsts(decoder(loaded["qwen2_5_vl"], rows=2).decode(requests(chat))))


def test_an_answer_that_grows_too_long_is_cut_and_says_so(loaded: dict[str, Any]) -> None:
    asked = requests(loaded["qwen2_5_vl"][1], max_tokens=30)
    for answer in firsts(decoder(loaded["qwen2_5_vl"]).decode(asked)):
        assert not answer.ended
        assert answer.text.startswith('[{"role":"title"')


def test_a_prompt_beyond_the_models_context_is_a_fault_with_its_mend(loaded: dict[str, Any]) -> None:
    chat = loaded["qwen2_5_vl"][1]
    image = np.zeros((1400, 1400, 3), np.uint8)
    prompt = layout_prompt(COPIES[0], Canvas(9, 9))
    large = Request(chat.prompt(prompt.system, prompt.user, chat.pictures.prepare(image, 2000)), None, 2000)
    fine = request(chat, COPIES[0])
    (fault,), (answer,) = decoder(loaded["qwen2_5_vl"]).decode([large, fine])
    assert fault.kind == "prompt_too_long"
    assert "show a smaller image" in fault.message
    assert answer.ended


def test_a_grammar_that_cannot_be_read_is_a_fault(loaded: dict[str, Any]) -> None:
    chat = loaded["qwen2_5_vl"][1]
    one = request(chat, COPIES[0])
    (fault,), (answer,) = decoder(loaded["qwen2_5_vl"]).decode([Request(one.prompt, "start: nothing"), one])
    assert fault.kind == "bad_grammar"
    assert answer.ended


def test_the_model_is_left_as_it_was(loaded: dict[str, Any]) -> None:
    model, chat = loaded["qwen2_5_vl"]
    before = model.model.language_model.config._attn_implementation
    weights = {name: weight.clone() for name, weight in model.state_dict().items()}
    decoder(loaded["qwen2_5_vl"]).decode(requests(chat)[:1])
    assert not any("forward" in module.__dict__ for module in model.modules())
    assert all(torch.equal(weight, weights[name]) for name, weight in model.state_dict().items())
    assert model.model.language_model.config._attn_implementation == before
    assert model.model.visual.config._attn_implementation == before
