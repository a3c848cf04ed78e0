"""Stages for tests that workers import from here: one notes who worked, one waits for others, one loses its device."""

import os
import time
from pathlib import Path

import pyarrow as pa

from tests.limits import PATIENCE_S


class Note:
    """A stage that notes in a column of its name who it is: its process, its GPUs, and how many rows it was given."""

    def __init__(self, name: str) -> None:
        import ray

        self.name, self.gpus = name, ",".join(map(str, ray.get_gpu_ids()))

    def __call__(self, table: pa.Table) -> pa.Table:
        noted = pa.array([f"{os.getpid()} {self.gpus} {len(table)}"] * len(table), pa.string())
        return table.append_column(self.name, noted)


class WaitsForOthers:
    """A stage that is not done with a table until so many actors have been at work."""

    def __init__(self, folder: str, actors: int) -> None:
        self.folder, self.actors = Path(folder), actors

    def __call__(self, table: pa.Table) -> pa.Table:
        (self.folder / f"actor-{os.getpid()}").touch()
        until = time.monotonic() + PATIENCE_S
        while len([*self.folder.glob("actor-*")]) < self.actors:
            if time.monotonic() > until:
                raise AssertionError(f"no {self.actors} actors within {PATIENCE_S} s")
            time.sleep(0.05)
        return table


class LosesItsDevice:
    """A stage whose device is lost at one table, the first time."""

    def __init__(self, folder: str, table: int) -> None:
        self.mark, self.table = Path(folder) / "lost", table

    def __call__(self, table: pa.Table) -> pa.Table:
        if table["table"][0].as_py() == self.table and not self.mark.exists():
            self.mark.touch()
            raise RuntimeError("CUDA error: unspecified launch failure")
        return table
