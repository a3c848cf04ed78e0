import json
from dataclasses import replace

import pyarrow as pa
import pytest

from layoutgen.core import schema
from layoutgen.core.manifest.contracts import CONTRACTS
from layoutgen.core.manifest.plan import plan
from layoutgen.core.manifest.products import Rules
from layoutgen.io.manifests.manifest import ManifestError
from tests.io.manifests.test_manifest import read


def planned(*rows, **other):
    raw = pa.Table.from_pylist([{"input_row": json.dumps(row), **row} for row in rows])
    rules = Rules(("3:4", "16:9"), 1080, "video_cover", lambda path: f"/base/{path}", "covers")
    return plan(raw, replace(rules, **other), shards=1)


def faults(work):
    return {row["row_id"]: row["error"]["kind"] for row in work.failed.to_pylist()}


def test_a_cover_has_a_row_for_each_ratio_and_its_own_columns():
    (shard,) = planned(
        {"product_id": "a", "cover": "a.jpg", "title": "标题", "subtitle": "副标题", "stickers": ["新品"],
         "brand": "山野集", "style": "tech", "series": "their own"}
    ).shards  # fmt: skip
    assert shard.column_names == [*schema.PLANNED.names, *schema.OFFER.names, "style", "series"]
    assert shard.column("row_id").to_pylist() == ["a@1080x1440", "a@1920x1080"]
    row = shard.to_pylist()[0]
    assert (row["images"], row["video"]) == (["/base/a.jpg"], None)
    assert (row["subtitle"], row["stickers"], row["application"]) == ("副标题", ["新品"], "video_cover")
    assert (row["brand"], row["style"], row["series"]) == ("山野集", "tech", "their own")


def test_a_clip_is_the_rows_one_image():
    (shard,) = planned({"video": "a.mp4", "title": "标题", "ratios": ["1:1"]}).shards
    (row,) = shard.to_pylist()
    assert (row["row_id"], row["images"], row["video"]) == ("a.mp4@1080x1080", ["/base/a.mp4"], "/base/a.mp4")


def test_a_row_needs_one_picture_and_a_title():
    work = planned(
        {"product_id": "both", "cover": "a.jpg", "video": "a.mp4", "title": "t", "ratios": ["1:1"]},
        {"product_id": "none", "title": "t", "ratios": ["1:1"]},
        {"product_id": "mute", "cover": "a.jpg", "ratios": ["1:1"]},
        {"product_id": "odd", "cover": "a.jpg", "title": "t", "ratios": ["1:x"]},
    )
    assert faults(work) == {
        "both@1080x1080": "bad_row",
        "none@1080x1080": "missing_field",
        "mute@1080x1080": "missing_field",
        "odd@1:x": "bad_canvas",
    }


def test_columns_of_another_contract_are_the_users_own():
    raw = pa.table({"product_id": ["a"], "image": ["a.jpg"], "title": ["t"], "cover": ["hard"], "ratios": ["s"]})
    (shard,) = plan(raw, Rules(("1:1",), 1080, "poster", str, "layouts"), shards=1).shards
    assert shard.column_names == [*schema.PLANNED.names, *schema.OFFER.names, *schema.WISHES.names, "cover", "ratios"]


def test_a_manifest_of_covers_names_what_it_lacks_and_what_clashes(tmp_path):
    (tmp_path / "a.csv").write_text("title,image\nt,a.jpg\n", encoding="utf-8")
    with pytest.raises(ManifestError, match=r"lacks the columns cover \(or video\)"):
        read(tmp_path / "a.csv", kind="covers")
    (tmp_path / "b.csv").write_text("title,cover,accepted\nt,a.jpg,yes\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="'accepted', which is the name of a result's column"):
        read(tmp_path / "b.csv", kind="covers")
    (tmp_path / "c.csv").write_text("title,cover,ratios\nt,a.jpg,1:1|9:16\n", encoding="utf-8")
    assert read(tmp_path / "c.csv", kind="covers").column("ratios").to_pylist() == [["1:1", "9:16"]]


def test_a_folder_gives_images_and_clips(tmp_path):
    for name in ("b.jpg", "spring_bag.mp4", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    rows = read(tmp_path, kind="covers").to_pylist()
    assert [(row["cover"], row["video"], row["title"]) for row in rows] == [
        ("b.jpg", None, "b"),
        (None, "spring_bag.mp4", "spring bag"),
    ]


def test_no_contract_reserves_its_own_columns():
    for contract in CONTRACTS.values():
        assert not contract.reserved & set(contract.columns)
        assert set(contract.lists) <= set(contract.columns)


def test_a_word_for_nothing_is_no_cover_and_no_key():
    work = planned(
        {"cover": "NULL", "video": "a.mp4", "title": "标题", "ratios": ["1:1"]},
        {"cover": "b.jpg", "video": "NULL", "title": "标题", "ratios": ["1:1"]},
        empty_words=frozenset({"NULL"}),
    )
    assert not len(work.failed)
    rows = [(row["row_id"], row["video"]) for shard in work.shards for row in shard.to_pylist()]
    assert rows == [("a.mp4@1080x1080", "/base/a.mp4"), ("b.jpg@1080x1080", None)]


def test_what_annotates_looks_at_the_image_of_a_cover_and_never_at_its_clip():
    raw = pa.table({"image": ["a.jpg"], "video": ["a.mp4"], "application": ["video_cover"]})
    (shard,) = plan(raw, Rules((), 1080, "poster", str, "annotations"), shards=1).shards
    (row,) = shard.to_pylist()
    assert (row["images"], row["video"], row["notes"]) == (["a.jpg"], None, [])
