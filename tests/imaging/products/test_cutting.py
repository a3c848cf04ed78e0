"""Cut-outs by opacity, mask, studio ground and map, and every kind of picture that gives none."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.goods.scenes import BACKDROPS, compose
from layoutgen.goods.sheet import Sheet
from layoutgen.goods.shots import ASPECTS, SHOTS
from layoutgen.imaging.products import mattes
from layoutgen.imaging.products.cutting import cut_out
from layoutgen.imaging.products.faults import KINDS, CutOutFault
from layoutgen.imaging.products.shadows import stands

SIDE = 240


def ellipse(height=SIDE, width=SIDE, size=0.3, centre=(0.5, 0.5)):
    mask = np.zeros((height, width), np.uint8)
    middle = round(centre[0] * width), round(centre[1] * height)
    cv2.ellipse(mask, middle, (round(size * width), round(size * height)), 0, 0, 360, 255, -1, cv2.LINE_AA)
    return mask


def scene(mask, ground=(90, 140, 90), product=(200, 60, 40), noise=12):
    """A product of one colour before a restless ground."""
    rng = np.random.default_rng(0)
    share = mask[..., None] / 255
    pixels = np.array(product) * share + np.array(ground) * (1 - share)
    return np.clip(pixels + rng.normal(0, noise, pixels.shape), 0, 255).astype(np.uint8)


def refused(*arguments, **named):
    with pytest.raises(CutOutFault) as caught:
        cut_out(*arguments, **named)
    assert caught.value.kind in KINDS
    return caught.value.kind


def shot(name, backdrop, colours=()):
    """A drawn product with its shadows on a backdrop, and its opacity."""
    one = SHOTS[name]
    wide = round(SIDE * 0.6 / max(1, ASPECTS[one.draw]))
    sheet = Sheet(2 * wide, ASPECTS[one.draw], np.random.default_rng(1))
    one.draw(sheet, tuple(one.colours.split()))
    picture = sheet.picture(wide)
    place = (SIDE - picture.width) // 2, round(SIDE * 0.86) - picture.height
    ground = BACKDROPS[backdrop]((SIDE, SIDE), 0.74, colours, np.random.default_rng(0))
    opacity = np.zeros((SIDE, SIDE), np.uint8)
    opacity[place[1] : place[1] + picture.height, place[0] : place[0] + picture.width] = np.asarray(picture)[..., 3]
    return np.asarray(compose(ground, picture, place, False, "#b8b4b0")), opacity


def laid_out(cut, shape):
    """A cut-out's opacity at its place in the picture."""
    out = np.zeros(shape, np.uint8)
    top, left = round(cut.box[1] * shape[0]), round(cut.box[0] * shape[1])
    out[top : top + cut.pixels.shape[0], left : left + cut.pixels.shape[1]] = cut.pixels[..., 3]
    return out


def iou(a, b):
    return ((a > 127) & (b > 127)).sum() / ((a > 127) | (b > 127)).sum()


sides = st.integers(1, 40)


@settings(max_examples=120, deadline=None)
@given(st.data(), sides, sides, st.sampled_from(["noise", "flat", "disc"]))
def test_whatever_comes_is_cut_out_or_refused_with_a_kind(data, height, width, look):
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    noise = rng.integers(0, 256, (height, width, 4)).astype(np.uint8)
    image = np.full((height, width, 4), 255, np.uint8) if look == "flat" else noise
    if look == "disc":
        image = np.dstack([np.full((height, width, 3), 250, np.uint8), ellipse(height, width)])
        image[image[..., 3] > 0, :3] = 40
    image = image[..., : data.draw(st.sampled_from([3, 4]))]
    mask = data.draw(st.sampled_from([None, noise[..., 0], ellipse(height, width)]))
    subject = data.draw(st.sampled_from([None, ellipse(7, 9) / 255, rng.uniform(0, 1, (5, 5))]))
    try:
        cut = cut_out(np.ascontiguousarray(image), mask, subject, faces=[(0.0, 0.0, 0.2, 0.2)])
    except CutOutFault as fault:
        assert fault.kind in KINDS and fault.message
        return
    left, top, right, bottom = cut.box
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    assert cut.pixels.shape[:2] == (round((bottom - top) * height), round((right - left) * width))
    assert cut.pixels.dtype == np.uint8 and cut.pixels[..., 3].any()


