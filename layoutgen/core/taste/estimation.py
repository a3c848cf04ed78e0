"""What ways of serving would have earned, by outcomes: evidence as rows of `off_policy`."""

from collections.abc import Callable, Sequence

import numpy as np

from layoutgen.core.taste.bandit import Policy
from layoutgen.core.taste.evidence import Evidence, observations
from layoutgen.core.taste.fitting import Fit, expected
from layoutgen.core.taste.head import Projection
from layoutgen.core.taste.layouts import Catalogue
from layoutgen.core.taste.off_policy import Logged

Way = tuple[Policy, Fit | float]
"""A way of serving, and what is expected to be earned by it."""


def counted(evidence: Sequence[Evidence], catalogue: Catalogue) -> list[Evidence]:
    """The outcomes of canvases all of whose variants have features."""
    return [
        each
        for each in evidence
        if each.kind == "outcome" and all(beside.features is not None for beside in catalogue.variants(each.layout))
    ]


def logged(
    rows: Sequence[Evidence], catalogue: Catalogue, way_of: Callable[[Evidence], Way], projection: Projection, by: str
) -> Logged:
    """`rows` (from `counted`) as they were served, and as another way, which may differ by row, would serve them."""
    shown = np.array([each.weight for each in rows])
    target, expectations, of_canvas = np.zeros((3, len(rows)))
    for i, each in enumerate(rows):
        policy, model = way_of(each)
        beside = catalogue.variants(each.layout)
        place = [variant.key for variant in beside].index(each.layout.key)
        chances = policy.propensities(
            each.group(policy.head.by if policy.head else by), [variant.features for variant in beside]
        )
        likewise = [Evidence(each.kind, variant, 0.0) for variant in beside]
        q = expected(model, observations(likewise, projection, by))
        target[i], expectations[i], of_canvas[i] = chances[place], q[place], chances @ q
    return Logged(
        shown,
        shown * np.array([each.target for each in rows]),
        np.array([each.propensity for each in rows], np.float64),
        target,
        expectations,
        of_canvas,
        [each.layout.product_id for each in rows],
    )
