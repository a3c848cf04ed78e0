"""The GPU's benchmark runs where a CUDA image's packages are all there is, shown at a tiny size on a CPU."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import runpy, sys

for name in ("ray", "pyarrow", "s3fs", "botocore", "pydantic", "cv2", "onnxruntime", "peft", "deepspeed"):
    sys.modules[name] = None  # an import of it fails
sys.argv = ["gpu", "--tiny"]
runpy.run_module("benchmarks.gpu", run_name="__main__")
"""


@pytest.mark.slow
def test_it_runs_without_ray_storage_or_opencv_and_prints_a_line_a_case() -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == 4
    assert all(
        {"bench", "case", "ours", "other", "ratio", "unit", "hardware", "roofline", "peak_gb"} <= set(line)
        for line in lines
    )
    assert "| internvl2-8b |" in done.stdout
