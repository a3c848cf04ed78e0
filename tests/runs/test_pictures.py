"""Finished pictures over several nights: drawn once, kept, drawn again where they are gone, and never half there."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs import maintain
from layoutgen import tables
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.io.tables import picture_files
from layoutgen.runs.accounting import LostRowsError
from layoutgen.runs.maintenance import clean_up
from tests.chaos import quick
from tests.chaos.quick import SETTINGS, Crash, night
from tests.drawn import encoded, photo

pytestmark = pytest.mark.slow


def having(**render: Any) -> LayoutsConfig:
    run = {"rows_per_shard": 2, "max_failed_fraction": 1.0, "breaker_rows": 100_000}
    return LayoutsConfig.model_validate(SETTINGS.model_dump() | {"run": run, "render": render})


OFF, WEBP = having(), having(formats=["webp"])
BOTH = having(formats=["webp", "png"])


class Shop:
    """A catalogue of four products and its table."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "out"
        for number in range(4):
            (folder / f"{number}.jpg").write_bytes(encoded(photo(60, 80, number)))
        self.rows = [{"product_id": f"v{n}", "image": f"{n}.jpg", "title": "Vase", "stock": 1} for n in range(4)]
        self.composed: list[str] = []

    def manifest(self) -> str:
        """The catalogue, written where it changed: a run goes on only with the very file that it began with."""
        path = self.folder / "catalogue.jsonl"
        text = "".join(json.dumps(row) + "\n" for row in self.rows)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
        return str(path)

    def night(
        self, config: LayoutsConfig = WEBP, crash_at: Callable[[str], bool] | None = None, **more: Any
    ) -> dict[str, Any]:
        def composer(*_: Any) -> Any:
            inner, said = quick.null_composer()
            shop = self

            class Noting:
                def compose(self, briefs: Any) -> Any:
                    shop.composed += [brief.copy.title for brief in briefs]
                    return inner.compose(briefs)

            return Noting(), said

        return night(self.manifest(), str(self.root), crash_at, config, composer, **more)

    def files(self) -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in sorted((self.root / "pictures").rglob("*.*"))}

    def table(self) -> list[dict[str, Any]]:
        return sorted(tables.read(str(self.root)).to_pylist(), key=lambda row: row["row_id"])

    def named(self) -> set[str]:
        return {file["uri"] for row in self.table() for file in picture_files.files_of(row)}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_every_published_row_has_the_files_that_were_asked_for(shop: Shop) -> None:
    summary = shop.night(BOTH)
    assert summary["pictures"]["files"] == 8 and summary["pictures"]["rows_without"] == 0
    assert summary["pictures"]["bytes"] == sum(Path(file).stat().st_size for file in shop.files())
    assert shop.named() == {*shop.files()}
    for row in shop.table():
        assert [file["format"] for file in picture_files.files_of(row)] == ["webp", "png"]


def test_a_night_without_changes_draws_nothing(shop: Shop) -> None:
    shop.night()
    files, rows = shop.files(), shop.table()
    assert shop.night()["unchanged"] == 4
    assert (shop.files(), shop.table()) == (files, rows)


def test_another_stock_or_margin_draws_only_what_it_changes(shop: Shop) -> None:
    shop.night()
    files = shop.files()
    for row in shop.rows:
        row["stock"] = 2
    assert shop.night()["computed"] == 4
    assert shop.files() == files
    shop.rows[1]["title"] = "Jug"
    assert shop.night()["computed"] == 1
    assert shop.files().items() > files.items() and len(shop.files()) == 5


def test_other_pictures_are_drawn_without_composing_again(shop: Shop) -> None:
    shop.night()
    before, shop.composed = shop.table(), []
    assert shop.night(having(formats=["webp"], quality=40))["computed"] == 4
    assert shop.composed == []
    for was, row in zip(before, shop.table(), strict=True):
        assert was["elements"] == row["elements"]
        assert row["picture_file"]["bytes"] < was["picture_file"]["bytes"]
    kept = {uri: at for uri, at in shop.files().items() if uri in shop.named()}
    assert shop.night(having(formats=["png", "webp"], quality=40))["computed"] == 4
    assert shop.files().items() > kept.items(), "a further format leaves the others as they are"
    assert [len(picture_files.files_of(row)) for row in shop.table()] == [2] * 4
    assert shop.composed == []


