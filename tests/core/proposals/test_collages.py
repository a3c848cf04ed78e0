import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, inside, intersection
from layoutgen.core.proposals import collages, framings
from layoutgen.core.proposals.collages import Shot

WHOLE = (0.0, 0.0, 1.0, 1.0)
CANVASES = [Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080), Canvas(1080, 1920), Canvas(1200, 400)]
canvases = st.sampled_from(CANVASES)
kinds = st.sampled_from(["collage", "hero", "grid", "steps", "auto"])


def shot(number, box=(0.3, 0.25, 0.7, 0.8), size=(900, 1200), **more):
    mask = np.zeros((40, 40), np.float32)
    left, top, right, bottom = (round(40 * side) for side in box)
    mask[top:bottom, left:right] = 1
    return Shot(f"{number}.jpg", f"sha{number}", *size, framings.subject_of(mask), **more)


@st.composite
def shots(draw):
    drawn = []
    for number in range(draw(st.integers(2, 6))):
        left, top = draw(st.floats(0, 0.5)), draw(st.floats(0, 0.5))
        box = (left, top, draw(st.floats(left + 0.2, 1)), draw(st.floats(top + 0.2, 1)))
        size = draw(st.integers(400, 2000)), draw(st.integers(400, 2000))
        drawn.append(shot(number, box, size, is_flat=(flat := draw(st.booleans())), is_packshot=flat))
    return drawn


def listed(of, canvas, kind="collage", *, may_cut_out=True, is_inset=True):
    return collages.candidates(of, canvas, kind=kind, may_cut_out=may_cut_out, is_inset=is_inset, margin=0.045)


@given(shots(), canvases, kinds, st.booleans(), st.booleans())
def test_tiles_lie_apart_unstretched_and_cut_no_subject(of, canvas, kind, may_cut_out, is_inset):
    by_uri = {each.uri: each for each in of}
    for candidate in listed(of, canvas, kind, may_cut_out=may_cut_out, is_inset=is_inset):
        framing = candidate.framing
        uris = [of[0].uri, *(tile.image for tile in framing.tiles)]
        assert len(set(uris)) == len(uris) >= 2
        pictures = [part.picture for part in framing.parts]
        assert all(intersection(a, b) < 1e-9 for i, a in enumerate(pictures) for b in pictures[:i])
        for uri, part in zip(uris, framing.parts, strict=True):
            crop, picture = part.crop, part.picture
            assert inside(crop, WHOLE) and inside(picture, WHOLE)
            assert by_uri[uri].subject.lost(crop) <= 0.008
            shape = by_uri[uri].aspect * (crop[2] - crop[0]) / (crop[3] - crop[1])
            shown = canvas.width * (picture[2] - picture[0]) / (canvas.height * (picture[3] - picture[1]))
            assert shape == pytest.approx(shown, rel=0.01)


@pytest.mark.parametrize("canvas", CANVASES, ids=lambda canvas: canvas.name)
def test_every_canvas_has_collages_of_all_shots_and_leaves_room_beside_them(canvas):
    of = [shot(number) for number in range(4)]
    answers = listed(of, canvas)
    assert {len(candidate.framing.tiles) for candidate in answers} == {3}
    for candidate in answers:
        left, top, right, bottom = candidate.framing.extent
        free = {"left": left, "right": 1 - right, "top": top, "bottom": 1 - bottom}[candidate.side]
        assert free * (canvas.width if candidate.side in ("left", "right") else canvas.height) >= 0.2 * min(
            canvas.width, canvas.height
        )


def test_a_grid_and_steps_have_equal_tiles_where_they_can_and_steps_keep_their_order():
    of = [shot(number) for number in range(4)]
    for kind in ("grid", "steps"):
        best = min(listed(of, CANVASES[0], kind), key=lambda candidate: candidate.cost).framing
        sizes = {(round(p[2] - p[0], 2), round(p[3] - p[1], 2)) for p in (part.picture for part in best.parts)}
        assert len(sizes) == 1
        places = [(round(part.picture[1], 2), round(part.picture[0], 2)) for part in best.parts]
        assert places == sorted(places)


def test_a_hero_is_the_largest():
    for candidate in listed([shot(number) for number in range(4)], CANVASES[0], "hero"):
        first, *others = [(p[2] - p[0]) * (p[3] - p[1]) for p in (part.picture for part in candidate.framing.parts)]
        assert first > max(others)


def test_a_packshot_stands_without_its_ground_unless_another_one_cannot():
    flat = [shot(number, is_flat=True, is_packshot=True) for number in range(3)]
    for answers, blend in (
        (listed(flat, CANVASES[0]), "cut_out"),
        (listed(flat, CANVASES[0], may_cut_out=False), "normal"),
        (listed([*flat, shot(9, is_flat=True)], CANVASES[0]), "normal"),
    ):
        assert {part.blend for candidate in answers for part in candidate.framing.parts} == {blend}


def test_a_photo_that_fits_no_cell_is_left_out_and_one_photo_is_no_collage():
    panorama = shot(2, box=(0.0, 0.0, 1.0, 1.0), size=(6000, 500))
    answers = listed([shot(0), shot(1), panorama], CANVASES[0])
    assert answers and all(panorama.uri not in [t.image for t in each.framing.tiles] for each in answers)
    assert listed([shot(0), panorama], CANVASES[0]) == []
    assert listed([shot(0)], CANVASES[0]) == []


def test_tiles_of_other_shapes_end_with_the_canvas_and_not_a_pixel_beyond_it():
    of = [shot(number, (0.0, 0.0, 0.5, 0.5), (400, 400)) for number in range(2)]
    for candidate in listed(of, Canvas(1920, 1080), may_cut_out=False, is_inset=False):
        assert all(inside(part.picture, WHOLE) for part in candidate.framing.parts)
