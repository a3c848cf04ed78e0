"""A night looks its pictures up in listings, and does the same as one that asks for each of them."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from layoutgen import tables
from layoutgen.core import fingerprint
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.objects import listings
from layoutgen.io.objects.s3 import S3Objects
from layoutgen.io.storage import Storage
from layoutgen.runs import listed_pictures, planning, spilling
from tests.chaos.quick import night
from tests.drawn import encoded, photo

COUNT = 20
PHOTOS = [encoded(photo(seed=seed)) for seed in range(2)]


@dataclass
class Shop:
    """A shop of `COUNT` products whose pictures lie in one folder of a bucket, and which requests its nights made."""

    root: str
    asked: list[str] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)

    def fill(self) -> None:
        """Write pictures, a logo that all share, and the manifest."""
        rows = [{"product_id": f"p{i:02}", "image": f"pics/p{i:02}.jpg", "title": f"Vase {i}"} for i in range(COUNT)]
        rows[5]["images"] = ["pics/p05.jpg", "pics/p04.jpg"]
        rows[6]["image"] = "pics/none.jpg"
        for i in range(COUNT):
            Storage().write(f"{self.root}/pics/p{i:02}.jpg", PHOTOS[0])
        Storage().write(f"{self.root}/m.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows).encode())

    def night(self) -> dict[str, Any]:
        """Run the job."""
        self.asked.clear()
        self.pages.clear()
        return night(f"{self.root}/m.jsonl", f"{self.root}/out")

    def pictures_asked(self) -> list[str]:
        """The pictures that were asked for one by one."""
        return sorted({uri.rpartition("/")[2] for uri in self.asked if "/pics/" in uri})

    def rows(self) -> dict[str, Any]:
        """What is published, without what tells runs apart."""
        table = tables.read(f"{self.root}/out").drop_columns(["run_id", "created_at"])
        return {row["row_id"]: row for row in table.to_pylist()}


@pytest.fixture(scope="module")
def filled(s3: LocalS3) -> Shop:
    """The shop after its first night; who changes a picture leaves a night behind that has seen it."""
    shop = Shop("s3://shop/listed")
    shop.fill()
    shop.night()
    return shop


@pytest.fixture
def shop(filled: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    shop = filled
    version, page = S3Objects.version, S3Objects.page

    def asking(objects: S3Objects) -> str:
        shop.asked.append(objects.uri)
        return version(objects)

    def listing(objects: S3Objects, prefix: str, after: str) -> Any:
        shop.pages.append(prefix)
        return page(objects, prefix, after)

    monkeypatch.setattr(S3Objects, "version", asking)
    monkeypatch.setattr(S3Objects, "page", listing)
    return shop


def test_a_night_lists_its_pictures_and_asks_for_those_alone_that_changed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "PART_ROWS", 8)
    monkeypatch.setattr(listed_pictures, "STRETCH", 8)
    monkeypatch.setattr(listings, "LEAST", 2)
    for module in (planning, spilling):  # threads do, where processes would start
        monkeypatch.setattr(module, "pool", lambda: ThreadPoolExecutor(2))
    Storage().write(f"{shop.root}/pics/p03.jpg", PHOTOS[1])
    second = shop.night()
    assert (second["computed"], second["unchanged"]) == (1, COUNT - 2)
    assert shop.pages
    assert shop.pictures_asked() == ["p03.jpg"]
    assert shop.night()["unchanged"] == COUNT - 1
    assert shop.pictures_asked() == []


def test_a_bucket_that_may_not_be_listed_is_said_and_each_picture_is_asked_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = shop.rows()

    def forbidden(objects: S3Objects, *_: str) -> Any:
        answer: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(answer, "ListObjectsV2")

    monkeypatch.setattr(S3Objects, "page", forbidden)
    with caplog.at_level(logging.WARNING, "layoutgen"):
        assert shop.night()["unchanged"] == COUNT - 1
    assert "pictures can't be looked up in listings, so each is asked for alone: s3://shop/ is forbidden" in caplog.text
    assert len(shop.pictures_asked()) == COUNT - 1
    assert shop.rows() == before


def test_a_listing_that_is_out_of_date_hides_no_change_of_what_it_does_not_confirm(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = S3Objects.page
    monkeypatch.setattr(S3Objects, "page", lambda *asked: (dict.fromkeys(page(*asked)[0], '"old"'), False))
    assert shop.night()["unchanged"] == COUNT - 1, "no picture changed, whatever the listing says"
    assert len(shop.pictures_asked()) == COUNT - 1
    Storage().delete(f"{shop.root}/pics/p04.jpg")
    monkeypatch.setattr(S3Objects, "page", page)
    third = shop.night()
    assert (third["unchanged"], third["computed"], third["stale"]) == (COUNT - 3, 1, 1)
    assert shop.pictures_asked() == ["p04.jpg", "p05.jpg"]
    Storage().write(f"{shop.root}/pics/p04.jpg", PHOTOS[0])
    shop.night()


URIS = st.sampled_from(["s3://b/1", "s3://b/2", "/3"])
MAYBE = st.none() | URIS


@given(st.lists(st.tuples(st.lists(URIS, max_size=12), MAYBE, MAYBE, MAYBE), max_size=8))
def test_objects_of_rows_are_those_that_their_fingerprints_are_made_of(rows: list[tuple[Any, ...]]) -> None:
    names = ("images", "logo", "mask", "reference")
    types = [pa.list_(pa.string()), *[pa.string()] * 3]
    columns = [pa.array([row[i] for row in rows], kind) for i, kind in enumerate(types)]
    found = listed_pictures.objects(pa.table(dict(zip(names, columns, strict=True)))).to_pylist()
    assert found == [fingerprint.objects(dict(zip(names, row, strict=True))) for row in rows]
