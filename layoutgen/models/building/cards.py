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
from layoutgen.models.decoding.memory import GIB, PUBLISHED, Measures, Need, measures_of, serving
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.models.weights import fetch_config, fetch_weights, on_hub, tensors_of

CARDS_GB = {24: 22.0, 48: 43.9, 80: 78.0}
"""Cards by the size that they are sold as, and the GiB that they report at least."""
_JOBS = Path(__file__).parents[3] / "jobs"


def check(name: str, settings: CheckpointSettings, pool: Pool, nodes: Sequence[Node], storage: Storage) -> str:
    """What the model takes of a card, in words; empty where that or the cards are not known, or where vLLM answers,
    which takes as much of a card as there is. Raises ValueError where it is more than an actor's share."""
    cards = [node.gpu_memory_gb for node in nodes if node.gpus and node.gpu_memory_gb]
    if not settings.device.startswith("cuda") or settings.decoder != "loop" or not cards or not pool.num_gpus:
        return ""
    measures = _measures(settings, storage)
    if measures is None:
        return ""
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


def _need(settings: CheckpointSettings, measures: Measures, rank: int, rows: int) -> Need:
    return serving(
        measures,
        dtype=settings.dtype,
        rows=rows,
        prompt_tokens=settings.prompt_tokens,
        image_side=settings.image_side,
        max_new_tokens=settings.max_new_tokens,
        rank=rank,
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
