"""Offers in the manifest: texts are copy, numbers without a currency the user's own, whatever form they have."""

import json
from typing import Any

import pyarrow as pa
import pytest

from layoutgen.core import schema
from layoutgen.core.layout import Role
from layoutgen.core.text.offers import is_bare_number, offered
from layoutgen.io.manifests import manifest
from tests.core.manifest.test_contracts import read
from tests.core.manifest.test_locales import of_lines
from tests.core.manifest.test_plan import plan_of, product, rows

OFFER = {
    "price": "￥199",
    "was_price": "￥299",
    "call_to_action": "买",
    "badge": "新品",
    "disclaimer": "以结算页为准",
}


def test_texts_of_an_offer_are_columns_of_the_contract() -> None:
    (row,) = rows(of_lines(product(**OFFER, selling_points=["轻"])))
    assert {name: row[name] for name in OFFER} == OFFER and row["selling_points"] == ["轻"] and not row["notes"]
    assert offered(row) == {Role(name): text for name, text in OFFER.items()}
    assert {*rows(of_lines(product()))[0]} >= {*OFFER}, "null where the manifest has none"


@pytest.mark.parametrize("value", [199, 199.5, True, ["￥9"], {"amount": 199, "currency": "CNY"}])
def test_a_column_without_texts_is_the_users_own(value: Any) -> None:
    work = of_lines(product(price=value), product(product_id="q", price=None))
    (shard,) = work.shards
    first, second = rows(work)
    assert not len(work.failed) and (first["price"], second["price"]) == (value, None)
    assert shard.column_names[-1] == "price" and not pa.types.is_string(shard.schema.field("price").type)
    assert offered(first) == {} and first["notes"] == []


def test_a_number_among_texts_stays_and_is_not_shown() -> None:
    work = of_lines(product(price="￥199"), product(product_id="q", price=199), product(product_id="r", price=[1]))
    text, number, other = rows(work)
    assert not len(work.failed) and text["price"] == "￥199" and not text["notes"]
    assert number["price"] == "199" and offered(number) == {} and "a number without a currency" in number["notes"][0]
    assert other["price"] is None and "[1], which is no text" in other["notes"][0]


def test_forms_without_types_are_read_alike(tmp_path: Any) -> None:
    head = "product_id,image,title,price,badge"
    for name, price, kind in (("a", "199", pa.int64()), ("b", "￥199", pa.string())):
        (tmp_path / f"{name}.csv").write_text(f"{head}\np1,a.jpg,夏日,{price},新品\n", "utf-8")
        raw = read(tmp_path / f"{name}.csv", kind="layouts")
        (shard,) = plan_of(raw).shards
        assert shard.schema.field("price").type == kind and shard.column("badge").to_pylist() == ["新品"]
    table = pa.table({"product_id": ["p"], "image": ["a"], "title": ["t"], "price": [9.5], "badge": pa.nulls(1)})
    (row,) = rows(plan_of(table))
    assert (row["price"], row["badge"]) == (9.5, None)


@pytest.mark.parametrize("text", ["199", "1.299,00", " 12 ", "-5", "3’990.50", "١٩٩"])
def test_a_number_is_no_price(text: str) -> None:
    assert is_bare_number(text)
    assert offered({"price": text, "badge": "New"}) == {Role.BADGE: "New"}


@pytest.mark.parametrize("text", ["￥199", "199 €", "49,90 €", "AED 89", "free", "199起", "3 for 2"])
def test_what_says_more_than_a_number_is_copy(text: str) -> None:
    assert offered({"price": text}) == {Role.PRICE: text}


def test_annotations_have_no_offer() -> None:
    (row,) = rows(plan_of(manifest.from_lines([json.dumps(product(price="￥9"))], "annotations"), kind="annotations"))
    assert row["price"] == "￥9" and "badge" not in row
    assert not {*schema.OFFER.names} & {*schema.ANNOTATIONS.names}
