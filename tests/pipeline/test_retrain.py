"""The retraining job: trained, judged, promoted; and the nightly job that picks it up."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jobs.retrain import main
from layoutgen import pipelines
from layoutgen.config.base import Pool
from layoutgen.config.stages import ComposeSettings
from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.tiny import build_adapter
from layoutgen.streaming import in_process
from layoutgen.training import fitting, retraining
from layoutgen.training.data.cases import DataError
from layoutgen.training.data.datasets import write_snapshot
from layoutgen.training.examples.examples import from_layouts
from layoutgen.training.examples.selection import select
from layoutgen.training.judging.gate import Verdict
from layoutgen.training.judging.promotion import decide, rollback
from layoutgen.training.loop.saving import CheckpointError
from layoutgen.training.loop.steps import DivergedError
from layoutgen.training.trainer import launch
from tests.drawn import encoded, photo
from tests.pipeline import runs
from tests.pipeline.retraining import (
    Dying,
    base_of,
    data_of,
    full_disk,
    outcome,
    settings,
    settings_file,
    tree,
    undisturbed,
)
from tests.pipeline.runs import published, write_manifest
from tests.training.tiny_networks import denoising, network_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_of(tmp_path_factory.mktemp("base") / "base")


# In this process, where it is not the cluster that a test is about.
retrain = partial(retraining.retrain, in_process=True)
run_layouts = partial(pipelines.run_layouts, stream=in_process)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return data_of(tmp_path_factory.mktemp("data"), train=4, held=4)


@pytest.mark.usefixtures("ray_cluster")
def test_it_trains_judges_and_promotes_and_a_second_start_has_nothing_to_do(
    base: Path, data: Path, tmp_path: Path
) -> None:
    pool = {"num_cpus": 0.5, "num_gpus": 0.5}  # which Ray counts; nobody needs to have it
    config = settings(
        base, data, steps=60, rate=8e-3, validate_every=60, checkpoint_every=60, log_every=30, worker=pool
    )
    config = config.model_copy(update={"gate": config.gate.model_copy(update={"pool": Pool(**pool)})})
    summary = retraining.retrain(config, str(tmp_path / "runs"), str(tmp_path / "adapters"))
    assert summary["promoted"], summary["reasons"]
    assert summary["serves"] == summary["version"]
    assert summary["against"] is None
    card = json.loads((Path(summary["adapter"]) / "card.json").read_text())
    assert {"base_sha", "data_sha", "image_side", "codec", "prompt_version", "code_version"} <= set(card)
    assert card["verdict"]["better"]
    run = Path(summary["output"])
    assert {"log.jsonl", "curve.svg", "samples.jpg", "evaluation.json", "summary.json"} <= {
        path.name for path in run.iterdir()
    }
    again = retrain(config, str(tmp_path / "runs"), str(tmp_path / "adapters"))
    assert again["version"] == summary["version"]
    assert again["promoted"]
    assert len(AdapterRegistry(Storage(), str(tmp_path / "adapters")).serving("poster").history) == 1


def test_the_command_says_what_the_gate_refused(
    base: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = settings_file(tmp_path / "retrain.toml", settings(base, data, steps=1, rate=1e-9))
    asked = ["--output", str(tmp_path / "runs"), "--registry", str(tmp_path / "adapters"), "--config", str(config)]
    assert main([*asked, "--data", str(data)], in_process=True) == 1
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert not summary["promoted"]
    assert "is not shown to be better" in summary["reasons"][0]
    registry = AdapterRegistry(Storage(), str(tmp_path / "adapters"))
    assert registry.serving("poster").etag is None
    assert registry.versions("poster") == [summary["version"]]
    assert main([*asked, "--data", str(tmp_path / "none.arrow")], in_process=True) == 2
    assert "no data set at" in capsys.readouterr().err
    assert main([*asked, "--data", str(data), "--force"], in_process=True) == 0
    assert registry.serving("poster").version == summary["version"]


@pytest.mark.usefixtures("ray_cluster")
def test_a_worker_that_is_killed_starts_again_and_ends_the_same(
    base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a fault of the machine in its middle: what a worker of a real cluster dies of, as often as it is allowed."""
    plain = undisturbed(settings(base, data), tmp_path / "plain")
    config = settings(base, data, max_failures=2, readers=1)
    (tmp_path / "die").mkdir()
    monkeypatch.setattr("layoutgen.training.trainer._work", Dying(str(tmp_path / "die")))
    launch(fitting.Fit(str(tmp_path / "killed"), config.train, config.data, Storage()), "")
    assert outcome(tmp_path / "killed")["folder"] == plain["folder"]  # which is named by the weights' sha
    assert len(list((tmp_path / "die").iterdir())) == 1


