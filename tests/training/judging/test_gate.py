"""The verdict: better by its interval, and nothing that guards falls."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Framing, Role, Suggestion
from layoutgen.core.metrics.judge import UNPLACED
from layoutgen.io.storage import Storage as Store
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.critics.outcome import Placing
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.training.data.cases import Case
from layoutgen.training.data.stored import open_stored
from layoutgen.training.judging.gate import compare, judge
from layoutgen.training.judging.measures import Measures, measure
from tests.training.samples import store

KIND = PictureKind(14, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
PLACING = Placing(FaceFor(PlaceSettings()), 0.045, 0.024, 4.5)


class Knows:
    """A composer that knows the answers, moved by `off` to the right; it has none for every `fails`-th brief."""

    def __init__(self, cases: list[Case], off: float = 0.0, fails: int = 0) -> None:
        self._truth = {case.copy.title + case.canvas.name: case.truth for case in cases}
        self._off, self._fails, self._asked = off, fails, 0

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        return [self._one(brief) for brief in briefs]

    def _one(self, brief: Brief) -> Composition | Fault:
        self._asked += 1
        if self._fails and self._asked % self._fails == 0:
            return Fault("unparsable_answer", "cut off")
        told = self._truth[brief.copy.title + brief.canvas.name]
        moved = [
            Suggestion(s.role, (s.box[0] + self._off, s.box[1], s.box[2] + self._off, s.box[3]), s.text) for s in told
        ]
        return Composition(Framing(), tuple(moved))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    path: Path = store(tmp_path_factory.mktemp("data") / "samples.arrow", train=8, held=8)
    return list(open_stored(str(path), "", Store()).test)


def measured(cases: list[Case], **how: Any) -> Measures:
    return measure(cases, Knows(cases, **how), KIND, 56, PLACING)


def compared(cases: list[Case], ours: Measures, theirs: Measures) -> dict[str, dict[str, Any]]:
    return compare(ours, theirs, [case.product for case in cases], resamples=300, level=0.95)


GUARDS = ("parsed", "placed", "violations", "count_error")


def test_who_knows_the_answers_scores_one(cases: list[Case]) -> None:
    found = measured(cases)
    assert all(total == pytest.approx(1, abs=1e-6) for total, _ in found["iou"])
    assert all(total == 1 for name in ("parsed", "role") for total, _ in found[name])
    assert all(total == 0 for name in ("count_error", "overlap") for total, _ in found[name])
    assert sum(total for total, _ in found["placed"]) == len(cases)


@pytest.mark.parametrize("off", [3.0, -3.0])
def test_texts_beyond_the_picture_cover_nothing(cases: list[Case], off: float) -> None:
    assert all(total == 0 and texts > 0 for total, texts in measured(cases, off=off)["covering"])


def test_better_by_its_interval_is_promoted_and_the_reason_has_the_numbers(cases: list[Case]) -> None:
    held = compared(cases, measured(cases), measured(cases, off=0.05))
    verdict = judge(held, held, metric="iou", guards=GUARDS, tolerance=0.005)
    assert verdict.better
    assert "iou on the held-back split is better: 0." in verdict.reasons[0]
    assert f"{len(cases)} pairs" in verdict.reasons[0]


def test_the_same_is_not_shown_to_be_better(cases: list[Case]) -> None:
    held = compared(cases, measured(cases), measured(cases))
    verdict = judge(held, {}, metric="iou", guards=GUARDS, tolerance=0.005)
    assert not verdict.better
    assert "is not shown to be better" in verdict.reasons[0]


def test_a_guard_that_falls_refuses_though_the_metric_is_better(cases: list[Case]) -> None:
    ours, theirs = measured(cases, fails=5), measured(cases, off=0.3)
    held = compared(cases, ours, theirs)
    assert held["iou"]["low"] > 0
    verdict = judge(held, {}, metric="iou", guards=GUARDS, tolerance=0.005)
    assert not verdict.better
    assert any(reason.startswith("parsed on the held-back split falls: 1.0000 to 0.8") for reason in verdict.reasons)


def test_the_fixed_set_guards_too(cases: list[Case]) -> None:
    good = compared(cases, measured(cases), measured(cases, off=0.05))
    bad = compared(cases, measured(cases, fails=2), measured(cases))
    verdict = judge(good, bad, metric="iou", guards=GUARDS, tolerance=0.005)
    assert not verdict.better
    assert any("on the fixed set falls" in reason for reason in verdict.reasons)


def test_a_missing_element_counts_as_zero_and_an_extra_one_as_an_error(cases: list[Case]) -> None:
    case = next(case for case in cases if len(case.truth) == 2)

    class Extra:
        def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
            underlays = [Suggestion(Role.UNDERLAY, (0, 0, 1, 1)) for _ in range(2)]
            return [Composition(Framing(), (case.truth[0], *underlays))]

    found = measure([case], Extra(), KIND, 56, PLACING)
    assert found["iou"][0][0] == pytest.approx(0.5, abs=1e-6)
    assert found["count_error"][0][0] == 1


def test_both_judges_look_at_what_the_solver_places(cases: list[Case]) -> None:
    known = [case for case in cases if case.subject is not None]
    assert known
    good, off = measured(known), measured(known, off=0.2)
    for name in ("objections", "second_objections"):
        assert all(weight == 1 and 0 <= total < UNPLACED for total, weight in good[name])
    assert sum(total for total, _ in good["objections"]) < sum(total for total, _ in off["objections"])
    failed = measured(known, fails=1)
    assert set(failed["objections"]) == {(UNPLACED, 1.0)}
    unknown = measured([replace(case, subject=None) for case in known])
    assert all(weight == 0 for name in ("objections", "second_objections") for _, weight in unknown[name])


def hacked(ours: list[float], theirs: list[float]) -> dict[str, dict[str, Any]]:
    """A comparison in which iou is better by .1 and the judges' objections differ as given."""
    numbers = range(len(ours))
    new = {"iou": [(0.1 + 0.01 * i, 1.0) for i in numbers], "objections": [(1.0, 1.0) for _ in numbers]}
    old = {"iou": [(0.01 * i, 1.0) for i in numbers], "objections": [(2.0, 1.0) for _ in numbers]}
    new["second_objections"], old["second_objections"] = (
        [(value, 1.0) for value in values] for values in (ours, theirs)
    )
    return compare(new, old, [str(i) for i in numbers], resamples=300, level=0.95)


def test_what_pleases_the_judge_and_not_the_held_out_one_is_reward_hacking_and_does_not_serve() -> None:
    rising = hacked([2.0 + 0.1 * (i % 3) for i in range(20)], [1.0] * 20)
    rules: dict[str, Any] = {"metric": "iou", "guards": (), "tolerance": 0.005}
    refused = judge(rising, {}, **rules)
    assert not refused.better
    assert "reward hacking on the held-back split" in refused.reasons[-1]
    assert "second_objections 1.0000 to 2." in refused.reasons[-1]
    told = judge(rising, {}, **rules, held_out=False)
    assert told.better and told.reasons == refused.reasons
    on_fixed = judge(hacked([1.0] * 20, [1.0] * 20), rising, **rules)
    assert not on_fixed.better and "reward hacking on the fixed set" in on_fixed.reasons[-1]


def test_judges_that_agree_or_are_not_sure_are_no_reward_hacking() -> None:
    for ours in ([0.5] * 20, [1.0] * 20, [0.0, 2.1] * 10):
        verdict = judge(hacked(ours, [1.0] * 20), {}, metric="objections", guards=("second_objections",), tolerance=0.1)
        assert verdict.better and not any("hacking" in reason for reason in verdict.reasons), ours
