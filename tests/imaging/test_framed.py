import cv2
import numpy as np
import pytest

from layoutgen.core import mirroring
from layoutgen.core.layout import Canvas, Framing, Ornament, Scrim, Tile
from layoutgen.core.shapes import ornaments, pictures
from layoutgen.imaging import framed
from layoutgen.imaging.shrinking import shrink

SQUARE = Canvas(1000, 1000)


def quarters(height=40, width=60):
    """Red upper left, green upper right, blue below."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    image[: height // 2, width // 2 :] = (0, 255, 0)
    image[height // 2 :] = (0, 0, 255)
    return image


@pytest.mark.parametrize(
    ("canvas", "shape"), [(SQUARE, (100, 100)), (Canvas(200, 1000), (100, 20)), (Canvas(1920, 1080), (56, 100))]
)
def test_the_longer_side_has_the_size_asked_for(canvas, shape):
    assert framed.draw(quarters(), Framing(), canvas, 100).shape[:2] == shape


def test_the_crop_fills_the_picture_upright():
    out = framed.draw(quarters(), Framing(crop=(0.5, 0.0, 1.0, 1.0)), SQUARE, 100)
    assert out[20, 10].tolist() == out[20, 90].tolist() == [0, 255, 0]
    assert out[80, 50].tolist() == [0, 0, 255]


def test_around_the_picture_there_is_the_backdrop():
    out = framed.draw(quarters(), Framing(picture=(0.5, 0.25, 1.0, 0.75), backdrop="#102030"), SQUARE, 100)
    assert (out[:, :50] == (16, 32, 48)).all()
    assert (out[:25] == (16, 32, 48)).all() and (out[75:] == (16, 32, 48)).all()
    assert out[30, 60].tolist() == [255, 0, 0]


def test_a_map_is_nothing_where_the_canvas_shows_no_photo():
    out = framed.draw(np.ones((40, 60), np.float32), Framing(picture=(0.5, 0.0, 1.0, 1.0)), SQUARE, 100)
    assert out.dtype == np.float32
    assert (out[:, :50] == 0).all() and (out[:, 50:] == 1).all()


def test_a_map_stays_between_0_and_1():
    subject = np.zeros((8, 8), np.float32)
    subject[3:5, 3:5] = 1
    out = framed.draw(subject, Framing(), SQUARE, 100)
    assert out.min() >= 0 and out.max() <= 1


def test_a_picture_without_size_leaves_the_backdrop_alone():
    out = framed.draw(quarters(), Framing(picture=(0.5, 0.5, 0.5, 1.0), backdrop="#102030"), SQUARE, 10)
    assert (out == (16, 32, 48)).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 300, 3), (300, 5, 3)])
@pytest.mark.parametrize("crop", [(0.0, 0.0, 1.0, 1.0), (0.4, 0.4, 0.401, 0.401), (0.999, 0.999, 1.0, 1.0)])
def test_the_smallest_photos_and_crops_are_drawn(shape, crop):
    out = framed.draw(np.full(shape, 200, np.uint8), Framing(crop=crop), Canvas(64, 8192), 64)
    assert out.shape == (64, 1, 3)
    assert (out == 200).all()


def test_framing_leaves_the_photo_as_it_was():
    image = quarters()
    framed.draw(image, Framing(), SQUARE, 30)
    assert (image == quarters()).all()


def test_shrink_makes_the_longer_side_small_and_never_enlarges():
    assert shrink(quarters(400, 100), 40).shape == (40, 10, 3)
    assert shrink(np.zeros((1, 900), np.float32), 30).shape == (1, 30)
    image = quarters()
    assert shrink(image, 60) is image


def noisy(height=90, width=120):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def packshot_picture(side=480):
    """A red drum on a warm white ground, with a soft shadow at its foot."""
    ground = np.full((side, side, 3), (250, 249, 246), np.float32)
    dark = np.zeros((side, side), np.float32)
    middle = side // 2
    cv2.ellipse(dark, (middle + side // 20, round(0.8 * side)), (round(0.26 * side), side // 30), 0, 0, 360, 0.3, -1)
    ground *= 1 - cv2.GaussianBlur(dark, (0, 0), side / 30)[..., None]
    share = np.zeros((side, side), np.float32)
    corners = (round(0.3 * side), round(0.2 * side)), (round(0.7 * side), round(0.8 * side))
    cv2.rectangle(share, *corners, 1.0, -1)
    share = cv2.GaussianBlur(share, (0, 0), 0.6)[..., None]
    return np.rint(share * (190, 40, 30) + (1 - share) * ground).astype(np.uint8)


BOXES = [
    (0.0, 0.0, 0.55, 1.0),
    (0.45, 0.0, 1.0, 1.0),
    (0.0, 0.0, 1.0, 0.6),
    (0.0, 0.4, 1.0, 1.0),
    (0.0, 0.2, 1.0, 0.8),
    (0.15, 0.1, 0.85, 0.75),
    (0.4, 0.3, 1.0, 1.0),
    (0.2, 0.2, 0.8, 1.0),
    (0.0, 0.0, 1.0, 1.0),
]


def test_a_plain_framing_is_the_scaled_crop_on_its_backdrop_to_the_last_bit():
    image, framing = noisy(), Framing((0.1, 0.2, 0.9, 1.0), (0.25, 0.0, 1.0, 0.5), "#123456")
    expected = np.full((60, 80, 3), (0x12, 0x34, 0x56), np.uint8)
    expected[:30, 20:] = cv2.resize(image[18:90, 12:108], (60, 30), interpolation=cv2.INTER_AREA)
    assert (framed.draw_at(image, framing, 80, 60) == expected).all()


def test_a_backdrop_runs_from_top_to_bottom():
    empty = Framing(picture=(0, 0, 0, 0), backdrop="#000000", backdrop_to="#c80000")
    out = framed.draw_at(quarters(), empty, 4, 100)
    assert out[0, 0].tolist() == [1, 0, 0] and out[-1, 0].tolist() == [199, 0, 0]
    assert (np.diff(out[:, 2, 0].astype(int)) == 2).all()


@pytest.mark.parametrize("edge", pictures.EDGES)
@pytest.mark.parametrize("picture", BOXES)
def test_edges_stay_in_the_pictures_box_and_a_map_ends_as_the_photo_does(edge, picture):
    framing = Framing(picture=picture, edge=edge, backdrop="#000000")
    photo = framed.draw_at(np.full((40, 40, 3), 255, np.uint8), framing, 96, 80)
    subject = framed.draw_at(np.ones((40, 40), np.float32), framing, 96, 80)
    assert np.abs(photo[..., 0] / 255 - subject).max() < 0.01
    window = np.zeros((80, 96), bool)
    left, top, right, bottom = pictures.picture_box(framing, 96, 80)
    window[top:bottom, left:right] = True
    assert (subject[~window] == 0).all()
    assert 0.6 < subject[window].mean() <= 1  # what is cut off is the edge, not the picture
    whole = edge == "straight" or picture == (0, 0, 1, 1)
    assert (subject[window].min() == 1) == whole


@pytest.mark.parametrize("edge", pictures.EDGES)
@pytest.mark.parametrize("picture", BOXES)
def test_a_mirrored_ground_is_drawn_as_the_mirrored_drawing(edge, picture):
    framing = Framing(
        picture=picture,
        backdrop="#fbe8d3",
        backdrop_to="#d3a15c",
        edge=edge,
        radius=0.05,
        scrims=(Scrim((0.0, 0.0, 0.5, 1.0), "#102030", 0.7, "left"), Scrim((0, 0.6, 1, 1), "#000000", 0.5)),
        ornaments=tuple(
            Ornament(kind, (0.1 + 0.1 * i, 0.05, 0.2 + 0.1 * i, 0.15), "#ffffff", 0.8)
            for i, kind in enumerate(ornaments.KINDS)
        ),
    )
    image = noisy(96, 96)
    drawn = framed.draw_at(image, framing, 96, 96)
    turned = framed.draw_at(mirroring.pixels(image), mirroring.framing(framing), 96, 96)
    assert np.abs(mirroring.pixels(turned).astype(int) - drawn).max() <= 24  # of the width of an edge's blend
    assert np.abs(mirroring.pixels(turned).astype(int) - drawn).mean() < 0.1
    assert mirroring.framing(mirroring.framing(framing)).edge == edge


def test_scrims_are_strongest_on_their_side_and_leave_no_edge_on_the_other():
    white = np.full((8, 8, 3), 255, np.uint8)
    out = framed.draw_at(white, Framing(scrims=(Scrim((0, 0.5, 1, 1), "#000000", 0.8),)), 40, 200)[..., 0].astype(int)
    assert (out[:100] == 255).all() and 51 <= out[-1, 0] <= 53
    assert (np.diff(out[:, 0]) <= 0).all() and np.diff(out[:, 0]).min() >= -5
    even = framed.draw_at(white, Framing(scrims=(Scrim((0, 0, 0.5, 1), "#000000", 0.4, "all"),)), 40, 40)
    assert (even[:, :20] == 153).all() and (even[:, 20:] == 255).all()


@pytest.mark.parametrize("kind", ornaments.KINDS)
def test_an_ornament_lies_in_its_box_over_all(kind):
    black = np.zeros((8, 8, 3), np.uint8)
    ornament = Ornament(kind, (0.5, 0.1, 0.9, 0.4), "#ff0000")
    out = framed.draw_at(black, Framing(ornaments=(ornament,)), 200, 200)
    rows, columns = np.nonzero(out[..., 0])
    assert len(rows) > 40 and out[..., 1:].max() == 0 and out.max() == 255
    assert columns.min() >= 100 and columns.max() < 180 and rows.min() >= 20 and rows.max() < 80


@pytest.mark.parametrize(
    ("framing", "words"),
    [
        (Framing(picture=(0, 0, 0.5, 1), edge="torn"), "'torn'; known: straight, slanted"),
        (Framing(blend="multiply"), "'multiply'; known: normal, cut_out"),
        (Framing(scrims=(Scrim((0, 0, 1, 1), "#000000", 0.5, "up"),)), "'up'; known: left, top"),
        (Framing(ornaments=(Ornament("star", (0, 0, 1, 1), "#000000"),)), "'star'; known: rule, dots"),
    ],
)
def test_what_nobody_can_draw_is_an_error_that_names_it(framing, words):
    with pytest.raises(ValueError, match=words):
        framed.draw_at(quarters(), framing, 20, 20)


def test_a_cut_out_stands_on_the_backdrop_with_its_shadow():
    framing = Framing(backdrop="#3c78b4", blend="cut_out")
    image = packshot_picture()
    assert framed.is_cut_out(image, framing)
    out = framed.draw_at(image, framing, 480, 480).astype(int)
    assert np.abs(out[4, 4] - (60, 120, 180)).max() <= 1  # the white is gone
    assert np.abs(out[240, 240] - (190, 40, 30)).max() <= 2  # the product is as it was
    shadow = out[384, 350] / (60, 120, 180)
    assert shadow.max() < 0.9 and np.ptp(shadow) < 0.05  # the ground's own colour, darker
    assert out[200, 140:150].max() <= 200  # no white fringe


def test_a_cut_out_is_the_same_at_every_size():
    image, framing = packshot_picture(900), Framing((0.1, 0.1, 0.9, 0.9), backdrop="#20384c", blend="cut_out")
    large = framed.draw_at(image, framing, 768, 768)
    small = framed.draw_at(image, framing, 384, 384)
    halved = cv2.resize(large, (384, 384), interpolation=cv2.INTER_AREA)
    off = np.abs(halved.astype(int) - small)
    assert off.max() <= 20 and off.mean() < 0.05  # the outline alone, by how it is smoothed
    reduced = framed.draw_at(shrink(image, 384), framing, 384, 384)  # of a photo that was decoded smaller
    assert np.abs(reduced.astype(int) - small).mean() < 1.5


def test_a_photo_without_a_plain_ground_is_shown_as_it_is():
    framing = Framing(backdrop="#20384c", blend="cut_out")
    assert not framed.is_cut_out(noisy(), framing)
    assert (framed.draw_at(noisy(), framing, 60, 60) == framed.draw_at(noisy(), Framing(), 60, 60)).all()


def test_every_photo_of_a_collage_lies_in_its_tile():
    tiles = (Tile("b", "", 60, 40, (0.5, 0.0, 1.0, 0.5), (0.5, 0.0, 1.0, 0.5)),)
    framing = Framing((0.0, 0.5, 1.0, 1.0), (0.0, 0.0, 0.4, 1.0), "#102030", tiles=tiles)
    out = framed.draw(quarters(), framing, SQUARE, 100, [quarters()])
    assert out[50, 20].tolist() == [0, 0, 255] and out[25, 75].tolist() == [0, 255, 0]
    assert out[75, 75].tolist() == out[25, 45].tolist() == [16, 32, 48]
    maps = framed.draw(np.ones((4, 4), np.float32), framing, SQUARE, 100, [np.full((4, 4), 0.5, np.float32)])
    assert (maps[50, 20], maps[25, 75], maps[75, 75]) == (1.0, 0.5, 0.0)
    mirrored = framed.draw(
        mirroring.pixels(quarters()), mirroring.framing(framing), SQUARE, 100, [mirroring.pixels(quarters())]
    )
    assert (mirroring.pixels(mirrored) == out).all()


def test_a_collage_without_its_photos_is_not_drawn():
    tiles = (Tile("b", "", 60, 40, (0.0, 0.0, 1.0, 1.0), (0.5, 0.0, 1.0, 0.5)),)
    with pytest.raises(ValueError):
        framed.draw(quarters(), Framing(tiles=tiles), SQUARE, 100)
