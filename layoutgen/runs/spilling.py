"""Tables on this machine's disk, and processes side by side that work on them: what is too much for memory."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing import connection
from pathlib import Path
from typing import Protocol, TypeVar

import pyarrow as pa

Given = TypeVar("Given")
Made = TypeVar("Made")


class Mapped(Protocol):
    """A map over what is given."""

    def __call__(self, work: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
        """What was made of each."""


def save(table: pa.Table, file: Path) -> None:
    """Write a table."""
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def load(file: Path) -> pa.Table:
    """The table that `save` wrote."""
    with pa.OSFile(str(file), "rb") as source:
        return pa.ipc.open_file(source).read_all()


def pool() -> ProcessPoolExecutor:
    """Processes that end with this one."""
    workers = max(1, min(4, os.cpu_count() or 1))
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=end_with_parent)


@contextmanager
def side_by_side(many: bool) -> Iterator[Mapped]:
    """A map, in processes where it is for `many`, else here."""
    with nullcontext() if not many else pool() as workers:

        def mapped(work: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
            return [*(workers.map if workers else map)(work, given)]

        yield mapped


def end_with_parent() -> None:
    """End this worker process when the one that started it is killed; by itself it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
