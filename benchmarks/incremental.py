"""What a night costs on which little changed: the nightly job on drawn products, then again.

    python -m benchmarks.incremental [--products 30] [--changed 0.05] [--full] [--output results.jsonl]

The shipped settings on two CPUs, with the embedded models. One line of JSON a case, full night against the other one:
`model` is the time that the annotate, compose and place stages were busy; `planning` is what finding out what changed
takes (plan and load) against the whole full night; `wall` is both nights whole. `unchanged` is a third night, on which
nothing changed, as the command that a shop runs, from its start to its end, and `unchanged_cpu` its CPU time.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import ray
from PIL import Image

from benchmarks.benchmark import Benchmark
from benchmarks.stream import start_ray
from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Ledger
from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import RunOptions

BENCHMARK = Benchmark(
    "incremental",
    "what a night costs on which little changed",
    "a night on which all is new",
    seconds=60,
    full="150 products, 2 % of them changed, about 3 minutes",
    uses="2 CPUs for Ray",
)
SETTINGS = Path(__file__).parent.parent / "jobs" / "layouts.toml"
MODELS = ("annotate", "compose", "place")


def main() -> None:
    """Run the two nights."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--products", 30, 150)
    parser.add_size("--changed", 0.05, 0.02, "share of the products, half of them by image")
    given = parser.parse_args()
    start_ray()
    settings = load(LayoutsConfig, SETTINGS)
    with tempfile.TemporaryDirectory(prefix="layoutgen-incremental-") as name:
        measure(Path(name), settings, given.products, max(1, round(given.changed * given.products)))
    ray.shutdown()


def measure(folder: Path, settings: LayoutsConfig, products: int, changed: int) -> None:
    """Run both nights."""
    rows = [product(folder, number) for number in range(products)]
    BENCHMARK.say(f"a night of {products} new products")
    full = _night(settings, folder, rows, "full")
    for turn, number in enumerate(random.Random(1).sample(range(products), changed)):
        if turn % 2:
            rows[number]["title"] += " II"
        else:
            photograph(folder / f"{number}.jpg", number + products)
    BENCHMARK.say(f"a night on which {changed} of them changed")
    little = _night(settings, folder, rows, "little")
    assert little["computed"] == little["rows_in"] // products * changed, little
    size = f"{little['computed']} of {little['rows_in']} rows changed"
    for case, mine, other in (
        ("model", little["model_s"], full["model_s"]),
        ("planning", little["planning_s"], full["seconds"]),
        ("wall", little["seconds"], full["seconds"]),
    ):
        ratio = round(other / mine, 2)
        BENCHMARK.line(case, size=size, ours=round(mine, 2), other=round(other, 2), ratio=ratio, unit="s")
    BENCHMARK.say("a night on which nothing changed, as a command")
    for case, seconds in zip(("unchanged", "unchanged_cpu"), _command(folder, len(rows)), strict=True):
        ratio = round(full["seconds"] / seconds, 2)
        size = f"0 of {little['rows_in']} rows changed"
        BENCHMARK.line(case, size=size, ours=round(seconds, 2), other=round(full["seconds"], 2), ratio=ratio, unit="s")


def _command(folder: Path, products: int) -> tuple[float, float]:
    """Run the job on the catalogue as it is, by its command: seconds by the clock and of CPU."""
    places = ("--input", str(folder / "catalogue.jsonl"), "--output", str(folder / "out"))
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "jobs.layouts", *places, "--config", str(SETTINGS)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    summary = json.loads(done.stdout)
    assert summary["unchanged"] == summary["rows_in"] >= products, summary
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def product(folder: Path, number: int) -> dict[str, Any]:
    """A row of a catalogue in `folder`, with its photo there."""
    photograph(folder / f"{number}.jpg", number)
    return {
        "product_id": f"p{number}",
        "image": f"{number}.jpg",
        "title": f"Stoneware vase no. {number}",
        "selling_points": ["Fired twice", "Holds two litres"],
    }


def photograph(path: Path, seed: int) -> None:
    """A block on a soft ground, as unlike another as seeds are."""
    rng = np.random.default_rng(seed)
    ground = Image.fromarray(rng.integers(120, 255, (4, 4, 3), np.uint8)).resize((900, 900), Image.Resampling.BICUBIC)
    width, height = (int(side) for side in rng.integers(250, 500, 2))
    block = Image.fromarray(rng.integers(0, 120, (6, 4, 3), np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    left, top = (int(place) for place in rng.integers(50, 400, 2))
    ground.paste(block, (left, top))
    ground.save(path, quality=88)


def _night(settings: LayoutsConfig, folder: Path, rows: list[dict[str, Any]], run_id: str) -> dict[str, Any]:
    manifest = folder / "catalogue.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    output = str(folder / "out")
    summary = run_layouts(settings, str(manifest), output, RunOptions(run_id=run_id))
    assert summary["dead_letters"] == 0, summary
    ledger = Ledger(Storage(), output, run_id)
    reports = ledger.markers()
    busy = {name: sum(report.stages[name].seconds for report in reports if name in report.stages)
            for name in (*MODELS, "load")}  # fmt: skip
    state = ledger.read_state() or {}
    return {
        **summary,
        "model_s": sum(busy[name] for name in MODELS),
        "planning_s": state["planning_s"] + busy["load"],
    }


if __name__ == "__main__":
    main()
