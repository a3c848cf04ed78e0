"""GPUs that a pool holds while its queue grows and shrinks, on two local nodes whose GPUs are counted and not there.

    python -m benchmarks.breathing [--picture breathing.png] [--full] [--output results.jsonl]

Tables come in two bursts with a lull between them, pass a pool of 0 to 4 actors with a GPU each (or at least
`--least`), and then a last stage that needs none. In the first burst a process loses its device; once that burst is
through, a node is killed and another joins. JSON line: GPU seconds that were held (`ours`) and what a pool that always
has 4 would have held (`other`), with tables lost or doubled (`wrong`), and the most and the last GPUs held. The picture
has the GPUs held and those at work, over time.
"""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray
import ray.cluster_utils
from PIL import Image, ImageDraw, ImageFont

from benchmarks.benchmark import Benchmark
from layoutgen.config.base import Pool
from layoutgen.streaming import Step, stream

BENCHMARK = Benchmark(
    "breathing",
    "GPU seconds that a pool of 0 to 4 actors holds",
    "a pool that always has 4",
    seconds=75,
    full="a lull and a last stage of three times the length",
    uses="2 local nodes",
)
MOST = 4
_EACH_S = 0.7
_REST_S = 3.0
_SAMPLE_S = 0.25
_WIDTH, _HEIGHT, _LEFT, _TOP = 1100, 320, 60, 50


class Timed:
    """A stage that takes as long for a table as `seconds` says of its number, and notes when. Where `lost` names a file
    that is not there yet, the stage makes it at table 6 and loses its device."""

    def __init__(self, name: str, seconds: Callable[[int], float], lost: str = "") -> None:
        self.name, self.seconds, self.lost = name, seconds, lost

    def __call__(self, table: pa.Table) -> pa.Table:
        number, began = table["number"][0].as_py(), time.time()
        if self.lost and number == 6 and not Path(self.lost).exists():
            Path(self.lost).touch()
            raise RuntimeError("CUDA error: unspecified launch failure")
        time.sleep(self.seconds(number))
        return table.append_column(self.name, [[[began, time.time()]]])


