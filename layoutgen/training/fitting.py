"""One worker's way through a training: load, go on from a checkpoint, learn, validate, save, export.

    RUN/checkpoints/step-…    few, complete only with their markers
    RUN/best/, best.json      the weights with the lowest validation loss: see `best`
    RUN/log.jsonl, curve.svg, tensorboard/
    RUN/samples/step-….jpg        held-back layouts as they were made then, with `decode_cases`
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
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from layoutgen.config.training import DataSettings, TrainSettings
from layoutgen.imaging.images import encode_jpeg
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.models.weights import weights_sha
from layoutgen.training.data.cases import Data
from layoutgen.training.data.opening import open_data
from layoutgen.training.judging.watching import means, sheet
from layoutgen.training.kinds import Kind, kind_of
from layoutgen.training.loop.averaging import Average
from layoutgen.training.loop.best import Best
from layoutgen.training.loop.engines import Engine, PlainEngine, from_first, ranks_of
from layoutgen.training.loop.feeding import Feed
from layoutgen.training.loop.logbook import Logbook
from layoutgen.training.loop.order import Order
from layoutgen.training.loop.saving import Checkpoint, CheckpointError, Checkpoints
from layoutgen.training.loop.steps import DivergedError, Taken, parameters, recipe_of, restore, take, validate

log = logging.getLogger("layoutgen")

WEIGHTS, AVERAGE = "weights.safetensors", "average.safetensors"


@dataclass(frozen=True)
class Fit:
    """What to train: settings that travel, and the run's folder in storage."""

    root: str
    train: TrainSettings
    data: DataSettings
    storage: Storage


def steps_of(train: TrainSettings, samples: int) -> int:
    """How many steps a training takes."""
    return train.steps or max(1, math.ceil(train.epochs * math.ceil(samples / train.batch)))


def read_outcome(storage: Storage, root: str) -> dict[str, Any] | None:
    """What a training said at its end; None where it has not ended."""
    found = storage.read_version(f"{root}/outcome.json")
    return None if found is None else dict(json.loads(found[0]))


def fit(job: Fit, device: str = "cpu") -> None:
    """Train, or go on, to the end. A loss that is no number ends it with what it has: see `outcome.json`. Raises
    CheckpointError, DataError, SampleError or ValueError, with the mend, where it can't go on."""
    train = job.train
    kind = kind_of(train, job.storage)
    data = open_data(job.data, train.cache, job.storage, kind.size)
    steps = steps_of(train, len(data.train))
    rank, ranks = ranks_of()
    attempt = str(from_first(secrets.token_hex(4)))
    checkpoints = Checkpoints(
        job.storage, f"{job.root}/checkpoints", rank=rank, ranks=ranks, keep=train.keep, attempt=attempt
    )
    learner = kind.learner(device)
    found, folder = _newest(checkpoints, rank)
    taught = [] if found else list(kind.pretrain(learner, data.train))
    engine, first, notes, average = _begin(job, learner, found, folder)
    book = Logbook(job.storage, job.root, first) if rank == 0 else None
    if book:
        for line in taught:
            book.add("dense", 0, **line)
    if book and first:
        book.add("resumed", first, workers=ranks, **notes)
    run = _Run(job, engine, kind, data, checkpoints, book, average)
    if taught:
        run.save()
    stopped = None
    try:
        run.learn(first, steps)
    except DivergedError as error:
        stopped = str(error)
    checkpoints.wait()
    outcome = run.finish(stopped)
    if book:
        if stopped:
            book.add("stopped", run.done, why=stopped)
        book.keep()
        crash_point("before_outcome")
        job.storage.write(f"{job.root}/outcome.json", json.dumps(outcome, indent=1).encode())


