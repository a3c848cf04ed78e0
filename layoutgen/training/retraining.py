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
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from layoutgen.cluster import fit, join
from layoutgen.config.base import Pool
from layoutgen.config.stages import NETWORKS, PlaceSettings
from layoutgen.config.training import DataSettings, GateSettings, RetrainConfig, TrainSettings
from layoutgen.core.fingerprint import digest
from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION
from layoutgen.imaging.images import encode_jpeg
from layoutgen.io.adapter_registry import AdapterRegistry, Serving
from layoutgen.io.storage import Storage, StorageError, opened
from layoutgen.io.tables.lease import Lease
from layoutgen.models.base import Composer
from layoutgen.models.decoding.devices import ending_with_device
from layoutgen.models.denoising import networks
from layoutgen.models.vlm.checkpoints import family_of
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.weights import fetch_weights, local, pinned, revision, weights_sha
from layoutgen.training.data.cases import Case, Data, DataError
from layoutgen.training.data.datasets import gone
from layoutgen.training.data.opening import open_data
from layoutgen.training.data.sheet import sheet_of
from layoutgen.training.fitting import Fit, read_outcome, steps_of
from layoutgen.training.judging import gate
from layoutgen.training.judging import promotion as registry
from layoutgen.training.kinds import network_family, size_of
from layoutgen.training.loop.steps import DivergedError, recipe_of
from layoutgen.training.trainer import launch

log = logging.getLogger("layoutgen")

_LOOKED_FOR = 2000  # images, half a minute at a store that takes 0.1 s to answer eight at a time


@dataclass(frozen=True)
class Contender:
    """What is judged: a checkpoint, its adapter ("" for none), and the px at which it sees a canvas. `radm` and
    `layout_image` stand for what a training of them began with."""

    model: str
    adapter: str
    image_side: int


def retrain(config: RetrainConfig, output: str, root: str, *, force: bool = False) -> dict[str, Any]:
    """Train, judge, register and promote; returns the summary that the job prints. Raises DataError, StorageError,
    RegistryError, ClusterError, LeaseError, CheckpointError, TrainingError, DivergedError or ValueError, the registry
    being as it was."""
    began = time.monotonic()
    storage = opened(config.storage)
    storage.check(output)
    storage.check(root)
    train, adapters = config.train, AdapterRegistry(storage, root)
    if not train.model:
        raise ValueError("train.model = '': name the checkpoint to train on, a folder, s3:// prefix or hub id")
    # All workers, and the run that goes on tomorrow, learn on what is there now.
    train = train.model_copy(update={"model": pinned(train.model, Path(train.cache).expanduser(), storage)})
    config = config.model_copy(update={"train": train})
    data = open_data(config.data, train.cache, storage, size_of(train, storage))
    data.check()
    _learnable(data, train, storage)
    _look_for_the_cluster(config)
    shape = _shape(train, data)
    run = f"{train.name}-{digest(shape)[:12]}"
    place = storage.join(output, run)
    with Lease(storage, f"{place}/lease", config.lease_seconds, storage.conditional(place)) as lease:
        lease.name(run)
        storage.write(f"{place}/run.json", json.dumps(shape, indent=1, default=str).encode())
        storage.write(f"{place}/samples.jpg", encode_jpeg(sheet_of(data.train)))
        outcome = _train(config, Fit(place, train, config.data, storage))
        lease.confirm()
        learnt = f"{place}/{outcome['folder']}"
        with_weights = fetch_weights(learnt, Path(train.cache).expanduser() / "outcomes", storage)
        version = registry.version_of(run, with_weights)
        before = adapters.serving(train.name)
        verdict = _judge(config, storage, adapters, data, place, learnt, before)
        card = _card(train, data, shape, outcome, verdict, before)
        lease.confirm()
        adapters.add(train.name, version, with_weights, card)
        serves = registry.decide(adapters, train.name, version, before, verdict, force=force)
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
            "output": place,
        }
        storage.write(f"{place}/summary.json", json.dumps(summary, indent=1, ensure_ascii=False).encode())
    return summary


def _look_for_the_cluster(config: RetrainConfig) -> None:
    """Raise where there is none, or workers and gate, one after the other, don't fit it."""
    join(config.ray_address, "ray_address")
    wanted = config.train.least_workers or config.train.workers
    _fit(config, "train.worker", config.train.worker, wanted)
    _fit(config, "gate.pool", config.gate.pool, 1)


