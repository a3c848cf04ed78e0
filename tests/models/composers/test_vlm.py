"""The composer: real loading code, proven on tiny checkpoints of all families laid out like the published ones."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from layoutgen.config.stages import ComposeSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.prompts import layouts as prompts
from layoutgen.core.prompts.layouts import PROMPT_VERSION
from layoutgen.core.prompts.refinements import Given
from layoutgen.core.proposals.ranking import layout_score
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.building import vlm as building_vlm
from layoutgen.models.composers import vlm as qwen_vl
from layoutgen.models.composers.vlm import QwenVlComposer, _layout_question, layout_task
from layoutgen.models.decoding.answerer import DecodingOptions, open_answerer
from layoutgen.models.decoding.decoder import Request
from layoutgen.models.vlm.canvas_painter import CanvasPainter
from layoutgen.models.vlm.checkpoints import record_given
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.models.vlm.pixel_inputs import pixel_inputs
from layoutgen.models.vlm.tiny import FAMILIES, build_adapter, build_checkpoint
from layoutgen.models.weights import weights_sha

pytestmark = pytest.mark.slow

MAX_SIDE = 112
FRAMING = Framing(backdrop="#eeeeee")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for each other make so small a model a hundred times slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tiny")
    return {family: build_checkpoint(family, folder / family) for family in FAMILIES}


@pytest.fixture(scope="module")
def adapters(checkpoints: dict[str, Path]) -> dict[str, Path]:
    return {
        family: build_adapter(path, path.with_name(f"{family}_adapter"), max_side=MAX_SIDE)
        for family, path in checkpoints.items()
    }


def composer(weights: Path, adapter: Path | None = None, **changes: object) -> QwenVlComposer:
    options: dict = {"max_side": MAX_SIDE, "max_new_tokens": 500, "rows": 2} | changes
    drawn = {name: options.pop(name) for name in ("candidates", "temperature", "seed") if name in options}
    answerer = open_answerer(weights, adapter, DecodingOptions(**options), task=layout_task)
    return QwenVlComposer(answerer, frame=lambda *_: FRAMING, **drawn)


def brief(copy: Copy, canvas: Canvas = Canvas(800, 1200), seed: int = 0) -> Brief:  # noqa: B008
    image = np.random.default_rng(seed).integers(0, 256, (150, 100, 3), np.uint8)
    return Brief(image, Annotation(), copy, canvas)


BRIEFS = [
    brief(Copy("Kettle", ("$12",))),
    brief(Copy("手冲咖啡壶", ("到手价¥199", "立即购买"), brand="山野"), Canvas(1000, 1000), seed=1),
    brief(Copy("A long title with many words in it", logo="s3://b/logo.png"), Canvas(1200, 600), seed=2),
]


def asked(model: QwenVlComposer, one: Brief) -> Request:
    request = model._request(_layout_question(one), model._painter.prepare(one.image, one.annotation, one.canvas))
    assert isinstance(request, Request)
    return request


def inner(model: QwenVlComposer) -> Any:
    """The transformers model of a composer."""
    return model._answerer.engine._model._model


def scores(model: QwenVlComposer, one: Brief) -> torch.Tensor:
    """What the model thinks of the answer's first token, as transformers alone computes it."""
    prompt = asked(model, one).prompt
    ids = torch.tensor([[*prompt.prefix, *prompt.rest]])
    kind = model._answerer.chat.pictures
    inputs = pixel_inputs(kind, [prompt.picture], torch.device("cpu"), torch.float32)
    if not kind.tiles:
        inputs["mm_token_type_ids"] = (ids == model._answerer.chat.image_token).long()
    with torch.inference_mode():
        return inner(model)(input_ids=ids, **inputs).logits[0, -1]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_loads_and_composes(family: str, checkpoints: dict[str, Path]) -> None:
    model = composer(checkpoints[family])
    assert model._answerer.identity["family"] == family
    for one, answer in zip(BRIEFS, model.compose(BRIEFS), strict=True):
        assert isinstance(answer, Composition), answer
        assert answer.framing == FRAMING
        texts = [s.text for s in answer.suggestions]
        assert texts[0] == one.copy.title
        assert json.loads(answer.raw or "")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_gives_what_single_briefs_give(family: str, checkpoints: dict[str, Path]) -> None:
    model = composer(checkpoints[family], rows=3)
    assert model.compose(BRIEFS) == [model.compose([one])[0] for one in BRIEFS]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_picture_and_the_copy_reach_the_model(family: str, checkpoints: dict[str, Path]) -> None:
    model = composer(checkpoints[family])
    plain = scores(model, BRIEFS[0])
    assert not torch.allclose(plain, scores(model, brief(BRIEFS[0].copy, seed=9)), atol=1e-3)
    assert not torch.allclose(plain, scores(model, brief(Copy("Bottle", ("$12",)))), atol=1e-3)
    torch.testing.assert_close(plain, scores(model, brief(BRIEFS[0].copy)), rtol=0, atol=0)


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_the_picture_keeps_the_size_that_was_asked_for(family: str, checkpoints: dict[str, Path]) -> None:
    model = composer(checkpoints[family], max_side=224)
    unit = model._answerer.chat.pictures.unit
    prompt = asked(model, brief(BRIEFS[0].copy, Canvas(600, 800))).prompt
    height, width = (round(side / unit) for side in (224, 168))
    assert prompt.picture is not None
    assert prompt.picture.grid == (height, width)
    assert prompt.picture.pixels.shape == (height * unit, width * unit, 3)
    assert prompt.rest.count(model._answerer.chat.image_token) == height * width


