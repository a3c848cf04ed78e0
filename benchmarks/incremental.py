"""What a night costs on which little changed: the nightly job on a drawn catalogue, then again with 2 % of it changed.

    python -m benchmarks.incremental [--products 400] [--changed 0.02] [--output results.jsonl]

The shipped settings on two CPUs, with the embedded models. One line of JSON a case, full night against the other one:
`model` is the time that the annotate, compose and place stages were busy; `planning` is what finding out what changed
takes (plan and load) against the whole full night; `wall` is both nights whole.
"""

import argparse
import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import ray
from PIL import Image

from benchmarks.stream import cpu
from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Ledger
from layoutgen.pipelines import run_layouts

SETTINGS = Path(__file__).parent.parent / "jobs" / "layouts.toml"
MODELS = ("annotate", "compose", "place")


def main() -> None:
    """Run the two nights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=400)
    parser.add_argument("--changed", type=float, default=0.02, help="share of the products, half of them by image")
    parser.add_argument("--output", type=Path, help="append the JSON lines to this file too")
    arguments = parser.parse_args()
    ray.init("local", num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    folder = Path(tempfile.mkdtemp(prefix="layoutgen-incremental-"))
    settings = load(LayoutsConfig, SETTINGS)
    try:
        rows = [_product(folder, number) for number in range(arguments.products)]
        full = _night(settings, folder, rows, "full")
        dice = random.Random(1)
        for turn, number in enumerate(dice.sample(range(len(rows)), round(arguments.changed * len(rows)))):
            if turn % 2:
                rows[number]["title"] += " II"
            else:
                _photograph(folder / f"{number}.jpg", number + len(rows))
        little = _night(settings, folder, rows, "little")
        canvases = little["rows_in"] // len(rows)
        assert little["computed"] == canvases * round(arguments.changed * len(rows)), little
        for case, mine, other in (
            ("model", little["model_s"], full["model_s"]),
            ("planning", little["planning_s"], full["seconds"]),
            ("wall", little["seconds"], full["seconds"]),
        ):
            line = json.dumps(
                {
                    "bench": "incremental",
                    "case": case,
                    "size": f"{little['computed']} of {little['rows_in']} rows changed",
                    "ours": round(mine, 2),
                    "other": round(other, 2),
                    "ratio": round(other / mine, 2),
                    "unit": "s",
                    "hardware": f"{cpu()}, 2 CPUs for Ray",
                }
            )
            print(line, flush=True)
            if arguments.output:
                with arguments.output.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
    finally:
        shutil.rmtree(folder)
        ray.shutdown()


def _product(folder: Path, number: int) -> dict[str, Any]:
    _photograph(folder / f"{number}.jpg", number)
    return {
        "product_id": f"p{number}",
        "image": f"{number}.jpg",
        "title": f"Stoneware vase no. {number}",
        "selling_points": ["Fired twice", "Holds two litres"],
    }


def _photograph(path: Path, seed: int) -> None:
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
    summary = run_layouts(settings, str(manifest), output, run_id=run_id)
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
