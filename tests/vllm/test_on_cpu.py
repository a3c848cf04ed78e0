"""vLLM as the engine, for real, on CPUs: `make test-vllm`. Everywhere else there is no vLLM, and nothing is run."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("vllm")

import torch

from layoutgen.config.stages import ComposeSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing
from layoutgen.core.prompts.layouts import answer_grammar, layout_prompt, parse_layout
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.building import vlm as building_vlm
from layoutgen.models.decoding.answerer import DecodingOptions
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Decoder, Request
from layoutgen.models.decoding.vllm_engine import VllmDecoder
from layoutgen.models.vlm.checkpoints import load_chat_format, load_model
from layoutgen.models.vlm.tiny import build_adapter, build_checkpoint

SIDE = 112
COPIES = [
    Copy("云感缓震跑鞋", ("回弹中底，落地更轻", "￥399起")),
    Copy("Silence, on demand", ("48 dB adaptive noise cancelling", "60-hour battery", "$129"), brand="ECHO"),
    Copy('He said "no"\\', ("line\nbreak", "emoji 😀", "<|im_end|> <|image_pad|>")),
    Copy("海上书", (), brand="HAUS"),
]


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    base = build_checkpoint("qwen2_5_vl", folder / "base")
    return {"base": base, "adapter": build_adapter(base, folder / "adapter", max_side=SIDE)}


@pytest.fixture(scope="module")
def vllm(checkpoints: dict[str, Path]) -> VllmDecoder:
    return VllmDecoder(
        checkpoints["base"],
        [checkpoints["adapter"]],
        DecodingOptions(device="cpu", dtype="float32", max_side=SIDE, rows=16),
        context=2048,
    )


def requests(weights: Path, count: int = 12, **options: object) -> list[Request]:
    chat = load_chat_format(weights)
    lots = np.random.default_rng(0)
    asked = []
    for number in range(count):
        copy = COPIES[number % len(COPIES)]
        size = (SIDE, 84) if number % 3 else (56, SIDE)
        picture = chat.pictures.prepare(lots.integers(0, 255, (*size, 3), np.uint8), SIDE)
        told = layout_prompt(copy, Canvas(800, 800))
        prompt = chat.prompt(told.system, told.user, picture)
        asked.append(Request(prompt, answer_grammar(copy), 512, **options))
    return asked


def ours(weights: Path, asked: list[Request], adapter: Path | None = None) -> list[str]:
    chat = load_chat_format(weights)
    model = load_model(weights, adapter, "cpu", torch.float32)
    decoder = Decoder(Backbone(model, chat.pictures), chat.tokenizer, chat.ends, rows=8)
    return [answers[0].text for answers in decoder.decode(asked)]


def test_answers_are_those_of_our_own_engine(vllm: VllmDecoder, checkpoints: dict[str, Path]) -> None:
    asked = requests(checkpoints["base"])
    found = vllm.decode(asked, [None] * len(asked))
    assert [answers[0].text for answers in found] == ours(checkpoints["base"], asked)
    for number, answers in enumerate(found):
        assert answers[0].ended
        parse_layout(answers[0].text, COPIES[number % len(COPIES)])


def test_an_adapter_belongs_to_its_request(vllm: VllmDecoder, checkpoints: dict[str, Path]) -> None:
    asked = requests(checkpoints["base"], 6)
    adapters = [checkpoints["adapter"] if number % 2 else None for number in range(6)]
    texts = [answers[0].text for answers in vllm.decode(asked, adapters)]
    plain = ours(checkpoints["base"], asked)
    adapted = ours(checkpoints["base"], asked, checkpoints["adapter"])
    assert plain != adapted
    assert texts == [adapted[number] if number % 2 else plain[number] for number in range(6)]


def test_candidates_begin_with_the_greedy_answer_and_are_all_valid(
    vllm: VllmDecoder, checkpoints: dict[str, Path]
) -> None:
    asked = requests(checkpoints["base"], 2, candidates=3, temperature=1.0, seed=5)
    found = vllm.decode(asked, [None] * len(asked))
    assert [len(answers) for answers in found] == [3, 3]
    assert [answers[0].text for answers in found] == ours(checkpoints["base"], requests(checkpoints["base"], 2))
    for number, answers in enumerate(found):
        for answer in answers:
            parse_layout(answer.text, COPIES[number])


def test_a_bad_request_is_its_own_fault(vllm: VllmDecoder, checkpoints: dict[str, Path]) -> None:
    good, other = requests(checkpoints["base"], 2)
    long = Request(other.prompt, other.grammar, 5000)
    broken = Request(other.prompt, "start: (", 64)
    found = vllm.decode([long, good, broken], [None] * 3)
    assert isinstance(found[0][0], Fault) and found[0][0].kind == "prompt_too_long"
    assert isinstance(found[2][0], Fault) and found[2][0].kind == "bad_grammar"
    assert [found[1][0].text] == ours(checkpoints["base"], [good])


def test_an_adapter_that_was_not_named_is_refused(vllm: VllmDecoder, checkpoints: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="none of this decoder's"):
        vllm.decode(requests(checkpoints["base"], 1), [Path("/another")])


# Last: a second vLLM in one process takes from the first what both keep there.
@pytest.mark.parametrize("adapted", [False, True])
def test_settings_choose_vllm(checkpoints: dict[str, Path], adapted: bool) -> None:
    named = {"model": str(checkpoints["base"]), "adapter": str(checkpoints["adapter"]) if adapted else ""}
    told = ComposeSettings(engine="qwen_vl", **named, decoder="vllm", image_side=SIDE, max_new_tokens=512)
    lots = np.random.default_rng(1)
    photo, canvas = lots.integers(0, 255, (90, 90, 3), np.uint8), Canvas(800, 800)
    briefs = [Brief(photo, Annotation(()), copy, canvas) for copy in COPIES]
    found = {}
    for decoder in ("vllm", "loop"):
        settings = told.model_copy(update={"decoder": decoder})
        model, provenance = building_vlm.composer(settings, 0, Storage(), lambda *_: Framing(backdrop="#eeeeee"))
        found[decoder] = model.compose(briefs)
        assert provenance["adapter"] is None or str(checkpoints["adapter"]) in provenance["adapter"]
    assert found["vllm"] == found["loop"]
    assert all(isinstance(one, Composition) for one in found["vllm"])
