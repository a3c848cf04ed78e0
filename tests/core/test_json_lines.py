import json
from datetime import UTC, datetime

import pytest

from layoutgen.core import json_lines
from layoutgen.core.json_lines import LineError


def words(line, place):
    return json_lines.text(json_lines.record(json_lines.value(line, place), place), "words", place)


def test_every_line_is_read_alone_and_blank_ones_count():
    lines = ["\ufeff" + json.dumps({"words": "first"}), "", "{", json.dumps({"words": "last\u2028one"}) + "\r", "[]"]
    records, errors = json_lines.read("\n".join(lines), words)
    assert records == ["first", "last\u2028one"]
    assert [error.line for error in errors] == [3, 5]
    assert "'{' is no JSON" in str(errors[0]) and "'[]' is no object" in str(errors[1])


@pytest.mark.parametrize("field", [None, "", " ", 7])
def test_a_text_says_something(field):
    with pytest.raises(LineError, match=r"line 4: words is .*; give a string that is not empty") as raised:
        json_lines.text({"words": field}, "words", 4)
    assert (raised.value.line, raised.value.field) == (4, "words")


def test_times_are_utc_and_have_a_zone():
    evening = {"time": "2026-11-30T20:00:00+08:00"}
    assert json_lines.time(evening, 1) == datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert json_lines.time(evening, 1).tzinfo is UTC
    for written in ("2026-11-30T20:00:00", "yesterday", None, 5, "0001-01-01T00:00:00+14:00"):
        with pytest.raises(LineError, match=r"line 2: time is .*; give ISO 8601 with its zone"):
            json_lines.time({"time": written}, 2)


def test_a_contract_is_a_table():
    assert json_lines.markdown([("a", "string", "its name")]).splitlines()[-1] == "| `a` | string | its name |"
