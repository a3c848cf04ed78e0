"""Which finished pictures retention removes: those that no snapshot names which stays, and none of a run at work."""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layoutgen import tables
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import picture_files
from layoutgen.runs.maintenance import CleanUp, CleanUpError, clean_up
from layoutgen.runs.resharding import reshard
from tests.budget import examples
from tests.chaos.quick import Crash
from tests.runs.test_pictures import OFF, WEBP, Shop, having

pytestmark = pytest.mark.slow

LATER = datetime.now(UTC) + timedelta(days=30)


def clean(shop: Shop, keep: int = 1, **more: Any) -> CleanUp:
    return clean_up(Storage(), str(shop.root), keep=keep, **{"dry_run": False, "now": LATER, **more})


def named(shop: Shop, run_id: str) -> set[str]:
    rows = tables.read(str(shop.root), run_id=run_id).to_pylist()
    return {file["uri"] for row in rows for file in picture_files.files_of(row)}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_pictures_go_with_the_last_snapshot_that_names_them(shop: Shop) -> None:
    first = shop.night()["run_id"]
    shop.rows[0]["title"] = "Jug"
    second = shop.night()["run_id"]
    gone = named(shop, first) - named(shop, second)
    assert len(gone) == 1 and len(shop.files()) == 5
    assert clean(shop, keep=2).pictures == 0
    size = Path(*gone).stat().st_size
    looked = clean(shop, dry_run=True)
    assert (looked.pictures, looked.picture_bytes, len(shop.files())) == (1, size, 5)
    assert clean(shop).pictures == 1
    assert {*shop.files()} == shop.named()
    assert shop.night()["unchanged"] == 4


def test_what_was_written_of_late_stays_though_nobody_names_it_yet(shop: Shop) -> None:
    shop.night()
    stray = shop.root / "pictures" / "ab" / f"{'0' * 62}.webp"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of a shard that is not written yet")
    assert clean(shop, now=None).pictures == 0
    os.utime(stray, times=(0, datetime.now(UTC).timestamp() - 3000))
    assert clean(shop, now=None).pictures == 0, "an hour at least"
    os.utime(stray, times=(0, datetime.now(UTC).timestamp() - 4000))
    assert clean(shop, now=None, grace_hours=2).pictures == 0
    assert clean(shop, now=None).pictures == 1
    assert not stray.parent.exists() or any(stray.parent.iterdir())


def test_what_a_killed_writer_left_goes_too(shop: Shop) -> None:
    shop.night()
    half = shop.root / "pictures" / "ab" / ".0123456789abcdef.part"
    half.parent.mkdir(exist_ok=True)
    half.write_bytes(b"half a picture")
    assert clean(shop, now=None).pictures == 0, "its writer may be at work"
    assert clean(shop).pictures == 1
    assert not half.exists() and {*shop.files()} == shop.named()


def test_files_of_others_stay(shop: Shop) -> None:
    shop.night()
    mine = [shop.root / "pictures" / name for name in ("README", "ab/mine.webp", "zz/" + "0" * 62 + ".webp")]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"mine")
    assert clean(shop).pictures == 0
    assert all(path.exists() for path in mine)


def test_a_copy_of_a_snapshot_that_somebody_keeps_keeps_its_pictures(shop: Shop) -> None:
    first = shop.night()["run_id"]
    copy = shop.root / "snapshots" / "before-the-sale"
    copy.mkdir()
    for path in filter(Path.is_file, (shop.root / "snapshots" / first).iterdir()):
        (copy / path.name).write_bytes(path.read_bytes())
    for row in shop.rows:
        row["title"] = "Jug"
    shop.night()
    cleaned = clean(shop)
    assert (cleaned.removed, cleaned.pictures) == ([first], 0)


def test_a_run_that_was_killed_keeps_what_its_rows_name_and_what_it_builds_on(shop: Shop) -> None:
    shop.night()
    before = shop.named()
    for row in shop.rows:
        row["title"] = "Jug"
    with pytest.raises(Crash):
        shop.night(WEBP, lambda point: point == "marker_written")
    drawn = {*shop.files()} - before
    assert clean(shop).pictures == 0
    assert {*shop.files()} == before | drawn
    assert shop.night()["shards_resumed"] == 1
    assert drawn <= {*shop.files()}
    assert clean(shop).pictures == 4
    assert {*shop.files()} == shop.named()


def test_resharding_and_a_night_without_drawing_lose_none(shop: Shop) -> None:
    shop.night()
    pictures = shop.files()
    reshard(Storage(), str(shop.root), 8)
    assert clean(shop).pictures == 0
    shop.night(OFF)
    assert clean(shop).pictures == 0
    assert shop.files() == pictures


def test_a_clean_up_that_can_not_read_a_snapshot_removes_nothing(shop: Shop) -> None:
    shop.night()
    (part, *_) = sorted((shop.root / "snapshots").rglob("part-*.parquet"))
    part.write_bytes(b"PAR1 no more")
    with pytest.raises(StorageError, match=r"is no Parquet file .* no picture is removed"):
        clean(shop)
    assert len(shop.files()) == 4


def test_a_store_that_fails_among_the_pictures_says_how_far_it_came(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.night()
    shop.night(having(formats=["webp"], quality=30))
    real = Storage.delete

    def failing(self: Storage, uri: str) -> None:
        if "/pictures/" in uri:
            raise StorageError(f"{uri}: the store is down")
        real(self, uri)

    monkeypatch.setattr(Storage, "delete", failing)
    with pytest.raises(CleanUpError, match=r"the runs and 0 pictures are removed, the same command goes on"):
        clean(shop)
    monkeypatch.setattr(Storage, "delete", real)
    assert clean(shop).pictures == 4


NIGHTS = st.lists(
    st.sampled_from(["webp", "smaller", "off", "jug", "picture_drawn", "data_written", "before_swap"]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=examples(4, soak=30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nights=NIGHTS, keep=st.integers(1, 3))
def test_whatever_the_nights_were_every_row_that_is_left_has_its_pictures(
    tmp_path_factory: pytest.TempPathFactory, nights: list[str], keep: int
) -> None:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    shop.night()
    for number, what in enumerate(nights):
        config = {"smaller": having(formats=["webp"], quality=30), "off": OFF}.get(what, WEBP)
        crash: Callable[[str], bool] = lambda point, what=what: point == what  # noqa: E731
        shop.rows[number % 4]["title"] = f"Jug {number}" if what != "webp" else "Vase"
        with suppress(Crash):
            shop.night(config, crash)
        clean(shop, keep)
        left = {path.parent.name for path in (shop.root / "snapshots").rglob("part-*.parquet")}
        assert all(Path(uri).exists() for run_id in left for uri in named(shop, run_id))
    assert shop.night()["current"]
    clean(shop, 1)
    assert {*shop.files()} == shop.named() and len(shop.files()) == 4
