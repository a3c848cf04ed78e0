"""Writes `scenes.jsonl` into a folder that has a published set's pictures, for `jobs.retrain` with
`train.model = "painting"`; `rows.py` has its fields, `published.py` says what each set is.

    python -m layoutgen.training.painting pita|ppg30k FILE --scenes FOLDER
    python -m layoutgen.training.painting bg60k|autopp1m FILE --scenes FOLDER [--images NAME] [--masks NAME]

Says how many rows it wrote, and how many lines it left out, by reason.
"""

import argparse
import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path

from layoutgen.training.painting import published, rows


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say; the exit code is 2 where they or the set can't be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("pita", "ppg30k", "bg60k", "autopp1m"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--scenes", type=Path, required=True)
    parser.add_argument("--images", default="images", help="folder of the pictures of BG60k and AutoPP1M")
    parser.add_argument("--masks", default="masks", help="folder of their masks")
    given = parser.parse_args(arguments)
    readers: dict[str, published.Reader] = {
        "pita": published.pita,
        "ppg30k": published.ppg30k,
        "bg60k": partial(published.bg60k, images=given.images, masks=given.masks),
        "autopp1m": partial(published.autopp1m, images=given.images, masks=given.masks),
    }
    dropped: Counter[str] = Counter()
    try:
        count = published.write(published.rows_of(given.file, readers[given.set], dropped), given.scenes)
    except (ValueError, OSError) as error:
        counts = f"; left out: {dict(dropped)}" if dropped else ""
        print(f"{given.file}: {error}{counts}", file=sys.stderr)  # noqa: T201
        return 2
    summary = {"rows": count, "dropped": dict(dropped), "file": str(given.scenes / rows.FILE)}
    print(json.dumps(summary))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
