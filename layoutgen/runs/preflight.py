"""What a run needs, looked at in seconds before any model is loaded or GPU asked for.

Storage can be read, written and deleted in; the manifest has its columns and rows, whose paths are allowed; the first
images decode; weights and the networks in files are where the settings say and can be used; the table is of this job's
kind; the pools fit the cluster; there is the disk that this plan needs. Each failure names what is missing.
"""

import logging
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from layoutgen.config.jobs import AnnotateConfig
from layoutgen.config.posters import PostersConfig
from layoutgen.config.stages import AnnotateSettings, ComposeSettings, ProtectSettings
from layoutgen.core.errors import Refusal
from layoutgen.core.manifest.plan import plan
from layoutgen.imaging import fonts, images
from layoutgen.imaging.faces import BOLD
from layoutgen.io.manifests import manifest
from layoutgen.io.objects import locations
from layoutgen.io.objects.locations import StorageFault
from layoutgen.io.tables.lease import read_current
from layoutgen.io.tables.ledger import table_kind
from layoutgen.models.building import finders, painters, planners
from layoutgen.models.building.fonts import FaceFor
from layoutgen.runs import disk_needs
from layoutgen.runs.extras import check_extras
from layoutgen.runs.job import RunError, RunOptions, TableJob
from layoutgen.runs.resumption import rows_per_shard, shard_bytes

log = logging.getLogger("layoutgen")

SAMPLE, LOOKED_AT = 8, 1000  # images that are decoded; rows among which every column must be


@dataclass(frozen=True)
class Preflight:
    """What was looked at and what it is like, by name; whether the output's store has conditional writes; the
    manifest's columns, where it was read; and about how many shards of how many bytes go from pool to pool."""

    conditional: bool
    looked_at: dict[str, str]
    columns: pa.Schema | None = None
    shards: int = 0
    shard_bytes: float = 0.0


def preflight(job: TableJob, options: RunOptions) -> Preflight:
    """Check it all. Raises JobError."""
    check_extras(job.config.publish)
    job.storage.check(job.source)
    job.storage.check(job.output)
    works = {} if job.planner else {**_weights(job), **_networks(job), **_posters(job)}
    looked_at = {"table": _table(job), **works, **_render(job)}
    reads = options.replay is None and job.planner is None
    first = next(job.rows(None, LOOKED_AT), None) if reads else None
    sample, jpeg_bytes = _sample(job, first) if reads else ({}, 0.0)
    rows = 0 if first is None else disk_needs.rows_of(job.source, job.storage, first, options.limit)
    looked_at["disk"] = _disk(job, rows, first)
    conditional = _conditional(job, options.preflight_only)
    looked_at["output"] = (
        f"{job.output} can be written; it {'has' if conditional else 'has no'} conditional writes: publishing is "
        f"{'exact' if conditional else 'by the weaker protocol'}"
    )
    for what, found in looked_at.items():
        log.info("preflight: %s: %s", what, found)
    return Preflight(
        conditional,
        looked_at | sample,
        None if first is None else first.schema,
        math.ceil(rows * job.rules.most_canvases / rows_per_shard(job.config)),
        shard_bytes(job.config, jpeg_bytes / job.rules.most_canvases),
    )


def _conditional(job: TableJob, look_only: bool) -> bool:
    """Write and delete in the output, which says what its store knows; a look alone leaves no folder behind."""
    made = locations.missing_folders(job.output)
    conditional = job.storage.conditional(job.output)
    if look_only and made:
        locations.remove_empty_folders(made[-1])
    return conditional


def _table(job: TableJob) -> str:
    """Whose rows the output holds. Raises ValueError for those of another job."""
    if not job.storage.exists(job.storage.join(job.output, "_table.json")):
        return f"{job.output} is new"
    kind, current = table_kind(job.storage, job.output), read_current(job.storage, job.output).run_id
    if kind != job.kind:
        raise Refusal(f"{job.output} is a table of {kind}, not of {job.kind}; give another --output")
    return f"{job.output} has {kind}; CURRENT is {current or 'none: nothing is published yet'}"


def _sample(job: TableJob, first: pa.Table | None) -> tuple[dict[str, str], float]:
    """Plan the manifest's first rows and decode a few of their images: where not one can be used, the whole night would
    be dead letters. Returns what they are like, and the mean bytes of such an image as it travels between stages."""
    if first is None:
        what = "rows" if job.source.lower().endswith(manifest.SUFFIXES) else "images"
        raise RunError(f"{job.source} has no {what}; nothing is published, so that readers keep what they have")
    sample = plan(first, job.rules, shards=1)
    rows = _counted(len(sample.failed), sample.rows_in, "row", _first_fault(sample.failed))
    if len(sample.failed) == sample.rows_in >= SAMPLE:
        raise RunError(f"{job.source}: {rows}")
    named = [uri for shard in sample.shards for row in shard.column("images").to_pylist() for uri in row[:1]]
    first_ones = list(dict.fromkeys(named))[:SAMPLE]
    clips = [uri for uri in first_ones if uri.lower().endswith(manifest.CLIP_SUFFIXES)]
    uris = [uri for uri in first_ones if uri not in clips]
    travels: list[int] = []
    faults = [f"{uri}: not_found" for uri in clips if not job.storage.exists(uri)]
    for uri, found in zip(uris, job.storage.fetch(uris, job.config.images.max_bytes), strict=True):
        try:
            if isinstance(found, StorageFault):
                raise images.ImageFault(found.kind, found.message)
            limits = job.config.images
            picture = images.decode(found[0], side=limits.side, min_side=limits.min_side, max_pixels=limits.max_pixels)
            images.check_shown(picture.pixels)
            travels.append(len(images.encode_jpeg(picture.pixels, limits.jpeg_quality)))
        except images.ImageFault as fault:
            faults.append(f"{uri}: {fault.kind}, {fault.message}")
    looked_at = _counted(len(faults), len(first_ones), "image", faults[0] if faults else "")
    if len(faults) == len(first_ones) and len(named) >= SAMPLE:  # rows may share an image
        raise RunError(f"none of the first {SAMPLE} images can be used, such as {faults[0]}")
    for what, text, bad in (("rows", rows, len(sample.failed)), ("images", looked_at, len(faults))):
        log.log(logging.WARNING if bad else logging.INFO, "preflight: %s: %s", what, text)
    return {"rows": rows, "images": looked_at}, sum(travels) / max(1, len(travels))


