"""Versions that listings tell are those that objects have, and cost fewer requests than asking for each."""

import logging
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice, takewhile
from unittest.mock import patch

import pytest
from botocore.utils import parse_timestamp
from hypothesis import given
from hypothesis import strategies as st
from moto.server import ThreadedMotoServer

from layoutgen.demo.s3 import LocalS3
from layoutgen.io.objects import connections, listings
from layoutgen.io.storage import Storage

KEYS = st.lists(st.text("/ab0~é", min_size=1, max_size=4), unique=True, max_size=60)


class Bucket:
    """A bucket of pages of `size`, which counts them; `whims` are those of stores that are not quite S3."""

    def __init__(self, keys: list[str], size: int, whim: str = "") -> None:
        self.keys, self.size, self.whim, self.pages = sorted(keys), size, whim, 0

    def page(self, prefix: str, after: str) -> tuple[Mapping[str, str], bool]:
        self.pages += 1
        start = "" if self.whim == "begins anywhere" else after
        first = max(bisect_right(self.keys, start), bisect_left(self.keys, prefix))
        below = [*takewhile(lambda key: key.startswith(prefix), islice(self.keys, first, first + self.size + 1))]
        if self.whim == "unsorted":
            below = [key for key in self.keys[::-1] if key.startswith(prefix) and key > start]
        return {key: f"v-{key}" for key in below[: self.size]}, len(below) > self.size


@pytest.mark.parametrize("whim", ["", "begins anywhere", "unsorted"])
@given(KEYS, KEYS, st.integers(1, 9))
def test_what_a_listing_tells_is_so(whim: str, there: list[str], wanted: list[str], size: int) -> None:
    bucket = Bucket(there, size, whim)
    with patch.object(listings, "LEAST", 2), patch.object(listings, "PASSED_OVER", 3):
        named = listings.versions(sorted(wanted), bucket.page)
    assert named.items() <= {key: f"v-{key}" for key in {*there} & {*wanted}}.items()
    assert bucket.pages <= max(1, len(wanted))
    if whim == "" and {*wanted} <= {*there} and len(wanted) > size > 3:
        assert named, "the first page has names, and they count"


def test_keys_that_lie_together_take_a_page_a_thousand_and_no_other_is_looked_at() -> None:
    foreign = [f"a/{number:05}" for number in range(5000)] + [f"z/{number:05}" for number in range(5000)]
    wanted = [f"m/{number:05}.jpg" for number in range(2500)]
    bucket = Bucket([*foreign, *wanted], 1000)
    assert listings.versions(wanted, bucket.page) == {key: f"v-{key}" for key in wanted}
    assert bucket.pages == 3


def test_among_far_more_keys_few_pages_show_that_asking_for_each_is_less() -> None:
    keys = [f"m/{number:07}" for number in range(300_000)]
    bucket = Bucket(keys, 1000)
    listings.versions(keys[::200], bucket.page)
    assert bucket.pages <= 4
    dense_at_last = keys[:200_000:200] + keys[200_000:]
    bucket = Bucket(keys, 1000)
    named = listings.versions(dense_at_last, bucket.page)
    assert len(named) > 95_000, "where it pays later on, it is found out"
    assert bucket.pages < 110


@pytest.fixture(scope="module", params=["rclone", "moto"])
def server(request: pytest.FixtureRequest) -> Iterator[Storage]:
    """Storage on one of two S3 servers, each with a bucket `shop`."""
    if request.param == "rclone":
        s3: LocalS3 = request.getfixturevalue("s3")
        with patch.dict(os.environ, s3.environment()):
            yield Storage(attempts=2)
        return
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "moto", "AWS_SECRET_ACCESS_KEY": "moto", "AWS_DEFAULT_REGION": "us-east-1"}
    with patch.dict(os.environ, {**keys, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}):
        storage = Storage(attempts=2)
        storage.endpoint.client().create_bucket(Bucket="shop")
        yield storage
    moto.stop()


def test_listings_and_objects_have_the_same_versions(server: Storage) -> None:
    odd = ["a b+c.jpg", "100%.jpg", "%2e.jpg", "é.jpg", "q?x=1&y.jpg", "#1.jpg", "deep/er/1.jpg", "~.jpg", "!.jpg"]
    names = [f"p{number:02}.jpg" for number in range(24)] + odd
    for name in names:
        server.write(f"s3://shop/pics/{name}", name.encode())
    for name in ("pics-of-others/1.jpg", "aaa.jpg", "zzz.jpg"):
        server.write(f"s3://shop/{name}", b"foreign")
    uris = [f"s3://shop/pics/{name}" for name in (*names, "gone.jpg", "p00.jpg", "")]
    uris += ["s3://shop/aaa.jpg", "/local/file.jpg"]
    asked = server.versions(uris)
    with patch.object(listings, "LEAST", 1):
        listed = server.listed_versions(uris)
    assert [version for version in listed if version] == [
        version for uri, version in zip(uris, asked, strict=True) if version and uri.startswith("s3://")
    ]
    server.write("s3://shop/pics/p03.jpg", b"another picture")
    again = server.listed_versions(uris)
    assert again[3] != listed[3] and again[3] == server.versions([uris[3]])[0]


@given(st.datetimes(), st.sampled_from(["Z", "+00:00", "+05:30", ""]), st.sampled_from(["milliseconds", "seconds"]))
def test_times_of_listings_are_those_that_botocores_parser_reads(at: datetime, zone: str, digits: str) -> None:
    for text in (f"{at.isoformat(timespec=digits)}{zone}", at.strftime("%a, %d %b %Y %H:%M:%S GMT")):
        if at.year >= 1000:  # dateutil reads others as years of this century
            assert connections.moment(text) == parse_timestamp(text)
