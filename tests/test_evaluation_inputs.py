"""Evaluation meets data sets with holes: rows are excluded and counted, or the command ends with exit code 2 and one
sentence that names the file. Without Ray: the stages run here, one shard after the other."""

import json
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from jobs import evaluate as command
from layoutgen.core import schema
from layoutgen.models.finders import border, network
from layoutgen.streaming import in_process
from tests.budget import examples
from tests.drawn import encoded, photo

NAN, INF = float("nan"), float("inf")
ELEMENT = {"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.5, 0.2], "lines": ["Vase"], "font": "NotoSansSC-Bold",
           "font_px": 20, "line_height_px": 26, "colour": "#1c1c1e"}  # fmt: skip
KEY = "a@600x800"
ROW = {"row_id": KEY, "product_id": "a", "canvas": "600x800", "canvas_width": 600, "canvas_height": 800,
       "title": "Vase", "elements": [ELEMENT]}  # fmt: skip
POSTER = {"file": "a.jpg", "width": 600, "height": 800, "texts": [{"text": "Sale", "box": [36, 80, 522, 136]}]}
LINE = {"text": "Sale", "box": [0.06, 0.1, 0.87, 0.17], "role": "title", "language": "en", "colour": "#000000",
        "score": 1.0, "placed": True}  # fmt: skip
