"""`make demo`: the nightly job from bucket to gallery on this machine, with nothing to set up.

Starts a local S3 server, draws a catalogue (four of its rows broken on purpose), uploads it, runs `jobs.layouts`
against `s3://` and `jobs.gallery` on its result, and says where the page is.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from layoutgen.demo import catalogue
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage

_CONFIG = Path(__file__).with_name("demo.toml")


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m layoutgen.demo", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder for everything it makes")
    output = parser.parse_args().output.resolve()
    began = time.monotonic()
    shutil.rmtree(output, ignore_errors=True)
    _say(f"drawing a catalogue in {output / 'catalogue'}")
    manifest = catalogue.draw(output / "catalogue")
    bucket = output / "s3" / "demo"
    bucket.mkdir(parents=True)
    with LocalS3(output / "s3") as server:
        os.environ.update(server.environment())
        _say(f"uploading it to s3://demo/catalogue at {server.endpoint_url}")
        storage = Storage()
        for file in sorted(path for path in manifest.parent.rglob("*") if path.is_file()):
            storage.write(f"s3://demo/catalogue/{file.relative_to(manifest.parent).as_posix()}", file.read_bytes())
        _say("laying it out: python -m jobs.layouts --input s3://demo/catalogue/… --output s3://demo/layouts")
        summary = _job(
            "layouts",
            *("--input", f"s3://demo/catalogue/{manifest.name}"),
            *("--output", "s3://demo/layouts"),
            *("--config", str(_CONFIG)),
        )
        _say("drawing the gallery: python -m jobs.gallery --layouts s3://demo/layouts")
        _job("gallery", "--layouts", "s3://demo/layouts", "--output", str(output / "gallery"))
    result = json.loads(summary)
    _say(
        f"{result['published']} layouts published, {result['dead_letters']} rows failed: {json.dumps(result['failed'])}"
    )
    _say(f"{time.monotonic() - began:.0f} s in all; the tables are in {bucket / 'layouts'}")
    _say(f"open {output / 'gallery' / 'index.html'}")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"demo: {text}\n")


def _job(name: str, *arguments: str) -> str:
    """Run a job as its own command and return the last line that it printed; its failure is the demo's."""
    done = subprocess.run(
        [sys.executable, "-m", f"jobs.{name}", *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    sys.stdout.write(done.stdout)
    if done.returncode:
        raise SystemExit(f"demo: jobs.{name} ended with {done.returncode}")
    return done.stdout.strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main())
