"""A run's page says how it stands, whatever became of it, and shows what users wrote as text."""

from pathlib import Path

import pytest

from jobs import status
from layoutgen.config.jobs import LayoutsConfig
from tests.chaos.quick import SETTINGS, Crash
from tests.runs.test_run import Table, after


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path, 6)
    made.night(run_id="a")
    return made


def page(table: Table) -> str:
    file = table.folder / "run.html"
    assert status.main(["--output", str(table.root), "--html", str(file)]) == 0
    return file.read_text(encoding="utf-8")


def test_a_published_run_with_its_dead_letters_and_the_snapshots_before(table: Table) -> None:
    (table.folder / "2.jpg").write_bytes(b"no picture")
    table.rows[0]["title"] = "New"
    table.night(run_id="b")
    text = page(table)
    assert "this is the snapshot that readers have" in text
    assert "<td>fetch</td><td>not_an_image</td><td>1</td>" in text
    assert text.index("<tr><td>b</td>") < text.index("<tr><td>a</td>")
    assert "kept" in text
    assert "Why it is not published" not in text
    assert "&#34;rows_per_shard&#34;: 4" in text


def test_a_refused_run_says_why_and_how_to_publish_it(table: Table) -> None:
    table.rows = table.rows[:5]
    table.night(run_id="b", config=LayoutsConfig.model_validate(SETTINGS.model_dump() | {"expect": {"min_rows": 6}}))
    text = page(table)
    assert '<strong class="state refused">refused</strong>' in text
    assert "readers have a" in text
    assert "<li>5 rows would be published, fewer than expect.min_rows = 6" in text
    assert "--publish b --because" in text


def test_a_run_that_was_cut_off_has_no_summary_yet(table: Table) -> None:
    table.rows[0]["title"] = "New"
    with pytest.raises(Crash):
        table.night(after("marker_written", 1), run_id="<b>")
    text = page(table)
    assert "Run &lt;b&gt; of" in text
    assert '<strong class="state stopped">stopped</strong>' in text
    assert "Expectations" not in text
    assert "<tr><td>a</td>" in text
    assert "shards done</text>" in text, "what it did until then"


def test_a_run_without_samples_says_so(table: Table) -> None:
    (table.root / "_runs" / "a" / "samples.json").unlink()
    text = page(table)
    assert "There are no samples of this run" in text
    assert "<polyline" not in text
