"""What pools did over a run's time: few samples, of which the means lose nothing; and a chart of them."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.pages import utilisation
from layoutgen.runs.samples import MOST, Samples

moments = st.lists(st.floats(0.1, 500.0), min_size=1, max_size=400)


@given(moments)
def test_samples_are_few_in_order_and_keep_the_last_sums(apart: list[float]) -> None:
    samples, now = Samples(0), 0.0
    for number, seconds in enumerate(apart, 1):
        now += seconds
        samples.add(now, number, {"compose": (2 * now, now, 0.0)}, last=number == len(apart))
    values = samples.values({"compose": 1.0, "place": 0.0})
    assert len(values["seconds"]) <= MOST
    assert values["seconds"] == sorted(values["seconds"])
    assert (values["seconds"][0], values["shards"][-1]) == (0.0, len(apart))
    assert values["actors"]["compose"]["alive"][-1] == pytest.approx(2 * now, abs=0.1)
    assert values["gpus"] == {"compose": 1.0}
    assert {len(sums) for sums in values["actors"]["compose"].values()} == {len(values["seconds"])}


def test_what_was_noted_just_before_is_not_noted_again() -> None:
    samples = Samples(3)
    for second in (0.2, 0.4, 1.1):
        samples.add(second, 4, {})
    assert samples.values({})["seconds"] == [0.0, 1.1]


def test_where_nothing_was_summed_up_the_next_sample_tells_of_all_that_time() -> None:
    samples = Samples(0)
    for second in (2.0, 4.0, 6.0):
        samples.add(second, 0, {})
    samples.add(8.0, 0, {"load": (0.0, 0.0, 7.2)})
    assert samples.values({})["seconds"] == [0.0, 8.0]


def test_a_chart_has_a_panel_for_shards_gpus_and_each_pool() -> None:
    samples = Samples(0)
    samples.add(10.0, 2, {"load": (10.0, 5.0, 0.0)})
    samples.add(20.0, 8, {"load": (20.0, 15.0, 0.0), "compose": (5.0, 5.0, 5.0)}, last=True)
    root = ElementTree.fromstring(utilisation.chart(samples.values({"load": 0.0, "compose": 2.0})))
    texts = [node.text for node in root.iter("text")]
    assert {"shards done", "GPUs held", "load", "compose", "75% busy", "100% busy", "0.5 in the mean"} < set(texts)
    assert texts.index("load") < texts.index("compose"), "as shards go through them"
    assert len(list(root.iter("polyline"))) == 2, "shards, and actors that were waited for"


@pytest.mark.parametrize("taken", [[], [(0.0, 0, {})]])
def test_without_samples_there_is_no_chart(
    taken: list[tuple[float, int, dict[str, tuple[float, float, float]]]],
) -> None:
    samples = Samples(0)
    for sample in taken:
        samples.add(*sample, last=True)
    assert utilisation.chart(samples.values({})) == ""
    assert utilisation.chart(None) == ""
