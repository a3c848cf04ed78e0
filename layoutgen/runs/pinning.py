"""Which weights a run has: those that serve when it begins, named by what they are then, for all of the run."""

import logging
from pathlib import Path
from typing import TypeVar

from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.posters import CHECKPOINTS, PostersConfig
from layoutgen.config.stages import CheckpointSettings
from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError
from layoutgen.io.storage import Storage
from layoutgen.models.weights import pinned
from layoutgen.runs.job import RunError

log = logging.getLogger("layoutgen")

Config = TypeVar("Config", LayoutsConfig, AnnotateConfig, CoversConfig, PostersConfig)
Composed = TypeVar("Composed", LayoutsConfig, PostersConfig)


def serving(config: Composed, storage: Storage) -> Composed:
    """The settings with `registry:NAME` replaced by the version that serves now. Raises RegistryError."""
    for part, names in (("compose", ("model", "adapter")), ("plan", ("model",)), ("paint", (*CHECKPOINTS, "scenes"))):
        settings = getattr(config, part, None)
        if settings is None:
            continue
        registry = AdapterRegistry(storage, settings.registry)
        uris = {name: registry.resolve(getattr(settings, name)) for name in names}
        for name, uri in uris.items():
            if uri != (before := getattr(settings, name)):
                log.info("%s.%s = %s is %s", part, name, before, uri or "none: rolled back to the bare model")
        if settings.model and not uris["model"]:
            raise RegistryError(
                f"{part}.model = {settings.model!r} was rolled back to nothing; promote a version, or name a checkpoint"
            )
        config = config.model_copy(update={part: settings.model_copy(update=uris)})
    return config


def of_run(config: Config, storage: Storage) -> Config:
    """The settings with weights named by what they are now, the same for the whole run, whatever is put there
    meanwhile. Raises RunError."""
    for part in ("annotate", "compose", "protect"):
        settings = getattr(config, part, None)
        if not isinstance(settings, CheckpointSettings) or not settings.has_checkpoint:
            continue
        cache = Path(settings.cache).expanduser()
        for name in ("model", "adapter"):
            uri = getattr(settings, name)
            try:
                now = pinned(uri, cache, storage)
            except ValueError as error:
                raise RunError(f"{part}.{name} = {uri!r}: {error}") from None
            if now != uri:
                log.info("%s.%s = %s is %s in this run", part, name, uri, now)
            settings = settings.model_copy(update={name: now})
        config = config.model_copy(update={part: settings})
    return config
