"""The whole chain on one machine as a cluster would see it: `python -m tests.rehearsal [--output DIR] [--small]`.

    posters ─annotate─▶ annotations ┐
    night ─gallery─▶ feedback ──────┴─examples─▶ data set ─retrain─▶ adapter, promoted ─▶ night ─▶ evaluation, gallery

Every step is a job that `ray job submit` carries to a cluster of a head and two nodes of logical CPUs and GPUs, with
the settings of jobs/*.cluster.toml scaled to one actor a pool, over a bucket of a local S3 server and tiny checkpoints
in the published formats. A worker of the training and a node of the second night are killed; both end as undisturbed
ones do, which is compared. `--small` leaves the undisturbed ones out. Prints one line of JSON.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from layoutgen import tables
from layoutgen.core import feedback
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from tests.rehearsal import designer, questions, shop, timeline
from tests.rehearsal.cluster import Cluster, Submission
from tests.rehearsal.settings import scaled
from tests.rehearsal.shop import ROOT

_FIXED = {"autoscaling": False, "nodes": []}  # the cluster is as large as it is
_RULES = {"engine": "rules", "model": "", "adapter": "", "registry": ""}
_PROTECT = {"engine": "ocr", "model": "", "device": "cpu"}  # the big model of the clusters' settings is not here
_TRAIN = {
    "image_side": 112,
    "batch": 8,
    "micro": 4,
    "steps": 100,
    "rate": 1e-2,
    "dtype": "float32",
    "device": "cpu",
    "workers": 2,
    "least_workers": 0,
    "worker": {"num_cpus": 1.0, "num_gpus": 1.0},
    "zero": 2,
    "readers": 1,
    "validate_every": 50,
    "checkpoint_every": 25,
    "log_every": 10,
    "max_failures": 2,
    "checkpointing": False,
}
SELECT = {"select": {"shares": [0.5, 0.1, 0.4]}}
VOLATILE = ("run_id", "created_at", "attempts")


class Rehearsal:
    """The chain, step by step; `summary` gathers what each step said."""

    def __init__(self, folder: Path, cluster: Cluster, storage: Storage, **train: Any) -> None:
        self.folder, self.cluster, self.storage = folder, cluster, storage
        self._train = {**_TRAIN, **train}
        self.summary: dict[str, Any] = {"seconds": {}}
        cache = str(folder / "cache")
        model = {"device": "cpu", "dtype": "float32", "cache": cache, "batch": 4, "prompt_tokens": 2048}
        run = {"rows_per_shard": 10, "log_seconds": 5.0, "autoscaling": False, "nodes": [], "max_failed_fraction": 0.3}
        gpu = {"size": 1, "num_cpus": 2.0, "num_gpus": 0.5}
        self._reader = {**model, "engine": "grounded", "model": f"{ROOT}/models/internvl2", "ground": gpu}
        self._reader |= {"image_side": 112, "max_new_tokens": 512}
        self._composer = {**model, "model": f"{ROOT}/models/qwen2.5-vl", "pool": gpu}
        self._composer |= {"image_side": 112, "max_new_tokens": 768}
        self._run = run

    def _config(self, base: str, name: str, **changes: Any) -> str:
        """The settings `base` scaled, with changes."""
        return scaled(base, self.folder / f"{name}.toml", {"run": self._run, **changes})

    def ended(self, submission: Submission) -> dict[str, Any]:
        """Wait for a job's good end; return its summary."""
        summary = submission.end()
        self.summary["seconds"][submission.name] = round(submission.seconds, 1)
        say(f"{submission.name}: {submission.seconds:.0f} s")
        return summary

    def annotate(self) -> Submission:
        """Posters to annotations: OCR on CPUs, InternVL2 on GPUs for those in which there is text."""
        config = self._config("annotate.cluster.toml", "annotate", annotate=self._reader)
        source, output = f"{ROOT}/posters/posters.jsonl", f"{ROOT}/annotations"
        return self.cluster.submit(
            "annotate", "jobs.annotate", "--input", source, "--output", output, "--config", config
        )

    def first_night(self) -> Submission:
        """The catalogue as it was laid out until now: text read by OCR, layouts by the rules."""
        config = self._config("layouts.cluster.toml", "first", compose=_RULES, protect=_PROTECT)
        return self.cluster.submit("night-1", *self._night(config, "layouts"))

    def _night(self, config: str, table: str) -> tuple[str, ...]:
        return (
            *("jobs.layouts", "--input", f"{ROOT}/catalogue/catalogue.jsonl"),
            *("--output", f"{ROOT}/{table}", "--config", config),
        )

    def decide(self) -> None:
        """The designer's decisions on the first night."""
        rows = tables.read(f"{ROOT}/layouts").to_pylist()
        self.storage.write(f"{ROOT}/feedback.jsonl", feedback.write(designer.decide(rows)).encode())

    def learn(self) -> None:
        """Decisions and annotations become a data set."""
        config = scaled("examples.cluster.toml", self.folder / "examples.toml", {**_FIXED, **SELECT})
        submission = self.cluster.submit(
            *("examples", "jobs.examples", "--layouts", f"{ROOT}/layouts", "--feedback", f"{ROOT}/feedback.jsonl"),
            *("--annotations", f"{ROOT}/annotations", "--output", f"{ROOT}/sets", "--config", config),
        )
        self.summary["examples"] = self.ended(submission)

    def retrain(self, name: str, *, disturbed: bool) -> Submission:
        """An adapter by two workers with ZeRO-2, judged and promoted into the registry `name`."""
        shapes = {
            "train": {**self._train, "model": f"{ROOT}/models/qwen2.5-vl", "cache": str(self.folder / "cache")},
            "data": {"fixed": 0, "augment": {"jitter_share": 0.5, "hide": 0.2, "refine": 0.2, "perturb": 0.1}},
            "gate": {
                # A model of a million parameters does not learn in a minute how many elements a designer sets.
                "guards": ["parsed", "placed", "violations"],
                "cases": 16,
                "max_new_tokens": 768,
                "resamples": 500,
                "device": "cpu",
                "dtype": "float32",
                "pool": {"num_cpus": 1.0, "num_gpus": 0.5},
            },
        }
        config = scaled("retrain.cluster.toml", self.folder / f"retrain-{name}.toml", {**_FIXED, **shapes})
        command = (
            *("jobs.retrain", "--data", self.summary["examples"]["data"], "--output", f"{ROOT}/training-{name}"),
            *("--registry", f"{ROOT}/{name}", "--config", config),
        )
        if disturbed:
            self.cluster.stop_at("step_51_of_1")
        submission = self.cluster.submit(f"retrain-{name}", *command)
        if disturbed:
            self.cluster.stopped_at("step_51_of_1", submission).kill()
            say("a worker of the training was killed at its 51st step")
        return submission

    def second_night(self, table: str, *, disturbed: bool) -> dict[str, Any]:
        """The catalogue by the promoted adapter; a node is lost in its middle."""
        compose = {**self._composer, "adapter": "registry:layouts", "registry": f"{ROOT}/adapters"}
        config = self._config("layouts.cluster.toml", table, annotate=self._reader, compose=compose, protect=_PROTECT)
        if disturbed:
            self.cluster.stop_at("during_place")
        submission = self.cluster.submit(f"night-2-{table}", *self._night(config, table))
        if disturbed:
            self.cluster.lose_node_of(self.cluster.stopped_at("during_place", submission))
            say("a node was lost in the night, with all that worked on it")
        summary = self.ended(submission)
        work = timeline.read(self.cluster.tasks(submission.name))
        timeline.draw(work, submission.name).save(self.folder / f"{submission.name}.png")
        self.summary.setdefault("pools", {})[table] = timeline.shares(work)
        return summary

    def judge(self) -> tuple[Submission, Submission]:
        """The second night against the first, and a page of it, at once."""
        evaluation = self._config("evaluate.cluster.toml", "evaluate")
        first, table = self.summary["first night"]["run_id"], f"{ROOT}/layouts"
        return (
            self.cluster.submit(
                *("evaluate", "jobs.evaluate", "--layouts", table, "--output", f"{ROOT}/evaluation"),
                *("--baseline", table, "--baseline-run-id", first, "--config", evaluation),
            ),
            self.cluster.submit("gallery", "jobs.gallery", "--layouts", table, "--output", f"{ROOT}/gallery"),
        )

    def ask(self) -> None:
        """What a data team asks of the table, in the SQL of docs/tables.md."""
        run_id = self.summary["second night"]["run_id"]
        product = self.storage.read(f"{ROOT}/catalogue/catalogue.jsonl").split(b"\n", 1)[0]
        answers = questions.ask(f"{ROOT}/layouts", run_id, json.loads(product)["product_id"])
        self.summary["answers"] = answers
        (self.folder / "answers.json").write_text(json.dumps(answers, indent=1, default=str, ensure_ascii=False))

    def weights(self, retraining: dict[str, Any]) -> str:
        """The sha256 of the adapter that a retraining registered."""
        return hashlib.sha256(self.storage.read(f"{retraining['adapter']}/adapter_model.safetensors")).hexdigest()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows that a table published, and its dead letters, without what differs from run to run."""
        rows = [
            {name: value for name, value in row.items() if name not in VOLATILE}
            for dead_letters in (False, True)
            for row in tables.read(f"{ROOT}/{table}", dead_letters=dead_letters).to_pylist()
        ]
        return sorted(rows, key=lambda row: row["row_id"])


def rehearse(folder: Path, *, small: bool = False) -> dict[str, Any]:
    """Run it all in `folder`, which is emptied before; returns the summary."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "s3" / "rehearsal").mkdir(parents=True)
    began = time.monotonic()
    with LocalS3(folder / "s3") as server:
        os.environ.update(server.environment())
        storage = Storage()
        say("drawing products and posters, building the base models, starting a cluster")
        with ThreadPoolExecutor(1) as pool:
            stocking = pool.submit(shop.stock, folder, storage, products=16 if small else 30, posters=4 if small else 6)
            with cluster_in(folder, server.environment()) as cluster:
                stocking.result()
                chain = Rehearsal(folder, cluster, storage)
                _go(chain, compare=not small)
        chain.summary["seconds"]["in all"] = round(time.monotonic() - began, 1)
    return chain.summary


