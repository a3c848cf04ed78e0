"""The ingest job: a published set to a data set, on a cluster, from the command line."""

import json
from pathlib import Path

import pytest

from jobs import ingest
from layoutgen.io.storage import Storage
from layoutgen.training.data.datasets import read_snapshot
from tests.training.published import sets

pytestmark = pytest.mark.slow


@pytest.mark.usefixtures("ray_cluster")
def test_a_published_set_becomes_a_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets.coco(tmp_path / "coco", 12)
    config = tmp_path / "ingest.toml"
    config.write_text(
        'reader = "none"\nfile_rows = 4\n[select]\nshares = [0.5, 0.25, 0.25]\n[gather]\nnum_cpus = 0.2\n'
    )
    asked = ["--format", "coco", "--source", str(tmp_path / "coco"), "--output", str(tmp_path / "sets")]
    asked += ["--labels", str(tmp_path / "coco" / "labels.toml"), "--config", str(config)]
    assert ingest.main(asked) == 2
    assert "give it with --licence" in capsys.readouterr().err
    assert not (tmp_path / "sets").exists()
    assert ingest.main([*asked, "--licence", sets.LICENCE]) == 0, capsys.readouterr().err
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["examples"], summary["dropped"]) == (12, {"image_missing": 1, "not_annotated": 1})
    assert len(read_snapshot(Storage(), summary["data"])) == 12
    assert not list((tmp_path / "sets" / "_making").rglob("*.parquet"))
