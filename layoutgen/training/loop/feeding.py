"""Prepares a window of samples while the one before is learnt, and counts the time that learning waited for it.

Pictures are drawn, scaled and encoded on CPUs: in threads, or in processes of their own where that is plain Python
which threads would not overlap with anything.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

from layoutgen.training.data.sample import SamplesOf
from layoutgen.training.loop.order import Order
from layoutgen.training.loop.rows import Encode, Row


@dataclass(frozen=True, eq=False)
class _Work:
    """What turns an index into a row; travels to reading processes."""

    samples: SamplesOf[Any]
    encode: Encode


class Feed:
    """Rows of a data set in an order, as chunks of at most `micro` rows; close it, or use it in a `with` block.

    Every rank gets the same number of chunks a step, filled up with rows of weight 0, because ranks work in step.
    `readers` threads, or with `processes` processes, prepare rows. `waited_s` is how long the caller waited for them.
    """

    def __init__(
        self,
        samples: SamplesOf[Any],
        encode: Encode,
        order: Order,
        *,
        micro: int = 1,
        readers: int = 1,
        processes: bool = False,
    ) -> None:
        self.order, self.micro, self.waited_s = order, micro, 0.0
        work = _Work(samples, encode)
        self._work = None if processes else work
        self._pool: Executor
        if processes:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(readers, context, initializer=_begin, initargs=(work,))
        else:
            self._pool = ThreadPoolExecutor(readers, "samples")

    def steps(self, first: int, last: int) -> Iterator[tuple[int, list[list[Row]]]]:
        """Yield each step from `first` up to `last` (left out) with its chunks. Raises SampleError for a sample that
        can't be learnt."""
        epoch, window, skipped = self.order.at(first)
        ahead = self._ask(epoch, window)
        step = first
        while step < last:
            asked, here = ahead, (epoch, window)
            batches = self._batches_after(*here)
            epoch, window = (epoch, window + 1) if batches else (epoch + 1, 0)
            rows = self._wait(asked)
            ahead = self._ask(epoch, window) if self._left(here, step, skipped) < last else []
            for chunks in self._chunks(*here, rows)[skipped:]:
                if step == last:
                    return
                yield step, chunks
                step += 1
            skipped = 0

    def close(self) -> None:
        """Stop preparing."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> "Feed":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, epoch: int, window: int) -> list[Future[Row]]:
        members = self.order.members(epoch, window)
        if self._work is None:
            return [self._pool.submit(_encode_there, index, epoch) for index in members]
        return [self._pool.submit(_encode, self._work, index, epoch) for index in members]

    def _wait(self, asked: list[Future[Row]]) -> list[Row]:
        began = time.perf_counter()
        rows = [future.result() for future in asked]
        self.waited_s += time.perf_counter() - began
        return rows

    def _batches_after(self, epoch: int, window: int) -> int:
        return max(0, self.order.steps_per_epoch - (window + 1) * self.order.window)

    def _left(self, here: tuple[int, int], step: int, skipped: int) -> int:
        """The first step of the window after `here`."""
        batches = min(self.order.window, self.order.steps_per_epoch - here[1] * self.order.window)
        return step + batches - skipped

    def _chunks(self, epoch: int, window: int, rows: list[Row]) -> list[list[list[Row]]]:
        most = self.order.most(epoch, window)
        places = -(-most // self.micro) * self.micro if most > self.micro else most
        chunks = []
        for part in self.order.parts(epoch, window, [len(row) for row in rows]):
            mine = [rows[i] for i in part]
            mine += [(mine or rows)[-1].filler()] * (places - len(mine))
            chunks.append([mine[i : i + self.micro] for i in range(0, places, self.micro)])
        return chunks


def _encode(work: _Work, index: int, epoch: int) -> Row:
    return work.encode(work.samples.sample(index, epoch), index, epoch)


_here: _Work | None = None


def _begin(work: _Work) -> None:
    """Start a reading process, which ends when the one that started it is killed."""
    global _here  # noqa: PLW0603 - a process's own work, handed over once
    _here = work
    parent = multiprocessing.parent_process()
    assert parent is not None
    sentinel = parent.sentinel

    def watch() -> None:
        connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _encode_there(index: int, epoch: int) -> Row:
    assert _here is not None
    return _encode(_here, index, epoch)
