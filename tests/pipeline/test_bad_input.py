"""Each kind of bad input becomes the dead letter it should be, and disturbs none of its neighbours."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from layoutgen.pipelines import run_layouts
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.independent_check import judge
from tests.pipeline.runs import dead, published, settings, write_manifest

pytestmark = pytest.mark.usefixtures("ray_cluster")


def _bomb() -> bytes:
    """A PNG of 60,000 x 60,000 px in a few hundred bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def _sixteen_bit() -> bytes:
    ramp = (np.linspace(0, 65535, 300)[None, :] * np.ones((400, 1))).astype(np.uint16)
    return encoded(Image.fromarray(ramp), "PNG")


def _palette() -> bytes:
    image = photo().convert("P", palette=Image.Palette.ADAPTIVE)
    return encoded(image, "PNG", transparency=0)


def _animated(kind: str) -> bytes:
    frames = [photo(300, 400, seed) for seed in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=80)
    return buffer.getvalue()


def _rotated() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(photo(800, 600), exif=exif)


# Readable, though odd: the product is laid out. Name of the object to its bytes.
ODD = {
    "cmyk.jpg": lambda: encoded(photo(mode="CMYK")),
    "sixteen.png": _sixteen_bit,
    "palette.png": _palette,
    "animated.gif": lambda: _animated("GIF"),
    "animated.webp": lambda: _animated("WEBP"),
    "rotated.jpg": _rotated,
    "sixty-megapixel.jpg": lambda: encoded(photo(600, 800).resize((6700, 9000)), quality=60),
    "a key with spaces.jpg": lambda: encoded(photo()),
    "plus+and%2Fpercent%20.jpg": lambda: encoded(photo()),
    "连衣裙 新款.jpg": lambda: encoded(photo()),
}
# Unreadable: name of the object to its bytes and the dead letter's kind.
BROKEN = {
    "empty.jpg": (b"", "empty_object"),
    "truncated.jpg": (encoded(photo())[:9000], "truncated_image"),
    "page.jpg": (b"<!doctype html><html><body>404 Not Found</body></html>", "not_an_image"),
    "pixel.png": (encoded(Image.new("RGB", (1, 1)), "PNG"), "too_small"),
    "bomb.png": (_bomb(), "too_many_pixels"),
}


