"""Folders for text-to-image models: what stands in them agrees with the layout, and what comes back is checked."""

import io
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from layoutgen.core.layout import Canvas, Framing
from layoutgen.core.proposals import layout_image
from layoutgen.goods.shots import SHOTS
from layoutgen.imaging import images
from layoutgen.imaging.documents import formats
from layoutgen.imaging.products import pasting
from layoutgen.imaging.products.placing import placed
from layoutgen.imaging.references import conditions, folder, importing, words
from layoutgen.imaging.references.reference import Reference
from layoutgen.imaging.references.sizes import SIDES, size_for
from tests.drawn import encoded
from tests.imaging.documents import pages

CANVAS = Canvas(540, 720)
BOX = (0.5, 0.45, 0.95, 0.95)


@cache
def product() -> np.ndarray:
    return np.asarray(SHOTS["mug-fog"].picture(np.random.default_rng(3)))


@cache
def reference(canvas: Canvas = CANVAS, script: str = "Latin") -> Reference:
    page = pages.written_in(script, canvas)
    return Reference(page, placed(product(), canvas, BOX), size_for(canvas, "sd15"), "home/mugs", 7)


@cache
def written(canvas: Canvas = CANVAS, script: str = "Latin") -> dict[str, bytes]:
    return folder.files(reference(canvas, script))


def painted(reference: Reference, level: int = 30, times: int = 1) -> Image.Image:
    """A calm ground as a generator would paint it, darker to the left."""
    size = (times * reference.size.height, times * reference.size.width)
    ramp = np.linspace(level - 8, level + 8, size[1])[None, :, None]
    return Image.fromarray(np.broadcast_to(ramp, (*size, 3)).astype(np.uint8))


@given(st.integers(64, 3000), st.integers(64, 3000), st.sampled_from(sorted(SIDES)))
def test_what_is_painted_covers_the_canvas_and_reaches_little_over_it(width: int, height: int, model: str) -> None:
    canvas = Canvas(width, height)
    if max(width, height) > 4 * min(width, height):
        with pytest.raises(ValueError, match="4:1"):
            size_for(canvas, model)
        return
    size = size_for(canvas, model)
    assert size.width % 64 == size.height % 64 == 0
    assert 0.6 * SIDES[model] ** 2 < size.width * size.height <= 1.1 * SIDES[model] ** 2
    assert size.left_px <= 1e-9 and size.top_px <= 1e-9
    assert size.scale * size.width + size.left_px >= width - 1e-6
    assert size.scale * size.height + size.top_px >= height - 1e-6
    assert size.scale**2 * size.width * size.height < 1.15 * width * height
    whole = size.box((0, 0, 1, 1), canvas)
    assert min(whole[:2]) >= -1e-9 and max(whole[2:]) <= 1 + 1e-9


@pytest.mark.parametrize("canvas", [CANVAS, Canvas(960, 540), Canvas(600, 600)], ids=lambda canvas: canvas.name)
def test_boxes_and_pictures_agree_to_the_pixel(canvas: Canvas) -> None:
    files = written(canvas)
    layout = json.loads(files["layout.json"])
    condition = np.asarray(Image.open(io.BytesIO(files["condition.png"])).convert("RGB"))
    assert [condition.shape[1], condition.shape[0]] == layout["size_px"]
    on_top = [e for e in layout["elements"] if e["role"] != "underlay"]
    for element in on_top:
        left, top, right, bottom = element["box_px"]
        assert (condition[top:bottom, left:right] == layout["palette"][element["role"]]).all()
    text = np.asarray(Image.open(io.BytesIO(files["mask_text.png"])))
    inside = np.zeros_like(text)
    for element in on_top:
        left, top, right, bottom = element["box_px"]
        inside[top:bottom, left:right] = 255
    assert (text == inside).all()
    scale, x, y = layout["transform"]
    for element, row in zip(layout["elements"], layout["row"]["elements"], strict=True):
        left, top = element["box_ltrb"][0] * layout["size_px"][0], element["box_ltrb"][1] * layout["size_px"][1]
        assert scale * left + x == pytest.approx(row["box"][0] * canvas.width, abs=0.05)
        assert scale * top + y == pytest.approx(row["box"][1] * canvas.height, abs=0.05)


def test_masks_silhouette_and_edges_are_those_of_the_product() -> None:
    files = {name: images.decode_png(data) for name, data in written().items() if name.endswith(".png")}
    alpha = files["product.png"][..., 3]
    assert (files["mask_keep.png"] == alpha).all() and (files["mask_paint.png"] == 255 - alpha).all()
    assert (files["product_on_grey.png"][alpha == 0] == conditions.GREY).all()
    solid = alpha == 255
    assert (files["product_on_grey.png"][solid] == files["product.png"][..., :3][solid]).all()
    edges = files["edges.png"] > 0
    near = np.asarray(Image.fromarray((alpha > 0).astype(np.uint8) * 255).resize(edges.shape[::-1])) > 0
    assert edges.any() and not edges[~np.asarray(_grown(near))].any()
    assert files["product_full.png"].shape == (720, 540, 4)


