"""What is measured of scored rows on their photos, while it comes in photo by photo."""

from collections.abc import Mapping

import numpy as np

from layoutgen.core.metrics import cgl, pku, ralf
from layoutgen.core.metrics.layouts import Score as Metric
from layoutgen.core.metrics.layouts import score as metric

_CONTENT = {"pku_compat": pku.CONTENT, "pku": pku.CONTENT, "ralf": ralf.CONTENT, "cgl": cgl.CONTENT}


class Content:
    """The content metrics of a shard's rows while they come in; and by row its protected mask and texts' contrast, what
    its framing cuts off, what the critic gives it and what the held-out judge objects to."""

    def __init__(self, count: int) -> None:
        names = [f"{protocol}_{name}" for protocol, kind in _CONTENT.items() for name in kind]
        self._totals = {name: np.zeros((2, count)) for name in names}
        self.measured: dict[int, tuple[np.ndarray, list[float | None]]] = {}
        self.cut: dict[int, float] = {}
        self.rating: dict[int, float] = {}
        self.second: dict[int, float] = {}

    def put(self, members: list[int], scores: Mapping[str, Metric]) -> None:
        """Add what was measured of some rows, by the names of score columns."""
        for name, score in scores.items():
            self._totals[name][:, members] = score.total, score.weight

    def scores(self) -> dict[str, Metric]:
        """All content metrics."""
        return {name: metric(*sums) for name, sums in self._totals.items()}


def named(protocol: str, scores: Mapping[str, Metric]) -> dict[str, Metric]:
    """A protocol's scores by the names of their columns."""
    return {f"{protocol}_{name}": score for name, score in scores.items()}
