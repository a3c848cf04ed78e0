"""Small runs of the jobs for tests: settings without text reading, manifests, and what a run left behind."""

import json
from pathlib import Path
from typing import Any

from layoutgen.config.base import Pool
from layoutgen.config.jobs import InputSettings, LayoutsConfig, RunSettings, StorageSettings
from layoutgen.config.stages import AnnotateSettings, ImagesSettings
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs

_SMALL = Pool(size=1, num_cpus=0.2)


def settings(
    *,
    engine: str = "none",
    canvases: tuple[str, ...] = ("1:1",),
    rows_per_shard: int = 8,
    allowed: float = 1.0,
    **other: Any,
) -> LayoutsConfig:
    """Settings for a local Ray of two CPUs; other sections by name."""
    values: dict[str, Any] = {
        "load": {"pool": _SMALL},
        "run": RunSettings(rows_per_shard=rows_per_shard, max_failed_fraction=allowed),
        "input": InputSettings(canvases=canvases, short_side=540),
        "storage": StorageSettings(attempts=2, timeout_s=5),
        "images": ImagesSettings(pool=_SMALL),
        "annotate": AnnotateSettings(engine=engine, pool=_SMALL),
        **other,
    }
    return LayoutsConfig.model_validate(
        {
            **values,
            "compose": values.get("compose", {"pool": _SMALL}),
            "place": {"pool": _SMALL},
            "write": {"pool": _SMALL},
        }
    )


def write_manifest(folder: Path, rows: list[dict[str, Any]], name: str = "catalogue.jsonl") -> str:
    """Write rows as JSON lines and return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def published(output: str) -> list[dict[str, Any]]:
    """The rows of the newest snapshot, by row_id, without what differs from run to run."""
    rows = published_runs.read(Storage(), output).to_pylist()
    for row in rows:
        del row["run_id"], row["created_at"]
    return sorted(rows, key=lambda row: row["row_id"])


def dead(output: str, run_id: str) -> list[dict[str, Any]]:
    """The dead letters of a run."""
    return published_runs.read(Storage(), output, run_id, "dead_letters").to_pylist()
