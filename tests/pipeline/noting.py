"""Stages for tests that workers import from here: one notes who worked, one loses its device."""

import os
from pathlib import Path

import pyarrow as pa


class Note:
    """A stage that notes in a column of its name who it is: its process, its GPUs, and how many rows it was given."""

    def __init__(self, name: str) -> None:
        import ray

        self.name, self.gpus = name, ",".join(map(str, ray.get_gpu_ids()))

    def __call__(self, table: pa.Table) -> pa.Table:
        noted = pa.array([f"{os.getpid()} {self.gpus} {len(table)}"] * len(table), pa.string())
        return table.append_column(self.name, noted)


class LosesItsDevice:
    """A stage whose device is lost at one table, the first time."""

    def __init__(self, folder: str, table: int) -> None:
        self.mark, self.table = Path(folder) / "lost", table

    def __call__(self, table: pa.Table) -> pa.Table:
        if table["table"][0].as_py() == self.table and not self.mark.exists():
            self.mark.touch()
            raise RuntimeError("CUDA error: unspecified launch failure")
        return table
