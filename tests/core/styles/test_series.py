"""What products of a series have in common, made of its name alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.config.styles import embedded
from layoutgen.core.layout import Canvas
from layoutgen.core.styles.series import shared
from layoutgen.core.styles.style import Style

STYLES = list(embedded().values())
CANVASES = [Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1080, 1920), Canvas(1920, 1080), Canvas(728, 90)]
seeds = st.integers(0, 2**64)


def cheapest(costs):
    least = min(costs.values())
    return {name for name, cost in costs.items() if cost <= least + 1e-9}


@given(st.sampled_from(STYLES), seeds, st.sampled_from(CANVASES))
def test_a_series_has_a_side_an_arrangement_and_a_size_and_forbids_nothing(style, seed, canvas):
    common = shared(style, seed, canvas)
    (side,) = cheapest(common.anchors)
    assert side in (("left", "right") if canvas.width > 1.2 * canvas.height else ("top", "bottom"))
    assert set(style.grounds) == set(common.grounds) and set(style.blocks) <= set(common.blocks)
    assert common.title_least <= common.title_most <= style.title_most
    assert common == shared(style, seed, canvas) and not common.faults
    assert all(common.grounds[name] >= cost for name, cost in style.grounds.items())


@given(seeds)
def test_of_one_shape_all_canvases_share_and_series_differ(seed):
    style = STYLES[0]
    assert shared(style, seed, CANVASES[1]).anchors == shared(style, seed, CANVASES[2]).anchors
    sides = {next(iter(cheapest(shared(style, seed + i, CANVASES[0]).anchors))) for i in range(24)}
    assert sides == {"top", "bottom"}


def test_a_style_of_full_photos_alone_keeps_its_grounds():
    style = Style("full", "Full", "Photos.", grounds={"bleed": 0.1, "outpaint": 0.2})
    assert shared(style, 7, CANVASES[0]).grounds == style.grounds


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_each_style_has_one_ground_that_any_photo_allows(style):
    grounds = shared(style, 618, CANVASES[1]).grounds
    kept = {name for name, cost in grounds.items() if cost == style.grounds[name]}
    assert len(kept - {"cut_out", "extend"}) == 1
