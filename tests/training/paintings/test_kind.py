"""Networks that paint are trained, judged and promoted as all models are, and paint grounds of posters."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from layoutgen.config.posters import PaintSettings
from layoutgen.config.training import RetrainConfig
from layoutgen.core.errors import Refusal
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from layoutgen.models.base import Painted
from layoutgen.models.building import painters
from layoutgen.models.denoising.painted.network import PaintSize, build
from layoutgen.training.data.cases import DataError
from layoutgen.training.kinds import kind_of
from layoutgen.training.paintings import judging
from layoutgen.training.paintings.drawings import LEARNT, Drawings
from layoutgen.training.paintings.learner import WINDOW, PaintLearner, encode
from layoutgen.training.retraining import retrain
from tests.models.denoising.rendering.scenes import scene
from tests.training.grounds import settings

DRAWINGS = {"posters": 8, "held_back": 4, "fixed": 2}
TINY = PaintSize("tiny", widths=(8, 16, 16), decoder=16, condition=24, cells=8)


def scenes(tmp_path: Path, source: str = "corpus", gate: dict[str, Any] | None = None, **train: Any) -> RetrainConfig:
    return settings(tmp_path / "cache", source, gate or {}, DRAWINGS, **{"model": "paint", **train})


def test_a_better_network_is_promoted_and_paints(tmp_path: Path) -> None:
    runs, root = str(tmp_path / "runs"), str(tmp_path / "registry")
    config = scenes(tmp_path, gate={"guards": ["palette"], "tolerance": 1.0}, steps=8, decode_cases=2)
    summary = retrain(config, runs, root, in_process=True)
    assert summary["promoted"], summary["reasons"]
    card = AdapterRegistry(Storage(), root).card("ground", summary["version"])
    assert (card["family"], card["whole"]) == ("paint", True)
    painter, about = painters.painter(PaintSettings(engine="painted", model=summary["adapter"], steps=2), Storage())
    assert isinstance(painter.paint([scene(1)])[0], Painted)
    assert about.sha is not None
    assert kind_of(config.train.model_copy(update={"model": summary["adapter"]}), Storage()).base()["family"] == "paint"


def test_windows_are_parts_of_their_pictures_and_an_epoch_draws_anew() -> None:
    sample = Drawings(4, 0, LEARNT).sample(0, 0)
    assert np.array_equal(sample.picture, Drawings(4, 0, LEARNT).sample(0, 3).picture)
    rows = [encode(sample, 0, epoch, seed=0) for epoch in range(12)]
    for row in rows:
        places = [(line * side).astype(int) for line, side in zip((row.y, row.x), sample.picture.shape, strict=False)]
        assert np.array_equal(sample.picture[np.ix_(*places)], np.rint(row.colours * 255))
        assert max(row.colours.shape[:2]) <= WINDOW
    assert len({(row.y[0], row.x[0], row.y[1]) for row in rows}) > 6


def test_rows_of_several_shapes_are_learnt_at_once_and_those_without_weight_are_not() -> None:
    samples, learner = Drawings(5, 0, LEARNT), PaintLearner(build(TINY))
    rows = [encode(samples.sample(k, 0), k, 0, seed=0) for k in range(5)]
    assert len({row.request.size for row in rows}) > 1
    alone = torch.stack([learner([row]) for row in rows[:4]]).sum(0)
    torch.testing.assert_close(learner([*rows[:4], rows[4].filler()]), alone)


def test_measures_see_a_network_that_paints_what_is_drawn() -> None:
    cases = Drawings(3, 0, LEARNT).cases()
    network = build(TINY).eval()
    measures = judging.measure(network, cases)
    assert measures == judging.measure(network, cases)
    assert judging.sheet(cases, network).shape == judging.sheet(cases).shape
    assert min(value for value, _ in measures["loss"]) > 0


def test_what_is_no_training_of_such_a_network_is_refused_by_name(tmp_path: Path) -> None:
    runs, root = str(tmp_path / "runs"), str(tmp_path / "registry")
    with pytest.raises(Refusal, match="have 'small' alone"):
        retrain(scenes(tmp_path, size="paper"), runs, root, in_process=True)
    with pytest.raises(DataError, match="learns drawn scenes"):
        retrain(scenes(tmp_path, source=str(tmp_path)), runs, root, in_process=True)
    with pytest.raises(Refusal, match="learns all its weights; set method = 'full'"):
        kind_of(scenes(tmp_path, model="embedded/painted", method="lora").train, Storage())
