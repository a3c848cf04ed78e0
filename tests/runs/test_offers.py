"""A column `price` over whole nights: copy where it is text, the user's own where it is not, and the change from one to
the other hurts no night."""

import json
from pathlib import Path
from typing import Any

import pytest

from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from tests.chaos.quick import night
from tests.drawn import encoded, photo


def manifest(folder: Path, *prices: Any) -> str:
    if not (folder / "a.jpg").exists():
        (folder / "a.jpg").write_bytes(encoded(photo(48, 64)))
    rows = [
        {"product_id": f"p{i}", "image": "a.jpg", "title": "Vase", "price": price} for i, price in enumerate(prices)
    ]
    (folder / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(folder / "m.jsonl")


def published(root: str) -> tuple[str, list[Any], dict[str, str]]:
    table = published_runs.read(Storage(), root)
    run = published_runs.current(Storage(), root)
    own = json.loads(Path(root, "snapshots", run, "_manifest.json").read_text())["own_columns"]
    ordered = table.sort_by("row_id")
    return str(table.schema.field("price").type), ordered["price"].to_pylist(), own


@pytest.mark.parametrize(
    ("first", "second", "kind", "values"),
    [
        ((9.5, 8.5), (9.5, 7.5), "double", [9.5, 7.5]),
        (("$9", "$8"), ("$9", "$7"), "string", ["$9", "$7"]),
        ((9.5, 8.5), ("$9", "$7"), "string", ["$9", "$7"]),
        (("$9", "$8"), (9.5, 7.5), "string", ["9.5", "7.5"]),
        (("$9", 8), ("$9", [7]), "string", ["$9", None]),
        (({"sum": 9}, {"sum": 8}), ({"sum": 9}, {"sum": 7}), "struct<sum: int64>", [{"sum": 9}, {"sum": 7}]),
    ],
)
def test_what_prices_are_may_change(tmp_path: Path, first: Any, second: Any, kind: str, values: list[Any]) -> None:
    root = str(tmp_path / "layouts")
    night(manifest(tmp_path, *first), root)
    summary = night(manifest(tmp_path, *second), root)
    assert summary["published"] == 2 and not summary["dead_letters"]
    found_kind, found, own = published(root)
    assert (found_kind, found) == (kind, values)
    assert ("price" in own) == (kind != "string")
    assert night(manifest(tmp_path, *second), root)["unchanged"] == 2


def test_a_night_that_keeps_rows_takes_the_numbers_of_before_along_as_text(tmp_path: Path) -> None:
    root = str(tmp_path / "layouts")
    night(manifest(tmp_path, 9.5, 8.5), root)
    summary = night(manifest(tmp_path, "$9", "$8"), root, limit=1)
    assert summary["computed"] == 1 and summary["kept"] == 1
    assert published(root)[:2] == ("string", ["$9", "8.5"])
