"""One JSON line a case, and the hardware's name."""

import json
import platform
from pathlib import Path


def report(
    bench: str, case: str, ours: float, other: float, unit: str, hardware: str, output: Path | None, **more: object
) -> None:
    """Print a case's line, and keep it. The ratio is ours over the other's: above 1 ours is better."""
    line = json.dumps(
        {
            "bench": bench,
            "case": case,
            "ours": round(ours, 3),
            "other": round(other, 3),
            "ratio": round(ours / other, 3) if other else None,
            "unit": unit,
            "hardware": hardware,
            **more,
        },
        ensure_ascii=False,
    )
    print(line, flush=True)
    if output:
        with output.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def cpu() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()
