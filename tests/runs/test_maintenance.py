"""What retention keeps and removes, and the marks by which it, sensors and people tell runs apart."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import maintain
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.io.storage import Storage, StorageError
from layoutgen.runs import maintenance
from layoutgen.runs.maintenance import CleanUp, CleanUpError, clean_up
from tests.budget import examples
from tests.chaos.quick import SETTINGS, Crash, night
from tests.drawn import encoded, photo
from tests.pipeline.runs import write_manifest

pytestmark = pytest.mark.slow

STRICT = LayoutsConfig.model_validate(
    SETTINGS.model_dump() | {"run": {"rows_per_shard": 4, "max_failed_fraction": 0.1}}
)


Point = Callable[[str], bool]


class Shop:
    """A catalogue of two products and its table; a bad night's images are gone."""

    def __init__(self, folder: Path) -> None:
        (folder / "vase.jpg").write_bytes(encoded(photo(48, 64)))
        rows = [{"product_id": f"v{number}", "image": "vase.jpg", "title": "Vase"} for number in range(2)]
        self.good = write_manifest(folder, rows)
        self.bad = write_manifest(folder, [row | {"image": "gone.jpg"} for row in rows], "bad.jsonl")
        self.root = folder / "out"

    def night(
        self, run_id: str | None, good: bool = True, crash_at: Callable[[str], bool] | None = None
    ) -> dict[str, Any]:
        return night(self.good if good else self.bad, str(self.root), crash_at, STRICT, run_id=run_id)

    def clean(self, keep: int, **more: Any) -> CleanUp:
        return clean_up(Storage(), str(self.root), keep=keep, **{"dry_run": False, **more})

    def marks(self) -> dict[str, str]:
        return {path.parent.name: path.name for path in sorted(self.root.glob("snapshots/*/_[SR]*[DS]"))}

    def folders(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.glob("*/*") if path.is_dir()}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_success_stands_in_published_runs_only_and_a_refused_one_says_why(shop: Shop) -> None:
    shop.night("a")
    assert not shop.night("b", good=False)["current"]
    assert shop.marks() == {"a": "_SUCCESS", "b": "_REFUSED"}
    reason = (shop.root / "snapshots" / "b" / "_REFUSED").read_text()
    assert reason.startswith("2 of 2 rows failed, more than run.max_failed_fraction = 0.1 allows")


@pytest.mark.parametrize(("point", "mark"), [("before_swap", {}), ("after_swap", {"b": "_SUCCESS"})])
def test_a_run_that_is_killed_at_the_swap_has_no_success_until_it_is_published(
    shop: Shop, point: str, mark: dict[str, str]
) -> None:
    shop.night("a")
    with pytest.raises(Crash):
        shop.night("b", crash_at=lambda name: name == point)
    assert shop.marks() == {"a": "_SUCCESS"}, "whoever waits for _SUCCESS finds the run published"
    published = shop.night(None)["run_id"]
    assert shop.marks() == {"a": "_SUCCESS", published: "_SUCCESS", **mark}


def test_a_night_that_would_have_been_refused_and_is_allowed_after_all_has_one_mark(shop: Shop) -> None:
    with pytest.raises(Crash):
        night(shop.bad, str(shop.root), lambda name: name == "before_swap", SETTINGS, run_id="a")
    (shop.root / "snapshots" / "a" / "_REFUSED").write_text("killed just after this\n")
    assert night(shop.bad, str(shop.root), None, SETTINGS)["run_id"] == "a"
    assert shop.marks() == {"a": "_SUCCESS"}


def test_refused_nights_take_no_published_runs_place(shop: Shop) -> None:
    for run_id, good in (("a", True), ("b", True), ("c", False), ("d", False)):
        shop.night(run_id, good)
    assert shop.clean(2).kept == ["a", "b", "c", "d"], "nothing has followed the refused ones: people look at them"
    shop.night("e")
    assert (cleaned := shop.clean(2)).kept == ["b", "e"]
    assert cleaned.removed == ["a", "c", "d"]


def test_marks_of_an_earlier_version_are_understood(shop: Shop) -> None:
    for run_id, good in (("a", True), ("b", True), ("c", False), ("d", True)):
        shop.night(run_id, good)
    (shop.root / "snapshots" / "c" / "_REFUSED").rename(shop.root / "snapshots" / "c" / "_SUCCESS")
    for path in shop.root.glob("snapshots/*/_manifest.json"):
        content = json.loads(path.read_text())
        del content["finished_at"]
        path.write_text(json.dumps(content))
    assert shop.clean(2).kept == ["b", "d"]


def test_newest_is_by_time_and_not_by_name(shop: Shop) -> None:
    for run_id in ("rerun-2", "rerun-1", "20260104T000000Z-d", "20260103T000000Z-c"):
        shop.night(run_id)
    assert shop.clean(2).kept == ["20260103T000000Z-c", "20260104T000000Z-d"]


def test_readers_of_a_replaced_run_have_their_grace_time(shop: Shop) -> None:
    for run_id in ("a", "b", "c"):
        shop.night(run_id)
    for run_id, hours in (("a", 44), ("b", 20)):  # until 20 hours ago CURRENT was a
        path = shop.root / "snapshots" / run_id / "_manifest.json"
        content = json.loads(path.read_text())
        content["finished_at"] = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
        path.write_text(json.dumps(content))
    assert shop.clean(1, grace_hours=24, dry_run=True).kept == ["a", "b", "c"]
    assert shop.clean(1, grace_hours=12, dry_run=True).kept == ["b", "c"]
    tomorrow = datetime.now(UTC) + timedelta(hours=13)
    assert shop.clean(1, grace_hours=12, dry_run=True, now=tomorrow).kept == ["c"]


