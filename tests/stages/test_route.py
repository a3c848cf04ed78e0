"""Rows of several applications through one step."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core import rows, schema
from layoutgen.core.manifest.products import APPLICATIONS
from layoutgen.stages.route import Routed
from tests.stages.planned import planned


class Marks:
    """A stage that writes its name into the rows' notes, and counts its tables; some add a column of their own."""

    def __init__(self, name: str, adds: bool = False) -> None:
        self.name, self.adds, self.tables = name, adds, []

    def __call__(self, table: pa.Table) -> pa.Table:
        self.tables.append(table.column("row_id").to_pylist())
        table = rows.note(table, {i: [self.name] for i in range(len(table))})
        added = {"composer": [self.name] * len(table)} if self.adds else {}
        return rows.add(table, added, schema.COMPOSED if self.adds else schema.ANNOTATED)


@given(st.lists(st.sampled_from(APPLICATIONS), max_size=12))
def test_each_row_goes_its_way_and_none_is_lost_or_moved(applications: list[str]) -> None:
    table = planned(*({"application": name, "title": f"t{i}"} for i, name in enumerate(applications)))
    poster, cover = Marks("poster"), Marks("cover", adds=True)
    done = Routed({"poster": poster, "marketing": poster, "video_cover": cover})(table)
    assert done.column("row_id").to_pylist() == table.column("row_id").to_pylist()
    assert done.column("title").to_pylist() == table.column("title").to_pylist()
    expected = ["cover" if name == "video_cover" else "poster" for name in applications]
    assert done.column("notes").to_pylist() == [[name] for name in expected]
    if "video_cover" in applications:
        assert done.column("composer").to_pylist() == [name if name == "cover" else None for name in expected]
    assert len(poster.tables) <= 1 and len(cover.tables) <= 1, "applications of one stage go together"


def test_rows_without_a_stage_pass_untouched() -> None:
    table = planned({"application": "video_cover"}, {"application": "poster"})
    done = Routed({"poster": Marks("poster")})(table)
    assert done.column("notes").to_pylist() == [[], ["poster"]]


def test_pictures_that_rows_share_are_still_shared() -> None:
    pixels = rows.dictionary(dict.fromkeys(range(4), b"photo"), dict.fromkeys(range(4), 0), 4)
    table = planned(*({"application": name} for name in ("poster", "video_cover") * 2))
    table = rows.add(table, {"pixels": pixels}, schema.FETCHED)
    done = Routed({"poster": Marks("poster"), "video_cover": Marks("cover")})(table)
    assert rows.distinct(done, "pixels") == ([b"photo"], [0, 0, 0, 0])
