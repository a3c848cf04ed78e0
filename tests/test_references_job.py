"""jobs.references: folders of a published table's rows, and painted pictures taken back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jobs import references
from layoutgen import tables
from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.posters import PostersConfig
from layoutgen.goods.shots import SHOTS
from layoutgen.pipelines import run_layouts, run_posters
from layoutgen.streaming import in_process

CONFIG = """
[run]
max_failed_fraction = 1.0
[annotate]
engine = "none"
[images]
side = 384
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of a cut-out, a packshot and a photo that shows nothing but noise."""
    folder = tmp_path_factory.mktemp("references")
    for name in ("mug-fog", "handbag-sage"):
        SHOTS[name].picture(np.random.default_rng(1)).save(folder / f"{name}.png")
    noise = np.random.default_rng(2).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    rows = [
        {"product_id": name, "image": f"{name}.png", "title": "Made by hand", "canvases": ["400x400"]}
        for name in ("mug-fog", "handbag-sage", "noise")
    ]
    (folder / "catalogue.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "layouts.toml").write_text(CONFIG)
    config = load(LayoutsConfig, folder / "layouts.toml")
    run_layouts(config, str(folder / "catalogue.jsonl"), str(folder / "out"), stream=in_process)
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = references.main(list(arguments), in_process)
    printed = capsys.readouterr().out.strip().splitlines()
    return code, json.loads(printed[-1]) if printed else {}


@pytest.fixture(scope="module")
def folders(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("folders")
    arguments = ["--layouts", str(shop / "out"), "--output", str(out), "--model", "sd15"]
    assert references.main(arguments, in_process) == 0
    return out


def test_each_row_with_a_product_has_a_folder_and_the_table_says_why_another_has_none(folders: Path) -> None:
    table = pq.read_table(folders / "table").to_pylist()
    by_product = {row["product_id"]: row for row in table}
    for name in ("mug-fog", "handbag-sage"):
        layout = json.loads((Path(by_product[name]["folder"]) / "layout.json").read_text())
        assert layout["row_id"] == f"{name}@400x400"
    assert by_product["noise"]["folder"] is None and by_product["noise"]["kind"] and by_product["noise"]["message"]


def test_the_same_command_goes_on_and_some_rows_can_be_chosen(
    shop: Path, folders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--layouts", str(shop / "out"), "--model", "sd15"]
    _, summary = run(capsys, *arguments, "--output", str(folders))
    assert summary["resumed"] == summary["rows"] == 3
    code, summary = run(capsys, *arguments, "--output", str(tmp_path), "--rows", "mug-fog@400x400")
    assert (code, summary["rows"], summary["folders"]) == (0, 1, 1)


def test_what_was_painted_is_taken_back_and_what_was_not_waits(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mug, bag = (Path(uri).parent for uri in sorted(map(str, folders.rglob("layout.json")), reverse=True))
    width, height = json.loads((mug / "layout.json").read_text())["size_px"]
    ramp = np.broadcast_to(np.linspace(225, 235, width)[None, :, None], (height, width, 3)).astype(np.uint8)
    Image.fromarray(ramp).save(mug / "painted.png")
    code, summary = run(capsys, "--import", str(folders))
    taken = {row["folder"]: row for row in pq.read_table(folders / "taken").to_pylist()}
    assert summary["folders"] == 2 and summary["waiting"] == 1 and taken[str(bag)]["kind"] == "waiting"
    row = taken[str(mug)]
    if row["kind"] is None:
        assert code == 0 and Image.open(row["picture"]).size == (400, 400)
    else:  # the layout's ink is light
        assert (code, row["kind"]) == (1, "text_contrast")
    Image.new("RGB", (width, height + 64)).save(mug / "painted.png")
    code, summary = run(capsys, "--import", str(mug))
    assert (code, summary["refused"]) == (1, {"size": 1})


def test_of_a_poster_the_product_is_its_photos_and_lies_where_the_background_has_it(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = PostersConfig.model_validate({"paint": {"engine": "gradient"}, "annotate": {"engine": "none"}})
    row = {"product_id": "mug", "image": str(shop / "mug-fog.png"), "title": "Made by hand", "canvases": ["400x500"]}
    manifest = shop / "posters.jsonl"
    manifest.write_text(json.dumps(row))
    run_posters(config, str(manifest), str(tmp_path / "posters"), stream=in_process)
    (poster,) = tables.read(str(tmp_path / "posters")).to_pylist()
    _, summary = run(capsys, "--layouts", str(tmp_path / "posters"), "--output", str(tmp_path / "folders"))
    assert summary["folders"] == 1
    (folder,) = (path.parent for path in (tmp_path / "folders").rglob("layout.json"))
    product = np.asarray(Image.open(folder / "product_full.png"))
    background = np.asarray(Image.open(poster["background"]["uri"]).convert("RGB"))
    solid = product[..., 3] == 255
    assert solid.sum() > 1000 and (product[..., :3][solid] == background[solid]).all()


def test_what_can_not_be_used_is_named(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert references.main(["--layouts", str(shop / "out")], in_process) == 2
    assert "--import FOLDER" in capsys.readouterr().err
    assert references.main(["--import", str(tmp_path)], in_process) == 2
    assert "layout.json" in capsys.readouterr().err
    unknown = ["--layouts", str(shop / "out"), "--output", str(tmp_path), "--rows", "nobody@1x1"]
    assert references.main(unknown, in_process) == 2
    assert "nobody@1x1" in capsys.readouterr().err
