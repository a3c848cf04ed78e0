"""One worker's way through a training: load, go on from a checkpoint, learn, validate, save, export.

    RUN/checkpoints/step-…    few, complete only with their markers
    RUN/log.jsonl, curve.svg, tensorboard/
    RUN/outcome/<sha>/        the adapter, or with `full` the checkpoint, and last of all
    RUN/outcome.json          which says that training is done, how it went, and where that folder is

Every worker runs the same lines; rank 0 alone writes what all have in common. No Ray here: one process does it, too.
"""

import json
import logging
import math
import os
import secrets
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.models.checkpoints import Speech, load_speech
from layoutgen.models.weights import fetch_weights, weights_sha
from layoutgen.training import dense, lora
from layoutgen.training.data import Data, open_data
from layoutgen.training.engines import Engine, PlainEngine, from_first, ranks_of
from layoutgen.training.feeding import Feed
from layoutgen.training.learner import Learner
from layoutgen.training.logbook import Logbook
from layoutgen.training.lora import DivergedError, Recipe, Taken
from layoutgen.training.order import Order
from layoutgen.training.saving import Checkpoint, CheckpointError, Checkpoints
from layoutgen.training.tokens import Row, encode
from layoutgen.training.watching import decoded
from layoutgen.training_config import Data as DataSettings
from layoutgen.training_config import Train

log = logging.getLogger("layoutgen")

WEIGHTS = "weights.safetensors"


@dataclass(frozen=True)
class Fit:
    """What to train: settings that travel, and the run's folder in storage."""

    root: str
    train: Train
    data: DataSettings
    storage: Storage


def recipe_of(train: Train) -> Recipe:
    """The recipe in the settings."""
    return Recipe(**{field.name: getattr(train, field.name) for field in fields(Recipe)})


def steps_of(train: Train, samples: int) -> int:
    """How many steps a training takes."""
    return train.steps or max(1, math.ceil(train.epochs * math.ceil(samples / train.batch)))


def read_outcome(storage: Storage, root: str) -> dict[str, Any] | None:
    """What a training said at its end; None where it has not ended."""
    found = storage.read_version(f"{root}/outcome.json")
    return None if found is None else dict(json.loads(found[0]))


def fit(job: Fit, device: str = "cpu") -> None:
    """Train, or go on, to the end. A loss that is no number ends it with what it has: see `outcome.json`. Raises
    CheckpointError, DataError, SampleError or ValueError, with the mend, where it can't go on."""
    train, recipe = job.train, recipe_of(job.train)
    weights = fetch_weights(train.model, Path(train.cache).expanduser(), job.storage)
    speech = load_speech(weights)
    data = open_data(job.data, train.cache, job.storage, partial(speech.pictures.size, longest=train.image_side))
    steps = steps_of(train, len(data.train))
    rank, ranks = ranks_of()
    attempt = str(from_first(secrets.token_hex(4)))
    checkpoints = Checkpoints(
        job.storage, f"{job.root}/checkpoints", rank=rank, ranks=ranks, keep=train.keep, attempt=attempt
    )
    learner = lora.load_learner(weights, recipe, device)
    found, folder = _newest(checkpoints, rank)
    taught = [] if found or not recipe.dense_steps else list(dense.pretrain(learner.model, data.train, speech, recipe))
    engine, first, notes = _begin(job, learner, found, folder)
    book = Logbook(job.storage, job.root, first) if rank == 0 else None
    if book:
        for line in taught:
            book.add("dense", 0, **line)
    if book and first:
        book.add("resumed", first, workers=ranks, **notes)
    run = _Run(job, engine, speech, data, recipe, checkpoints, book, weights)
    if taught:
        run.save()
    stopped = None
    try:
        run.learn(first, steps)
    except DivergedError as error:
        stopped = str(error)
    checkpoints.wait()
    outcome = run.finish(steps, weights, stopped)
    if book:
        if stopped:
            book.add("stopped", run.done, why=stopped)
        book.keep()
        crash_point("before_outcome")
        job.storage.write(f"{job.root}/outcome.json", json.dumps(outcome, indent=1).encode())


