"""Selective runs: a part of the manifest is computed and upserted, all else stays as it is."""

from pathlib import Path

import pytest

from layoutgen import tables
from layoutgen.core.errors import Refusal
from tests.runs.test_run import Table, with_run


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path, 8)
    for number, row in enumerate(made.rows):
        row["category"] = "Dress" if number < 4 else "Shoe"
    made.rows[7]["image"] = "gone.jpg"
    made.night(run_id="a")
    return made


def test_the_selected_rows_are_computed_and_all_others_stay_dead_letters_too(table: Table) -> None:
    for row in table.rows:
        row["title"] += " new"
    part = table.night(run_id="b", only='category = "Dress" and canvas = "1:1" and not product_id in ("p0")')
    assert (part["rows_in"], part["computed"], part["kept"], part["deleted"]) == (3, 3, 4, 0)
    assert part["changes"] == {"insert": 0, "update": 3, "delete": 0, "unchanged": 4}
    titles = {key: row["title"] for key, row in table.published().items()}
    assert {key for key, title in titles.items() if title.endswith(" new")} == {"p1", "p2", "p3"}
    assert table.dead() == ["p7"]
    assert {row["product_id"] for row in tables.changes(str(table.root), since="a").to_pylist()} == {"p1", "p2", "p3"}
    whole = table.night(run_id="c")
    assert (whole["computed"], whole["unchanged"], whole["dead_letters"]) == (4, 3, 1)


def test_a_part_that_was_cut_off_goes_on_and_another_part_is_another_run(table: Table) -> None:
    for row in table.rows:
        row["title"] += " new"
    with pytest.raises(BaseException, match="before_publish"):
        table.night(lambda point: point == "before_publish", only='category = "Dress"')
    again = table.night(only='category = "Dress"')
    assert (again["shards_resumed"], again["computed"]) == (again["shards"], 4)
    assert table.night(only="category = 'Shoe'")["computed"] == 3


def test_a_first_run_of_a_part_is_a_table_of_it(tmp_path: Path) -> None:
    table = Table(tmp_path, 4)
    assert table.night(only="product_id in ('p1', 'p2')", config=with_run(rows_per_shard=1))["published"] == 2


@pytest.mark.parametrize(
    ("only", "more", "said"),
    [
        ("category = ", {}, "at character 12"),
        ("colour = 'red'", {}, "colour"),
        ("category = 'Hat'", {}, "has no rows that --only .* selects"),
        ("category = 'Shoe'", {"replay": "a"}, "two choices of rows"),
    ],
)
def test_what_selects_nothing_is_refused(table: Table, only: str, more: dict[str, str], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        table.night(only=only, **more)
    assert table.published().keys() == {f"p{i}" for i in range(7)}
