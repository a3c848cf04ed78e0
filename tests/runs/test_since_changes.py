"""Runs over what the manifest changed alone, without a look at the images of all other rows."""

from pathlib import Path
from typing import Any

import pytest

from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from tests.chaos.quick import SETTINGS
from tests.runs.test_run import Table, with_run


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path, 6)
    made.night(run_id="a")
    return made


def _other_settings() -> Any:
    return SETTINGS.model_copy(update={"place": SETTINGS.place.model_copy(update={"margin": 0.07})})


def test_rows_of_which_the_manifest_says_the_same_stay_whatever_the_settings_and_images(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = table.published()
    table.rows[1]["title"] = "New"
    table.rows.append({"product_id": "p9", "image": "0.jpg", "title": "Another"})
    del table.rows[5]
    table.photograph(2, seed=40)
    looked: list[str] = []
    versions = Storage.versions

    def asked(storage: Storage, uris: list[str]) -> list[str | None]:
        looked.extend(uri for uri in uris if uri.endswith(".jpg"))
        return versions(storage, uris)

    monkeypatch.setattr(Storage, "versions", asked)
    part = table.night(run_id="b", since_changes="last", config=_other_settings())
    assert (part["rows_in"], part["computed"], part["unchanged"], part["deleted"]) == (6, 2, 4, 1)
    assert part["changes"] == {"insert": 1, "update": 1, "delete": 1, "unchanged": 4}
    assert {Path(uri).name for uri in looked} == {"1.jpg"}, "of all other rows no image is asked for"
    after = table.published()
    assert [after[key] for key in ("p0", "p2", "p3", "p4")] == [before[key] for key in ("p0", "p2", "p3", "p4")]
    monkeypatch.undo()
    assert table.night(config=_other_settings())["computed"] == 4, "the next whole night makes what was left"


def test_an_own_column_that_changed_is_a_change_and_a_failure_is_tried_again(table: Table) -> None:
    table.rows[0]["image"] = "gone.jpg"
    for number, row in enumerate(table.rows):
        row["stock"] = number
    table.night(run_id="b")
    table.rows[3]["stock"] = 99
    assert table.dead() == ["p0"]
    (table.folder / "gone.jpg").write_bytes((table.folder / "1.jpg").read_bytes())
    part = table.night(run_id="c", since_changes="last")
    assert (part["computed"], part["unchanged"], part["dead_letters"]) == (2, 4, 0)
    assert table.published()["p3"]["stock"] == 99


def test_a_run_before_the_last_names_what_changed_since_then(table: Table) -> None:
    table.rows[1]["title"] = "Newer"
    table.night(run_id="b", only="product_id = 'p1'")
    table.rows[2]["title"] = "Newest"
    part = table.night(run_id="c", since_changes="a", config=_other_settings())
    assert part["computed"] == 2, "p1 differs from run a, though run b made it already"
    assert {key for key, row in table.published().items() if row["run_id"] == "c"} == {"p1", "p2"}


def test_what_a_run_that_was_cut_off_made_of_other_words_is_not_taken_for_what_is_published(table: Table) -> None:
    before = table.published()["p1"]
    table.rows[1]["title"] = "Never published"
    with pytest.raises(BaseException, match="before_publish"):
        table.night(lambda point: point == "before_publish")
    table.rows[1]["title"] = before["title"]
    table.night(since_changes="last")
    assert table.published()["p1"]["title"] == before["title"]


def test_the_first_run_of_a_table_has_nothing_to_leave(tmp_path: Path) -> None:
    assert Table(tmp_path, 2).night(since_changes="last")["computed"] == 2


@pytest.mark.parametrize("name", ["nobody", "refused"])
def test_a_run_that_was_not_published_is_refused_by_name(table: Table, name: str) -> None:
    table.rows[0]["image"] = "gone.jpg"
    table.night(run_id="refused", config=with_run(max_failed_fraction=0.0))
    with pytest.raises(Refusal, match=f"--since-changes '{name}'.* no published run of this name"):
        table.night(since_changes=name)


def test_files_of_another_number_can_not_be_held_against_one_another(table: Table) -> None:
    from layoutgen.runs.resharding import reshard

    table.night(run_id="many", config=with_run(rows_per_shard=1))
    reshard(Storage(), str(table.root), 1)
    with pytest.raises(Refusal, match=r"its rows lie in \d files and those of run .* in 1"):
        table.night(since_changes="many", config=with_run(rows_per_shard=8))
