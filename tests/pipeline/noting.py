"""A stage for tests that notes who worked; workers import it from here."""

import os

import pyarrow as pa


class Note:
    """A stage that notes in a column of its name who it is: its process, its GPUs, and how many rows it was given."""

    def __init__(self, name: str) -> None:
        import ray

        self.name, self.gpus = name, ",".join(map(str, ray.get_gpu_ids()))

    def __call__(self, table: pa.Table) -> pa.Table:
        noted = pa.array([f"{os.getpid()} {self.gpus} {len(table)}"] * len(table), pa.string())
        return table.append_column(self.name, noted)
