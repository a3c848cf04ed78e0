"""Which own columns of the user a run's table has, and in which types: as its manifest says, or, where an older version
wrote it, as the footers of its files do."""

import json
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.manifest.column_types import NO_COLUMNS, carried, decode, holds_json, json_field, settle, with_most
from layoutgen.core.schema import extra_names
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.io.tables.ledger import Ledger


def published(storage: Storage, root: str, run_id: str | None, kind: pa.Schema) -> pa.Schema:
    """The own columns of a published run, logical (`core.manifest.column_types`); none where there is no run. Raises
    StorageError."""
    if run_id is None:
        return NO_COLUMNS
    written = published_runs.manifest(storage, root, run_id)
    if "own_schema" in written:
        return decode(written["own_schema"])
    folder = storage.join(root, f"snapshots/{run_id}")
    uris = [storage.join(folder, file["name"]) for file in written["files"]]
    with ThreadPoolExecutor(storage.concurrency) as pool:
        columns = list(pool.map(lambda uri: _of_file(storage, uri, kind), uris))
    return reduce(lambda one, other: settle(one, other, keep=True)[0], columns, NO_COLUMNS)


def of_run(storage: Storage, root: str, run_id: str) -> pa.Schema | None:
    """The own columns of any run; None where nobody wrote them down."""
    plan = Ledger(storage, root, run_id).read_plan()
    if plan and plan.own:
        return decode(plan.own)
    manifest = storage.read_version(storage.join(root, f"snapshots/{run_id}/_manifest.json"))
    written = json.loads(manifest[0]) if manifest else {}
    return decode(written["own_schema"]) if "own_schema" in written else None


def _of_file(storage: Storage, uri: str, kind: pa.Schema) -> pa.Schema:
    def read() -> pq.FileMetaData:
        with storage.open(uri) as opened:
            return pq.read_metadata(opened)

    footer = storage.attempt(uri, read)
    schema = footer.schema.to_arrow_schema()
    own = set(extra_names(schema.empty_table(), kind))
    largest, filled = _reach(footer)
    fields = []
    for field in schema:
        if field.name not in own:
            continue
        plain = carried(field.type)
        if plain is None or holds_json(field):
            settled = json_field(field.name)
        else:
            settled = with_most(pa.field(field.name, plain), largest.get(field.name, 0))
        fields.append(settled if field.name in filled else pa.field(field.name, pa.null()))
    return pa.schema(fields)


def _reach(footer: pq.FileMetaData) -> tuple[dict[str, int], set[str]]:
    """The largest integer of each column, as far as statistics tell, and the columns that hold any value."""
    largest: dict[str, int] = {}
    filled: set[str] = set()
    for group in range(footer.num_row_groups):
        for index in range(footer.num_columns):
            chunk = footer.row_group(group).column(index)
            name, counts = chunk.path_in_schema.partition(".")[0], chunk.statistics
            if counts is None or not counts.has_null_count or counts.null_count < chunk.num_values:
                filled.add(name)
            bounds = _bounds(counts)
            largest[name] = max(largest.get(name, 0), *map(abs, bounds))
    return largest, filled


def _bounds(counts: Any) -> tuple[int, int]:
    if counts is None or not counts.has_min_max or counts.physical_type not in ("INT32", "INT64"):
        return 0, 0
    return int(counts.min_raw), int(counts.max_raw)
