"""The story of a retraining, told once.

    data set ─▶ train (workers, checkpoints) ─▶ evaluate new and serving ─▶ gate ─▶ register ─▶ promote
                                                 the same layouts, the serving path

A run is named by what shapes it (data, base, recipe), so the same command goes on with it, and one that has ended is
not trained again. One run at a time holds its folder by a lease. Until the verdict is there, nothing touches the
registry.

    OUTPUT/<run>/run.json           what shapes the run          OUTPUT/<run>/evaluation.json   verdict and differences
    OUTPUT/<run>/summary.json       what the job printed         OUTPUT/<run>/samples.jpg       what is learnt, drawn
                                                                 and what `fitting` writes
"""

import json
import logging
import time
from pathlib import Path
from typing import Any

from layoutgen.cluster import join
from layoutgen.config.stages import PlaceSettings
from layoutgen.config.training import NEW, REWARDED, GateSettings, RetrainConfig, TrainSettings
from layoutgen.core.errors import Refusal
from layoutgen.core.fingerprint import digest
from layoutgen.core.metrics import judge as judging
from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION
from layoutgen.imaging.images import encode_jpeg
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage, opened
from layoutgen.io.tables.lease import Lease
from layoutgen.models.weights import fetch_tree, local, pinned, tree_identity, weights_sha
from layoutgen.training import contenders, fitting
from layoutgen.training.contenders import Contender
from layoutgen.training.data.cases import Data, DataError
from layoutgen.training.data.datasets import gone
from layoutgen.training.data.sheet import sheet_of
from layoutgen.training.fitting import read_outcome, steps_of
from layoutgen.training.judging import promotion
from layoutgen.training.judging.card import base_of, card_of, new_network
from layoutgen.training.judging.gate import Verdict, compare, judge
from layoutgen.training.judging.measures import BETTER
from layoutgen.training.kinds import data_of, ground_kind
from layoutgen.training.loop.steps import DivergedError, recipe_of
from layoutgen.training.rewards.rollouts import case_of
from layoutgen.training.run import Fit
from layoutgen.training.trainer import launch

log = logging.getLogger("layoutgen")

_LOOKED_FOR = 2000  # images, half a minute at a store that takes 0.1 s to answer eight at a time


def retrain(
    config: RetrainConfig, output: str, root: str, *, force: bool = False, in_process: bool = False
) -> dict[str, Any]:
    """Train, judge, register and promote, on the cluster or `in_process`; returns the summary that the job prints.
    Raises JobError, ValueError or OSError, the registry being as it was."""
    began = time.monotonic()
    storage = opened(config.storage)
    storage.check(output)
    storage.check(root)
    train, adapters = config.train, AdapterRegistry(storage, root)
    if not train.model:
        raise ValueError("train.model = '': name the checkpoint to train on, a folder, s3:// prefix or hub id")
    # All workers, and the run that goes on tomorrow, learn on what is there now.
    train = _pinned(train, storage)
    config = config.model_copy(update={"train": train})
    grounds = ground_kind(train, storage)
    _measured(config.gate, grounds.better if grounds else BETTER, train.model)
    data = data_of(config.data, train, storage)
    data.check()
    _learnable(data, train, storage)
    if not in_process:
        _look_for_the_cluster(config)
    shape = _shape(train, data, config.place)
    run = f"{train.name}-{digest(shape)[:12]}"
    run_uri = storage.join(output, run)
    with Lease(storage, f"{run_uri}/lease", config.lease_seconds, storage.conditional(run_uri)) as lease:
        lease.name(run)
        storage.write(f"{run_uri}/run.json", json.dumps(shape, indent=1, default=str).encode())
        storage.write(
            f"{run_uri}/samples.jpg", encode_jpeg(grounds.sheet(data.train) if grounds else sheet_of(data.train))
        )
        outcome = _train(config, Fit(run_uri, train, config.data, storage, config.place), in_process)
        lease.confirm()
        learnt = f"{run_uri}/{outcome['folder']}"
        folder = fetch_tree(learnt, Path(train.cache).expanduser() / "outcomes", storage)
        version = promotion.version_of(run, folder)
        before = adapters.serving(train.name)
        against = contenders.serving(train, adapters, before.version)
        verdict = _judge(config, storage, data, contenders.trained(train, learnt, storage), against, in_process)
        storage.write(f"{run_uri}/evaluation.json", _report(config.gate, verdict, before.version))
        base = grounds.base() if grounds else base_of(train)
        card = card_of(train, data, shape, base, outcome, verdict, before)
        lease.confirm()
        adapters.add(train.name, version, folder, card)
        serves = promotion.decide(adapters, train.name, version, before, verdict, force=force)
        summary = {
            "run": run,
            "version": version,
            "promoted": serves,
            "serves": adapters.serving(train.name).version,
            "against": before.version,
            "reasons": list(verdict.reasons),
            "steps": outcome["steps"],
            "exported_step": outcome["exported_step"],
            "validation_loss": outcome["validation_loss"],
            "seconds": round(time.monotonic() - began, 1),
            "adapter": adapters.uri(train.name, version),
            "output": run_uri,
        }
        storage.write(f"{run_uri}/summary.json", json.dumps(summary, indent=1, ensure_ascii=False).encode())
    return summary


