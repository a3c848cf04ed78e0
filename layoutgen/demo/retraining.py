"""`make demo-retrain`: a new style is learnt, judged, promoted, and the next night's layouts are in it.

Lays out the catalogue with the embedded vision-language model. A designer pulls all text to the left, as the gallery
exports it; `jobs.examples` makes a data set of these edits, and `jobs.retrain` trains a LoRA adapter on it, whose gate
compares it with the bare model on products held back. Then the same products again, by the same command with
`compose.adapter = "registry:left-third"`. Where the gate refuses the adapter, nothing is promoted, and the demo ends
there with the gate's reasons and exit code 1.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from layoutgen.core import feedback
from layoutgen.demo.designer import edited
from layoutgen.demo.shop import CATALOGUE, HERE, job, opened, say
from layoutgen.io.storage import Storage

_SERVED = '\nadapter = "registry:left-third"\nregistry = "s3://demo/registry"\n'
_TABLE, _FEEDBACK = "s3://demo/layouts", "s3://demo/feedback.jsonl"
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
        before, rows = _night("before", HERE / "demo.qwen_vl.toml", output)
        say("a designer pulls every text to the left, as in the gallery: python -m jobs.examples --feedback …")
        Storage().write(_FEEDBACK, feedback.write(edited(rows)).encode())
        examples = json.loads(
            job(
                *("examples", "--layouts", _TABLE, "--feedback", _FEEDBACK, "--output", "s3://demo/sets"),
                *("--config", str(HERE / "examples.toml")),
            )
        )
        say(f"{examples['examples']} examples; learning the style: python -m jobs.retrain --data …: some minutes")
        recipe = str(HERE.parents[1] / "jobs" / "retrain.left_third.toml")
        summary = json.loads(
            job(
                *("retrain", "--data", examples["data"], "--config", recipe),
                *("--output", "s3://demo/training", "--registry", "s3://demo/registry"),
                codes=(0, 1),
            )
        )
        if not summary["promoted"]:
            say(f"the gate refuses {summary['version']}, and the bare model goes on: {'; '.join(summary['reasons'])}")
            return 1
        say(f"{summary['version']} serves now, because {summary['reasons'][0]}")
        after, _ = _night("after", served, output)
    say(f"text on the left {_THIRD:.0%} of the canvas: {before:.0%} before, {after:.0%} after")
    say(f"open {output / 'before' / 'index.html'} and {output / 'after' / 'index.html'}")
    say(f"{time.monotonic() - began:.0f} s in all")
    return 0


def _night(name: str, config: Path, output: Path) -> tuple[float, list[dict[str, Any]]]:
    """Lay out the products and draw their gallery; returns the share of texts on the left of their canvas, and the
    rows, without video covers, which no model lays out."""
    say(f"laying the catalogue out: python -m jobs.layouts --config {config.name}")
    night = json.loads(job("layouts", "--input", CATALOGUE, "--output", _TABLE, "--config", str(config)))
    say(f"{night['computed']} layouts computed, {night['unchanged']} unchanged")
    job("gallery", "--layouts", _TABLE, "--output", str(output / name))
    rows = pq.read_table(output / "s3" / "demo" / "layouts" / "snapshots" / night["run_id"]).to_pylist()
    posters = [row for row in rows if row["application"] != "video_cover"]
    boxes = [element["box"] for row in posters for element in row["elements"] if element["text"]]
    return sum(box[2] <= _THIRD for box in boxes) / max(1, len(boxes)), posters


if __name__ == "__main__":
    sys.exit(main())
