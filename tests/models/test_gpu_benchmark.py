"""The GPU's benchmarks run where a CUDA image's packages are all there is, shown at a tiny size on a CPU."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.limits import PATIENCE_S

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import runpy, sys

for name in ("ray", "pyarrow", "s3fs", "botocore", "boto3", "pydantic", "cv2", "onnxruntime", "deepspeed", {absent}):
    sys.modules[name] = None  # an import of it fails
sys.argv = {command}
runpy.run_module(sys.argv[0], run_name="__main__")
"""


def lines_of(command: list[str], absent: str) -> tuple[list[dict[str, Any]], str]:
    """The JSON lines of a benchmark where some packages are absent, and all that it printed."""
    program = RUN.format(absent=repr(absent), command=command)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"')], done.stdout


def test_it_runs_without_ray_storage_or_opencv_and_prints_a_line_a_case() -> None:
    lines, out = lines_of(["benchmarks.gpu", "--tiny"], "peft")
    assert len(lines) == 4
    assert all(
        {"bench", "case", "ours", "other", "ratio", "unit", "hardware", "roofline", "peak_gb"} <= set(line)
        for line in lines
    )
    assert "| internvl2-8b |" in out


def test_training_is_measured_there_too_with_its_utilisation_and_peak_memory() -> None:
    command = ["benchmarks.train", "--gpu", "--tiny", "--steps", "2", "--batch", "4", "--micro", "2"]
    ((line,), _) = lines_of(command, "llguidance")
    assert line["bench"] == "train"
    assert line["unit"] == "samples/s"
    assert line["tokens_per_second"] > 0
    assert line["peak_gb"] > 0
    assert 0 < line["mfu"] < line["mfu_6n"]


def test_painting_is_measured_by_steps_and_rows() -> None:
    program = [sys.executable, "-m", "benchmarks.painting", "--tiny", "--rows", "1", "--case", "sdxl"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"')]
    assert [line["case"] for line in lines] == [
        f"sdxl, {way}, 1 rows" for way in ("4 steps, guidance 1", "8 steps, guidance 1", "30 steps, guidance 7")
    ]
    assert all(line["ours"] > 0 and line["roofline"] > 0 and line["tera_operations"] > 0 for line in lines)
    if not torch.cuda.is_available():
        without = subprocess.run(program[:3], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        assert without.returncode == 1
        assert "no CUDA device here; --tiny runs on a CPU" in without.stderr
