"""What every benchmark has: a first line that says what it measures, its arguments, and JSON lines of one form.

    BENCHMARK = Benchmark("corpus", "drawn posters a second", "the 50 that a data loader needs", seconds=40)

No benchmark itself. Needs the standard library alone, as a bare GPU machine has little more.
"""

import argparse
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SAME = "the same sizes"
_LIBRARIES = ("numpy", "scipy", "cv2", "pyarrow", "ray", "onnxruntime", "torch", "transformers", "peft", "llguidance")


class Benchmark:
    """A benchmark's name, what it `measures` `against` what, the seconds of its default sizes on two quiet cores, how
    long it takes with --full, and which part of the machine it `uses` ("one core")."""

    def __init__(
        self, name: str, measures: str, against: str, *, seconds: int, full: str = SAME, uses: str = ""
    ) -> None:
        self.name, self.measures, self.against, self.seconds, self.full = name, measures, against, seconds, full
        self.hardware = ", ".join(filter(None, (cpu(), uses)))
        self._output: Path | None = None

    def parser(self, about: str | None) -> "Parser":
        """A parser of the arguments that all benchmarks have; `about` is the module's docstring."""
        return Parser(self, about)

    def begin(self, given: argparse.Namespace) -> None:
        """Print the first line; lines to come are appended to the file that --output names."""
        self._output = given.output
        duration = f"with --full {self.full}" if given.full else f"about {self.seconds} s on two quiet cores"
        larger = "" if given.full else f" (--full: {self.full})"
        self.say(f"{self.name}: {self.measures}, against {self.against}; {duration}{larger}")

    def say(self, text: str) -> None:
        """Print a line for who waits."""
        print(text, flush=True)

    def line(self, case: str, **values: object) -> None:
        """Print a case's JSON line, and append it to the file that --output names."""
        origin = {"commit": commit(), "versions": versions(), "date": datetime.now(UTC).strftime("%Y-%m-%d")}
        about = {"bench": self.name, "case": case, **values, "hardware": self.hardware, **origin}
        text = json.dumps(about, ensure_ascii=False)
        self.say(text)
        if self._output:
            with self._output.open("a", encoding="utf-8") as file:
                file.write(text + "\n")

    def compare(self, case: str, ours: float, other: float, unit: str, **more: object) -> None:
        """A line of our figure and the other's. The ratio is ours over the other's: above 1 ours is better."""
        ratio = round(ours / other, 3) if other else None
        self.line(case, ours=round(ours, 3), other=round(other, 3), ratio=ratio, unit=unit, **more)


class Parser(argparse.ArgumentParser):
    """The arguments of a benchmark; `parse_args` prints the benchmark's first line."""

    def __init__(self, benchmark: Benchmark, about: str | None) -> None:
        super().__init__(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
        self._benchmark, self._sizes = benchmark, dict[str, tuple[Any, Any]]()
        self.add_argument("--full", action="store_true", help=f"the sizes of docs/figures.md: {benchmark.full}")
        self.add_argument("--output", type=Path, metavar="FILE", help="append the JSON lines to this file too")

    def add_size(self, option: str, default: Any, full: Any, help: str = "", **more: Any) -> None:
        """An argument whose default is another with --full; its type is the default's."""
        kind = type(default[0] if isinstance(default, tuple) else default)
        about = f"{help} (default: {default}; with --full: {full})".strip()
        action = self.add_argument(option, type=kind, help=about, **more)
        self._sizes[action.dest] = (default, full)

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> argparse.Namespace:  # type: ignore[override]  # without the overloads
        """The arguments that were given, with sizes filled in."""
        given = super().parse_args(args, namespace)
        for name, (default, full) in self._sizes.items():
            if getattr(given, name) is None:
                setattr(given, name, full if given.full else default)
        self._benchmark.begin(given)
        return given


def cpu() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit that is measured, "-dirty" where files are changed; None where git does not know."""
    if shutil.which("git") is None:
        return None
    command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=12"]
    answer = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that are in use."""
    used = {name: getattr(sys.modules.get(name), "__version__", None) for name in _LIBRARIES}
    return {"python": platform.python_version()} | {name: version for name, version in used.items() if version}