def test_glass_and_fur_are_kept_as_they_are_given():
    mask = ellipse()
    rng = np.random.default_rng(1)
    alpha = np.where(mask > 0, rng.integers(1, 255, mask.shape), 0).astype(np.uint8)
    alpha[120, 120] = 255
    image = np.dstack([rng.integers(0, 256, (*mask.shape, 3)), alpha]).astype(np.uint8)
    cut = cut_out(image, None, None)
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    assert cut.source == "alpha"
    assert (cut.pixels == image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]).all()
    np.testing.assert_allclose(
        cut.box, np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]) / SIDE, atol=1e-9
    )


def test_opacity_goes_before_a_mask_and_a_mask_before_all_else():
    mask, other = ellipse(), ellipse(size=0.2)
    image = scene(mask)
    assert cut_out(np.dstack([image, mask]), other, None).source == "alpha"
    cut = cut_out(image, other, mask / 255)
    assert cut.source == "mask" and (laid_out(cut, other.shape) == other).all()


def test_an_opacity_that_says_nothing_is_passed_over():
    mask = ellipse()
    image = np.dstack([scene(mask), np.full(mask.shape, 255, np.uint8)])
    assert cut_out(image, mask, None).source == "mask"


def test_masks_of_another_size():
    mask = ellipse()
    image = scene(mask)
    for size in ((120, 120), (480, 480), (121, 120)):
        cut = cut_out(image, cv2.resize(mask, size), None)
        assert iou(laid_out(cut, mask.shape), mask) > 0.97
    assert refused(image, cv2.resize(mask, (240, 180)), None) == "mask_size"


@pytest.mark.parametrize(
    ("mask", "kind"),
    [
        (np.zeros((SIDE, SIDE), np.uint8), "mask_empty"),
        (np.full((SIDE, SIDE), 255, np.uint8), "mask_full"),
        (255 - ellipse(), "mask_inverted"),
        (255 - ellipse(size=0.2), "mask_inverted"),
        (np.minimum(ellipse(), 128), "matte_unsure"),
    ],
)
def test_masks_that_cannot_be_right(mask, kind):
    assert refused(scene(ellipse()), mask, None) == kind


def test_a_three_pixel_product():
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[100, 100:103] = 255
    assert refused(scene(mask), mask, None) == "too_small"
    assert refused(np.dstack([scene(mask), mask]), None, None) == "too_small"
    assert refused(scene(mask), None, mask / 255) == "too_small"


def test_a_tight_cut_out_touches_all_edges():
    mask = ellipse(size=0.4999)
    cut = cut_out(np.dstack([scene(mask), mask]), None, None)
    assert cut.box == (0, 0, 1, 1)


def test_a_photo_whose_subject_touches_all_edges():
    assert refused(scene(ellipse(size=0.7)), None, ellipse(size=0.7) / 255) in ("cut_by_the_frame", "too_large")


def test_what_the_frame_cuts():
    mask = ellipse(centre=(0.9, 0.5))
    assert refused(scene(mask), None, mask / 255) == "cut_by_the_frame"


def test_several_things():
    mask = np.maximum(ellipse(size=0.16, centre=(0.25, 0.5)), ellipse(size=0.16, centre=(0.75, 0.5)))
    assert refused(scene(mask), None, mask / 255) == "several_things"


def test_a_map_that_follows_no_outline_of_the_picture():
    image = scene(np.zeros((SIDE, SIDE), np.uint8))
    assert refused(image, None, ellipse() / 255) == "matte_unsure"


def test_nothing_to_cut_by():
    assert refused(scene(ellipse()), None, None) == "no_cut_out"


def test_a_person_who_wears_it():
    mask = ellipse(size=0.3, centre=(0.5, 0.6))
    face = (0.42, 0.15, 0.58, 0.32)
    assert refused(scene(mask), None, mask / 255, faces=[face]) == "worn"
    assert cut_out(scene(mask), None, mask / 255, faces=[(0.0, 0.0, 0.1, 0.1)]).source == "finder"


def test_a_rough_map_is_brought_to_the_outline():
    mask = ellipse(size=0.33)
    rough = cv2.GaussianBlur(cv2.resize(np.roll(mask, 3, 1), (40, 40)), (0, 0), 1.5) / np.float32(255)
    image = scene(mask)
    cut = cut_out(image, None, rough)
    before = cv2.resize(rough, (SIDE, SIDE)) * 255
    after = laid_out(cut, mask.shape)
    assert iou(after, mask) > 0.98 > iou(before, mask)


