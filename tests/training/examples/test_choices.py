"""Choices between two layouts of a row as examples with a rejected answer."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.config.training import ExamplesConfig
from layoutgen.core.preferences import check
from layoutgen.io.storage import Storage
from layoutgen.streaming import in_process
from layoutgen.training.data.datasets import read_snapshot
from layoutgen.training.examples.choices import from_choices, latest
from layoutgen.training.examples.examples import Drop, Example
from layoutgen.training.gathering import gather
from tests.training.test_gathering import layout

MOVED = [{"role": "title", "text": "Vase", "box": [0.1, 0.4, 0.6, 0.5]},
         {"role": "price", "text": "$12", "box": [0.1, 0.6, 0.3, 0.66]}]  # fmt: skip


def choice(row: dict[str, Any], *, wins: bool = True, **changes: Any) -> dict[str, Any]:
    """The row's layout and another run's: which of them is better."""
    ours = {"row_id": row["row_id"], "run_id": "r", "elements": row["elements"]}
    other = {"row_id": row["row_id"], "run_id": "older", "elements": MOVED}
    sides = {"chosen": ours, "rejected": other} if wins else {"chosen": other, "rejected": ours}
    about = {"row_id": row["row_id"], "size": [800, 800], "annotator": "Mei", "time": "2026-11-30T09:00:00Z"}
    return {**about, **sides, **changes}


def examples(rows: list[dict[str, Any]], choices: list[dict[str, Any]]) -> list[Example | Drop]:
    settled, drops = latest([check(one) for one in choices])
    return [*from_choices(rows, settled), *drops]


def test_the_better_layout_is_learnt_and_the_other_is_rejected(tmp_path: Path) -> None:
    row = layout(tmp_path, 1)
    (example,) = examples([row], [choice(row)])
    assert isinstance(example, Example) and (example.source, example.annotator) == ("preference", "Mei")
    assert example.target[0].box == (0.1, 0.1, 0.51, 0.2)
    assert example.rejected is not None and example.rejected[0].box == (0.1, 0.4, 0.6, 0.5)
    (example,) = examples([row], [choice(row, wins=False)])  # of a run that the table has not: its copy is the row's
    assert isinstance(example, Example) and example.target[0].box == (0.1, 0.4, 0.6, 0.5)


def test_two_variants_of_a_table_are_one_example(tmp_path: Path) -> None:
    first, second = layout(tmp_path, 1), {**layout(tmp_path, 1), "row_id": "v1@v1", "elements": MOVED}
    said = choice(first)
    said["rejected"] = {**said["rejected"], "row_id": "v1@v1", "run_id": "r"}
    assert [one.row_id for one in examples([first, second], [said])] == ["v1"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ([{"tie": [{"row_id": "v1", "run_id": run, "elements": MOVED} for run in "rs"], "chosen": None,
           "rejected": None}], ["tie"]),
        ([{}, {"wins": False, "annotator": "Jo"}], ["contradicted", "contradicted"]),
        ([{}, {"annotator": "Jo"}], []),
    ],
)  # fmt: skip
def test_what_is_no_preference_is_counted(tmp_path: Path, changes: list[dict[str, Any]], reason: list[str]) -> None:
    row = layout(tmp_path, 1)
    found = examples([row], [choice(row, **change) for change in changes])
    assert [one.reason for one in found if isinstance(one, Drop)] == reason
    assert sum(isinstance(one, Example) for one in found) == (not reason)


def test_layouts_of_other_framings_cannot_be_held_against_each_other(tmp_path: Path) -> None:
    row = layout(tmp_path, 1)
    said = choice(row)
    said["rejected"]["crop"] = [0.1, 0, 1, 1]
    (drop,) = examples([row], [said])
    assert isinstance(drop, Drop) and drop.reason == "other_framing" and "crop is" in drop.message


def test_the_job_makes_them_preferences_of_a_data_set(tmp_path: Path) -> None:
    rows = [layout(tmp_path, number) for number in range(12)]
    (tmp_path / "table").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "table" / "part-00000.parquet")
    said = [choice(row) for row in rows[:10]]
    said += [choice(layout(tmp_path, 20)), choice(rows[1], annotator="Jo", wins=False)]
    (tmp_path / "preferences.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in said) + "nothing\n")
    config = ExamplesConfig.model_validate({"select": {"shares": [0.5, 0.25, 0.25]}})
    given = {"layouts": str(tmp_path / "table"), "preferences": str(tmp_path / "preferences.jsonl")}
    summary = gather(config, str(tmp_path / "sets"), stream=in_process, **given)
    assert (summary["by_source"], summary["preferences"]) == ({"preference": 9}, 9)
    assert summary["dropped"] == {"contradicted": 2, "undecided": 12, "unknown_row": 1, "unreadable": 1}
    data = read_snapshot(Storage(), summary["data"])
    assert all(example.rejected for split in data.splits.values() for example in split)
