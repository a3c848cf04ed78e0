"""A stage of published rows is run again, and those after it; what the stages before made is kept, whatever made it."""

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from layoutgen.core.errors import Refusal
from layoutgen.models.annotators import subject_only
from layoutgen.models.base import Brief, Composition, Fault
from tests.chaos.quick import SETTINGS, NullComposer, null_composer
from tests.runs.test_run import Table

# What is placed is not composed anew to be mended.
AS_PLACED = SETTINGS.model_copy(update={"repair": SETTINGS.repair.model_copy(update={"rounds": 0})})


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path, 4)
    made.night(run_id="a", config=AS_PLACED)
    return made


class Counting(NullComposer):
    """Counts what it composes."""

    def __init__(self) -> None:
        self.composed = 0

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return a composition for each brief."""
        self.composed += len(briefs)
        return super().compose(briefs)

    def build(self, *_: Any) -> tuple["Counting", dict[str, Any]]:
        return self, null_composer()[1] | {"composer": "counting-1"}


def test_places_are_made_anew_of_the_compositions_that_are_there_though_their_makers_changed(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, composer = table.published(), Counting()
    monkeypatch.setattr(subject_only, "VERSION", "subject-only-99")
    wide = AS_PLACED.model_copy(update={"place": AS_PLACED.place.model_copy(update={"margin": 0.08})})
    done = table.night(run_id="b", backfill="place", config=wide, composer=composer.build)
    assert (done["computed"], done["unchanged"]) == (4, 0)
    assert composer.composed == 0
    after = table.published()
    for key, row in after.items():
        was, now = before[key]["fingerprint"], row["fingerprint"]
        assert (row["run_id"], row["composer"]) == ("b", "null-1")
        assert (row["crop"], row["suggestion"]) == (before[key]["crop"], before[key]["suggestion"])
        assert {stage for stage in now if now[stage] != was[stage]} == {"place"}
    whole = table.night(run_id="c", config=wide, composer=composer.build)
    assert (whole["computed"], composer.composed) == (4, 4), "a whole night sees that annotation and composer changed"


def test_a_backfill_under_the_same_settings_is_what_a_whole_night_takes_over(table: Table) -> None:
    before = table.published()
    assert table.night(run_id="b", backfill="compose", config=AS_PLACED)["computed"] == 4
    after = table.published()
    volatile = ("run_id", "created_at")
    assert [{k: v for k, v in row.items() if k not in volatile} for row in after.values()] == [
        {k: v for k, v in row.items() if k not in volatile} for row in before.values()
    ]
    assert table.night(run_id="c", config=AS_PLACED)["unchanged"] == 4


def test_rows_whose_input_changed_are_made_as_on_any_night(table: Table) -> None:
    composer = Counting()
    table.photograph(0, seed=50)
    table.rows[1]["title"] = "New"
    done = table.night(run_id="b", backfill="place", config=AS_PLACED, composer=composer.build)
    assert (done["computed"], composer.composed) == (4, 2)
    rows = table.published()
    assert rows["p1"]["title"] == "New"
    assert [rows[key]["composer"] for key in ("p0", "p1", "p2", "p3")] == ["counting-1"] * 2 + ["null-1"] * 2


def test_a_part_alone_can_be_backfilled(table: Table) -> None:
    done = table.night(run_id="b", backfill="place", only="product_id in ('p0', 'p1')")
    assert (done["computed"], done["kept"]) == (2, 2)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"backfill": "paint"},
            "--backfill 'paint': layouts have no such stage here; give one of annotate, compose, place",
        ),
        ({"backfill": "render"}, "no such stage here"),
        ({"backfill": "place", "since_changes": "last"}, "give one of them"),
    ],
)
def test_a_stage_that_is_not_there_is_refused_by_name(table: Table, options: dict[str, str], said: str) -> None:
    with pytest.raises(Refusal, match=said):
        table.night(**options)


def test_a_table_without_the_columns_of_earlier_stages_is_refused_by_their_names(table: Table) -> None:
    for file in table.files("a"):
        pq.write_table(pq.ParquetFile(file).read().drop_columns(["suggestion", "text_lines"]), file)
    with pytest.raises(Refusal, match="rows of run a lack text_lines, suggestion of the stages before it"):
        table.night(backfill="place")


def test_a_new_table_has_nothing_to_backfill(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="has no published rows"):
        Table(tmp_path, 1).night(backfill="place")
