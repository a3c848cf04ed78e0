"""What is learnt is served: a tiny model remembers its examples letter by letter, through the decoding loop."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from layoutgen.config.training import TrainSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Framing
from layoutgen.models.base import Brief, Composition, Prepared
from layoutgen.models.composers.vlm import QwenVlComposer, layout_task
from layoutgen.models.decoding import segments
from layoutgen.models.decoding.answerer import DecodingOptions, open_answerer
from layoutgen.models.vlm.checkpoints import ADAPTER_RECORD, check_adapter, load_chat_format
from layoutgen.models.vlm.tiny import FAMILIES, build_checkpoint
from layoutgen.models.weights import weights_sha
from layoutgen.training.loop.engines import PlainEngine
from layoutgen.training.loop.feeding import Feed
from layoutgen.training.loop.order import Order
from layoutgen.training.loop.steps import DivergedError, Recipe, StepResult, rate_at, recipe_of, restore, train_step
from layoutgen.training.vlm import lora
from layoutgen.training.vlm.tokens import encoder
from tests.training.samples import Drawn, question, sample

pytestmark = pytest.mark.slow

SIDE = 56


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("base") / "base")


def tiny_recipe(**other: Any) -> Recipe:
    values: dict[str, Any] = {"batch": 4, "micro": 4, "rate": 5e-3, "image_side": SIDE, "dtype": "float32"}
    return recipe_of(TrainSettings.model_validate({**values, "checkpointing": False, **other}))


def trained(
    base: Path, recipe: Recipe, steps: int, count: int = 4, **engine: Any
) -> tuple[PlainEngine, list[StepResult]]:
    chat = load_chat_format(base)
    found = PlainEngine(lora.load_learner(base, recipe, "cpu"), clip=1.0, decay=0.0, **engine)
    make = lora.collator(chat, recipe, torch.device("cpu"))
    order = Order(count, recipe.batch, recipe.seed, window=2)
    taken = []
    pairs = recipe.method == "dpo"
    with Feed(Drawn(count), encoder(chat, SIDE, pairs=pairs), order, micro=recipe.micro) as feed:
        for step, chunks in feed.steps(0, steps):
            taken.append(train_step(found, chunks, make, recipe, step, steps))
            if not pairs and taken[-1].hits == 1 and taken[-1].loss < 0.05:
                break
    return found, taken


def answers(weights: Path, adapter: Path | None, count: int) -> list[str]:
    options = DecodingOptions(max_side=SIDE, max_new_tokens=120)
    answerer = open_answerer(weights, adapter, options, task=layout_task)
    composer = QwenVlComposer(answerer, frame=lambda *_: Framing())
    kind = answerer.chat.pictures
    briefs = []
    for number in range(count):
        pixels, copy, canvas, _ = question(number)
        ready = Prepared(Framing(), kind.prepare(pixels, SIDE))
        briefs.append(Brief(pixels, Annotation(), copy, canvas, None, ready))
    made = composer.compose(briefs)
    return [one.raw or "" if isinstance(one, Composition) else one.message for one in made]


def test_an_adapter_remembers_its_examples_letter_by_letter(base: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(rate=8e-3)
    engine, taken = trained(base, recipe, 90, count=4)
    out = lora.export(engine.learner, engine.weights(), tmp_path / "out", base, "base", recipe)
    assert taken[-1].hits == 1
    assert taken[-1].loss < taken[0].loss / 20
    assert answers(base, out, 4) == [sample(number).answer for number in range(4)]


def test_all_weights_can_be_trained_from_scratch_and_served(base: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(method="full", rate=4e-3, batch=12, micro=12)
    engine, _ = trained(base, recipe, 80, count=12)
    out = lora.export(engine.learner, engine.weights(), tmp_path / "out", base, "base", recipe)
    assert answers(out, None, 12) == [sample(number).answer for number in range(12)]
    assert not (out / ADAPTER_RECORD).exists()


@pytest.mark.parametrize("family", FAMILIES)
def test_every_familys_adapter_changes_what_is_served(tmp_path: Path, family: str) -> None:
    base = build_checkpoint(family, tmp_path / "base")
    recipe = tiny_recipe(rate=3e-2, vision=True, warmup=0.0)
    engine, _ = trained(base, recipe, 2, count=2)
    out = lora.export(engine.learner, engine.weights(), tmp_path / "out", base, "hub/base", recipe)
    weights = load_file(out / "adapter_model.safetensors")
    assert all(weight.numel() and weight.abs().sum() > 0 for weight in weights.values())
    assert any("visual" in name or "vision_tower" in name for name in weights)
    assert json.loads((out / ADAPTER_RECORD).read_text())["vision"] is True
    assert json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"] == "hub/base"
    check_adapter(out, {"weights_sha": weights_sha(base), "max_side": str(SIDE)})
    assert answers(base, out, 2) != answers(base, None, 2)


def test_the_usual_adapter_leaves_the_vision_tower_alone(base: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    learner = lora.load_learner(base, recipe, "cpu")
    names = [name for name, weight in learner.named_parameters() if weight.requires_grad]
    assert names
    assert all("language_model.layers" in name for name in names)


def test_checkpointing_and_small_chunks_learn_the_same(base: Path) -> None:
    plain = trained(base, tiny_recipe(), 2)[0].weights()
    for other in (tiny_recipe(checkpointing=True), tiny_recipe(micro=1), tiny_recipe(micro=3)):
        found = trained(base, other, 2)[0].weights()
        assert all(torch.allclose(weight, plain[name], atol=2e-5) for name, weight in found.items())


def test_the_vision_tower_attends_to_all_windows_of_a_length_at_once_and_learns_the_same(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, chat = tiny_recipe(vision=True, image_side=168), load_chat_format(base)
    rows = [encoder(chat, 168)(Drawn(6).sample(i, 0), i, 0) for i in range(6)]
    batch = lora.collator(chat, recipe, torch.device("cpu"))(rows)
    whole = nn.functional.scaled_dot_product_attention

    def learnt(way: str) -> tuple[int, dict[str, Any]]:
        counted = 0

        def count(*args: Any, **more: Any) -> torch.Tensor:
            nonlocal counted
            counted += 1
            return whole(*args, **more)

        learner = lora.load_learner(base, recipe, "cpu")
        learner.bare.model.visual.config._attn_implementation = way
        with monkeypatch.context() as patch:
            patch.setattr(nn.functional, "scaled_dot_product_attention", count)
            patch.setattr(segments, "scaled_dot_product_attention", count)
            learner(batch)[0].backward()
        own = len(learner.bare.model.language_model.layers)
        return counted - own, {name: w.grad for name, w in learner.named_parameters() if w.requires_grad}

    assert lora.load_learner(base, recipe, "cpu").bare.model.visual.config._attn_implementation == segments.SEGMENTS
    (calls, packed), (many, plain) = learnt(segments.SEGMENTS), learnt("sdpa")
    assert 2 * calls <= many
    assert any("visual" in name and gradient.any() for name, gradient in packed.items())
    for name, gradient in packed.items():
        torch.testing.assert_close(gradient, plain[name], atol=1e-5, rtol=1e-4)


def test_half_precision_learns(base: Path) -> None:
    _, taken = trained(base, tiny_recipe(dtype="bfloat16"), 8)
    assert taken[-1].loss < taken[0].loss - 1


def test_preferences_raise_the_wanted_answer_above_the_rejected_one(base: Path) -> None:
    _, taken = trained(base, tiny_recipe(method="dpo", rate=2e-3, batch=2, micro=2, warmup=0.0), 8, count=2)
    assert taken[0].loss == pytest.approx(math.log(2), rel=1e-4)  # nothing is preferred before the first step
    assert taken[-1].loss < 0.3
    assert taken[-1].hits == 1


def test_a_loss_that_is_no_number_stops_before_the_step(base: Path) -> None:
    chat, recipe = load_chat_format(base), tiny_recipe()
    engine = PlainEngine(lora.load_learner(base, recipe, "cpu"), clip=1.0, decay=0.0)
    make = lora.collator(chat, recipe, torch.device("cpu"))
    with Feed(Drawn(4), encoder(chat, SIDE), Order(4, 4, 0), micro=4) as feed:
        for step, chunks in feed.steps(0, 2):
            if step == 1:
                before = engine.weights()
                before = {name: weight.clone() for name, weight in before.items()}
                with torch.no_grad():
                    engine.learner.model.get_base_model().lm_head.weight.fill_(float("nan"))
                with pytest.raises(DivergedError, match=r"the loss of step 1 is nan: stopped there; lower train\.rate"):
                    train_step(engine, chunks, make, recipe, step, 2)
                after = engine.weights()
                assert all(torch.equal(weight, after[name]) for name, weight in before.items())
            else:
                train_step(engine, chunks, make, recipe, step, 2)


def test_empty_tensors_are_never_exported(base: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    learner = lora.load_learner(base, recipe, "cpu")
    empty = {name: torch.empty(0) for name, w in learner.named_parameters() if w.requires_grad}
    with pytest.raises(ValueError, match="learnt tensors are empty"):
        lora.export(learner, empty, tmp_path / "out", base, "base", recipe)


def test_weights_of_another_training_are_refused(base: Path) -> None:
    learner = lora.load_learner(base, tiny_recipe(), "cpu")
    other = lora.load_learner(base, tiny_recipe(rank=4), "cpu")
    weights = {name: w.detach() for name, w in other.named_parameters() if w.requires_grad}
    with pytest.raises(ValueError, match="another training's"):
        restore(learner, weights)


def test_the_rate_rises_and_falls() -> None:
    recipe = tiny_recipe(rate=1.0, warmup=0.1)
    rates = [rate_at(step, 100, recipe) for step in range(100)]
    assert rates[0] == 0.1
    assert max(rates) == rates[9] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[99] == pytest.approx(0.1, abs=0.01)