def _begin(
    job: Fit, learner: Learner, found: Checkpoint | None, folder: Path | None
) -> tuple[Engine, int, dict[str, Any]]:
    """The engine, the step it goes on from, and what is to be said of that."""
    train, ranks = job.train, ranks_of()[1]
    if found and folder:
        lora.restore(learner, load_file(folder / WEIGHTS, device="cpu"))
    engine: Engine
    if train.zero:
        from layoutgen.training.zero import ZeroEngine

        engine = ZeroEngine(learner, stage=train.zero, micro=train.micro, clip=train.clip, decay=train.decay)
    else:
        engine = PlainEngine(learner, clip=train.clip, decay=train.decay)
    if not found or not folder:
        return engine, 0, {}
    notes: dict[str, Any] = {"state": "whole"}
    if found.about["zero"] == train.zero and (train.zero == 0 or found.ranks == ranks):
        engine.load(folder)
    else:
        notes["state"] = (
            f"weights only: {found.ranks} workers with ZeRO-{found.about['zero']} wrote it, {ranks} with "
            f"ZeRO-{train.zero} go on, whose optimiser begins anew"
        )
        log.warning("step %d: %s", found.step, notes["state"])
    shutil.rmtree(folder, ignore_errors=True)
    return engine, found.step, notes


def _newest(checkpoints: Checkpoints, rank: int) -> tuple[Checkpoint | None, Path | None]:
    """The newest checkpoint that is whole, the same for all ranks, and its files here."""
    found: Checkpoint | None = None
    folder: Path | None = None
    damaged: list[str] = []
    if rank == 0:
        for candidate in checkpoints.all():
            try:
                folder = checkpoints.fetch(candidate)
                found = candidate
                break
            except CheckpointError as error:
                log.warning("%s; the checkpoint before it is taken", error)
                damaged.append(str(error))
    found, damaged = from_first((found, damaged))
    if found is None and damaged:
        raise CheckpointError(f"no checkpoint is whole: {damaged[0]}; remove the run's folder to begin anew")
    if found is not None and folder is None:
        folder = checkpoints.fetch(found)
    return found, folder


