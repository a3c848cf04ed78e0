"""The benchmark that runs engines in several processes, with our own engine alone and a tiny model."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import decode_ways
from benchmarks.workload import requests
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.vlm.tiny import build_checkpoint
from tests.limits import PATIENCE_S

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("cores", [1, pytest.param(2, marks=pytest.mark.nightly)])
def test_one_process_and_two_that_share_the_requests_give_the_same_answers(tmp_path: Path, cores: int) -> None:
    weights = build_checkpoint("qwen2_5_vl", tmp_path / "model")
    asked = requests(load_chat_format(weights), 3, (3,), 56)
    rates, same = decode_ways.rates(weights, asked, cores, {"loop": sys.executable}, 1)
    assert rates["loop"].keys() == {f"1 x {cores} threads", f"{cores} x 1 threads"}
    assert all(rate > 0 for rate in rates["loop"].values())
    assert same == 3


def test_a_side_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with (
        decode_ways.Side(sys.executable, "loop", tmp_path / "nothing", tmp_path / "none", 1) as side,
        pytest.raises(RuntimeError, match="nothing"),
    ):
        side.hear()


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed here")
@pytest.mark.parametrize(
    "command", [["decode_side", "vllm", "WEIGHTS", "FOLDER"], ["decode", "--case", "vllm", "--vllm", sys.executable]]
)
def test_what_needs_vllm_says_so_before_it_begins(command: list[str]) -> None:
    program = [sys.executable, "-m", f"benchmarks.{command[0]}", *command[1:]]
    ended = subprocess.run(program, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert ended.returncode == 2
    assert "make test-vllm" in ended.stderr.splitlines()[-1]
