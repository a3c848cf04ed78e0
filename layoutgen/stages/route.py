"""Several ways through one step: each row goes to the stage of its kind, and rows keep their order.

Posters and covers stand in one table from plan to publication, and so do products that were cut out and such that keep
their photo. Where they need other work, the table is parted, each part goes through its own stage, and the parts are
joined again.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

Stage = Callable[[pa.Table], pa.Table]


class Routed:
    """A step with a stage for each kind of row, which `kind_of` tells of a table's rows; by default a row's kind is its
    application. Rows of a kind without a stage pass untouched, kinds that share one go through it together."""

    def __init__(self, stages: Mapping[str, Stage], kind_of: Callable[[pa.Table], Sequence[str]] | None = None) -> None:
        self._stages, self._kind_of = stages, kind_of or _application

    def __call__(self, table: pa.Table) -> pa.Table:
        """Send each row through its stage. Columns that one stage alone adds are null in the rows of others."""
        stages = [self._stages.get(kind) for kind in self._kind_of(table)]
        ways = list(dict.fromkeys(stages)) or [None]
        if len(ways) == 1:
            return _through(ways[0], table)
        rows = [np.flatnonzero([stage is way for stage in stages]) for way in ways]
        parts = [_through(way, table.take(pa.array(indices))) for way, indices in zip(ways, rows, strict=True)]
        joined = pa.concat_tables(parts, promote_options="default").unify_dictionaries()
        return joined.take(pa.array(np.argsort(np.concatenate(rows), kind="stable"))).combine_chunks()


def by_application(build: Callable[[], Stage] | None, covers: Callable[[], Stage] | None) -> Stage:
    """The stage of posters and marketing, and that of covers; rows of one without a stage pass untouched."""
    stages = {} if build is None else dict.fromkeys(("poster", "marketing"), build())
    return Routed({**stages, **({"video_cover": covers()} if covers else {})})


def _application(table: pa.Table) -> list[str]:
    return list(table.column("application").to_pylist())


def _through(stage: Stage | None, table: pa.Table) -> pa.Table:
    return table if stage is None else stage(table)
