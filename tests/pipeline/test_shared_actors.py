"""Stages that share actors (`run.pools = "auto"`): the same rows as on pools of their own, and one decode a photo."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Ledger
from layoutgen.models.vlm import tiny
from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import RunOptions
from layoutgen.stages import travelling
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.runs import published, settings, write_manifest

pytestmark = pytest.mark.slow

PHOTOS = 3
SHIPPED = Path(__file__).resolve().parents[2] / "jobs" / "layouts.toml"


@pytest.fixture
def catalogue(tmp_path: Path) -> str:
    rows = []
    for number in range(PHOTOS):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(seed=number)))
        rows.append({"product_id": f"p{number}", "image": f"{number}.jpg", "title": "Stoneware vase"})
    return write_manifest(tmp_path, rows)


def _auto(**more: Any) -> LayoutsConfig:
    config = settings(canvases=("1:1", "3:4"), rows_per_shard=2, **more)
    return config.model_copy(update={"run": config.run.model_copy(update={"pools": "auto"})})


def test_a_photo_is_decoded_once_for_all_stages_and_rows(catalogue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Counter[bytes] = Counter()

    def counting(decode: Callable[[bytes], np.ndarray]) -> Callable[[bytes], np.ndarray]:
        def counted(data: bytes) -> np.ndarray:
            calls[data] += 1
            return decode(data)

        return counted

    for read in (travelling.read_photo, travelling.read_map, travelling.read_subject):
        read.cache_clear()  # of tests before
    monkeypatch.setattr(images, "_decode_jpeg", counting(images._decode_jpeg))
    monkeypatch.setattr(images, "decode_png", counting(images.decode_png))
    run_layouts(_auto(), catalogue, str(Path(catalogue).parent / "out"), stream=in_process)
    assert len(calls) == 2 * PHOTOS, "photos and their subjects' maps"
    assert set(calls.values()) == {1}


def test_rows_and_run_are_the_same_as_on_pools_of_their_own(
    catalogue: str, ray_cluster: None, caplog: pytest.LogCaptureFixture
) -> None:
    config, folder = _auto(), Path(catalogue).parent
    given = config.model_copy(update={"run": config.run.model_copy(update={"pools": "given"})})
    shared, own = str(folder / "shared"), str(folder / "own")
    with caplog.at_level("WARNING", "layoutgen"):
        run_layouts(config, catalogue, shared, RunOptions(run_id="night"))
    run_layouts(given, catalogue, own, RunOptions(run_id="night"), stream=in_process)
    assert published(shared) == published(own)
    state, other = (Ledger(Storage(), output, "night").read_state() or {} for output in (shared, own))
    assert state["actors"] == {"load_to_write": 2}
    unread = ["annotate.pool", "compose.pool", "images.pool", "load.pool", "place.pool", "write.pool"]
    assert sorted(state["pools_not_read"]) == unread
    assert "are not read: with run.pools = 'auto' these stages share actors" in caplog.text
    assert other["pools_not_read"] == []
    samples = Ledger(Storage(), shared, "night").read_samples() or {}
    alive, busy = (samples["actors"]["load_to_write"][kind][-1] for kind in ("alive", "busy"))
    assert 0 < busy <= alive <= 2 * samples["seconds"][-1] + 0.2
    assert set(state["stages"]) == set(other["stages"])
    assert state["intent"] == other["intent"], "a run that was cut off goes on under the other setting"


def test_the_shipped_settings_run_with_a_language_model_in_an_actor_of_its_own(
    catalogue: str, ray_cluster: None, tmp_path: Path
) -> None:
    checkpoint = tmp_path / "tiny"
    tiny.build_checkpoint("qwen2_5_vl", checkpoint)
    config = load(LayoutsConfig, SHIPPED)
    compose = config.compose.model_copy(update={"engine": "qwen_vl", "model": str(checkpoint)})
    config = config.model_copy(update={"compose": compose})
    summary = run_layouts(config, catalogue, str(tmp_path / "out"), RunOptions(preflight_only=True))
    assert json.dumps(summary["looked_at"]["cluster"]).endswith(
        'actors: load_to_prepare 2, compose 1, place_to_write 2"'
    )
