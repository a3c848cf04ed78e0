"""The loop of a training: takes steps, validates, watches, saves checkpoints, and exports what was learnt."""

import math
import os
import tempfile
import time
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from layoutgen.config.stages import PlaceSettings
from layoutgen.config.training import DataSettings, TrainSettings
from layoutgen.imaging.images import encode_jpeg
from layoutgen.io.adapter_registry import files_below
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.checkpoints import record_given
from layoutgen.models.weights import weights_sha
from layoutgen.training.data.cases import Data
from layoutgen.training.kinds import Kind
from layoutgen.training.loop.averaging import Average
from layoutgen.training.loop.best import Best
from layoutgen.training.loop.engines import Engine, from_first
from layoutgen.training.loop.feeding import Feed
from layoutgen.training.loop.logbook import Logbook
from layoutgen.training.loop.order import Order
from layoutgen.training.loop.saving import CheckpointError, Checkpoints
from layoutgen.training.loop.steps import StepResult, parameters, recipe_of, train_step, validate
from layoutgen.training.rewards.exploring import Explored, Exploring

WEIGHTS, AVERAGE = "weights.safetensors", "average.safetensors"


@dataclass(frozen=True)
class Fit:
    """What to train: settings that travel, and the run's folder in storage; `place` is how layouts that are rewarded
    are placed."""

    root: str
    train: TrainSettings
    data: DataSettings
    storage: Storage
    place: PlaceSettings = field(default_factory=PlaceSettings)


