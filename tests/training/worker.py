"""One worker of a training without Ray, forked off a process that has imported all it needs: an import of torch,
transformers, peft and DeepSpeed takes longer than what these tests train."""

import logging
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import deepspeed  # noqa: F401
import peft  # noqa: F401
import torch
from torch import distributed
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl, processing_qwen2_5_vl  # noqa: F401

from layoutgen.training.fitting import Fit, fit
from layoutgen.training.loop.steps import recipe_of
from layoutgen.training.loop.zero import sharded
from layoutgen.training.vlm.lora import load_learner
from tests.forked import forking


def begin(
    job: Fit, rank: int, ranks: int, port: int, log: Path, crash: Path, does: Callable[[Fit], None] = fit
) -> BaseProcess:
    """Start a worker of `ranks`, whose output goes to a log."""
    process = forking([__name__]).Process(target=_work, args=(job, rank, ranks, port, log, crash, does))
    process.start()
    return process


def load_sharded(job: Fit) -> None:
    """Load a model under ZeRO-3: of no weight of the base there is more here than this rank's part."""
    recipe = recipe_of(job.train)
    with sharded(bf16=False):
        learner = load_learner(Path(job.train.model), recipe, None)
    base = [weight for weight in learner.parameters() if not weight.requires_grad]
    assert base
    for weight in base:
        assert weight.numel() == 0
        assert weight.ds_tensor.numel() == -(-weight.ds_numel // distributed.get_world_size())


def _work(job: Fit, rank: int, ranks: int, port: int, log: Path, crash: Path, does: Callable[[Fit], None]) -> None:
    with log.open("a") as out:
        os.dup2(out.fileno(), sys.stdout.fileno())
        os.dup2(out.fileno(), sys.stderr.fileno())
    os.environ |= {"LAYOUTGEN_CRASH": str(crash), "TORCH_EXTENSIONS_DIR": str(log.parent / "compiled")}
    tempfile.tempdir = str(log.parent)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", force=True)
    logging.getLogger("layoutgen").setLevel(logging.INFO)
    torch.set_num_threads(1)
    if ranks > 1:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        distributed.init_process_group("gloo", rank=rank, world_size=ranks, timeout=timedelta(seconds=120))
    does(job)
    if ranks > 1:
        distributed.destroy_process_group()
