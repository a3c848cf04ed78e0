"""Damaged manifests, in three forms: each is refused in one sentence, or every record of it is accounted for.

A catalogue is written as an engine would write it, then damaged as files are: bytes are cut, doubled, dropped and put
in, quotes and line ends above all, or the whole is written in another encoding or form. A record whose own line stayed
as it was must be a row or a dead letter, whatever stands around it.
"""

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.manifest.plan import Plan
from layoutgen.io.manifests.manifest import ManifestError
from tests.budget import examples
from tests.io.manifests.test_manifest import planned

Catalogue = list[dict[str, str]]
Damage = Callable[[bytes], bytes]

_TEXT = st.text(st.sampled_from("ab夏é \"',;|\n\t<&{}[]\\"), min_size=1, max_size=12).map(lambda text: f"T{text}")
_CATALOGUES = st.lists(st.tuples(_TEXT, _TEXT | st.just("")), min_size=1, max_size=25).map(
    lambda rows: [
        {"product_id": f"id{i:03}", "image": f"{i:03}.jpg", "title": title, "story": story}
        for i, (title, story) in enumerate(rows)
    ]
)


def as_csv(rows: Catalogue) -> tuple[bytes, list[bytes]]:
    """The file, and each record's own bytes."""
    records = []
    for fields in ([*rows[0]], *([*row.values()] for row in rows)):
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(fields)
        records.append(text.getvalue().encode())
    return b"".join(records), records[1:]


def as_lines(rows: Catalogue) -> tuple[bytes, list[bytes]]:
    records = [json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows]
    return b"".join(records), records


def as_parquet(rows: Catalogue) -> tuple[bytes, list[bytes]]:
    data = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), data, row_group_size=7)
    return data.getvalue(), []


_PIECES = st.sampled_from(
    [
        b'"',
        b'""',
        b"\n",
        b"\r",
        b",",
        b";",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"}",
        b"{",
        b"[",
        b"\\",
        b"id001",
        b"<",
        b"x",
    ]
)
_PLACES = st.floats(0, 1, exclude_max=True)


def _at(data: bytes, place: float) -> int:
    return int(len(data) * place)


_DAMAGES: st.SearchStrategy[Damage] = st.one_of(
    st.tuples(_PLACES, _PIECES).map(
        lambda given: lambda data: data[: _at(data, given[0])] + given[1] + data[_at(data, given[0]) :]
    ),
    st.tuples(_PLACES, st.integers(1, 40)).map(
        lambda given: lambda data: data[: _at(data, given[0])] + data[_at(data, given[0]) + given[1] :]
    ),
    st.tuples(_PLACES, st.integers(1, 60)).map(
        lambda given: lambda data: data[: _at(data, given[0]) + given[1]] + data[_at(data, given[0]) :]
    ),
    _PLACES.map(lambda place: lambda data: data[: _at(data, place)]),
    st.tuples(_PLACES, st.integers(0, 255)).map(
        lambda given: lambda data: data[: _at(data, given[0])] + bytes([given[1]]) + data[_at(data, given[0]) + 1 :]
    ),
)
_FORMS: st.SearchStrategy[Damage] = st.sampled_from(
    [
        lambda data: data.replace(b"\n", b"\r"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"\n", b",\n"),
        lambda data: data.replace(b",", b";"),
        lambda data: data.replace(b'"', b""),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b"\n\n" + data + b"\n\n,,,,\n",
        lambda data: b"[" + data.replace(b"\n", b",") + b"]",
        lambda data: data.decode(errors="replace").encode("utf-16"),
        lambda data: data.decode(errors="replace").encode("utf-16-be"),
        lambda data: data.decode(errors="replace").encode("gb18030"),
        gzip.compress,
    ]
)


def outcome(data: bytes, suffix: str) -> Plan | None:
    """What becomes of a file: its plan, or None where it is refused in one sentence."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"m.{suffix}"
        path.write_bytes(data)
        try:
            return planned(path)
        except ManifestError as error:
            message = str(error)
            assert message.startswith(("manifest ", "folder ")), message
            assert "\n" not in message
            assert len(message) < 700, message
            return None


def check(rows: Catalogue, data: bytes, records: list[bytes], suffix: str) -> None:
    plan = outcome(data, suffix)
    if plan is None:
        return
    good = [key for shard in plan.shards for key in shard["product_id"].to_pylist()]
    assert plan.rows_in == len(good) + len(plan.failed)
    told = " ".join([*good, *(str(row) for row in plan.failed.select(["product_id", "input_row"]).to_pylist())])
    lines = data.replace(b"\r\n", b"\n").splitlines(keepends=True)
    for row, record in zip(rows, records, strict=False):
        if record in lines:  # a record on one line, as it was written
            assert row["product_id"] in told, (row, data)


@pytest.mark.parametrize("write", [as_csv, as_lines, as_parquet])
@settings(deadline=None, max_examples=examples(10, soak=60))
@given(rows=_CATALOGUES)
def test_a_whole_manifest_is_read_whole(
    write: Callable[[Catalogue], tuple[bytes, list[bytes]]], rows: Catalogue
) -> None:
    suffix = {as_csv: "csv", as_lines: "jsonl", as_parquet: "parquet"}[write]
    plan = outcome(write(rows)[0], suffix)
    assert plan is not None
    assert (plan.rows_in, len(plan.failed)) == (len(rows), 0)


@settings(deadline=None, max_examples=examples(40, soak=300))
@given(rows=_CATALOGUES, damages=st.lists(_DAMAGES, min_size=1, max_size=4), form=st.none() | _FORMS)
def test_a_damaged_csv_is_refused_or_accounted_for(rows: Catalogue, damages: list[Damage], form: Damage | None) -> None:
    data, records = as_csv(rows)
    for damage in [*damages, *([form] if form else [])]:
        data = damage(data)
    check(rows, data, records, "csv")


@settings(deadline=None, max_examples=examples(40, soak=300))
@given(rows=_CATALOGUES, damages=st.lists(_DAMAGES, min_size=1, max_size=4), form=st.none() | _FORMS)
def test_damaged_lines_are_refused_or_accounted_for(
    rows: Catalogue, damages: list[Damage], form: Damage | None
) -> None:
    data, records = as_lines(rows)
    for damage in [*damages, *([form] if form else [])]:
        data = damage(data)
    check(rows, data, records, "jsonl")


@settings(deadline=None, max_examples=examples(40, soak=300))
@given(rows=_CATALOGUES, damages=st.lists(_DAMAGES, min_size=1, max_size=4))
def test_damaged_parquet_is_refused_or_accounted_for(rows: Catalogue, damages: list[Damage]) -> None:
    data, _ = as_parquet(rows)
    for damage in damages:
        data = damage(data)
    check(rows, data, [], "parquet")
