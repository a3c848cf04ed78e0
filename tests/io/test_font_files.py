"""Fonts of kits in a bucket, on machines that have their own caches."""

from pathlib import Path

import pytest

from layoutgen.core.errors import Refusal, Stop
from layoutgen.io.font_files import address, file_name, here, lay
from layoutgen.io.storage import Storage


class Bucket:
    """A fake storage that counts how often a font is read."""

    def __init__(self, data):
        self.data, self.reads = data, 0

    def read(self, uri, most=None):
        self.reads += 1
        return self.data[uri]


URI = "s3://shop/brands/nordlys/fonts/Inter.ttf"


def test_each_machine_fetches_a_font_once_and_keeps_its_name(tmp_path):
    bucket, named = Bucket({URI: b"letters"}), address(URI, b"letters")
    first = here([named, "/usr/share/Own.ttf"], bucket, tmp_path)
    assert here([named], bucket, tmp_path) == first[:1]
    assert bucket.reads == 1
    assert first[1] == "/usr/share/Own.ttf"
    assert (tmp_path in Path(first[0]).parents, Path(first[0]).name) == (True, "Inter.ttf")
    assert Path(first[0]).read_bytes() == b"letters"
    assert here([named], bucket, tmp_path / "another machine") != first[:1]
    assert bucket.reads == 2


def test_other_bytes_are_another_file(tmp_path):
    assert address(URI, b"a") != address(URI, b"b")
    assert lay(URI, b"a", tmp_path) != lay(URI, b"b", tmp_path)
    assert file_name(address(URI, b"a")) == file_name(URI) == "Inter.ttf"


def test_a_font_that_was_replaced_in_mid_run_ends_it(tmp_path):
    named = address(URI, b"letters")
    with pytest.raises(Stop, match=f"font {URI} was replaced since the run began; run the same command again"):
        here([named], Bucket({URI: b"others"}), tmp_path)
    assert not [*tmp_path.rglob("*.ttf")]


def test_a_font_on_a_disk_is_where_it_is(tmp_path):
    assert address("file:///srv/Inter.ttf", b"x") == "/srv/Inter.ttf"
    assert here(["/srv/Inter.ttf"], Storage(), tmp_path) == ("/srv/Inter.ttf",)


def test_a_font_of_a_bucket_that_no_kit_names_is_refused(tmp_path):
    with pytest.raises(Refusal, match="copy it here and give its path"):
        here([URI], Storage(), tmp_path)
