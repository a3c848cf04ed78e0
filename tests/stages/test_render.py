"""Finished pictures of rows: from the original at output size, whatever form it has, and named by what they are."""

import hashlib
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image, ImageCms

from layoutgen.core import rows, schema
from layoutgen.core.layout import Element, Framing, Role
from layoutgen.imaging.documents.rasters import Encoding
from layoutgen.io.storage import Storage
from layoutgen.stages.finishing import Finish
from layoutgen.stages.render import Render
from tests.drawn import encoded, photo
from tests.imaging.test_video import clip, scene
from tests.stages.planned import FAILED, composed, planned

FINISH = Finish({"webp": "recipe"})
TITLE = Element(Role.TITLE, (0.1, 0.1, 0.9, 0.2), "Vase", ("Vase",), "NotoSansSC-Bold", 80, 96, "#000000")
LOGO = Element(Role.LOGO, (0.1, 0.6, 0.5, 0.8))


@pytest.fixture
def shop(tmp_path):
    """Placed rows of stored originals."""

    def make(*changes, elements=(TITLE,), framing=None):
        columns = {"image": None, "image_sha256": None, "image_width": 0, "image_height": 0, "frame_s": None}
        found = []
        for i, change in enumerate(changes):
            image = change.get("image")
            data = image if isinstance(image, bytes) else encoded(image or photo(1600, 1600, i), quality=95)
            path = tmp_path / f"{change.get('name', i)}.jpg"
            path.write_bytes(data)
            with Image.open(io.BytesIO(data)) as opened:
                width, height = opened.size
                if opened.getexif().get(0x0112, 1) >= 5:
                    width, height = height, width
            found.append(
                {
                    "image": str(path),
                    "image_sha256": hashlib.sha256(data).hexdigest(),
                    "image_width": width,
                    "image_height": height,
                    "frame_s": None,
                }
            )
        kept = [{k: v for k, v in change.items() if k not in ("image", "name")} for change in changes]
        table = composed(planned(*kept), [[]] * len(kept), framing)
        added = {name: [row[name] for row in found] for name in columns}
        added["elements"] = [[*map(rows.element_row, elements)]] * len(found)
        return rows.add(table, added, schema.PLACED)

    return make


def render(table: pa.Table, folder: Path, finish: Finish = FINISH) -> pa.Table:
    return Render(Storage(attempts=1), str(folder / "out"), finish, 10**8, 10**8)(table)


def opened(table: pa.Table, i: int = 0) -> np.ndarray:
    row = table.slice(i, 1).to_pylist()[0]
    assert row["status"] == "ok", row["error"]
    data = Path(row["picture_file"]["uri"]).read_bytes()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (
        row["picture_file"]["bytes"],
        row["picture_file"]["sha256"],
    )
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_a_row_names_its_files_and_keeps_all_else(shop, tmp_path):
    table = shop({}, FAILED)
    done = render(table, tmp_path, Finish({"webp": "r", "png": "r"}))
    assert done.column_names == [*schema.RENDERED.names, "stock"]
    assert done.select(table.column_names).to_pylist() == table.to_pylist()
    first, failed = done.to_pylist()
    assert (failed["picture_file"], failed["further_files"]) == (None, None)
    assert [first["picture_file"]["format"], *(one["format"] for one in first["further_files"])] == ["webp", "png"]
    files = sorted(path for path in (tmp_path / "out" / "pictures").rglob("*") if path.is_file())
    assert sorted([first["picture_file"]["uri"], first["further_files"][0]["uri"]]) == [*map(str, files)]
    assert all(len(path.parent.name) + len(path.stem) == 64 for path in files)


