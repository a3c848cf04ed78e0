"""Odd products, masks and categories in jobs.posters: each is made, keeps its photo and says why, or is a dead letter
that names the value; and the table goes through jobs.render and jobs.maintain as any other."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs import maintain, render
from layoutgen.core.layout import Canvas
from layoutgen.imaging import images
from layoutgen.imaging.products.placing import placed
from layoutgen.models.base import FaceBox
from layoutgen.models.building import finders
from layoutgen.stages.cut_out import KEEPS_PHOTO
from layoutgen.streaming import in_process
from tests.pipeline.runs import dead
from tests.pipeline.test_posters import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.rows = []
    return shop


def add(shop: Shop, name: str, pixels: np.ndarray, **columns: str) -> None:
    Image.fromarray(pixels).save(shop.folder / f"{name}.png")
    shop.rows.append({"product_id": name, "image": f"{name}.png", "title": f"The {name}"} | columns)


def with_alpha(alpha: np.ndarray, colour: tuple[int, int, int] = (60, 90, 160)) -> np.ndarray:
    return np.dstack([np.broadcast_to(np.uint8(colour), (*alpha.shape, 3)), alpha])


def soft(kind: str) -> np.ndarray:
    """The opacity of glass (half through all over, its rim opaque) or of fur (ever less outwards, and noisy)."""
    y, x = np.mgrid[0:160, 0:120]
    reach = np.hypot((x - 60) / 40, (y - 80) / 60)
    if kind == "glass":
        return np.where(reach > 1, 0, np.where(reach > 0.85, 255, 110)).astype(np.uint8)
    rough = np.random.default_rng(0).uniform(0.6, 1, reach.shape)
    return np.rint(255 * np.clip((1.15 - reach) * 4 * rough, 0, 1)).astype(np.uint8)


def test_glass_fur_tight_cut_outs_and_unknown_categories_are_made_and_their_opaque_pixels_stay(shop: Shop) -> None:
    y, x = np.mgrid[0:90, 0:60]
    tight = np.where(np.hypot((x - 29.5) / 30, (y - 44.5) / 45) <= 1, 255, 0).astype(np.uint8)  # touches all edges
    shapes = {"glass": soft("glass"), "fur": soft("fur"), "tight": tight}
    for name, alpha in shapes.items():
        add(shop, name, with_alpha(alpha), category="Xyzzy > Плюмбус")
    summary = shop.night(paint={"engine": "drawn"})
    assert (summary["published"], summary["failed"]) == (3, {})
    for name, row in shop.table().items():
        product = with_alpha(shapes[name])
        left, top, right, bottom = row["product_box"]
        put = placed(product, Canvas(row["canvas_width"], row["canvas_height"]), (left, top, right, bottom))
        picture = images.decode_png(Path(row["background"]["uri"]).read_bytes())[put.window]
        opaque = put.pixels[..., 3] == 255
        assert row["cut_out"] == "alpha" and opaque.any()
        assert (picture[opaque] == put.pixels[opaque][:, :3]).all()
        assert "category none" in row["condition"]


def test_masks_that_show_all_or_nothing_and_specks_are_dead_letters_or_keep_their_photo(shop: Shop) -> None:
    photo = np.random.default_rng(1).integers(0, 256, (160, 120, 3), np.uint8)
    Image.fromarray(np.full((160, 120), 255, np.uint8)).save(shop.folder / "all.png")
    speck = np.zeros((160, 120), np.uint8)
    speck[80, 60:63] = 255
    Image.fromarray(speck).save(shop.folder / "speck.png")
    add(shop, "full", photo, mask="all.png")
    add(shop, "speck-mask", photo, mask="speck.png")
    add(shop, "speck-alpha", with_alpha(speck))
    add(shop, "edges", photo)  # the finder sees nothing that stands apart
    summary = shop.night()
    letters = {row["product_id"]: row for row in dead(str(shop.root), summary["run_id"])}
    assert {name: row["kind"] for name, row in letters.items()} == {"full": "mask_full"}
    assert "give one that is black where the ground is" in letters["full"]["message"]
    rows = shop.table()
    assert set(rows) == {"speck-mask", "speck-alpha", "edges"}
    for name in ("speck-mask", "speck-alpha"):
        (note,) = [note for note in rows[name]["notes"] if note.startswith(KEEPS_PHOTO)]
        assert "too_small" in note and "3x1 px" in note
        assert rows[name]["background"] is None and rows[name]["elements"]


def test_what_is_worn_keeps_its_photo(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        def faces(self, pictures: list[np.ndarray]) -> list[list[FaceBox]]:
            return [[FaceBox((0.4, 0.15, 0.6, 0.35), 0.99)] for _ in pictures]

    monkeypatch.setattr(finders, "faces", lambda settings: Found())
    white = np.full((160, 120, 3), 255, np.uint8)
    white[40:150, 30:90] = (60, 90, 160)
    add(shop, "shirt", white)
    add(shop, "shirt-alpha", with_alpha((white.min(axis=2) < 255).astype(np.uint8) * 255))
    shop.night(cut_out={"faces": "mtcnn"})
    rows = shop.table()
    assert any("worn" in note and note.startswith(KEEPS_PHOTO) for note in rows["shirt"]["notes"])
    assert rows["shirt-alpha"]["cut_out"] == "alpha"  # what the shop cut out itself is taken


def test_render_and_maintain_take_the_table(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(shop, "tight", with_alpha(np.pad(np.full((90, 60), 255, np.uint8), 1)))
    shop.night()
    first = shop.files("backgrounds")
    shop.night(paint={"engine": "flat"})
    background = Path(shop.table()["tight"]["background"]["uri"])
    (shop.folder / "tight.png").unlink()  # neither needs the photo
    arguments = ["--layouts", str(shop.root), "--output", str(tmp_path / "files"), "--formats", "png,svg,psd"]
    assert render.main(arguments, in_process) == 0
    assert json.loads(capsys.readouterr().out.strip().splitlines()[-1])["files"] == {"png": 1, "svg": 1, "psd": 1}
    (file,) = (tmp_path / "files").rglob("*.png")
    shown, painted = (np.asarray(Image.open(path).convert("RGB")) for path in (file, background))
    same = (shown == painted).all(axis=2)
    assert shown.shape == painted.shape and 0.5 < same.mean() < 1  # the background, and texts on it
    assert maintain.main(["--output", str(shop.root), "--shards", "1"]) == 0
    assert shop.table()["tight"]["background"]["uri"] == str(background)
    for file in shop.root.rglob("*"):
        os.utime(file, (0, 0))  # long ago: nobody reads the runs before any more
    assert maintain.main(["--output", str(shop.root), "--keep", "1", "--grace-hours", "0"]) == 0
    assert background.exists() and not first & shop.files("backgrounds")
