"""Where a gallery's page finds finished files: beside it by relative links, or copied to it."""

from pathlib import Path

import pytest

from layoutgen.demo.s3 import LocalS3
from layoutgen.evaluation.finished_links import of_rows, relative
from layoutgen.io.storage import Storage


@pytest.mark.parametrize(
    ("folder", "uri", "way"),
    [
        ("s3://shop/gallery", "s3://shop/layouts/pictures/ab/c.webp", "../layouts/pictures/ab/c.webp"),
        ("s3://shop/layouts/gallery/", "s3://shop/layouts/pictures/ab/c.webp", "../pictures/ab/c.webp"),
        ("s3://shop", "s3://shop/layouts/pictures/ab/c.webp", "layouts/pictures/ab/c.webp"),
        ("s3://pages/gallery", "s3://shop/layouts/pictures/ab/c.webp", None),
        ("/home/mei/gallery", "s3://shop/layouts/pictures/ab/c.webp", None),
        ("/home/mei/gallery", "/home/mei/out/pictures/ab/c.webp", "../out/pictures/ab/c.webp"),
        ("file:///home/mei/gallery", "/home/mei/out/c.webp", "../out/c.webp"),
    ],
)
def test_the_way_from_a_page_to_a_file(folder: str, uri: str, way: str | None) -> None:
    assert relative(folder, uri) == way


def test_files_of_another_store_are_copied_and_those_that_are_gone_left_out(s3: LocalS3, tmp_path: Path) -> None:
    storage = Storage(attempts=1)
    storage.write("s3://shop/out/pictures/ab/c.webp", b"picture")
    file = {"format": "webp", "uri": "s3://shop/out/pictures/ab/c.webp", "sha256": "", "bytes": 7}
    gone = {"format": "png", "uri": "s3://shop/out/pictures/ab/gone.png", "sha256": "", "bytes": 7}
    rows = [{"row_id": "a", "picture_file": file, "further_files": [gone]}, {"row_id": "b", "picture_file": None}]
    assert of_rows(storage, str(tmp_path), rows) == {
        "a": [{"format": "webp", "bytes": 7, "href": "pictures/ab-c.webp"}]
    }
    assert (tmp_path / "pictures" / "ab-c.webp").read_bytes() == b"picture"
