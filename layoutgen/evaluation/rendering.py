"""The files of a published table on demand: chosen rows drawn on a pool, and a table of what was written.

OUTPUT/files/<product>/<canvas>-<name>.webp …   a folder a product
OUTPUT/table/part-000000-….parquet              what was written, and why nothing was
OUTPUT/_SUCCESS                                 empty, written last, where no more rows failed than may
"""

import json
import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from layoutgen.config.jobs import RenderConfig
from layoutgen.core import feedback
from layoutgen.core.errors import Refusal
from layoutgen.core.feedback import Feedback
from layoutgen.evaluation import chosen_rows
from layoutgen.evaluation.kits_of_table import fonts_of, kits_of
from layoutgen.imaging.documents.rasters import Encoding
from layoutgen.io.font_files import here
from layoutgen.io.storage import Storage, opened
from layoutgen.io.tables import layout_tables
from layoutgen.models.building.versions import recipes
from layoutgen.runs.accounting import LostRowsError
from layoutgen.stages.edited_rows import Key, edits_of
from layoutgen.stages.finishing import Finish
from layoutgen.stages.render_rows import RenderRows
from layoutgen.streaming import Step, Stream, idle, stream

log = logging.getLogger("layoutgen")


def render_table(
    config: RenderConfig,
    layouts: str,
    output: str,
    *,
    run_id: str | None = None,
    row_ids: Sequence[str] = (),
    font_files: tuple[str, ...] = (),
    decisions: str | None = None,
    stream: Stream = stream,
) -> dict[str, Any]:
    """Make the files of a table's rows, of all or of `row_ids`, of those that the feedback in `decisions` edits as it
    leaves them; returns the summary that the job prints, whose
    `complete` says whether no more rows failed than `run.max_failed_fraction` allows. Raises JobError; LostRowsError, a
    Stop, where rows went missing."""
    storage = opened(config.storage)
    storage.check(layouts)
    storage.check(output)
    folder = layout_tables.folder_of(storage, layouts, run_id)
    manifest = layout_tables.manifest_of(storage, folder)
    made_with = manifest.get("settings") or {}
    edits = _edits(storage, decisions) if decisions else {}
    finish = _finish(config, storage, fonts_of(made_with, kits_of(made_with, storage), font_files))
    settings = config.run
    for _ in stream([idle("render", config.render.pool)], [], **settings.cluster):  # before anything is written
        raise AssertionError("a stream of nothing has no rows")
    addresses = list(chosen_rows.addresses(storage, folder, manifest, row_ids, settings.rows_per_shard))
    planned = sum(len(table.column("rows")[0]) for table in addresses)
    if not planned:
        raise layout_tables.TableError(f"{folder} has no rows; there is nothing to render")
    storage.delete(storage.join(output, "_SUCCESS"))
    build = partial(RenderRows, storage, output, finish, config.images.max_bytes, config.images.max_pixels, edits)
    reports = []
    for row in stream([Step("render", build, config.render.pool)], addresses, **settings.cluster):
        reports.append(json.loads(row["report"]))
        log.info("%d of %d tables of rows are rendered", len(reports), len(addresses))
    if (written := sum(report["rows"] for report in reports)) != planned:
        raise LostRowsError(f"{planned} rows were to be rendered, {written} are accounted for; run the command again")
    _remove_strays(storage, output, {report["part"] for report in reports})
    return _summary(config, storage, output, reports, planned)


def _finish(config: RenderConfig, storage: Storage, font_files: tuple[str, ...]) -> Finish:
    settings = config.render
    if not settings.formats:
        raise Refusal("render.formats is empty; name some, such as --formats webp")
    encoding = Encoding(settings.quality, settings.least_quality, round(1000 * settings.max_kb))
    try:
        return Finish(recipes(settings, here(font_files, storage)), encoding, font_files)
    except (ValueError, ImportError) as error:
        raise Refusal(f"render.formats = {list(settings.formats)}: {error}") from None


def _edits(storage: Storage, uri: str) -> dict[Key, Feedback]:
    """The edits of a file of feedback. Raises Refusal for a line that is none: an edit that is passed over is lost."""
    decisions, errors = feedback.read(storage.read(uri).decode("utf-8", "replace"))
    if errors:
        raise Refusal(f"{uri}: {errors[0]}; {len(errors)} of its lines can't be read")
    return edits_of(decisions)


def _remove_strays(storage: Storage, output: str, parts: set[str]) -> None:
    """Remove parts of the table of other rows or settings."""
    for uri in storage.list(storage.join(output, "table")):
        if uri not in parts:
            storage.delete(uri)


def _summary(
    config: RenderConfig, storage: Storage, output: str, reports: list[dict[str, Any]], planned: int
) -> dict[str, Any]:
    totals: dict[str, Counter[str]] = {"formats": Counter(), "failed": Counter()}
    for report in reports:
        for name, total in totals.items():
            total.update(report[name])
    failed = sum(totals["failed"].values())
    complete = failed <= config.run.max_failed_fraction * planned
    if complete:
        storage.write(storage.join(output, "_SUCCESS"), b"")
    else:
        share = f"run.max_failed_fraction = {config.run.max_failed_fraction:g}"
        log.error("%d of %d rows could not be rendered, more than %s allows", failed, planned, share)
    return {
        "rows": planned,
        "files": dict(totals["formats"]),
        "bytes": sum(report["bytes"] for report in reports),
        "failed": dict(totals["failed"]),
        "edited": sum(report["edited"] for report in reports),
        "resumed": sum(report["rows"] for report in reports if report["resumed"]),
        "complete": complete,
        "table": storage.join(output, "table"),
    }
