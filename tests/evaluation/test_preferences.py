"""`jobs.evaluate --task preference` on a file as the gallery exports it."""

import json

from jobs.evaluate import main
from tests.core.test_preferences import line, side


def test_choices_become_a_report(tmp_path, capsys):
    rows = [
        line(row_id=f"p{i}@800x800", product_id=f"p{i}", category="vases" if i % 2 else "<b>", annotator="Mei",
             chosen=side("run-1", f"p{i}@800x800"), rejected=side("run-2", f"p{i}@800x800", name="new"))
        for i in range(5)
    ]  # fmt: skip
    source = tmp_path / "preferences.jsonl"
    source.write_text("".join(f"{json.dumps(row)}\n" for row in rows) + "nothing\n")
    assert main(["--task", "preference", "--preferences", str(source), "--output", str(tmp_path / "out")]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["choices"], summary["malformed"]) == (5, 1)
    assert summary["win_rates"]["new | run-1"]["run-1"]["value"] == 1
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    comparison = report["comparisons"]["new | run-1"]
    assert comparison["sides"]["run-1"]["wins"] == 5 and comparison["by"]["category"]["vases"]["choices"] == 2
    page = (tmp_path / "out" / "report.html").read_text()
    assert "new | run-1" in page and "&lt;b&gt;" in page and "<b> (" not in page


def test_a_file_without_choices_is_refused(tmp_path, capsys):
    source = tmp_path / "preferences.jsonl"
    source.write_text("nothing\n")
    assert main(["--task", "preference", "--preferences", str(source), "--output", str(tmp_path / "out")]) == 2
    assert "has no choice that can be used, such as line 1: 'nothing' is no JSON" in capsys.readouterr().err
