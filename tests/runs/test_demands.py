"""Constraints of the manifest through whole nights: kept by the published layouts, or a dead letter that names them."""

import json
from pathlib import Path
from typing import Any

import pytest

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.demands import broken, read, texts_of
from layoutgen.core.layout import Copy
from layoutgen.core.rows import read_element
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.building import composers
from tests.chaos.quick import SETTINGS, night
from tests.drawn import encoded, photo

COMPOSER = composers.composer
COPY = {
    "title": "Vase",
    "selling_points": ["Light", "Strong"],
    "brand": "VALE",
    "price": "$9",
    "badge": "New",
    "call_to_action": "Buy",
}
CONFIG = LayoutsConfig.model_validate(SETTINGS.model_dump() | {"input": {"short_side": 640, "canvases": ["3:4"]}})


def lay_out(folder: Path, *demands: Any, **other: Any) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
    """The published rows and the faults of products with these demands, by product."""
    (folder / "a.jpg").write_bytes(encoded(photo(480, 640)))
    lines = [
        {"product_id": f"p{i}", "image": "a.jpg", "constraints": each, **COPY, **other}
        for i, each in enumerate(demands)
    ]
    (folder / "m.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    root = str(folder / "out")
    night(str(folder / "m.jsonl"), root, config=CONFIG, composer=COMPOSER)
    placed = {row["product_id"]: row for row in published_runs.read(Storage(), root).to_pylist()}
    letters = published_runs.read(Storage(), root, what="dead_letters").to_pylist()
    return placed, {row["product_id"]: (row["kind"], row["message"]) for row in letters}


def test_layouts_keep_what_is_demanded(tmp_path: Path) -> None:
    demands = [
        None,
        {"lock": {"price": [0.06, 0.76, 0.6, 0.95]}},
        {"absent": ["badge"], "above": [["title", "price"]]},
        {"free": [[0, 0, 1, 0.2]]},
        {"lock": {"title": [0.4, 0.4, 0.6, 0.46]}},
        {"same_size": [["title", "call_to_action"]], "left_of": [["badge", "price"]]},
        {"largest": {"price": [0.3, 0.04]}, "free": [[0.0, 0.4, 1.0, 0.9]]},
    ]
    placed, faults = lay_out(tmp_path, *demands)
    assert faults == {} and len(placed) == len(demands)
    copy = Copy("Vase", ("Light", "Strong"), "VALE", price="$9", badge="New", call_to_action="Buy")
    for i, each in enumerate(demands):
        elements = [read_element(element) for element in placed[f"p{i}"]["elements"]]
        wanted = read(each)
        assert broken(wanted, wanted.free, elements, texts_of(copy)) == []
    assert any("as the row demands: New" in note for note in placed["p2"]["notes"])


def test_copy_that_runs_from_right_to_left_keeps_the_same_boxes_and_sides(tmp_path: Path) -> None:
    demands = [
        {"lock": {"price": [0.06, 0.76, 0.5, 0.95]}},
        {"left_of": [["price", "badge"]], "free": [[0, 0, 0.4, 0.4]]},
    ]
    arabic = {"title": "مزهرية خفيفة", "language": "ar"}
    placed, faults = lay_out(tmp_path, *demands, **arabic)
    assert faults == {}
    copy = Copy(arabic["title"], ("Light", "Strong"), "VALE", price="$9", badge="New", call_to_action="Buy")
    for i, each in enumerate(demands):
        elements = [read_element(element) for element in placed[f"p{i}"]["elements"]]
        assert broken(read(each), read(each).free, elements, texts_of(copy)) == []


@pytest.mark.parametrize(
    ("demands", "kind", "message"),
    [
        ({"lock": {"price": [0, 0, 1.2, 1]}}, "bad_constraints", "no box on the canvas"),
        ({"present": ["badge"], "absent": ["badge"]}, "bad_constraints", "present badge and absent badge"),
        ({"present": ["disclaimer"]}, "constraint_missing", "ask for disclaimer"),
        ({"lock": {"title": [0.4, 0.4, 0.42, 0.415]}}, "constraint_broken", "lock title"),
        ({"lock": {"price": [0.1, 0, 0.9, 0.2]}, "above": [["title", "price"]],
          "smallest": {"title": [0, 0.3]}}, "contradiction", "title above price"),
    ],
)  # fmt: skip
def test_what_can_not_be_kept_is_a_dead_letter_that_names_it(
    tmp_path: Path, demands: Any, kind: str, message: str
) -> None:
    placed, faults = lay_out(tmp_path, demands, None)
    assert list(placed) == ["p1"], "its neighbour is not affected"
    assert faults["p0"][0] == kind and message in faults["p0"][1]