def _pinned(train: TrainSettings, storage: Storage) -> TrainSettings:
    """The settings with the checkpoint to train on named as it is now; of a `painting`, its Stable Diffusion."""
    name = "backbone" if train.model == "painting" else "model"
    uri = getattr(train, name)
    if uri in NEW:
        return train
    try:
        now = pinned(uri, Path(train.cache).expanduser(), storage, tree=name == "backbone")
    except ValueError as error:
        raise Refusal(f"train.{name} = {uri!r}: {error}") from None
    return train.model_copy(update={name: now})


def _look_for_the_cluster(config: RetrainConfig) -> None:
    """Raise where there is none, or workers and gate, one after the other, don't fit it."""
    join(config.ray_address, "ray_address")
    wanted = config.train.least_workers or config.train.workers
    contenders.require(config, "train.worker", config.train.worker, wanted)
    contenders.require(config, "gate.pool", config.gate.pool, 1)


def _learnable(data: Data, train: TrainSettings, storage: Storage) -> None:
    """Look at the first sample and for the images, for at most some thousands: where they can't be learnt, no worker
    need start."""
    lost = gone(storage, data.images[:: max(1, len(data.images) // _LOOKED_FOR)])
    if lost:
        raise DataError(f"{len(lost)} images of the data set are gone, such as {lost[0]}; make the data set again")
    first = data.train.sample(0, 0)
    if train.method in REWARDED:
        case_of(first, "0")
    if train.method == "dpo" and first.rejected is None:
        raise DataError("train.method = 'dpo' learns from edited layouts, and the data set's first sample has none")


def _shape(train: TrainSettings, data: Data, place: PlaceSettings) -> dict[str, Any]:
    """What shapes a run; what only says how fast it goes is not in it."""
    rewards = {"explore": train.explore.model_dump(), "place": place.model_dump(mode="json", exclude={"pool"})}
    return {
        "data": data.sha,
        "base": _base(train),
        "recipe": vars(recipe_of(train)) | ({"average": train.average} if train.average else {}),
        "steps": steps_of(train, len(data.train)),
        "window": train.window,
        "export": [train.export, train.validate_every, train.validation_samples],
        "prompt_version": PROMPT_VERSION,
        "codec": CODEC,
        **(rewards | {"judge": judging.VERSION} if train.method in REWARDED else {}),
    }


def _base(train: TrainSettings) -> Any:
    """What a training begins with."""
    if train.model == "painting":
        return new_network(train) | {"backbone": tree_identity(train.backbone)}
    folder = None if train.model in NEW else local(train.model)
    return new_network(train) if train.model in NEW else weights_sha(folder) if folder else train.model


def _measured(gate: GateSettings, better: dict[str, str], model: str) -> None:
    """Raise Refusal where the gate asks for what is not measured of a kind of model."""
    for name, asked in (("metric", (gate.metric,)), ("guards", gate.guards)):
        if unknown := [each for each in asked if each not in better]:
            raise Refusal(
                f"gate.{name}: {unknown[0]!r} is not measured of {model!r}; set {', '.join(better)}"
                + (", or []" if name == "guards" else "")
            )


def _train(config: RetrainConfig, job: Fit, in_process: bool) -> dict[str, Any]:
    """Train, unless that has been done. Raises DivergedError where the loss went to nowhere."""
    outcome = read_outcome(job.storage, job.root)
    if outcome is None or outcome["stopped"]:
        fitting.fit(job) if in_process else launch(job, config.ray_address)
        outcome = read_outcome(job.storage, job.root)
    else:
        log.info("%s was trained already", job.root)
    assert outcome is not None  # written by rank 0 before `launch` returns
    if outcome["stopped"]:
        raise DivergedError(f"{outcome['stopped']}; its checkpoints before that are in {job.root}/checkpoints")
    return outcome


def _judge(
    config: RetrainConfig, storage: Storage, data: Data, learnt: Contender, before: Contender, in_process: bool
) -> Verdict:
    """Have the new one and the one before it make the same layouts, and compare."""
    gate, grounds = config.gate, ground_kind(config.train, storage)
    better = grounds.better if grounds else BETTER
    ours, theirs = contenders.evaluate(config, storage, (learnt, before), in_process)
    comparisons = []
    for split, cases in (("test", data.test), ("fixed", data.fixed)):
        products = [cases[i].product for i in range(min(len(cases), gate.cases))]
        comparisons.append(
            compare(ours[split], theirs[split], products, resamples=gate.resamples, level=gate.level, better=better)
            if products
            else {}
        )
    verdict = judge(
        *comparisons, metric=gate.metric, guards=gate.guards, tolerance=gate.tolerance, held_out=gate.held_out
    )
    for reason in verdict.reasons:
        log.info("gate: %s", reason)
    return verdict


def _report(gate: GateSettings, verdict: Verdict, against: str | None) -> bytes:
    """What `evaluation.json` says."""
    report = {
        "against": against,
        "better": verdict.better,
        "reasons": verdict.reasons,
        **verdict.comparison,
        "settings": gate.model_dump(mode="json"),
    }
    return json.dumps(report, indent=1, ensure_ascii=False).encode()


def named(config: RetrainConfig, source: str | None, model: str | None = None) -> RetrainConfig:
    """The settings with another data set or checkpoint, where one is given."""
    data = config.data if source is None else config.data.model_copy(update={"source": source})
    train = config.train if model is None else config.train.model_copy(update={"model": model})
    return config.model_copy(update={"data": data, "train": train})
