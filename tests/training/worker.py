"""One worker of a training without Ray: `python -m tests.training.worker RANK RANKS PORT JOB.json`."""

import json
import logging
import os
import sys
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed

from layoutgen.io.storage import Storage
from layoutgen.training.fitting import Fit, fit
from layoutgen.training_config import RetrainConfig


def main() -> None:
    """Run it."""
    rank, ranks, port, job = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], json.loads(Path(sys.argv[4]).read_text())
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("layoutgen").setLevel(logging.INFO)
    torch.set_num_threads(1)
    if ranks > 1:
        os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(ranks)}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        distributed.init_process_group("gloo", rank=rank, world_size=ranks, timeout=timedelta(seconds=120))
    config = RetrainConfig.model_validate(job["config"])
    fit(Fit(job["root"], config.train, config.data, Storage()))
    if ranks > 1:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
