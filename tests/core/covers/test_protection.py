import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.covers import protection
from layoutgen.core.covers.protection import SAFE_ZONES, Contents, Zone, sampled, zones_for
from layoutgen.core.layout import Canvas, Framing, inside

SQUARE = Canvas(1080, 1080)
shares = st.floats(0, 1)


def protect(subject, canvas, framing=None, *, faces=(), texts=(), **other):
    """The map of a photo with these contents; None is a photo without a subject."""
    subject = np.zeros((9, 9), np.float32) if subject is None else subject
    return protection.protect(Contents(subject, tuple(faces), tuple(texts)), canvas, framing, **other)


@st.composite
def boxes(draw):
    x, y = sorted((draw(shares), draw(shares))), sorted((draw(shares), draw(shares)))
    return (x[0], y[0], x[1], y[1])


def blob(height=90, width=90):
    made = np.zeros((height, width), np.float32)
    made[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 0.8
    return made


def test_a_map_that_is_vague_is_no_opinion():
    assert np.array_equal(protection.opinion(blob()), blob())
    far = np.hypot(*np.meshgrid(np.linspace(-1.5, 1.5, 90), np.linspace(-1.5, 1.5, 90)))
    assert protection.opinion(np.exp(-(far**2)).astype(np.float32)) is None, "the middle, softly"
    assert protection.opinion(np.zeros((9, 9), np.float32)) is None


def test_what_is_read_all_over_a_picture_is_no_text():
    assert protect(None, SQUARE, texts=[(0.1, 0.1, 0.9, 0.8)]).map.max() == 0
    assert protect(None, SQUARE, texts=[(0.1, 0.1, 0.9, 0.2)]).map.max() == 1


@pytest.mark.parametrize(
    ("canvas", "shape"), [(SQUARE, (256, 256)), (Canvas(1080, 1440), (256, 192)), (Canvas(1920, 1080), (144, 256))]
)
def test_the_map_has_the_canvas_shape(canvas, shape):
    made = protect(blob(), canvas)
    assert made.map.shape == made.subject.shape == shape
    assert made.map.dtype == np.float32


def test_the_subject_is_carried_to_where_the_canvas_shows_it():
    shown = Framing(crop=(1 / 3, 1 / 3, 2 / 3, 2 / 3), picture=(0.5, 0.0, 1.0, 0.5))
    made = protect(blob(), SQUARE, shown)
    assert made.map[:128, 128:] == pytest.approx(0.8, abs=1e-4)
    assert made.map[128:].max() == 0 and made.map[:, :128].max() == 0


def test_parts_are_combined_by_the_maximum_and_the_subject_stays_apart():
    made = protect(blob(), SQUARE, faces=[(0.4, 0.4, 0.5, 0.5)], zones=[Zone("badge", (0.9, 0.9, 1, 1))])
    assert made.map[115, 115] == 1 and made.map[250, 250] == 1
    assert made.map[150, 150] == pytest.approx(0.8, abs=1e-4)
    assert made.subject[115, 115] == pytest.approx(0.8, abs=1e-4) and made.subject[250, 250] == 0


def test_key_elements_are_protected_beside_the_subject_which_stays_apart():
    dear = blob()
    dear[:10, :10] = 0.3
    made = protection.protect(Contents(blob(), with_elements=dear), SQUARE)
    assert made.map[5, 5] == pytest.approx(0.3) and made.subject[5, 5] == 0
    assert made.map[128, 128] == made.subject[128, 128] == pytest.approx(0.8, abs=1e-4)


def test_faces_and_controls_are_hard_and_text_is_where_it_is_wanted():
    parts = {
        "faces": [(0.1, 0.1, 0.2, 0.2)],
        "texts": [(0.5, 0.5, 0.9, 0.6)],
        "zones": [Zone("badge", (0.9, 0.9, 1, 1))],
    }
    made = protect(None, SQUARE, **parts)
    assert [(each.kind, each.name) for each in made.hard] == [("face", "face"), ("text", "text"), ("zone", "badge")]
    soft = protect(None, SQUARE, **parts, hard_texts=False)
    assert [each.kind for each in soft.hard] == ["face", "zone"]
    assert np.array_equal(soft.map, made.map)


def test_a_face_is_protected_with_a_margin_in_proportion_and_a_text_with_one_in_pixels():
    made = protect(None, Canvas(2000, 1000), faces=[(0.2, 0.2, 0.3, 0.4)], texts=[(0.5, 0.6, 0.9, 0.68)])
    face, text = (each.box for each in made.hard)
    assert face == pytest.approx((0.188, 0.176, 0.312, 0.424))
    assert text == pytest.approx((0.49, 0.58, 0.91, 0.70))


def test_a_face_that_the_crop_leaves_out_protects_nothing():
    made = protect(None, SQUARE, Framing(crop=(0.5, 0, 1, 1)), faces=[(0.1, 0.1, 0.2, 0.2)])
    assert made.hard == () and made.map.max() == 0


@given(boxes(), boxes(), boxes(), st.sampled_from([SQUARE, Canvas(1080, 1440), Canvas(1000, 200), Canvas(64, 640)]))
def test_every_map_is_in_range_and_every_hard_box_on_the_canvas(face, text, zone, canvas):
    made = protect(blob(40, 60), canvas, faces=[face], texts=[text], zones=[Zone("z", zone)])
    assert np.isfinite(made.map).all() and made.map.min() >= 0 and made.map.max() <= 1
    assert all(inside(each.box, (0, 0, 1, 1)) for each in made.hard)
    assert (made.map >= made.subject).all()


@given(boxes())
def test_a_hard_box_is_marked_even_where_it_is_smaller_than_a_cell(zone):
    made = protect(None, SQUARE, zones=[Zone("z", zone)])
    row = min(int((zone[1] + zone[3]) / 2 * 256), 255)
    column = min(int((zone[0] + zone[2]) / 2 * 256), 255)
    assert made.map[row, column] == 1


@given(boxes(), st.integers(1, 40), st.integers(1, 40))
def test_sampling_keeps_the_mean(box, rows, columns):
    values = np.random.default_rng(0).random((24, 36), np.float32)
    box = (box[0], box[1], max(box[2], box[0] + 1e-3), max(box[3], box[1] + 1e-3))
    box = tuple(min(v, 1.0) for v in box)
    if box[2] - box[0] < 1e-4 or box[3] - box[1] < 1e-4:
        return
    fine = sampled(values, box, (rows, columns))
    assert fine.shape == (rows, columns)
    assert fine.mean() == pytest.approx(sampled(values, box, (1, 1))[0, 0], abs=1e-3)


@pytest.mark.parametrize(
    ("canvas", "ratio"),
    [
        (Canvas(1920, 1080), "16:9"),
        (Canvas(1080, 1350), "3:4"),
        (Canvas(1000, 1010), "1:1"),
        (Canvas(720, 1600), "9:16"),
    ],
)
def test_the_zones_are_those_of_the_nearest_ratio(canvas, ratio):
    assert zones_for(canvas) == SAFE_ZONES[ratio]


def test_a_platform_has_its_own_zones_or_none():
    own = {"2:1": (Zone("logo", (0, 0, 0.1, 0.1)),)}
    assert zones_for(SQUARE, own) == own["2:1"]
    assert zones_for(SQUARE, {}) == ()
    with pytest.raises(ValueError, match="'wide'"):
        protection.ratio("wide")


@pytest.mark.parametrize("zones", SAFE_ZONES.values(), ids=SAFE_ZONES)
def test_the_shipped_zones_lie_on_the_canvas_and_leave_most_of_it_free(zones):
    assert all(inside(zone.box, (0, 0, 1, 1)) for zone in zones)
    made = protect(None, SQUARE, zones=zones)
    assert made.map.mean() < 0.25


def test_the_same_input_gives_the_same_map():
    first, second = (protect(blob(), SQUARE, faces=[(0.1, 0.2, 0.3, 0.4)]) for _ in range(2))
    assert np.array_equal(first.map, second.map) and first.hard == second.hard
