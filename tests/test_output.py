"""How jobs end where nobody listens, and where their settings may lie."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs import adapters
from jobs.output import reported, settings
from layoutgen.cluster import ClusterError
from layoutgen.config.base import ConfigError
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables.lease import HeldError, LeaseError
from layoutgen.runs.accounting import LostRowsError
from layoutgen.runs.maintenance import CleanUpError
from layoutgen.runs.progress import StoppedError

ENDS = [
    (ConfigError("unknown key"), 2),
    (StorageError("no bucket"), 2),
    (ClusterError("no cluster"), 2),
    (HeldError("another run holds it"), 2),
    (LeaseError("taken over"), 1),
    (StoppedError("2 of 5 shards are done"), 1),
    (LostRowsError("shard 1", [1]), 1),
    (CleanUpError("half of it is gone"), 1),
]
JOBS = sorted(path.stem for path in (Path(__file__).parents[1] / "jobs").glob("[!_]*.py"))
JOBS = [job for job in JOBS if job not in ("command", "output")]


def _deaf(*command: str, stream: str = "stdout") -> tuple[int, str]:
    """Run a command whose stream nobody reads; return its exit code and what it said on the other one."""
    reader, writer = os.pipe()
    os.close(reader)
    other = "stderr" if stream == "stdout" else "stdout"
    try:
        done = subprocess.run([sys.executable, *command], check=False, **{stream: writer, other: subprocess.PIPE})  # type: ignore[call-overload]
    finally:
        os.close(writer)
    return done.returncode, getattr(done, other).decode()


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("job", ["status", "maintain"])
def test_help_into_a_closed_pipe_is_no_fault(job: str, unbuffered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    assert _deaf("-m", f"jobs.{job}", "--help") == (0, "")


def test_a_result_and_an_error_into_a_closed_pipe_keep_their_exit_code(tmp_path: Path) -> None:
    (tmp_path / "_table.json").write_text('{"format": 1, "kind": "layouts"}')
    code, said = _deaf("-m", "jobs.maintain", "--output", str(tmp_path))
    assert (code, "Traceback" in said, "BrokenPipe" in said) == (0, False, False)
    assert _deaf("-m", "jobs.maintain", "--output", str(tmp_path / "none"), stream="stderr") == (2, "")


@pytest.mark.parametrize("job", JOBS)
def test_every_job_ends_by_the_same_way_and_prints_by_it(job: str) -> None:
    text = (Path(__file__).parents[1] / "jobs" / f"{job}.py").read_text(encoding="utf-8")
    assert "    end(" in text
    assert "print(" not in text
    assert "sys.exit(" not in text


@pytest.mark.parametrize(("error", "code"), ENDS, ids=lambda value: type(value).__name__)
def test_an_exit_code_is_the_exceptions_own(error: Exception, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with reported("python -m jobs.layouts") as outcome:
        raise error
    assert (outcome.code, capsys.readouterr()) == (code, ("", f"python -m jobs.layouts: {error}\n"))


@pytest.mark.parametrize("arguments", [["--log-format", "json"], ["--log-format", "json", "--nonsense"]])
def test_as_json_a_refusal_is_one_object_with_the_job_and_its_exit_code(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "jobs.status", "--output", str(tmp_path), *arguments],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    (line,) = map(json.loads, done.stderr.splitlines())
    assert done.returncode == line["exit_code"] == 2
    assert (line["job"], line["level"]) == ("python -m jobs.status", "error")
    assert "--nonsense" in line["message"] or "has no run yet" in line["message"]


def test_what_nobody_foresaw_ends_loudly_unless_a_job_takes_it_for_a_refusal() -> None:
    with pytest.raises(ValueError, match="a bug"), reported("python -m jobs.evaluate"):
        raise ValueError("a bug")
    with reported("python -m jobs.layouts", ValueError) as outcome:
        raise ValueError("a manifest's")
    assert outcome.code == 2


def test_settings_may_lie_on_storage(s3: LocalS3, tmp_path: Path) -> None:
    uri = "s3://shop/settings/night.toml"
    Storage().write(uri, b"[run]\nseed = 7\n")
    assert settings(LayoutsConfig, uri).run.seed == 7
    Storage().write(uri, b"[run]\nsede = 7\n")
    with pytest.raises(ConfigError, match=r"s3://shop/settings/night.toml: unknown key run\.sede"):
        settings(LayoutsConfig, uri)
    with pytest.raises(
        ConfigError, match=r"--config s3://shop/none.toml can't be read: nothing at s3://shop/none.toml"
    ):
        settings(LayoutsConfig, "s3://shop/none.toml")
    with pytest.raises(ConfigError, match="no config file at"):
        settings(LayoutsConfig, tmp_path / "none.toml")


def test_a_name_without_versions_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert adapters.main(["--registry", str(tmp_path), "list", "left-third"]) == 2
    assert f"{tmp_path} has no version of 'left-third'; give train.name" in capsys.readouterr().err
