import json
import math
import unicodedata
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core import schema
from layoutgen.core.fingerprint import Versions, keys
from layoutgen.core.layout import parse_canvas
from layoutgen.core.manifest.column_types import JSON_TEXT
from layoutgen.core.manifest.keys import product_key
from layoutgen.core.manifest.plan import Plan, plan
from layoutgen.core.manifest.products import Rules
from tests.budget import examples


def join(path: str) -> str:
    if ".." in path:
        raise ValueError(f"path {path!r} climbs out")
    return f"s3://shop/{path}"


def plan_of(raw: pa.Table | list[dict[str, Any]], **options: Any) -> Plan:
    if isinstance(raw, list):
        raw = pa.table(
            {name: [row.get(name) for row in raw] for name in dict.fromkeys(key for row in raw for key in row)}
        )
    counts = {name: options.pop(name) for name in ("rows_per_shard", "shards") if name in options}
    rules = replace(Rules(("1:1",), 1080, "poster", join, "layouts"), **options)
    return plan(raw, rules, **({"rows_per_shard": 4} | counts))


def product(number: int = 1, **values: Any) -> dict[str, Any]:
    return {"product_id": f"p{number}", "image": f"{number}.jpg", "title": "夏日"} | values


def rows(work: Plan) -> list[dict[str, Any]]:
    return [row for shard in work.shards for row in shard.to_pylist()]


def only_row(work: Plan) -> dict[str, Any]:
    (row,) = rows(work)
    return row


def only_error(work: Plan) -> dict[str, Any]:
    assert not work.shards
    (row,) = work.failed.to_pylist()
    assert row["status"] == "failed"
    return row["error"]


def test_a_product_becomes_a_row_of_the_contract() -> None:
    work = plan_of([product(selling_points=["轻", " ", "薄"], brand="牌", logo="l.png", category="鞋", price=9.5)])
    (shard,) = work.shards
    offers = [name for name in schema.OFFER.names if name != "price"]
    assert shard.schema.names == [*schema.PLANNED.names, *offers, *schema.WISHES.names, "price"], "a number is no copy"
    assert shard.select(schema.PLANNED.names).schema == schema.PLANNED
    row = only_row(work)
    assert json.loads(row.pop("input_row"))["selling_points"] == ["轻", " ", "薄"]
    assert row == {
        "row_id": "p1@1080x1080", "product_id": "p1", "canvas": "1080x1080", "canvas_width": 1080,
        "canvas_height": 1080, "images": ["s3://shop/1.jpg"], "title": "夏日", "selling_points": ["轻", "薄"],
        "brand": "牌", "logo": "s3://shop/l.png", "category": "鞋", "language": None, "application": "poster",
        "status": "ok", "error": None, "notes": [], "price": 9.5, "video": None, "subtitle": None, "stickers": None,
        "locale": None, **dict.fromkeys(offers), "style": None, "series": None, "variant": 0, "framing": None,
        "constraints": None, "layout": None, "captions": None,
    }  # fmt: skip


def test_a_product_has_a_row_a_canvas_all_in_one_shard() -> None:
    work = plan_of([product(number) for number in range(30)], canvases=("1:1", "3:4", "1080x1080", "16:9"))
    assert work.rows_in == 90
    for shard in work.shards:
        assert shard["row_id"].to_pylist() == sorted(shard["row_id"].to_pylist())
        assert len(shard) == 3 * len(set(shard["product_id"].to_pylist()))


def test_a_rows_own_canvases_and_application_come_first() -> None:
    work = plan_of([product(canvases=["3:4", "810x1080"], application="marketing")], short_side=810)
    assert only_row(work)["row_id"] == "p1@810x1080"
    assert only_row(work)["application"] == "marketing"
    assert len(rows(plan_of([product(canvases=[])]))) == 1


def test_a_bad_canvas_fails_alone() -> None:
    work = plan_of([product(canvases=["1:1", "7:3", "10x10", "7:3"])])
    assert [row["row_id"] for row in rows(work)] == ["p1@1080x1080"]
    failed = work.failed.to_pylist()
    assert [(row["row_id"], row["canvas"], row["error"]["kind"]) for row in failed] == [
        ("p1@7:3", None, "bad_canvas"),
        ("p1@10x10", None, "bad_canvas"),
    ]
    assert "row 1: canvas '7:3' is neither WIDTHxHEIGHT" in failed[0]["error"]["message"]
    assert work.rows_in == 3


def test_a_bad_canvas_of_the_settings_is_an_error() -> None:
    with pytest.raises(ValueError, match="canvas 'wide' is neither"):
        plan_of([], canvases=("wide",))


