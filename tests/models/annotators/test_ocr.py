import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from layoutgen import pipelines
from layoutgen.config.stages import AnnotateSettings, ProtectSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Role, inside, iou
from layoutgen.io.storage import Storage
from layoutgen.models.annotators.ocr import OcrAnnotator
from layoutgen.models.base import Fault
from layoutgen.models.finders.border import BorderSaliency

pytestmark = pytest.mark.slow

SHARED = Path(__file__).parents[3].parent / "shared/data"
needs_posters = pytest.mark.skipif(not (SHARED / "posters.jsonl").exists(), reason="no posters beside the project")
needs_products = pytest.mark.skipif(not (SHARED / "products.jsonl").exists(), reason="no photos beside the project")


@pytest.fixture(scope="module")
def annotator() -> OcrAnnotator:
    return OcrAnnotator(threads=2, saliency=BorderSaliency())


def test_posters_and_covers_of_a_worker_share_the_reader_of_the_same_threads(annotator: OcrAnnotator) -> None:
    posters, covers = (pipelines._annotate(of, Storage()) for of in (AnnotateSettings(), ProtectSettings().reading))
    assert posters._annotator[0]._reader is covers._annotator[0]._reader
    assert annotator._reader is not covers._annotator[0]._reader


def font(size: int) -> ImageFont.FreeTypeFont:
    justmytype_intl_cjk = pytest.importorskip("justmytype_intl_cjk")
    path = Path(justmytype_intl_cjk.__file__).parent / "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"
    return ImageFont.truetype(path, size)


def poster(width: int = 480, height: int = 640) -> tuple[np.ndarray, dict[str, tuple[int, int, int, int]]]:
    """A poster drawn on a gradient, and the box in pixels of each of its texts."""
    shade = np.linspace(30, 110, height, dtype=np.uint8)
    image = Image.fromarray(np.repeat(np.stack([shade // 3, shade // 2, shade], axis=1)[:, None], width, axis=1))
    draw, boxes = ImageDraw.Draw(image), {}
    for text, size, top, colour in (
        ("夏日清凉特惠", 64, 50, "#ffe066"),
        ("轻薄透气速干面料", 34, 160, "#ffffff"),
        ("￥299起", 40, 240, "#ff5050"),
        ("立即抢购", 28, 560, "#ffffff"),
    ):
        left, upper, right, lower = draw.textbbox((0, 0), text, font=font(size))
        draw.text((40 - left, top - upper), text, font=font(size), fill=colour)
        boxes[text] = (40, top, 40 + int(right - left), top + int(lower - upper))
    return np.asarray(image), boxes


def read(annotator: OcrAnnotator, image: np.ndarray) -> Annotation:
    found = annotator.annotate([image])[0]
    assert isinstance(found, Annotation)
    return found


@pytest.mark.parametrize(
    "shape", [(0, 0, 3), (0, 40, 3), (1, 1, 3), (7, 300, 3), (300, 16, 3), (16, 900, 3), (200, 200, 3)]
)
def test_an_image_without_text_has_no_lines_and_raises_nothing(annotator, shape):
    assert read(annotator, np.full(shape, 255, np.uint8)).lines == ()


def test_what_is_no_rgb_image_is_a_fault_that_names_it(annotator):
    fault = annotator.annotate([np.zeros((20, 20), np.float32)])[0]
    assert isinstance(fault, Fault)
    assert "float32" in fault.message
    assert "(20, 20)" in fault.message


def test_a_drawn_poster_is_read_with_boxes_roles_languages_and_colours(annotator):
    image, boxes = poster()
    lines = {line.text.replace("¥", "￥"): line for line in read(annotator, image).lines}
    assert list(lines) == list(boxes)
    for text, box in boxes.items():
        found = lines[text].box
        assert iou((found[0] * 480, found[1] * 640, found[2] * 480, found[3] * 640), box) > 0.75
        assert lines[text].placed
        assert lines[text].language == "zh"
    wanted = [Role.TITLE, Role.SUBTITLE, Role.PRICE, Role.CALL_TO_ACTION]
    assert [line.role for line in lines.values()] == wanted
    assert np.abs(rgb(lines["夏日清凉特惠"].colour) - rgb("#ffe066")).max() < 24
    assert np.abs(rgb(lines["￥299起"].colour) - rgb("#ff5050")).max() < 24


def rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def test_boxes_lie_in_the_image_and_scores_in_0_to_1(annotator):
    image, _ = poster()
    for line in read(annotator, image[40:, 30:420]).lines:
        assert inside(line.box, (0, 0, 1, 1))
        assert 0 <= line.score <= 1


def test_the_same_image_is_read_the_same_twice(annotator):
    image, _ = poster()
    assert read(annotator, image) == read(annotator, image)


def test_a_batch_is_read_as_its_images_one_by_one(annotator):
    image, _ = poster()
    images = [image, np.full((50, 50, 3), 255, np.uint8), image[:300]]
    assert annotator.annotate(images) == [annotator.annotate([one])[0] for one in images]


def test_the_subject_is_unknown_without_a_saliency_model():
    image, _ = poster()
    assert read(OcrAnnotator(), image).subject is None


EVERY = pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.nightly)], ids=["some", "all"])


@needs_posters
@EVERY
def test_real_posters_are_read_and_what_is_placed_is_precise(annotator, step):
    matched = wanted = given = right = 0
    for row in (SHARED / "posters.jsonl").read_text("utf-8").splitlines()[::step]:
        truth = json.loads(row)
        width, height = truth["width"], truth["height"]
        boxes = [(b[0] / width, b[1] / height, b[2] / width, b[3] / height) for b in (t["box"] for t in truth["texts"])]
        lines = read(annotator, np.asarray(Image.open(SHARED / truth["file"]).convert("RGB"))).lines
        matched += sum(any(iou(line.box, box) >= 0.5 for line in lines) for box in boxes)
        wanted += len(boxes)
        placed = [line for line in lines if line.placed]
        given += len(placed)
        right += sum(any(iou(line.box, box) >= 0.5 for box in boxes) for line in placed)
    assert matched / wanted >= 0.92
    assert right / given >= 0.88


@needs_products
@EVERY
def test_print_on_packages_is_mostly_not_placed(annotator, step):
    photos = sorted((SHARED / "products").glob("grocery_*"))[::step]
    lines = [line for p in photos for line in read(annotator, np.asarray(Image.open(p).convert("RGB"))).lines]
    assert len(lines) > len(photos)
    assert sum(line.placed for line in lines) / len(lines) <= 0.15