def test_the_picture_is_drawn_from_the_original_and_not_from_what_models_saw(shop, tmp_path):
    fine = (np.indices((2160, 2160)).sum(0) // 4 % 2 * 255).astype(np.uint8)  # stripes that 768 px can't hold
    done = render(shop({"image": encoded(Image.fromarray(fine), quality=95)}, elements=()), tmp_path)
    shown = opened(done)
    assert shown.shape == (1080, 1080, 3)
    assert shown.std() > 90


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_upright(shop, tmp_path, orientation):
    quarters = np.zeros((800, 600, 3), np.uint8)
    quarters[:400, :300] = (220, 30, 30)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(quarters)
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that EXIF undoes
    if orientation > 1:
        stored = stored.transpose(Image.Transpose(back[orientation]))
    shown = opened(render(shop({"image": encoded(stored, exif=exif, quality=95)}, elements=()), tmp_path))
    assert np.abs(shown[270, 270] - (220, 30, 30)).max() < 12
    assert max(shown[270, 810].max(), shown[810, 270].max(), shown[810, 810].max()) < 12


def _profile(name: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


WIDE = photo(300, 300).convert("RGB")
FORMS = {
    "cmyk": encoded(Image.new("CMYK", (300, 300), (0, 200, 200, 20))),
    "grey": encoded(Image.new("L", (300, 300), 120)),
    "palette": encoded(photo(300, 300).convert("P"), "PNG"),
    "one bit": encoded(photo(300, 300).convert("1"), "PNG"),
    "16 bit": encoded(Image.fromarray(np.full((300, 300), 40000, np.uint16)), "PNG"),
    "transparent": encoded(Image.new("RGBA", (300, 300), (200, 30, 30, 128)), "PNG"),
    "profile": encoded(photo(300, 300), icc_profile=_profile("sRGB")),
    "webp": encoded(photo(300, 300), "WEBP"),
    "tall": encoded(photo(40, 3000)),
    "huge": encoded(Image.new("RGB", (7000, 6000), (90, 130, 60)), "PNG"),
    "tiny": encoded(photo(20, 20)),
}

FLAT = {"16 bit": (156, 156, 156), "grey": (120, 120, 120), "transparent": (228, 142, 142), "huge": (90, 130, 60)}


@pytest.mark.parametrize("form", FORMS)
def test_whatever_form_the_original_has_the_picture_is_one(shop, tmp_path, form):
    shown = opened(render(shop({"image": FORMS[form]}), tmp_path))
    assert shown.shape == (1080, 1080, 3)
    expected = {
        "16 bit": (156, 156, 156),
        "grey": (120, 120, 120),
        "transparent": (228, 142, 142),
        "huge": (90, 130, 60),
    }
    if form in expected:
        assert np.abs(shown[900, 900] - expected[form]).max() <= 6


@pytest.mark.parametrize("times", [None, [0, 40, 90, 200, 310, 333, 400, 520, 700, 900]])
def test_of_a_clip_the_very_frame_is_drawn_that_its_row_names(shop, tmp_path, times):
    (tmp_path / "clip.mp4").write_bytes(clip(len(times) if times else 24, times=times))
    table = shop({}, elements=(), framing=Framing(crop=(0.5, 0.5, 1.0, 1.0)))  # without the red block
    for number in range(0, len(times) if times else 24, 3):
        seconds = times[number] / 1000 if times else number / 12
        sought = {"image": str(tmp_path / "clip.mp4"), "image_sha256": None, "frame_s": seconds}
        of_clip = rows.replace(table, **{name: pa.array([value], table.schema.field(name).type)
                                         for name, value in sought.items()}, image_width=pa.array([160], pa.int32()),
                               image_height=pa.array([96], pa.int32()))  # fmt: skip
        shown = np.median(opened(render(of_clip, tmp_path)), (0, 1))
        distances = [np.abs(scene(other)[-1, -1] - shown).max() for other in range(24)]
        assert int(np.argmin(distances)) == number and distances[number] <= 5, (number, shown)


def test_a_file_is_named_by_what_it_is_made_of(shop, tmp_path):
    def uri(table, finish=FINISH):
        (row,) = render(table, tmp_path, finish).to_pylist()
        return row["picture_file"]["uri"]

    image = encoded(photo(300, 300))
    same = uri(shop({"image": image}))
    assert uri(shop({"image": image, "name": "elsewhere", "stock": 99})) == same
    others = [
        uri(shop({"image": encoded(photo(300, 300, 1))})),
        uri(shop({"image": image}, elements=())),
        uri(shop({"image": image}, framing=Framing(crop=(0.0, 0.0, 0.5, 0.5)))),
        uri(shop({"image": image, "canvas_width": 1000})),
        uri(shop({"image": image}), Finish({"webp": "other"})),
        uri(shop({"image": image, "row_id": "other@1080x1080"})),
    ]
    assert len({same, *others}) == 7


def test_a_file_that_is_there_is_not_drawn_again_and_one_that_is_gone_is(shop, tmp_path):
    table = render(shop({}, {}), tmp_path, Finish({"webp": "r", "jpeg": "r"}))
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.*")}
    gone = Path(table.column("picture_file")[1].as_py()["uri"])
    content = gone.read_bytes()
    gone.unlink()
    again = render(table, tmp_path, Finish({"webp": "r", "jpeg": "r"}))
    assert again.to_pylist() == table.to_pylist()
    assert gone.read_bytes() == content
    assert {path: path.stat().st_mtime_ns for path in files if path != gone} == {
        path: at for path, at in files.items() if path != gone
    }


def test_the_rows_of_a_photo_share_its_reading(shop, tmp_path, monkeypatch):
    asked: list[str] = []
    real = Storage.fetch
    monkeypatch.setattr(Storage, "fetch", lambda self, uris, *more: asked.extend(uris) or real(self, uris, *more))
    image = encoded(photo(900, 900))
    changes = [{"image": image, "name": "one", "canvas_width": 300 + 100 * i} for i in range(5)]
    changes.insert(2, {"image": encoded(photo(500, 500, 1)), "name": "two"})
    done = render(shop(*changes), tmp_path)
    assert sorted(Path(uri).name for uri in asked) == ["one.jpg", "two.jpg"]
    assert [opened(done, i).shape[1] for i in range(6)] == [300, 400, 1080, 500, 600, 700]


def test_what_can_not_be_drawn_is_the_rows_fault_and_no_others(shop, tmp_path):
    table = shop({}, {}, {}, {"logo": str(tmp_path / "none.png")}, {}, elements=(TITLE, LOGO))
    uris = table.column("image").to_pylist()
    Path(uris[0]).unlink()
    Path(uris[1]).write_bytes(encoded(photo(300, 300, 77)))
    Path(uris[2]).write_bytes(b"")
    done = render(table, tmp_path).to_pylist()
    assert [row["status"] for row in done] == ["failed"] * 4 + ["ok"]
    assert [row["error"]["kind"] for row in done[:4]] == ["not_found", "image_changed", "empty_object", "not_found"]
    assert {row["error"]["stage"] for row in done[:4]} == {"render"}
    assert "replaced meanwhile" in done[1]["error"]["message"]
    assert done[3]["error"]["message"].startswith(f"logo {tmp_path / 'none.png'}: ")
    assert [row["picture_file"] for row in done[:4]] == [None] * 4


def test_a_picture_beyond_its_limit_fails_its_row(shop, tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (1080, 1080, 3), np.uint8)
    table = shop({"image": encoded(Image.fromarray(noise), "PNG")}, {})
    done = render(table, tmp_path, Finish({"webp": "r"}, Encoding(85, 50, 120_000))).to_pylist()
    assert [row["status"] for row in done] == ["failed", "ok"]
    assert done[0]["error"]["kind"] == "picture_too_large"
    assert done[1]["picture_file"]["bytes"] <= 120_000


def test_a_logo_is_as_sharp_as_its_file(shop, tmp_path):
    stripes = np.zeros((1600, 1600, 4), np.uint8)
    stripes[..., 3] = 255
    stripes[:, ::32], stripes[:, 1::32] = 255, 255
    (tmp_path / "logo.png").write_bytes(encoded(Image.fromarray(stripes), "PNG"))
    wide = Element(Role.LOGO, (0.0, 0.0, 1.0, 1.0))
    change = {"logo": str(tmp_path / "logo.png"), "canvas_width": 1600, "canvas_height": 1600}
    shown = opened(render(shop(change, elements=(wide,)), tmp_path))
    assert shown[800].std() > 30


def test_an_empty_table_passes(shop, tmp_path):
    assert len(render(shop(), tmp_path)) == 0
