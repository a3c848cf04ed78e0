"""Tables and feedback become a data set; whatever does not is counted."""

import json
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.config.training import ExamplesConfig
from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.feedback import Feedback, write
from layoutgen.core.layout import Role
from layoutgen.io.storage import Storage
from layoutgen.io.tables.layout_tables import TableError
from layoutgen.streaming import in_process
from layoutgen.training import gathering
from layoutgen.training.data.datasets import read_snapshot
from layoutgen.training.examples.about import SPLITS, DataSetError
from layoutgen.training.examples.examples import Drop, from_layouts
from layoutgen.training.examples.selection import select
from tests.drawn import encoded, photo

gather = partial(gathering.gather, stream=in_process)
CONFIG = ExamplesConfig.model_validate({"select": {"shares": [0.5, 0.25, 0.25]}})


def layout(folder: Path, number: int, **more: Any) -> dict[str, Any]:
    image = folder / f"{number}.jpg"
    image.write_bytes(encoded(photo(40, 40, number)))
    title = {"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.5 + number / 100, 0.2]}
    price = {"role": "price", "text": "$12", "box": [0.1, 0.8, 0.3, 0.86]}
    return {
        "row_id": f"v{number}", "run_id": "r", "product_id": f"v{number}", "image": str(image),
        "image_sha256": f"s{number}", "canvas_width": 800, "canvas_height": 800, "title": "Vase",
        "selling_points": ["$12"], "elements": [title, price], "status": "ok", "application": "poster",
    } | more  # fmt: skip


def decide(row: dict[str, Any], decision: str, annotator: str = "Mei", run_id: str = "r") -> Feedback:
    elements = None
    if decision == "edit":
        elements = (EditedElement(Role.TITLE, "Vase", (0.1, 0.4, 0.6, 0.5)),)
    return Feedback(row["row_id"], run_id, decision, annotator, datetime(2026, 11, 1, tzinfo=UTC), elements)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A table of three files, and feedback on most of it."""
    rows = [layout(tmp_path, number) for number in range(24)]
    rows[22]["application"] = "video_cover"
    table = tmp_path / "table"
    table.mkdir()
    for k in range(3):
        pq.write_table(pa.Table.from_pylist(rows[8 * k : 8 * k + 8]), table / f"part-{k:05d}.parquet")
    said = [decide(row, "adopt") for row in rows[:16]] + [decide(row, "edit") for row in rows[16:19]]
    said += [decide(rows[19], "reject"), decide(rows[20], "adopt"), decide(rows[20], "reject", "Jo")]
    said += [decide(rows[21], "adopt", run_id="another run")]
    (tmp_path / "feedback.jsonl").write_text(write(said) + "no JSON\n", encoding="utf-8")
    return tmp_path


def made(shop: Path, output: str = "sets", config: ExamplesConfig = CONFIG) -> dict[str, Any]:
    given = {"layouts": str(shop / "table"), "decisions": str(shop / "feedback.jsonl")}
    return gather(config, str(shop / output), **given)


def test_what_designers_adopted_and_edited_is_learnt_and_all_else_is_counted(shop: Path) -> None:
    (shop / "3.jpg").unlink()
    summary = made(shop)
    assert summary["by_source"] == {"adopt": 15, "edit": 3}
    assert summary["preferences"] == 3
    assert summary["dropped"] == {
        "contradicted": 1, "cover": 1, "edited": 3, "image_gone": 1, "rejected": 1, "undecided": 2, "unknown_row": 1,
        "unreadable": 1,
    }  # fmt: skip
    data = read_snapshot(Storage(), summary["data"])
    assert (data.sha, len(data)) == (summary["sha"], 18)
    assert Counter({split: len(data.splits[split]) for split in SPLITS}) == Counter(summary["by_split"])
    assert not list((shop / "sets").glob("_making/*/*")), "what was in the making is gone"


def test_choices_between_two_layouts_are_pairs(shop: Path) -> None:
    """Of a layout of the table and another run's: one that counts, a tie, one about no layout of it, and no JSON."""
    elements = layout(shop, 23)["elements"]
    moved = [{**element, "box": [0.5, 0.5, 0.9, 0.9]} for element in elements]
    row_id, whole = "v23", [0, 0, 1, 1]
    sides = [
        {"row_id": row_id, "run_id": "r", "elements": elements},
        {"row_id": row_id, "run_id": "q", "elements": moved},
    ]
    sides = [{**side, "crop": whole, "picture": whole} for side in sides]
    about = {"row_id": row_id, "annotator": "Mei", "time": "2026-11-02T09:00:00Z"}
    foreign = [{**side, "row_id": "gone"} for side in sides]
    lines = [
        {**about, "chosen": sides[0], "rejected": sides[1]},
        {**about, "tie": sides, "annotator": "Jo"},
        {**about, "chosen": foreign[0], "rejected": foreign[1]},
    ]
    (shop / "preferences.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines) + "no JSON\n")
    given = {"layouts": str(shop / "table"), "decisions": str(shop / "feedback.jsonl")}
    summary = gather(CONFIG, str(shop / "sets"), preferences=str(shop / "preferences.jsonl"), **given)
    assert summary["by_source"] == {"adopt": 16, "edit": 3, "preference": 1}
    assert summary["preferences"] == 4
    assert (summary["dropped"]["tie"], summary["dropped"]["unknown_row"], summary["dropped"]["unreadable"]) == (1, 2, 2)
    assert str(shop / "preferences.jsonl") in json.loads((Path(summary["data"]) / "card.json").read_text())["sources"]


def test_it_is_the_data_set_that_one_process_would_make(shop: Path) -> None:
    rows = [row for file in sorted((shop / "table").iterdir()) for row in pq.read_table(file).to_pylist()]
    said, errors = gathering.read_feedback(Storage(), str(shop / "feedback.jsonl"))
    here = select(from_layouts(rows, said), shares=(0.5, 0.25, 0.25))
    summary = made(shop)
    assert summary["sha"] == here.sha
    assert read_snapshot(Storage(), summary["data"]).splits == here.splits
    assert Counter(summary["dropped"]) == Counter([drop.reason for drop in here.drops] + ["unreadable"] * len(errors))
    assert isinstance(here.drops[0], Drop)


def test_the_same_tables_give_the_same_folder_and_examples_in_two_files_are_one(shop: Path) -> None:
    first = made(shop)
    again = pq.read_table(shop / "table" / "part-00000.parquet").to_pylist()
    for row in again:
        row["row_id"] += "-again"
        row["accepted"] = True
    pq.write_table(pa.Table.from_pylist(again), shop / "table" / "part-00009.parquet")
    second = made(shop, "others")
    assert second["sha"] == first["sha"]
    assert second["dropped"]["duplicate"] == 8
    card = json.loads((Path(second["data"]) / "card.json").read_text())
    assert card["dropped_messages"]["duplicate"][0] == "v0-again says what another example says"


@pytest.mark.parametrize("card", ["is there", "is not there yet"])
def test_the_same_rows_in_other_files_are_the_same_data_set_in_the_same_folder(shop: Path, card: str) -> None:
    first = made(shop)
    if card == "is not there yet":  # as where the first attempt was killed
        (Path(first["data"]) / "card.json").unlink()
    rows = [row for file in sorted((shop / "table").iterdir()) for row in pq.read_table(file).to_pylist()]
    for file in (shop / "table").iterdir():
        file.unlink()
    pq.write_table(pa.Table.from_pylist(rows), shop / "table" / "part-00000.parquet")
    again = made(shop)
    assert again["data"] == first["data"]
    assert again["by_split"] == first["by_split"]
    assert len(read_snapshot(Storage(), again["data"])) == first["examples"]


def test_undecided_layouts_are_learnt_where_the_settings_say_so(shop: Path) -> None:
    config = CONFIG.model_copy(update={"select": CONFIG.select.model_copy(update={"take_undecided": True})})
    assert made(shop, config=config)["by_source"] == {"adopt": 16, "edit": 3, "layout": 2}


def test_what_can_not_be_learnt_from_leaves_no_card(shop: Path) -> None:
    (shop / "feedback.jsonl").write_text("")
    with pytest.raises(DataSetError, match=r"the data set is empty \(dropped: 1 cover, 23 undecided\)"):
        made(shop)
    assert not list((shop / "sets").rglob("card.json"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "nothing to learn from; give --layouts"),
        ({"decisions": "f.jsonl"}, "is about layouts; name their table with --layouts"),
        ({"annotations": "{shop}/feedback.jsonl"}, "is no job's table; give a job's output"),
        ({"layouts": "{shop}/0.parquet"}, "no layout table at"),
    ],
)
def test_what_is_no_table_is_told(shop: Path, given: dict[str, str], message: str) -> None:
    named = {name: value.format(shop=shop) for name, value in given.items()}
    with pytest.raises(TableError, match=message):
        gather(CONFIG, str(shop / "sets"), **named)
