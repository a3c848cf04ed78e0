"""Several ways through one step: each row goes to the stage of its application, and rows keep their order.

Posters and covers stand in one table from plan to publication. Where they need other work, the table is parted by
`application`, each part goes through its own stage, and the parts are joined again.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

Stage = Callable[[pa.Table], pa.Table]


class Routed:
    """A step with a stage for each application; rows of an application without one pass untouched. Applications that
    share a stage go through it together."""

    def __init__(self, stages: Mapping[str, Stage]) -> None:
        self._stages = stages

    def __call__(self, table: pa.Table) -> pa.Table:
        """Send each row through its stage. Columns that one stage alone adds are null in the rows of others."""
        stages = [self._stages.get(application) for application in table.column("application").to_pylist()]
        ways = list(dict.fromkeys(stages)) or [None]
        if len(ways) == 1:
            return _through(ways[0], table)
        rows = [np.flatnonzero([stage is way for stage in stages]) for way in ways]
        parts = [_through(way, table.take(pa.array(indices))) for way, indices in zip(ways, rows, strict=True)]
        joined = pa.concat_tables(parts, promote_options="default").unify_dictionaries()
        return joined.take(pa.array(np.argsort(np.concatenate(rows), kind="stable"))).combine_chunks()


def _through(stage: Stage | None, table: pa.Table) -> pa.Table:
    return table if stage is None else stage(table)
