"""Whether the GPUs that a stage's settings ask for hold its language model: `decoding.memory`'s figures for settings.

    python -m layoutgen.models.building.cards

prints what published checkpoints take with the settings for a cluster in jobs/, and on which cards they fit.
"""

import json
import sys
from collections.abc import Sequence
from math import prod
from pathlib import Path

from layoutgen.config.base import Node, Pool, load
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.stages import CheckpointSettings
from layoutgen.io.storage import Storage
from layoutgen.models.decoding.memory import BYTES, GIB, PUBLISHED, Measures, Need, measures_of, serving
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.models.weights import fetch_config, fetch_weights, on_hub, tensors_of

CARDS_GB = {24: 22.0, 48: 43.9, 80: 78.0}
"""Cards by the size that they are sold as, and the GiB that they report at least."""
_OF_A_CARD = 0.9
"""What vLLM takes of a card (`memory_share` of `VllmDecoder`)."""
_JOBS = Path(__file__).parents[3] / "jobs"


def check(name: str, settings: CheckpointSettings, pool: Pool, nodes: Sequence[Node], storage: Storage) -> str:
    """What the model takes of a card, in words; empty where that or the cards are not known. vLLM takes as much as
    there is: of it the weights alone are looked at, and whether they can be parted among an actor's GPUs. Raises
    ValueError where they can't, or it is more than an actor's share."""
    cards = [node.gpu_memory_gb for node in nodes if node.gpus and node.gpu_memory_gb]
    if not settings.device.startswith("cuda") or not pool.num_gpus or not (cards or settings.decoder == "vllm"):
        return ""
    measures = _measures(settings, storage)
    if measures is None:
        return ""
    if settings.decoder == "vllm":
        return _parted(name, settings, measures, int(max(1, pool.num_gpus)), min(cards, default=0.0))
    rank = _rank(settings, storage)
    room = min(cards) * min(1.0, pool.num_gpus)
    need = _need(settings, measures, rank, settings.batch)
    if need.total <= room * GIB:
        return f"{need} of {room:g} GiB on a card"
    smaller = reversed(range(1, settings.batch))
    fits = next((rows for rows in smaller if _need(settings, measures, rank, rows).total <= room * GIB), 0)
    mend = f"set {name}.batch = {fits}" if fits else f"lower {name}.image_side or prompt_tokens, take a smaller model"
    raise ValueError(
        f"{settings.model} with {name}.batch = {settings.batch} may take {need} and an actor has {room:g} GiB of a "
        f"card (run.nodes: gpu_memory_gb, times num_gpus of its pool); {mend}, or ask for larger cards in run.nodes "
        "and in the cluster's manifests"
    )


def gpus(settings: CheckpointSettings) -> int:
    """Among how many GPUs an actor parts its model."""
    pool: Pool | None = getattr(settings, "asking", None)
    return int(max(1, pool.num_gpus)) if pool else 1


def _parted(name: str, settings: CheckpointSettings, measures: Measures, gpus: int, card_gb: float) -> str:
    """What of the weights each of an actor's GPUs takes; empty where the cards are not known."""
    if measures.heads % gpus:
        ways = [n for n in range(1, 17) if measures.heads % n == 0]
        raise ValueError(
            f"{settings.model} has {measures.heads} attention heads, which can't be parted among {gpus} GPUs; set "
            f"num_gpus of {name}'s pool to one of {ways}"
        )
    if not card_gb:
        return ""
    share = measures.parameters * BYTES[settings.dtype] / GIB / gpus
    if share > _OF_A_CARD * card_gb:
        raise ValueError(
            f"the weights of {settings.model} take {share:.1f} GiB of each of {gpus} GPUs and vLLM has "
            f"{_OF_A_CARD * card_gb:.1f} GiB of a card for them and all else (run.nodes: gpu_memory_gb); raise "
            f"num_gpus of {name}'s pool, or take larger cards or a smaller model"
        )
    return f"{share:.1f} GiB of weights on each of {gpus} GPUs of {card_gb:g} GiB"


def _need(settings: CheckpointSettings, measures: Measures, rank: int, rows: int) -> Need:
    return serving(
        measures,
        dtype=settings.dtype,
        rows=rows,
        prompt_tokens=settings.prompt_tokens,
        image_side=settings.image_side,
        max_new_tokens=settings.max_new_tokens,
        rank=rank,
        int8=settings.int8,
    )


def _measures(settings: CheckpointSettings, storage: Storage) -> Measures | None:
    """Of a folder or prefix by its files' headers; of a hub's checkpoint by name; None where nothing is known."""
    uri, cache = settings.model, Path(settings.cache).expanduser()
    if on_hub(uri):
        return PUBLISHED.get(uri.partition("@")[0])
    folder = fetch_config(uri, cache, storage)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    parameters = sum(prod(shape) for _, shape, *_ in tensors_of(uri, cache, storage).values())
    return measures_of(config, parameters, picture_kind(folder, config["model_type"]))


def _rank(settings: CheckpointSettings, storage: Storage) -> int:
    if not settings.adapter:
        return 0
    folder = fetch_weights(settings.adapter, Path(settings.cache).expanduser(), storage)
    return int(json.loads((folder / "adapter_config.json").read_text("utf-8")).get("r", 0))


def table() -> str:
    """Published checkpoints with the shipped settings for a cluster, as Markdown."""
    compose = load(LayoutsConfig, _JOBS / "layouts.cluster.toml").compose
    annotate = load(AnnotateConfig, _JOBS / "annotate.cluster.toml").annotate
    protect = load(CoversConfig, _JOBS / "covers.cluster.toml").protect
    head = ["checkpoint", "weights", "a token", f"composing, {compose.batch} rows", "card"]
    head += [f"annotating, {annotate.batch} rows", "card", f"pointing, {protect.batch} rows", "card"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for name, measures in PUBLISHED.items():
        cells = [f"{measures.parameters * 2 / GIB:.1f} GiB", f"{measures.token_bytes('bfloat16') / 1024:.0f} KiB"]
        for settings, rank in ((compose, 16), (annotate, 0), (protect, 0)):
            need = _need(settings, measures, rank, settings.batch).total / GIB
            cells += [f"{need:.1f} GiB", next((f"{size} GB" for size, has in CARDS_GB.items() if need <= has), "none")]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
