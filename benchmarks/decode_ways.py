"""No benchmark itself, but a case of `benchmarks.decode`: our loop and vLLM on the same cores, each in two ways: one
process with a thread a core, and a process of one thread a core, which share the requests, as actors of a job do.

All processes (`benchmarks.decode_side`) are started once and wait; only those of one way work at a time, round by
round. Loading is not counted: a way's processes begin on one signal when all are ready, and its seconds are those from
the first beginning to the last end.
"""

import json
import os
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.decode_side import write
from layoutgen.models.decoding.decoder import Request


def rates(
    weights: Path, requests: list[Request], cores: int, pythons: dict[str, str], rounds: int
) -> tuple[dict[str, dict[str, float]], int]:
    """Answers a second of each engine (`loop`, `vllm`) in each way in its best round, and how many of the answers are
    the same with all of them; `pythons` has the interpreter of each engine's environment."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="layoutgen-requests-")))
        ways = {}
        for engine, python in pythons.items():
            for processes in sorted({1, cores}):
                sides = []
                for i in range(processes):
                    part = folder / f"{engine}-{processes}-{i}"
                    write(part, requests[i::processes])
                    sides.append(stack.enter_context(Side(python, engine, weights, part, cores // processes)))
                ways[engine, f"{processes} x {cores // processes} threads"] = sides
        for side in [side for sides in ways.values() for side in sides]:
            side.hear()
        best = dict.fromkeys(ways, float("inf"))
        texts: dict[tuple[str, str], list[str]] = {}
        for _ in range(rounds):
            for way, sides in ways.items():
                seconds, texts[way] = once(sides)
                best[way] = min(best[way], seconds)
    rates_of: dict[str, dict[str, float]] = {engine: {} for engine in pythons}
    for (engine, name), seconds in best.items():
        rates_of[engine][name] = len(requests) / seconds
    return rates_of, sum(len(set(answers)) == 1 for answers in zip(*texts.values(), strict=True))


def once(sides: list["Side"]) -> tuple[float, list[str]]:
    """The seconds of one round of a way, and the answers' texts in order."""
    for _ in ("make ready", "answer"):
        for side in sides:
            side.tell()
        answers = [side.hear() for side in sides]
    count = sum(len(answer["texts"]) for answer in answers)
    texts = [answers[i % len(answers)]["texts"][i // len(answers)] for i in range(count)]
    return max(answer["ended"] for answer in answers) - min(answer["began"] for answer in answers), texts


class Side:
    """A process that answers part of the requests when it is told to."""

    def __init__(self, python: str, engine: str, weights: Path, folder: Path, threads: int) -> None:
        # Libraries read the number of threads when they are loaded, so it has to be in the environment before.
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        command = [python, "-m", "benchmarks.decode_side", engine, str(weights), str(folder)]
        self._log = (folder.parent / f"{folder.name}.log").open("w+", encoding="utf-8")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._log, text=True, env=environment)

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()

    def tell(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """What the process says next; what libraries print in between is passed over."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"'):
                return dict(json.loads(line))
        self._log.seek(0)
        raise RuntimeError(f"a side of the benchmark has ended: {self._log.read()[-2000:]}")