SAID = {"row_id": KEY, "decision": "edit", "annotator": "mei", "time": "2026-11-20T09:00:00Z",
        "elements": [{"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.6, 0.2]}]}  # fmt: skip
CONFIG = "[report]\nresamples = 100\nworst = 0\n[score]\ncontent = false\n"


class Bench:
    """Runs the command on files in a folder, and says its exit code, its sentence and its report."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        (folder / "evaluate.toml").write_text(CONFIG)
        self.write("good.jsonl", [ROW, {**ROW, "row_id": "b@600x800", "product_id": "b"}])
        self.write("posters.jsonl", [POSTER])
        read = [{"row_id": "1", "image": "/x/a.jpg", "elements": [], "text_lines": [LINE]}]
        pq.write_table(pa.Table.from_pylist(read), folder / "read.parquet")

    def write(self, name: str, rows: list[Any]) -> str:
        return self.put(name, "".join(json.dumps(row) + "\n" for row in rows).encode())

    def put(self, name: str, data: bytes) -> str:
        (self.folder / name).write_bytes(data)
        return name

    def run(self, *arguments: str) -> tuple[int, str, dict[str, Any]]:
        placed = [str(self.folder / name) if (self.folder / name).is_file() else name for name in arguments]
        out = self.folder / "e"
        code = command.main([*placed, "--output", str(out), "--config", str(self.folder / "evaluate.toml")], in_process)
        said = "\n".join(line for line in self._capsys.readouterr().err.splitlines() if "evaluate:" in line)
        report = json.loads((out / "report.json").read_text()) if code == 0 else {}
        return code, said, report

    def scored(self, name: str) -> list[tuple[int, str, dict[str, Any]]]:
        """A file as each of the arguments by which layouts are scored."""
        good = ("--layouts", "good.jsonl")
        ways = (("--layouts", name), (*good, "--reference", name), (*good, "--baseline", name))
        return [self.run(*way) for way in ways]

    def adopted(self, name: str) -> tuple[int, str, dict[str, Any]]:
        """A file as the layouts that feedback is about."""
        return self.run("--task", "adoption", "--layouts", name, "--feedback", "said.jsonl")


@pytest.fixture
def bench(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    made = Bench(tmp_path, capsys)
    made.write("said.jsonl", [SAID])
    return made


def archive(**arrays: Any) -> bytes:
    out = BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def parquet(table: pa.Table) -> bytes:
    out = BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


BOXES = np.full((2, 3, 4), [0.1, 0.1, 0.5, 0.2], np.float32)
CLASSES = np.ones((2, 3), int)
TABLE = pa.Table.from_pylist([ROW], schema=schema.LAYOUTS)
REFUSED = {
    "empty.jsonl": (b"", "no rows"),
    "empty.npz": (b"", "no .npz archive"),
    "empty.parquet": (b"", "not a readable Parquet file"),
    "no-rows.parquet": (parquet(TABLE.slice(0, 0)), "no rows"),
    "utf-16.jsonl": (("\ufeff" + json.dumps(ROW)).encode("utf-16-le"), "UTF-16"), 
    "latin-1.jsonl": (json.dumps({**ROW, "title": "Größe"}, ensure_ascii=False).encode("latin-1"), "line 1"),
    "deep.jsonl": (b"[" * 100_000, "line 1"),
    "second-line.jsonl": (f"{json.dumps(ROW)}\n\n{{\"row_id\": 1, \"elements\": 7}}\n".encode(), "line 3"),
    "text-width.jsonl": (json.dumps({**ROW, "canvas_width": "wide"}).encode(), "line 1"),
    "huge-width.jsonl": (json.dumps({**ROW, "canvas_width": 10**400}).encode(), "line 1"),
    "no-size.jsonl": (json.dumps({"file": "a.jpg", "texts": []}).encode(), "line 1 is no poster"),
    "ragged.jsonl": (json.dumps({**POSTER, "texts": [{"text": "a", "box": [1, 2]}]}).encode(), "line 1 is no poster"),
    "nan-classes.npz": (archive(boxes=BOXES, classes=np.where(CLASSES > 0, NAN, 0)), "array classes has nan at [0, 0]"),
    "one-hot.npz": (archive(boxes=BOXES, classes=np.eye(4)[CLASSES]), "array classes has shape (2, 3, 4)"),
    "few-names.npz": (archive(boxes=BOXES, classes=CLASSES, names=np.array(["a"])), "array names has shape (1,)"),
    "own-classes.npz": (archive(boxes=BOXES, classes=CLASSES * 9), "array classes has 9 at [0, 0]"),
    "named-classes.npz": (archive(boxes=BOXES, classes=np.full((2, 3), "text")), "array classes has shape"),
    "flat.npz": (archive(boxes=BOXES[..., 0], classes=CLASSES), "array boxes has shape (2, 3)"),
    "text-boxes.npz": (archive(boxes=BOXES.astype(str), classes=CLASSES), "array boxes has shape"),
    "no-boxes.npz": (archive(classes=CLASSES), "boxes"),
    "pickled.npz": (archive(boxes=np.array([{}, []], object), classes=CLASSES), "pickle"),
    "cut.npz": (archive(boxes=BOXES, classes=CLASSES)[:300], "can't be read"),
    "array.npz": (b"\x93NUMPY\x01\x00", "no .npz archive"),
    "cut.parquet": (parquet(TABLE)[:-40], "not a readable Parquet file"),
    "no-elements.parquet": (parquet(TABLE.drop_columns(["elements"])), "no column elements"),
    "no-ids.parquet": (parquet(TABLE.drop_columns(["row_id"])), "no column row_id"),
    "text-elements.parquet": (parquet(pa.table({"row_id": [KEY], "elements": ["[]"]})), "column elements is string"),
    "listed-ids.parquet": (parquet(pa.table({"row_id": [["a"]], "elements": [[]]})), "column row_id is list"),
    "twice.parquet": (parquet(pa.table([["a"], [[]], [[]]], ["row_id", "elements", "elements"])), "twice"),
    "half-px.parquet": (parquet(pa.table({"row_id": [KEY], "elements": [[]], "canvas_width": [1.5]})), "canvas_width"),
}  # fmt: skip


CONTENT = CONFIG.replace("content = false", "content = true")


@pytest.mark.parametrize(("model", "name"), [("border", border.VERSION), ("net", network.version())])
def test_subjects_are_found_by_the_finder_of_the_settings(bench: Bench, model: str, name: str) -> None:
    bench.put("a.jpg", encoded(photo()))
    whole = [0.0, 0.0, 1.0, 1.0]
    bench.write("photo.jsonl", [{**ROW, "image": str(bench.folder / "a.jpg"), "crop": whole, "picture": whole}])
    (bench.folder / "evaluate.toml").write_text(f'{CONTENT}[score.saliency]\nmodel = "{model}"\n')
    code, said, report = bench.run("--layouts", "photo.jsonl")
    assert code == 0, said
    assert report["saliency"] == name
    assert report["protocols"]["ralf"]["metrics"]["occlusion"]["rows"] == 1


def test_a_finder_that_is_no_file_is_refused_before_scores_are_replaced(bench: Bench) -> None:
    (bench.folder / "evaluate.toml").write_text(f'{CONTENT}[score.saliency]\nmodel = "gone.onnx"\n')
    code, said, _ = bench.run("--layouts", "good.jsonl")
    assert code == 2
    assert "score.saliency.model = 'gone.onnx' can't be read (No such file or directory); give `net`" in said


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_set_of_layouts_is_refused_in_one_sentence(bench: Bench, name: str) -> None:
    data, message = REFUSED[name]
    bench.put(name, data)
    for code, said, _ in bench.scored(name):
        assert code == 2 and said.count("\n") == 0, said
        assert name in said and message in said, said


BAD_ROWS = {
    "canvas_size_not_positive": [{"canvas_width": 0}, {"canvas_height": -3}, {"canvas_width": 2**31 - 1}],
    "no_elements": [{"elements": None}],
    "element_box_not_finite": [{"elements": [{**ELEMENT, "box": [NAN, 0, 1, 1]}]},
                               {"elements": [{**ELEMENT, "box": [0, 0, INF, 1]}]}, {"elements": [None]}],
    "element_role_unknown": [{"elements": [{**ELEMENT, "role": "Text"}]}, {"elements": [{**ELEMENT, "role": None}]}],
    "element_colour_unknown": [{"elements": [{**ELEMENT, "colour": "red"}]}],
    "element_alignment_unknown": [{"elements": [{**ELEMENT, "alignment": "middle"}]}],
    "element_letters_not_finite": [{"elements": [{**ELEMENT, "opacity": NAN}]},
                                   {"elements": [{**ELEMENT, "font_px": -1}]},
                                   {"elements": [{**ELEMENT, "lines": [None]}]}],
    "font_unknown": [{"elements": [{**ELEMENT, "font": "Nobody-Bold"}]}],
}  # fmt: skip


@pytest.mark.parametrize(("reason", "change"), [(name, one) for name, some in BAD_ROWS.items() for one in some])
def test_a_row_that_cannot_be_measured_is_counted_with_its_reason(
    bench: Bench, reason: str, change: dict[str, Any]
) -> None:
    bench.write("holes.jsonl", [ROW, {**ROW, "row_id": "bad", **change}])
    code, said, report = bench.run("--layouts", "holes.jsonl")
    assert code == 0, said
    assert report["layouts"]["evaluated"] == 2 and report["exclusions"][reason] == 1
    whole = bench.run("--layouts", "good.jsonl")[2]["protocols"]["own"]["metrics"]
    for name in ("count_error", "overflow"):  # of the good row alone: a failure is no score
        assert report["protocols"]["own"]["metrics"][name]["value"] == whole[name]["value"]


def test_posters_without_a_size_are_excluded_and_counted(bench: Bench) -> None:
    bench.write("holes.jsonl", [POSTER, {**POSTER, "file": "b.jpg", "width": 0, "height": 0}])
    code, said, report = bench.run("--layouts", "holes.jsonl")
    assert code == 0 and report["exclusions"]["canvas_size_not_positive"] == 1, said
    code, said, report = bench.run("--layouts", "good.jsonl", "--reference", "holes.jsonl")
    assert code == 0 and report["distribution"]["excluded"] == {"layouts": 0, "reference": 1}, said


@pytest.mark.parametrize(
    "change",
    [{"width": 0}, {"height": -5}, {"width": NAN}, {"height": INF}, {"texts": [{"text": "x", "box": [9, 9, 9, 20]}]},
     {"texts": [{"text": "x", "box": [NAN, 0, 5, 5]}]}, {"texts": [{"text": "x", "box": [50, 50, 10, 10]}]}],
)  # fmt: skip
def test_a_marked_poster_that_cannot_be_compared_is_in_no_number(bench: Bench, change: dict[str, Any]) -> None:
    bench.write("holes.jsonl", [POSTER, {**POSTER, **change}])
    code, said, report = bench.run("--task", "annotation", "--layouts", "read.parquet", "--reference", "holes.jsonl")
    assert code == 0 and report["images"] == 1, said
    assert [one["line"] for one in report["excluded"]] == [2]
    assert report["results"]["placed lines, IoU 0.5"]["f1"]["value"] == 1


def test_an_annotation_that_failed_is_no_score_of_zero(bench: Bench) -> None:
    rows = [{"row_id": "1", "image": "/x/a.jpg", "elements": [], "text_lines": None},
            {"row_id": "2", "image": "/x/b.jpg", "elements": [], "text_lines": [LINE]}]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), bench.folder / "some.parquet")
    bench.write("two.jsonl", [POSTER, {**POSTER, "file": "b.jpg"}])
    code, said, report = bench.run("--task", "annotation", "--layouts", "some.parquet", "--reference", "two.jsonl")
    assert code == 0 and [one["file"] for one in report["excluded"]] == ["a.jpg"], said
    assert report["results"]["read lines, IoU 0.5"]["f1"]["value"] == 1


@pytest.mark.parametrize(
    "change",
    [{"texts": None}, {"texts": [None]}, {"texts": [{"box": [1, 2, 3, 4]}]}, {"texts": [{"text": "x", "box": "1234"}]},
     {"width": None}, {"width": "wide"}, {"width": 10**400},
     {"texts": [{"text": "x", "box": [0, 0, 9, 9], "role": 5}]}],
)  # fmt: skip
def test_a_line_that_is_no_marked_poster_is_named(bench: Bench, change: dict[str, Any]) -> None:
    bench.write("wrong.jsonl", [POSTER, {**POSTER, **change}])
    code, said, _ = bench.run("--task", "annotation", "--layouts", "read.parquet", "--reference", "wrong.jsonl")
    assert code == 2 and "wrong.jsonl: line 2" in said


def test_text_lines_without_a_box_are_named(bench: Bench) -> None:
    for line in ({**LINE, "box": None}, {"text": "x"}):
        rows = [{"row_id": "1", "image": "/x/a.jpg", "elements": [], "text_lines": [line]}]
        pq.write_table(pa.Table.from_pylist(rows), bench.folder / "some.parquet")
        code, said, _ = bench.run("--task", "annotation", "--layouts", "some.parquet", "--reference", "posters.jsonl")
        assert code == 2 and "text_lines of /x/a.jpg" in said


def test_an_array_of_rows_in_one_file_is_a_table_too(bench: Bench) -> None:
    for name in ("rows.json", "rows.jsonl"):
        bench.put(name, json.dumps([ROW, {**ROW, "row_id": "b"}], indent=1).encode())
        assert bench.run("--layouts", name)[2]["layouts"]["evaluated"] == 2


def test_names_of_published_layouts_are_texts(bench: Bench) -> None:
    bench.put("bytes.npz", archive(boxes=BOXES, classes=CLASSES, names=np.array([b"a.png", b"b.png"])))
    code, said, _ = bench.run("--layouts", "bytes.npz")
    assert code == 0, said
    parts = sorted((bench.folder / "e" / "scores").glob("*.parquet"))
    assert pq.read_table(parts).column("row_id").to_pylist() == ["a.png", "b.png"]


def test_rows_without_a_key_are_named_by_their_place_and_repeated_ones_counted(bench: Bench) -> None:
    bench.write("keys.jsonl", [{**ROW, "row_id": None}, ROW, ROW])
    code, said, report = bench.run("--layouts", "keys.jsonl")
    assert code == 0 and report["layouts"]["repeated_row_ids"] == 1, said
    parts = sorted((bench.folder / "e" / "scores").glob("*.parquet"))
    assert "keys.jsonl#1" in pq.read_table(parts).column("row_id").to_pylist()


def test_columns_of_other_engines_are_read_as_the_contracts(bench: Bench) -> None:
    table = pa.table(
        {
            "row_id": pa.array([7], pa.int64()),
            "elements": pa.array([[ELEMENT]]),
            "canvas_width": pa.array([600.0]),
            "canvas_height": pa.array([800], pa.int64()),
            "title": pa.array(["Vase"]).dictionary_encode(),
            "category": pa.array([3]),
        }
    )
    bench.put("engine.parquet", parquet(table))
    for code, said, _ in bench.scored("engine.parquet")[:2]:
        assert code == 0, said


def test_the_worst_rows_of_a_table_of_few_columns_are_drawn_or_left_without_a_picture(bench: Bench) -> None:
    (bench.folder / "evaluate.toml").write_text("[report]\nresamples = 100\nworst = 5\n")
    (bench.folder / "a.jpg").write_bytes(encoded(photo(120, 160)))
    shown = {"image": str(bench.folder / "a.jpg"), "crop": [0, 0, 1, 1], "picture": [0, 0, 1, 1], "canvas_width": 120,
             "canvas_height": 160}  # fmt: skip
    logo = {"role": "logo", "box": [0.5, 0.5, 0.9, 0.9], "text": "", "lines": []}
    changes: list[dict[str, Any]] = [
        {}, {"image": "/nowhere/gone.jpg"}, {"crop": [0, NAN, 1, 1]},
        {"elements": [{**ELEMENT, "font": "Nobody-Bold"}]}, {"elements": [ELEMENT, logo]},
        {"canvas_width": 0}, {"backdrop": "white"},
    ]  # fmt: skip
    rows = [
        {"row_id": f"p{i}", "elements": [ELEMENT], "backdrop": None, **shown, **change}
        for i, change in enumerate(changes)
    ]
    bench.put("few.parquet", parquet(pa.Table.from_pylist(rows)))
    code, said, report = bench.run("--layouts", "few.parquet")
    assert code == 0 and report["layouts"]["evaluated"] == len(rows), said
    expected = {"image_not_found": 1, "framing_not_usable": 2, "font_unknown": 1, "canvas_size_not_positive": 1}
    assert expected.items() <= report["exclusions"].items()


def test_a_font_of_the_settings_that_is_none_is_refused(bench: Bench) -> None:
    bench.put("broken.ttf", b"no font")
    with (bench.folder / "evaluate.toml").open("a") as file:
        file.write(f"fonts = [{json.dumps(str(bench.folder / 'broken.ttf'))}]\n")
    code, said, _ = bench.run("--layouts", "good.jsonl")
    assert code == 2 and "broken.ttf" in said and "font" in said


def test_an_edit_of_a_layout_without_boxes_is_counted_and_not_measured(bench: Bench) -> None:
    bench.write("holes.jsonl", [{**ROW, "elements": [{**ELEMENT, "box": None}]}, {**ROW, "row_id": "b"}])
    bench.write("said.jsonl", [SAID, {**SAID, "row_id": "b"}])
    code, said, report = bench.adopted("holes.jsonl")
    assert code == 0 and report["overall"]["edit"] == 2, said
    assert (report["edits"]["rows"], report["edits"]["unmeasured"]) == (1, 1)


# Values that take the place of a field's, at any depth.
odd = st.sampled_from(
    [None, True, 0, -1, 0.5, NAN, INF, 10**30, "", "x", "\ud800", "é", [], [None], {}, {"a": 1}, [[1]]]
)


@st.composite
def mutated(draw: st.DrawFn, row: Any) -> Any:
    """A row with up to three of its values, keys or items changed, dropped or doubled."""
    row = json.loads(json.dumps(row))
    for _ in range(draw(st.integers(0, 3))):
        places: list[tuple[Any, Any]] = []
        walk = [row]
        while walk:
            here = walk.pop()
            inner = list(here.items()) if isinstance(here, dict) else list(enumerate(here))
            places += [(here, key) for key, _ in inner]
            walk += [value for _, value in inner if isinstance(value, dict | list)]
        if not places:
            break
        here, key = draw(st.sampled_from(places))
        match draw(st.integers(0, 2)):
            case 0:
                here[key] = deepcopy(draw(odd))
            case 1:
                del here[key]
            case _ if isinstance(here, list):
                here.append(deepcopy(here[key]))
    return row


@st.composite
def files(draw: st.DrawFn, row: dict[str, Any]) -> tuple[str, bytes]:
    """A file of a few mutated rows: lines, an array or Parquet; perhaps cut or with a byte changed."""
    rows = draw(st.lists(mutated(row), max_size=3))
    form = draw(st.sampled_from(["rows.jsonl", "rows.json", "rows.parquet"]))
    data = "".join(json.dumps(one) + "\n" for one in rows).encode()
    if form == "rows.json":
        data = json.dumps(rows).encode()
    if form == "rows.parquet":
        try:
            data = parquet(pa.Table.from_pylist(rows))
        except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
            form = "rows.jsonl"
    if data and draw(st.booleans()):
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] if draw(st.booleans()) else data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
    return form, data


few = settings(
    max_examples=examples(8, soak=100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@few
@given(files(ROW) | files(POSTER))
def test_any_file_of_layouts_is_scored_or_refused(bench: Bench, file: tuple[str, bytes]) -> None:
    name, data = file
    bench.put(name, data)
    for code, said, report in [*bench.scored(name), bench.adopted(name)]:
        assert code in (0, 2), said
        assert (code == 2) == bool(said) and "\n" not in said
        if report.get("layouts", {}).get("source", "").endswith(name) and "evaluated" in report["layouts"]:
            assert report["layouts"]["evaluated"] == report["layouts"]["rows"]


@few
@given(files(SAID))
def test_any_feedback_is_decided_counted_or_refused(bench: Bench, file: tuple[str, bytes]) -> None:
    name, data = file
    bench.put(name, data)
    code, said, report = bench.run("--task", "adoption", "--layouts", "good.jsonl", "--feedback", name)
    assert code in (0, 2) and (code == 2) == bool(said), said
    if code == 0:
        assert report["overall"]["decided"] + sum(report["problems"].values()) == report["feedback"]["rows"]


@few
@given(files(POSTER))
def test_any_reference_of_posters_is_compared_counted_or_refused(bench: Bench, file: tuple[str, bytes]) -> None:
    name, data = file
    bench.put(name, data)
    code, said, report = bench.run("--task", "annotation", "--layouts", "read.parquet", "--reference", name)
    assert code in (0, 2) and (code == 2) == bool(said), said
    if code == 0:
        assert report["images"] + len(report["not_annotated"]) + len(report["excluded"]) > 0


@few
@given(st.data())
def test_any_archive_of_published_layouts_is_scored_or_refused(bench: Bench, data: st.DataObject) -> None:
    whole = archive(boxes=BOXES, classes=CLASSES, names=np.array(["a", "b"]))
    at = data.draw(st.integers(0, len(whole) - 1))
    put = b"" if data.draw(st.booleans()) else data.draw(st.binary(min_size=1, max_size=4)) + whole[at + 4 :]
    bench.put("some.npz", whole[:at] + put)
    code, said, _ = bench.run("--layouts", "some.npz")
    assert code in (0, 2) and (code == 2) == bool(said), said


MARKED_SIDEWAYS: dict[int, list[int]] = {6: [80, 78, 136, 564], 8: [664, 36, 720, 522]}
"""POSTER's box, on the picture as its file stores it: 800 x 600 px."""


@pytest.mark.parametrize("turned", [6, 8, None])
def test_marks_on_a_picture_as_it_is_stored_are_turned_as_the_picture_is(bench: Bench, turned: int | None) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned or 1
    uri = str(bench.folder / bench.put("a.jpg", encoded(photo(800, 600), exif=exif)))
    size = {"image_width": 600, "image_height": 800}
    read = [{"row_id": "1", "image": uri, "elements": [], "text_lines": [LINE], **size}]
    pq.write_table(pa.Table.from_pylist(read), bench.folder / "read.parquet")
    stored = {**POSTER, "width": 800, "height": 600, "texts": [{"text": "Sale", "box": MARKED_SIDEWAYS[turned or 6]}]}
    bench.write("stored.jsonl", [stored])
    marks = ("--task", "annotation", "--layouts", "read.parquet", "--reference")
    code, said, report = bench.run(*marks, "stored.jsonl")
    assert code == 0, said
    if turned is None:
        assert "its marks are on 800 x 600 px" in report["excluded"][0]["reason"]
    else:
        assert report["results"] == bench.run(*marks, "posters.jsonl")[2]["results"]
        assert report["results"]["placed lines, IoU 0.75"]["f1"]["value"] == 1
