"""Stages for tests that workers import from here: one notes who worked, one waits for others, one loses its device."""

import os
import time
from collections.abc import Collection
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


class WaitsForRest:
    """A stage that is not done with a table before all those before it have been through `Notes` and no GPU is held."""

    def __init__(self, folder: str, tables: Collection[int]) -> None:
        self.folder, self.tables = Path(folder), tables

    def __call__(self, table: pa.Table) -> pa.Table:
        number, until = table["table"][0].as_py(), time.monotonic() + PATIENCE_S
        while number in self.tables and not (len([*self.folder.iterdir()]) == number and _no_gpu_is_held()):
            if time.monotonic() > until:
                raise AssertionError(f"a GPU is held for {PATIENCE_S} s with nothing to do")
            time.sleep(0.05)
        return table


def _no_gpu_is_held() -> bool:
    import ray

    return bool(ray.available_resources().get("GPU", 0.0) == ray.cluster_resources()["GPU"])


class Notes:
    """A stage that notes each table in a folder, with the process that was at it."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def __call__(self, table: pa.Table) -> pa.Table:
        (self.folder / str(table["table"][0].as_py())).write_text(str(os.getpid()))
        return table


class HasABrokenCard:
    """A stage that loses its device at whatever it is given on one card, and else is as `Note`."""

    def __init__(self, card: str) -> None:
        self.card, self.note = card, Note("compose")

    def __call__(self, table: pa.Table) -> pa.Table:
        if self.note.gpus == self.card:
            raise RuntimeError("CUDA error: uncorrectable ECC error encountered")
        return self.note(table)


class LosesItsDevice:
    """A stage whose device is lost at one table, the first time."""

    def __init__(self, folder: str, table: int) -> None:
        self.mark, self.table = Path(folder) / "lost", table

    def __call__(self, table: pa.Table) -> pa.Table:
        if table["table"][0].as_py() == self.table and not self.mark.exists():
            self.mark.touch()
            raise RuntimeError("CUDA error: unspecified launch failure")
        return table
