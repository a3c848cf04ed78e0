from dataclasses import replace

import pyarrow as pa
import pytest

from layoutgen.core import rows, schema
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Element, Framing, Role, Run, Suggestion

ERROR = {"stage": "fetch", "kind": "not_found", "message": "no object"}


def table(*statuses, **columns):
    values = {
        "status": list(statuses),
        "error": [None if status == "ok" else ERROR for status in statuses],
        "notes": [None] * len(statuses),
        **columns,
    }
    return schema.complete(pa.table(values), schema.PLANNED)


def pixels(values, indices):
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(values, pa.binary()))


def test_open_rows_are_those_that_have_not_failed():
    assert rows.open_rows(table("ok", "failed", "ok")) == [0, 2]


def test_added_columns_replace_old_ones_and_take_the_schemas_type():
    added = rows.add(table("ok", title=["a"]), {"title": ["b"], "image_width": [7]}, schema.FETCHED)
    assert added.column("title").to_pylist() == ["b"]
    assert added.schema.field("image_width").type == pa.int32()
    assert added.column_names == schema.FETCHED.names


def test_a_value_of_the_wrong_type_stops_at_the_stage_that_made_it():
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        rows.add(table("ok"), {"image_width": ["wide"]}, schema.FETCHED)


def test_a_failed_row_keeps_its_first_error():
    failed = rows.fail(table("ok", "failed", "ok"), "place", {0: ("no_room", "full"), 1: ("no_room", "full")})
    assert failed.column("status").to_pylist() == ["failed", "failed", "ok"]
    assert failed.column("error").to_pylist() == [
        {"stage": "place", "kind": "no_room", "message": "full"},
        ERROR,
        None,
    ]


def test_without_faults_or_notes_the_table_is_the_same():
    before = table("ok", "failed")
    assert rows.fail(before, "place", {}) is before
    assert rows.note(before, {}) is before
    assert rows.note(before, {0: []}) is before


def test_notes_are_appended_to_those_that_are_there():
    before = table("ok", "ok", notes=[["first"], None])
    assert rows.note(before, {0: ["second"], 1: ["third"]}).column("notes").to_pylist() == [
        ["first", "second"],
        ["third"],
    ]


def test_replacing_columns_keeps_their_place_and_documentation():
    before = table("ok", title=["a"])
    after = rows.replace(before, title=pa.array(["b"]))
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after.column("title").to_pylist() == ["b"]


def test_rows_of_one_key_share_one_value():
    column = rows.dictionary({0: b"vase", 1: b"lamp", 3: b"vase"}, {0: "a", 1: "b", 3: "a"}, 4)
    assert column.dictionary.to_pylist() == [b"vase", b"lamp"]
    assert column.to_pylist() == [b"vase", b"lamp", None, b"vase"]


def test_distinct_gives_back_values_and_indices():
    found = table("ok", "ok", "failed").append_column("pixels", pixels([b"a", b"b"], [1, 0, None]))
    assert rows.distinct(found, "pixels") == ([b"a", b"b"], [1, 0, None])


def test_distinct_of_no_rows_is_nothing():
    empty = rows.add(table("ok").slice(0, 0), {}, schema.FETCHED)
    assert rows.distinct(empty, "pixels") == ([], [])


def test_distinct_reads_chunks_with_dictionaries_of_their_own():
    parts = [pa.table({"pixels": pixels([value], [0, None])}) for value in (b"a", b"b")]
    values, indices = rows.distinct(pa.concat_tables(parts), "pixels")
    assert [None if i is None else values[i] for i in indices] == [b"a", None, b"b", None]


def test_a_text_line_survives_arrow():
    line = TextLine("新品", (0.25, 0.5, 0.75, 1.0), Role.TITLE, "zh", "#102030", 0.5, True)
    stored = pa.array([[rows.text_line_row(line)]], pa.list_(schema.TEXT_LINE)).to_pylist()[0]
    assert rows.read_annotation(stored, [0.0, 0.25, 0.5, 1.0]) == Annotation((line,), (0.0, 0.25, 0.5, 1.0))
    assert rows.read_annotation(None, None) == Annotation()


def test_a_suggestion_survives_arrow():
    for suggestion in (Suggestion(Role.TITLE, (0.25, 0.5, 0.75, 1.0), "新品"), Suggestion(Role.UNDERLAY, (0, 0, 1, 1))):
        stored = pa.array([rows.suggestion_row(suggestion)], schema.SUGGESTION).to_pylist()[0]
        assert rows.read_suggestion(stored) == suggestion


def test_an_element_survives_arrow():
    text = Element(
        Role.PRICE, (0.25, 0.5, 0.75, 1.0), "￥199 起", ("￥199", "起"), "NotoSansSC-Bold", 48, 62, "#c2152f", "right",
        0.5, 12, 3, 2,
    )  # fmt: skip
    run = Run(0, "￥199", "NotoSansSC-Bold", "NotoSansSC[wght].ttf", 700, "Hans", "", "ltr", ("kern",), 1.0, 40.0, 96.5)
    shaped = replace(text, runs=(run, replace(run, line=1, direction="rtl", features=())), direction="rtl")
    for element in (text, shaped, Element(Role.LOGO, (0.0, 0.0, 1.0, 0.5))):
        stored = pa.array([rows.element_row(element)], schema.ELEMENT).to_pylist()[0]
        assert rows.read_element(stored) == element


def test_an_element_of_a_table_without_runs_is_read():
    before = pa.struct([field for field in schema.ELEMENT if field.name not in ("direction", "runs")])
    element = Element(Role.TITLE, (0.0, 0.0, 1.0, 0.5), "Vase", ("Vase",))
    stored = pa.array([rows.element_row(element)], before)
    for row in (stored.to_pylist()[0], stored.cast(schema.ELEMENT).to_pylist()[0]):
        assert rows.read_element(row) == element


def test_a_framing_is_read_from_its_three_columns():
    row = {"crop": [0.0, 0.25, 1.0, 0.75], "picture": [0.5, 0.0, 1.0, 1.0], "backdrop": "#eeeeee", "title": "a"}
    assert rows.read_framing(row) == Framing((0.0, 0.25, 1.0, 0.75), (0.5, 0.0, 1.0, 1.0), "#eeeeee")


def test_a_framing_that_goes_beyond_its_photo_is_read_as_it_was_written_and_by_tables_without_focus():
    framing = Framing((-0.5, 0.0, 1.25, 1.0), ground="outpaint", blend="outpaint", focus=(0.25, 0.25, 0.75, 1.0))
    written = rows.framing_row(framing)
    stored = pa.array([written["ground"]], schema.LAYOUTS.field("ground").type)
    assert rows.read_framing(written | {"ground": stored.to_pylist()[0]}) == framing
    older = pa.struct([field for field in stored.type if field.name != "focus"])
    read = pa.array([rows.framing_row(Framing(ground="bleed"))["ground"]], older).to_pylist()[0]
    assert rows.read_framing(rows.framing_row(Framing()) | {"ground": read}) == Framing(ground="bleed")


def test_pictures_of_a_shard_may_be_more_than_32_bit_offsets_hold() -> None:
    column = rows.dictionary({0: b"vase"}, {0: "a"}, 1)
    assert column.type == pa.dictionary(pa.int32(), pa.large_binary())
    for name in ("pixels", "logo_pixels", "subject_map"):
        assert schema.PLACED.field(name).type == column.type