def test_a_run_that_may_go_on_stays_with_what_it_builds_on(shop: Shop) -> None:
    shop.night("a")
    with pytest.raises(Crash):
        shop.night("b", crash_at=lambda name: name == "marker_written")
    (shop.root / "CURRENT").write_text("elsewhere\nepoch 9\n")  # whatever happens to CURRENT meanwhile
    assert shop.clean(1).kept == ["a", "b"]


def test_a_folder_that_is_no_table_is_refused_and_nothing_in_it_is_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strangers = tmp_path / "home" / "snapshots" / "2026" / "part-00000.parquet"
    strangers.parent.mkdir(parents=True)
    strangers.write_bytes(b"somebody's")
    for more in ([], ["--shards", "3"]):
        assert maintain.main(["--output", str(tmp_path / "home"), "--keep", "1", *more]) == 2
        assert f"{tmp_path / 'home'} is no table: it has no _table.json" in capsys.readouterr().err
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == [strangers]
    (tmp_path / "home" / "_table.json").write_text("{}")
    assert maintain.main(["--output", str(tmp_path / "home")]) == 2
    assert strangers.exists()


def test_what_no_run_made_stays_and_is_named(shop: Shop) -> None:
    shop.night("a")
    copy = shop.root / "snapshots" / "before-the-sale"
    copy.mkdir()
    for path in filter(Path.is_file, (shop.root / "snapshots" / "a").iterdir()):
        (copy / path.name).write_bytes(path.read_bytes())
    (shop.root / "snapshots" / "a" / "notes.txt").write_text("mine")
    (shop.root / "snapshots" / "README").write_text("mine")
    shop.night("b")
    cleaned = shop.clean(1)
    assert cleaned.removed == ["a"]
    assert {Path(uri).name for uri in cleaned.foreign} >= {"notes.txt", "README", "_SUCCESS"}
    assert (copy / "_manifest.json").exists()
    assert [path.name for path in (shop.root / "snapshots" / "a").iterdir()] == ["notes.txt"]


def test_no_empty_folder_is_left(shop: Shop) -> None:
    shop.night("a", good=False)
    shop.night("b")
    for name in ("snapshots/earlier", "_runs/earlier/shards"):
        (shop.root / name).mkdir(parents=True)
    shop.clean(1, dry_run=True)
    assert "_runs/earlier" in shop.folders()
    shop.clean(1)
    assert shop.folders() == {"snapshots/b", "_runs/b"}


def test_a_dry_run_says_would_remove(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    for run_id in ("a", "b"):
        shop.night(run_id)
    arguments = ["--output", str(shop.root), "--keep", "1"]
    capsys.readouterr()
    assert maintain.main([*arguments, "--dry-run"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["would_remove"] == [], "readers of a have a day"
    assert maintain.main([*arguments, "--dry-run", "--grace-hours", "0"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["would_remove"] == ["a"]
    assert "removed" not in said.out
    assert said.err.startswith("would remove 1 runs")
    assert (shop.root / "snapshots" / "a" / "_SUCCESS").exists()
    assert maintain.main([*arguments, "--grace-hours", "0"]) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == ["a"]
    for bad in (["--keep", "0"], ["--grace-hours", "-1"], ["--grace-hours", "nan"]):
        assert maintain.main(["--output", str(shop.root), *bad]) == 2


def test_a_clean_up_that_is_cut_off_leaves_nothing_that_looks_whole_and_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for run_id in ("a", "b", "c"):
        shop.night(run_id)
    left = [3]
    real = Storage.delete

    def failing(self: Storage, uri: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise StorageError(f"{uri}: the store is down")
        real(self, uri)

    monkeypatch.setattr(Storage, "delete", failing)
    with pytest.raises(CleanUpError, match=r"3 of .* files are removed, the same command goes on"):
        shop.clean(1)
    assert shop.marks() == {"b": "_SUCCESS", "c": "_SUCCESS"}
    assert maintain.main(["--output", str(shop.root), "--keep", "1", "--grace-hours", "0"]) == 1
    assert "Traceback" not in capsys.readouterr().err
    monkeypatch.setattr(Storage, "delete", real)
    assert shop.clean(2).removed == ["a"], "a half-removed run counts as none"
    assert shop.folders() == {"snapshots/b", "snapshots/c", "_runs/b", "_runs/c"}


@settings(max_examples=examples(3, soak=20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    nights=st.lists(st.sampled_from(["good", "bad", "before_swap", "after_swap", "marker_written"]), max_size=4),
    keep=st.integers(1, 3),
    names=st.permutations(["m", "z", "b", "9", "x", "a"]),
)
def test_whatever_the_nights_were_the_newest_published_stay_and_the_next_night_works(
    tmp_path_factory: pytest.TempPathFactory, nights: list[str], keep: int, names: list[str]
) -> None:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    published: list[str] = []
    for what, name in zip(["good", *nights], [*names, "last"], strict=False):
        try:
            ended = shop.night(name, what != "bad", lambda point, what=what: point == what)
        except Crash:
            published += [name] if what == "after_swap" else []
            continue
        published += [ended["run_id"]] if ended["current"] else []
    shop.clean(keep)
    kept = {path.parent.name for path in shop.root.glob("snapshots/*/_manifest.json")}
    assert kept >= set(published[-keep:])
    assert not kept & set(published[:-keep])
    assert shop.night(None)["unchanged"] == 2
    assert maintenance.clean_up(Storage(), str(shop.root), keep=1, dry_run=False).kept
