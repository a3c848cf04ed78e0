"""Drawn posters with known layouts out, in a file that `jobs.retrain --data` takes: they are drawn once, not while a
model learns.

python -m jobs.corpus --output posters.arrow --model CHECKPOINT [--posters 20000] [--folder PHOTOS] [--processes 2]

Exit codes: 0 the file is there; 2 nothing was made, and the message says why.
"""

import argparse
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args

from jobs.output import command_line, end, reported, say
from layoutgen.config.training import DataSettings
from layoutgen.training.data.corpus_file import Wanted, draw, planned
from layoutgen.training.data.stored import write

log = logging.getLogger("layoutgen")

_SECONDS = 10.0  # between lines of progress
_HELP = {
    "side": "px of the longer side at which the model sees a canvas",
    "posters": "posters to learn from",
    "variants": "samples of each of them",
    "held_back": "posters to validate by, and as many to judge by",
    "folder": "photos that posters show, besides drawn products",
    "held_folder": "photos of the posters held back (default: those of --folder)",
    "photo_share": "share of posters that show a photo",
    "style": "how they are laid out",
    "refine": "share of samples that are unfinished layouts",
    "lock": "share of the elements given in these: locked",
    "hide": "share of the elements given in these: known in part",
    "seed": "of everything that is drawn at random",
}


def options() -> argparse.ArgumentParser:
    """The command line."""
    parser = command_line("corpus", __doc__)
    parser.add_argument("--output", required=True, help="the file to make, FILE.arrow")
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint's folder; its weights are not needed")
    for name, text in _HELP.items():
        default = getattr(Wanted, name)
        choices = get_args(DataSettings.model_fields["style"].annotation) if name == "style" else None
        shown = "" if default == "" else f" (default: {default})"
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(default), default=default, choices=choices, help=text + shown
        )
    parser.add_argument("--processes", type=int, default=2, help="that draw at once (default: 2)")
    return parser


def wanted(given: argparse.Namespace) -> Wanted:
    """What a command line asks for."""
    return Wanted(given.model, **{name: getattr(given, name) for name in _HELP})


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code. The last line on standard output is the summary."""
    parser = options()
    given = parser.parse_args(argv)
    output, began = Path(given.output), time.monotonic()
    with reported(parser.prog, ValueError, OSError) as outcome:
        if not given.output.endswith(".arrow") or "://" in given.output:
            raise ValueError(f"--output {given.output}: give a local FILE.arrow; a bucket can take it afterwards")
        for name in ("folder", "held_folder"):
            folder = getattr(given, name)
            if folder and not Path(folder).is_dir():
                raise ValueError(f"--{name.replace('_', '-')} {folder} is no folder; give one with photos")
        parts = planned(wanted(given))
        output.parent.mkdir(parents=True, exist_ok=True)
        part = output.with_name(f".{output.name}.part")
        total = sum((part.last - part.first) * part.variants for part in parts)
        write(part, _with_progress(draw(parts, given.processes), total))
        os.replace(part, output)
        say(json.dumps({"data": str(output), "samples": total, "seconds": round(time.monotonic() - began, 1)}))
    return outcome.code


def _with_progress(rows: Iterable[dict[str, Any]], total: int) -> Iterator[dict[str, Any]]:
    """The rows, with a line of progress now and then."""
    began = last = time.monotonic()
    for count, row in enumerate(rows, 1):
        yield row
        now = time.monotonic()
        if now - last >= _SECONDS or count == total:
            last, rate = now, count / (now - began)
            log.info(
                "%.0f s: %d of %d samples, %.1f a second, %.0f s to go", now - began, count, total, rate,
                (total - count) / rate,
            )  # fmt: skip


if __name__ == "__main__":
    end(main)
