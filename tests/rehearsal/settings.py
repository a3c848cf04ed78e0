"""The cluster's settings as they fit one machine: one actor in each pool, and smaller models."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

JOBS = Path(__file__).resolve().parents[2] / "jobs"


def scaled(base: str, path: Path, changes: Mapping[str, Any]) -> str:
    """Write settings and return their path: those of jobs/`base` with one actor in each pool, and `changes`, a value or
    a section's by their keys. What an actor reserves stays as the cluster has it."""
    settings = _single(tomllib.loads((JOBS / base).read_text("utf-8")))
    for name, change in changes.items():
        settings[name] = {**settings.get(name, {}), **change} if isinstance(change, Mapping) else change
    path.write_text("".join(f"{key} = {_inline(value)}\n" for key, value in settings.items()), "utf-8")
    return str(path)


def _single(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: 1 if key == "size" else _single(inner) for key, inner in value.items()}


def _inline(value: Any) -> str:
    """A value as TOML: JSON but for tables, which have `=`."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)