@pytest.mark.parametrize("column", ["product_id", "image", "title"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_field_is_named(column: str, value: str | None) -> None:
    error = only_error(plan_of([product(**{column: value})]))
    assert error["kind"] == ("empty_title" if (column, value) == ("title", "") else "missing_field")
    assert error["message"].startswith("row 1: ")
    assert column in error["message"]


@pytest.mark.parametrize(
    "title", ["", "  \n\t", "\u3000", "\u200b\u200d", "\ufeff", "\u202e\u202c", "\u3164", "\x00\x1b"]
)
def test_a_title_that_shows_nothing_is_empty(title: str) -> None:
    assert only_error(plan_of([product(title=title)]))["kind"] == "empty_title"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  a  b ", "a  b"),
        ("line\r\nbreak\tand\u2028more", "line break and more"),
        ("bell\x07 esc\x1b[0m", "bell esc[0m"),
        ("\ufeffmark", "mark"),
        ("\u202eturned\u202c", "turned"),
        ("cafe\u0301", "caf\u00e9"),
        ("夏\u3000日", "夏\u3000日"),
        ("👩\u200d👩\u200d👧 ❤\ufe0f", "👩\u200d👩\u200d👧 ❤\ufe0f"),
        ("ﬁ①Ａ", "ﬁ①Ａ"),
    ],
)
def test_titles_are_composed_and_free_of_controls(given: str, kept: str) -> None:
    assert only_row(plan_of([product(title=given)]))["title"] == kept


def test_what_was_cleaned_in_a_copy_is_noted_by_column() -> None:
    row = only_row(
        plan_of([product(title="<b>Tom</b> &amp; Co", selling_points=["so\u00adft", "fine"], brand="A&amp;B")])
    )
    assert (row["title"], row["selling_points"], row["brand"]) == ("Tom & Co", ["soft", "fine"], "A&B")
    assert row["notes"] == [
        "title: entities were read, markup was taken out",
        "selling_points: characters that show nothing were taken out",
        "brand: entities were read",
    ]
    assert "so\u00adft" in json.loads(row["input_row"])["selling_points"]


@pytest.mark.parametrize("title", ["NULL", " NULL ", "\\N", "&#78;ULL"])
def test_a_title_that_is_a_word_for_nothing_is_a_kind_of_its_own_and_may_be_allowed(title: str) -> None:
    error = only_error(plan_of([product(title=title)], empty_words=frozenset({"NULL", "\\N"})))
    assert error["kind"] == "placeholder_title"
    assert "input.empty_words" in error["message"]
    assert len(rows(plan_of([product(title=title)]))) == 1


def test_other_words_for_nothing_are_as_if_they_were_not_there() -> None:
    words = {"brand": "nan", "logo": "nan", "category": "nan", "language": "nan", "application": "nan"}
    nothing = product(selling_points=["nan", "fine"], images=["nan"], **words)
    row = only_row(plan_of([nothing], empty_words=frozenset({"nan"})))
    assert (row["brand"], row["logo"], row["category"], row["language"]) == (None, None, None, None)
    assert (row["application"], row["selling_points"], len(row["images"])) == ("poster", ["fine"], 1)
    assert 'brand is "nan", a word for nothing: left out' in row["notes"]
    error = only_error(plan_of([product(image="nan")], empty_words=frozenset({"nan"})))
    assert error["kind"] == "missing_field"


def test_copy_that_is_cleaned_to_the_same_is_not_composed_again() -> None:
    versions = Versions("1")
    marked, plain = (
        keys(only_row(plan_of([product(title=title)])), "sha", {}, versions) for title in ("a&amp;\u00adb", "a&b")
    )
    assert (marked.annotate, marked.compose) == (plain.annotate, plain.compose)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("title", 12, "title is 12 (int); write text"),
        ("title", ["x"], 'title is ["x"] (list); write text'),
        ("image", 1.5, "image is 1.5 (float); write text"),
        ("images", "a.jpg", 'images is "a.jpg" (str); write a list of text'),
        ("images", [1], "images is [1] (list); write a list of text"),
        ("selling_points", {"a": 1}, 'selling_points is {"a": 1} (dict); write a list of text'),
        ("canvases", "1:1", 'canvases is "1:1" (str); write a list of text'),
        ("product_id", 1.5, "product_id is 1.5 (float); write text"),
        ("product_id", 2.0**53, "product_id is 9007199254740992.0 (float); write text"),
        ("product_id", True, "product_id is true (bool); write text"),
        ("logo", b"\xff", "logo is \"b'\\\\xff'\" (bytes); write text"),
        (
            "title",
            b'"half \\ud83d"',
            'title is "half \\ud83d", which has half a character (a lone surrogate); write whole characters',
        ),
        ("application", "banner", 'application is "banner"; write one of poster, marketing, video_cover'),
    ],
)
def test_a_value_of_the_wrong_type_is_a_bad_row(column: str, value: Any, message: str) -> None:
    error = only_error(plan_of([product(**{column: value})]))
    assert error == {"stage": "plan", "kind": "bad_row", "message": f"row 1: {message}"}


