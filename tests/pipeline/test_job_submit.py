"""The documented `ray job submit` lines on a local head: really submitted, their results really read."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from tests.drawn import encoded, photo
from tests.limits import PATIENCE_S
from tests.pipeline.retraining import base_of, data_of, outcome, settings, settings_file, undisturbed
from tests.pipeline.runs import published, write_manifest

REPOSITORY = Path(__file__).resolve().parents[2]
RAY = Path(sys.executable).with_name("ray")

pytestmark = pytest.mark.slow


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Ray head of its own on free ports, whose folder no other cluster of this machine shares; yields the address
    that jobs are submitted to."""
    tmp_path, dashboard = tmp_path_factory.mktemp("head"), _free_port()
    log = (tmp_path / "head.log").open("wb")
    short = tempfile.mkdtemp(prefix="head-")  # a socket's path has 107 bytes at most
    patch = pytest.MonkeyPatch()
    patch.setenv("RAY_TMPDIR", short)  # for who submits, too: the folder says which cluster is this machine's newest
    process = subprocess.Popen(
        [
            *(str(RAY), "start", "--head", "--block", "--num-cpus=2", "--disable-usage-stats"),
            *(f"--port={_free_port()}", "--node-ip-address=127.0.0.1"),
            *("--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"),
            f"--dashboard-agent-listen-port={_free_port()}",
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
        | {"RAY_AUTH_MODE": "disabled", "PATH": f"{RAY.parent}:{os.environ['PATH']}"},
    )
    address = f"http://127.0.0.1:{dashboard}"
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{address}/api/version", timeout=30).read()
                break
            except OSError:
                assert process.poll() is None, (tmp_path / "head.log").read_text()
                time.sleep(0.5)
        yield address
    finally:
        started = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        for one in started:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()
        log.close()
        shutil.rmtree(short, ignore_errors=True)
        patch.undo()


def test_ray_job_submit_runs_the_job_and_its_tables_can_be_read(head: str, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(seed=number)))
    rows = [{"product_id": f"v{number}", "image": f"{number}.jpg", "title": "Stoneware vase"} for number in range(3)]
    manifest = write_manifest(tmp_path, rows)
    output = tmp_path / "out"
    done = _submit(
        *(head, "night-1", "jobs.layouts", "--input", manifest, "--output", str(output)),
        *("--config", str(REPOSITORY / "jobs" / "layouts.toml")),
    )
    out, _ = done.communicate(timeout=PATIENCE_S)
    assert done.returncode == 0, out
    assert '"rows_in": 9' in out
    rows = published(str(output))
    assert len(rows) == 9
    assert all(Path(row["picture_file"]["uri"]).stat().st_size == row["picture_file"]["bytes"] for row in rows)


@pytest.mark.parametrize(("image", "code"), [("gone.jpg", 1), (None, 2)])
def test_submit_hands_on_the_jobs_own_exit_code(head: str, tmp_path: Path, image: str | None, code: int) -> None:
    row = {"product_id": "v", "image": image, "title": "Stoneware vase"}
    manifest = write_manifest(tmp_path, [row]) if image else str(tmp_path / "none.jsonl")
    command = [str(REPOSITORY / "cluster" / "submit.sh"), manifest, str(tmp_path / "out")]
    env = {"RAY_API_SERVER_ADDRESS": head, "RAY_AUTH_MODE": "disabled", "LAYOUTGEN_CONFIG": "jobs/layouts.toml"}
    path = {"PATH": f"{RAY.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, env={**os.environ, **env, **path}, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]


def _submit(head: str, name: str, *command: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    told = json.dumps({"env_vars": environment or {}})
    return subprocess.Popen(
        [
            *(str(RAY), "job", "submit", "--address", head, "--submission-id", name, "--runtime-env-json", told),
            *("--", sys.executable, "-m", *command),
        ],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
    )


def _drivers(output: Path) -> list[psutil.Process]:
    """The processes of a submitted command, a shell around it included."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        found += [process] if "-m jobs." in command and str(output) in command and " job submit " not in command else []
    return found


def test_a_submitted_retraining_whose_driver_is_killed_goes_on_when_it_is_submitted_again(
    head: str, tmp_path: Path
) -> None:
    base, data, crash = base_of(tmp_path / "base"), data_of(tmp_path / "data", train=4, held=4), tmp_path / "crash"
    config, output = settings(base, data, steps=6), tmp_path / "runs"
    command = [
        *("jobs.retrain", "--data", str(data), "--output", str(output), "--registry", str(tmp_path / "adapters")),
        *("--config", str(settings_file(tmp_path / "retrain.toml", config))),
    ]
    crash.mkdir()
    (crash / "step_5_of_0").touch()
    first = _submit(head, "training-1", *command, environment={"LAYOUTGEN_CRASH": str(crash)})
    deadline = time.monotonic() + PATIENCE_S
    while not (stopped := list(crash.glob("step_5_of_0.*"))):
        assert time.monotonic() < deadline
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.2)
    drivers = _drivers(output)
    assert drivers
    for process in drivers:
        process.kill()
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode, "a killed job has failed"
    with contextlib.suppress(ProcessLookupError):  # what worked for the driver ends with it, sooner or later
        os.kill(int(stopped[0].suffix[1:]), signal.SIGKILL)
    out, _ = _submit(head, "training-2", *command).communicate(timeout=PATIENCE_S)
    told = [json.loads(line) for line in out.splitlines() if line.startswith('{"run": ')][-1]
    assert outcome(told["output"])["folder"] == undisturbed(config, tmp_path / "undisturbed")["folder"]
    assert '"kind": "resumed", "step": 4' in (Path(told["output"]) / "log.jsonl").read_text()
    assert AdapterRegistry(Storage(), str(tmp_path / "adapters")).versions("poster") == [told["version"]]
