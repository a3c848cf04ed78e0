"""A table refined by feedback: edits kept to the pixel, changes carried, all else as it was, nights that keep it."""

import hashlib
import json
from pathlib import Path

import pytest

from jobs import refine
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.runs import completion
from layoutgen.runs import run as running
from layoutgen.stages import guard, write
from layoutgen.streaming import in_process
from layoutgen.tables import read
from tests.chaos.quick import SETTINGS, Crash, night
from tests.drawn import encoded, photo
from tests.pipeline.runs import write_manifest

CANVASES = ["320x320", "320x480", "480x320"]
TIME = "2026-11-30T12:00:00Z"


@pytest.fixture
def shop(tmp_path):
    """A manifest of three products on three canvases, and its table."""
    (tmp_path / "vase.jpg").write_bytes(encoded(photo(320, 240)))
    return Shop(tmp_path)


class Shop:
    def __init__(self, folder):
        self.folder, self.root = folder, str(folder / "table")
        self.rows = [
            {
                "product_id": p,
                "image": "vase.jpg",
                "title": f"Vase {p}",
                "canvases": CANVASES,
                "series": s,
                "category": "v",
            }
            for p, s in (("a", "spring"), ("b", "spring"), ("c", "autumn"))
        ]
        self.night(run_id="one")

    def night(self, config=SETTINGS, **more):
        source = write_manifest(self.folder, self.rows)
        return night(source, self.root, config=config, **more)

    def table(self):
        return {row["row_id"]: row for row in read(self.root).to_pylist()}

    def say(self, *decisions):
        file = self.folder / "feedback.jsonl"
        lines = [{"annotator": "Mei", "time": TIME, "run_id": "one", **decision} for decision in decisions]
        file.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines))
        return str(file)

    def refine(self, capsys, *decisions, like="product"):
        feedback = self.say(*decisions)
        code = refine.main(["--layouts", self.root, "--feedback", feedback, "--like", like], in_process)
        out = capsys.readouterr()
        return code, json.loads(out.out.splitlines()[-1]) if code < 2 else out.err


def moved(row, down, **changes):
    """An edit of a row whose title stands `down` px lower."""
    return {
        "row_id": row["row_id"],
        "run_id": row["run_id"],
        "decision": "edit",
        "elements": [
            {"role": e["role"], "text": e["text"], "was": i, "box": lower(row, e["box"], down), **changes}
            for i, e in enumerate(row["elements"])
        ],
    }


def lower(row, box, down):
    by = down / row["canvas_height"]
    return [box[0], box[1] + by, box[2], box[3] + by]


def top(row):
    return row["elements"][0]["box"][1] * row["canvas_height"]


def test_an_edit_is_kept_to_the_pixel_and_carried_to_the_products_other_canvases(shop, capsys):
    before = shop.table()
    code, summary = shop.refine(capsys, moved(before["a@320x320"], 200))
    after = shop.table()
    assert code == 0 and (summary["refined"], summary["exact"], summary["carried"]) == (3, 1, 2)
    assert abs(top(after["a@320x320"]) - top(before["a@320x320"]) - 200) < 0.01
    for canvas in CANVASES[1:]:
        assert top(after[f"a@{canvas}"]) > 0.6 * after[f"a@{canvas}"]["canvas_height"]
        assert "as Mei edited a@320x320" in after[f"a@{canvas}"]["notes"][-1]
    others = [row_id for row_id in before if row_id[0] != "a"]
    assert len(others) == 6 and all(before[row_id] == after[row_id] for row_id in others)


def test_files_without_a_refined_row_are_the_same_bytes(shop, capsys):
    def files():
        newest = published_runs.current(Storage(), shop.root)
        parts = sorted(Path(shop.root, "snapshots", newest).glob("part-*.parquet"))
        return {part.name: hashlib.sha256(part.read_bytes()).hexdigest() for part in parts}

    shop.rows += [{**shop.rows[0], "product_id": f"d{i}", "series": None} for i in range(9)]
    shop.night()
    before = files()
    shop.refine(capsys, moved(shop.table()["a@320x320"], 100))
    after = files()
    assert len(before) > 1 and sum(before[name] != after[name] for name in before) == 1


def test_a_series_or_a_category_is_changed_where_that_is_asked_for(shop, capsys):
    asked = {"row_id": "a@320x320", "decision": "reject", "instruction": "title bigger"}
    before = shop.table()
    shop.refine(capsys, asked, like="series")
    after = shop.table()
    changed = {row_id for row_id in before if before[row_id] != after[row_id]}
    assert changed == {f"{p}@{c}" for p in "ab" for c in CANVASES}
    code, summary = shop.refine(capsys, asked, like="category")
    assert code == 0 and summary["followed_before"] == 1 and shop.table() == after


def test_words_go_to_the_products_layouts_and_to_no_others(shop, capsys):
    before = shop.table()
    edit = moved(before["a@320x320"], 0, text="Sale")
    shop.refine(capsys, edit, like="category")
    after = shop.table()
    assert {after[f"a@{canvas}"]["elements"][0]["text"] for canvas in CANVASES} == {"Sale"}
    assert after["b@320x320"]["elements"] == before["b@320x320"]["elements"]
    assert "words are the product's own" in after["b@320x320"]["notes"][-1]


