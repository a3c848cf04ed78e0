"""What a retraining judges: a new model and the one that serves, each making the same layouts on a worker."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from layoutgen import console
from layoutgen.cluster import fit, is_alone, join
from layoutgen.config.base import Pool
from layoutgen.config.training import GateSettings, RetrainConfig, TrainSettings
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.base import Composer
from layoutgen.models.critics.outcome import Placing
from layoutgen.models.decoding.devices import ending_with_device
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.weights import fetch_weights
from layoutgen.training.data.cases import Case
from layoutgen.training.data.opening import open_data
from layoutgen.training.judging.measures import Measures, framed_before, measure
from layoutgen.training.kinds import exports_whole, ground_kind, network_family, size_of


@dataclass(frozen=True)
class Contender:
    """A checkpoint, its adapter ("" for none), and the px at which it sees a canvas. `radm`, `scene` and their like
    stand for what a training of them began with; a part of a `painting` is an adapter."""

    model: str
    adapter: str
    image_side: int


def trained(train: TrainSettings, outcome: str, storage: Storage) -> Contender:
    """What a training made; `outcome` is the folder that it exported."""
    is_whole = exports_whole(train, storage)
    return Contender(outcome if is_whole else train.model, "" if is_whole else outcome, train.image_side)


def serving(train: TrainSettings, adapters: AdapterRegistry, version: str | None) -> Contender:
    """A version of the registry, or with None what a training begins with."""
    if version is None:
        return Contender(train.model, "", train.image_side)
    card, uri = adapters.card(train.name, version), adapters.uri(train.name, version)
    is_whole = card.get("whole", card["method"] == "full")
    return Contender(uri if is_whole else card["base"], "" if is_whole else uri, card["image_side"])


def require(config: RetrainConfig, name: str, pool: Pool, size: int) -> None:
    """Raise PoolError where the cluster does not hold `size` actors."""
    fit([(name, pool.fixed(size))], autoscaling=config.autoscaling, nodes=config.nodes, alone=is_alone())


def evaluate(
    config: RetrainConfig, storage: Storage, both: Sequence[Contender], in_process: bool
) -> list[dict[str, Measures]]:
    """Measure contenders on both sets, `test` and `fixed`: here, or as tasks of the cluster, at once where it has room
    for that. Raises what a task raised."""
    if in_process:
        return [_measure(config, storage, contender) for contender in both]
    import ray
    from ray.exceptions import RayTaskError

    join(config.ray_address, "ray_address")
    pool = config.gate.pool
    require(config, "gate.pool", pool, 1)
    task = ray.remote(num_cpus=pool.num_cpus, num_gpus=pool.num_gpus, max_retries=3)(_evaluate)
    try:
        measures: list[dict[str, Measures]] = ray.get([task.remote(config, storage, each) for each in both])
    except RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, ValueError | OSError | StorageError) else error) from None
    return measures


def _evaluate(config: RetrainConfig, storage: Storage, contender: Contender) -> dict[str, Measures]:
    """Measure a contender, on a worker."""
    import torch

    console.set_up()
    with ending_with_device():
        torch.set_num_threads(max(1, int(config.gate.pool.num_cpus)))
        return _measure(config, storage, contender)


def _measure(config: RetrainConfig, storage: Storage, contender: Contender) -> dict[str, Measures]:
    train = config.train.model_copy(update={"model": contender.model, "image_side": contender.image_side})
    gate = config.gate
    if grounds := ground_kind(train, storage):
        held = grounds.open_data(config.data)
        return {
            "test": grounds.measure(contender.adapter, held.test[: gate.cases], gate.device),
            "fixed": grounds.measure(contender.adapter, held.fixed[: gate.cases], gate.device),
        }
    return _measure_layouts(config, train, storage, contender)


def _measure_layouts(
    config: RetrainConfig, train: TrainSettings, storage: Storage, contender: Contender
) -> dict[str, Measures]:
    from layoutgen.models.building.fonts import FaceFor

    place = config.place
    composer, kind = _composer(train, config.gate, storage, contender.adapter)
    data = open_data(config.data, train.cache, storage, size_of(train, storage))
    placing = Placing(FaceFor(place), place.margin, place.min_font, place.min_contrast)

    def measures(cases: Sequence[Case]) -> Measures:
        return measure(cases[: config.gate.cases], composer, kind, contender.image_side, placing)

    return {"test": measures(data.test), "fixed": measures(data.fixed)}


def _composer(
    train: TrainSettings, gate: GateSettings, storage: Storage, adapter: str
) -> tuple[Composer, PictureKind | None]:
    """What composes with a model as these settings name it and an adapter, and the pictures that it is shown, where it
    is shown any of its own kind."""
    if family := network_family(train, storage):
        from layoutgen.training.networks.kind import network_of

        network = network_of(family, train, storage).eval().to(gate.device)
        return family.composer(network, frame=framed_before, steps=train.denoising_steps, rows=gate.batch), None
    from layoutgen.models.composers.vlm import QwenVlComposer, layout_task
    from layoutgen.models.decoding.answerer import DecodingOptions, open_answerer

    folder = Path(train.cache).expanduser()
    weights = fetch_weights(train.model, folder, storage)
    options = DecodingOptions(
        device=gate.device,
        dtype=gate.dtype,
        max_side=train.image_side,
        max_new_tokens=gate.max_new_tokens,
        rows=gate.batch,
    )
    adapter_folder = fetch_weights(adapter, folder, storage) if adapter else None
    answerer = open_answerer(weights, adapter_folder, options, task=layout_task)
    return QwenVlComposer(answerer, frame=framed_before), answerer.chat.pictures
