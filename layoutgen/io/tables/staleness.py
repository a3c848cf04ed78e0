"""Published rows that could not be computed again for a passing reason: they stay for some days, and say so.

`stale_since` is the first night that failed, `stale_reason` the newest failure; both are null where a row is as new as
its night.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.core import schema


def allowed(passing: Mapping[str, str], published: pa.Table, now: datetime, days: float) -> dict[str, str]:
    """Of the rows that failed for a passing reason (key to reason), those that are published and have not been stale
    for `days` days."""
    if not passing or not days:
        return {}
    since = _since(published)
    return {
        row_id: reason
        for row_id, reason in passing.items()
        if row_id in since and now - (since[row_id] or now) < timedelta(days=days)
    }


def marked(rows: pa.Table, reasons: Mapping[str, str], now: datetime) -> pa.Table:
    """Published rows with the reason why they are stale, and since when: since before, where they were stale then."""
    since = _since(rows)
    return _with(
        rows,
        [since[row_id] or now for row_id in rows.column("row_id").to_pylist()],
        [reasons[row_id] for row_id in rows.column("row_id").to_pylist()],
    )


def cleared(rows: pa.Table) -> pa.Table:
    """Published rows that are as new as the night again."""
    if pc.all(pc.is_null(rows.column("stale_since"))).as_py() is not False:
        return rows
    return _with(rows, [None] * len(rows), [None] * len(rows))


def _since(published: pa.Table) -> dict[str, datetime | None]:
    ids, since = published.column("row_id").to_pylist(), published.column("stale_since").to_pylist()
    return dict(zip(ids, since, strict=True))


def _with(rows: pa.Table, since: list[datetime | None], reasons: list[str | None]) -> pa.Table:
    for name, values in (("stale_since", since), ("stale_reason", reasons)):
        index = rows.schema.get_field_index(name)
        field = schema.LAYOUTS.field(name)
        rows = rows.set_column(index, rows.schema.field(index), pa.array(values, field.type))
    return rows