def test_feedback_on_a_table_that_has_changed_since_is_told_by_row(shop, capsys):
    row = shop.table()["a@320x320"]
    code, summary = shop.refine(
        capsys,
        {**moved(row, 50), "run_id": "before"},
        {**moved(row, 50), "row_id": "z@320x320"},
        {"row_id": "b@320x320", "decision": "reject", "instruction": "title bigger, title smaller"},
        {"row_id": "c@320x320", "decision": "reject", "instruction": "make it pop"},
    )
    assert code == 0 and summary["refined"] == 0
    assert summary["refused"] == {"changed_since": 1, "unknown_row": 1, "not_understood": 2}
    told = {refused["row_id"]: refused["message"] for refused in summary["refused_first"]}
    assert "decide again" in told["a@320x320"] and "'pop' is not understood" in told["c@320x320"]
    assert "contradict" in told["b@320x320"] and summary["run_id"] == "one"


def test_a_newer_decision_of_somebody_who_adopts_is_left_alone(shop, capsys):
    before = shop.table()
    adopted = {"row_id": "a@320x480", "decision": "adopt", "annotator": "Wei"}
    shop.refine(capsys, moved(before["a@320x320"], 100), adopted)
    after = shop.table()
    assert after["a@320x480"] == before["a@320x480"] and after["a@480x320"] != before["a@480x320"]


def test_the_same_command_again_changes_nothing(shop, capsys):
    edit = moved(shop.table()["a@320x320"], 100)
    _, first = shop.refine(capsys, edit)
    after = shop.table()
    code, second = shop.refine(capsys, edit)
    assert code == 0 and second["followed_before"] == 1 and second["run_id"] == first["run_id"]
    assert shop.table() == after


def test_a_night_without_changes_carries_refined_rows_over(shop, capsys):
    shop.refine(capsys, moved(shop.table()["a@320x320"], 100))
    after = shop.table()
    summary = shop.night()
    assert (summary["unchanged"], summary["computed"]) == (9, 0)
    assert shop.table() == after


def test_a_night_with_another_setting_does_the_edit_again_in_the_new_layout(shop, capsys):
    before = shop.table()
    shop.refine(capsys, moved(before["a@320x320"], 150))
    edited = shop.table()["a@320x320"]
    place = SETTINGS.place.model_copy(update={"min_contrast": 5.0})
    summary = shop.night(SETTINGS.model_copy(update={"place": place}))
    assert summary["computed"] == 9
    after = shop.table()
    assert abs(top(after["a@320x320"]) - top(edited)) < 1
    assert any(note.startswith("refined as Mei edited") for note in after["a@320x320"]["notes"])
    assert top(after["a@320x480"]) > top(before["a@320x480"])
    assert after["b@320x320"]["refinement"] is None
    assert shop.night(SETTINGS.model_copy(update={"place": place}))["unchanged"] == 9


def test_a_night_with_another_title_keeps_where_it_stands(shop, capsys):
    shop.refine(capsys, moved(shop.table()["a@320x320"], 150))
    edited = shop.table()["a@320x320"]
    shop.rows[0]["title"] = "Jug a"
    shop.night()
    row = shop.table()["a@320x320"]
    assert row["elements"][0]["text"] == "Jug a" and abs(top(row) - top(edited)) < 12


@pytest.mark.parametrize(
    "at", ["after_plan", "during_shard", "data_written", "before_publish", "before_swap", "after_swap"]
)
def test_a_run_that_dies_goes_on_and_does_everything_once(shop, capsys, monkeypatch, at):
    edit = moved(shop.table()["a@320x320"], 100)
    died = []

    def point(name):
        if name == at and not died:
            died.append(name)
            raise Crash(name)

    for module in (running, completion, guard, write):
        monkeypatch.setattr(module, "crash_point", point)
    with pytest.raises(Crash):
        shop.refine(capsys, edit)
    code, summary = shop.refine(capsys, edit)
    after = shop.table()
    assert died == [at] and code == 0 and len(after) == 9
    assert summary["followed_before"] == (1 if at == "after_swap" else 0)
    assert sum(row["refinement"] is not None for row in after.values()) == 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"row_id": "a@320x320", "decision": "adopt", "instruction": "bigger"}, "adopted as it is"),
        ({"row_id": "a@320x320", "decision": "reject", "instruction": ""}, "instruction is ''"),
        ({"row_id": "a@320x320", "decision": "reject", "instruction": 7}, "instruction is 7"),
        ({"row_id": "a@320x320", "decision": "edit", "elements": []}, "elements is empty"),
    ],
)
def test_feedback_that_can_not_be_read_stops_the_job_by_its_line(shop, capsys, line, message):
    code, error = shop.refine(capsys, line)
    assert code == 2 and message in error and "line 1" in error


def test_another_output_and_another_kind_of_table_are_refused(shop, capsys, tmp_path):
    feedback = shop.say()
    arguments = ["--layouts", shop.root, "--feedback", feedback, "--output", str(tmp_path / "other")]
    assert refine.main(arguments, in_process) == 2
    assert "leave --output out" in capsys.readouterr().err
    assert refine.main(["--layouts", str(tmp_path), "--feedback", feedback], in_process) == 2
    assert "is no table" in capsys.readouterr().err
