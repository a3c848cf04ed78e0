"""A data set that is written is read back, and a broken one is refused by name."""

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.core.layout import Copy, Framing, Role, Suggestion
from layoutgen.training.examples.about import DataSetError
from layoutgen.training.examples.selection import canonical, select
from layoutgen.training.examples.table import from_bytes, to_bytes
from tests.training.examples.test_selection import example

RICH = example(
    3,
    copy=Copy("Kettle", ("$12",), "HAUS", "s3://b/haus.png", "en"),
    framing=Framing((0.1, 0, 0.9, 1 / 3), (0, 0.2, 1, 1), "#eeeeee"),
    erased=((0.1, 0.1, 0.2, 0.2), (0.3, 0.1, 0.4, 0.2)),
    printed=True,
    logo_aspect=4 / 3,
    rejected=(Suggestion(Role.UNDERLAY, (0, 0, 1, 1 / 7)),),
    annotator="梅",
    reasons=("crowded", "crop"),
    note="zu voll",
)


def test_what_is_written_is_read_back_to_the_last_digit():
    data = select([RICH, *(example(n) for n in range(20, 60))], sources=["a"], salt="s")
    again = from_bytes([to_bytes(data)[0]], to_bytes(data)[1], "there")
    assert again.splits == data.splits
    assert (again.sha, again.salt, again.shares, again.sources) == (data.sha, "s", data.shares, ("a",))


def test_a_photo_that_goes_on_beyond_its_edges_is_read_back_and_without_such_a_sha_is_as_it_was():
    framing = Framing((-0.5, 0, 1.2, 1), (0, 0, 1, 1), blend="outpaint", focus=(0.1, 0, 0.9, 1 / 3))
    data = select([example(n, framing=framing) if n % 2 else example(n) for n in range(20, 40)])
    table, about = to_bytes(data)
    assert from_bytes([table], about, "there").splits == data.splits
    assert '"focus"' not in canonical(example(20)) and '"focus"' in canonical(example(21, framing=framing))


def test_a_data_set_of_version_1_is_read_under_the_sha_that_it_had():
    data = replace(select([RICH, *(example(n) for n in range(20, 30))]), version=1)
    table, about = to_bytes(data)
    assert data.sha != replace(data, version=2).sha
    card = json.dumps(json.loads(about) | {"version": 1}).encode()
    again = from_bytes([table], card, "there")
    assert (again.version, again.sha, again.splits) == (1, data.sha, data.splits)


def test_a_data_set_without_reasons_is_read_under_the_sha_that_it_had():
    data = select([example(n, annotator="Mei") for n in range(20, 30)])
    table, about = to_bytes(data)
    before = pq.read_table(pa.BufferReader(table)).drop_columns(["reasons", "note", "blend", "focus"])
    sink = pa.BufferOutputStream()
    pq.write_table(before, sink)
    again = from_bytes([sink.getvalue().to_pybytes()], about, "there")
    assert (again.sha, again.splits) == (data.sha, data.splits)
    assert '"reasons"' not in canonical(data.splits["train"][0])


@pytest.mark.parametrize(
    ("table", "about", "message"),
    [
        (b"", b"{}", "there/card.json is no card of a data set"),
        (b"", b"not json", "there/card.json is no card of a data set"),
        (b"PAR1", None, "a table of there can't be read"),
        (None, {"version": 99}, "is of version 99, this program reads 2"),
        (None, {"sha": "0" * 64}, "its card says 000"),
    ],
)
def test_a_broken_data_set_is_refused(table, about, message):
    good_table, good_card = to_bytes(select([example(n) for n in range(9)]))
    if isinstance(about, dict):
        about = json.dumps(json.loads(good_card) | about).encode()
    with pytest.raises(DataSetError, match=message):
        from_bytes([good_table if table is None else table], good_card if about is None else about, "there")
