"""Posters drawn into a data set's file by a job."""

import json
from pathlib import Path

import pytest

from jobs.corpus import main
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training.data.stored import open_stored


@pytest.mark.slow
def test_posters_are_drawn_into_a_file_that_a_training_opens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = build_checkpoint("qwen2_5_vl", tmp_path / "model")
    output = tmp_path / "sets" / "posters.arrow"
    asked = ["--output", str(output), "--model", str(model), "--side", "56", "--posters", "3", "--held-back", "2"]
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["data"], told["samples"]) == (str(output), 3 * 2 + 2 + 2 + 60)
    assert [path.name for path in output.parent.iterdir()] == ["posters.arrow"]
    data = open_stored(str(output), str(tmp_path / "cache"), Storage())
    assert (len(data.train), len(data.validation), len(data.test), len(data.fixed)) == (6, 2, 2, 60)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--output": "s3://shop/posters.arrow"}, "--output s3://shop/posters.arrow: give a local FILE.arrow"),
        ({"--output": "posters.parquet"}, "--output posters.parquet: give a local FILE.arrow"),
        ({"--model": "nowhere"}, "nowhere"),
        ({"--folder": "nophotos"}, "--folder nophotos is no folder"),
    ],
)
def test_what_can_not_be_used_is_named_and_nothing_is_made(
    change: dict[str, str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = {"--output": "posters.arrow", "--model": str(build_checkpoint("qwen2_5_vl", tmp_path / "model")), **change}
    capsys.readouterr()
    assert main([word for pair in asked.items() for word in pair]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