@pytest.mark.parametrize("family", FAMILIES)
def test_a_brief_prepared_elsewhere_is_composed_alike(family: str, checkpoints: dict[str, Path]) -> None:
    model = composer(checkpoints[family])
    painter = CanvasPainter(picture_kind(checkpoints[family], family), MAX_SIDE, lambda *_: FRAMING)
    nothing = np.zeros((0, 0, 3), np.uint8)
    elsewhere = [
        replace(one, image=nothing, prepared=painter.prepare(one.image, one.annotation, one.canvas)) for one in BRIEFS
    ]
    assert model.compose(elsewhere) == model.compose(BRIEFS)


def test_of_several_candidates_the_best_is_taken_and_never_worse_than_the_greedy_one(
    checkpoints: dict[str, Path],
) -> None:
    greedy, best = (composer(checkpoints["qwen2_5_vl"], candidates=count).compose(BRIEFS) for count in (1, 4))
    again = composer(checkpoints["qwen2_5_vl"], candidates=4, rows=16).compose(BRIEFS)
    assert best == again
    gains = [
        layout_score(many.suggestions, one.canvas) - layout_score(single.suggestions, one.canvas)
        for one, single, many in zip(BRIEFS, greedy, best, strict=True)
    ]
    assert min(gains) >= 0
    assert max(gains) > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_changes_the_answer_and_is_recorded(
    family: str, checkpoints: dict[str, Path], adapters: dict[str, Path]
) -> None:
    plain, adapted = composer(checkpoints[family]), composer(checkpoints[family], adapters[family])
    assert plain._answerer.identity["adapter_sha"] == ""
    assert adapted._answerer.identity["adapter_sha"] == weights_sha(adapters[family])
    assert adapted._answerer.identity["prompt_version"] == PROMPT_VERSION
    assert not torch.allclose(scores(plain, BRIEFS[0]), scores(adapted, BRIEFS[0]), atol=1e-2)
    answers = [model.compose(BRIEFS[:1])[0] for model in (plain, adapted)]
    assert all(isinstance(answer, Composition) for answer in answers)
    assert answers[0] != answers[1]


def test_an_adapter_is_merged_into_what_it_computes_unmerged(
    checkpoints: dict[str, Path], adapters: dict[str, Path]
) -> None:
    from peft import PeftModel

    merged, plain = (composer(checkpoints["qwen2_5_vl"], adapter) for adapter in (adapters["qwen2_5_vl"], None))
    plain._answerer.engine._model._model = PeftModel.from_pretrained(
        inner(plain), adapters["qwen2_5_vl"]
    ).base_model.model
    torch.testing.assert_close(scores(merged, BRIEFS[0]), scores(plain, BRIEFS[0]), rtol=1e-3, atol=1e-3)