class _Run:
    """The loop's companions, and how far it is."""

    def __init__(self, job: Fit, engine: Engine, speech: Speech, data: Data, recipe: Recipe,
                 checkpoints: Checkpoints, book: Logbook | None, weights: Path) -> None:  # fmt: skip
        self.weights = weights
        self.job, self.engine, self.speech, self.data, self.recipe = job, engine, speech, data, recipe
        self.checkpoints, self.book, self.done = checkpoints, book, 0
        self.device = next(engine.learner.parameters()).device
        self.make = lora.collator(speech, recipe, self.device)
        self._taken: list[Taken] = []
        self._since, self._waited = time.perf_counter(), 0.0
        self._validation: list[list[Row]] | None = None

    def learn(self, first: int, steps: int) -> None:
        """Take the steps from `first` on. Raises DivergedError."""
        train, engine = self.job.train, self.engine
        self.done = first
        order = Order(len(self.data.train), train.batch, train.seed, engine.ranks, engine.rank, train.window)
        with Feed(
            self.data.train, self.speech, order, longest=train.image_side, most_tokens=train.max_tokens,
            pairs=train.method == "dpo", free=train.free, micro=train.micro, readers=train.readers,
            processes=train.processes,
        ) as feed:  # fmt: skip
            for step, chunks in feed.steps(first, steps):
                self._taken.append(lora.take(engine, chunks, self.make, self.recipe, step, steps))
                self.done = step + 1
                crash_point(f"step_{self.done}_of_{engine.rank}")
                last = self.done == steps
                if last or self.done % train.log_every == 0:
                    self._say(feed.waited_s)
                if train.validation_samples and (last or self.done % train.validate_every == 0):
                    self._validate()
                if last or self.done % train.checkpoint_every == 0:
                    self.save()

    def finish(self, steps: int, base: Path, stopped: str | None) -> dict[str, Any]:
        """Export what was learnt, unless training stopped; returns what the outcome's file says."""
        losses = [line["loss"] for line in self.book.lines if line["kind"] == "validation"] if self.book else []
        said: dict[str, Any] = {
            "steps": self.done, "stopped": stopped, "validation_loss": losses[-1] if losses else None,
            "workers": self.engine.ranks, **lora.parameters(self.engine.learner),
        }  # fmt: skip
        if stopped:
            return said
        weights = self.engine.weights()
        if self.engine.rank == 0:
            with tempfile.TemporaryDirectory(prefix="layoutgen-outcome-") as folder:
                out = lora.export(self.engine.learner, weights, Path(folder), base, self.job.train.model, self.recipe)
                said["folder"] = f"outcome/{weights_sha(out)[:12]}"
                for path in sorted(out.iterdir()):
                    if not path.name.startswith("."):
                        self.job.storage.write(f"{self.job.root}/{said['folder']}/{path.name}", path.read_bytes())
        return said

    def _say(self, waited_s: float) -> None:
        now = time.perf_counter()
        seconds, taken = now - self._since, self._taken
        count = len(taken)
        if self.book and count:
            self.book.add(
                "step", taken[-1].step + 1,
                loss=sum(one.loss for one in taken) / count, hits=sum(one.hits for one in taken) / count,
                rate=taken[-1].rate, norm=taken[-1].norm,
                samples_per_second=sum(one.samples for one in taken) / seconds,
                tokens_per_second=sum(one.read for one in taken) / seconds,
                waited=(waited_s - self._waited) / seconds,
            )  # fmt: skip
        self._taken, self._since, self._waited = [], now, waited_s

    def _validate(self) -> None:
        if self._validation is None:
            self._validation = self._validation_rows()
        loss, hits = lora.validate(self.engine, self._validation, self.make)
        if self.book and math.isfinite(loss):
            self.book.add("validation", self.done, loss=loss, hits=hits)
            self._decode()
            self.book.keep()

    def _decode(self) -> None:
        """Make some held-back layouts and say what they are like."""
        train, cases = self.job.train, self.data.test[: self.job.train.decode_cases]
        if self.book and len(cases):
            learner = self.engine.learner
            made = decoded(learner.model, self.weights, self.speech, cases, train.image_side)
            self.book.add("decoded", self.done, **made)

    def _validation_rows(self) -> list[list[Row]]:
        """This rank's part of the validation, the same number of chunks on every rank."""
        train, engine = self.job.train, self.engine
        count = min(train.validation_samples, len(self.data.validation))
        if not count:
            return []
        places, pairs = -(-count // engine.ranks), train.method == "dpo"
        numbers = list(range(count))[engine.rank :: engine.ranks]
        held = [self.data.validation.sample(i, 0) for i in numbers or [0]]
        rows = [
            encode(self.speech, one, train.image_side, train.max_tokens, pairs=pairs, free=train.free) for one in held
        ]
        rows = rows if numbers else [rows[0].filler()]
        rows += [rows[-1].filler()] * (places - len(rows))
        return [rows[i : i + train.micro] for i in range(0, places, train.micro)]

    def save(self) -> None:
        """Write a checkpoint."""
        folder = self.checkpoints.folder()
        try:
            weights = self.engine.weights()
            if self.engine.rank == 0:
                save_file({name: weight.contiguous() for name, weight in weights.items()}, folder / WEIGHTS)
            self.engine.save(folder)
        except OSError as error:
            raise CheckpointError(
                f"the checkpoint of step {self.done} can't be written to {folder}: {os.strerror(error.errno or 0)}; "
                "make room there, or set TMPDIR; checkpoints before it are good"
            ) from error
        self.checkpoints.put(self.done, folder, {"zero": self.job.train.zero, "recipe": asdict(self.recipe)})
        if self.book:
            self.book.keep()