def _serving(root: Path, base: Path, tmp_path: Path, version: str, seed: int) -> None:
    """Let an adapter with random weights serve."""
    registry = AdapterRegistry(Storage(), str(root))
    adapter = build_adapter(base, tmp_path / f"adapter-{version}", max_side=56, seed=seed)
    registry.add("poster", version, adapter, {"method": "lora", "base": str(base), "image_side": 56})
    decide(registry, "poster", version, registry.serving("poster"), Verdict(True, ("better",)), force=False)


def test_the_nightly_job_takes_what_serves_and_computes_anew_what_it_touches_alone(base: Path, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(seed=number)))
    products = [{"product_id": f"v{i}", "image": f"{i}.jpg", "title": f"Kettle {i}"} for i in range(3)]
    manifest, output, root = write_manifest(tmp_path, products), str(tmp_path / "out"), tmp_path / "adapters"
    compose = ComposeSettings(
        engine="qwen_vl", model=str(base), adapter="registry:poster", registry=str(root), image_side=56,
        max_new_tokens=120,
    )  # fmt: skip
    small = {"size": 1, "num_cpus": 0.2}
    config = runs.settings(compose={**compose.model_dump(), "pool": small, "prepare": small})
    with pytest.raises(RegistryError, match="serves nothing under 'poster'; promote a version"):
        run_layouts(config, manifest, output)
    _serving(root, base, tmp_path, "v1", 1)
    assert run_layouts(config, manifest, output)["computed"] == 3
    first = published(output)
    assert all(row["adapter"].startswith(f"{root}/poster/v1 ") for row in first)
    assert run_layouts(config, manifest, output)["computed"] == 0
    _serving(root, base, tmp_path, "v2", 2)
    summary = run_layouts(config, manifest, output)
    assert summary["computed"] == 3
    second = published(output)
    assert all(row["adapter"].startswith(f"{root}/poster/v2 ") for row in second)
    for before, after in zip(first, second, strict=True):
        keys, now = before["fingerprint"], after["fingerprint"]
        assert (keys["source"], keys["annotate"]) == (now["source"], now["annotate"])
        assert keys["compose"] != now["compose"]
        assert keys["place"] != now["place"]
    registry = AdapterRegistry(Storage(), str(root))
    rollback(registry, "poster")
    run_layouts(config, manifest, output)
    assert published(output) == first  # the same adapter makes the same rows again
    rollback(registry, "poster")
    run_layouts(config, manifest, output)
    assert all(row["adapter"] is None for row in published(output))


@pytest.mark.parametrize("engine", ["radm", "layout_image"])
def test_a_network_that_denoises_is_trained_promoted_and_serves(engine: str, data: Path, tmp_path: Path) -> None:
    if engine == "layout_image":
        pytest.importorskip("diffusers")
    config = denoising(network_of(engine, tmp_path / "base"), data, steps=2, name=engine)
    root = str(tmp_path / "registry")
    summary = retrain(config, str(tmp_path / "runs"), root, force=True)
    assert summary["promoted"]
    card = AdapterRegistry(Storage(), root).card(engine, summary["version"])
    assert (card["family"], card["method"], card["recipe"]["average"]) == (engine, "full", 0.5)
    assert set(card["metrics"]["held"]) >= {"iou", "placed", "violations"}
    (tmp_path / "vase.jpg").write_bytes(encoded(photo()))
    row = {"product_id": "v", "image": "vase.jpg", "title": "Stoneware vase", "selling_points": ["手工上釉"]}
    compose = ComposeSettings(engine=engine, model=f"registry:{engine}", registry=root, steps=2, pool={"num_cpus": 0.4})
    run_layouts(runs.settings(compose=compose), write_manifest(tmp_path, [row]), str(tmp_path / "out"))
    (made,) = published(str(tmp_path / "out"))
    assert summary["version"] in made["composer"]
    assert {element["text"] for element in made["elements"]} >= {"Stoneware vase", "手工上釉"}
    again = retrain(config, str(tmp_path / "runs"), root)
    assert (again["version"], again["steps"]) == (summary["version"], 2), "what has ended is not trained again"