def test_the_flat_config_of_published_checkpoints_is_understood(checkpoints: dict[str, Path]) -> None:
    assert "text_config" not in json.loads((checkpoints["qwen2_5_vl"] / "config.json").read_text())
    names = load_file(checkpoints["qwen2_5_vl"] / "model.safetensors")
    assert {"lm_head.weight", "model.norm.weight", "visual.blocks.0.attn.qkv.weight"} <= set(names)
    text = inner(composer(checkpoints["qwen2_5_vl"])).config.text_config
    assert (text.hidden_size, text.num_key_value_heads, text.rms_norm_eps) == (128, 2, 1e-6)
    assert (text.rope_parameters["mrope_section"], text.rope_parameters["rope_theta"]) == ([4, 6, 6], 1e6)


def test_a_datum_without_an_answer_is_a_fault_among_its_neighbours(checkpoints: dict[str, Path]) -> None:
    model = composer(checkpoints["qwen3_vl"], max_new_tokens=120)
    long = Copy("Kettle", ("point one", "point two", "point three", "point four"))
    briefs = [brief(Copy("")), brief(Copy("Kettle")), brief(Copy("x" * 100_000)), brief(long)]
    empty, fine, endless, cut = model.compose(briefs)
    assert isinstance(fine, Composition)
    assert isinstance(empty, Fault) and empty.kind == "empty_copy"
    assert isinstance(endless, Fault) and endless.kind == "copy_too_long"
    assert isinstance(cut, Fault) and cut.kind == "unparsable_answer"
    assert "cut off after max_new_tokens=120" in cut.message
    assert (cut.raw or "").startswith('[{"role":"title","text":"Kettle"')


def test_an_answer_that_does_not_parse_is_a_fault_that_keeps_it(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qwen_vl, "answer_grammar", lambda copy: 'start: "no layout"')
    fault = composer(checkpoints["qwen2_vl"]).compose(BRIEFS[:1])[0]
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.raw) == ("unparsable_answer", "no layout")


def test_sixty_lines_of_copy_are_laid_out_or_refused_with_the_mend(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = brief(Copy("Kettle", tuple(f"point {number}" for number in range(60))))
    (fault,) = composer(checkpoints["qwen2_5_vl"], max_new_tokens=100).compose([many])
    assert isinstance(fault, Fault)
    assert fault.kind == "copy_too_long"
    assert "shorten it or raise the limit" in fault.message
    without_underlays = [prompts.item_rule(slot) for slot in prompts.slots(many.copy)]
    monkeypatch.setattr(qwen_vl, "answer_grammar", lambda copy: prompts.layout_grammar(without_underlays, 0))
    (answer,) = composer(checkpoints["qwen2_5_vl"], max_new_tokens=2800).compose([many])
    assert isinstance(answer, Composition)
    assert [s.text for s in answer.suggestions] == [many.copy.title, *many.copy.selling_points]


def test_a_picture_beyond_the_models_context_is_a_dead_letter_of_its_own(checkpoints: dict[str, Path]) -> None:
    large = composer(checkpoints["qwen2_5_vl"], max_side=2000)
    painter = composer(checkpoints["qwen2_5_vl"])._painter
    one = BRIEFS[0]
    small = replace(one, prepared=painter.prepare(one.image, one.annotation, one.canvas))
    fault, answer = large.compose([brief(one.copy, Canvas(2000, 2000)), small])
    assert isinstance(fault, Fault) and fault.kind == "prompt_too_long"
    assert "show a smaller image" in fault.message
    assert isinstance(answer, Composition)


def edit_json(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def truncate(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-100])


def forget_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


def forget_a_weight(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors.pop("model.layers.1.mlp.up_proj.weight")
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (truncate, r"model\.safetensors has \d+ bytes where its header asks for \d+; fetch it again"),
        (forget_tokenizer, "neither tokenizer.json nor vocab.json; copy the checkpoint's tokenizer"),
        (forget_a_weight, "lacks 1 of its model's weights .*up_proj.*; fetch again"),
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
        (lambda folder: (folder / "chat_template.json").unlink(), "no chat template"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), "preprocessor_config.json"),
        (
            lambda folder: edit_json(folder / "config.json", model_type="llava"),
            "model_type 'llava'; known are qwen2_vl, qwen2_5_vl, qwen3_vl, internvl",
        ),
    ],
    ids=["truncated", "no tokenizer", "missing weight", "no config", "no template", "no image processor", "unknown"],
)
def test_a_broken_checkpoint_is_refused_with_its_mend(
    harm: Callable[[Path], None], message: str, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(checkpoints["qwen2_5_vl"], tmp_path / "broken"))
    harm(folder)
    with pytest.raises((ValueError, OSError), match=message):
        composer(folder)


