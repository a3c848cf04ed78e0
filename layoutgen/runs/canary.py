"""A canary: a share of the products is made with other settings, so that they are tried before they hold for all.

Its stages stand behind the run's own ones of the same name, on pools of their own, and each lets the other's rows pass.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pyarrow as pa

from layoutgen.config.base import ConfigError, load, parse
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.posters import PostersConfig
from layoutgen.core import arms
from layoutgen.core.arms import CANARY, RUN
from layoutgen.io.storage import Storage, StorageError
from layoutgen.runs.job import RunError, Work
from layoutgen.stages.route import Routed
from layoutgen.streaming import Stage, Step

Config = TypeVar("Config", LayoutsConfig, AnnotateConfig, CoversConfig, PostersConfig)

_SAME = (
    *("input", "style.variants", "style.layout", "style.brands", "marketing.canvases", "cover.canvases"),
    "render.formats",
)
"""Settings that say which rows there are, or what all rows of a table have: a canary can't have others."""
_OF_THE_RUN = ("run", "expect", "publish", "storage", "load", "serve", "write", "canary")


def settings_of(config: Config, storage: Storage) -> Config | None:
    """The settings of the canary, from the file that `canary.settings` names; None where there is none. Of the sections
    of the run as a whole it has the run's own. Raises RunError for a file that can't be read, or that differs in
    what all rows share."""
    uri = config.canary.settings
    if not uri:
        return None
    try:
        is_stored = uri.startswith(("s3://", "file://"))
        other = parse(type(config), storage.read(uri), uri) if is_stored else load(type(config), uri)
    except (ConfigError, StorageError) as error:
        raise RunError(f"canary.settings = {uri!r}: {error}") from None
    for name in _SAME:
        own, theirs = _value(config, name), _value(other, name)
        if own != theirs:
            raise RunError(
                f"canary.settings = {uri!r}: {name} = {theirs!r} there and {own!r} in the run; all rows of a table "
                "share it, so set it to the same, or try it in a shadow"
            )
    return other.model_copy(update={name: getattr(config, name) for name in _OF_THE_RUN if hasattr(config, name)})


def with_canary(
    prepare: Callable[[Config], tuple[Config, Work]], config: Config, storage: Storage
) -> tuple[Config, Work]:
    """What `prepare` makes of a run's settings, pinned settings and work, and of its canary's; the settings are the
    run's."""
    trial = settings_of(config, storage)
    config, own = prepare(config)
    if trial is None:
        return config, own
    _, other = prepare(trial)
    versions = {arms.key(name, CANARY): of_rows for name, of_rows in other.versions.items()}
    return config, replace(own, steps=together(own.steps, other.steps), versions={**own.versions, **versions})


def together(steps: Sequence[Step], others: Sequence[Step]) -> list[Step]:
    """The run's steps and the canary's as one list: each of the canary's, called `NAME_canary`, behind the one of its
    name, or where it stands in its own list."""
    joined: list[Step] = []
    left = [replace(step, name=f"{step.name}_{CANARY}", build=partial(_of, CANARY, step.build)) for step in others]
    names = [step.name for step in others]
    for step in steps:
        if step.name in names:
            before = names.index(step.name)
            joined += left[:before]
            left, names = left[before:], names[before:]
        joined.append(replace(step, build=partial(_of, RUN, step.build)))
        if names and names[0] == step.name:
            joined.append(left.pop(0))
            names.pop(0)
    return [*joined, *left]


def _of(arm: str, build: Callable[[], Stage]) -> Stage:
    return Routed({arm: build()}, _arms)


def _arms(table: pa.Table) -> list[str]:
    return [arm or RUN for arm in table.column("arm").to_pylist()]


def _value(settings: object, path: str) -> object:
    for name in path.split("."):
        settings = getattr(settings, name, None)
    return settings
