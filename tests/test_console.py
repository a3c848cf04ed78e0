"""What an operator reads on standard error: our lines and faults, and nothing of Ray's or a library's own plan."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.nights import wait_until
from tests.drawn import encoded, photo
from tests.limits import PATIENCE_S
from tests.pipeline.runs import write_manifest

REPOSITORY = Path(__file__).parents[1]
OURS = re.compile(r"\d\d:\d\d:\d\d \S|python -m jobs\.\w+: ")

SETTINGS = """
[run]
rows_per_shard = 2
log_seconds = 5
max_failed_fraction = 1.0
[storage]
attempts = 2
timeout_s = 3
[load]
pool = { size = 1, num_cpus = 0.2 }
[images]
pool = { size = 1, num_cpus = 0.2 }
[annotate]
engine = "none"
pool = { size = 1, num_cpus = 0.2 }
[compose]
pool = { size = 1, num_cpus = 0.2 }
[place]
pool = { size = 1, num_cpus = 0.2 }
[write]
pool = { size = 1, num_cpus = 0.2 }
"""

_SPOKEN = """
import logging, os, sys, warnings
from layoutgen import console

logging.getLogger("ray").addHandler(logging.StreamHandler())  # as Ray does when it is imported
logging.getLogger("ray").propagate = False
logging.basicConfig(format="theirs %(message)s")
console.set_up()
console.set_up()
for name in ("layoutgen", "ray", "ray.data", "ray.train", "transformers", "DeepSpeed", "anybody"):
    for level in ("info", "warning", "error"):
        getattr(logging.getLogger(name), level)("%s of %s", level, name)
with console.without_native_lines():
    os.write(2, b"[2026-11-28 E 1 1] core_worker.cc:2465: constructor arguments")
    print("said", file=sys.stderr)
    logging.getLogger("layoutgen").info("logged")
os.write(2, b"after")
"""


def test_our_lines_and_faults_are_heard_and_each_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SPOKEN], cwd=REPOSITORY, capture_output=True, text=True, check=True, env={**os.environ}
    )
    lines = [re.sub(r"^\d\d:\d\d:\d\d ", "T ", line) for line in done.stderr.splitlines()]
    theirs = [f"T {level} of {name}" for name in ("transformers", "anybody") for level in ("warning", "error")]
    assert sorted(lines) == sorted(
        [
            *(f"T {level} of layoutgen" for level in ("info", "warning", "error")),
            *(f"T error of {name}" for name in ("ray", "ray.data", "ray.train", "DeepSpeed")),
            *theirs, "said", "T logged", "after",
        ]
    )  # fmt: skip


def _shop(folder: Path, count: int = 6) -> list[str]:
    """A small catalogue and settings, as arguments of `jobs.layouts`."""
    rows = []
    for number in range(count):
        (folder / f"{number}.jpg").write_bytes(encoded(photo(seed=number)))
        rows.append({"product_id": f"vase-{number}", "image": f"{number}.jpg", "title": "Stoneware vase"})
    (folder / "small.toml").write_text(SETTINGS, encoding="utf-8")
    manifest = write_manifest(folder, rows)
    return ["--input", manifest, "--output", str(folder / "out"), "--config", str(folder / "small.toml")]


def _run(job: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a job as its own command, with a Ray of its own."""
    outside = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    return subprocess.run(
        [sys.executable, "-m", f"jobs.{job}", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False,
        timeout=PATIENCE_S, env={**outside, **environment},
    )  # fmt: skip


def _theirs(text: str) -> list[str]:
    """The lines that are not ours."""
    return [line for line in text.splitlines() if not OURS.match(line)]


@pytest.mark.slow
@pytest.mark.ray
def test_a_run_and_its_gallery_say_only_our_lines_and_none_twice(tmp_path: Path) -> None:
    asked = _shop(tmp_path)
    done = _run("layouts", *asked)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["published"] == 6
    assert _theirs(done.stderr) == []
    said = [line[9:] for line in done.stderr.splitlines()]
    assert len(said) == len(set(said)), "a line stands there twice"
    assert any(re.search(r"3 of 3 shards, 6 rows", line) for line in said)
    page = _run("gallery", "--layouts", str(tmp_path / "out"), "--output", str(tmp_path / "page"))
    assert page.returncode == 0, page.stderr
    assert _theirs(page.stderr) == []


@pytest.mark.slow
@pytest.mark.ray
def test_a_worker_that_dies_and_why_a_run_is_refused_are_heard(tmp_path: Path) -> None:
    asked = _shop(tmp_path)
    (tmp_path / "0.jpg").unlink()
    settings = (tmp_path / "small.toml").read_text().replace("max_failed_fraction = 1.0", "max_failed_fraction = 0.1")
    (tmp_path / "small.toml").write_text(settings)
    crash = tmp_path / "crash"
    crash.mkdir()
    (crash / "during_place").touch()
    outside = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    with subprocess.Popen(
        [sys.executable, "-m", "jobs.layouts", "--log-format", "json", *asked], cwd=REPOSITORY,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**outside, "LAYOUTGEN_CRASH": str(crash)},
    ) as job:  # fmt: skip
        wait_until(lambda: job.poll() or list(crash.glob("during_place.*")), "no worker came to its place")
        for victim in crash.glob("during_place.*"):
            os.kill(int(victim.suffix[1:]), signal.SIGKILL)
        said = job.communicate(timeout=PATIENCE_S)[1]
    assert job.returncode == 1, said
    assert [line for line in said.splitlines() if not line.startswith("{")] == []
    lines = [json.loads(line) for line in said.splitlines()]
    assert all({"time", "level", "logger", "message", "host", "process"} <= line.keys() for line in lines)
    assert {line["table"] for line in lines if "run_id" in line} == {str(tmp_path / "out")}
    said = "\n".join(line["message"] for line in lines)
    assert "worker died or was killed" in said
    assert "1 of 6 rows failed, more than run.max_failed_fraction = 0.1 allows: CURRENT stays" in said
    assert "constructor arguments" not in said
