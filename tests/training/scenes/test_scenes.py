"""Networks of scenes are trained, judged and promoted as all models are, and draw grounds of posters."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from layoutgen.config.posters import PaintSettings
from layoutgen.config.training import RetrainConfig
from layoutgen.core.errors import Refusal
from layoutgen.goods.backdrops.numbers import SIZE
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from layoutgen.models.base import Painted
from layoutgen.models.building import painters
from layoutgen.models.denoising.scenes.network import SceneSize, build
from layoutgen.training.data.cases import DataError
from layoutgen.training.kinds import kind_of
from layoutgen.training.retraining import retrain
from layoutgen.training.scenes import judging
from layoutgen.training.scenes.learner import SceneLearner, encode
from layoutgen.training.scenes.wishes import LEARNT, TEST, WishSamples, cases
from tests.models.denoising.rendering.scenes import scene
from tests.pipeline.retraining import undisturbed
from tests.training.grounds import killed, settings

WISHES = {"posters": 12, "held_back": 6, "fixed": 2}


def scenes(tmp_path: Path, source: str = "corpus", gate: dict[str, Any] | None = None, **train: Any) -> RetrainConfig:
    return settings(tmp_path / "cache", source, gate or {}, WISHES, **{"model": "scene", **train})


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    config = scenes(tmp_path, decode_cases=2)
    whole = undisturbed(config, tmp_path / "whole")
    killed(config, tmp_path / "cut")
    assert not (tmp_path / "cut" / "outcome.json").exists()
    assert undisturbed(config, tmp_path / "cut")["folder"] == whole["folder"], "which is named by the weights' sha"
    assert (tmp_path / "whole" / "samples" / "step-00000006.jpg").stat().st_size > 2000


def test_a_better_network_is_promoted_and_draws_and_a_worse_one_is_not(tmp_path: Path) -> None:
    runs, root = str(tmp_path / "runs"), str(tmp_path / "registry")
    summary = retrain(scenes(tmp_path, gate={"guards": ["palette"], "tolerance": 1.0}), runs, root, in_process=True)
    assert summary["promoted"], summary["reasons"]
    registry = AdapterRegistry(Storage(), root)
    assert registry.resolve("registry:ground") == summary["adapter"]
    card = registry.card("ground", summary["version"])
    assert (card["family"], card["whole"]) == ("scene", True)
    assert {"low", "high", "pairs"} <= set(card["metrics"]["held"]["palette"])
    painter, about = painters.painter(PaintSettings(model=summary["adapter"], steps=2), Storage())
    assert isinstance(painter.paint([scene(1)])[0], Painted)
    assert about.sha is not None
    # From there on, a step that spoils it: what serves stays.
    spoiling = scenes(tmp_path, model=summary["adapter"], rate=0.5, steps=2)
    worse = retrain(spoiling, runs, root, in_process=True)
    assert not worse["promoted"]
    assert "is worse" in worse["reasons"][0]
    assert worse["serves"] == summary["version"]


def test_some_samples_lose_category_or_reference_and_an_epoch_draws_anew() -> None:
    sample = WishSamples(4, 0, LEARNT).sample(0, 0)
    assert sample.style is not None
    rows = [encode(sample, 0, epoch, seed=0) for epoch in range(200)]
    assert 0.6 < np.mean([row.sample.style is not None for row in rows]) < 0.8
    assert sample.category == 0 or 0.05 < np.mean([row.sample.category == 0 for row in rows]) < 0.2
    assert rows[0].time == encode(sample, 0, 0, seed=0).time
    assert len({row.time for row in rows}) == 200


def test_a_row_without_weight_is_not_learnt() -> None:
    samples = WishSamples(3, 0, LEARNT)
    learner = SceneLearner(build(SceneSize(categories=40), {}))
    rows = [encode(samples.sample(k, 0), k, 0, seed=0) for k in range(3)]
    alone = learner(rows[:2])
    torch.testing.assert_close(learner([*rows[:2], rows[2].filler()]), alone)


def test_measures_are_the_same_for_a_network_and_see_one_that_knows_the_answers() -> None:
    held = cases(6, 0, TEST)
    network = build(SceneSize(categories=40), {}).eval()
    measures = judging.measure(network, held, 2)
    assert measures == judging.measure(network, held, 2)
    assert [weight for _, weight in measures["palette"]] == [1, 0] * 3
    case = held[0]
    near, far = judging.error_of(network, np.zeros(SIZE, np.float32), case, 0), measures["loss"][0][0]
    assert near < far, "an untrained network says nearly nothing, zeros"


def test_what_is_no_training_of_scenes_is_refused_by_name(tmp_path: Path) -> None:
    runs, root = str(tmp_path / "runs"), str(tmp_path / "registry")
    for config, why in (
        (scenes(tmp_path, gate={"metric": "iou"}), "'iou' is not measured of 'scene'; set loss, palette"),
        (scenes(tmp_path, gate={"guards": ["placed"]}), "gate.guards: 'placed' is not measured"),
        (scenes(tmp_path, size="paper"), "have 'small' alone"),
    ):
        with pytest.raises(Refusal, match=why):
            retrain(config, runs, root, in_process=True)
    with pytest.raises(DataError, match=r"learns drawn wishes, or designers' choices"):
        retrain(scenes(tmp_path, source=str(tmp_path)), runs, root, in_process=True)
    with pytest.raises(Refusal, match="learns all its weights; set method = 'full'"):
        kind_of(scenes(tmp_path, model="embedded/scenes", method="lora").train, Storage())
    assert not (tmp_path / "registry").exists()
