"""One worker's way through a training: load, go on from a checkpoint, `run` to the end, say how it went.

    RUN/checkpoints/step-…    few, complete only with their markers
    RUN/best/, best.json      the weights with the lowest validation loss: see `best`
    RUN/log.jsonl, curve.svg, tensorboard/
    RUN/samples/step-….jpg        held-back layouts as they were made then, with `decode_cases`
    RUN/samples/held-back-….jpg   where it learns from rewards: layouts of the validation as they were placed
    RUN/samples/rewarded-….jpg    and the highest rewarded rollouts since the validation before
    RUN/outcome/<sha>/        the adapter, or with `full` the checkpoint, and last of all
    RUN/outcome.json          which says that training is done, how it went, and where that folder is

Every worker runs the same lines; rank 0 alone writes what all have in common. No Ray here: one process does it, too.
"""

import json
import logging
import math
import secrets
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import nn

from layoutgen.config.training import REWARDED, TrainSettings
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.critics.outcome import Placing
from layoutgen.training.data.cases import Data
from layoutgen.training.kinds import data_of, kind_of, layout_kind
from layoutgen.training.loop.averaging import Average
from layoutgen.training.loop.engines import Engine, PlainEngine, from_first, ranks_of
from layoutgen.training.loop.logbook import Logbook
from layoutgen.training.loop.saving import Checkpoint, CheckpointError, Checkpoints
from layoutgen.training.loop.steps import DivergedError, recipe_of, restore
from layoutgen.training.rewards.exploring import Explorer, Exploring
from layoutgen.training.rewards.held_back import HeldBack
from layoutgen.training.rewards.reward import Reward, embedded_critic
from layoutgen.training.rewards.rollouts import case_of
from layoutgen.training.run import AVERAGE, WEIGHTS, Fit, Run

log = logging.getLogger("layoutgen")


def steps_of(train: TrainSettings, samples: int) -> int:
    """How many steps a training takes."""
    return train.steps or max(1, math.ceil(train.epochs * math.ceil(samples / train.batch)))


def read_outcome(storage: Storage, root: str) -> dict[str, Any] | None:
    """What a training said at its end; None where it has not ended."""
    stored = storage.read_version(f"{root}/outcome.json")
    return None if stored is None else dict(json.loads(stored[0]))


def fit(job: Fit, device: str = "cpu") -> None:
    """Train, or go on, to the end. A loss that is no number ends it with what it has: see `outcome.json`. Raises
    CheckpointError, DataError, SampleError or ValueError, with the fix, where it can't go on."""
    train = job.train
    kind = kind_of(train, job.storage)
    data = data_of(job.data, train, job.storage)
    steps = steps_of(train, len(data.train))
    rank, ranks = ranks_of()
    attempt = str(from_first(secrets.token_hex(4)))
    checkpoints = Checkpoints(
        job.storage, f"{job.root}/checkpoints", rank=rank, ranks=ranks, keep=train.keep, attempt=attempt
    )
    learner = kind.learner(device, data)
    newest, folder = _newest(checkpoints, rank)
    pretraining = [] if newest else list(kind.pretrain(learner, data.train))
    engine, first, notes, average = _begin(job, learner, newest, folder)
    book = Logbook(job.storage, job.root, first) if rank == 0 else None
    if book:
        for line in pretraining:
            book.add("dense", 0, **line)
    if book and first:
        book.add("resumed", first, workers=ranks, **notes)
    exploring = _exploring(job, engine, data) if train.method in REWARDED else None
    run = Run(job, engine, kind, data, checkpoints, book, average, exploring)
    if pretraining:
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
    job: Fit, learner: nn.Module, newest: Checkpoint | None, folder: Path | None
) -> tuple[Engine, int, dict[str, Any], Average | None]:
    """The engine, the step it goes on from, what is to be said of that, and the weights' average where one is kept."""
    train, ranks = job.train, ranks_of()[1]
    average = None
    if newest and folder:
        restore(learner, load_file(folder / WEIGHTS, device="cpu"))
    engine: Engine
    if train.zero:
        from layoutgen.training.loop.zero import ZeroEngine

        engine = ZeroEngine(learner, stage=train.zero, micro=train.micro, clip=train.clip, decay=train.decay)
    else:
        engine = PlainEngine(learner, clip=train.clip, decay=train.decay)
    if train.average:
        weights = load_file(folder / AVERAGE) if folder else None
        average = Average(learner, train.average, newest.step if newest else 0, weights)
    if not newest or not folder:
        return engine, 0, {}, average
    notes: dict[str, Any] = {"state": "whole"}
    if newest.about["zero"] == train.zero and (train.zero == 0 or newest.ranks == ranks):
        engine.load(folder)
    else:
        notes["state"] = (
            f"weights only: {newest.ranks} workers with ZeRO-{newest.about['zero']} wrote it, {ranks} with "
            f"ZeRO-{train.zero} go on, whose optimiser begins anew"
        )
        log.warning("step %d: %s", newest.step, notes["state"])
    shutil.rmtree(folder, ignore_errors=True)
    return engine, newest.step, notes, average


def _exploring(job: Fit, engine: Engine, data: Data) -> Exploring:
    """What learning from rewards takes, with this rank's part of what is held back."""
    train, explore, place = job.train, job.train.explore, job.place
    kind = layout_kind(train, job.storage)
    placing = Placing(FaceFor(place), place.margin, place.min_font, place.min_contrast)
    reward = Reward(placing, proposal=explore.proposal, critic=explore.critic, rate=embedded_critic())
    held = range(min(train.validation_samples, len(data.validation)))[engine.rank :: engine.ranks]
    cases = [case_of(data.validation.sample(number, 0), f"{number} of the validation") for number in held]
    policy = kind.policy()
    explorer = Explorer(engine, policy, reward, recipe_of(train), explore.updates)
    return Exploring(policy, explorer, HeldBack(cases, reward), kind.compose)


def _newest(checkpoints: Checkpoints, rank: int) -> tuple[Checkpoint | None, Path | None]:
    """The newest checkpoint that is whole, the same for all ranks, and its files here."""
    newest: Checkpoint | None = None
    folder: Path | None = None
    damaged: list[str] = []
    if rank == 0:
        for candidate in checkpoints.all():
            try:
                folder = checkpoints.fetch(candidate)
                newest = candidate
                break
            except CheckpointError as error:
                log.warning("%s; the checkpoint before it is taken", error)
                damaged.append(str(error))
    newest, damaged = from_first((newest, damaged))
    if newest is None and damaged:
        raise CheckpointError(f"no checkpoint is whole: {damaged[0]}; remove the run's folder to begin anew")
    if newest is not None and folder is None:
        folder = checkpoints.fetch(newest)
    return newest, folder
