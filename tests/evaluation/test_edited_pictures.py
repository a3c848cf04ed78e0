"""Edits drawn from a table: the row's own picture where nothing changed, and the words where they were moved to."""

import io

import numpy as np
import pytest
from PIL import Image

from layoutgen.core.gallery.edits import EditError
from layoutgen.evaluation.edited_pictures import EditedPictures
from layoutgen.io.storage import Storage
from layoutgen.stages.preview import Preview
from tests.evaluation.conftest import LOGO, TITLE, layouts


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_without_changes_it_is_the_rows_picture(table, tmp_path):
    drawn = pixels(EditedPictures(Storage(), table, ()).draw("p0", [TITLE, LOGO]))
    assert Preview(Storage(), str(tmp_path / "previews"), 400, ())(table.slice(0, 1)).column("fault").to_pylist() == [
        None
    ]
    (preview,) = (tmp_path / "previews").iterdir()
    assert drawn.shape == (400, 300, 3)
    assert (np.abs(drawn - pixels(preview.read_bytes())).max(-1) > 60).mean() < 0.005  # a JPEG


def test_words_and_logo_are_where_they_were_moved_to(table):
    moved = [{**TITLE, "box": [0.1, 0.7, 0.5, 0.8]}, {**LOGO, "box": [0.2, 0.4, 0.4, 0.5]}]
    drawn = pixels(EditedPictures(Storage(), table, ()).draw("p0", moved, side=200))
    assert drawn.shape == (200, 150, 3)
    ys, _ = np.nonzero(np.abs(drawn - (28, 28, 30)).max(-1) < 60)
    assert len(ys) and ys.min() >= 0.69 * 200 and ys.max() <= 0.81 * 200
    red = np.nonzero(np.abs(drawn - (220, 20, 20)).max(-1) < 60)
    assert red[0].min() >= 0.39 * 200 and red[0].max() <= 0.51 * 200


def test_a_logo_that_the_machine_left_out_is_put_back(tmp_path):
    table = layouts(tmp_path, elements=[TITLE])
    drawn = pixels(EditedPictures(Storage(), table, ()).draw("p0", [TITLE, LOGO]))
    red = np.nonzero(np.abs(drawn - (220, 20, 20)).max(-1) < 60)
    left, top, right, bottom = red[1].min(), red[0].min(), red[1].max() + 1, red[0].max() + 1
    assert 180 <= left < right <= 240 and 40 <= top < bottom <= 80
    assert right - left == pytest.approx(2 * (bottom - top), abs=2), "in its own shape"


@pytest.mark.parametrize(
    ("row_id", "elements", "side", "message"),
    [
        ("p9", [TITLE], 200, "row_id 'p9' is no layout of this page"),
        ("p1", [TITLE], 200, "p1 can't be drawn: .*gone.jpg"),
        ("p0", [TITLE], 0, "side is 0; give px"),
    ],
)
def test_what_cannot_be_drawn_is_told(table, row_id, elements, side, message):
    with pytest.raises(EditError, match=message):
        EditedPictures(Storage(), table, ()).draw(row_id, elements, side)
