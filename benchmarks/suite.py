"""Runs several benchmarks one after the other, goes on where one fails, and ends with a table of all their lines.

    python -m benchmarks.suite cpu|gpu|tiny [--minutes 8] [--full] [--output FILE]

No benchmark itself: each part is one, in a process of its own. `cpu` is `make bench`, `gpu` is `make bench-gpu`, and
`tiny` shows on a CPU that the parts of `gpu` work. With `--minutes` a part that takes longer than its share of what is
left is stopped, and the lines that it has printed count. The last column is the share of what the device reaches: of
the roofline, or of the rate of a large matrix product. The exit code is 1 where a part failed or was stopped. Needs the
standard library alone.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

SUITES = {
    "cpu": ("stream", "metrics", "gallery", "placement", "plan", "decode", "diffusion", "train"),
    "gpu": (
        "gpu --case qwen2.5-vl-7b",
        "gpu --case internvl2-8b",
        "train --gpu",
        "diffusion --device cuda --rows 32 128 512 --layouts 1024",
        "painting",
    ),
    "tiny": (
        "gpu --tiny --case qwen2.5-vl-7b",
        "gpu --tiny --case internvl2-8b",
        "train --gpu --tiny --steps 2 --batch 4 --micro 2",
        "diffusion --rows 8 --layouts 8 --steps 1",
        "painting --tiny --rows 1 --case sdxl",
    ),
}


def main() -> None:
    """Run a suite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=list(SUITES))
    parser.add_argument("--full", action="store_true", help="the sizes of docs/figures.md")
    parser.add_argument("--output", type=Path, metavar="FILE", help="append the JSON lines to this file too")
    parser.add_argument("--minutes", type=float, default=0.0, help="for all parts together; 0 sets no limit")
    given = parser.parse_args()
    common = [*(["--full"] if given.full else []), *(["--output", str(given.output)] if given.output else [])]
    sys.exit(run_all([[*part.split(), *common] for part in SUITES[given.suite]], 60 * given.minutes))


def run_all(parts: list[list[str]], seconds: float = 0.0) -> int:
    """Run benchmarks by name and arguments, in so many seconds where any are given, and print the table; 1 where one
    failed or was stopped, else 0."""
    rows = []
    failed = 0
    end = time.monotonic() + seconds
    for number, part in enumerate(parts, 1):
        print(f"\n[{number} of {len(parts)}] python -m benchmarks.{' '.join(part)}", flush=True)
        began = time.monotonic()
        share = max(1.0, (end - began) / (len(parts) - number + 1)) if seconds else None
        code, lines = run(part, share)
        failed += code != 0
        ended = {0: "done", None: "stopped"}.get(code, f"failed with exit code {code}")
        rows.append([part[0], f"{ended} after {time.monotonic() - began:.0f} s", *[""] * 5])
        rows += [["", *cells(line)] for line in lines]
    print("\n| benchmark | case | ours | other | ratio | unit | of the device |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join("| " + " | ".join(row) + " |" for row in rows), flush=True)
    if failed:
        print(f"{failed} of {len(parts)} parts failed: what they printed stands above the table", flush=True)
    return int(failed > 0)


def run(part: list[str], seconds: float | None = None) -> tuple[int | None, list[dict[str, Any]]]:
    """A benchmark's exit code, None where it took longer than `seconds`, and JSON lines; what it prints is printed as
    it comes."""
    command = [sys.executable, "-u", "-m", f"benchmarks.{part[0]}", *part[1:]]
    lines = []
    stopped = threading.Event()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None

        def stop() -> None:
            stopped.set()
            os.killpg(process.pid, signal.SIGKILL)  # with what it has started: they hold its output open

        timer = threading.Timer(seconds or threading.TIMEOUT_MAX, stop)
        timer.daemon = True
        timer.start()
        for text in process.stdout:
            print(text, end="", flush=True)
            if text.startswith('{"bench"'):
                lines.append(json.loads(text))
        timer.cancel()
    return None if stopped.is_set() else process.returncode, lines


def cells(line: dict[str, Any]) -> list[str]:
    """A JSON line in the table's columns; a benchmark without `ours` shows its first figure there."""
    figure = next(((key, value) for key, value in line.items() if isinstance(value, (int, float))), ("", ""))
    ours, unit = (line["ours"], line.get("unit", "")) if "ours" in line else (figure[1], figure[0])
    of_device = line.get("roofline", line.get("mfu"))
    share = "" if of_device is None else f"{of_device:.0%}"
    return [str(cell) for cell in (line["case"], ours, line.get("other", ""), line.get("ratio", ""), unit, share)]


if __name__ == "__main__":
    main()
