"""Planning side by side leaves nobody behind."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from layoutgen.io.tables.ledger import Base, Source
from layoutgen.runs.planning import grown

DRIVER = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from layoutgen.runs.spilling import end_with_parent

if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=end_with_parent) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(600)
"""


def test_the_workers_of_a_killed_driver_end(tmp_path: Path) -> None:
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}  # the code that is tested
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        worker = psutil.Process(int(driver.stdout.readline()))
        driver.kill()
    worker.wait(60)
    assert not worker.is_running()


@pytest.mark.parametrize(
    ("published", "unpublished", "wanted", "count"),
    [
        (None, None, 7, 7),
        (10, None, 3, 10),
        (10, None, 19, 10),
        (10, None, 25, 20),
        (1, None, 300_000, 300_000),
        (None, 8, 9, 8),
        (None, 1, 10, 10),
        (None, 1000, 10, 10),
        (10, 20, 19, 20),
        (10, 20, 1, 10),
        (10, 15, 19, 10),
    ],
)
def test_shards_grow_by_whole_factors_of_what_is_built_on(
    published: int | None, unpublished: int | None, wanted: int, count: int
) -> None:
    base = Base(
        Source("night", published) if published else None, (Source("cut-off", unpublished),) if unpublished else ()
    )
    assert grown(base, wanted) == count
