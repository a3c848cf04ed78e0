"""The gallery of tables with fonts of one's own and rows that can't be drawn. Without Ray: the stage runs here."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import gallery as command
from layoutgen.config.jobs import Pool
from layoutgen.core import schema
from layoutgen.core.gallery import files as gallery
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.imaging.test_fonts import font

NAN = float("nan")
ELEMENT = {"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.5, 0.2], "lines": ["Vase"], "font": "Brand-Black",
           "font_px": 20, "line_height_px": 26, "colour": "#1c1c1e", "alignment": "left"}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a snapshot of rows set in a font file, as its settings say, and makes its page."""
    monkeypatch.setattr(command, "run_gallery", partial(run_gallery, pool=Pool(), stream=in_process))
    (tmp_path / "a.jpg").write_bytes(encoded(photo(300, 400)))
    folder = tmp_path / "table" / "snapshots" / "night-1"
    folder.mkdir(parents=True)
    (tmp_path / "table" / "CURRENT").write_text("night-1\n")

    def make(*changes: dict[str, Any], place: Any, arguments: tuple[str, ...] = ()) -> tuple[int, dict[str, bool]]:
        rows = [
            {"row_id": f"p{i}", "product_id": f"p{i}", "canvas": "300x400", "canvas_width": 300, "canvas_height": 400,
             "status": "ok", "image": str(tmp_path / "a.jpg"), "crop": [0, 0, 1, 1], "picture": [0, 0, 1, 1],
             "backdrop": "#ffffff", "title": "Vase", "elements": [ELEMENT], **change}
            for i, change in enumerate(changes)
        ]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(rows, schema=schema.LAYOUTS), folder / "part-00000.parquet")
        manifest = {"settings": {"place": place}, "files": [{"name": "part-00000.parquet", "rows": len(rows)}]}
        (folder / "_manifest.json").write_text(json.dumps(manifest))
        argv = ["gallery", "--layouts", str(tmp_path / "table"), "--output", str(tmp_path / "page"), "--no-maps"]
        monkeypatch.setattr("sys.argv", [*argv, *arguments])
        code = command.main()
        drawn = {
            row["row_id"]: (tmp_path / "page/previews" / gallery.preview_name(row["row_id"])).is_file() for row in rows
        }
        return code, drawn

    return make


def test_the_fonts_that_the_runs_settings_name_are_used(made: Any, tmp_path: Path) -> None:
    path = str(font(tmp_path / "Brand-Black.ttf"))
    assert made({}, place={"bold_font": path, "regular_font": ""}) == (0, {"p0": True})


def test_rows_whose_font_is_gone_are_marked_and_the_page_is_made(
    made: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = str(tmp_path / "gone" / "Brand-Black.ttf")
    known = {"elements": [{**ELEMENT, "font": "NotoSans-Bold"}]}
    assert made({}, known, place={"bold_font": gone}) == (0, {"p0": False, "p1": True})
    assert "no font named 'Brand-Black' is here; give its file with --font" in caplog.text
    assert (tmp_path / "page" / "index.html").is_file()
    given = str(font(tmp_path / "Brand-Black.ttf"))
    assert made({}, place={"bold_font": gone}, arguments=("--font", given)) == (0, {"p0": True})


def test_a_font_that_is_none_is_refused_before_anything_is_drawn(
    made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    code, drawn = made({}, place=None, arguments=("--font", str(tmp_path / "broken.ttf")))
    said = capsys.readouterr().err
    assert (code, drawn) == (2, {"p0": False}) and "broken.ttf" in said and "Traceback" not in said


@pytest.mark.parametrize(
    "change",
    [
        {"image": "/nowhere/gone.jpg"}, {"canvas_width": 0}, {"canvas_width": 60_000, "canvas_height": 60_000},
        {"crop": [0, 0, NAN, 1]}, {"picture": [0.9, 0, 0.1, 1]}, {"backdrop": "white"}, {"elements": [None]},
        {"elements": [{**ELEMENT, "box": [NAN, 0, 1, 1]}]}, {"elements": [{**ELEMENT, "colour": "red"}]},
        {"elements": [{**ELEMENT, "role": "underlay", "lines": [], "box": [0.5, 0.1, 0.2, 0.2]}]},
        {"elements": [{**ELEMENT, "role": "underlay", "lines": [], "box": [-9e5, 0, 9e5, 1]}]},
        {"elements": [{**ELEMENT, "role": "Text"}]}, {"elements": [{**ELEMENT, "font_px": -3}]},
        {"elements": [{**ELEMENT, "font_px": None}]},
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_drawn_is_marked_and_the_others_are_drawn(
    made: Any, tmp_path: Path, change: dict[str, Any]
) -> None:
    path = str(font(tmp_path / "Brand-Black.ttf"))
    assert made(change, {}, place={"bold_font": path}) == (0, {"p0": False, "p1": True})
