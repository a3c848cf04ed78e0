import hashlib

import numpy as np
import pytest
from PIL import Image

from layoutgen.config.stages import ImagesSettings
from layoutgen.core import schema
from layoutgen.core.fingerprint import Versions
from layoutgen.core.manifest.products import APPLICATIONS
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.stages.fetch import Fetch
from tests.drawn import encoded, photo
from tests.stages.planned import FAILED, assert_failed_rows_are_untouched, assert_neighbours_change_nothing, planned

SIDE = 64
VERSIONS = dict.fromkeys(APPLICATIONS, Versions("1"))


@pytest.fixture
def shelf(tmp_path):
    """Puts bytes into a local folder and returns their path."""

    def put(name, data):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return put


def fetch(table, **changes):
    return Fetch(Storage(attempts=1, concurrency=2), ImagesSettings(side=SIDE, **changes), VERSIONS)(table)


def picture(width=120, height=160, seed=0, kind="JPEG", **options):
    return encoded(photo(width, height, seed), kind, **options)


def error(row):
    return row["status"], row["error"]["stage"], row["error"]["kind"]


def test_a_row_says_which_image_was_used_and_carries_its_pixels(shelf):
    data = picture()
    uri = shelf("a.jpg", data)
    table = fetch(planned({"images": [uri]}))
    (row,) = table.to_pylist()
    assert (row["image"], row["image_width"], row["image_height"]) == (uri, 120, 160)
    assert row["image_sha256"] == hashlib.sha256(data).hexdigest()
    assert images.decode_jpeg(row["pixels"]).shape == (64, 48, 3)
    assert table.column_names == [*schema.FETCHED.names, "stock"]


def test_an_image_lies_upright(shelf):
    exif = Image.Exif()
    exif[0x0112] = 6
    uri = shelf("a.jpg", picture(160, 120, exif=exif))
    (row,) = fetch(planned({"images": [uri]})).to_pylist()
    assert (row["image_width"], row["image_height"]) == (120, 160)
    assert images.decode_jpeg(row["pixels"]).shape == (64, 48, 3)


def test_an_image_that_rows_share_is_read_once_and_travels_once(shelf, monkeypatch):
    read = []
    storage_fetch = Storage.fetch_in_turn

    def counted(self, uris, *limits):
        read.extend(uris)
        return storage_fetch(self, uris, *limits)

    monkeypatch.setattr(Storage, "fetch_in_turn", counted)
    first, second, logo = (
        shelf("a.jpg", picture()),
        shelf("b.jpg", picture(seed=1)),
        shelf("l.png", picture(kind="PNG")),
    )
    table = fetch(planned(*[{"images": [uri], "logo": logo} for uri in (first, second, first, first)]))
    assert sorted(read) == sorted([first, second, logo])
    column = table.column("pixels").combine_chunks()
    assert len(column.dictionary) == 2
    assert column[0] == column[2] == column[3] != column[1]
    assert len(table.column("logo_pixels").combine_chunks().dictionary) == 1


def test_more_images_than_are_read_at_once_come_each_to_its_row(shelf):
    def marked(red):
        image = Image.new("RGB", (32, 32), (red, 0, 0))
        image.paste((0, 0, 255), (0, 0, 8, 8))  # a picture of one flat colour would show nothing
        return image

    uris = [shelf(f"{i}.png", encoded(marked(20 * i), "PNG")) for i in range(11)]
    found = fetch(planned(*[{"images": [uri]} for uri in uris])).to_pylist()
    reds = [images.decode_jpeg(row["pixels"])[16, 16, 0] for row in found]
    assert np.abs(np.array(reds, int) - 20 * np.arange(11)).max() <= 3


@pytest.mark.parametrize(("canvas", "chosen"), [((1080, 1080), 1), ((1920, 1080), 0), ((200, 1000), 2)])
def test_of_several_images_the_one_of_the_nearest_shape_is_used(shelf, canvas, chosen):
    uris = [shelf(f"{w}x{h}.jpg", picture(w, h)) for w, h in ((160, 90), (100, 104), (60, 180))]
    row = {"images": uris, "canvas_width": canvas[0], "canvas_height": canvas[1]}
    assert fetch(planned(row)).column("image").to_pylist() == [uris[chosen]]


def test_of_images_of_one_shape_the_first_is_used(shelf):
    uris = [shelf(f"{i}.jpg", picture(seed=i)) for i in range(3)]
    assert fetch(planned({"images": uris})).column("image").to_pylist() == [uris[0]]


def test_a_broken_image_is_skipped_where_there_is_another(shelf):
    broken, whole = shelf("a.jpg", picture()[:200]), shelf("b.jpg", picture())
    (row,) = fetch(planned({"images": [broken, whole]})).to_pylist()
    assert (row["status"], row["image"]) == ("ok", whole)