class Run:
    """The loop's companions, and how far it is: `done` steps."""

    def __init__(
        self,
        job: Fit,
        engine: Engine,
        kind: Kind,
        data: Data,
        checkpoints: Checkpoints,
        book: Logbook | None,
        average: Average | None,
        exploring: Exploring | None = None,
    ) -> None:
        self.job, self.engine, self.kind, self.data, self.recipe = job, engine, kind, data, recipe_of(job.train)
        self.checkpoints, self.book, self.average, self.done = checkpoints, book, average, 0
        self.exploring = exploring
        self.encode = exploring.policy.encoder() if exploring else kind.encoder()
        self.collate = kind.collator(next(engine.learner.parameters()).device)
        self._results: list[StepResult | Explored] = []
        self._since, self._waited = time.perf_counter(), 0.0
        self._validation: list[list[Any]] | None = None
        keeps_best = engine.rank == 0 and job.train.export == "best"
        self._best = Best(job.storage, job.root) if keeps_best else None
        best = (self._best.loss, self._best.step) if self._best else (math.inf, 0)
        self._lowest, self._best_step = from_first(best)

    def learn(self, first: int, steps: int) -> None:
        """Take the steps from `first` on, or fewer where nothing is gained any more. Raises DivergedError."""
        train, engine = self.job.train, self.engine
        self.done = first
        if self.exploring and not first and train.validation_samples:
            self._validate()  # what it begins with may stay the best
        order = Order(len(self.data.train), train.batch, train.seed, engine.ranks, engine.rank, train.window)
        with Feed(
            self.data.train, self.encode, order, micro=train.micro, readers=train.readers, processes=train.processes
        ) as feed:
            for step, chunks in feed.steps(first, steps):
                if self._is_past_best():
                    break
                self._results.append(self._step(chunks, step, steps))
                if self.average:
                    self.average.update()
                self.done = step + 1
                crash_point(f"step_{self.done}_of_{engine.rank}")
                last = self.done == steps
                if last or self.done % train.log_every == 0:
                    self._log(feed.waited_s)
                if train.validation_samples and (last or self.done % train.validate_every == 0):
                    self._validate()
                if last or self.done % train.checkpoint_every == 0:
                    self.save()

    def _step(self, chunks: list[list[Any]], step: int, steps: int) -> StepResult | Explored:
        if self.exploring:
            return self.exploring.explorer.step(chunks, step, steps)
        return train_step(self.engine, chunks, self.collate, self.recipe, step, steps)

    def _is_past_best(self) -> bool:
        """Whether so many validations brought nothing that learning ends; the same on every rank, and after an
        interruption."""
        train = self.job.train
        return 0 < train.explore.patience * train.validate_every <= self.done - self._best_step

    def finish(self, stopped: str | None) -> dict[str, Any]:
        """Export what was learnt, unless training stopped; returns what the outcome's file says."""
        lines = self.book.lines if self.book else ()
        losses = {line["step"]: line["loss"] for line in lines if line["kind"] == "validation"}
        best = self._best if self._best and math.isfinite(self._best.loss) else None
        outcome: dict[str, Any] = {
            "steps": self.done,
            "stopped": stopped,
            "exported_step": best.step if best else self.done,
            "validation_loss": best.loss if best else losses.get(self.done),
            "workers": self.engine.ranks,
            **parameters(self.engine.learner),
        }
        if stopped:
            return outcome
        weights = self._weights() if math.isinf(self._lowest) else best.weights() if best else {}
        if self.engine.rank == 0:
            with tempfile.TemporaryDirectory(prefix="layoutgen-outcome-") as folder:
                out = Path(folder)
                self.kind.export(self.engine.learner, weights, out)
                if self.job.data.augment.draw_given:
                    record_given(out)
                outcome["folder"] = f"outcome/{weights_sha(out, tree=True)[:12]}"
                for name, path in files_below(out):
                    self.job.storage.write(f"{self.job.root}/{outcome['folder']}/{name}", path.read_bytes())
        return outcome

    def _log(self, waited_s: float) -> None:
        now = time.perf_counter()
        seconds, results = now - self._since, self._results
        if self.book and results:
            self.book.add(
                "step",
                results[-1].step + 1,
                **{name: sum(result.means[name] for result in results) / len(results) for name in results[0].means},
                rate=results[-1].rate,
                norm=results[-1].norm,
                samples_per_second=sum(result.samples for result in results) / seconds,
                tokens_per_second=sum(result.read for result in results) / seconds,
                waited=(waited_s - self._waited) / seconds,
            )
        self._results, self._since, self._waited = [], now, waited_s

    def _weights(self) -> dict[str, Tensor]:
        """What would be exported now."""
        if self.average is None:
            return self.engine.weights()
        return {name: weight.cpu() for name, weight in self.average.weights.items()}

    def _validate(self) -> None:
        with self.average.lent() if self.average else nullcontext():
            means = self._judged() if self.exploring else self._losses()
            decoded = self._decode()
        loss = means["loss"]
        if self.job.train.export == "best" and loss < self._lowest:  # the same on every rank
            self._lowest, self._best_step, weights = loss, self.done, self._weights()
            if self._best:
                self._best.put(self.done, loss, weights)
        if self.book and math.isfinite(loss):
            self.book.add("validation", self.done, **means)
            if decoded:
                self.book.add("decoded", self.done, **decoded)
            self.book.keep()

    def _losses(self) -> dict[str, float]:
        """What a validation says."""
        if self._validation is None:
            self._validation = self._validation_rows()
        loss, hits = validate(self.engine, self._validation, self.collate)
        return {"loss": loss, "hits": hits}

    def _judged(self) -> dict[str, float]:
        """What it says of layouts that are made: its loss is the held-out judge's objections. Rank 0 keeps pictures of
        some, and of the highest rewarded rollouts since the last one."""
        assert self.exploring
        means, sheets = self.exploring.validated(self.engine)
        for name, picture in sheets.items() if self.book else ():
            self.job.storage.write(f"{self.job.root}/samples/{name}-{self.done:08d}.jpg", encode_jpeg(picture))
        return means

    def _decode(self) -> dict[str, float]:
        """Make some of what is held back, on rank 0, draw it, and say what it is like."""
        cases = self.data.test[: self.job.train.decode_cases]
        if not self.book or not len(cases):
            return {}
        learner = self.engine.learner.eval()
        means, picture = self.kind.watch(learner, cases)
        learner.train()
        self.job.storage.write(f"{self.job.root}/samples/step-{self.done:08d}.jpg", encode_jpeg(picture))
        return means

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
