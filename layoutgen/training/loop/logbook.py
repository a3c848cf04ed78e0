"""What a training says of itself: lines on the console, `log.jsonl` in storage, TensorBoard's events, and a curve.

`log.jsonl` has a JSON object a line: kind `step` (loss, hits, rate, norm, samples and tokens a second, share of
the time spent waiting for data), `validation` (loss, hits), `resumed`, `stopped`. A run that learns from rewards says
what `rewards.exploring` and `rewards.held_back` say instead of hits, and has their curves in `rewards.svg`. A run that
goes on after an interruption drops the lines of the steps it takes again. Objects can't be appended to, so they are
written anew at each `keep`.
"""

import json
import logging
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from layoutgen.io.storage import Storage
from layoutgen.pages import plots

log = logging.getLogger("layoutgen")


def events(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """TensorBoard's event file of lines with `kind`, `step`, `at` (seconds) and numbers, the scalars KIND/NAME."""
    from tensorboardX import SummaryWriter

    with tempfile.TemporaryDirectory(prefix="layoutgen-events-") as folder:
        with SummaryWriter(folder) as writer:
            for line in lines:
                for name, value in line.items():
                    if isinstance(value, int | float) and name not in ("step", "at"):
                        writer.add_scalar(f"{line['kind']}/{name}", value, line["step"], walltime=line["at"])
        (file,) = Path(folder).iterdir()
        return file.read_bytes()


class Logbook:
    """The log of a run, written by rank 0. `first` is how many steps were taken before it."""

    def __init__(self, storage: Storage, root: str, first: int = 0) -> None:
        self._storage, self._root = storage, root.rstrip("/")
        before = storage.read_version(f"{self._root}/log.jsonl")
        lines = [json.loads(line) for line in before[0].decode().splitlines()] if before else []
        self.lines: list[dict[str, Any]] = [line for line in lines if line["step"] <= first]

    def add(self, kind: str, step: int, **values: Any) -> None:
        """Say something of a step."""
        self.lines.append({"kind": kind, "step": step, "at": round(time.time(), 3), **values})
        text = ", ".join(
            f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
        )
        log.info("%s %d: %s", kind, step, text)

    def keep(self) -> None:
        """Write all there is to storage."""
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
        self._storage.write(f"{self._root}/log.jsonl", text.encode())
        self._storage.write(f"{self._root}/curve.svg", self.curve().encode())
        if any("reward" in line for line in self.lines):
            self._storage.write(f"{self._root}/rewards.svg", self.rewards().encode())
        self._storage.write(f"{self._root}/tensorboard/events.out.tfevents.0.layoutgen", events(self.lines))

    def curve(self) -> str:
        """Loss and validation loss over steps, as SVG."""
        series = {
            name: [(line["step"], line["loss"]) for line in self.lines if line["kind"] == kind and "loss" in line]
            for name, kind in (("training", "step"), ("validation", "validation"))
        }
        return plots.curves(series, across="step", up="loss a token")

    def rewards(self) -> str:
        """What is held against layouts over steps, as SVG: rollouts by their reward, held-back ones by both judges."""
        of = {
            "rollouts": ("step", "reward"),
            "judge": ("validation", "objections"),
            "held-out": ("validation", "held_out"),
        }
        series = {
            name: [(line["step"], abs(line[value])) for line in self.lines if line["kind"] == kind and value in line]
            for name, (kind, value) in of.items()
        }
        return plots.curves(series, across="step", up="objections")
