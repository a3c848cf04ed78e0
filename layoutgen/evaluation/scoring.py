"""Rows of a table scored on an actor pool, a file a shard, and read back: each of them must be found again."""

import json
import logging
from collections import Counter
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.config.jobs import EvaluateConfig
from layoutgen.core import schema
from layoutgen.core.brands.kits import BrandKits
from layoutgen.core.metrics.definitions import METRICS
from layoutgen.core.rows import FRAMING
from layoutgen.io.storage import Storage, opened
from layoutgen.io.tables import layout_tables
from layoutgen.models.building.finders import critic, saliency
from layoutgen.models.building.kits import present
from layoutgen.runs.accounting import LostRowsError
from layoutgen.stages.brand_checks import BrandChecks
from layoutgen.stages.score import Score
from layoutgen.streaming import Stage, Step, Stream

log = logging.getLogger("layoutgen")

_WEIGHTS = [f"{name}_weight" for name, definition in METRICS.items() if definition.pooled]
LOOKS = ("canvas_width", "canvas_height", "series", "variant", "style_used", *FRAMING, "elements")
"""What is seen of a row, for measures of groups of rows."""
_BACK = [
    *layout_tables.KEYS,
    *METRICS,
    *_WEIGHTS,
    "own_violated",
    "brand_violated",
    "exclusions",
    "element_scores",
    *LOOKS,
]


def places_of(storage: Storage, folder: str) -> pa.Table:
    """Where a table's rows are. Raises TableError where it has none."""
    places = layout_tables.index(storage, layout_tables.parts(storage, folder))
    if not len(places):
        raise layout_tables.TableError(f"{folder} has no rows; there is nothing to score")
    return places


def score(
    config: EvaluateConfig, storage: Storage, chosen: pa.Table, folder: str, kits: BrandKits, stream: Stream
) -> pa.Table:
    """Score rows on the pool, and read back what a report needs; checked to be the rows that were asked for."""
    earlier = storage.list(folder)
    if set(earlier) & set(chosen.column("uri").to_pylist()):
        raise layout_tables.TableError(f"{folder} is both what is scored and where scores go; give another --output")
    for uri in earlier:
        storage.delete(uri)
    tables = shards(chosen, config.run.rows_per_shard)
    step = Step("score", partial(_build, config, folder, kits), config.score.pool)
    files = []
    done = 0
    for row in stream([step], tables, **config.run.cluster):
        outcome = json.loads(row["report"])
        if "fault" in outcome:
            raise layout_tables.TableError(outcome["fault"])
        files.append(outcome["file"])
        done += outcome["rows"]
        log.info("%d of %d rows scored", done, len(chosen))
    parts = [_read_back(storage, uri) for uri in sorted(files)]
    scored = pa.concat_tables(parts, promote_options="permissive") if parts else None
    found_ids = Counter(scored.column("row_id").to_pylist()) if scored is not None else Counter()
    if found_ids != Counter(chosen.column("row_id").to_pylist()) or scored is None:
        raise LostRowsError(f"{len(chosen)} rows were to be scored and {sum(found_ids.values())} are in {folder}")
    return scored


def _build(config: EvaluateConfig, folder: str, kits: BrandKits) -> Stage:
    storage = opened(config.storage)
    checks = BrandChecks(storage, present(kits, storage)) if kits else None
    rating = critic() if config.score.content else None
    return Score(storage, saliency(config.score.saliency), config.score, folder, checks, rating)


def shards(chosen: pa.Table, size: int) -> list[pa.Table]:
    """The places of rows in tables of at most `size`, each of one file."""
    by_file: dict[str, list[int]] = {}
    for uri, row in zip(chosen.column("uri").to_pylist(), chosen.column("row").to_pylist(), strict=True):
        by_file.setdefault(uri, []).append(row)
    tables: list[pa.Table] = []
    for uri, rows in by_file.items():
        for first in range(0, len(rows), size):
            part = rows[first : first + size]
            columns = {
                "uri": pa.array([uri] * len(part), pa.string()),
                "row": pa.array(part, pa.int64()),
                schema.SHARD: pa.array([len(tables)] * len(part), pa.int32()),
            }
            tables.append(pa.table(columns))
    return tables


def _read_back(storage: Storage, uri: str) -> pa.Table:
    filesystem, path = storage.filesystem(uri)
    with filesystem.open_input_file(path) as handle:
        table = pq.ParquetFile(handle).read(columns=_BACK)
    casts = {name: table.column(name).cast(pa.string()) for name in layout_tables.KEYS}
    for name, column in casts.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table
