"""The story of the data, told once.

    layouts:   plan ─▶ load ─▶ fetch ─▶ annotate ─▶ (ground ─▶) (prepare ─▶) compose ─▶ place ─▶ write ─▶ check ─▶ …
      covers among them:       fetch ─▶ protect  ────────────────────────────────────▶ place covers, on the same actors
    covers:    plan ─▶ load ─▶ fetch ─▶ protect ─▶ place ─▶ write ─▶ check ─▶ publish
    annotate:  plan ─▶ load ─▶ fetch ─▶ annotate ─▶ (ground ─▶) write ─▶ check ─▶ publish

`ground` asks a language model about pictures in which OCR on CPUs found text, and about no others. `prepare` draws the
pictures of a vision-language composer on CPUs, so that its GPU waits for none.
A shard of the plan is one table from end to end; the write stage makes one file of it and sends back a report of a few
bytes. How a run starts, goes on after a crash and publishes is `runs.run`'s.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.stages import (
    WITH_CHECKPOINT,
    AnnotateSettings,
    CheckpointSettings,
    CoverPlaceSettings,
    ImagesSettings,
    ProtectSettings,
)
from layoutgen.core.covers import placement
from layoutgen.core.layout import Role
from layoutgen.core.manifest.plan import APPLICATIONS
from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError
from layoutgen.io.storage import Storage, opened
from layoutgen.models.base import FrameChooser
from layoutgen.models.building import annotators, composers, finders
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.versions import (
    cover_settings,
    cover_versions,
    faces_version,
    row_versions,
    versions_by_application,
)
from layoutgen.models.weights import pinned
from layoutgen.runs.job import WHOLE, RunError, RunOptions, TableJob
from layoutgen.runs.run import run
from layoutgen.stages.annotate import Annotate
from layoutgen.stages.compose import Compose
from layoutgen.stages.fetch import Fetch
from layoutgen.stages.ground import Ground
from layoutgen.stages.place import Place
from layoutgen.stages.place_covers import PlaceCovers
from layoutgen.stages.prepare import Prepare
from layoutgen.stages.protect import Protect
from layoutgen.stages.route import Routed
from layoutgen.streaming import Stage, Step, Stream, stream

log = logging.getLogger("layoutgen")

Config = TypeVar("Config", LayoutsConfig, AnnotateConfig)


def run_layouts(
    config: LayoutsConfig, source: str, output: str, options: RunOptions = WHOLE, stream: Stream = stream
) -> dict[str, Any]:
    """Lay out a catalogue: returns the summary that the job prints. Raises as `runs.run.run` does."""
    storage = opened(config.storage)
    config = _pinned(_resolved(config, storage), storage)
    versions = versions_by_application(config)
    fetch = partial(Fetch, storage, config.images, versions)
    ways: list[tuple[Step, Callable[[], Stage] | None]] = [  # of posters and marketing, and of covers
        (Step("fetch", fetch, config.images.pool), partial(fetch, _chooser(config.images, config.protect))),
        *zip(_annotating(config.annotate, storage), [partial(_protect, config.protect, storage), None], strict=False),
        *((step, None) for step in _prepare(config, storage)),
        (Step("compose", partial(_compose, config, storage), config.compose.pool), None),
        (
            Step("place", partial(_place, config), config.place.pool),
            partial(_place_covers, cover_settings(config), config.protect),
        ),
    ]
    steps = [replace(step, build=partial(_routed, step.build, covers)) for step, covers in ways]
    return run(TableJob("layouts", steps, versions, config, storage, source, output), options, stream)


def run_annotations(
    config: AnnotateConfig, source: str, output: str, options: RunOptions = WHOLE, stream: Stream = stream
) -> dict[str, Any]:
    """Annotate posters: returns the summary that the job prints. Raises as `runs.run.run` does."""
    storage = opened(config.storage)
    config = _pinned(config, storage)
    versions = dict.fromkeys(APPLICATIONS, row_versions(config.images, config.annotate, None, None))
    steps = [
        Step("fetch", partial(Fetch, storage, config.images, versions), config.images.pool),
        *_annotating(config.annotate, storage),
    ]
    return run(TableJob("annotations", steps, versions, config, storage, source, output), options, stream)


def run_covers(
    config: CoversConfig, source: str, output: str, options: RunOptions = WHOLE, stream: Stream = stream
) -> dict[str, Any]:
    """Put titles on covers: returns the summary that the job prints, with the accepted rows and the face detector.
    Raises as `runs.run.run` does."""
    storage = opened(config.storage)
    versions = dict.fromkeys(APPLICATIONS, cover_versions(config.images, config.protect, config.place))
    fetch = partial(Fetch, storage, config.images, versions, _chooser(config.images, config.protect))
    steps = [
        Step("fetch", fetch, config.images.pool),
        Step("protect", partial(_protect, config.protect, storage), config.protect.pool),
        Step("place", partial(_place_covers, config.place, config.protect), config.place.pool),
    ]
    summary = run(TableJob("covers", steps, versions, config, storage, source, output), options, stream)
    none = {} if options.preflight_only else {"accepted": 0, "refused": {}}  # where no cover came so far
    return {**none, **summary, "faces": faces_version(config.protect)}


def _routed(build: Callable[[], Stage], covers: Callable[[], Stage] | None) -> Stage:
    """The stage of posters and marketing and that of covers as one; without the latter, covers pass untouched."""
    stage = build()
    return Routed({"poster": stage, "marketing": stage, **({"video_cover": covers()} if covers else {})})


def _annotating(settings: AnnotateSettings, storage: Storage) -> list[Step]:
    steps = [Step("annotate", partial(_annotate, settings, storage), settings.pool)]
    if settings.engine == "grounded":
        # A decoder refills its batch while there is more to answer, so it gets several batches at once.
        ground = partial(Ground, partial(annotators.grounder, settings, storage), settings.batch * 8)
        steps.append(Step("ground", ground, settings.ground))
    return steps


def _chooser(images: ImagesSettings, protect: ProtectSettings) -> Callable[[], FrameChooser]:
    return partial(finders.frame_chooser, images, protect)


def _annotate(settings: AnnotateSettings, storage: Storage) -> Annotate:
    build = partial(annotators.annotator, settings, storage)
    subject_only = partial(annotators.subject_only, settings.saliency)
    # A language model's decoder refills its batch while there is more to answer, so it gets several batches at once.
    return Annotate(build, subject_only, settings.batch * (8 if settings.engine == "internvl" else 1))


def _protect(protect: ProtectSettings, storage: Storage) -> Stage:
    reading = AnnotateSettings(
        engine=protect.engine, threads=protect.threads, batch=protect.batch, saliency=protect.saliency
    )
    return Protect(_annotate(reading, storage), partial(finders.faces, protect), protect.batch)


def _place_covers(settings: CoverPlaceSettings, protect: ProtectSettings) -> Stage:
    face_for = FaceFor(settings)
    composer = composers.cover_composer(settings, finders.zones(protect), face_for)
    return PlaceCovers(composer, face_for, placement.VERSION)


def _place(config: LayoutsConfig) -> Stage:
    return Place(config.place, FaceFor(config.place), {"marketing": finders.named_zones(config.marketing.zones)})


def _prepare(config: LayoutsConfig, storage: Storage) -> list[Step]:
    if config.compose.engine != "qwen_vl":
        return []
    build = partial(composers.preparer, config.compose, storage)
    return [Step("prepare", partial(Prepare, build), config.compose.prepare)]


def _compose(config: LayoutsConfig, storage: Storage) -> Stage:
    face_for = FaceFor(config.place)
    build = partial(composers.composer, config.compose, config.place, face_for, config.run.seed, storage)
    # A decoder refills its batch while there is more to answer, so it gets several batches at once.
    batch = config.compose.batch * (8 if config.compose.engine == "qwen_vl" else 1)
    first = {"marketing": [Role(kind) for kind in config.marketing.first]}
    return Compose(build, face_for, batch, first, {"marketing": finders.named_zones(config.marketing.zones)})


def _resolved(config: LayoutsConfig, storage: Storage) -> LayoutsConfig:
    """The settings with `registry:NAME` replaced by the version that serves now. Raises RegistryError."""
    compose = config.compose
    registry = AdapterRegistry(storage, compose.registry)
    uris = {"model": compose.model, "adapter": compose.adapter}
    serving = {name: registry.resolve(uri) for name, uri in uris.items()}
    if serving == uris:
        return config
    for name, uri in serving.items():
        if uri != uris[name]:
            log.info("compose.%s = %s is %s", name, uris[name], uri or "none: rolled back to the bare model")
    if not serving["model"]:
        raise RegistryError(f"{compose.model!r} was rolled back to nothing; promote a version, or name a checkpoint")
    return config.model_copy(update={"compose": compose.model_copy(update=serving)})


def _pinned(config: Config, storage: Storage) -> Config:
    """The settings with weights named by what they are now, the same for the whole run, whatever is put there
    meanwhile. Raises RunError."""
    for part in ("annotate", "compose"):
        settings = getattr(config, part, None)
        if not isinstance(settings, CheckpointSettings) or settings.engine not in WITH_CHECKPOINT:
            continue
        cache = Path(settings.cache).expanduser()
        for name in ("model", "adapter"):
            uri = getattr(settings, name)
            try:
                now = pinned(uri, cache, storage)
            except (ValueError, FileNotFoundError) as error:
                raise RunError(f"{part}.{name} = {uri!r}: {error}") from None
            if now != uri:
                log.info("%s.%s = %s is %s in this run", part, name, uri, now)
            settings = settings.model_copy(update={name: now})
        config = config.model_copy(update={part: settings})
    return config


def summary_line(summary: dict[str, Any]) -> str:
    """The summary as the job's last line."""
    return json.dumps(summary, ensure_ascii=False)
