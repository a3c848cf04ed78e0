"""Networks that denoise are trained as all models are: the same after an interruption; what serves is the average."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from safetensors.torch import load_file

from layoutgen.config.training import TrainSettings
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Framing
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.models.denoising.boxes.sizes import PAPER
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.training import run
from layoutgen.training.data.cases import DataError
from layoutgen.training.data.sample import SampleError, Task
from layoutgen.training.kinds import kind_of, network_family
from layoutgen.training.networks.learner import Denoiser, encode
from tests.models.denoising.tiny import TINY, network
from tests.pipeline.retraining import data_of, undisturbed
from tests.training import samples
from tests.training.tiny_networks import denoising, network_of

pytestmark = pytest.mark.slow

RADM = FAMILIES["radm"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_of(tmp_path_factory.mktemp("data"), train=6, held=4)


@pytest.fixture(params=["radm", "layout_image", "plan"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "layout_image":
        pytest.importorskip("diffusers")
    return network_of(request.param, tmp_path / "base")


def task(number: int) -> Task:
    pixels, copy, canvas, told = samples.question(number)
    mask = np.where((pixels == 235).all(2), 0, 1).astype(np.float32)
    return Task(pixels, Framing(), canvas, copy, told, keep=(0.1, 0.5, 0.9, 0.9), mask=mask)


def shown(number: int, epoch: int = 0):
    sample = samples.Sample("", "", task(number).photo, "", task=task(number))
    return encode(sample, number, epoch, family=RADM, size=TINY, seed=0)


def test_training_goes_on_after_an_interruption_and_ends_with_the_same_average(
    base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = denoising(base, data, steps=6, decode_cases=3)
    whole = undisturbed(config, tmp_path / "whole")

    def dies(name: str) -> None:
        if name == "step_5_of_0":
            raise KeyboardInterrupt

    monkeypatch.setattr(run, "crash_point", dies)
    with pytest.raises(KeyboardInterrupt):
        undisturbed(config, tmp_path / "cut")
    monkeypatch.setattr(run, "crash_point", crash_point)
    again = undisturbed(config, tmp_path / "cut")
    assert whole["folder"] == again["folder"], "the same weights have the same name"
    out = load_file(tmp_path / "whole" / whole["folder"] / "model.safetensors")
    last = tmp_path / "whole" / "checkpoints" / "step-00000006"
    average, raw = load_file(last / run.AVERAGE), load_file(last / run.WEIGHTS)
    assert all(torch.equal(out[name.removeprefix("network.")], weight) for name, weight in average.items())
    assert any(not torch.equal(raw[name], weight) for name, weight in average.items())
    sheet = np.asarray(Image.open(tmp_path / "whole" / "samples" / "step-00000006.jpg"))
    assert sheet.std() > 10, "nothing is on the sheet"


def test_the_loss_falls_and_so_the_layouts_come_closer(base: Path, data: Path, tmp_path: Path) -> None:
    import json

    undisturbed(denoising(base, data, steps=30, batch=6, micro=6, rate=6e-3, log_every=5, validate_every=30,
                          checkpoint_every=30), tmp_path / "run")  # fmt: skip
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if line["kind"] == "step"]
    assert losses[-1] < 0.8 * losses[0]


def test_time_noise_and_what_is_shown_of_the_subject_are_of_index_and_epoch() -> None:
    first, again, later, other = shown(0), shown(0), shown(0, 1), shown(1)
    assert first.seed == again.seed
    assert torch.equal(first.inputs.picture, again.inputs.picture)
    assert len({first.seed, later.seed, other.seed}) == 3
    channels = [shown(0, epoch).inputs.picture[3] for epoch in range(60)]
    kinds = [float(channel.sum()) for channel in channels]
    assert len({round(kind, 3) for kind in kinds}) == 3, "the map, its box, and nothing"
    assert 0.0 in kinds


def test_a_network_that_plans_is_shown_the_subjects_map_wherever_there_is_one() -> None:
    plan, asked = FAMILIES["plan"], task(0)
    sample = samples.Sample("", "", asked.photo, "", task=replace(asked, category="kettle"))
    rows = [encode(sample, 0, epoch, family=plan, size=plan.size("small"), seed=0) for epoch in range(20)]
    assert all(torch.equal(row.inputs.picture, rows[0].inputs.picture) for row in rows)
    assert rows[0].inputs.picture[3].any()
    assert rows[0].inputs.category == "kettle"


def test_rows_that_fill_a_place_teach_nothing() -> None:
    learner = Denoiser(RADM, network().train())
    alone = learner([shown(0)])
    assert torch.allclose(learner([shown(0), shown(1).filler()]), alone)
    idle = learner([shown(0).filler()])
    assert idle.tolist() == [0.0, 0.0, 0.0]
    idle[0].backward()
    assert all(weight.grad is not None and not weight.grad.any() for weight in learner.parameters())


def test_statistics_of_a_backbone_stay_as_they_were_given() -> None:
    from layoutgen.models.denoising.boxes.network import build

    size = replace(PAPER, side=64, widths=(16, 32, 64, 128), depths=(1, 1, 1, 1), width=32, heads=1, text=24,
                   letters=16, dynamic=8, feedforward=32, attention=2)  # fmt: skip
    learner = Denoiser(RADM, build(size)).train()
    batches = [part for part in learner.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert batches
    assert not any(part.training for part in batches)
    assert learner.network.heads[0].training


class TestBadInput:
    def test_samples_without_a_canvas_are_named_with_the_mend(self) -> None:
        plain = samples.sample(0)
        with pytest.raises(SampleError, match="only prompts; draw the file again"):
            encode(plain, 7, 0, family=RADM, size=TINY, seed=0)

    def test_a_layout_that_is_too_large_is_named(self) -> None:
        sample = samples.Sample("", "", task(1).photo, "", log={"key": "k1"}, task=task(1))
        with pytest.raises(SampleError, match=r"'k1'.*takes 1 and"):
            encode(sample, 0, 0, family=RADM, size=replace(TINY, lines=1), seed=0)

    @pytest.mark.parametrize("other", [{"method": "lora"}, {"zero": 2}, {"dense_steps": 3}])
    def test_settings_that_a_network_has_no_use_for(self, other: dict) -> None:
        with pytest.raises(ValidationError, match="learns all its weights; set method"):
            TrainSettings.model_validate({"model": "radm", "method": "full", **other})

    def test_an_average_under_zero(self) -> None:
        with pytest.raises(ValidationError, match="set zero = 0"):
            TrainSettings(average=0.9, zero=2)

    def test_a_checkpoint_of_a_network_is_no_base_of_an_adapter(self, data: Path, tmp_path: Path) -> None:
        train = denoising(network_of("radm", tmp_path / "base"), data, method="lora").train
        assert network_family(train, Storage()) is RADM
        with pytest.raises(DataError, match="set method = 'full'"):
            kind_of(train, Storage())

    def test_a_backbone_that_is_not_there(self) -> None:
        with pytest.raises(Refusal, match=r"train\.backbone = '/nowhere': weights '/nowhere' are not a folder"):
            kind_of(TrainSettings(model="radm", method="full", backbone="/nowhere"), Storage())
