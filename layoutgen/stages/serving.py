"""Which variant of each canvas is served: published rows in, the same rows with `served`, `propensity` and `served_by`.

Not a stage of the stream but the last step of writing a shard, so that rows that nobody computed anew are served by the
head of this night as well. A canvas of which any variant lacks the features that the head knows is served evenly.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.config.serving import ServeSettings
from layoutgen.core import rows, schema
from layoutgen.core.arms import arm_of
from layoutgen.core.fingerprint import digest
from layoutgen.core.manifest.keys import first_variant
from layoutgen.core.taste import bandit
from layoutgen.core.taste.bandit import Exploration, Policy
from layoutgen.core.taste.head import group_keys
from layoutgen.core.taste.layouts import layout
from layoutgen.io.storage import Storage
from layoutgen.models.building import heads

EVEN = "even"
COMMON = " (common)"
"""Behind a head's version in `served_by`, where it knows nothing of the row's group."""
_COLUMNS = ("served", "propensity", "served_by")


@dataclass(frozen=True, eq=False)
class Arm:
    """A way of serving, and the version of its head."""

    version: str
    policy: Policy


@dataclass(frozen=True, eq=False)
class Serving:
    """Serves variants in one way, and the products of a `share` in that of the `canary`."""

    arm: Arm
    canary: Arm | None = None
    share: float = 0.0

    @property
    def identity(self) -> str:
        """What tells it from another one."""
        return digest(self.arm.version, self.canary and self.canary.version, self.share, vars(self._exploration))

    def __call__(self, table: pa.Table) -> pa.Table:
        """Say of each row whether its variant is served; what has one layout, such as a cover, is."""
        canvases: dict[str, list[int]] = defaultdict(list)
        for i, row_id in enumerate(table.column("row_id").to_pylist()):
            canvases[first_variant(row_id)].append(i)
        names = ("row_id", "product_id", "brand", "category", "features")
        read = {name: table.column(name).to_pylist() for name in names}
        served = [False] * len(table)
        propensity, served_by = [0.0] * len(table), [EVEN] * len(table)
        for key, indices in canvases.items():
            arm = self._arm_of(read["product_id"][indices[0]])
            chances, by = _chances(arm, [{name: values[i] for name, values in read.items()} for i in indices])
            chosen = indices[bandit.chosen(chances, key, self._exploration.seed)]
            for i, chance in zip(indices, chances.tolist(), strict=True):
                served[i], propensity[i], served_by[i] = i == chosen, chance, by
        return _with(table, {"served": served, "propensity": propensity, "served_by": served_by})

    @property
    def _exploration(self) -> Exploration:
        return self.arm.policy.exploration

    def _arm_of(self, product_id: str) -> Arm:
        if self.canary and arm_of(product_id, self.share):
            return self.canary
        return self.arm


def _chances(arm: Arm, variants: Sequence[dict[str, Any]]) -> tuple[np.ndarray, str]:
    """The propensities of a canvas's variants, which are rows, and what says so."""
    head = arm.policy.head
    if head is None:
        return arm.policy.propensities("", [None] * len(variants)), EVEN
    (group,) = group_keys([variants[0][head.by]])
    vectors = [layout(row, head.features).features for row in variants]
    chances = arm.policy.propensities(group, vectors)
    if not arm.policy.knows(vectors):
        return chances, EVEN
    return chances, arm.version + (COMMON if head.of(group).is_common else "")


def serving_of(settings: ServeSettings, seed: int, storage: Storage) -> tuple[Callable[[pa.Table], pa.Table], str]:
    """What says which variants are served, as settings have it, and what tells it from another one. Raises HeadError or
    RegistryError."""
    if not settings.variants:
        return unserved, ""
    exploration = Exploration(settings.explore, settings.draws, seed)
    now, canary = (named and Arm(named[0], Policy(named[1], exploration)) for named in heads.serving(settings, storage))
    by = Serving(now or Arm(EVEN, Policy(None, exploration)), canary, settings.canary_share)
    return by, by.identity


def unserved(table: pa.Table) -> pa.Table:
    """The rows without a word on serving, where an earlier night said one."""
    if all(name not in table.column_names or table.column(name).null_count == len(table) for name in _COLUMNS):
        return table
    return _with(table, {name: [None] * len(table) for name in _COLUMNS})


def _with(table: pa.Table, columns: dict[str, Sequence[Any]]) -> pa.Table:
    return rows.replace(
        table, **{name: pa.array(values, schema.LAYOUTS.field(name).type) for name, values in columns.items()}
    )
