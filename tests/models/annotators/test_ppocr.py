from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.models.annotators import ppocr
from tests.models.annotators.test_ocr import poster


@pytest.fixture(scope="module")
def reader():
    return ppocr.reader(2)


@pytest.mark.slow
def test_without_denormal_weights_the_detector_says_the_same(reader):
    image = ppocr._on_grid(poster()[0], 0.4)
    file = Path(find_spec("rapidocr").origin).parent / "models/PP-OCRv6_det_small.onnx"
    (wanted,) = onnxruntime.InferenceSession(file).run(None, {"x": ppocr._pixels(image)[None]})
    assert np.abs(wanted[0, 0] - reader._probabilities(image)).max() < 1e-6


def networks_run(reader, monkeypatch):
    """The networks that a reader runs from now on, by name, with the shape of what each was given."""
    runs = []
    for name in ("_probabilities", "_recognised"):
        run = getattr(reader, name)
        monkeypatch.setattr(reader, name, lambda x, name=name, run=run: (runs.append((name, x.shape[:2])), run(x))[1])
    return runs


@pytest.mark.slow
def test_a_picture_without_text_is_looked_at_once_and_small(reader, monkeypatch):
    runs = networks_run(reader, monkeypatch)
    assert reader.read(np.full((640, 480, 3), 200, np.uint8)) == []
    assert runs == [("_probabilities", (320, 256))]


@pytest.mark.slow
def test_only_where_something_may_be_the_detector_looks_again(reader, monkeypatch):
    image = np.full((900, 900, 3), 240, np.uint8)
    cv2.putText(image, "Summer 2026", (60, 120), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20, 20, 20), 4)
    runs = networks_run(reader, monkeypatch)
    (line,) = reader.read(image)
    assert line.text.replace(" ", "") == "Summer2026"
    assert line.score > 0.9
    (_, glance), (_, part), (recogniser, _) = runs
    assert recogniser == "_recognised"
    assert glance[0] * glance[1] < 0.2 * 900 * 900
    assert part[0] * part[1] < 0.25 * 900 * 900


@given(st.data())
def test_parts_hold_every_hint_on_the_grid_and_none_touches_another(data):
    rows, columns = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    hints = np.zeros((max(32, rows * 16), max(32, columns * 16)), np.float32)
    spots = st.tuples(st.integers(0, hints.shape[0] - 4), st.integers(0, hints.shape[1] - 8))
    for top, left in data.draw(st.lists(spots, max_size=5)):
        hints[top : top + 3, left : left + 7] = 0.9
    parts = ppocr._parts(hints, rows, columns)
    seen = np.zeros((rows * 32, columns * 32), int)
    for part in parts:
        seen[part] += 1
        assert {seen[part].shape[0] % 32, seen[part].shape[1] % 32} == {0}
    assert seen.max(initial=0) <= 1
    hinted = cv2.resize(hints, seen.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    assert (seen[hinted] == 1).all()


def test_a_thing_that_fills_the_picture_is_no_hint_of_text():
    hints = np.zeros((320, 256), np.float32)
    hints[40:280, 40:220] = 1
    assert ppocr._parts(hints, 20, 16) == []


@pytest.mark.parametrize("angle", [0, 7, -20, 40])
def test_a_line_of_the_detectors_map_becomes_its_corners(angle):
    rectangle = ((300.0, 200.0), (240.0, 20.0), float(angle))
    text = cv2.fillPoly(np.zeros((400, 600), np.float32), [cv2.boxPoints(rectangle).astype(np.int32)], 1.0)
    (quad,) = ppocr._quads(text, 300, 200)  # the picture is half as large as the map
    along = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    grown = 1.6 * 240 * 20 / 260
    assert np.linalg.norm(along) == pytest.approx((240 + grown) / 2, abs=4)
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(angle, abs=1.5)
    assert quad.mean(axis=0) == pytest.approx([150, 100], abs=1)


def test_a_standing_line_is_turned_to_be_read():
    image = np.zeros((200, 100, 3), np.uint8)
    image[20:180, 40:60] = np.arange(160, dtype=np.uint8)[:, None, None]
    level = ppocr._level(image, np.array([[40, 20], [60, 20], [60, 180], [40, 180]], np.float32))
    assert level.shape == (20, 160, 3)
    assert level[10, 0, 0] < level[10, -1, 0]