def main() -> None:
    """Send the tables through and draw what was held."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw GPUs held and GPUs at work here")
    parser.add_size("--lull", 20.0, 60.0, "seconds between the bursts")
    parser.add_size("--last", 0.25, 0.75, "seconds of the last stage for a table")
    parser.add_argument("--least", type=int, default=0, help="actors that the pool always has")
    parser.add_size("--tables", 32, 32, "in each burst")
    given = parser.parse_args()
    nodes = Nodes()
    held = Held()
    try:
        rows, began = through(given, nodes)
    finally:
        held.stop()
        ray.shutdown()
        nodes.stop()
    total = time.time() - began
    numbers = [row["number"] for row in rows]
    seconds = sum(gpus for _, gpus, _ in held.samples) * _SAMPLE_S
    BENCHMARK.compare(
        "held",
        *(seconds, MOST * total, "GPU seconds"),
        wrong=len(set(range(2 * given.tables)) ^ set(numbers)) + len(numbers) - len(set(numbers)),
        most=max(gpus for _, gpus, _ in held.samples),
        last=held.samples[-1][1],
        seconds=round(total, 1),
    )
    if given.picture:
        work = [tuple(row["compose"]) for row in rows]
        draw(held.samples, work, began, nodes.killed_at).save(given.picture)


def through(given: Any, nodes: "Nodes") -> tuple[list[dict[str, Any]], float]:
    """The rows that come out, and when the first was asked for; a node is lost once the first burst is through."""
    with tempfile.TemporaryDirectory(prefix="layoutgen-breathing-") as folder:
        steps = [
            Step("fetch", partial(Timed, "fetch", partial(_coming, given.tables, given.lull)), Pool(num_cpus=0.5)),
            Step(
                "compose",
                partial(Timed, "compose", partial(_always, _EACH_S), f"{folder}/lost"),
                Pool(min=given.least, max=MOST, rest_after_s=_REST_S, num_cpus=0.5, num_gpus=1),
            ),
            Step("write", partial(Timed, "write", partial(_always, given.last)), Pool(num_cpus=0.5)),
        ]
        tables = [pa.table({"number": [number]}) for number in range(2 * given.tables)]
        began, rows = time.time(), []
        for row in stream(steps, tables, address=nodes.address):
            rows.append(row)
            if len(rows) == given.tables:
                nodes.replace_one()
        return rows, began


def _coming(burst: int, lull: float, number: int) -> float:
    return lull if number == burst else 0.02


def _always(seconds: float, _number: int) -> float:
    return seconds


class Nodes:
    """A head without CPUs and two nodes with two counted GPUs each."""

    def __init__(self) -> None:
        self._cluster = ray.cluster_utils.Cluster(
            initialize_head=True,
            shutdown_at_exit=False,
            head_node_args={
                "num_cpus": 0,
                "object_store_memory": 100_000_000,
                "include_dashboard": False,
                "_system_config": {"health_check_period_ms": 500, "health_check_timeout_ms": 1500},
            },
        )
        self.address, self.killed_at = self._cluster.address, 0.0
        self._nodes = [self._add(), self._add()]

    def _add(self) -> Any:
        return self._cluster.add_node(num_cpus=2, num_gpus=2, object_store_memory=100_000_000)

    def replace_one(self) -> None:
        """Kill a node as a spot market does, without a word, and have another join."""
        lost = self._nodes.pop(0)
        self.killed_at = time.time()
        os.kill(lost.all_processes["raylet"][0].process.pid, signal.SIGKILL)
        self._cluster.remove_node(lost, allow_graceful=False)
        self._nodes.append(self._add())

    def stop(self) -> None:
        """End every process of them."""
        self._cluster.shutdown()


class Held:
    """Samples of the GPUs that actors hold, and of those that there are: (time, held, there)."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, float, float]] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            if ray.is_initialized():
                there = ray.cluster_resources().get("GPU", 0.0)
                self.samples.append((time.time(), there - ray.available_resources().get("GPU", 0.0), there))

    def stop(self) -> None:
        """End the watch."""
        self._ended.set()
        self._thread.join()


def draw(samples: list[Any], work: list[Any], began: float, killed_at: float) -> Image.Image:
    """GPUs held as a line, those at work as bars below it, the GPUs there as a grey line, and when the node left."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    total = samples[-1][0] - began

    def at(moment: float, gpus: float) -> tuple[float, float]:
        x = _LEFT + (moment - began) / total * (_WIDTH - _LEFT - 20)
        return x, _HEIGHT - 40 - gpus / MOST * (_HEIGHT - _TOP - 50)

    for moment, _, _ in samples:
        busy = sum(first <= moment < last for first, last in work)
        pen.rectangle([at(moment - _SAMPLE_S, busy), at(moment, 0)], fill="#a9c4de")
    for column, colour in ((2, "#b0b0b0"), (1, "#c8553d")):
        pen.line([at(sample[0], sample[column]) for sample in samples], fill=colour, width=2)
    pen.line([at(killed_at, 0), at(killed_at, MOST)], fill="#444444")
    pen.text((at(killed_at, MOST)[0] + 4, _TOP - 14), "a node is lost", fill="#444444", font=font)
    for gpus in range(MOST + 1):
        pen.text((_LEFT - 20, at(began, gpus)[1] - 8), str(gpus), fill="black", font=font)
    for second in range(0, int(total) + 1, 10):
        pen.text((at(began + second, 0)[0] - 6, _HEIGHT - 34), f"{second} s", fill="black", font=font)
    pen.text((_LEFT, 8), "GPUs there (grey), held by the pool (red), at work (blue)", fill="black", font=font)
    return image


if __name__ == "__main__":
    main()
