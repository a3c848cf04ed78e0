"""Weights below a prefix that changes: a run has what was there when it began, and the next one what is there then."""

import json
from pathlib import Path

import pytest

from layoutgen import pipelines
from layoutgen.config.jobs import AnnotateConfig, LayoutsConfig
from layoutgen.config.stages import AnnotateSettings, ComposeSettings
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.tiny import build_adapter, build_checkpoint
from layoutgen.runs import pinning
from layoutgen.runs.job import RunError
from tests.chaos.quick import SETTINGS, night
from tests.drawn import encoded, photo

PREFIX = "s3://shop/adapters/current"
SIDE = 112


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return build_checkpoint("qwen2_5_vl", tmp_path / "base")


def publish(storage: Storage, base: Path, folder: Path, seed: int) -> None:
    for file in build_adapter(base, folder, max_side=SIDE, seed=seed).iterdir():
        if not file.name.startswith("."):
            storage.write(f"{PREFIX}/{file.name}", file.read_bytes())


def test_an_adapter_that_was_replaced_below_its_prefix_computes_its_layouts_anew(
    s3: LocalS3, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipelines, "_prepare", lambda *_: [])  # the null composer looks at the photo itself
    storage = Storage(s3.endpoint_url)
    (tmp_path / "0.jpg").write_bytes(encoded(photo(60, 80, seed=0)))
    manifest = tmp_path / "goods.jsonl"
    manifest.write_text(json.dumps({"product_id": "p", "title": "Vase", "image": "0.jpg"}))
    compose = {"engine": "qwen_vl", "model": str(base), "adapter": PREFIX, "image_side": SIDE}
    compose |= {"cache": str(tmp_path / "cache")}
    changed = {"compose": compose, "storage": {"endpoint_url": s3.endpoint_url}}
    config = LayoutsConfig.model_validate(SETTINGS.model_dump() | changed)
    counts = []
    for seed in (1, None, 2, None):
        if seed:
            publish(storage, base, tmp_path / f"adapter-{seed}", seed)
        counts.append(night(str(manifest), str(tmp_path / "out"), config=config)["computed"])
    assert counts == [1, 0, 1, 0]
    run = (tmp_path / "out" / "CURRENT").read_text().split()[0]
    named = json.loads((tmp_path / "out" / "snapshots" / run / "_manifest.json").read_text())["settings"]["compose"]
    assert named["adapter"].startswith(f"{PREFIX}@")


@pytest.mark.parametrize("part", ["annotate", "compose"])
def test_weights_that_are_not_there_are_named_before_any_work(s3: LocalS3, part: str, tmp_path: Path) -> None:
    engine = "internvl" if part == "annotate" else "qwen_vl"
    kind = AnnotateSettings if part == "annotate" else ComposeSettings
    settings = kind(engine=engine, model="s3://shop/nowhere", cache=str(tmp_path))
    config = (AnnotateConfig if part == "annotate" else LayoutsConfig)(**{part: settings})
    with pytest.raises(RunError, match=rf"{part}\.model = 's3://shop/nowhere': weights 's3://shop/nowhere' hold no"):
        pinning.of_run(config, Storage(s3.endpoint_url))


def test_weights_that_no_engine_uses_are_not_looked_for() -> None:
    config = LayoutsConfig(compose=ComposeSettings(engine="rules", model="s3://shop/nowhere"))
    assert pinning.of_run(config, Storage("http://127.0.0.1:1")) == config