def test_a_table_without_pictures_gets_them_and_keeps_them_while_none_are_drawn(shop: Shop) -> None:
    assert "pictures" not in shop.night(OFF)
    assert [row["picture_file"] for row in shop.table()] == [None] * 4
    shop.composed = []
    assert shop.night()["computed"] == 4
    assert shop.composed == []
    files = shop.named()
    shop.rows[0]["title"] = "Jug"
    summary = shop.night(OFF)
    assert (summary["computed"], summary["unchanged"]) == (1, 3)
    assert summary["pictures"] | {"bytes": 0} == {"files": 3, "bytes": 0, "rows_without": 1}
    assert len(shop.named() & files) == 3
    assert shop.night()["unchanged"] == 3


def test_a_picture_that_is_gone_is_drawn_again(shop: Shop) -> None:
    shop.night()
    files = shop.files()
    (gone, *_) = files
    content = Path(gone).read_bytes()
    Path(gone).unlink()
    summary = shop.night()
    assert (summary["computed"], summary["unchanged"]) == (1, 3)
    assert Path(gone).read_bytes() == content
    assert shop.files() | {gone: 0} == files | {gone: 0}


def test_rows_that_a_run_does_not_plan_and_stale_ones_keep_theirs(shop: Shop) -> None:
    shop.night()
    before = {row["row_id"]: row["picture_file"] for row in shop.table()}
    shop.rows[0]["title"] = "Jug"
    assert shop.night(limit=1)["kept"] == 3
    now = {row["row_id"]: row["picture_file"] for row in shop.table()}
    assert [now[name] == before[name] for name in sorted(now)] == [False, True, True, True]
    (shop.folder / "3.jpg").unlink()
    stale = shop.night(having(formats=["webp"], quality=40))
    assert (stale["stale"], stale["dead_letters"]) == (1, 0)
    last = shop.table()[3]
    assert last["stale_since"] and last["picture_file"] == now[last["row_id"]]
    assert Path(last["picture_file"]["uri"]).exists()


def test_a_row_whose_picture_can_not_be_drawn_is_a_dead_letter_and_replayed(shop: Shop) -> None:
    summary = shop.night(having(formats=["webp"], max_kb=0.1))
    assert summary["failed"] == {"render": {"picture_too_large": 4}}
    letters = tables.read(str(shop.root), dead_letters=True).to_pylist()
    assert {(row["stage"], row["kind"], row["retryable"]) for row in letters} == {
        ("render", "picture_too_large", False)
    }
    assert "raise render.max_kb" in letters[0]["message"]
    assert shop.night(replay=summary["run_id"])["computed"] == 4
    assert len(shop.named()) == 4


def test_an_original_that_is_replaced_under_way_is_no_picture_of_another_layout(shop: Shop) -> None:
    seeds = iter(range(50, 99))

    def replace(point: str) -> bool:
        if point == "during_render":
            (shop.folder / "0.jpg").write_bytes(encoded(photo(60, 80, next(seeds))))
        return False

    summary = shop.night(WEBP, replace)
    assert summary["failed"] == {"render": {"image_changed": 1}}
    assert shop.night()["computed"] == 1
    assert shop.night()["unchanged"] == 4


@pytest.mark.parametrize("nth", range(4))
def test_a_night_that_dies_between_pictures_goes_on_and_makes_the_same(shop: Shop, tmp_path: Path, nth: int) -> None:
    seen = [0]

    def crash(point: str) -> bool:
        seen[0] += point == "picture_drawn"
        return point == "picture_drawn" and seen[0] == nth + 1

    with pytest.raises(Crash):
        shop.night(WEBP, crash)
    summary = shop.night()
    assert summary["shards_resumed"] <= nth
    assert len(shop.files()) == 4 and shop.named() == {*shop.files()}


