"""What becomes of the candidate that is taken, by who takes it: the first one, the ranking of boxes, judge and critic.

    python -m benchmarks.ranking [--engines radm …] [--manifest FILE] [--products N] [--candidates 4] [--full]
        [--output FILE]

Products are photos and copy of drawn posters, or those of a manifest, on three canvases each; every candidate is
placed by the solver. A line a composer and way of ranking: means over layouts of what the judge and the held-out judge
object to, the share that is sent back, the critic's rating less that of the first candidate, and paired differences of
the held-out judge's objections from the first candidate's with a 95 % interval that draws whole products; `ms` is CPU
time of ranking a layout.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from benchmarks.benchmark import Benchmark
from benchmarks.repair import drawn_products, night
from layoutgen.core.layout import Framing, Suggestion
from layoutgen.core.metrics import second_judge
from layoutgen.core.metrics.judge import judge
from layoutgen.core.metrics.layouts import Score
from layoutgen.core.metrics.statistics import differences
from layoutgen.imaging import framed
from layoutgen.models.base import Brief
from layoutgen.models.critics.network import Critic
from layoutgen.models.critics.ranking import Foreseen, rough
from layoutgen.models.critics.sketch import sketch
from layoutgen.models.finders.border import BorderSaliency

BENCHMARK = Benchmark(
    "ranking",
    "objections to the candidate that judge and critic take",
    "the first one, and the best by the ranking of boxes",
    seconds=60,
    full="100 products by all composers, about 25 minutes",
    uses="one core",
)
_WEIGHTS = (0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Candidate:
    """What is known of a candidate: what each ranking gives it, and what is held against what becomes of it."""

    rough: float
    objections: float
    second: float
    sent_back: bool
    rating: float


class Recording(Foreseen):
    """Ranks as serving does, and records what is known of every candidate by the brief and framing that it is for."""

    records: ClassVar[dict[int, tuple[Brief, list[Candidate]]]] = {}
    seconds = 0.0
    _critic_of_all, _finder = Critic(), BorderSaliency()

    def __call__(self, brief: Brief, framing: Framing, proposed: Sequence[Suggestion]) -> float:
        """The worth."""
        began = time.process_time()
        worth = super().__call__(brief, framing, proposed)
        Recording.seconds += time.process_time() - began
        if (layout := self.outcome(brief, framing, proposed)) is not None:
            (other,) = self._finder.saliency([brief.image])
            shown = framed.draw(other, framing, brief.canvas, max(layout.subject.shape))
            verdict, ground = judge(layout), layout.ground
            assert ground is not None
            candidate = Candidate(
                rough(brief, framing, proposed),
                verdict.objections,
                second_judge.judge(replace(layout, subject=shown)).objections,
                verdict.is_sent_back,
                self._critic_of_all.rate([sketch(layout.elements, layout.canvas, ground, layout.subject)])[0],
            )
            Recording.records.setdefault(id(brief), (brief, []))[1].append(candidate)
        return worth


def report(engine: str, groups: Sequence[Sequence[Candidate]], products: Sequence[str], ms: float) -> None:
    """A line for each way of ranking."""
    ways: dict[str, Any] = {
        "first": lambda c: 0.0,
        "boxes": lambda c: c.rough,
        "judge": lambda c: -c.objections,
        **{f"judge + {w} critic": lambda c, w=w: w * c.rating - c.objections for w in _WEIGHTS},
        "critic": lambda c: c.rating,
    }
    first = Score(np.array([group[0].second for group in groups]), np.ones(len(groups)))
    for name, worth in ways.items():
        taken = [max(group, key=worth) for group in groups]
        second = Score(np.array([c.second for c in taken]), np.ones(len(taken)))
        apart, _ = differences({"x": second}, {"x": first}, products, resamples=2000, level=0.95, seed=0)["x"]
        BENCHMARK.line(
            f"{engine}, {name}",
            layouts=len(taken),
            objections=round(float(np.mean([c.objections for c in taken])), 3),
            sent_back=round(float(np.mean([c.sent_back for c in taken])), 3),
            second_objections=round(float(np.mean([c.second for c in taken])), 3),
            second_apart=[None if v is None else round(v, 3) for v in (apart.value, apart.low, apart.high)],
            critic=round(float(np.mean([c.rating - g[0].rating for c, g in zip(taken, groups, strict=True)])), 2),
            ms=round(ms, 1),
        )


def main() -> None:
    """Rank the candidates of each composer."""
    from layoutgen.models.building import composers

    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--engines", ("radm",), ("radm", "layout_image", "qwen_vl"), nargs="*")
    parser.add_size("--products", 6, 100)
    parser.add_argument("--candidates", type=int, default=4)
    parser.add_argument("--manifest", type=Path)
    given = parser.parse_args()
    composers.Foreseen = Recording  # type: ignore[misc]  # what ranks in this process is recorded
    with tempfile.TemporaryDirectory() as scratch:
        manifest = given.manifest or drawn_products(Path(scratch), given.products)
        for engine in given.engines:
            Recording.records, Recording.seconds = {}, 0.0
            night(manifest, Path(scratch) / engine, engine, 0, candidates=given.candidates)
            whole = [records for records in Recording.records.values() if len(records[1]) > 1]
            products = [brief.copy.title + (brief.copy.brand or "") for brief, _ in whole]
            report(engine, [group for _, group in whole], products, 1000 * Recording.seconds / max(1, len(whole)))


if __name__ == "__main__":
    main()
