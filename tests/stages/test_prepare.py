"""prepare: pictures are drawn on CPUs, reach the composer as they were, and go no further."""

import numpy as np

from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.core import rows, schema
from layoutgen.core.layout import Canvas, Framing
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.models.base import ModelPicture, Prepared
from layoutgen.models.building import composers
from layoutgen.stages.compose import Compose
from layoutgen.stages.prepare import Prepare
from layoutgen.stages.travelling import read_prepared
from tests.stages.planned import FAILED, assert_failed_rows_are_untouched, assert_neighbours_change_nothing
from tests.stages.test_compose import FACES, FakeComposer, annotated, compose

FRAMING = Framing((0.25, 0.0, 0.75, 1.0), (0.0, 0.5, 1.0, 1.0), "#eeeeee")


class FakePreparer:
    """Shows the photo's first pixels; keeps what it was given."""

    def __init__(self, tiles=False):
        self.given, self._tiles = [], tiles

    def prepare(self, image, annotation, canvas):
        self.given.append((image, annotation, canvas))
        if self._tiles:
            return Prepared(FRAMING, ModelPicture(image[None, :8, :8].repeat(3, 0), None, (16, 8)))
        return Prepared(FRAMING, ModelPicture(image[:8, :12], (2, 3), (12, 8)))


def test_a_picture_reaches_the_composer_as_it_was_drawn():
    for tiles in (False, True):
        preparer, composer = FakePreparer(tiles), FakeComposer()
        table = Prepare(lambda: preparer)(annotated({"canvas_width": 200, "canvas_height": 100}))  # noqa: B023
        expected = preparer.prepare(*preparer.given[0])
        compose(table, composer)
        ((brief,),) = composer.batches
        assert brief.prepared.framing == FRAMING
        assert np.array_equal(brief.prepared.picture.pixels, expected.picture.pixels)
        assert (brief.prepared.picture.grid, brief.prepared.picture.size) == (
            expected.picture.grid,
            expected.picture.size,
        )
        assert brief.image.size == 0
        assert preparer.given[0][2] == Canvas(200, 100)


def test_the_photo_comes_with_its_subject():
    preparer = FakePreparer()
    seen = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    Prepare(lambda: preparer)(annotated({}, subject_map=seen))
    image, annotation, _ = preparer.given[0]
    assert image.shape == (60, 40, 3)
    assert np.array_equal(annotation.subject_map, seen.astype(np.float32) / 255)
    assert annotation.subject == (0.25, 0.25, 0.75, 1.0)


def test_pictures_go_no_further_than_the_composer():
    table = compose(Prepare(FakePreparer)(annotated({}, {})))
    assert table.column_names == [*schema.COMPOSED.names, "stock"]


def test_failed_rows_have_no_picture():
    before = annotated(FAILED, {}, photos=[None, np.zeros((60, 40, 3), np.uint8)])
    after = Prepare(FakePreparer)(before)
    assert_failed_rows_are_untouched(before, after)
    assert read_prepared(after.column(schema.PREPARED)[0]) is None
    assert read_prepared(after.column(schema.PREPARED)[1]) is not None


def test_a_bad_row_changes_nothing_for_its_neighbours():
    photo = np.zeros((60, 40, 3), np.uint8)
    table = annotated({}, FAILED, {}, photos=[photo, None, photo])
    assert_neighbours_change_nothing(Prepare(FakePreparer), table)


def test_no_rows_build_no_preparer():
    table = Prepare(lambda: 1 / 0)(annotated({}).slice(0, 0))
    assert len(table) == 0
    assert rows.open_rows(table) == []


def test_the_first_pixels_are_those_of_the_photo():
    photo = np.full((60, 40, 3), 90, np.uint8)
    preparer = FakePreparer()
    Prepare(lambda: preparer)(annotated({}, photos=[photo]))
    assert np.array_equal(preparer.given[0][0], images.decode_jpeg(images.encode_jpeg(photo)))


def test_a_row_prepared_elsewhere_is_composed_by_a_real_model_as_one_that_was_not(tmp_path):
    from layoutgen.models.vlm.tiny import build_checkpoint

    settings = ComposeSettings(engine="qwen_vl", model=str(build_checkpoint("qwen2_5_vl", tmp_path)), image_side=112)
    model = composers.composer(settings, PlaceSettings(), FACES, 0, Storage())
    photo = np.random.default_rng(0).integers(0, 256, (60, 40, 3), np.uint8)
    table = annotated({"title": "Kettle", "selling_points": ["$12"]}, photos=[photo], subject_map=photo[..., 0])
    straight = Compose(lambda: model, FACES, 8)(table)
    prepared = Prepare(lambda: composers.preparer(settings, Storage()))(table)
    (row,) = Compose(lambda: model, FACES, 8)(prepared).to_pylist()
    assert [row] == straight.to_pylist()
    assert row["status"] == "ok"
    assert row["answer"].startswith('[{"role":"title","text":"Kettle"')
    assert row["composer"].startswith(f"qwen2_5_vl {tmp_path}")