BLANK, CLEAR = Image.new("RGB", (120, 160), "white"), Image.new("RGBA", (120, 160), (200, 40, 40, 0))


def test_an_image_that_shows_nothing_is_not_chosen_where_there_is_another(shelf):
    blank, whole = shelf("a.png", encoded(CLEAR, "PNG")), shelf("b.jpg", picture(400, 100))
    (row,) = fetch(planned({"images": [blank, whole]})).to_pylist()
    assert (row["status"], row["image"]) == ("ok", whole)


@pytest.mark.parametrize(("image", "kind"), [(BLANK, "JPEG"), (CLEAR, "PNG")])
def test_an_image_that_shows_nothing_is_a_dead_letter_of_its_own_kind(shelf, image, kind):
    uri = shelf("a", encoded(image, kind))
    (row,) = fetch(planned({"images": [uri]})).to_pylist()
    assert error(row) == ("failed", "fetch", "shows_nothing")
    assert row["error"]["message"] == (
        f"{uri}: one flat colour, #ffffff, or nothing opaque; give an image of the product"
    )


def test_what_was_chosen_in_an_image_is_a_note_of_its_row(shelf):
    uri = shelf("a.gif", encoded(BLANK, "GIF", save_all=True, append_images=[photo(120, 160, 0)], duration=100))
    (row,) = fetch(planned({"images": [uri], "notes": ["before"]})).to_pylist()
    assert row["status"] == "ok"
    assert row["notes"] == ["before", f"image {uri}: frame 2 of an animation"]


def test_where_every_image_is_broken_the_first_ones_fault_is_the_rows(shelf, tmp_path):
    page = shelf("b.jpg", b"<html>gone</html>")
    (row,) = fetch(planned({"images": [str(tmp_path / "gone.jpg"), page]})).to_pylist()
    assert error(row) == ("failed", "fetch", "not_found")
    assert "gone.jpg" in row["error"]["message"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty_object"),
        (b"<html>404</html>", "not_an_image"),
        (picture()[:300], "truncated_image"),
        (picture(300, 4), "too_small"),
        (picture(400, 400), "too_many_pixels"),
        (bytes(60_000), "too_many_bytes"),
    ],
)
def test_each_fault_of_an_image_has_its_kind(shelf, data, kind):
    uri = shelf("a.jpg", data)
    (row,) = fetch(planned({"images": [uri]}), max_pixels=150_000, max_bytes=50_000).to_pylist()
    assert error(row) == ("failed", "fetch", kind)
    assert uri in row["error"]["message"]
    assert row["pixels"] is None


@pytest.mark.parametrize(("name", "kind"), [("gone.png", "not_found"), ("broken.png", "not_an_image")])
def test_a_logo_that_cannot_be_used_is_a_note_and_no_failure(shelf, tmp_path, name, kind):
    shelf("broken.png", b"no image")
    logo = str(tmp_path / name)
    row = {"images": [shelf("a.jpg", picture())], "logo": logo, "notes": ["before"]}
    (row,) = fetch(planned(row)).to_pylist()
    assert (row["status"], row["logo_pixels"]) == ("ok", None)
    assert row["notes"][0] == "before"
    assert row["notes"][1].startswith(f"logo {logo} could not be used: {kind}")


def test_a_logo_keeps_its_transparency(shelf):
    logo = shelf("l.png", encoded(Image.new("RGBA", (40, 20), (200, 0, 0, 90)), "PNG"))
    (row,) = fetch(planned({"images": [shelf("a.jpg", picture())], "logo": logo})).to_pylist()
    assert images.decode_png(row["logo_pixels"])[10, 20].tolist() == [200, 0, 0, 90]


def test_failed_rows_pass_through_and_are_not_fetched(shelf):
    before = planned(
        {"images": ["/nowhere/a.jpg"], "logo": "/nowhere/l.png", **FAILED}, {"images": [shelf("a.jpg", picture())]}
    )
    after = fetch(before)
    assert_failed_rows_are_untouched(before, after)
    assert after.column("status").to_pylist() == ["failed", "ok"]


def test_a_bad_row_changes_nothing_for_its_neighbours(shelf, tmp_path):
    good, logo = shelf("a.jpg", picture()), shelf("l.png", picture(40, 20, kind="PNG"))
    table = planned(
        {"images": [good], "logo": logo},
        {"images": [str(tmp_path / "gone.jpg")], "logo": logo},
        {"images": [good], "logo": str(tmp_path / "gone.png")},
        FAILED,
    )
    assert_neighbours_change_nothing(fetch, table)


def test_no_rows_are_no_rows():
    after = fetch(planned({}).slice(0, 0))
    assert len(after) == 0
    assert after.column_names[: len(schema.FETCHED)] == schema.FETCHED.names