def other_weights(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    save_file(
        {name.replace("layers.0", "layers.7"): t for name, t in tensors.items()}, folder / "adapter_model.safetensors"
    )


def other_shapes(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    wide = {name: torch.zeros(t.shape[0], 256) if "lora_A" in name else t for name, t in tensors.items()}
    save_file(wide, folder / "adapter_model.safetensors")


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: edit_json(folder / "layoutgen_adapter.json", base_sha="b" * 64), "base_sha='bbb.* trained on"),
        (lambda folder: edit_json(folder / "layoutgen_adapter.json", max_side=448), "max_side=448.* set max_side"),
        (lambda folder: edit_json(folder / "layoutgen_adapter.json", codec="pixels"), "codec='pixels'"),
        (lambda folder: edit_json(folder / "layoutgen_adapter.json", prompt_version="layout-0"), "train it again"),
        (other_weights, "does not fit its base"),
        (other_shapes, "does not fit its base"),
        (lambda folder: edit_json(folder / "adapter_config.json", target_modules=["wq"]), "does not fit its base"),
        (lambda folder: (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin"), "only pickled"),
    ],
    ids=["base", "size", "codec", "prompt", "layers", "shapes", "modules", "pickle"],
)
def test_an_adapter_of_something_else_is_refused_with_its_mend(
    harm: Callable[[Path], object],
    message: str,
    checkpoints: dict[str, Path],
    adapters: dict[str, Path],
    tmp_path: Path,
) -> None:
    folder = Path(shutil.copytree(adapters["qwen2_5_vl"], tmp_path / "adapter"))
    harm(folder)
    with pytest.raises(ValueError, match=message):
        composer(checkpoints["qwen2_5_vl"], folder)


def test_an_adapter_of_another_checkpoint_is_refused(
    checkpoints: dict[str, Path], adapters: dict[str, Path], tmp_path: Path
) -> None:
    other = build_checkpoint("qwen2_5_vl", tmp_path, seed=5)
    assert weights_sha(other) != weights_sha(checkpoints["qwen2_5_vl"])
    with pytest.raises(ValueError, match="give the checkpoint it was trained on"):
        composer(other, adapters["qwen2_5_vl"])


def test_tiny_checkpoints_are_the_same_every_time(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    assert weights_sha(build_checkpoint("qwen3_vl", tmp_path)) == weights_sha(checkpoints["qwen3_vl"])
    with pytest.raises(ValueError, match="unknown family 'llava'"):
        build_checkpoint("llava", tmp_path)


def test_a_checkpoint_that_was_taught_so_is_shown_what_is_given(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    """What the engine is asked, noted on its way; the note beside the weights decides."""
    taught = Path(shutil.copytree(checkpoints["qwen2_5_vl"], tmp_path / "taught"))
    record_given(taught)
    asked: dict[bool, list[np.ndarray]] = {}
    for weights in (checkpoints["qwen2_5_vl"], taught):
        settings = ComposeSettings(engine="qwen_vl", model=str(weights), image_side=MAX_SIDE, max_new_tokens=500)
        model, _ = building_vlm.composer(settings, 0, Storage(), lambda *_: FRAMING)
        assert isinstance(model, QwenVlComposer)
        noted = asked.setdefault(weights == taught, [])

        def decode(requests: list[Request], noted: list[np.ndarray] = noted) -> list[list[Fault]]:
            noted.extend(request.prompt.picture.pixels for request in requests if request.prompt.picture)
            return [[Fault("noted", "not answered")] for _ in requests]

        model._answerer = replace(model._answerer, engine=SimpleNamespace(decode=decode))
        hint = Given(Suggestion(Role.TITLE, (0.1, 0.1, 0.8, 0.4), "Kettle"), True)
        model.refine([BRIEFS[0]], [[hint]], 0.01)
        model.compose([BRIEFS[0]])
    (hinted, whole), (plain, same) = asked[True], asked[False]
    assert (whole == same).all() and (plain == same).all() and (hinted != plain).any()
