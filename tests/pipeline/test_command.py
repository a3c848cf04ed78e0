"""The jobs' command line: what it prints, which exit code it gives, and that nothing is done where nothing can be."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jobs.command import main
from layoutgen.cluster import PoolError
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.demo.s3 import LocalS3
from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import RunOptions
from layoutgen.streaming import Stream, in_process, stream
from tests.drawn import encoded, photo
from tests.pipeline.runs import settings, write_manifest

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "vase.jpg").write_bytes(encoded(photo()))
    return tmp_path


def _row(number: int = 0, **other: Any) -> dict[str, Any]:
    return {"product_id": f"vase-{number}", "image": "vase.jpg", "title": "Stoneware vase", **other}


def _small_toml(folder: Path, extra: str = "") -> str:
    path = folder / "small.toml"
    pools = "".join(
        f"[{name}]\n{more}pool = {{ size = 1, num_cpus = 0.2 }}\n"
        for name, more in (
            ("images", ""),
            ("annotate", 'engine = "none"\n'),
            ("compose", ""),
            ("place", ""),
            ("write", ""),
        )
    )
    path.write_text(f"{extra}{pools}\n[storage]\nattempts = 2\ntimeout_s = 3\n", encoding="utf-8")
    return str(path)


def _run(*arguments: str, stream: Stream = in_process) -> int:
    return main("layouts", "doc", LayoutsConfig, partial(run_layouts, stream=stream), list(arguments))


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert _run(*arguments) == 2
    return capsys.readouterr().err


@pytest.mark.usefixtures("ray_cluster")
def test_the_last_line_is_the_summary(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = write_manifest(shop, [_row(0), _row(1)])
    arguments = ("--input", manifest, "--output", str(shop / "out"), "--config", _small_toml(shop))
    assert _run(*arguments, "--run-id", "night-1", stream=stream) == 0
    summary = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert summary["run_id"] == "night-1"
    assert (summary["rows_in"], summary["computed"], summary["unchanged"], summary["dead_letters"]) == (2, 2, 0, 0)
    assert summary["images_per_second"] > 0
    assert (shop / "out" / "CURRENT").read_text().splitlines()[0] == "night-1"
    assert (shop / "out" / "snapshots" / "night-1" / "_SUCCESS").exists()


def test_output_that_exists_gets_a_second_snapshot_and_a_used_run_id_is_refused(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (
        "--input",
        write_manifest(shop, [_row()]),
        "--output",
        str(shop / "out"),
        "--config",
        _small_toml(shop),
    )
    assert _run(*arguments, "--run-id", "one") == _run(*arguments, "--run-id", "two") == 0
    assert sorted(path.name for path in (shop / "out" / "snapshots").iterdir()) == ["one", "two"]
    assert (shop / "out" / "CURRENT").read_text().splitlines()[0] == "two"
    assert "already has a run one" in _refused(capsys, *arguments, "--run-id", "one")


def test_too_many_failures_give_exit_code_1_and_leave_current_alone(shop: Path) -> None:
    arguments = ("--output", str(shop / "out"), "--config", _small_toml(shop))
    good = write_manifest(shop, [_row()])
    assert _run("--input", good, *arguments, "--run-id", "good") == 0
    bad = write_manifest(shop, [_row(0), _row(1, image="gone.jpg")], "bad.jsonl")
    assert _run("--input", bad, *arguments, "--run-id", "bad") == 1
    assert (shop / "out" / "CURRENT").read_text().splitlines()[0] == "good"


def test_limit_uses_the_first_rows_only(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = write_manifest(shop, [_row(number) for number in range(9)])
    assert _run("--input", manifest, "--output", str(shop / "out"), "--config", _small_toml(shop), "--limit", "4") == 0
    assert json.loads(capsys.readouterr().out.strip().splitlines()[-1])["rows_in"] == 4


def test_missing_columns_are_an_error_before_any_work(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = write_manifest(shop, [{"product_id": "a", "image": "vase.jpg"}])
    message = _refused(capsys, "--input", manifest, "--output", str(shop / "out"))
    assert "title" in message
    assert "product_id" in message
    assert not (shop / "out").exists()


def test_an_unknown_config_key_is_named_with_the_known_ones(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = _small_toml(shop, "[run]\nrows_per_shart = 3\n")
    message = _refused(capsys, "--input", str(shop), "--output", str(shop / "out"), "--config", config)
    assert "run.rows_per_shart" in message
    assert "rows_per_shard" in message


def test_an_empty_manifest_publishes_nothing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = write_manifest(shop, [])
    assert "no rows" in _refused(capsys, "--input", manifest, "--output", str(shop / "out"))
    assert not (shop / "out" / "CURRENT").exists()


def test_a_missing_manifest_is_named(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere.jsonl" in _refused(capsys, "--input", str(shop / "nowhere.jsonl"), "--output", str(shop / "out"))


def test_an_unreachable_endpoint_is_an_error_within_seconds(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    config = _small_toml(shop).replace("small", "small")
    text = Path(config).read_text(encoding="utf-8")
    Path(config).write_text(text + 'endpoint_url = "http://127.0.0.1:9"\n', encoding="utf-8")
    message = _refused(capsys, "--input", "s3://shop/a.jsonl", "--output", "s3://shop/out", "--config", config)
    assert "127.0.0.1:9" in message
    assert "hush-hush" not in message


def test_wrong_credentials_are_named_as_such(
    s3: LocalS3, shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    message = _refused(
        capsys, "--input", "s3://shop/a.jsonl", "--output", "s3://shop/out", "--config", _small_toml(shop)
    )
    assert "credentials" in message
    assert "not-the-secret" not in message
    assert s3.secret_key not in message


@pytest.mark.usefixtures("ray_cluster")
def test_pools_larger_than_the_cluster_are_refused_and_do_not_hang(shop: Path) -> None:
    config = settings(compose={"pool": {"size": 64, "num_cpus": 1.0}})
    for preflight_only in (True, False):
        with pytest.raises(PoolError, match="the pools ask for 64 compose actors of 1 CPU each"):
            run_layouts(
                config, write_manifest(shop, [_row()]), str(shop / "out"), RunOptions(preflight_only=preflight_only)
            )
        assert not [path for path in (shop / "out").rglob("*") if path.is_file()], "found only after work had begun"


@pytest.mark.parametrize("job", ["layouts", "annotate", "gallery"])
def test_help_says_what_a_job_does(job: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{job}", "--help"], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert f"python -m jobs.{job}" in done.stdout
    assert "--output" in done.stdout


def test_a_gallery_of_nothing_says_what_to_give(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jobs.gallery", "--layouts", str(tmp_path), "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert done.returncode == 2
    assert "no .parquet file and no CURRENT; name a job's output" in done.stderr
    assert not (tmp_path / "out").exists()


def test_deletions_are_allowed_once_by_the_command_line(tmp_path: Path) -> None:
    allowed = []

    def run(_: LayoutsConfig, source: str, output: str, options: RunOptions) -> dict[str, object]:
        allowed.append(options.allow_deletions)
        return {"current": True}

    for more in ([], ["--allow-deletions"]):
        config = str(Path(__file__).parents[2] / "jobs" / "layouts.toml")
        given = ["--input", "a.csv", "--output", str(tmp_path), "--config", config, *more]
        assert main("layouts", "", LayoutsConfig, run, given) == 0
    assert allowed == [False, True]
