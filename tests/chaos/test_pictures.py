"""Nights that draw finished pictures and are killed while they do: each file that a row names is there, and is the one
that an undisturbed night draws."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from layoutgen.io.storage import Storage
from layoutgen.io.tables import picture_files, published_runs
from tests.chaos.nights import PICTURE_POINTS, PRODUCTS, SHARD_POINTS, Cluster, Night, current

pytestmark = pytest.mark.slow

FORMATS = ["webp", "svg"]
ROWS = PRODUCTS - 4


def drawing(night: Night) -> Night:
    night.settings["formats"] = FORMATS
    return night


def pictures(night: Night) -> dict[str, list[tuple[str, str]]]:
    """Of each published row, its files: where they lie in the table's folder, and the sha256 of what they hold, which
    is the one that the row names."""
    by_row = {}
    for row in published_runs.read(Storage(), night.output).to_pylist():
        files = picture_files.files_of(row)
        assert [file["format"] for file in files] == FORMATS
        by_row[row["row_id"]] = [_checked(night.root, file) for file in files]
    return by_row


def _checked(root: Path, file: dict[str, Any]) -> tuple[str, str]:
    data = Path(file["uri"]).read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (file["sha256"], file["bytes"])
    return str(Path(file["uri"]).relative_to(root)), file["sha256"]


@pytest.fixture(scope="module")
def undisturbed_pictures(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    night = drawing(Night(None, tmp_path_factory.mktemp("drawn"), manifest))
    night.finish()
    drawn = pictures(night)
    assert len(drawn) == ROWS
    assert len({file for files in drawn.values() for file in files}) == ROWS * len(FORMATS)
    return drawn


def in_folder(root: Path) -> set[str]:
    """The pictures of a table's folder that are whole: a writer that is killed leaves a file of its own beside them."""
    return {str(path.relative_to(root)) for path in root.glob("pictures/*/[!.]*.*")}


def test_a_driver_killed_while_it_draws_goes_on_and_draws_the_same(
    quick: Night, undisturbed_pictures: dict[str, list[tuple[str, str]]]
) -> None:
    drawing(quick)
    half_done = 0
    for point in ("picture_drawn", *PICTURE_POINTS, *SHARD_POINTS, "picture_drawn", "before_swap"):
        quick.arm(point)
        quick.start()
        quick.stopped_at(point)
        quick.kill()
        half_done = max(half_done, len(in_folder(quick.root)))
        assert not (quick.root / "CURRENT").exists() or not current(quick.root)
    assert half_done == ROWS * len(FORMATS)
    summary = quick.finish()
    assert summary["pictures"]["rows_without"] == 0 and summary["shards_resumed"]
    assert pictures(quick) == undisturbed_pictures
    named = {file for files in undisturbed_pictures.values() for file, _ in files}
    assert in_folder(quick.root) == named


def test_a_replay_that_is_killed_while_it_draws_ends_with_every_file(
    quick: Night, undisturbed_pictures: dict[str, list[tuple[str, str]]]
) -> None:
    drawing(quick)
    quick.settings["max_kb"] = 0.1
    failed = quick.finish()
    assert failed["failed"]["render"] == {"picture_too_large": ROWS}
    quick.settings["max_kb"] = 0
    for point in ("picture_drawn", "data_written", "picture_drawn"):
        quick.arm(point)
        quick.start("--replay", failed["run_id"])
        quick.stopped_at(point)
        quick.kill()
    summary = quick.finish("--replay", failed["run_id"])
    assert (summary["published"], summary["pictures"]["files"]) == (ROWS, ROWS * len(FORMATS))
    assert pictures(quick) == undisturbed_pictures


@pytest.fixture(scope="module")
def undisturbed_on_ray(
    cluster: Cluster, manifest: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[str, str]]]:
    """As above, of a night that composes as nights on Ray do."""
    night = drawing(Night(cluster, tmp_path_factory.mktemp("drawn-on-ray"), manifest))
    night.finish()
    return pictures(night)


@pytest.mark.nightly
@pytest.mark.parametrize("victim", ["driver", "worker", "raylet"])
def test_on_ray_a_night_that_loses_who_draws_ends_with_every_file(
    night: Night, cluster: Cluster, undisturbed_on_ray: dict[str, list[tuple[str, str]]], victim: str
) -> None:
    drawing(night)
    code, summary = night.lose(victim, *PICTURE_POINTS, *PICTURE_POINTS, "data_written")
    assert code == 0, night.log.read_text()[-5000:]
    assert summary["pictures"] | {"bytes": 0} == {"files": ROWS * len(FORMATS), "bytes": 0, "rows_without": 0}
    assert pictures(night) == undisturbed_on_ray