def _go(chain: Rehearsal, *, compare: bool) -> None:
    """From posters to a gallery; what does not wait for one another runs at once. With `compare`, training and night
    are run again undisturbed."""
    summary = chain.summary
    annotating, night = chain.annotate(), chain.first_night()
    summary["first night"], summary["annotations"] = chain.ended(night), chain.ended(annotating)
    chain.decide()
    chain.learn()
    summary["retraining"] = chain.ended(chain.retrain("adapters", disturbed=True))
    summary["second night"] = chain.second_night("layouts", disturbed=True)
    evaluation, page = chain.judge()
    again = chain.retrain("adapters-undisturbed", disturbed=False) if compare else None
    chain.ask()
    summary["evaluation"] = chain.ended(evaluation)
    chain.ended(page)
    if again:
        summary["same adapter"] = chain.weights(chain.ended(again)) == chain.weights(summary["retraining"])
        chain.second_night("layouts-undisturbed", disturbed=False)
        summary["same table"] = chain.rows("layouts") == chain.rows("layouts-undisturbed")


@contextlib.contextmanager
def cluster_in(folder: Path, environment: dict[str, str]) -> Iterator[Cluster]:
    """A cluster while the block runs."""
    cluster = Cluster(folder / "cluster", environment)
    try:
        yield cluster
    finally:
        cluster.stop()


def say(text: str) -> None:
    """Tell who watches."""
    sys.stderr.write(f"rehearsal: {text}\n")


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.rehearsal", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path("demo-output/rehearsal"))
    parser.add_argument("--small", action="store_true", help="fewer products, and no undisturbed runs to compare with")
    given = parser.parse_args()
    summary = rehearse(given.output.resolve(), small=given.small)
    sys.stdout.write(json.dumps(summary, ensure_ascii=False, default=str) + "\n")
    return 0 if summary.get("same adapter", True) and summary.get("same table", True) else 1


if __name__ == "__main__":
    sys.exit(main())