def test_a_wrong_value_in_a_mixed_column_fails_its_row_only() -> None:
    titles = [json.dumps(title) for title in ("好", 12, None, {"a": 1}, "half \ud83d", "whole 👍")]
    fields = [pa.field("product_id", pa.string()), pa.field("image", pa.string())]
    fields.append(pa.field("title", pa.string(), metadata=JSON_TEXT))
    columns = [pa.array(list("abcdef")), pa.array(["a.jpg"] * 6), pa.array(titles)]
    work = plan_of(pa.Table.from_arrays(columns, schema=pa.schema(fields)))
    assert sorted(row["title"] for row in rows(work)) == ["whole 👍", "好"]
    assert [row["error"]["kind"] for row in work.failed.to_pylist()] == [
        "bad_row",
        "missing_field",
        "bad_row",
        "bad_row",
    ]


def test_a_whole_number_is_a_product_id() -> None:
    assert only_row(plan_of([product(product_id=17)]))["product_id"] == "17"


def test_pandas_nan_is_nothing() -> None:
    assert only_row(plan_of([product(brand=float("nan"), selling_points=float("nan"))]))["brand"] is None


def test_images_keep_their_order_with_image_first() -> None:
    assert only_row(plan_of([product(image="b", images=["a", "b", None])]))["images"] == ["s3://shop/a", "s3://shop/b"]
    assert only_row(plan_of([product(image="c", images=["a"])]))["images"] == ["s3://shop/c", "s3://shop/a"]
    assert only_row(plan_of([product(image=None, images=["a"])]))["images"] == ["s3://shop/a"]


@pytest.mark.parametrize("column", ["image", "logo"])
def test_a_path_that_climbs_out_is_a_bad_path(column: str) -> None:
    error = only_error(plan_of([product(**{column: "../secret.jpg"})]))
    assert error == {"stage": "plan", "kind": "bad_path", "message": "row 1: path '../secret.jpg' climbs out"}


def test_later_rows_of_a_product_are_duplicates() -> None:
    work = plan_of([product(1), product(2), product(1, title="又"), product(1)])
    assert sorted(row["title"] for row in rows(work)) == ["夏日", "夏日"]
    failed = work.failed.to_pylist()
    assert [row["error"]["kind"] for row in failed] == ["duplicate_id"] * 2
    assert [row["row_id"] for row in failed] == ["p1#row3@1080x1080", "p1#row4@1080x1080"]
    assert 'row 3: product_id "p1" stands in row 1 already' in failed[0]["error"]["message"]


def test_a_broken_product_fails_once_a_canvas_where_canvases_are_known() -> None:
    work = plan_of([product(title=None), product(2, canvases=[], image=None)], canvases=("1:1", "3:4"))
    assert [row["row_id"] for row in work.failed.to_pylist()] == [
        "p1@1080x1080", "p1@1080x1440", "p2@1080x1080", "p2@1080x1440",
    ]  # fmt: skip
    assert len(plan_of([product(canvases=17)], canvases=("1:1", "3:4")).failed) == 1


def test_a_line_that_is_no_object_fails_once_and_is_kept() -> None:
    work = plan_of([{"product_id": None, "image": None, "title": None, "input_row": "{oops"}], canvases=("1:1", "3:4"))
    assert only_error(work)["kind"] == "bad_row"
    assert work.failed["input_row"].to_pylist() == ["{oops"]


def test_annotations_need_an_image_only_and_have_no_canvas() -> None:
    work = plan_of([{"image": "a/1.jpg"}, {"image": "2.jpg", "product_id": "two"}], kind="annotations")
    got = sorted(rows(work), key=lambda row: row["row_id"])
    assert [(row["row_id"], row["product_id"], row["canvas"], row["title"]) for row in got] == [
        ("a/1.jpg", "a/1.jpg", None, None),
        ("two", "two", None, None),
    ]


def test_an_image_named_twice_is_a_duplicate_annotation() -> None:
    work = plan_of([{"image": "1.jpg"}, {"image": "1.jpg"}], kind="annotations")
    assert [row["error"]["kind"] for row in work.failed.to_pylist()] == ["duplicate_id"]


def test_a_shard_has_about_the_rows_asked_for() -> None:
    work = plan_of([product(number) for number in range(4000)], rows_per_shard=100)
    sizes = [len(shard) for shard in work.shards]
    assert len(sizes) == 40
    assert sum(sizes) == 4000
    assert max(sizes) < 150


def test_shards_are_the_same_in_every_release() -> None:
    work = plan_of([product(number) for number in range(6)], rows_per_shard=2)
    assert [shard["product_id"].to_pylist() for shard in work.shards] == [["p0", "p5"], ["p2", "p3"], ["p1", "p4"]]


TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "b", "../a", " ", "夏 日", "e\u0301"]), st.text(max_size=4))
LISTS = st.one_of(st.none(), st.lists(TEXTS, max_size=3))
ANYTHING = st.recursive(
    st.one_of(TEXTS, st.integers(), st.booleans(), st.floats()),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=2), inner, max_size=2)),
    max_leaves=4,
)
CANVASES = st.one_of(st.none(), st.lists(st.sampled_from(["1:1", "3:4", "1080x1080", "7:3", "", "10x10"]), max_size=4))
MANIFEST_ROWS = st.fixed_dictionaries(
    {"product_id": st.one_of(TEXTS, st.sampled_from("abcdefgh"), ANYTHING), "image": st.one_of(TEXTS, ANYTHING)},
    optional={
        "title": st.one_of(TEXTS, ANYTHING),
        "images": LISTS,
        "canvases": st.one_of(CANVASES, ANYTHING),
        "selling_points": st.one_of(LISTS, ANYTHING),
        "logo": TEXTS,
        "application": st.sampled_from([None, "poster", "banner"]),
    },
)


def json_table(given: list[dict[str, Any]]) -> pa.Table:
    """A raw table whose every column may hold anything, and whose own column tells the row's place in `given`."""
    names = ("product_id", "image", "title", "images", "canvases", "selling_points", "logo", "application")
    fields = [pa.field(name, pa.string(), metadata=JSON_TEXT) for name in names]
    columns = [pa.array([json.dumps(row.get(name)) for row in given], pa.string()) for name in names]
    own = pa.array(range(len(given)), pa.int64())
    return pa.Table.from_arrays([*columns, own], schema=pa.schema([*fields, pa.field("place", pa.int64())]))


def canvas_count(row: dict[str, Any]) -> int:
    """How many rows a manifest's row stands for, worked out apart from the plan."""
    names = row.get("canvases")
    if names is None or names == [] or (isinstance(names, float) and math.isnan(names)):
        return 2
    if not isinstance(names, list) or not all(name is None or isinstance(name, str) for name in names):
        return 1
    names = [name for name in names if name]
    try:
        json.dumps(names, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return 1
    found = set()
    for name in names:
        try:
            found.add(parse_canvas(name, 1080).name)
        except ValueError:
            found.add(("bad", name))
    return len(found) or 2


@settings(max_examples=examples(60, soak=600), deadline=None)
@given(st.lists(MANIFEST_ROWS, max_size=8))
def test_every_row_leaves_exactly_once(given: list[dict[str, Any]]) -> None:
    work = plan_of(json_table(given), canvases=("1:1", "3:4"), rows_per_shard=2)
    leaving = [*rows(work), *work.failed.to_pylist()]
    assert len(leaving) == work.rows_in == sum(map(canvas_count, given))
    for place, row in enumerate(given):
        assert sum(left["place"] == place for left in leaving) == canvas_count(row)
    keys = [row["row_id"] for row in leaving]
    assert len(set(keys)) == len(keys)
    assert all(row["status"] == "ok" and row["error"] is None and row["images"] for row in rows(work))
    assert all(unicodedata.is_normalized("NFC", row["title"]) and row["title"].strip() for row in rows(work))
    assert all(row["error"]["stage"] == "plan" and row["error"]["message"] for row in work.failed.to_pylist())


@settings(max_examples=examples(30, soak=200), deadline=None)
@given(st.lists(MANIFEST_ROWS, max_size=12, unique_by=lambda row: json.dumps(row["product_id"])), st.randoms())
def test_shards_do_not_depend_on_the_order_of_rows(given: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)

    def contents(manifest: list[dict[str, Any]]) -> list[list[str]]:
        work = plan_of(json_table(manifest), rows_per_shard=3)
        return [shard.drop_columns("place")["row_id"].to_pylist() for shard in work.shards]

    seen = [row["product_id"] for row in given]
    if len({str(key) for key in seen}) == len(seen):  # 1 and "1" are one product: then the first of them counts
        assert contents(given) == contents(shuffled)
        assert contents(given) == contents(given)


@settings(max_examples=examples(20, soak=100), deadline=None)
@given(st.sets(st.text(min_size=1, max_size=6), max_size=40), st.integers(1, 10))
def test_shards_partition_the_rows(keys: set[str], rows_per_shard: int) -> None:
    work = plan_of([product(product_id=key) for key in keys], rows_per_shard=rows_per_shard)
    assert all(len(shard) for shard in work.shards)
    assert len(work.shards) <= -(-len(keys) // rows_per_shard)
    assert {row["product_id"] for row in rows(work)} == {key for text in keys if (key := product_key(text))}
