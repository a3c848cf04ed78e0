"""Nights of layouts that are mended, by a composer of which much is mended."""

from pathlib import Path
from typing import Any

import pytest

from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import RunOptions
from layoutgen.stages.judging import RECOMPOSED
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.runs import published, settings, write_manifest

COPY = {"selling_points": ["一机多用", "终身保修", "轻至 187 克"], "price": "￥199", "brand": "山野集"}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("shop")
    products = []
    for name, size in (("mixer", (600, 800)), ("vase", (800, 600)), ("lamp", (700, 700))):
        (folder / f"{name}.jpg").write_bytes(encoded(photo(*size)))
        products.append({"product_id": name, "title": "静音破壁机 家用", "image": f"{name}.jpg", **COPY})
    return write_manifest(folder, products)


def night(manifest: str, output: Path, **other: Any) -> dict[str, dict[str, Any]]:
    config = settings(canvases=("1:1", "16:9"), compose={"engine": "radm", "model": "embedded", "batch": 1})
    config = config.model_copy(
        update={name: getattr(config, name).model_copy(update=values) for name, values in other.items()}
    )
    run_layouts(config, manifest, str(output), RunOptions(), in_process)
    return {row["row_id"]: row for row in published(str(output))}


def test_a_night_with_other_settings_of_place_gives_what_a_first_night_gives(manifest: str, tmp_path: Path) -> None:
    """Also of layouts that were composed anew, whose first proposal is gone."""
    few = {"repair": {"candidates": 1}}
    before = night(manifest, tmp_path / "first", **few)
    ways = [note for row in before.values() for note in row["notes"] if note.startswith("repaired")]
    assert any(way.startswith(RECOMPOSED) for way in ways), ways
    assert not all(way.startswith(RECOMPOSED) for way in ways), ways
    wider = {"place": {"margin": 0.06}, **few}
    assert night(manifest, tmp_path / "first", **wider) == night(manifest, tmp_path / "second", **wider)


def test_no_row_is_worse_than_without_repair_and_unmended_rows_are_the_same(manifest: str, tmp_path: Path) -> None:
    plain = night(manifest, tmp_path / "plain", repair={"rounds": 0})
    mended = night(manifest, tmp_path / "mended")
    for row_id, row in mended.items():
        was = plain[row_id]
        assert row["objections"] <= was["objections"]
        if not any(note.startswith("repaired") for note in row["notes"]):
            assert {name: row[name] for name in row if name != "fingerprint"} == {
                name: was[name] for name in was if name != "fingerprint"
            }
