"""Each product has one key, however its id is spelled, and no two rows have the same."""

from decimal import Decimal
from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.fingerprint import sum_of_ids
from layoutgen.core.manifest.fields import shown
from layoutgen.core.manifest.keys import bad_locale_id, parts, product_key, row_id
from layoutgen.core.manifest.plan import Plan, plan
from layoutgen.core.manifest.products import Rules
from layoutgen.io.tables.ledger import NO_BASE, RunPlan, ShardPlan, ShardReport
from layoutgen.runs.accounting import LostRowsError, conserve
from tests.budget import examples


def planned(*rows: dict[str, Any], kind: Any = "layouts") -> Plan:
    raw = pa.table(
        {name: pa.array([row.get(name) for row in rows]) for name in dict.fromkeys(k for r in rows for k in r)}
    )
    return plan(raw, Rules(("320x320",), 320, "poster", str, kind), shards=1)


def product(**values: Any) -> dict[str, Any]:
    return {"product_id": "a", "image": "a.jpg", "title": "x"} | values


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (" a\t", "a"), ("e\u0301", "\u00e9"), ("A", "A"), ("007", "007"), ("7.0", "7.0"), (7, "7"), (7.0, "7"),
        (-0.0, "0"), (Decimal("7.00"), "7"), (2**70, str(2**70)), (Decimal(10) ** 30, "1" + "0" * 30),
        (7.5, None), (Decimal("7.5"), None), (2.0**53, None), (float("inf"), None), (Decimal("NaN"), None),
        (True, None), (b"a", None), (None, None), ("", None), (" \u3000", None), (["a"], None),
    ],
)  # fmt: skip
def test_the_rule(value: Any, key: str | None) -> None:
    assert product_key(value) == key


@pytest.mark.parametrize("kind", [pa.float64(), pa.int64(), pa.decimal128(22, 2)])
def test_a_column_of_numbers_names_the_same_products_in_any_type(kind: pa.DataType) -> None:
    raw = pa.table({"product_id": pa.array([7, 8, None]).cast(kind), "image": ["a"] * 3, "title": ["x"] * 3})
    work = plan(raw, Rules(("320x320",), 320, "poster", str, "layouts"), shards=1)
    assert work.shards[0]["row_id"].to_pylist() == ["7@320x320", "8@320x320"]
    assert work.failed["row_id"].to_pylist() == ["#row3@320x320"]


def test_an_id_spelled_otherwise_is_a_duplicate() -> None:
    work = planned(product(product_id="\u00e9"), product(product_id=" e\u0301"))
    assert [row["error"]["kind"] for row in work.failed.to_pylist()] == ["duplicate_id"]


def test_what_was_ambiguous_is_not_and_all_else_keeps_its_key() -> None:
    rows = [
        product(canvases=["320x320", "b@320x320"]),
        product(product_id="a@b", canvases=None),
        product(product_id=None),
        product(product_id="#row3"),
        product(product_id="a"),
        product(product_id="a#row5"),
        product(product_id="50%#1/2 @home\n\u202e"),
    ]
    work = planned(*rows)
    good, bad = work.shards[0]["row_id"].to_pylist(), work.failed["row_id"].to_pylist()
    assert {"a@320x320", "a@b@320x320", "%23row3@320x320", "a%23row5@320x320", "50%#1/2 @home\n\u202e@320x320"} == set(
        good
    )
    assert bad == ["a@b%40320x320", "#row3@320x320", "a#row5@320x320"]


TEXTS = st.text(st.sampled_from("a@#%row1234560x "), max_size=8) | st.sampled_from(
    ["#row1", "%23row1", "%2523row", "a@9x9", "%40", "en", "a@9x9@en", "a@@en", "@9x9@en", "a#row1@@en"]
)


LOCALES = st.none() | st.sampled_from(["en", "zh-Hant"])


@settings(max_examples=examples(60, soak=600), deadline=None)
@given(st.lists(st.tuples(st.none() | TEXTS.map(product_key), st.integers(1, 3), st.none() | st.just("9x9") | TEXTS,
                          st.booleans(), LOCALES), max_size=6), st.booleans())  # fmt: skip
def test_no_two_rows_have_one_key(
    rows: list[tuple[str | None, int, str | None, bool, str | None]], sizes: bool
) -> None:
    names: dict[str, Any] = {}
    for key, number, canvas, is_first, locale in rows:
        at = (canvas or None) if sizes else None
        found = row_id(key, number, at, is_first=is_first, is_known=at == "9x9", sizes=sizes, locale=locale)
        what = (key, number if key is None or not is_first else 0, at, locale)
        assert names.setdefault(found, what) == what
        assert parts(found, key) == (at, locale)
        if canvas:
            found = bad_locale_id(key, number, canvas)
            assert names.setdefault(found, (key, number, canvas)) == (key, number, canvas)
            assert parts(found, key) == (None, canvas)


def test_a_message_spells_out_what_does_not_show() -> None:
    assert shown("a\u202eb\n\u200b") == '"a\\u202eb\\n\\u200b"'


def test_a_key_that_was_planned_twice_is_a_lost_row() -> None:
    ids = sum_of_ids(["a", "a"])
    assert sum_of_ids(["a", "b"]) == sum_of_ids(["b", "a"]) != ids == sum_of_ids(["a"])
    run = RunPlan("", "", 1, NO_BASE, False, 2, [], [ShardPlan(0, 0, 0, 2, ids)])
    report = ShardReport(0, None, None, 2, 0, 0, 0, 0, ids)
    with pytest.raises(LostRowsError, match="shard 0: planned 2 rows"):
        conserve(run, [report])


def test_all_pairs_of_the_forms_of_one_product_differ() -> None:
    forms = [
        row_id("a", 2, canvas, is_first=first, is_known=known, sizes=True)
        for canvas, known in ((None, True), ("9x9", True), ("b", False))
        for first in (True, False)
    ]
    assert all(one != other for one, other in combinations(forms, 2))
