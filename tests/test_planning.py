"""Planning side by side leaves nobody behind."""

import subprocess
import sys
from pathlib import Path

import psutil

DRIVER = """
import multiprocessing, os, time
from concurrent.futures import ProcessPoolExecutor
from layoutgen.planning import end_with_parent

if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=end_with_parent) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(600)
"""


def test_the_workers_of_a_killed_driver_end(tmp_path: Path) -> None:
    script = tmp_path / "driver.py"
    script.write_text(DRIVER)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        worker = psutil.Process(int(driver.stdout.readline()))
        driver.kill()
    worker.wait(60)
    assert not worker.is_running()
