"""What a run needs, looked at in seconds before any model is loaded or GPU asked for.

Storage can be read, written and deleted in; the manifest has its columns and rows; a sample of its images decodes;
weights are where the settings say; the pools fit the cluster; there is disk to spill to. Each failure names what is
missing.
"""

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from layoutgen.config import NETWORKS, WITH_CHECKPOINT, AnnotateConfig, Checkpoint, Compose, CoversConfig, LayoutsConfig
from layoutgen.core.contracts import CONTRACTS, Need
from layoutgen.core.fingerprint import Versions
from layoutgen.core.plan import plan
from layoutgen.io import images, locations, manifest
from layoutgen.io.locations import StorageFault
from layoutgen.io.storage import Storage
from layoutgen.streaming import Step

log = logging.getLogger("layoutgen")

SAMPLE, LOOKED_AT = 8, 1000  # images that are decoded; rows among which every column must be
LEAST_DISK_BYTES = 2_000_000_000


class RunError(RuntimeError):
    """The run can't start, or must not publish; the message says why and what to do."""


@dataclass(frozen=True)
class TableJob:
    """What to run. `steps` are the stages between load and write; `replay` names a run whose dead letters are the
    input (paths in them start from `source`'s folder)."""

    config: LayoutsConfig | AnnotateConfig | CoversConfig
    storage: Storage
    source: str
    output: str
    steps: list[Step]
    versions: Versions
    need: Need
    kind: pa.Schema
    limit: int | None = None
    run_id: str | None = None
    replay: str | None = None
    preflight_only: bool = False


def join_path(job: TableJob) -> Callable[[str], str]:
    """How the manifest's paths become URIs; those outside of what is allowed raise ValueError."""
    return partial(locations.join_allowed, manifest.base(job.source), job.config.input.allowed_prefixes)


def rows_of(job: TableJob, limit: int | None, size: int) -> Iterator[pa.Table]:
    """The manifest's rows: see `manifest.batches`."""
    settings = job.config.input
    return manifest.batches(
        job.source, job.storage, need=job.need, limit=limit, size=size,
        delimiter=settings.delimiter, encoding=settings.encoding,
    )  # fmt: skip


def preflight(job: TableJob) -> bool:
    """Check it all; return whether the output's store has conditional writes. Raises RunError, StorageError or
    ManifestError."""
    job.storage.check(job.source)
    job.storage.check(job.output)
    _weights(job)
    _disk()
    if job.replay is None:
        _sample(job)
    conditional = job.storage.conditional(job.output)  # writes and deletes on the way
    log.info(
        "%s %s conditional writes: publishing is %s",
        job.output, "has" if conditional else "has no", "exact" if conditional else "by the weaker protocol",
    )  # fmt: skip
    return conditional


def _sample(job: TableJob) -> None:
    """Decode a few of the manifest's images: where not one can be used, the whole night would be dead letters."""
    first = next(rows_of(job, None, LOOKED_AT), None)
    if first is None:
        raise RunError(f"{job.source} has no rows; nothing is published, so that readers keep what they have")
    settings = job.config.input
    names = settings.canvases if CONTRACTS[job.need].sizes else ()
    sample = plan(
        first.slice(0, SAMPLE), canvases=names, short_side=settings.short_side, application=settings.application,
        join=join_path(job), need=job.need, empty_words=settings.empty_words, shards=1,
    )  # fmt: skip
    uris = [uri for shard in sample.shards for row in shard.column("images").to_pylist() for uri in row[:1]]
    uris = [uri for uri in uris if not uri.lower().endswith(manifest.CLIP_SUFFIXES)]
    faults = []
    for uri, found in zip(uris, job.storage.fetch(uris, job.config.images.max_bytes), strict=True):
        try:
            if isinstance(found, StorageFault):
                raise images.ImageFault(found.kind, found.message)
            limits = job.config.images
            picture = images.decode(found[0], side=64, min_side=limits.min_side, max_pixels=limits.max_pixels)
            images.check_shown(picture.pixels)
        except images.ImageFault as fault:
            faults.append(f"{uri}: {fault.kind}, {fault.message}")
    if uris and len(faults) == len(uris) >= SAMPLE:
        raise RunError(f"none of the first {len(uris)} images can be used, such as {faults[0]}")
    if faults:
        log.warning("preflight: %d of the first %d images can't be used, such as %s", len(faults), len(uris), faults[0])


def _weights(job: TableJob) -> None:
    """Models and adapters are there, whole, and of one another; a hub's are left to the workers."""
    for name in ("annotate", "compose"):
        settings = getattr(job.config, name, None)
        if not isinstance(settings, Checkpoint) or settings.engine not in WITH_CHECKPOINT:
            continue
        from layoutgen.models import building_networks, building_vlm

        try:
            if isinstance(settings, Compose) and settings.engine in NETWORKS:
                building_networks.check(settings, job.storage)
            else:
                building_vlm.check(settings, job.storage)
        except (ValueError, FileNotFoundError) as error:
            raise RunError(
                f"{name}.model = {settings.model!r}, {name}.adapter = {settings.adapter!r}: {error}"
            ) from None


def _disk() -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < LEAST_DISK_BYTES:
        raise RunError(
            f"{tempfile.gettempdir()} has {free / 1e9:.1f} GB free, a run may spill {LEAST_DISK_BYTES / 1e9:.0f} GB; "
            "make room, or set TMPDIR"
        )
