"""The evaluation job from a layout table to its report, once on Ray, else in this process."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.evaluate import main
from layoutgen.core.metrics.definitions import METRICS
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.pipelines import run_layouts
from layoutgen.streaming import Stream, in_process, stream
from tests.drawn import encoded, photo
from tests.pipeline.runs import settings, write_manifest

pytestmark = pytest.mark.slow

CONFIG = """
[run]
rows_per_shard = 3
[sampling]
rows = {rows}
[score]
content = {content}
pool = {{ size = 1, num_cpus = 0.2, num_gpus = 0.5 }}
[report]
resamples = 100
worst = {worst}
preview_side = 120
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of eight layouts of four products, made by the job itself."""
    folder = tmp_path_factory.mktemp("layouts")
    rows = []
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(encoded(photo(300, 400, seed=number)))
        title = f"Vase {number}"
        rows.append(
            {"product_id": f"v{number}", "image": f"{number}.jpg", "title": title, "category": "ab"[number % 2]}
        )
    run_layouts(settings(canvases=("1:1", "3:4")), write_manifest(folder, rows), str(folder / "out"), stream=in_process)
    return folder / "out"


def config(folder: Path, rows: int = 0, worst: int = 0, content: str = "false") -> str:
    path = folder / "evaluate.toml"
    path.write_text(CONFIG.format(rows=rows, worst=worst, content=content), encoding="utf-8")
    return str(path)


def evaluate(
    tmp_path: Path, *arguments: str, code: int = 0, stream: Stream = in_process, **values: Any
) -> dict[str, Any]:
    assert main([*arguments, "--output", str(tmp_path / "e"), "--config", config(tmp_path, **values)], stream) == code
    report = tmp_path / "e" / "report.json"
    return json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}


@pytest.mark.usefixtures("ray_cluster")
def test_a_table_becomes_score_columns_and_a_report(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = evaluate(tmp_path, "--layouts", str(table), worst=2, content="true", stream=stream)
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["rows"], summary["evaluated"], summary["exclusions"]) == (8, 8, {})
    scores = pq.read_table(tmp_path / "e" / "scores")
    assert sorted(scores.column("row_id").to_pylist()) == sorted(
        f"v{n}@{s}" for n in range(4) for s in ("540x540", "540x720")
    )
    assert set(METRICS) <= set(scores.column_names)
    assert {"title", "elements", "suggestion"} <= set(scores.column_names)
    assert report["protocols"]["ralf"]["metrics"]["validity"]["value"] == 1
    assert report["layouts"]["products"] == 4
    assert set(report["groups"]) == {"category", "canvas"}
    assert report["latency"]["layouts"] == 8
    page = (tmp_path / "e" / "report.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == len(report["worst"]) == 2


def test_a_sample_is_the_same_every_time_and_has_each_stratum(table: Path, tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        report = evaluate(tmp_path, "--layouts", str(table), rows=4)
        assert (report["layouts"]["rows"], report["layouts"]["evaluated"]) == (8, 4)
        scores = pq.read_table(tmp_path / "e" / "scores").select(["row_id", "category", "canvas"]).to_pylist()
        assert len({(row["category"], row["canvas"]) for row in scores}) == 4
        seen.append(scores)
    assert seen[0] == seen[1]


def test_a_baseline_gives_paired_differences_and_a_reference_distances(table: Path, tmp_path: Path) -> None:
    worse = tmp_path / "worse.parquet"
    rows = pq.read_table(next(table.glob("snapshots/*"))).to_pylist()
    kind = pq.read_schema(next(table.glob("snapshots/*/*.parquet")))
    for row in rows:
        for element in row["elements"]:
            element["font_px"] = 5
    pq.write_table(pa.Table.from_pylist(rows[:-1], schema=kind), worse)
    report = evaluate(tmp_path, "--layouts", str(table), "--baseline", str(worse), "--reference", str(table))
    assert (report["comparison"]["pairs"], report["comparison"]["only_ours"]) == (7, 1)
    assert (report["comparison"]["differ"], report["comparison"]["baseline_run"]) == (7, None)
    found = report["comparison"]["metrics"]["own_smallest_font"]
    assert found["verdict"] == "better"
    assert found["difference_low"] > 0
    assert report["distribution"]["fid"] == pytest.approx(0, abs=1e-8)
    assert report["distribution"]["docsim_pairs"] == 8
    assert "own_smallest_font is better: higher by" in (tmp_path / "e" / "report.html").read_text(encoding="utf-8")


def test_tables_and_reports_may_be_in_object_storage(table: Path, s3: LocalS3, tmp_path: Path) -> None:
    shutil.copytree(table, s3.folder / "shop" / "evaluated")
    arguments = ["--layouts", "s3://shop/evaluated", "--output", "s3://shop/evaluation", "--config", config(tmp_path)]
    assert main(arguments, in_process) == 0
    assert json.loads(Storage().read("s3://shop/evaluation/report.json"))["layouts"]["evaluated"] == 8
    assert Storage().exists("s3://shop/evaluation/report.html")


def test_annotations_are_judged_against_marked_posters(tmp_path: Path) -> None:
    line = {"text": "新品", "box": [0.1, 0.1, 0.5, 0.2], "role": "title", "language": "zh", "colour": "#000000",
            "score": 1.0, "placed": True}  # fmt: skip
    rows = [{"row_id": "1", "image": "/x/p/1.jpg", "elements": [], "text_lines": [line]}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "read.parquet")
    marked = {"file": "p/1.jpg", "width": 100, "height": 100, "texts": [{"text": "新品", "box": [10, 10, 50, 20]}]}
    posters = tmp_path / "posters.jsonl"
    posters.write_text(f"{json.dumps(marked)}\n{json.dumps({**marked, 'file': 'p/2.jpg'})}\n", encoding="utf-8")
    report = evaluate(
        tmp_path, "--task", "annotation", "--layouts", str(tmp_path / "read.parquet"), "--reference", str(posters)
    )
    assert report["results"]["placed lines, IoU 0.75"]["f1"]["value"] == 1
    assert report["results"]["placed lines, IoU 0.5"]["character_error_rate"]["value"] == 0
    assert report["not_annotated"] == ["p/2.jpg"]


def test_feedback_becomes_adoption_rates_and_none_of_it_is_lost(table: Path, tmp_path: Path) -> None:
    rows = pq.read_table(next(table.glob("snapshots/*"))).to_pylist()
    edited = [{**element, "box": [0.0, 0.0, 0.5, 0.5]} for element in rows[1]["elements"]]
    said = [
        {"row_id": rows[0]["row_id"], "decision": "adopt", "annotator": "mei", "time": "2026-11-20T09:00:00Z"},
        {"row_id": rows[1]["row_id"], "decision": "edit", "annotator": "mei", "elements": edited},
        {"row_id": rows[2]["row_id"], "decision": "reject", "annotator": "mei", "note": "dull"},
        {"row_id": "unknown@1x1", "decision": "adopt", "annotator": "mei"},
    ]
    feedback = tmp_path / "feedback.jsonl"
    feedback.write_text("".join(json.dumps(row) + "\n" for row in said) + "{broken\n", encoding="utf-8")
    report = evaluate(tmp_path, "--task", "adoption", "--layouts", str(table), "--feedback", str(feedback))
    assert report["overall"]["adoption_rate"]["value"] == pytest.approx(2 / 3)
    assert report["overall"]["decided"] + sum(report["problems"].values()) == 5
    assert report["edits"]["rows"] == 1
    assert report["edits"]["mean"]["distance"] > 0
    assert "2026-W47" in report["by"]["week"]
    assert sum(group["decided"] for group in report["by"]["category"].values()) == 3
    assert "no layout has row_id" in (tmp_path / "e" / "report.html").read_text(encoding="utf-8")


def test_scores_that_are_being_read_are_not_overwritten(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(next(table.glob("snapshots/*")), tmp_path / "e" / "scores")
    before = sorted((tmp_path / "e" / "scores").iterdir())
    evaluate(tmp_path, "--layouts", str(tmp_path / "e" / "scores"), code=2)
    assert "give another --output" in capsys.readouterr().err
    assert sorted((tmp_path / "e" / "scores").iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--layouts", "/nowhere/gone.parquet"), "correct the path"),
        (("--layouts", "/nowhere"), "holds no .parquet file and no CURRENT"),
        (("--layouts", "TABLE", "--baseline", "OTHER"), "shares no row_id"),
        (("--task", "annotation", "--layouts", "TABLE", "--reference", "OTHER"), "is no poster"),
        (("--task", "adoption", "--layouts", "TABLE", "--feedback", "/nowhere/x.jsonl"), "nothing at /nowhere/x.jsonl"),
    ],
)
def test_where_nothing_can_be_done_the_exit_code_is_two(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"row_id": "x", "elements": []}\n', encoding="utf-8")
    names = {"TABLE": str(table), "OTHER": str(other)}
    evaluate(tmp_path, *(names.get(argument, argument) for argument in arguments), code=2)
    assert message in capsys.readouterr().err
