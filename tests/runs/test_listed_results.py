"""Finished pictures of a table in a bucket are looked up in a listing, and the night does the same as one that asks."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from layoutgen import tables
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.objects.s3 import S3Objects
from layoutgen.io.storage import Storage
from layoutgen.runs import listed_results
from tests.chaos.quick import SETTINGS, night
from tests.drawn import encoded, photo

pytestmark = pytest.mark.slow

COUNT = 16
ROOT = "s3://shop/finished"
CONFIG = LayoutsConfig.model_validate(SETTINGS.model_dump() | {"render": {"formats": ["webp"]}})


@pytest.fixture(scope="module")
def filled(s3: LocalS3) -> str:
    """A table with a finished picture a row."""
    rows = [{"product_id": f"p{n:02}", "image": f"pics/{n}.jpg", "title": f"Vase {n}"} for n in range(COUNT)]
    for number in range(COUNT):
        Storage().write(f"{ROOT}/pics/{number}.jpg", encoded(photo(seed=number % 3)))
    Storage().write(f"{ROOT}/m.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows).encode())
    night(f"{ROOT}/m.jsonl", f"{ROOT}/out", config=CONFIG)
    return f"{ROOT}/out"


@pytest.fixture
def asked(filled: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The finished pictures that are asked for one by one."""
    uris: list[str] = []
    version = S3Objects.version

    def asking(objects: S3Objects) -> str:
        if "/out/pictures/" in objects.uri:
            uris.append(objects.uri)
        return version(objects)

    monkeypatch.setattr(S3Objects, "version", asking)
    return uris


def _pictures() -> list[str]:
    return sorted(file["uri"] for file in tables.read(f"{ROOT}/out").column("picture_file").to_pylist())


def _again() -> dict[str, Any]:
    return night(f"{ROOT}/m.jsonl", f"{ROOT}/out", config=CONFIG)


def test_a_quiet_night_asks_for_no_picture_that_is_listed(asked: list[str]) -> None:
    assert _again()["unchanged"] == COUNT
    assert asked == []


@pytest.mark.parametrize("many", [False, True], ids=["whole", "by folder"])
def test_a_picture_that_is_gone_is_drawn_again(asked: list[str], monkeypatch: pytest.MonkeyPatch, many: bool) -> None:
    if many:
        monkeypatch.setattr(listed_results, "MANY", 1)
    gone = _pictures()[0]
    Storage().delete(gone)
    summary = _again()
    assert (summary["computed"], summary["unchanged"]) == (1, COUNT - 1)
    assert set(asked) == {gone}, "as the listing lacks it; when it is drawn; and when it is counted"
    assert Storage().exists(gone)


@pytest.mark.parametrize("reason", ["forbidden", "too many are gone", "too few are named"])
def test_without_a_listing_each_is_asked_for(asked: list[str], monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    def forbidden() -> Any:
        answer: Any = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
        raise ClientError(answer, "ListObjectsV2")

    if reason == "forbidden":
        listed = S3Objects.listed
        monkeypatch.setattr(
            S3Objects,
            "listed",
            lambda o, attempt: attempt(o.uri, forbidden) if "/pictures" in o.uri else listed(o, attempt),
        )
    elif reason == "too many are gone":
        monkeypatch.setattr(listed_results, "MOST_ABSENT", 0)
        Storage().delete(_pictures()[0])
    else:
        monkeypatch.setattr(listed_results, "LEAST", COUNT + 1)
    summary = _again()
    assert summary["computed"] + summary["unchanged"] == COUNT
    assert len(set(asked)) == COUNT
