"""The story of the data, told once.

    layouts:   plan ─▶ load ─▶ fetch ─▶ annotate ─▶ compose ─▶ place ─▶ write ─▶ check ─▶ publish
    covers:    plan ─▶ load ─▶ fetch ─▶ protect ─▶ place ─▶ write ─▶ check ─▶ publish
    annotate:  plan ─▶ load ─▶ fetch ─▶ annotate ─▶ write ─▶ check ─▶ publish

A shard of the plan is one table from end to end; the write stage makes one file of it and sends back a report of a few
bytes. How a run starts, goes on after a crash and publishes is `running`'s.
"""

import json
import logging
from dataclasses import replace
from functools import partial
from typing import Any

import ray

from layoutgen.config import Annotate as ReadingSettings
from layoutgen.config import AnnotateConfig, CoversConfig, LayoutsConfig, Pool
from layoutgen.core import gallery, schema
from layoutgen.io import snapshot
from layoutgen.io.storage import Storage
from layoutgen.models import building
from layoutgen.preflight import TableJob
from layoutgen.running import run
from layoutgen.stages.annotate import Annotate
from layoutgen.stages.compose import Compose
from layoutgen.stages.fetch import Fetch
from layoutgen.stages.place import Place
from layoutgen.stages.place_covers import PlaceCovers
from layoutgen.stages.protect import Protect
from layoutgen.stages.render import Render
from layoutgen.streaming import Stage, Step, start, stream

log = logging.getLogger("layoutgen")


def run_layouts(
    config: LayoutsConfig,
    source: str,
    output: str,
    *,
    limit: int | None = None,
    run_id: str | None = None,
    replay: str | None = None,
    preflight_only: bool = False,
) -> dict[str, Any]:
    """Lay out a catalogue: returns the summary that the job prints. Raises as `running.run` does."""
    storage = _storage(config)
    versions = building.versions(config.images, config.annotate, config.compose, config.place)
    steps = [
        Step("fetch", partial(Fetch, storage, config.images, versions), config.images.pool),
        Step("annotate", partial(_annotate, config.annotate), config.annotate.pool),
        Step("compose", partial(_compose, config, storage), config.compose.pool),
        Step("place", partial(_place, config), config.place.pool),
    ]
    job = TableJob(config, storage, source, output, steps, versions, "layouts", schema.LAYOUTS)
    return run(replace(job, limit=limit, run_id=run_id, replay=replay, preflight_only=preflight_only))


def run_annotations(
    config: AnnotateConfig,
    source: str,
    output: str,
    *,
    limit: int | None = None,
    run_id: str | None = None,
    replay: str | None = None,
    preflight_only: bool = False,
) -> dict[str, Any]:
    """Annotate posters: returns the summary that the job prints. Raises as `running.run` does."""
    storage = _storage(config)
    versions = building.versions(config.images, config.annotate, None, None)
    steps = [
        Step("fetch", partial(Fetch, storage, config.images, versions), config.images.pool),
        Step("annotate", partial(_annotate, config.annotate), config.annotate.pool),
    ]
    job = TableJob(config, storage, source, output, steps, versions, "annotations", schema.ANNOTATIONS)
    return run(replace(job, limit=limit, run_id=run_id, replay=replay, preflight_only=preflight_only))


def run_covers(
    config: CoversConfig,
    source: str,
    output: str,
    *,
    limit: int | None = None,
    run_id: str | None = None,
    replay: str | None = None,
    preflight_only: bool = False,
) -> dict[str, Any]:
    """Put titles on covers: returns the summary that the job prints, with the accepted rows and the face detector.
    Raises as `running.run` does."""
    storage = _storage(config)
    versions = building.cover_versions(config.images, config.protect, config.place)
    chooser = partial(building.frame_chooser, config.images, config.protect)
    steps = [
        Step("fetch", partial(Fetch, storage, config.images, versions, chooser), config.images.pool),
        Step("protect", partial(_protect, config), config.protect.pool),
        Step("place", partial(_place_covers, config), config.place.pool),
    ]
    job = TableJob(config, storage, source, output, steps, versions, "covers", schema.COVERS)
    summary = run(replace(job, limit=limit, run_id=run_id, replay=replay, preflight_only=preflight_only))
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
) -> str:
    """Draw a run's layouts into one HTML page and return where it is. Raises SnapshotError or StorageError."""
    run_id = run_id or snapshot.current(storage, layouts)
    table = snapshot.read(storage, layouts, run_id).slice(0, limit)
    dead = snapshot.read(storage, layouts, run_id, "dead_letters")
    previews = storage.join(output, "previews")
    blocks = [table.slice(first, 8) for first in range(0, len(table), 8)]
    start("")
    drawing = Step("render", partial(Render, storage, previews, side, font_files), Pool(size=_cpus(), num_cpus=0.9))
    for row in stream([drawing], blocks):
        if row["fault"]:
            log.warning("no preview of %s: %s", row["row_id"], row["fault"])
    page = storage.join(output, "index.html")
    storage.write(page, gallery.page(table.to_pylist(), dead.to_pylist(), run_id).encode())
    return page


def _cpus() -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


def _annotate(settings: ReadingSettings) -> Annotate:
    version = building.annotator_version(settings)
    subject_only = partial(building.subject_only, settings.saliency)
    return Annotate(partial(building.annotator, settings), subject_only, version, settings.batch)


def _protect(config: CoversConfig) -> Stage:
    protect = config.protect
    reading = ReadingSettings(
        engine=protect.engine, threads=protect.threads, batch=protect.batch, saliency=protect.saliency
    )
    return Protect(_annotate(reading), partial(building.faces, protect), protect.batch)


def _place_covers(config: CoversConfig) -> Stage:
    return PlaceCovers(
        config.place, building.zones(config.protect), building.FaceFor(config.place), building.COVER_VERSION
    )


def _place(config: LayoutsConfig) -> Stage:
    return Place(config.place, building.FaceFor(config.place))


def _compose(config: LayoutsConfig, storage: Storage) -> Stage:
    face_for = building.FaceFor(config.place)
    build = partial(building.composer, config.compose, config.place, face_for, config.run.seed, storage)
    return Compose(build, face_for, config.compose.batch)


def _storage(config: LayoutsConfig | AnnotateConfig | CoversConfig) -> Storage:
    values = config.storage
    return Storage(values.endpoint_url, values.attempts, values.timeout_s, values.concurrency)


def summary_line(summary: dict[str, Any]) -> str:
    """The summary as the job's last line."""
    return json.dumps(summary, ensure_ascii=False)