@pytest.mark.parametrize("name", ["handbag-terracotta", "backpack-field", "book-tides", "flask-summit"])
@pytest.mark.parametrize("ground", [("packshot",), ("sweep", "#9fb8d8", "#6f8fb8")])
def test_packshots_with_shadows_are_flooded(name, ground):
    image, opacity = shot(name, ground[0], ground[1:])
    cut = cut_out(image, None, None)
    assert cut.source == "packshot"
    assert iou(laid_out(cut, opacity.shape), opacity) > 0.9


def test_the_hole_of_a_handle_is_open():
    image, opacity = shot("handbag-terracotta", "packshot")
    assert opacity[100, 120] == 0 or opacity[90:130, 120].min() == 0
    hole = np.flatnonzero(opacity[:, 120] == 0)
    inside = hole[(hole > 70) & (hole < 150)]
    assert len(inside) > 5
    cut = laid_out(cut_out(image, None, None), opacity.shape)
    assert (cut[inside[2:-2], 120] == 0).mean() > 0.8


def test_no_rim_of_the_ground_is_left():
    """A dark product on white: on a dark ground its outline is nowhere lighter than the product."""
    mask = ellipse()
    share = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None] / 255
    image = np.rint(np.array([60, 30, 30]) * share + 255 * (1 - share)).astype(np.uint8)
    cut = cut_out(image, None, None)
    alpha = cut.pixels[..., 3:] / 255
    dark = cut.pixels[..., :3] * alpha
    assert cut.source == "packshot" and dark.max() <= 75


def test_colours_of_a_soft_outline_are_the_products():
    mask = cv2.GaussianBlur(ellipse(), (0, 0), 2.0)
    share = mask[..., None] / 255
    image = np.rint(np.array([60, 30, 30]) * share + 255 * (1 - share)).astype(np.uint8)
    clean = mattes.decontaminated(image, mask.astype(np.float32) / 255)
    edge = (mask > 60) & (mask < 250)
    assert abs(clean[edge] - (60, 30, 30)).mean() < 0.3 * abs(image[edge] - np.array([60.0, 30, 30])).mean()
    assert (clean[mask == 255] == image[mask == 255]).all()


def test_what_stands():
    box, ball = np.full((50, 30), 255, np.uint8), ellipse(60, 60, 0.49)
    tip = np.zeros((60, 60), np.uint8)
    cv2.fillPoly(tip, [np.array([[0, 0], [59, 0], [30, 59]])], 255)
    assert stands(box) and stands(ball) and not stands(tip)


def test_a_product_that_the_ground_has_parted():
    """A box with a white band on a white ground comes out in two parts."""
    image = np.full((SIDE, SIDE, 3), 255, np.uint8)
    image[60:110, 80:160] = image[140:190, 80:160] = (30, 60, 120)
    assert refused(image, None, None) == "matte_unsure"
    beside = np.full((SIDE, SIDE, 3), 255, np.uint8)
    beside[80:180, 40:100] = beside[80:180, 140:200] = (30, 60, 120)
    assert cut_out(beside, None, None).source == "packshot"


def test_crumbs_apart_from_a_product_go_and_its_parts_stay():
    matte = ellipse(centre=(0.4, 0.5)).astype(np.float32) / 255
    second = ellipse(size=0.06, centre=(0.85, 0.2)).astype(np.float32) / 255
    crumb = ellipse(size=0.01, centre=(0.1, 0.1)).astype(np.float32) / 255
    kept = mattes.without_crumbs(np.maximum(np.maximum(matte, second), crumb))
    np.testing.assert_allclose(kept, np.maximum(matte, second), atol=0.02)


def test_pale_goods_on_white_are_cut_out_where_a_finder_sees_the_same_silhouette():
    image, opacity = shot("phone-aura", "packshot")
    own = np.repeat((opacity > 0)[..., None], 3, axis=2)
    pale = np.where(own, 255 - 0.12 * (255.0 - image), image).astype(np.uint8)
    assert refused(pale, None, None) == "matte_unsure"
    cut = cut_out(pale, None, cv2.resize(opacity, (60, 60), interpolation=cv2.INTER_AREA) / 255)
    assert cut.source == "packshot" and iou(laid_out(cut, opacity.shape), opacity) > 0.93
    other = np.roll(opacity, 30, axis=1)  # a finder that sees something else has no say
    assert refused(pale, None, cv2.resize(other, (60, 60)) / 255) == "matte_unsure"