def _begin(
    job: Fit, learner: nn.Module, found: Checkpoint | None, folder: Path | None
) -> tuple[Engine, int, dict[str, Any], Average | None]:
    """The engine, the step it goes on from, what is to be said of that, and the weights' average where one is kept."""
    train, ranks = job.train, ranks_of()[1]
    average = None
    if found and folder:
        restore(learner, load_file(folder / WEIGHTS, device="cpu"))
    engine: Engine
    if train.zero:
        from layoutgen.training.loop.zero import ZeroEngine

        engine = ZeroEngine(learner, stage=train.zero, micro=train.micro, clip=train.clip, decay=train.decay)
    else:
        engine = PlainEngine(learner, clip=train.clip, decay=train.decay)
    if train.average:
        kept = load_file(folder / AVERAGE) if folder else None
        average = Average(learner, train.average, found.step if found else 0, kept)
    if not found or not folder:
        return engine, 0, {}, average
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
    return engine, found.step, notes, average


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

    def __init__(
        self,
        job: Fit,
        engine: Engine,
        kind: Kind,
        data: Data,
        checkpoints: Checkpoints,
        book: Logbook | None,
        average: Average | None,
    ) -> None:
        self.job, self.engine, self.kind, self.data, self.recipe = job, engine, kind, data, recipe_of(job.train)
        self.checkpoints, self.book, self.average, self.done = checkpoints, book, average, 0
        self.encode, self.make = kind.encoder(), kind.collator(next(engine.learner.parameters()).device)
        self._taken: list[Taken] = []
        self._since, self._waited = time.perf_counter(), 0.0
        self._validation: list[list[Any]] | None = None
        is_kept = engine.rank == 0 and job.train.export == "best"
        self._best = Best(job.storage, job.root) if is_kept else None
        self._lowest = float(from_first(self._best.loss if self._best else math.inf))

    def learn(self, first: int, steps: int) -> None:
        """Take the steps from `first` on. Raises DivergedError."""
        train, engine = self.job.train, self.engine
        self.done = first
        order = Order(len(self.data.train), train.batch, train.seed, engine.ranks, engine.rank, train.window)
        with Feed(
            self.data.train, self.encode, order, micro=train.micro, readers=train.readers, processes=train.processes
        ) as feed:
            for step, chunks in feed.steps(first, steps):
                self._taken.append(take(engine, chunks, self.make, self.recipe, step, steps))
                if self.average:
                    self.average.update()
                self.done = step + 1
                crash_point(f"step_{self.done}_of_{engine.rank}")
                last = self.done == steps
                if last or self.done % train.log_every == 0:
                    self._say(feed.waited_s)
                if train.validation_samples and (last or self.done % train.validate_every == 0):
                    self._validate()
                if last or self.done % train.checkpoint_every == 0:
                    self.save()

    def finish(self, stopped: str | None) -> dict[str, Any]:
        """Export what was learnt, unless training stopped; returns what the outcome's file says."""
        lines = self.book.lines if self.book else ()
        losses = {line["step"]: line["loss"] for line in lines if line["kind"] == "validation"}
        best = self._best if self._best and self._best.step else None
        said: dict[str, Any] = {
            "steps": self.done,
            "stopped": stopped,
            "exported_step": best.step if best else self.done,
            "validation_loss": best.loss if best else losses.get(self.done),
            "workers": self.engine.ranks,
            **parameters(self.engine.learner),
        }
        if stopped:
            return said
        weights = self._weights() if math.isinf(self._lowest) else best.weights() if best else {}
        if self.engine.rank == 0:
            with tempfile.TemporaryDirectory(prefix="layoutgen-outcome-") as folder:
                out = Path(folder)
                self.kind.export(self.engine.learner, weights, out)
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
                "step",
                taken[-1].step + 1,
                loss=sum(one.loss for one in taken) / count,
                hits=sum(one.hits for one in taken) / count,
                rate=taken[-1].rate,
                norm=taken[-1].norm,
                samples_per_second=sum(one.samples for one in taken) / seconds,
                tokens_per_second=sum(one.read for one in taken) / seconds,
                waited=(waited_s - self._waited) / seconds,
            )
        self._taken, self._since, self._waited = [], now, waited_s

    def _weights(self) -> dict[str, Tensor]:
        """What would be exported now."""
        if self.average is None:
            return self.engine.weights()
        return {name: weight.cpu() for name, weight in self.average.weights.items()}

    def _validate(self) -> None:
        if self._validation is None:
            self._validation = self._validation_rows()
        with self.average.lent() if self.average else nullcontext():
            loss, hits = validate(self.engine, self._validation, self.make)
            made = self._made()
        if self.job.train.export == "best" and loss < self._lowest:  # the same on every rank
            self._lowest, weights = loss, self._weights()
            if self._best:
                self._best.put(self.done, loss, weights)
        if self.book and math.isfinite(loss):
            self.book.add("validation", self.done, loss=loss, hits=hits)
            if made:
                self.book.add("decoded", self.done, **made)
            self.book.keep()

    def _made(self) -> dict[str, float]:
        """Make some held-back layouts, on rank 0, draw them, and say what they are like."""
        cases = self.data.test[: self.job.train.decode_cases]
        if not self.book or not len(cases):
            return {}
        learner = self.engine.learner.eval()
        made = self.kind.made(learner, cases)
        learner.train()
        uri = f"{self.job.root}/samples/step-{self.done:08d}.jpg"
        self.job.storage.write(uri, encode_jpeg(sheet(cases, made)))
        return means(cases, made)

    def _validation_rows(self) -> list[list[Any]]:
        """This rank's part of the validation, the same number of chunks on every rank."""
        train, engine = self.job.train, self.engine
        count = min(train.validation_samples, len(self.data.validation))
        if not count:
            return []
        places = -(-count // engine.ranks)
        numbers = list(range(count))[engine.rank :: engine.ranks]
        rows: list[Any] = [self.encode(self.data.validation.sample(i, 0), i, 0) for i in numbers or [0]]
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
                if self.average:
                    save_file(self._weights(), folder / AVERAGE)
            self.engine.save(folder)
        except OSError as error:
            raise CheckpointError(
                f"the checkpoint of step {self.done} can't be written to {folder}: {os.strerror(error.errno or 0)}; "
                "make room there, or set TMPDIR; checkpoints before it are good"
            ) from error
        self.checkpoints.put(self.done, folder, {"zero": self.job.train.zero, "recipe": asdict(self.recipe)})
        if self.book:
            self.book.keep()
