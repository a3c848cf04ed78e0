"""Launches a training on the cluster: Ray Train's TorchTrainer around `fitting.fit`.

Workers talk by gloo on CPUs and NCCL on GPUs. When one dies, all start again from the newest checkpoint, with fewer
where `least_workers` allows. Checkpoints are our own (`saving`), so a driver that is started again goes on as well;
Ray's records of the launch lie in RUN/ray.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layoutgen import console
from layoutgen.cluster import join
from layoutgen.core.errors import Stop
from layoutgen.streaming import cause, raised
from layoutgen.training.data.cases import DataError
from layoutgen.training.loop.saving import CheckpointError

if TYPE_CHECKING:  # Ray's controller of a training reads this module, too: three seconds less without torch and peft
    from layoutgen.training.run import Fit

log = logging.getLogger("layoutgen")

_GROUP_TIMEOUT_S = 1800


class TrainingError(Stop):
    """Training failed more often than `train.max_failures` allows; the message is the last failure's."""


def launch(job: "Fit", address: str) -> None:
    """Train to the end, on a cluster that holds the workers. Raises DataError and CheckpointError as they did,
    TrainingError for all else that ended them."""
    import ray
    import ray.train
    from ray.train.torch import TorchConfig, TorchTrainer
    from ray.train.v2.api.exceptions import TrainingFailedError

    join(address, "ray_address")
    train = job.train
    wanted = train.least_workers or train.workers
    filesystem, path = job.storage.filesystem(job.root)
    trainer = TorchTrainer(
        _work,
        train_loop_config={"job": job},
        torch_config=TorchConfig(backend="nccl" if train.device == "cuda" else "gloo", timeout_s=_GROUP_TIMEOUT_S),
        scaling_config=ray.train.ScalingConfig(
            num_workers=train.workers if wanted == train.workers else (wanted, train.workers),
            use_gpu=train.worker.num_gpus > 0,
            resources_per_worker={
                "CPU": train.worker.num_cpus,
                **({"GPU": train.worker.num_gpus} if train.worker.num_gpus else {}),
            },
        ),
        run_config=ray.train.RunConfig(
            name="ray",
            storage_path=path,
            storage_filesystem=filesystem,
            failure_config=ray.train.FailureConfig(max_failures=train.max_failures),
            logging_config=ray.train.LoggingConfig(log_level="ERROR"),
        ),
    )
    try:
        with known_to_helpers(ray.get_runtime_context().gcs_address):
            trainer.fit()
    except TrainingFailedError as error:
        raise _fault(error) from None


@contextmanager
def known_to_helpers(address: str) -> Iterator[None]:
    """Name the cluster to the processes of a training. One of Ray's, which frees the room of a training whose
    controller dies, looks for its cluster by RAY_ADDRESS; without it, it ends with a traceback where several clusters
    run on a machine."""
    from ray.train.v2._internal import constants  # what is handed on has no public name

    before = os.environ.get("RAY_ADDRESS")
    names = constants.ENV_VARS_TO_PROPAGATE
    constants.ENV_VARS_TO_PROPAGATE = {*names, "RAY_ADDRESS"}
    os.environ["RAY_ADDRESS"] = address
    try:
        yield
    finally:
        constants.ENV_VARS_TO_PROPAGATE = names
        if before is None:
            del os.environ["RAY_ADDRESS"]
        else:
            os.environ["RAY_ADDRESS"] = before


def _work(config: dict[str, Any]) -> None:
    """One worker."""
    import ray.train
    import ray.train.torch
    import torch

    from layoutgen.training.fitting import fit

    console.set_up()
    where = ray.train.get_context()
    if where.get_world_rank() == 0:
        log.info("training with %d workers", where.get_world_size())
    job: Fit = config["job"]
    torch.set_num_threads(max(1, int(job.train.worker.num_cpus)))
    # A worker may miss the environment's own programs, such as ninja, with which DeepSpeed builds what it lacks.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    fit(job, str(ray.train.torch.get_device()) if job.train.device == "cuda" else "cpu")


def _fault(error: Exception) -> Exception:
    """What ended the workers, of which Ray hands over the text alone."""
    kinds: dict[str, type[Exception]] = dict.fromkeys(("DataError", "DataSetError", "SampleError"), DataError)
    if known := cause(error, kinds | {"CheckpointError": CheckpointError}):
        return known
    last = ": ".join(raised(error)[-1]) if raised(error) else str(error).strip().splitlines()[-1]
    return TrainingError(f"training failed: {last}; the same command goes on from its last checkpoint")
