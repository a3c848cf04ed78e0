import io

import numpy as np
import pytest
from PIL import Image

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.gallery import files as gallery
from layoutgen.core.layout import Framing, Role, Suggestion
from layoutgen.io.storage import Storage
from layoutgen.models.building.fonts import FaceFor
from layoutgen.stages.place import Place
from layoutgen.stages.preview import Preview
from tests.drawn import encoded
from tests.stages.planned import composed, planned, with_pixels

SETTINGS = PlaceSettings()
GROUND = (230, 226, 218)
TITLE = Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.3), "静音破壁机")
LOGO = Suggestion(Role.LOGO, (0.1, 0.6, 0.5, 0.8))


@pytest.fixture
def layouts(tmp_path):
    """Placed rows over a stored photo of one colour, with a red logo of 40x20 px."""

    def make(*changes, suggestions=(TITLE,), framing=None):
        (tmp_path / "a.jpg").write_bytes(encoded(Image.new("RGB", (300, 300), GROUND)))
        (tmp_path / "logo.png").write_bytes(encoded(Image.new("RGBA", (40, 20), (220, 20, 20, 255)), "PNG"))
        stored = [{"logo": str(tmp_path / "logo.png"), **change} for change in changes]
        photo = np.full((300, 300, 3), GROUND, np.uint8)
        table = composed(
            with_pixels(planned(*stored), [photo] * len(stored)), [list(suggestions)] * len(stored), framing
        )
        table = Place(SETTINGS, FaceFor(SETTINGS))(table)
        index = table.column_names.index("image")
        uris = [change.get("image", str(tmp_path / "a.jpg")) for change in changes]
        return table.set_column(index, "image", [uris])

    return make


def render(table, tmp_path, side=270, **more):
    done = Preview(Storage(attempts=1), str(tmp_path / "previews"), side, (), **more)(table)
    assert done.column_names == ["row_id", "fault"]
    assert done.column("row_id").to_pylist() == table.column("row_id").to_pylist()
    return done.column("fault").to_pylist()


def preview(tmp_path, row_id):
    data = (tmp_path / "previews" / gallery.preview_name(row_id)).read_bytes()
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_a_preview_shows_the_photo_and_the_text_in_its_box(layouts, tmp_path):
    table = layouts({})
    assert render(table, tmp_path) == [None]
    drawn = preview(tmp_path, "p0@1080x1080")
    assert drawn.shape == (270, 270, 3)
    changed = np.abs(drawn - GROUND).max(-1) > 60
    ys, xs = np.nonzero(changed)
    left, top, right, bottom = (side * 270 for side in table.column("elements")[0].as_py()[0]["box"])
    assert left - 2 <= xs.min() and xs.max() <= right + 2
    assert top - 2 <= ys.min() and ys.max() <= bottom + 2
    assert changed.sum() > 500


def test_a_logo_is_drawn_in_its_own_shape_inside_its_box(layouts, tmp_path):
    assert render(layouts({}, suggestions=(LOGO,)), tmp_path) == [None]
    red = np.abs(preview(tmp_path, "p0@1080x1080") - (220, 20, 20)).max(-1) < 60
    ys, xs = np.nonzero(red)
    assert (xs.max() - xs.min() + 1) / (ys.max() - ys.min() + 1) == pytest.approx(2, rel=0.05)
    assert xs.min() == pytest.approx(27, abs=2) and xs.max() == pytest.approx(135, abs=2)


def test_a_wide_logo_box_does_not_stretch_the_logo(layouts, tmp_path):
    wide = Suggestion(Role.LOGO, (0.1, 0.6, 0.9, 0.7))
    assert render(layouts({}, suggestions=(wide,)), tmp_path) == [None]
    ys, xs = np.nonzero(np.abs(preview(tmp_path, "p0@1080x1080") - (220, 20, 20)).max(-1) < 60)
    assert (xs.max() - xs.min() + 1) / (ys.max() - ys.min() + 1) == pytest.approx(2, rel=0.1)
    assert (xs.min() + xs.max()) / 2 == pytest.approx(135, abs=2)


def test_what_the_picture_leaves_free_has_the_backdrops_colour(layouts, tmp_path):
    table = layouts({}, framing=Framing(picture=(0.0, 0.5, 1.0, 1.0), backdrop="#102030"))
    assert render(table, tmp_path) == [None]
    drawn = preview(tmp_path, "p0@1080x1080")
    assert np.abs(drawn[5, 5] - (16, 32, 48)).max() <= 4
    assert np.abs(drawn[-5, 5] - GROUND).max() <= 4


def test_a_tall_canvas_has_a_tall_preview(layouts, tmp_path):
    render(layouts({"canvas_width": 200, "canvas_height": 1000}), tmp_path)
    assert preview(tmp_path, "p0@1080x1080").shape == (270, 54, 3)


def test_ink_over_the_ground_is_the_layout(layouts, tmp_path):
    render(layouts({}, suggestions=(TITLE, LOGO)), tmp_path, layers=True)
    folder = tmp_path / "previews"
    ground, ink = (Image.open(folder / gallery.preview_name("p0@1080x1080", part)) for part in ("ground", "ink"))
    both = np.asarray(Image.alpha_composite(ground.convert("RGBA"), ink).convert("RGB")).astype(int)
    assert np.abs(both - preview(tmp_path, "p0@1080x1080")).mean() < 3
    opacity = np.asarray(ink)[..., 3]
    assert opacity.max() == 255
    assert opacity[0].max() == 0


class LeftHalf:
    """A saliency that finds the left half of any picture, and counts the pictures."""

    def __init__(self):
        self.seen = 0

    def saliency(self, images):
        self.seen += len(images)
        return [np.repeat([[1.0, 0.0]], 2, axis=0).astype(np.float32) for _ in images]


def test_the_ground_is_the_photo_without_any_element(layouts, tmp_path):
    render(layouts({}), tmp_path, layers=True)
    name = gallery.preview_name("p0@1080x1080", "ground")
    drawn = np.asarray(Image.open(tmp_path / "previews" / name)).astype(int)
    assert drawn.shape == (270, 270, 3)
    assert np.abs(drawn - GROUND).max() <= 6


def test_a_map_shows_what_is_protected_where_it_is_on_the_canvas(layouts, tmp_path):
    finder = LeftHalf()
    table = layouts({}, {}, framing=Framing(picture=(0.5, 0.0, 1.0, 1.0)))
    render(table, tmp_path, saliency=finder)
    drawn = np.asarray(Image.open(tmp_path / "previews" / gallery.preview_name("p0@1080x1080", "map")))
    assert drawn.shape == (256, 256, 4)
    opacity = drawn[128, :, 3]
    assert opacity[:127].max() == 0
    assert opacity[130:150].min() > 200
    assert opacity[235:].max() < 60
    assert finder.seen == 1  # both rows show one photo


def test_an_image_that_is_gone_is_a_fault_of_its_row_and_no_reason_to_stop(layouts, tmp_path):
    first, second, third = render(layouts({}, {"image": str(tmp_path / "gone.jpg")}, {}), tmp_path)
    assert (first, third) == (None, None)
    assert "gone.jpg" in second
    assert len(list((tmp_path / "previews").iterdir())) == 2


def test_a_logo_that_is_gone_is_a_fault_where_the_layout_has_one(layouts, tmp_path):
    gone = {"logo": str(tmp_path / "gone.png")}
    assert render(layouts(gone), tmp_path) == [None]
    assert "gone.png" in render(layouts(gone, suggestions=(LOGO,)), tmp_path)[0]