def _good(number: int) -> dict[str, Any]:
    return {"product_id": f"good-{number}", "image": f"good-{number}.jpg", "title": f"Stoneware vase {number}"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run over good and bad rows together, and one over the good rows alone."""
    folder = tmp_path_factory.mktemp("bad")
    for number in range(6):
        (folder / f"good-{number}.jpg").write_bytes(encoded(photo(seed=number)))
    for name, make in ODD.items():
        (folder / name).write_bytes(make())
    for name, (data, _) in BROKEN.items():
        (folder / name).write_bytes(data)
    good = [_good(number) for number in range(6)]
    bad: list[dict[str, Any]] = [{"product_id": name, "image": name, "title": "Vase"} for name in (*ODD, *BROKEN)]
    bad += [
        {"product_id": "missing", "image": "nowhere.jpg", "title": "Vase"},
        {"product_id": "good-0", "image": "good-1.jpg", "title": "A second good-0"},
        {"product_id": None, "image": "good-1.jpg", "title": "No id"},
        {"product_id": "no-title", "image": "good-1.jpg", "title": None},
        {"product_id": "wrong-type", "image": "good-1.jpg", "title": {"zh": "花瓶"}},
        {"product_id": "wrong-points", "image": "good-1.jpg", "title": "Vase", "selling_points": [1, 2]},
        {"product_id": "empty-title", "image": "good-1.jpg", "title": "  \u200b "},
        {"product_id": "long-title", "image": "good-1.jpg", "title": "花瓶" * 150},
        {"product_id": "emoji", "image": "good-1.jpg", "title": "Vase \ue000 sale 🔥"},
        {"product_id": "only-signs", "image": "good-1.jpg", "title": "\ue000"},
        {"product_id": "no-script", "image": "good-1.jpg", "title": "བོད་ཇ"},
        {"product_id": "climbs", "image": "../../etc/passwd", "title": "Vase"},
        {"product_id": "bad-canvas", "image": "good-1.jpg", "title": "Vase", "canvases": ["wide"]},
    ]
    both = run_layouts(settings(), write_manifest(folder, [*good[:3], *bad, *good[3:]]), str(folder / "both"))
    alone = run_layouts(
        settings(), write_manifest(folder, good, "good.jsonl"), str(folder / "alone"), stream=in_process
    )
    return {
        "summary": both,
        "published": {row["row_id"]: row for row in published(str(folder / "both"))},
        "alone": {row["row_id"]: row for row in published(str(folder / "alone"))},
        "dead": dead(str(folder / "both"), both["run_id"]),
        "rows_in": len(good) + len(bad),
        "alone_summary": alone,
    }


def test_every_row_is_accounted_for(run: dict[str, Any]) -> None:
    summary = run["summary"]
    assert summary["rows_in"] == run["rows_in"]
    assert summary["rows_in"] == summary["computed"] + summary["unchanged"] + summary["dead_letters"]
    assert summary["published"] == summary["computed"] + summary["unchanged"] == len(run["published"])
    assert summary["dead_letters"] == len(run["dead"])
    assert summary["dead_letters"] == sum(sum(kinds.values()) for kinds in summary["failed"].values())


def test_good_rows_are_the_same_as_without_the_bad_ones(run: dict[str, Any]) -> None:
    assert run["alone_summary"]["dead_letters"] == 0
    for row_id, row in run["alone"].items():
        assert run["published"][row_id] == row


@pytest.mark.parametrize("name", ODD)
def test_odd_but_readable_images_are_laid_out(run: dict[str, Any], name: str) -> None:
    row = run["published"][f"{name}@540x540"]
    assert row["status"] == "ok"
    assert judge([row])["overlap"] == judge([row])["overflow"] == 0


def test_a_rotated_photo_has_its_upright_size(run: dict[str, Any]) -> None:
    row = run["published"]["rotated.jpg@540x540"]
    assert (row["image_width"], row["image_height"]) == (600, 800)


@pytest.mark.parametrize(
    ("product_id", "stage", "kind"),
    [
        *((name, "fetch", kind) for name, (_, kind) in BROKEN.items()),
        ("missing", "fetch", "not_found"),
        ("no-title", "plan", "missing_field"),
        (None, "plan", "missing_field"),
        ("wrong-type", "plan", "bad_row"),
        ("wrong-points", "plan", "bad_row"),
        ("empty-title", "plan", "empty_title"),
        ("good-0", "plan", "duplicate_id"),
        ("climbs", "plan", "bad_path"),
        ("bad-canvas", "plan", "bad_canvas"),
        ("long-title", "compose", "copy_too_long"),
        ("only-signs", "compose", "missing_glyphs"),
        ("no-script", "compose", "unsupported_script"),
    ],
)
def test_bad_rows_are_dead_letters_of_their_kind(run: dict[str, Any], product_id: str, stage: str, kind: str) -> None:
    letters = [row for row in run["dead"] if row["product_id"] == product_id]
    assert [(row["stage"], row["kind"]) for row in letters] == [(stage, kind)]
    assert letters[0]["message"]
    assert letters[0]["input_row"].startswith("{")


def test_a_sign_that_no_font_has_is_left_out_of_a_title_and_noted(run: dict[str, Any]) -> None:
    row = run["published"]["emoji@540x540"]
    assert next(e["text"] for e in row["elements"] if e["role"] == "title") == "Vase sale 🔥"
    assert "U+E000" in row["notes"][0]


def test_paths_with_odd_characters_are_literal(run: dict[str, Any]) -> None:
    for name in ("a key with spaces.jpg", "plus+and%2Fpercent%20.jpg", "连衣裙 新款.jpg"):
        assert Path(run["published"][f"{name}@540x540"]["image"]).name == name