def _first_fault(failed: pa.Table) -> str:
    """The first row that can't be used: its id, if it has one, the fault's kind, and the row's number and the mend."""
    if not len(failed):
        return ""
    row = failed.slice(0, 1).to_pylist()[0]
    name = "one without a product_id" if row["product_id"] is None else repr(row["product_id"])
    return f"{name}: {row['error']['kind']}, {row['error']['message']}"


def _counted(bad: int, count: int, what: str, example: str) -> str:
    """How many of the first rows or images can be used, in a sentence, with an example of those that can't."""
    first = f"first {what}" if count == 1 else f"first {count} {what}s"
    if not bad:
        return f"the {first} can be used"
    if count == 1:
        return f"the {first} can't be used: {example}"
    share = f"none of the {first} can" if bad == count else f"{bad} of the {first} can't"
    return f"{share} be used, such as {example}"


def _networks(job: TableJob) -> dict[str, str]:
    """Networks in files that the settings name: each is opened, as a worker will."""
    protect, annotate = getattr(job.config, "protect", None), getattr(job.config, "annotate", None)
    looked_at = {}
    for name, settings in (("annotate.saliency", annotate), ("protect.saliency", protect)):
        if settings is None:
            continue
        saliency = settings.saliency
        looked_at[name] = saliency.model
        if saliency.model not in ("border", "net"):
            _open(f"{name}.model = {saliency.model!r}", partial(finders.saliency, saliency))
    if protect is not None:
        looked_at["protect.faces"] = protect.faces or "none: nobody looks for faces"
        if protect.faces not in ("", "mtcnn"):
            _open(f"protect.faces = {protect.faces!r}", partial(finders.faces, protect))
    if place := getattr(job.config, "place", None):
        files = {face.path for face in FaceFor(place).bold}
        own = [fonts.face(path, BOLD).name for path in (place.bold_font, place.regular_font) if path]
        looked_at["fonts"] = ", ".join([*own, f"{len(files)} files in all"])
    return looked_at


def _render(job: TableJob) -> dict[str, str]:
    """The finished files that rows get."""
    if not job.formats or isinstance(job.config, AnnotateConfig):
        return {}
    settings = job.config.render
    limit = f"at most {settings.max_kb:g} kB" if settings.max_kb else "of any size"
    return {"render": f"{', '.join(settings.formats)}; pictures of quality {settings.quality}, {limit}"}


def _open(name: str, build: Callable[[], object]) -> None:
    try:
        build()
    except (ValueError, OSError) as error:
        raise RunError(f"{name}: {error}") from None


def _weights(job: TableJob) -> dict[str, str]:
    """Models and adapters are there, whole, and of one another; a hub's are left to the workers."""
    looked_at = {}
    for name in ("annotate", "compose", "protect"):
        settings = getattr(job.config, name, None)
        if not isinstance(settings, AnnotateSettings | ComposeSettings | ProtectSettings):
            continue
        if not settings.has_checkpoint:
            looked_at[name] = f"{settings.engine} (needs no checkpoint)"
            continue
        looked_at[name] = f"{settings.engine}, model {settings.model}, adapter {settings.adapter or 'none'}"
        try:
            if isinstance(settings, ComposeSettings) and settings.networks:
                from layoutgen.models.building import networks as building_networks

                building_networks.check(settings, job.storage)
            else:
                from layoutgen.models.building import cards
                from layoutgen.models.building import vlm as building_vlm

                building_vlm.check(settings, job.storage)
                card = cards.check(name, settings, settings.asking, job.config.run.nodes, job.storage)
                looked_at |= {f"{name}.card": card} if card else {}
        except ValueError as error:
            raise RunError(
                f"{name}.model = {settings.model!r}, {name}.adapter = {settings.adapter!r}: {error}"
            ) from None
    return looked_at


def _posters(job: TableJob) -> dict[str, str]:
    """What plans and paints posters is there, and so is what looks for persons."""
    config = job.config
    if not isinstance(config, PostersConfig):
        return {}
    looking = ProtectSettings(faces=config.cut_out.faces)
    _open(f"cut_out.faces = {looking.faces!r}", partial(finders.faces, looking))
    _open(f"plan.model = {config.plan.model!r}", partial(planners.check, config.plan, job.storage))
    _open(f"paint.model = {config.paint.model!r}", partial(painters.check, config.paint, job.storage))
    return {"plan": config.plan.engine, "paint": config.paint.engine}


def _disk(job: TableJob, rows: int, first: pa.Table | None) -> str:
    """The driver's temporary folder; what nodes need is looked at where the cluster is."""
    first = pa.table({}) if first is None else first
    again = job.storage.exists(job.storage.join(job.output, "CURRENT"))
    return disk_needs.planning(tempfile.gettempdir(), rows, first, job.rules.most_canvases, again=again).check()
