"""A pool grows, shrinks and lets all GPUs go on two nodes, while a device is lost and a node leaves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.limits import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.nightly
def test_a_pool_follows_its_queue_past_a_lost_device_and_a_lost_node(tmp_path: Path) -> None:
    picture = tmp_path / "breathing.png"
    command = [sys.executable, "-m", "benchmarks.breathing", "--picture", str(picture)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (line,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert line["wrong"] == 0
    assert (line["most"], line["last"]) == (4, 0)
    assert line["ours"] < line["other"]
    assert Image.open(picture).size == (1100, 320)
