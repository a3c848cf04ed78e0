"""`make demo-retrain`: a new style is learnt, judged, promoted, and the next night's layouts are in it.

Lays out some products with the embedded vision-language model; trains a LoRA adapter for it on posters whose text
stands on the left third, by `jobs.retrain`, whose gate compares it with the bare model on posters held back; then the
same products again, by the same command with `compose.adapter = "registry:left-third"`.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

from layoutgen.demo.shop import CATALOGUE, HERE, job, opened, say

_SERVED = '\nadapter = "registry:left-third"\nregistry = "s3://demo/registry"\n'
_PRODUCTS = "12"
_THIRD = 0.4  # share of the canvas that the style's text keeps to


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m layoutgen.demo.retraining", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output/retrain"), help="folder for all it makes")
    output = parser.parse_args().output.resolve()
    began = time.monotonic()
    with opened(output):
        bare = (HERE / "demo.qwen_vl.toml").read_text("utf-8")
        served = output / "served.toml"
        served.write_text(bare.replace('model = "embedded"', f'model = "embedded"{_SERVED}'), "utf-8")
        before = _night("before", HERE / "demo.qwen_vl.toml", output)
        say("learning a style: python -m jobs.retrain --config jobs/retrain.left_third.toml, which takes some minutes")
        summary = json.loads(
            job(
                "retrain",
                "--config",
                str(HERE.parents[1] / "jobs" / "retrain.left_third.toml"),
                "--output",
                "s3://demo/training",
                "--registry",
                "s3://demo/registry",
            )
        )
        say(f"{summary['version']} serves now, because {summary['reasons'][0]}")
        after = _night("after", served, output)
    say(f"text on the left {_THIRD:.0%} of the canvas: {before:.0%} before, {after:.0%} after")
    say(f"open {output / 'before' / 'index.html'} and {output / 'after' / 'index.html'}")
    say(f"{time.monotonic() - began:.0f} s in all")
    return 0


def _night(name: str, config: Path, output: Path) -> float:
    """Lay out some products and draw their gallery; returns the share of texts on the left of their canvas."""
    say(f"laying out {_PRODUCTS} products: python -m jobs.layouts --config {config.name}")
    table = "s3://demo/layouts"
    summary = json.loads(
        job("layouts", "--input", CATALOGUE, "--output", table, "--config", str(config), "--limit", _PRODUCTS)
    )
    say(f"{summary['computed']} layouts computed, {summary['unchanged']} unchanged")
    job("gallery", "--layouts", table, "--output", str(output / name))
    rows = pq.read_table(output / "s3" / "demo" / "layouts" / "snapshots" / summary["run_id"]).column("elements")
    boxes = [element["box"] for row in rows.to_pylist() for element in row if element["text"]]
    return sum(box[2] <= _THIRD for box in boxes) / max(1, len(boxes))


if __name__ == "__main__":
    sys.exit(main())
