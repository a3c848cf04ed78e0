"""The documented `ray job submit` line on a local head: really submitted, its result really read."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import encoded, photo
from tests.pipeline.runs import published, write_manifest

REPOSITORY = Path(__file__).resolve().parents[2]
RAY = Path(sys.executable).with_name("ray")

pytestmark = pytest.mark.slow


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def head(tmp_path: Path) -> Iterator[str]:
    """A Ray head of its own on free ports; yields the address that jobs are submitted to."""
    dashboard = _free_port()
    log = (tmp_path / "head.log").open("wb")
    process = subprocess.Popen(
        [
            *(str(RAY), "start", "--head", "--block", "--num-cpus=2", "--disable-usage-stats"),
            *(f"--port={_free_port()}", "--node-ip-address=127.0.0.1"),
            *("--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}"),
            *(f"--dashboard-agent-listen-port={_free_port()}", f"--temp-dir={tmp_path.parent / 'ray'}"),
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"} | {"RAY_AUTH_MODE": "disabled"},
    )
    address = f"http://127.0.0.1:{dashboard}"
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{address}/api/version", timeout=2).read()
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


def test_ray_job_submit_runs_the_job_and_its_tables_can_be_read(head: str, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(seed=number)))
    rows = [{"product_id": f"v{number}", "image": f"{number}.jpg", "title": "Stoneware vase"} for number in range(3)]
    manifest = write_manifest(tmp_path, rows)
    output = tmp_path / "out"
    done = subprocess.run(
        [
            *(str(RAY), "job", "submit", "--address", head, "--submission-id", "night-1"),
            *("--", sys.executable, "-m", "jobs.layouts", "--input", manifest, "--output", str(output)),
            *("--config", str(REPOSITORY / "jobs" / "layouts.toml")),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"rows_in": 9' in done.stdout
    assert len(published(str(output))) == 9
