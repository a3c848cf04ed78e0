"""The benchmark that runs engines in several processes, with our own engine alone and a tiny model."""

import sys
from pathlib import Path

import pytest

from benchmarks import decode_ways
from benchmarks.workload import requests
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.vlm.tiny import build_checkpoint


@pytest.mark.slow
def test_one_process_and_two_that_share_the_requests_give_the_same_answers(tmp_path: Path) -> None:
    weights = build_checkpoint("qwen2_5_vl", tmp_path / "model")
    asked = requests(load_chat_format(weights), 3, (3,), 56)
    found, same = decode_ways.rates(weights, asked, 2, {"loop": sys.executable}, 1)
    assert found["loop"].keys() == {"1 x 2 threads", "2 x 1 threads"}
    assert all(rate > 0 for rate in found["loop"].values())
    assert same == 3


def test_a_side_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with (
        decode_ways.Side(sys.executable, "loop", tmp_path / "nothing", tmp_path / "none", 1) as side,
        pytest.raises(RuntimeError, match="nothing"),
    ):
        side.hear()