def test_a_picture_that_vanishes_before_its_row_is_counted_is_missed(shop: Shop) -> None:
    def steal(point: str) -> bool:
        if point == "during_shard":
            for uri in shop.files():
                Path(uri).unlink()
        return False

    with pytest.raises(LostRowsError, match=r"shard \d: \d rows lack a finished picture"):
        shop.night(WEBP, steal)
    assert not (shop.root / "CURRENT").exists()
    assert shop.night()["current"], "the same command computes them again"
    assert shop.named() == {*shop.files()} and len(shop.files()) == 4


def test_another_number_of_files_leaves_pictures_as_they_are(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.night()
    files, named = shop.files(), shop.named()
    assert maintain.main(["--output", str(shop.root), "--shards", "8"]) == 0
    assert json.loads(capsys.readouterr().out)["shards"] == 8
    assert (shop.files(), shop.named()) == (files, named)
    assert shop.night()["unchanged"] == 4


def test_files_lie_where_their_names_say(tmp_path: Path) -> None:
    uri = picture_files.uri_of(Storage(), "s3://shop/layouts", "ab" + "c" * 62, "webp")
    assert uri == f"s3://shop/layouts/pictures/ab/{'c' * 62}.webp"


def test_half_characters_are_dead_letters_and_ids_that_turn_or_climb_name_no_file(shop: Shop) -> None:
    halves = [
        {"title": "half \ud83d"},
        {"title": "\udc00 Vase"},
        {"product_id": "id\ud800"},
        {"brand": "\udfff"},
        {"selling_points": ["whole", "half \udfff"]},
        {"image": "\ud800.jpg"},
    ]
    turning = ["\u202etfosorcim/../../x", "../../etc/passwd", "a\x00b", "\u2066x\u2069"]
    whole = [*shop.rows]
    shop.rows = [{**whole[0], "product_id": f"half-{n}", **half} for n, half in enumerate(halves)]
    shop.rows += [{**whole[1], "product_id": name} for name in turning]
    shop.rows += whole[2:]
    summary = shop.night(BOTH)
    assert summary["failed"] == {"plan": {"bad_row": len(halves)}}
    letters = tables.read(str(shop.root), dead_letters=True).to_pylist()
    assert all(
        "which has half a character (a lone surrogate); write whole characters" in row["message"] for row in letters
    )
    assert any('title is "half \\ud83d", which' in row["message"] for row in letters)
    assert len(shop.table()) == len(turning) + 2
    assert shop.named() == {*shop.files()}
    for uri in shop.named():
        name = Path(uri).relative_to(shop.root)
        assert name.parts[0] == "pictures" and re.fullmatch(
            r"[0-9a-f]{2}/[0-9a-f]{62}\.(webp|png)", "/".join(name.parts[1:])
        )


def test_on_object_storage_a_night_draws_keeps_redraws_and_cleans_up(shop: Shop, s3: LocalS3) -> None:
    root, storage = "s3://shop/pictures-table", Storage()

    def run(config: LayoutsConfig = WEBP) -> dict[str, Any]:
        return night(shop.manifest(), root, None, config)

    def named() -> set[str]:
        rows = tables.read(root).to_pylist()
        return {file["uri"] for row in rows for file in picture_files.files_of(row)}

    run()
    first = named()
    assert first == {*storage.list(f"{root}/pictures")} and len(first) == 4
    storage.delete(min(first))
    summary = run()
    assert (summary["computed"], summary["unchanged"], named()) == (1, 3, first)
    assert run(having(formats=["webp"], quality=30))["computed"] == 4
    assert len(storage.list(f"{root}/pictures")) == 8
    later = datetime.now(UTC) + timedelta(days=3)
    assert clean_up(storage, root, keep=1, dry_run=False, now=later).pictures == 4
    assert {*storage.list(f"{root}/pictures")} == named()
