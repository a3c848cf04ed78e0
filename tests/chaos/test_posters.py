"""Nights of jobs.posters on Ray that are killed while they paint: the same command ends with the backgrounds of an
undisturbed night, byte by byte, and with every row once."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from tests.chaos.nights import Cluster, Night

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

PRODUCTS = 9
POINTS = ("during_paint", "background_painted", "background_painted", "data_written")
SETTINGS = """
[run]
rows_per_shard = 3
max_failed_fraction = 1.0
[input]
canvases = ["240x240"]
[load]
pool = { size = 1, num_cpus = 0.05 }
[images]
side = 240
pool = { size = 1, num_cpus = 0.1 }
[annotate]
engine = "none"
saliency = { model = "border" }
pool = { size = 1, num_cpus = 0.1 }
[cut_out]
faces = ""
pool = { size = 1, num_cpus = 0.1 }
[plan]
pool = { size = 1, num_cpus = 0.1 }
[paint]
engine = "drawn"
pool = { size = 1, num_cpus = 0.1 }
[place]
pool = { size = 1, num_cpus = 0.1 }
[render]
formats = []
[write]
pool = { size = 1, num_cpus = 0.1 }
"""


class PosterNight(Night):
    """A night of jobs.posters."""

    def command(self) -> list[str]:
        toml = self.folder / "posters.toml"
        toml.write_text(SETTINGS, encoding="utf-8")
        return ["jobs.posters", "--input", str(self.manifest), "--output", self.output, "--config", str(toml)]

    def rows(self) -> dict[str, tuple[Any, ...]]:
        """Of each published row, what was painted for it; the file that it names is there and holds what it says."""
        rows = {}
        for row in published_runs.read(Storage(), self.output).to_pylist():
            data = Path(row["background"]["uri"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == row["background"]["sha256"]
            made = (row["background"]["sha256"], row["background_seed"], row["condition"], json.dumps(row["elements"]))
            rows[row["row_id"]] = made
        return rows


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of products with alpha, one of which is gone."""
    folder = tmp_path_factory.mktemp("jars")
    lines = []
    for number in range(PRODUCTS):
        pixels = np.zeros((120, 90, 4), np.uint8)
        pixels[20:110, 20:70] = (20 * number, 90, 200 - 20 * number, 255)
        (folder / f"{number}.png").write_bytes(images.encode_png(pixels))
        lines.append(json.dumps({"product_id": f"jar-{number}", "image": f"{number}.png", "title": f"Jar {number}"}))
    (folder / "8.png").unlink()
    (folder / "catalogue.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder / "catalogue.jsonl"


@pytest.fixture(scope="module")
def undisturbed_posters(
    cluster: Cluster, jars: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Any, ...]]:
    night = PosterNight(cluster, tmp_path_factory.mktemp("calm-posters"), jars)
    summary = night.finish()
    assert (summary["published"], summary["dead_letters"]) == (PRODUCTS - 1, 1)
    return night.rows()


@pytest.mark.parametrize("victim", ["driver", "worker", "raylet"])
def test_a_night_that_loses_who_paints_ends_with_the_same_backgrounds(
    cluster: Cluster, jars: Path, undisturbed_posters: dict[str, tuple[Any, ...]], tmp_path: Path, victim: str
) -> None:
    night = PosterNight(cluster, tmp_path, jars)
    try:
        code, summary = night.lose(victim, *POINTS)
        assert code == 0, night.log.read_text()[-5000:]
        assert (summary["published"], summary["failed"]) == (PRODUCTS - 1, {"fetch": {"not_found": 1}})
        assert night.rows() == undisturbed_posters
        named = {row[0] for row in undisturbed_posters.values()}
        stored = {hashlib.sha256(file.read_bytes()).hexdigest() for file in night.root.glob("backgrounds/**/*.png")}
        assert stored == named  # what was painted twice is the same file
    finally:
        if night.driver is not None and night.driver.poll() is None:
            night.kill()
        cluster.clear()
