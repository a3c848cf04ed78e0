"""The demo's shop: the drawn catalogue in the bucket of a local S3 server, and jobs run on it as commands."""

import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from layoutgen.demo.s3 import LocalS3
from layoutgen.goods import catalogue
from layoutgen.io.storage import Storage

HERE = Path(__file__).parent
CATALOGUE = "s3://demo/catalogue/catalogue.jsonl"


@contextmanager
def opened(output: Path) -> Iterator[None]:
    """The catalogue is drawn into a folder, which is emptied before, and is in the bucket within the block."""
    shutil.rmtree(output, ignore_errors=True)
    say(f"drawing a catalogue, four of its rows broken on purpose, in {output / 'catalogue'}")
    manifest = catalogue.draw(output / "catalogue")
    (output / "s3" / "demo").mkdir(parents=True)
    with LocalS3(output / "s3") as server:
        os.environ.update(server.environment())
        say(f"uploading it to s3://demo/catalogue at {server.endpoint_url}")
        storage = Storage()
        for file in sorted(path for path in manifest.parent.rglob("*") if path.is_file()):
            storage.write(f"s3://demo/catalogue/{file.relative_to(manifest.parent).as_posix()}", file.read_bytes())
        yield


def job(name: str, *arguments: str, codes: Collection[int] = (0,)) -> str:
    """Run a job as its own command and return the last line that it printed; an exit code that is not in `codes`, or
    one without a line, is the demo's failure."""
    command = [sys.executable, "-m", f"jobs.{name}", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    if done.returncode not in codes or not done.stdout.strip():
        raise SystemExit(f"demo: jobs.{name} ended with {done.returncode}")
    return done.stdout.strip().splitlines()[-1]


def say(text: str) -> None:
    """Tell who watches."""
    sys.stderr.write(f"demo: {text}\n")
