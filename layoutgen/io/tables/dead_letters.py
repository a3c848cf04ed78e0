"""Rows that failed, as dead letters: what went wrong, and whether it may pass."""

from collections import Counter

import pyarrow as pa

from layoutgen.core import schema

POSTPONED = "postponed"
"""The kind of rows that did not fail: the run's time was up before they were worked on."""
RETRYABLE = {
    POSTPONED,
    "not_found",
    "access_denied",
    "archived",
    "unreachable",
    "empty_object",
    "truncated_image",
    "truncated_video",
    "image_changed",
    "process_crashed",
}
"""Failures that may pass: the same input may do better another time."""


def of_rows(table: pa.Table, attempt: int) -> pa.Table:
    """Failed rows (with run_id and created_at) as dead letters of their shard's attempt."""
    errors = table.column("error").combine_chunks()
    if isinstance(errors, pa.ChunkedArray):
        errors = pa.nulls(0, schema.ERROR)
    kinds = errors.field("kind").to_pylist()
    for name in ("stage", "kind", "message"):
        table = table.append_column(name, errors.field(name))
    table = table.append_column("retryable", pa.array([kind in RETRYABLE for kind in kinds], pa.bool_()))
    table = table.append_column("attempts", pa.array([attempt] * len(table), pa.int32()))
    return schema.complete(table, schema.DEAD_LETTERS).select(schema.DEAD_LETTERS.names)


def by_kind(letters: pa.Table) -> dict[str, int]:
    """How many dead letters are of which stage and kind, `stage/kind` to number."""
    names = zip(letters.column("stage").to_pylist(), letters.column("kind").to_pylist(), strict=True)
    return dict(Counter(f"{stage}/{kind}" for stage, kind in names))