class TestBadInput:
    """A clear error each, and the registry as it was."""

    @pytest.fixture
    def registry(self, base: Path, tmp_path: Path) -> Path:
        root = tmp_path / "adapters"
        _serving(root, base, tmp_path, "v1", 1)
        return root

    def refused(
        self, config: Any, tmp_path: Path, registry: Path, error: type[Exception], match: str, retrain: Any = retrain
    ) -> None:
        before = tree(registry)
        with pytest.raises(error, match=match):
            retrain(config, str(tmp_path / "runs"), str(registry))
        assert tree(registry) == before

    def test_an_empty_data_set_and_one_of_a_single_example(self, base: Path, tmp_path: Path, registry: Path) -> None:
        for count, said in ((0, "has 0 samples to learn"), (1, "has 1 samples to learn")):
            data = data_of(tmp_path / str(count), train=count, held=min(count, 1))
            self.refused(settings(base, data), tmp_path, registry, DataError, said)

    def test_too_little_to_judge_by(self, base: Path, tmp_path: Path, registry: Path) -> None:
        data = data_of(tmp_path / "few", train=4, held=1)
        self.refused(settings(base, data), tmp_path, registry, DataError, "holds back 1 products for the verdict")

    def examples(self, folder: Path, **element: Any) -> Path:
        """A data set of ten accepted layouts, of titles and prices unless something else is said."""
        folder.mkdir()
        rows = []
        for number in range(10):
            (folder / f"{number}.jpg").write_bytes(encoded(photo(80, 80, number)))
            price = {"role": "price", "text": "$12", "box": [0.1, 0.8, 0.3, 0.86 + number / 100], **element}
            title = {"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.5 + number / 100, 0.2]}
            rows.append(
                {"row_id": f"v{number}", "run_id": "r", "product_id": f"v{number}", "image": f"{folder}/{number}.jpg",
                 "canvas_width": 800, "canvas_height": 800, "title": "Vase", "selling_points": ["$12", "$13"],
                 "elements": [title, price] if price["role"] else [title], "status": "ok", "accepted": True}
            )  # fmt: skip
        found = select(from_layouts(rows), shares=(0.4, 0.3, 0.3))
        return Path(write_snapshot(Storage(), str(folder), found))

    @pytest.mark.parametrize(
        ("element", "said"),
        [
            ({"role": ""}, "all elements of 10 examples have the role title; give layouts with other roles too"),
            ({"box": [0.5, 0.8, 0.3, 0.9]}, r"the data set is empty; .* \(dropped: 10 box_inverted\)"),
            ({"box": [0.5, 0.8, 1.3, 0.9]}, r"the data set is empty; .* \(dropped: 10 box_outside\)"),
        ],
    )
    def test_examples_of_one_role_and_boxes_inverted_or_outside(
        self, base: Path, tmp_path: Path, registry: Path, element: dict[str, Any], said: str
    ) -> None:
        data = self.examples(tmp_path / "set", **element)
        self.refused(settings(base, data), tmp_path, registry, DataError, said)

    def test_an_image_that_is_gone_since(self, base: Path, tmp_path: Path, registry: Path) -> None:
        data = self.examples(tmp_path / "set")
        (tmp_path / "set" / "7.jpg").unlink()
        said = r"1 images of the data set are gone, such as .*/7\.jpg; make the data set again"
        self.refused(settings(base, data), tmp_path, registry, DataError, said)

    def test_checkpoints_that_are_all_damaged(
        self, base: Path, data: Path, tmp_path: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        config, runs = settings(base, data), tmp_path / "runs"

        def dies(name: str) -> None:
            if name == "before_outcome":
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(fitting, "crash_point", dies)
            with pytest.raises(KeyboardInterrupt):
                retrain(config, str(runs), str(registry))
        for path in runs.rglob("checkpoints/*/weights.safetensors"):
            path.write_bytes(bytes(reversed(path.read_bytes())))
        said = r"no checkpoint is whole: .* is damaged: .*; remove the run's folder to begin anew"
        self.refused(config, tmp_path, registry, CheckpointError, said)

    def test_a_serving_adapter_of_another_base(self, base: Path, data: Path, tmp_path: Path, registry: Path) -> None:
        other = base_of(tmp_path / "other", seed=5)
        card = registry / "poster" / "v1" / "card.json"
        card.write_text(json.dumps({**json.loads(card.read_text()), "base": str(other)}))
        config = settings(base, data, steps=1)
        self.refused(config, tmp_path, registry, ValueError, "give the checkpoint it was trained on")

    def test_a_loss_that_is_no_number(self, base: Path, data: Path, tmp_path: Path, registry: Path) -> None:
        config = settings(base, data, steps=8, rate=1e30, checkpoint_every=1)
        self.refused(config, tmp_path, registry, DivergedError, r"is (nan|inf): stopped there; lower train\.rate")
        (run,) = (tmp_path / "runs").iterdir()
        assert list((run / "checkpoints").iterdir())
        assert not (run / "outcome").exists()

    @pytest.mark.usefixtures("ray_cluster")
    def test_a_disk_that_is_full_at_a_checkpoint(
        self, base: Path, data: Path, tmp_path: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("layoutgen.training.trainer._work", full_disk)
        config = settings(base, data)
        said = r"step-00000002 can't be written: .*No space left"
        self.refused(config, tmp_path, registry, CheckpointError, said, retraining.retrain)