def _grown(mask: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    return ndimage.binary_dilation(mask, iterations=2)


def test_the_style_reference_shows_no_product() -> None:
    here = reference()
    ground = np.full((720, 540, 3), (90, 140, 60), np.uint8)
    photo = pasting.pasted(ground, here.product)
    shown = images.decode_png(
        conditions.pictures(replace(here, page=replace(here.page, photo=photo, framing=Framing())))["reference.png"]
    )
    assert np.abs(shown.astype(int) - ground[0, 0]).max() <= 16


def test_nothing_of_the_copy_is_in_a_prompt_and_a_category_is_only_words() -> None:
    said = written()["prompts.json"].decode() + written()["gligen.json"].decode()
    for text in pages.LATIN:
        assert text not in said
    assert "home mugs" in json.loads(written()["prompts.json"])["prompt"]
    assert words.category_words("mugs, (nsfw:1.5) <lora:x>\n" + "a" * 99) == ("mugs nsfw 1 5 lora x " + "a" * 99)[:48]
    assert words.category_words(None) == words.category_words("…") == ""
    gligen = json.loads(written()["gligen.json"])
    assert len(gligen["phrases"]) == len(gligen["boxes"]) <= 30
    assert all(0 <= left < right <= 1 and 0 <= top < bottom <= 1 for left, top, right, bottom in gligen["boxes"])


@pytest.mark.parametrize("script", ["Latin", "Arabic", "Han"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_painted_picture_comes_back_with_the_very_product_and_its_text(script: str, times: int) -> None:
    here = reference(script=script)
    page = importing.finished(written(script=script), encoded(painted(here, times=times), "PNG"))
    full = here.product.on_canvas(here.page.canvas)
    solid = full[..., 3] == 255
    assert solid.sum() > 1000
    assert (page.photo[solid] == full[..., :3][solid]).all()
    layer = images.decode_png(written(script=script)["text.png"])
    inked = layer[..., 3] > 250
    assert np.abs(page.picture[inked].astype(int) - layer[..., :3][inked]).max() <= 6
    assert page.elements == here.page.elements
    assert b"compositeWithTrainedAlgorithmicMedia" in formats.write(page, "webp")


def test_the_ground_lies_on_the_canvas_where_the_transform_says() -> None:
    here = reference()
    size = here.size
    wide = (
        np.zeros((size.height, size.width, 3), np.uint8) + (np.arange(size.width) // 4).astype(np.uint8)[None, :, None]
    )
    page = importing.finished(written(), encoded(Image.fromarray(wide), "PNG"))
    for x in (20, 200, 500):
        wanted = ((x + 0.5 - size.left_px) / size.scale - 0.5) / 4
        assert page.photo[5, x, 0] == pytest.approx(wanted, abs=1.5)


def twice(here: Reference) -> Image.Image:
    ground = painted(here)
    small = Image.fromarray(product()).resize((180, 140))
    ground.paste(small, (20, here.size.height - 200), small)
    return ground


@pytest.mark.parametrize(
    ("paint", "kind"),
    [
        (lambda here: painted(here).resize((500, 500)), "size"),
        (lambda here: painted(here).resize((here.size.width // 2, here.size.height // 2)), "size"),
        (lambda here: Image.new("RGB", (here.size.width, here.size.height), "#808080"), "shows_nothing"),
        (twice, "product_growth"),
    ],
)
def test_what_is_refused_is_refused_by_the_name_of_the_check(paint, kind) -> None:
    with pytest.raises(Exception, match=kind) as error:
        importing.finished(written(), encoded(paint(reference()), "PNG"))
    assert error.value.kind == kind


def test_text_that_can_not_be_read_on_what_was_painted_is_refused() -> None:
    here = reference()
    title = replace(here.page.elements[1], underlay=None, colour="#ffffff")
    files = folder.files(replace(here, page=replace(here.page, elements=(title,))))
    assert importing.finished(files, encoded(painted(here), "PNG")).elements == (title,)
    with pytest.raises(importing.ReferenceFault, match=r"text_contrast.*contrast of 1.*#ffffff"):
        importing.finished(files, encoded(painted(here, level=235), "PNG"))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"layout.json": None}, "incomplete"),
        ({"product_full.png": None}, "incomplete"),
        ({"layout.json": b"[]"}, "layout"),
        ({"layout.json": b'{"version": "references-0"}'}, "layout"),
        ({"product_full.png": encoded(Image.new("RGBA", (540, 720)), "PNG")}, "product"),
        ({"product_full.png": encoded(Image.new("RGBA", (54, 72), "red"), "PNG")}, "product"),
    ],
)
def test_a_folder_that_was_changed_is_told(change, kind) -> None:
    files = {name: data for name, data in (written() | change).items() if data is not None}
    with pytest.raises(importing.ReferenceFault) as error:
        importing.finished(files, encoded(painted(reference()), "PNG"))
    assert error.value.kind == kind and "again" in error.value.message


def test_a_picture_that_is_none_is_a_fault_of_the_picture() -> None:
    with pytest.raises(Exception) as error:
        importing.finished(written(), b"no picture")
    assert error.value.kind == "not_an_image"


def test_the_text_layer_as_svg_has_neither_photo_nor_backdrop() -> None:
    svg = written()["text.svg"].decode()
    assert 'id="photo"' not in svg and 'id="backdrop"' not in svg and 'id="title"' in svg and "image/jpeg" not in svg


def test_a_layout_without_texts_and_one_whose_product_fills_the_canvas_have_folders() -> None:
    here = reference()
    filling = placed(product(), here.page.canvas, (0, 0, 1, 1))
    bare = replace(here, page=replace(here.page, elements=()), product=filling)
    files = folder.files(bare)
    assert not images.decode_png(files["mask_text.png"]).any()
    assert layout_image.parse(np.asarray(Image.open(io.BytesIO(files["condition.png"])).convert("RGB"))) == ()
