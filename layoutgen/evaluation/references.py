"""A table's rows as folders for text-to-image models on a pool, and the pictures that come back.

OUTPUT/rows/<product>/<canvas>/…                a folder a row, `layout.json` written last
OUTPUT/table/part-000000-….parquet              what was written, and why nothing was
OUTPUT/taken/part-000000.parquet                what was taken back, and why something was not
"""

import io
import json
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.config.base import Pool
from layoutgen.config.jobs import ReferencesConfig
from layoutgen.core.errors import Refusal
from layoutgen.evaluation import chosen_rows
from layoutgen.evaluation.kits_of_table import fonts_of, kits_of
from layoutgen.imaging.documents.rasters import Encoding
from layoutgen.io.storage import opened
from layoutgen.io.tables import layout_tables
from layoutgen.models.building import finders
from layoutgen.runs.accounting import LostRowsError
from layoutgen.stages.painted_folders import TAKEN, TakeBack
from layoutgen.stages.reference_rows import ReferenceRows
from layoutgen.streaming import Step, Stream, stream

log = logging.getLogger("layoutgen")


def write_references(
    config: ReferencesConfig,
    layouts: str,
    output: str,
    *,
    run_id: str | None = None,
    row_ids: Sequence[str] = (),
    font_files: tuple[str, ...] = (),
    stream: Stream = stream,
) -> dict[str, Any]:
    """Write a folder a row of a table, of all rows or of `row_ids`; returns the summary that the job prints. Raises
    JobError; LostRowsError, a Stop, where rows went missing."""
    storage = opened(config.storage)
    storage.check(layouts)
    storage.check(output)
    folder = layout_tables.folder_of(storage, layouts, run_id)
    manifest = layout_tables.manifest_of(storage, folder)
    made_with = manifest.get("settings") or {}
    named = fonts_of(made_with, kits_of(made_with, storage), font_files)
    addresses = list(chosen_rows.addresses(storage, folder, manifest, row_ids, config.run.rows_per_shard))
    planned = sum(len(table.column("rows")[0]) for table in addresses)
    if not planned:
        raise layout_tables.TableError(f"{folder} has no rows; there is nothing to make references of")
    finder = partial(finders.saliency, config.references.saliency)
    limits = (config.images.max_bytes, config.images.max_pixels)
    build = partial(ReferenceRows, storage, output, config.references.model, finder, named, *limits)
    failed: Counter[str] = Counter()
    written = resumed = 0
    for row in _streamed(config, "references", build, addresses, stream):
        report = json.loads(row["report"])
        failed.update(report["failed"])
        written += report["rows"]
        resumed += report["rows"] if report["resumed"] else 0
        log.info("%d of %d rows are written", written, planned)
    if written != planned:
        raise LostRowsError(f"{planned} rows were to be written, {written} are accounted for; run the command again")
    return {
        "rows": planned,
        "folders": planned - sum(failed.values()),
        "without": dict(failed),
        "resumed": resumed,
        "table": storage.join(output, "table"),
    }


def take_back(
    config: ReferencesConfig, folder: str, *, font_files: tuple[str, ...] = (), stream: Stream = stream
) -> dict[str, Any]:
    """Take back the painted pictures in the folders below `folder`; returns the summary that the job prints. Raises
    JobError."""
    storage = opened(config.storage)
    storage.check(folder)
    folders = [uri.rpartition("/")[0] for uri in storage.list(folder) if uri.endswith("/layout.json")]
    if not folders:
        raise Refusal(f"{folder} has no layout.json below it; give the folder that jobs.references wrote, or one of it")
    size = config.run.rows_per_shard
    tables = [pa.table({"folder": folders[first : first + size]}) for first in range(0, len(folders), size)]
    encoding = Encoding(config.references.quality)
    build = partial(TakeBack, storage, config.references.format, encoding, font_files)
    taken = list(_streamed(config, "take back", build, tables, stream))
    if len(taken) != len(folders):
        raise LostRowsError(f"{len(folders)} folders were to be taken back, {len(taken)} are; run the command again")
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(taken, TAKEN), sink, compression="zstd")
    storage.write(storage.join(folder, "taken/part-000000.parquet"), sink.getvalue())
    kinds = Counter(row["kind"] for row in taken if row["kind"])
    waiting = kinds.pop("waiting", 0)
    for row in taken:
        if row["kind"] not in (None, "waiting"):
            log.warning("%s: %s: %s", row["folder"], row["kind"], row["message"])
    finished = sum(row["picture"] is not None for row in taken)
    return {"folders": len(folders), "finished": finished, "refused": dict(kinds), "waiting": waiting}


def _streamed(
    config: ReferencesConfig, name: str, build: Any, tables: list[pa.Table], stream: Stream
) -> Iterator[dict[str, Any]]:
    pool: Pool = config.references.pool
    yield from stream([Step(name, build, pool)], tables, **config.run.cluster)
