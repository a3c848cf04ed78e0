"""Runs several benchmarks one after the other, goes on where one fails, and ends with a table of all their lines.

    python -m benchmarks.suite cpu|gpu [--full] [--output FILE]

`cpu` is `make bench`, `gpu` is `make bench-gpu`. No benchmark itself: each part is one, in a process of its own. The
exit code is 1 where a part failed. Needs the standard library alone.
"""

import argparse
import json
import subprocess
import sys
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
}


def main() -> None:
    """Run a suite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=list(SUITES))
    parser.add_argument("--full", action="store_true", help="the sizes of docs/figures.md")
    parser.add_argument("--output", type=Path, metavar="FILE", help="append the JSON lines to this file too")
    given = parser.parse_args()
    common = [*(["--full"] if given.full else []), *(["--output", str(given.output)] if given.output else [])]
    sys.exit(run_all([[*part.split(), *common] for part in SUITES[given.suite]]))


def run_all(parts: list[list[str]]) -> int:
    """Run benchmarks by name and arguments, print the table; 1 where one failed, else 0."""
    rows = []
    failed = 0
    for number, part in enumerate(parts, 1):
        print(f"\n[{number} of {len(parts)}] python -m benchmarks.{' '.join(part)}", flush=True)
        began = time.monotonic()
        code, lines = run(part)
        failed += code != 0
        ended = "done" if code == 0 else f"failed with exit code {code}"
        rows.append([part[0], f"{ended} after {time.monotonic() - began:.0f} s", "", "", "", ""])
        rows += [["", *cells(line)] for line in lines]
    print("\n| benchmark | case | ours | other | ratio | unit |\n| --- | --- | --- | --- | --- | --- |")
    print("\n".join("| " + " | ".join(row) + " |" for row in rows), flush=True)
    if failed:
        print(f"{failed} of {len(parts)} parts failed: what they printed stands above the table", flush=True)
    return int(failed > 0)


def run(part: list[str]) -> tuple[int, list[dict[str, Any]]]:
    """A benchmark's exit code and JSON lines; what it prints is printed as it comes."""
    command = [sys.executable, "-u", "-m", f"benchmarks.{part[0]}", *part[1:]]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            print(text, end="", flush=True)
            if text.startswith('{"bench"'):
                lines.append(json.loads(text))
    return process.returncode, lines


def cells(line: dict[str, Any]) -> list[str]:
    """A JSON line in the table's columns; a benchmark without `ours` shows its first figure there."""
    figure = next(((key, value) for key, value in line.items() if isinstance(value, (int, float))), ("", ""))
    ours, unit = (line["ours"], line.get("unit", "")) if "ours" in line else (figure[1], figure[0])
    return [str(cell) for cell in (line["case"], ours, line.get("other", ""), line.get("ratio", ""), unit)]


if __name__ == "__main__":
    main()
