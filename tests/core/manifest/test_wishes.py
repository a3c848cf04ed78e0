"""How layouts should be, from the manifest: styles, series, variants and canvases as they are."""

import json
from typing import Any

import pyarrow as pa
import pytest

from layoutgen.core import fingerprint
from layoutgen.core.fingerprint import Versions
from layoutgen.core.manifest.keys import parts
from layoutgen.io.manifests import manifest
from layoutgen.runs.planning import PART_ROWS
from tests.core.manifest.test_locales import failed, localised, of_lines
from tests.core.manifest.test_plan import plan_of, product, rows

STYLES = ("plain", "bold_sale")


def test_wishes_stand_in_the_row() -> None:
    (row,) = rows(of_lines(product(style="bold_sale", series=" 618 ", framing="as_is"), styles=STYLES))
    assert (row["style"], row["series"], row["framing"], row["variant"]) == ("bold_sale", "618", "as_is", 0)
    (row,) = rows(of_lines(product(style="auto", series="", framing=""), styles=STYLES))
    assert (row["style"], row["series"], row["framing"], row["variant"]) == ("auto", None, None, 0)


@pytest.mark.parametrize(
    ("wish", "kind", "message"),
    [
        ({"style": "baroque"}, "unknown_style", 'style is "baroque"; write one of auto, plain, bold_sale'),
        ({"framing": "whole"}, "bad_row", 'framing is "whole"; write as_is'),
        ({"variants": 0}, "bad_row", "variants is 0; write a whole number from 1 to 100"),
        ({"variants": 101}, "bad_row", "variants is 101"),
        ({"variants": "many"}, "bad_row", 'variants is "many"'),
        ({"variants": 1.5}, "bad_row", "variants is 1.5"),
        ({"variants": True}, "bad_row", "variants is true"),
    ],
)
def test_a_wish_that_nobody_can_grant_fails_its_row_alone(wish: dict[str, Any], kind: str, message: str) -> None:
    work = of_lines(product(**wish), product(product_id="q"), styles=STYLES, canvases=("1:1", "3:4"))
    assert [row["product_id"] for row in rows(work)] == ["q", "q"]
    faults = failed(work)
    assert sorted(faults) == ["p1@1080x1080", "p1@1080x1440"]
    assert all(found == kind and message in told for found, told in faults.values())


@pytest.mark.parametrize("count", [3, "3", 3.0])
def test_variants_are_rows_of_their_own_and_the_first_has_the_key_of_today(count: Any) -> None:
    (plain,) = rows(of_lines(product()))
    work = of_lines(product(variants=count))
    first, second, third = rows(work)
    assert [row["row_id"] for row in (first, second, third)] == [f"p1@1080x1080{v}" for v in ("", "@v1", "@v2")]
    assert [row["variant"] for row in (first, second, third)] == [0, 1, 2]
    assert {name for name in plain if plain[name] != first[name]} == {"input_row"}
    assert len(work.shards) == 1 and work.rows_in == 3


def test_settings_say_how_many_variants_rows_have_that_name_none() -> None:
    work = of_lines(product(), product(product_id="q", variants=1), variants=2)
    assert sorted(row["row_id"] for row in rows(work)) == ["p1@1080x1080", "p1@1080x1080@v1", "q@1080x1080"]
    covers = of_lines(product(application="video_cover", variants=5), variants=2)
    assert [row["variant"] for row in rows(covers)] == [0], "a cover has one layout"


def test_a_cover_may_ask_for_a_style_and_for_nothing_else() -> None:
    wishes = {"style": "plain", "series": "618", "framing": "as_is"}
    (row,) = rows(of_lines(product(application="video_cover", **wishes), styles=STYLES))
    assert (row["style"], row["series"], row["framing"]) == ("plain", None, None)
    work = of_lines(product(application="video_cover", style="baroque"), styles=STYLES)
    assert {kind for kind, _ in failed(work).values()} == {"unknown_style"}


def test_keys_of_variants_say_canvas_and_locale() -> None:
    work = of_lines(localised({"ar": {"title": "قميص"}, "v1": {"title": "x"}}, variants=2))
    found = {row["row_id"]: parts(row["row_id"], "p1") for row in rows(work)}
    assert found == dict.fromkeys(("p1@1080x1080@ar", "p1@1080x1080@ar@v1"), ("1080x1080", "ar"))
    assert parts("p1@1080x1080@v1", "p1") == ("1080x1080", None)
    assert parts("p1#row1@@v1", "p1") == (None, "v1"), "a locale that is none keeps its name"


def test_wishes_and_variants_are_in_the_fingerprint_and_rows_without_them_keep_theirs() -> None:
    def key(**changes: Any) -> str:
        (shard,) = plan_of([product()]).shards
        row = {name: values[0] for name, values in fingerprint.reads([Versions("f", "a", "c", "p")], shard).items()}
        return fingerprint.keys(row | changes, "sha", {}, Versions("f", "a", "c", "p")).compose

    wishes = [{"style": "plain"}, {"series": "618"}, {"variant": 1}, {"variant": 2}, {"framing": "as_is"}]
    assert len({key(), *(key(**wish) for wish in wishes)}) == 6
    assert key() == key(variant=0) == key(variant=None, style=None)


@pytest.mark.parametrize("size", [1, 10_000])
def test_a_series_of_any_size_is_planned_row_by_row(size: int) -> None:
    assert size < PART_ROWS
    lines = [json.dumps(product(product_id=f"p{i}", series="618")) for i in range(size)]
    work = plan_of(manifest.from_lines(lines, "layouts"))
    series = pa.concat_tables(work.shards).column("series")
    assert work.rows_in == size and series.unique().to_pylist() == ["618"]
