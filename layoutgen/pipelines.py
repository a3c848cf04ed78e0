"""The story of the data, told once.

    layouts:   plan ─▶ load ─▶ fetch ─▶ annotate ─▶ (prepare ─▶) compose ─▶ place ─▶ write ─▶ check ─▶ publish
    covers:    plan ─▶ load ─▶ fetch ─▶ protect ─▶ place ─▶ write ─▶ check ─▶ publish
    annotate:  plan ─▶ load ─▶ fetch ─▶ annotate ─▶ write ─▶ check ─▶ publish

`prepare` draws the pictures of a vision-language composer on CPUs, so that its GPU waits for none.
A shard of the plan is one table from end to end; the write stage makes one file of it and sends back a report of a few
bytes. How a run starts, goes on after a crash and publishes is `running`'s.
"""

import json
import logging
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import ray

from layoutgen.cluster import join
from layoutgen.config.base import Pool
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.stages import (
    WITH_CHECKPOINT,
    AnnotateSettings,
    CheckpointSettings,
    ProtectSettings,
    SaliencySettings,
)
from layoutgen.core import schema
from layoutgen.core.gallery import files as gallery
from layoutgen.imaging import fonts
from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError
from layoutgen.io.storage import Storage
from layoutgen.io.tables import gallery_source
from layoutgen.models.building import stages as building
from layoutgen.models.weights import pinned
from layoutgen.runs.preflight import RunError, TableJob
from layoutgen.runs.run import run
from layoutgen.stages.annotate import Annotate
from layoutgen.stages.compose import Compose
from layoutgen.stages.fetch import Fetch
from layoutgen.stages.place import Place
from layoutgen.stages.place_covers import PlaceCovers
from layoutgen.stages.prepare import Prepare
from layoutgen.stages.protect import Protect
from layoutgen.stages.render import Render
from layoutgen.streaming import Stage, Step, Stream, stream

log = logging.getLogger("layoutgen")

Settings = TypeVar("Settings", LayoutsConfig, AnnotateConfig)


def run_layouts(
    config: LayoutsConfig,
    source: str,
    output: str,
    *,
    limit: int | None = None,
    run_id: str | None = None,
    replay: str | None = None,
    preflight_only: bool = False,
    stream: Stream = stream,
) -> dict[str, Any]:
    """Lay out a catalogue: returns the summary that the job prints. Raises as `runs.run.run` does."""
    storage = _storage(config)
    config = _pinned(_resolved(config, storage), storage)
    versions = building.versions(config.images, config.annotate, config.compose, config.place, config.run.seed)
    steps = [
        Step("fetch", partial(Fetch, storage, config.images, versions), config.images.pool),
        Step("annotate", partial(_annotate, config.annotate, storage), config.annotate.pool),
        *_prepare(config, storage),
        Step("compose", partial(_compose, config, storage), config.compose.pool),
        Step("place", partial(_place, config), config.place.pool),
    ]
    job = TableJob(config, storage, source, output, steps, versions, "layouts", schema.LAYOUTS)
    return run(replace(job, limit=limit, run_id=run_id, replay=replay, preflight_only=preflight_only), stream)


def run_annotations(
    config: AnnotateConfig,
    source: str,
    output: str,
    *,
    limit: int | None = None,
    run_id: str | None = None,
    replay: str | None = None,
    preflight_only: bool = False,
    stream: Stream = stream,
) -> dict[str, Any]:
    """Annotate posters: returns the summary that the job prints. Raises as `runs.run.run` does."""
    storage = _storage(config)
    config = _pinned(config, storage)
    versions = building.versions(config.images, config.annotate, None, None)
    steps = [
        Step("fetch", partial(Fetch, storage, config.images, versions), config.images.pool),
        Step("annotate", partial(_annotate, config.annotate, storage), config.annotate.pool),
    ]
    job = TableJob(config, storage, source, output, steps, versions, "annotations", schema.ANNOTATIONS)
    return run(replace(job, limit=limit, run_id=run_id, replay=replay, preflight_only=preflight_only), stream)


def run_covers(
    config: CoversConfig,
    source: str,
    output: str,
    *,
    limit: int | None = None,
    run_id: str | None = None,
    replay: str | None = None,
    preflight_only: bool = False,
    stream: Stream = stream,
) -> dict[str, Any]:
    """Put titles on covers: returns the summary that the job prints, with the accepted rows and the face detector.
    Raises as `runs.run.run` does."""
    storage = _storage(config)
    versions = building.cover_versions(config.images, config.protect, config.place)
    chooser = partial(building.frame_chooser, config.images, config.protect)
    steps = [
        Step("fetch", partial(Fetch, storage, config.images, versions, chooser), config.images.pool),
        Step("protect", partial(_protect, config, storage), config.protect.pool),
        Step("place", partial(_place_covers, config), config.place.pool),
    ]
    job = TableJob(config, storage, source, output, steps, versions, "covers", schema.COVERS)
    summary = run(replace(job, limit=limit, run_id=run_id, replay=replay, preflight_only=preflight_only), stream)
    return {**summary, "faces": building.faces_version(config.protect)}


