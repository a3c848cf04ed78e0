from itertools import pairwise

import pyarrow as pa
import pytest

from layoutgen.core import schema, schema_pages
from layoutgen.core.layout import Role

STAGES = [schema.PLANNED, schema.FETCHED, schema.ANNOTATED, schema.COMPOSED, schema.PLACED, schema.RENDERED]
BETWEEN_STAGES = {"pixels", "logo_pixels", "subject_map"}


def test_annotation_rows_are_layout_rows_with_fewer_columns():
    assert list(schema.ANNOTATIONS) == [field for field in schema.LAYOUTS if field.name in schema.ANNOTATIONS.names]


@pytest.mark.parametrize("kind", sorted(schema.KINDS))
def test_every_published_column_is_documented_and_has_one_name(kind):
    found = schema.KINDS[kind]
    assert len(set(found.names)) == len(found.names)
    assert all(field.metadata[b"doc"].strip() for field in found)


def test_a_stage_only_adds_columns():
    for before, after in pairwise(STAGES):
        assert list(after)[: len(before)] == list(before)


def test_what_travels_between_stages_only_is_never_published():
    for published in schema.KINDS.values():
        assert not BETWEEN_STAGES & set(published.names)
        assert schema.SHARD not in published.names


def test_markdown_names_types_as_a_reader_does():
    table = schema_pages.markdown(schema.LAYOUTS)
    assert "| `crop` | float32[4] |" in table
    assert "| `images` | list of string |" in table
    assert "| `elements` | list of struct |" in table


def test_complete_orders_casts_and_fills():
    done = schema.complete(pa.table({"status": ["ok"], "canvas_width": pa.array([7], pa.int64())}), schema.PLACED)
    assert done.schema.equals(schema.PLACED, check_metadata=True)
    assert done.column("canvas_width").to_pylist() == [7]
    assert done.column("title").to_pylist() == [None]


def test_complete_is_done_after_one_time():
    once = schema.complete(pa.table({"status": ["ok"], "colour": ["red"]}), schema.PLANNED)
    assert schema.complete(once, schema.PLANNED).equals(once)


@pytest.mark.parametrize("values", [["wide"], [1.5], [2**40]])
def test_a_column_that_does_not_cast_is_an_error(values):
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        schema.complete(pa.table({"canvas_width": values}), schema.PLANNED)


def test_columns_of_the_user_travel_behind_the_contract_unchanged():
    own = {"warehouse": pa.array([{"city": "杭州"}]), "stock": pa.array([3], pa.int8())}
    table = pa.table({**own, "status": ["ok"]})
    for kind in STAGES:
        table = schema.complete(table, kind)
    assert table.column_names == [*schema.RENDERED.names, "warehouse", "stock"]
    assert table.select(["warehouse", "stock"]).equals(pa.table(own))
    assert schema.extra_names(table) == ["warehouse", "stock"]


def test_a_table_without_rows_takes_every_schema():
    for kind in [*STAGES, *schema.KINDS.values()]:
        assert schema.complete(pa.table({}), kind).schema.equals(kind)


def test_every_role_is_in_the_role_table():
    table = schema_pages.role_table()
    assert all(f"| `{role.value}` | {role.chinese} |" in table for role in Role)