def _fit(config: RetrainConfig, name: str, pool: Pool, size: int) -> None:
    """Raise PoolError where the cluster does not hold `size` actors."""
    fit([(name, pool.model_copy(update={"size": size}))], autoscaling=config.autoscaling, nodes=config.nodes)


def _learnable(data: Data, train: TrainSettings, storage: Storage) -> None:
    """Look at the first sample and for the images, for at most some thousands: where they can't be learnt, no worker
    need start."""
    lost = gone(storage, data.images[:: max(1, len(data.images) // _LOOKED_FOR)])
    if lost:
        raise DataError(f"{len(lost)} images of the data set are gone, such as {lost[0]}; make the data set again")
    first = data.train.sample(0, 0)
    if train.method == "dpo" and first.rejected is None:
        raise DataError("train.method = 'dpo' learns from edited layouts, and the data set's first sample has none")


def _shape(train: TrainSettings, data: Data) -> dict[str, Any]:
    """What shapes a run; what only says how fast it goes is not in it."""
    base = local(train.model)
    return {
        "data": data.sha,
        "base": _new(train) if train.model in NETWORKS else weights_sha(base) if base else train.model,
        "recipe": vars(recipe_of(train)) | ({"average": train.average} if train.average else {}),
        "steps": steps_of(train, len(data.train)),
        "window": train.window,
        "export": [train.export, train.validate_every, train.validation_samples],
        "prompt_version": PROMPT_VERSION,
        "codec": CODEC,
    }


def _new(train: TrainSettings) -> dict[str, Any]:
    """What shapes a new network."""
    told = {"model", "size", "backbone", "without", "seed"} | ({"encoder"} if train.encoder else set())
    return train.model_dump(mode="json", include=told)


def _train(config: RetrainConfig, job: Fit) -> dict[str, Any]:
    """Train, unless that has been done. Raises DivergedError where the loss went to nowhere."""
    outcome = read_outcome(job.storage, job.root)
    if outcome is None or outcome["stopped"]:
        launch(job, config.ray_address)
        outcome = read_outcome(job.storage, job.root)
    else:
        log.info("%s was trained already", job.root)
    assert outcome is not None  # written by rank 0 before `launch` returns
    if outcome["stopped"]:
        raise DivergedError(f"{outcome['stopped']}; its checkpoints before that are in {job.root}/checkpoints")
    return outcome


def _judge(
    config: RetrainConfig,
    storage: Storage,
    adapters: AdapterRegistry,
    data: Data,
    place: str,
    learnt: str,
    before: Serving,
) -> gate.Verdict:
    """Have the new one and the serving one make the same layouts, on the cluster, and compare."""
    train, told = config.train, config.gate
    is_whole = train.method == "full"
    ours = Contender(learnt if is_whole else train.model, "" if is_whole else learnt, train.image_side)
    theirs = Contender(train.model, "", train.image_side)
    if before.version is not None:
        card, uri = adapters.card(train.name, before.version), adapters.uri(train.name, before.version)
        is_whole = card["method"] == "full"
        theirs = Contender(uri if is_whole else card["base"], "" if is_whole else uri, card["image_side"])
    mine = _evaluate(config, storage, ours)
    other = _evaluate(config, storage, theirs)
    comparisons = []
    for name, cases in (("test", data.test), ("fixed", data.fixed)):
        products = [cases[i].product for i in range(min(len(cases), told.cases))]
        comparisons.append(
            gate.compare(mine[name], other[name], products, resamples=told.resamples, level=told.level)
            if products
            else {}
        )
    verdict = gate.judge(*comparisons, metric=told.metric, guards=told.guards, tolerance=told.tolerance)
    report = {
        "against": before.version,
        "better": verdict.better,
        "reasons": verdict.reasons,
        **verdict.comparison,
        "settings": told.model_dump(mode="json"),
    }
    storage.write(f"{place}/evaluation.json", json.dumps(report, indent=1, ensure_ascii=False).encode())
    for reason in verdict.reasons:
        log.info("gate: %s", reason)
    return verdict


def _evaluate(config: RetrainConfig, storage: Storage, contender: Contender) -> dict[str, gate.Measures]:
    """Measure a contender on both sets, as a task of the cluster. Raises what the task raised."""
    import ray
    from ray.exceptions import RayTaskError

    join(config.ray_address, "ray_address")
    pool = config.gate.pool
    _fit(config, "gate.pool", pool, 1)
    task = ray.remote(num_cpus=pool.num_cpus, num_gpus=pool.num_gpus, max_retries=3)(_measure)
    work = (config.data, config.train, config.gate, config.place, storage, contender)
    try:
        found: dict[str, gate.Measures] = ray.get(task.remote(*work))
    except RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, ValueError | OSError | StorageError) else error) from None
    return found


def _measure(
    data: DataSettings,
    train: TrainSettings,
    told: GateSettings,
    place: PlaceSettings,
    storage: Storage,
    contender: Contender,
) -> dict[str, gate.Measures]:
    """One contender's measures, on a worker."""
    with ending_with_device():
        return _measured(data, train, told, place, storage, contender)


def _measured(
    data: DataSettings,
    train: TrainSettings,
    told: GateSettings,
    place: PlaceSettings,
    storage: Storage,
    contender: Contender,
) -> dict[str, gate.Measures]:
    import torch

    from layoutgen.models.building.stages import FaceFor

    torch.set_num_threads(max(1, int(told.pool.num_cpus)))
    judged = train.model_copy(update={"model": contender.model, "image_side": contender.image_side})
    composer, kind = _composer(judged, told, storage, contender.adapter)
    opened = open_data(data, train.cache, storage, size_of(judged, storage))
    placing = gate.Placing(FaceFor(place), place.margin, place.min_font, place.min_contrast)

    def measures(cases: Sequence[Case]) -> gate.Measures:
        return gate.measure(cases[: told.cases], composer, kind, contender.image_side, placing)

    return {"test": measures(opened.test), "fixed": measures(opened.fixed)}


def _composer(
    train: TrainSettings, told: GateSettings, storage: Storage, adapted: str
) -> tuple[Composer, PictureKind | None]:
    """What composes with a model as these settings name it and an adapter, and the pictures that it is shown, where it
    is shown any of its own kind."""
    if family := network_family(train, storage):
        from layoutgen.training.networks.kind import network_of

        network = network_of(family, train, storage).eval().to(told.device)
        composer = family.composer(network, frame=gate.framed_before, steps=train.denoising_steps, rows=told.batch)
        return composer, None
    from layoutgen.models.composers.vlm import QwenVlComposer, layout_task
    from layoutgen.models.decoding.answerer import DecodingOptions, open_answerer

    folder = Path(train.cache).expanduser()
    weights = fetch_weights(train.model, folder, storage)
    adapter = fetch_weights(adapted, folder, storage) if adapted else None
    options = DecodingOptions(
        device=told.device,
        dtype=told.dtype,
        max_side=train.image_side,
        max_new_tokens=told.max_new_tokens,
        rows=told.batch,
    )
    answerer = open_answerer(weights, adapter, options, task=layout_task)
    return QwenVlComposer(answerer, frame=gate.framed_before), answerer.chat.pictures


def _card(
    train: TrainSettings,
    data: Data,
    shape: dict[str, Any],
    outcome: dict[str, Any],
    verdict: gate.Verdict,
    before: Serving,
) -> dict[str, Any]:
    """What a version is: for people, for the gate of the next one, and for whoever asks in a year."""
    base: dict[str, Any] = {"family": train.model, "base_revision": "", "base_sha": "", "new": _new(train)}
    if train.model not in NETWORKS:
        weights = fetch_weights(train.model, Path(train.cache).expanduser())
        family = networks.family_in(weights)
        base = {"family": family.name if family else family_of(weights), "base_revision": revision(weights)}
        base["base_sha"] = weights_sha(weights)
    return {
        "name": train.name,
        "method": train.method,
        "base": train.model,
        **base,
        "data_sha": data.sha,
        "data": data.card,
        "augmentation": data.card.get("augmentation", "none"),
        "image_side": train.image_side,
        "codec": CODEC,
        "prompt_version": PROMPT_VERSION,
        "recipe": shape["recipe"],
        "steps": shape["steps"],
        "training": outcome,
        "against": before.version,
        "verdict": {"better": verdict.better, "reasons": list(verdict.reasons)},
        "metrics": verdict.comparison,
        "code_version": installed("layoutgen"),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def named(config: RetrainConfig, source: str | None, model: str | None = None) -> RetrainConfig:
    """The settings with another data set or checkpoint, where one is given."""
    data = config.data if source is None else config.data.model_copy(update={"source": source})
    train = config.train if model is None else config.train.model_copy(update={"model": model})
    return config.model_copy(update={"data": data, "train": train})