def run_gallery(
    storage: Storage,
    layouts: str,
    output: str,
    *,
    run_id: str | None,
    limit: int,
    side: int,
    font_files: tuple[str, ...],
    maps: bool = False,
    pool: Pool | None = None,
    stream: Stream = stream,
) -> str:
    """Draw a run's layouts and write the page that shows them; returns where it is. Of a larger table `limit` rows are
    drawn evenly, on `pool`, or on all CPUs of the cluster. Fonts are those given, those of the run's settings, the
    embedded ones. Raises TableError, StorageError, or ValueError for a font file that is none."""
    source = gallery_source.read(storage, layouts, run_id, limit)
    font_files = fonts.named(source.settings, font_files)
    previews = storage.join(output, "previews")
    if pool is None:
        join("", "")
        pool = Pool(size=_cpus(), num_cpus=0.9)
    build = partial(_render, storage, previews, side, font_files, _finder(source.settings) if maps else None)
    drawing = Step("render", build, pool)
    drawn = source.drawable()
    placed = source.table.to_pylist()
    faults = {row["row_id"]: "the row has no picture that could be drawn" for row in placed}
    for row in stream([drawing], [drawn.slice(first, 8) for first in range(0, len(drawn), 8)]):
        if row["fault"]:
            log.warning("no preview of %s: %s", row["row_id"], row["fault"])
            faults[row["row_id"]] = row["fault"]
        else:
            faults.pop(row["row_id"], None)
    totals = (source.total, source.dead_total)
    margin, protect = (source.settings.get("place") or {}).get("margin"), source.settings.get("protect")
    zones = building.zones(ProtectSettings(zones=protect.get("zones"))) if protect else None
    for name, content in gallery.files(
        placed, source.dead, source.run_id, totals=totals, faults=faults, maps=maps, margin=margin, zones=zones
    ):
        storage.write(storage.join(output, name), content)
    return storage.join(output, "index.html")


def _finder(settings: dict[str, Any]) -> SaliencySettings:
    """The subject finder of a run, as far as it can be had here."""
    told = (settings.get("protect") or settings.get("annotate") or {}).get("saliency") or {}
    named = SaliencySettings(**{name: told[name] for name in ("model", "format") if name in told})
    if named.model not in ("border", "net") and not Path(named.model).exists():
        log.warning("the run's subject finder %s is not here; maps are by 'border'", named.model)
        return SaliencySettings()
    return named


def _render(
    storage: Storage, previews: str, side: int, font_files: tuple[str, ...], finder: SaliencySettings | None
) -> Stage:
    saliency = building.saliency(finder) if finder else None
    return Render(storage, previews, side, font_files, layers=True, saliency=saliency)


def _cpus() -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _annotate(settings: AnnotateSettings, storage: Storage) -> Annotate:
    build = partial(building.annotator, settings, storage)
    subject_only = partial(building.subject_only, settings.saliency)
    # A language model's decoder refills its batch while there is more to answer, so it gets several batches at once.
    return Annotate(build, subject_only, settings.batch * (8 if settings.model else 1))


def _protect(config: CoversConfig, storage: Storage) -> Stage:
    protect = config.protect
    reading = AnnotateSettings(
        engine=protect.engine, threads=protect.threads, batch=protect.batch, saliency=protect.saliency
    )
    return Protect(_annotate(reading, storage), partial(building.faces, protect), protect.batch)


def _place_covers(config: CoversConfig) -> Stage:
    face_for = building.FaceFor(config.place)
    composer = building.cover_composer(config.place, building.zones(config.protect), face_for)
    return PlaceCovers(composer, face_for, building.COVER_VERSION)


def _place(config: LayoutsConfig) -> Stage:
    return Place(config.place, building.FaceFor(config.place))


def _prepare(config: LayoutsConfig, storage: Storage) -> list[Step]:
    if config.compose.engine != "qwen_vl":
        return []
    build = partial(building.preparer, config.compose, storage)
    return [Step("prepare", partial(Prepare, build), config.compose.prepare)]


def _compose(config: LayoutsConfig, storage: Storage) -> Stage:
    face_for = building.FaceFor(config.place)
    build = partial(building.composer, config.compose, config.place, face_for, config.run.seed, storage)
    # A decoder refills its batch while there is more to answer, so it gets several batches at once.
    return Compose(build, face_for, config.compose.batch * (8 if config.compose.engine == "qwen_vl" else 1))


def _resolved(config: LayoutsConfig, storage: Storage) -> LayoutsConfig:
    """The settings with `registry:NAME` replaced by the version that serves now. Raises RegistryError."""
    told = config.compose
    registry = AdapterRegistry(storage, told.registry)
    found = {name: registry.resolve(uri) for name, uri in (("model", told.model), ("adapter", told.adapter))}
    if found == {"model": told.model, "adapter": told.adapter}:
        return config
    for name, uri in found.items():
        if uri != getattr(told, name):
            log.info("compose.%s = %s is %s", name, getattr(told, name), uri or "none: rolled back to the bare model")
    if not found["model"]:
        raise RegistryError(f"{told.model!r} was rolled back to nothing; promote a version, or name a checkpoint")
    return config.model_copy(update={"compose": told.model_copy(update=found)})


def _pinned(config: Settings, storage: Storage) -> Settings:
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


def _storage(config: LayoutsConfig | AnnotateConfig | CoversConfig) -> Storage:
    values = config.storage
    return Storage(**values.model_dump())


def summary_line(summary: dict[str, Any]) -> str:
    """The summary as the job's last line."""
    return json.dumps(summary, ensure_ascii=False)
