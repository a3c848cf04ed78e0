"""A feedback file that several write: what each of them said is there, the newest counts, other lines stay."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core import feedback
from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.io.tables.merged_lines import MergedLines

START = datetime(2026, 11, 30, 9, tzinfo=UTC)


def record(row="p1", decision="adopt", who="Mei", minute=0, **more):
    time = (START + timedelta(minutes=minute)).isoformat()
    return {"row_id": row, "run_id": "run-1", "decision": decision, "annotator": who, "time": time, **more}


def said(path):
    decisions, errors = feedback.read(path.read_text())
    assert errors == []
    return {(one.annotator, one.row_id): one.decision for one in decisions}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "of people" / "feedback.jsonl"


def test_decisions_are_merged_as_an_import_would(path):
    file = MergedLines(Storage(), str(path))
    edit = record("p2", "edit", elements=[{"role": "title", "text": "a\u2028b", "box": [0, 0, 1, 0.5], "was": None}])
    merged = file.merge([record(), edit, record("p1", "reject", "Wei", reasons=["crop"], note="no")])
    assert (merged.taken, merged.known, merged.refused) == (3, 0, ())
    assert said(path) == {("Mei", "p1"): "adopt", ("Mei", "p2"): "edit", ("Wei", "p1"): "reject"}
    assert "\u2028" not in path.read_text()
    merged = file.merge([record(), record("p1", "reject", " mei ", minute=2), record("p2", "reject", minute=-5)])
    assert (merged.taken, merged.known) == (1, 2)
    assert said(path) == {("Mei", "p2"): "edit", (" mei ", "p1"): "reject", ("Wei", "p1"): "reject"}


def test_a_record_that_cannot_be_used_stops_no_other(path):
    file = MergedLines(Storage(), str(path))
    merged = file.merge([record(decision="maybe"), record("p2"), 7, record("p3", "edit", elements=[])])
    assert merged.taken == 1 and [place for place, _ in merged.refused] == [0, 2, 3]
    assert "decision is 'maybe'; give one of adopt, edit, reject" in merged.refused[0][1]
    assert said(path) == {("Mei", "p2"): "adopt"}


def test_what_is_withdrawn_does_not_come_back_by_a_copy(path):
    file = MergedLines(Storage(), str(path))
    file.merge([record()])
    assert file.merge([record(decision=None, minute=1)]).taken == 1
    assert said(path) == {} and file.read().latest() == {}
    assert file.merge([record()]).known == 1  # of a browser that has not heard of it
    assert MergedLines(Storage(), str(path)).merge([record()]).known == 1  # nor does it come back with a new server
    assert file.merge([record(minute=2)]).taken == 1
    assert said(path) == {("Mei", "p1"): "adopt"}


def test_a_file_that_was_changed_elsewhere_is_merged_and_its_other_lines_stay(path):
    file = MergedLines(Storage(), str(path))
    file.merge([record()])
    other = json.dumps(record("p9", "reject", "Wei")) + "\n\nnot a decision\n"
    path.write_text(path.read_text() + other)
    file.merge([record("p2")])
    lines = path.read_text().splitlines()
    assert "not a decision" in lines and len(lines) == 4
    assert {line.key[1] for line in file.read().latest().values()} == {"p1", "p2", "p9"}


def test_writers_at_once_lose_nothing(path):
    files = [MergedLines(Storage(), str(path)) for _ in range(2)]

    def write(n):
        for i in range(6):
            files[n % 2].merge([record(f"p{n}-{i}", who=f"who {n}")])

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(said(path)) == 24


def test_it_is_a_file_of_lines(tmp_path):
    with pytest.raises(Refusal, match=r"feedback.parquet can't be written to; give a .jsonl file"):
        MergedLines(Storage(), str(tmp_path / "feedback.parquet"))


RECORDS = st.lists(
    st.builds(
        record,
        st.sampled_from(["p1", "p2"]),
        st.sampled_from(["adopt", "reject", None]),
        st.sampled_from(["Mei", "Wei"]),
        st.integers(0, 6),
    ),
    max_size=12,
)


@given(RECORDS, st.integers(0, 12))
def test_the_newest_word_counts_whatever_the_parts_it_comes_in(tmp_path_factory, records, cut):
    newest: dict[tuple[str, str], dict] = {}
    for one in records:
        known = newest.get((one["annotator"], one["row_id"]))
        if known is None or one["time"] > known["time"]:
            newest[one["annotator"], one["row_id"]] = one
    path = tmp_path_factory.mktemp("file") / "f.jsonl"
    file = MergedLines(Storage(), str(path))
    file.merge(records[:cut])
    file.merge(records[cut:])
    wanted = {key: one["decision"] for key, one in newest.items() if one["decision"]}
    assert (said(path) if path.exists() else {}) == wanted
    assert file.merge(records).taken == 0


def test_a_file_in_a_bucket_is_merged_as_well(s3):
    files = [MergedLines(Storage(s3.endpoint_url), "s3://shop/people/feedback.jsonl") for _ in range(2)]
    assert [file.merge([record(f"p{i}")]).taken for i, file in enumerate(files)] == [1, 1]
    assert files[0].merge([record("p1", decision=None, minute=1)]).taken == 1
    assert [line.key[1] for line in files[1].read().latest().values()] == ["p0"]
