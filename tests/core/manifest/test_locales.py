"""A row's copy in several languages: product x canvas x locale, each row once, and what is wrong told where it is."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.fingerprint import sum_of_ids
from layoutgen.core.manifest import locales
from layoutgen.core.manifest.locales import MOST_LOCALES, canonical
from layoutgen.core.manifest.plan import Plan
from layoutgen.io.manifests import manifest
from tests.core.manifest.test_plan import plan_of, product, rows

EN = {"title": "Soft linen shirt", "selling_points": ["Breathes"], "brand": "VALE"}
AR = {"title": "قميص VALE بخصم 30%", "selling_points": ["قماش طبيعي"], "price": "٨٩ د.إ", "call_to_action": "تسوّق"}


def of_lines(*lines: dict[str, Any], **options: Any) -> Plan:
    """The plan of a manifest of JSON lines, as the job reads it."""
    texts = [json.dumps(line, ensure_ascii=False) for line in lines]
    return plan_of(manifest.from_lines(texts, options.get("kind", "layouts")), **options)


def failed(work: Plan) -> dict[str, tuple[str, str]]:
    return {row["row_id"]: (row["error"]["kind"], row["error"]["message"]) for row in work.failed.to_pylist()}


def localised(copies: Any, number: int = 1, **values: Any) -> dict[str, Any]:
    return {"product_id": f"p{number}", "image": f"{number}.jpg", "copies": copies, **values}


@pytest.mark.parametrize(
    ("tag", "spelling"),
    [
        ("ar", "ar"), ("ZH_hant_tw", "zh-Hant-TW"), (" pt-br ", "pt-BR"), ("es-419", "es-419"), ("sr-latn", "sr-Latn"),
        ("de-CH-1996", "de-CH-1996"), ("fil", "fil"), ("zh-yue-HK", "zh-yue-HK"), ("ar-u-nu-latn", "ar-u-nu-latn"),
        ("en-x-Shop", "en-x-shop"), ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("", None), ("english", None), ("e", None), ("zh--CN", None), ("zh-CN-", None), ("中文", None), ("en/US", None),
        ("en_US.UTF-8", None), ("default", None), ("de-DE-DE", None), ("1080x1080", None), ("en" + "-abcde" * 9, None),
        ("ar\u202e", None), ("ſk", None),
    ],
)  # fmt: skip
def test_a_locale_has_one_spelling(tag: str, spelling: str | None) -> None:
    assert canonical(tag) == spelling
    assert spelling is None or canonical(spelling) == spelling


def test_a_product_has_a_row_a_canvas_and_locale_all_in_one_shard() -> None:
    work = of_lines(*(localised({"en": EN, "ar_AE": AR}, number) for number in range(9)), canvases=("1:1", "3:4"))
    assert work.rows_in == 36 and not len(work.failed)
    for shard in work.shards:
        assert len(shard) == 4 * len(set(shard["product_id"].to_pylist()))
    by_id = {row["row_id"]: row for row in rows(work)}
    assert {"p3@1080x1080@en", "p3@1080x1440@en", "p3@1080x1080@ar-AE", "p3@1080x1440@ar-AE"} <= by_id.keys()
    english, arabic = by_id["p3@1080x1080@en"], by_id["p3@1080x1080@ar-AE"]
    assert (english["locale"], english["language"], english["title"]) == ("en", "en", "Soft linen shirt")
    assert (arabic["locale"], arabic["language"], arabic["canvas"]) == ("ar-AE", "ar-AE", "1080x1080")
    said = (arabic["price"], arabic["selling_points"], arabic["call_to_action"])
    assert said == ("٨٩ د.إ", ["قماش طبيعي"], "تسوّق"), "price and call as they are given"
    assert english["images"] == arabic["images"] == ["s3://shop/3.jpg"]
    assert english["input_row"] == arabic["input_row"]


def test_a_rows_own_title_keeps_its_key_beside_its_translations() -> None:
    plain = rows(of_lines(product(brand="牌", price="￥9")))[0]
    work = of_lines(product(brand="牌", price="￥9", copies={"ar": {"title": "قميص"}}))
    own, arabic = sorted(rows(work), key=lambda row: row["row_id"])
    assert own["row_id"] == plain["row_id"] == "p1@1080x1080"
    unlike = {name for name in plain if plain[name] != own[name]}
    assert unlike == {"input_row"}, "the row of before is not computed anew"
    assert (arabic["row_id"], arabic["brand"], arabic["price"]) == ("p1@1080x1080@ar", "牌", None)


def test_rows_with_a_locale_are_the_same_rows() -> None:
    copies = of_lines(localised({"en": EN, "ar": AR}))
    lines = [localised(None, locale=tag, **copy) for tag, copy in (("EN", EN), ("ar", AR))]
    single = of_lines(*lines)
    names = [name for name in rows(copies)[0] if name != "input_row"]
    assert [[row[name] for name in names] for row in rows(single)] == [
        [row[name] for name in names] for row in rows(copies)
    ]


@pytest.mark.parametrize(
    "kind",
    [
        pa.map_(pa.string(), pa.map_(pa.string(), pa.string())),
        pa.map_(pa.string(), pa.struct([("title", pa.string()), ("selling_points", pa.list_(pa.string()))])),
        pa.struct({tag: pa.struct([("title", pa.string()), ("selling_points", pa.list_(pa.string()))])
                   for tag in ("en", "ar", "fr")}),
    ],
)  # fmt: skip
def test_maps_and_structs_of_parquet_are_read(kind: pa.DataType) -> None:
    points: Any = "a|b" if pa.types.is_map(kind) and pa.types.is_map(kind.item_type) else ["a", "b"]
    copies: Any = {tag: {"title": tag, "selling_points": points} for tag in ("en", "ar")}
    if pa.types.is_map(kind):
        copies = [(t, [*c.items()] if pa.types.is_map(kind.item_type) else c) for t, c in copies.items()]
    raw = pa.table({"product_id": ["p"], "image": ["a.jpg"], "copies": pa.array([copies], kind)})
    work = plan_of(raw)
    assert [(row["row_id"], row["title"], row["selling_points"]) for row in rows(work)] == [
        ("p@1080x1080@ar", "ar", ["a", "b"]), ("p@1080x1080@en", "en", ["a", "b"]),
    ]  # fmt: skip
    again = plan_of(manifest.from_lines([rows(work)[0]["input_row"]], "layouts"))
    assert [row["row_id"] for row in rows(again)] == [row["row_id"] for row in rows(work)], "as a replay reads it"


def test_json_in_a_field_of_text_is_read() -> None:
    work = plan_of([localised(json.dumps({"en": EN}))])
    assert rows(work)[0]["selling_points"] == ["Breathes"]


def test_what_is_wrong_with_one_locale_fails_it_alone() -> None:
    work = of_lines(
        localised({"en": EN, "english": EN, "fr": {"selling_points": ["x"]}, "de": "Hemd", "es": {"title": 3}, "it": {},
                   "pt": {"title": "N/A"}, "pl": None, "zh_CN": EN, "zh-cn": EN}),
        canvases=("1:1", "3:4"), empty_words=frozenset({"N/A"}),
    )  # fmt: skip
    assert [row["row_id"] for row in rows(work)] == ["p1@1080x1080@en", "p1@1080x1440@en"]
    faults = failed(work)
    assert {key: kind for key, (kind, _) in faults.items() if "1440" not in key} == {
        "p1#row1@@english": "bad_locale",
        "p1@1080x1080@fr": "missing_field",
        "p1@1080x1080@de": "bad_row",
        "p1@1080x1080@es": "bad_row",
        "p1@1080x1080@it": "missing_field",
        "p1@1080x1080@pt": "placeholder_title",
        "p1@1080x1080@zh-CN": "duplicate_locale",
    }
    assert "BCP 47" in faults["p1#row1@@english"][1] and '"english"' in faults["p1#row1@@english"][1]
    assert faults["p1@1080x1440@fr"][1] == "row 1, copies fr: product \"p1\" has no title; fill 'title' or 'copies'"
    assert "copies zh_CN, copies zh-cn" in faults["p1@1080x1080@zh-CN"][1]
    assert work.rows_in == 2 + 1 + 12


def test_too_many_locales_and_what_is_no_map_fail_their_product() -> None:
    many = {f"{a}{b}{c}": EN for a in "abcdefgh" for b in "abcdefgh" for c in "abcdefgh"}
    work = of_lines(localised(dict([*many.items()][:500])), localised(7, 2), localised(["en"], 3), localised("{", 4))
    faults = failed(work)
    assert not work.shards and {key: kind for key, (kind, _) in faults.items()} == {
        "p1@1080x1080": "too_many_locales", "p2@1080x1080": "bad_row", "p3@1080x1080": "bad_row",
        "p4@1080x1080": "bad_row",
    }  # fmt: skip
    assert f"500 locales, more than {MOST_LOCALES}" in faults["p1@1080x1080"][1]


@pytest.mark.parametrize("copies", [None, {}, [], "", {"en": None}])
def test_empty_copies_are_none(copies: Any) -> None:
    (error,) = failed(of_lines(localised(copies))).values()
    assert error == ("missing_field", "row 1: product \"p1\" has no title; fill 'title' or 'copies'")
    assert rows(of_lines(localised(copies, title="x")))[0]["row_id"] == "p1@1080x1080"


def test_the_second_row_of_a_product_and_locale_is_a_duplicate() -> None:
    work = of_lines(
        localised({"en": EN}), localised({"fr": EN, "EN": EN}), localised(None, locale="fr", title="x"),
        localised(None, title="x"), localised({"en": EN}, locale="en", title="x"),
    )  # fmt: skip
    assert [row["row_id"] for row in rows(work)] == ["p1@1080x1080", "p1@1080x1080@en", "p1@1080x1080@fr"]
    faults = failed(work)
    assert {key: kind for key, (kind, _) in faults.items()} == {
        "p1#row2@1080x1080@en": "duplicate_id",
        "p1#row3@1080x1080@fr": "duplicate_id",
        "p1#row5@1080x1080@en": "duplicate_id",
    }
    assert "stands in row 2 in the locale fr already" in faults["p1#row3@1080x1080@fr"][1]


def test_a_bad_canvas_fails_in_each_locale_and_no_key_stands_twice() -> None:
    lines = [localised({"en": EN}, canvases=["7:3", "en"]), localised({"fr": EN, "x!": EN}, canvases=["7:3", "x!"])]
    work = of_lines(*lines, {**lines[0], "product_id": "p1@1080x1080"})
    keys = [row["row_id"] for row in work.failed.to_pylist()]
    assert {"p1@7:3@en", "p1@en@en", "p1@7:3@fr", "p1#row2@@x!"} <= {*keys}
    assert sum_of_ids(keys).endswith(f"-{len(keys)}")


def test_words_for_nothing_and_other_columns_are_left_out_and_said() -> None:
    work = of_lines(
        localised({"en": {**EN, "brand": "null", "description": "…", "price": "$9"}}, empty_words=None),
        empty_words=frozenset({"null"}),
    )
    (row,) = rows(work)
    assert row["brand"] is None and (row["price"], row["selling_points"]) == ("$9", ["Breathes"])
    assert any("description left out" in note for note in row["notes"])


def test_covers_and_annotations() -> None:
    line = {"product_id": "c", "cover": "a.jpg", "copies": {"ar": {"title": "قميص", "stickers": ["جديد"]}}}
    raw = manifest.from_lines([json.dumps(line)], "covers")
    (cover,) = rows(plan_of(raw, kind="covers", application="video_cover"))
    assert (cover["row_id"], cover["stickers"]) == ("c@1080x1080@ar", ["جديد"])
    read = of_lines(localised({"en": EN}), localised(None, 2, locale="ar"), kind="annotations", canvases=())
    assert sorted(row["row_id"] for row in rows(read)) == ["p1", "p2@@ar"], "a picture is read once for all its copy"


def test_an_entrys_price_is_a_selling_point_where_the_column_is_the_users_own_number() -> None:
    own, english = rows(of_lines(product(price=9.5, copies={"en": {**EN, "price": "$9", "badge": "New"}})))
    assert (own["price"], own["selling_points"]) == (9.5, [])
    assert (english["price"], english["selling_points"], english["badge"]) == (9.5, ["$9", "Breathes"], "New")


TAGS = st.sampled_from(["en", "EN", "ar", "zh_CN", "x!", "", "french"])
COPY = st.none() | st.just(EN) | st.just({}) | st.just("x")


@given(st.lists(st.fixed_dictionaries({"product_id": st.sampled_from(["a", "a@1080x1080", None]), "image": st.just("i"),
                                       "title": st.sampled_from([None, "t"]), "locale": st.none() | TAGS,
                                       "copies": st.none() | st.dictionaries(TAGS, COPY, max_size=4),
                                       "canvases": st.sampled_from([None, ["1:1", "en"], ["1:1", "3:4"]])}),
                max_size=4))  # fmt: skip
def test_every_row_has_its_own_key_and_a_replay_gives_it_again(lines: list[dict[str, Any]]) -> None:
    work = of_lines(*lines)
    keys = [row["row_id"] for row in [*rows(work), *work.failed.to_pylist()]]
    assert sum_of_ids(keys).endswith(f"-{work.rows_in}")
    for row in rows(work):
        narrowed = locales.only(json.loads(row["input_row"]), str, {row["locale"]})
        again = rows(of_lines({**narrowed, "canvases": [row["canvas"]]}))
        assert [one["row_id"] for one in again] == [row["row_id"]]
