"""jobs.render: files of any published table, of all its rows or some, and what is said of those that have none."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jobs import render
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.stages.file_names import _safe
from layoutgen.stages.finishing import Finish
from layoutgen.stages.render_rows import WRITTEN, RenderRows
from layoutgen.streaming import in_process
from tests.runs.test_pictures import OFF, Shop

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.night(OFF)
    return shop


def run(shop: Shop, *more: str) -> tuple[int, dict[str, Any]]:
    out = shop.folder / "bundle"
    code = render.main(["--layouts", str(shop.root), "--output", str(out), *more], in_process)
    return code, {"files": sorted(path for path in (out / "files").rglob("*") if path.is_file())}


def written(shop: Shop) -> list[dict[str, Any]]:
    return pq.read_table(shop.folder / "bundle" / "table").to_pylist()


def test_every_row_has_its_files_in_a_folder_of_its_product_and_a_table_says_so(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = run(shop, "--formats", "webp,svg")
    summary = json.loads(capsys.readouterr().out)
    assert (code, summary["rows"], summary["files"], summary["failed"]) == (0, 4, {"webp": 4, "svg": 4}, {})
    assert len({path.parent.name for path in found["files"]}) == 4
    assert all(path.name.startswith("320x320-") for path in found["files"])
    assert sorted(row["uri"] for row in written(shop)) == [*map(str, found["files"])]
    with Image.open(next(path for path in found["files"] if path.suffix == ".webp")) as image:
        assert image.size == (320, 320)
    assert (shop.folder / "bundle" / "_SUCCESS").exists()


def test_the_same_command_goes_on_and_another_one_makes_its_own(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    run(shop)
    capsys.readouterr()
    run(shop)
    assert json.loads(capsys.readouterr().out)["resumed"] == 4
    run(shop, "--formats", "jpeg")
    assert json.loads(capsys.readouterr().out)["resumed"] == 0
    assert {row["format"] for row in written(shop)} == {"jpeg"}


def test_rows_that_designers_edited_are_drawn_as_they_left_them(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = [
        row for row in published_runs.read(Storage(), str(shop.root)).to_pylist() if row["row_id"] == "v1@320x320"
    ]
    title = next(i for i, element in enumerate(row["elements"]) if element["role"] == "title")
    edit = [
        {"role": e["role"], "text": e["text"], "box": list(e["box"]), "was": i} for i, e in enumerate(row["elements"])
    ]
    edit[title] |= {"text": "Edited", "lines": ["Edited"], "colour": "#ff00ff"}
    decision = {"row_id": row["row_id"], "run_id": row["run_id"], "annotator": "Mei"}
    lines = [
        {**decision, "decision": "edit", "elements": edit, "time": "2026-11-30T10:00:00Z", "final": True},
        {**decision, "decision": "adopt", "time": "2026-11-30T11:00:00Z"},
    ]
    file = shop.folder / "feedback.jsonl"
    run(shop, "--formats", "svg")
    before = {line["row_id"]: Path(line["uri"]).read_text() for line in written(shop)}
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run(shop, "--formats", "svg", "--feedback", str(file))[0] == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["edited"] == 1
    after = {line["row_id"]: (Path(line["uri"]).read_text(), line["edited"]) for line in written(shop)}
    assert {key: text for key, (text, _) in after.items() if key != row["row_id"]} == {
        key: text for key, text in before.items() if key != row["row_id"]
    }
    text, is_edited = after[row["row_id"]]
    assert is_edited and "#ff00ff" in text.lower() and text != before[row["row_id"]]
    lines[0]["elements"][title]["box"] = [0.1, 0.1, 0.101, 0.101]
    file.write_text(json.dumps(lines[0]) + "\n")
    run(shop, "--formats", "svg", "--feedback", str(file))
    (fault,) = [line for line in written(shop) if line["kind"]]
    assert (fault["row_id"], fault["kind"]) == (row["row_id"], "edit_not_drawable")
    assert "as edited by Mei" in fault["message"] and "make the box larger" in fault["message"]
    file.write_text("{}\n")
    assert run(shop, "--feedback", str(file))[0] == 2
    assert "line 1: row_id is None" in capsys.readouterr().err


def test_rows_are_chosen_by_their_keys_and_unknown_ones_refused(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(shop, "--rows", "v1@320x320", "v9@320x320")[0] == 2
    assert "has no rows ['v9@320x320']" in capsys.readouterr().err
    assert run(shop, "--rows", "v1@320x320")[0] == 0
    assert [row["row_id"] for row in written(shop)] == ["v1@320x320"]


def test_what_can_not_be_made_is_counted_by_reason_and_too_much_of_it_is_no_success(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop.folder / "0.jpg").unlink()
    code, _ = run(shop)
    summary = json.loads(capsys.readouterr().out)
    assert (code, summary["failed"], summary["complete"]) == (1, {"not_found": 1}, False)
    assert not (shop.folder / "bundle" / "_SUCCESS").exists()
    (letter,) = (row for row in written(shop) if row["kind"])
    assert (letter["row_id"], letter["uri"]) == ("v0@320x320", None)
    assert "0.jpg" in letter["message"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--formats", "bmp"], "bmp"), (["--formats", ","], "render.formats is empty"), (["--run-id", "none"], "none")],
)
def test_what_can_not_be_asked_for_ends_with_2(
    shop: Shop, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run(shop, *arguments)[0] == 2
    assert words in capsys.readouterr().err


def test_a_product_id_leads_out_of_no_folder_and_turns_no_name() -> None:
    for name in ("../../etc/passwd", "\u202egnp.exe", "a/b\\c", "..", "", "\ud800", "x" * 500):
        safe = _safe(name)
        assert safe and len(safe) <= 60
        assert not {*"/\\.\u202e\0"} & {*safe}
    assert _safe("法式 连衣裙-1") == "法式_连衣裙-1"


def test_rows_of_a_table_from_elsewhere_are_drawn_or_said_to_be_none(tmp_path: Path) -> None:
    Image.new("RGB", (90, 60), (200, 30, 30)).save(tmp_path / "a.png")
    box = {"role": "underlay", "box": [0.1, 0.1, 0.5, 0.5]}
    rows = [
        {"row_id": "drawn", "image": str(tmp_path / "a.png"), "elements": [box]},
        {"row_id": "no image", "elements": [box]},
        {"row_id": "no font", "image": str(tmp_path / "a.png"), "elements": [
            {"role": "title", "box": [0, 0, 1, 0.2], "lines": ["x"], "font": "Nobody's", "font_px": 20}]},
    ]  # fmt: skip
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    stage = RenderRows(Storage(attempts=1), str(tmp_path / "out"), Finish({"webp": "r"}), 10**8, 10**8)
    address = {"shard": [0], "uri": [str(tmp_path / "t.jsonl")], "version": ["1"], "rows": [[0, 1, 2]]}
    report = json.loads(stage(pa.table(address)).column("report")[0].as_py())
    assert (report["rows"], report["failed"]) == (3, {"no_image": 1, "not_drawable": 1})
    assert pq.read_table(report["part"]).schema.names == WRITTEN.names
