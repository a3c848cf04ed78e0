import numpy as np
import pytest

from layoutgen.core.pictures import tone

PATCHES = np.array([(200, 30, 30), (30, 160, 60), (40, 60, 200), (230, 180, 40), (230, 230, 230), (60, 60, 60)])
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def linear(srgb):
    value = srgb / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def pq(nits):
    y = (np.clip(nits, 0, 10_000) / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def hlg(light):
    light = np.clip(light, 0, 1)
    high = 0.17883277 * np.log(np.maximum(12 * light - 0.28466892, 1e-9)) + 0.55991073
    return np.where(light <= 1 / 12, np.sqrt(3 * light), high)


def sixteen(signal):
    return np.rint(65535 * np.clip(signal, 0, 1)).astype(np.uint16)[None]


@pytest.mark.parametrize(
    ("curve", "transfer"), [(lambda x: pq(203 * x), tone.PQ), (lambda x: hlg(0.265 * x), tone.HLG)]
)
def test_colours_up_to_white_come_out_as_they_are(curve, transfer):
    found = tone.to_srgb(sixteen(curve(linear(PATCHES) @ TO_2020.T)), transfer, 9)[0]
    assert np.abs(found.astype(int) - PATCHES).max() <= 2


def test_highlights_are_bent_under_white_in_order_and_keep_their_hue():
    nits = np.array([100, 150, 203, 400, 1000, 2000])
    found = tone.to_srgb(sixteen(pq(nits[:, None] * np.ones(3))), tone.PQ, 1)[0, :, 0].astype(int)
    assert (np.diff(found) > 0).all() and found[-1] == 255
    assert 235 <= found[2] <= 252 and abs(found[0] - 186) <= 3
    orange = tone.to_srgb(sixteen(pq(np.array([[1500.0, 750.0, 200.0]]))), tone.PQ, 1)[0, 0].astype(int)
    assert orange[0] > orange[1] > orange[2] + 40


def test_wide_gamut_is_converted_and_plain_colours_are_not_touched():
    red_of_srgb_in_p3 = np.array([[0.9176, 0.2003, 0.1386]])
    assert np.abs(tone.to_srgb(sixteen(red_of_srgb_in_p3), 1, 12)[0, 0].astype(int) - (255, 0, 0)).max() <= 3
    assert tone.is_foreign(tone.HLG, 9) and tone.is_foreign(1, 12) and not tone.is_foreign(1, 1)
    assert not tone.is_foreign(2, 2)
    assert np.array_equal(tone.to_srgb(sixteen(PATCHES / 255), 1, 1)[0], PATCHES)
