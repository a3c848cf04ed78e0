"""Which files of a folder are products: not what systems leave beside photos."""

import logging
from pathlib import Path

import pytest

from tests.io.manifests.test_manifest import planned, read


def test_hidden_files_thumbnails_and_placeholders_are_no_products(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left = ["._a.jpg", "__MACOSX/._a.jpg", "__MACOSX/b.jpg", ".thumbnails/a.jpg", "@eaDir/a.jpg/THUMB_M.jpg", ".b.png"]
    for name in ("a.jpg", "shoes/b.jpg", *left, "Thumbs.db", ".DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with caplog.at_level(logging.INFO, "layoutgen"):
        assert read(tmp_path)["product_id"].to_pylist() == ["a", "shoes/b"]
    assert "2 images, 8 files passed over: 7 hidden ones or thumbnails, 1 of other kinds" in caplog.text


def test_a_folder_that_is_hidden_itself_may_be_named(tmp_path: Path) -> None:
    folder = tmp_path / ".staging"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"x")
    assert len(read(folder)) == 1


@pytest.mark.parametrize(
    "name",
    ["a b.jpg", "100%.jpg", "%2e%2e.jpg", "no#1?.jpg", "a\\b.jpg", "a\nb.jpg", "e\u0301.jpg", "é.jpg", "1+1.jpg"],
)
def test_names_of_any_characters_are_paths_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert planned(tmp_path).shards[0]["images"].to_pylist() == [[f"{tmp_path}/{name}"]]
