"""A designer's choices between two renders raise the share of scenes that he prefers; bad ones are left out."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from layoutgen.config.training import RetrainConfig
from layoutgen.goods.backdrops.numbers import SceneNumbers
from layoutgen.io.storage import Storage
from layoutgen.models.denoising.scenes.checkpoint import load
from layoutgen.models.weights import local
from layoutgen.training.data.cases import DataError
from layoutgen.training.kinds import kind_of
from layoutgen.training.retraining import retrain
from layoutgen.training.scenes import judging
from layoutgen.training.scenes.learner import SceneLearner, encode
from layoutgen.training.scenes.wishes import TEST, SceneCase, WishSamples, case_of
from tests.training.grounds import settings

STEPS = 4


def likes(scene: SceneNumbers) -> float:
    """The scripted designer's taste: warm walls, however light."""
    return scene.wall[1] + scene.wall[2]


def wish_of(number: int) -> SceneCase:
    """A wish without a reference, and of no category."""
    case = case_of(2 * number + 1, 5, TEST)
    return replace(case, sample=replace(case.sample, category=0))


def line(number: int, chosen: Any, rejected: Any, **other: Any) -> dict[str, Any]:
    case = wish_of(number)
    return {
        "row_id": f"p{number}@800x800",
        "size": case.wish.size,
        "product_box": case.wish.product,
        "texts": case.wish.texts,
        "colours": case.wish.colours.tolist(),
        "chosen": chosen,
        "rejected": rejected,
        **other,
    }


def choices(path: Path, count: int) -> Path:
    """What he chooses of two seeds of the embedded network."""
    network = load(local("embedded/scenes"))
    rows = []
    for number in range(count):
        scenes = [
            judging.proposed(network, wish_of(number), seed, steps=STEPS) for seed in (2 * number, 2 * number + 1)
        ]
        rows.append(line(number, *map(asdict, sorted(scenes, key=likes, reverse=True))))
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def config(tmp_path: Path, source: Path, **train: Any) -> RetrainConfig:
    values = {"model": "embedded/scenes", "method": "dpo", "denoising_steps": STEPS, "batch": 32, "micro": 32}
    values |= {"average": 0.0, "validation_samples": 0, "rate": 2e-4, "beta": 0.05}
    return settings(tmp_path, str(source), {"metric": "preferred"}, {"fixed": 4}, **{**values, **train})


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return choices(tmp_path_factory.mktemp("choices") / "preferences.jsonl", 100)


def test_a_scripted_taste_raises_its_share_of_preferred_scenes(chosen: Path, tmp_path: Path) -> None:
    asked = config(tmp_path, chosen, steps=80, checkpoint_every=80)
    summary = retrain(asked, str(tmp_path / "runs"), str(tmp_path / "registry"), in_process=True)
    assert summary["promoted"], summary["reasons"]
    before, after = load(local("embedded/scenes")), load(Path(summary["adapter"]))
    held = [case_of(2 * number + 1, 99, TEST) for number in range(40)]
    taste = [
        [likes(judging.proposed(network, held[k], k, steps=STEPS)) for k in range(len(held))]
        for network in (before, after)
    ]
    middle = np.median(taste[0])
    shares = [float(np.mean(np.array(each) > middle)) for each in taste]
    assert shares[1] >= shares[0] + 0.15, shares
    # It still denoises a designer's scenes: preferences move it, they don't spoil it.
    card = json.loads((Path(summary["adapter"]) / "card.json").read_text())
    loss = card["metrics"]["fixed"]["loss"]
    assert loss["ours"] < 2 * loss["theirs"]


def test_before_training_a_preference_costs_the_log_of_two_beside_the_plain_loss() -> None:
    network = load(local("embedded/scenes"))
    sample = WishSamples(2, 0, TEST).sample(0, 0)
    pair = type(sample)(sample.answer, 0, sample.floats, None, rejected=-sample.answer)
    row = encode(pair, 0, 0, seed=0)
    lost, count, hits = SceneLearner(network, 0.1)([row])
    torch.testing.assert_close(lost, torch.tensor(2.0).log() + 10 * SceneLearner(network)([row])[0])
    assert (float(count.detach()), float(hits.detach())) == (1, 0)


def test_what_can_not_be_used_is_left_out_and_counted_by_its_reason(tmp_path: Path) -> None:
    scene = {"kind": "sweep", **{name: [0.5, 0, 0] for name in ("wall", "second", "floor", "prop", "accent")}}
    other, third = scene | {"kind": "arch"}, scene | {"kind": "sky"}
    Image.new("RGB", (40, 40), (200, 30, 30)).save(tmp_path / "reference.png")
    Image.new("RGBA", (40, 40), (20, 30, 200, 255)).save(tmp_path / "product.png")
    (tmp_path / "broken.png").write_bytes(b"none")
    good = line(0, scene, other, reference="reference.png", category="skincare")
    rows = [
        good,
        good,
        line(1, scene, other),
        line(1, other, scene),
        line(1, scene, third),
        line(2, scene, scene),
        line(3, {"seed": 3}, {"seed": 4}, product="product.png"),
        line(4, scene, other, reference="broken.png"),
        line(4, scene, other, product="../product.png"),
        line(4, scene | {"glitter": 1}, other),
        line(4, scene | {"kind": "disco"}, other),
        line(4, scene, other, product_box=[0.5, 0, 0.2, 1]),
        line(4, scene, other, colours=[[1, 2]]),
        {"row_id": "p5@1x1"},
        [1],
    ]
    path = tmp_path / "preferences.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows) + "{\n", "utf-8")
    data = kind_of(config(tmp_path, tmp_path).train, Storage()).open_data(config(tmp_path, tmp_path).data)
    assert data.card["dropped"] == {"unreadable": 9, "same": 1, "duplicate": 1, "contradicted": 2}
    assert sum(data.card["rows"].values()) == 3
    every = [*data.train.cases, *data.validation.cases, *data.test]
    (skin,) = [case for case in every if case.product == "p0"]
    assert skin.sample.category
    assert skin.reference is not None
    path.write_text("{}\n", "utf-8")
    with pytest.raises(DataError, match=r"of 1 choices none can be used \(unreadable: 1\)"):
        retrain(config(tmp_path, path), str(tmp_path / "runs"), str(tmp_path / "registry"), in_process=True)
    with pytest.raises(DataError, match=r"can't be read"):
        retrain(config(tmp_path, tmp_path / "no.jsonl"), str(tmp_path / "runs"), str(tmp_path), in_process=True)


def test_choices_of_the_gallery_are_read_and_those_without_scenes_are_counted(tmp_path: Path) -> None:
    side = {"row_id": "p0@800x800", "run_id": "r", "elements": []}
    scenes = [{**side, "seed": seed} for seed in (1, 2)]
    rows = [line(number, *scenes) for number in range(12)]
    rows += [line(20, side, {**side, "run_id": "s"}), {**line(21, None, None), "tie": scenes}]
    path = tmp_path / "preferences.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    data = kind_of(config(tmp_path, path).train, Storage()).open_data(config(tmp_path, path).data)
    dropped = {reason: count for reason, count in data.card["dropped"].items() if count}
    assert sum(data.card["rows"].values()) == 12 and dropped == {"layouts": 1, "tie": 1}
