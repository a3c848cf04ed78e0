"""What the tests share: a local Ray of two CPUs, a local S3 server, and which tests use Ray."""

import os
from collections.abc import Iterator
from pathlib import Path

# One thread a process, before any library counts the CPUs: two processes of tests share them, with Ray's.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Ray's workers run at a niceness of 15, and beside the other process of tests they hardly run at all.
os.environ.setdefault("RAY_worker_niceness", "0")
# Seconds that Ray waits for the dead, and how often it looks for them: 30 and 2.
os.environ.setdefault("TORCH_PROCESS_GROUP_SHUTDOWN_TIMEOUT_S", "2")
os.environ.setdefault("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.2")

import pytest
from hypothesis import settings

from layoutgen.demo.s3 import LocalS3

# The same few examples on every run, and no time limit on one: shared machines pause. `--hypothesis-profile soak` tries
# many others.
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("soak", deadline=None, max_examples=200)
settings.load_profile("ci")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RAY_FIXTURES = {"ray_cluster", "cluster", "head"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses Ray with `ray`: `make test` has a process for that, and one for all else."""
    for item in items:
        if RAY_FIXTURES & {*getattr(item, "fixturenames", ())}:
            item.add_marker("ray")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    """A local S3 server with a bucket `shop`; its credentials are in the environment while it runs."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "shop").mkdir()
    with LocalS3(folder) as server:
        before = dict(os.environ)
        os.environ.update(server.environment())
        yield server
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def ray_cluster(s3: LocalS3) -> Iterator[None]:
    """One local Ray for all tests of the session, with GPUs that it counts and that need not be there; its workers
    inherit the S3 server's credentials."""
    import ray

    ray.init("local", num_cpus=2, num_gpus=4, include_dashboard=False, logging_level="warning")
    yield
    ray.shutdown()
