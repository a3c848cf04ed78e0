"""From the gallery's export to an adapter: layouts, designers' decisions, a data set, a training."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import examples
from layoutgen.core.feedback import write
from layoutgen.training.retraining import retrain
from tests.pipeline.retraining import base_of, settings
from tests.training.test_gathering import decide, layout

pytestmark = [pytest.mark.usefixtures("ray_cluster"), pytest.mark.slow]


def test_what_designers_adopt_is_learnt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [layout(tmp_path, number) for number in range(24)]
    (tmp_path / "layouts").mkdir()
    for first in range(0, 24, 8):
        pq.write_table(
            pa.Table.from_pylist(rows[first : first + 8]), tmp_path / "layouts" / f"part-{first:05d}.parquet"
        )
    decisions = [decide(row, "adopt") for row in rows[:20]] + [decide(row, "reject") for row in rows[20:]]
    (tmp_path / "feedback.jsonl").write_text(write(decisions), encoding="utf-8")
    config = tmp_path / "examples.toml"
    config.write_text("[select]\nshares = [0.5, 0.25, 0.25]\n[gather]\nnum_cpus = 0.2\n")
    asked = ["--layouts", str(tmp_path / "layouts"), "--output", str(tmp_path / "sets"), "--config", str(config)]
    code = examples.main([*asked, "--feedback", str(tmp_path / "feedback.jsonl")])
    output = capsys.readouterr()
    assert code == 0, output.err
    made = json.loads(output.out.splitlines()[-1])
    assert made["by_source"] == {"adopt": 20}
    assert made["dropped"] == {"rejected": 4}
    learnt = settings(base_of(tmp_path / "base"), Path(made["data"]), steps=2)
    summary = retrain(learnt, str(tmp_path / "runs"), str(tmp_path / "adapters"), force=True, in_process=True)
    assert summary["promoted"]
    card = json.loads((Path(summary["adapter"]) / "card.json").read_text())
    assert card["data"]["examples"] == made["sha"]


def test_a_table_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examples.main(["--layouts", str(tmp_path / "none"), "--output", str(tmp_path / "sets")]) == 2
    assert str(tmp_path / "none") in capsys.readouterr().err
    assert not (tmp_path / "sets").exists()
