"""`make demo`: the nightly job from bucket to gallery on this machine, with nothing to set up.

Starts a local S3 server, draws a catalogue (four of its rows broken on purpose), uploads it, runs `jobs.layouts`
against `s3://` and `jobs.gallery` on its result, and says where the page is. Then the first products once more,
composed by the embedded vision-language model instead of the rules: a table and a page of their own. At last posters
of a few of them, cut out and set in scenes that are painted for them: another table, another page, and one of posters
beside the same products' layouts on their photos.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from layoutgen.demo.shop import CATALOGUE, HERE, job, opened, say

_FEW = "8"  # products that the vision-language model lays out, on three canvases each


_POSTERS = "8"  # products that posters are made of, on two canvases each


def main() -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m layoutgen.demo", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder for everything it makes")
    output = parser.parse_args().output.resolve()
    began = time.monotonic()
    with opened(output):
        say("laying it out: python -m jobs.layouts --input s3://demo/catalogue/… --output s3://demo/layouts")
        config = str(HERE / "demo.toml")
        full = job("layouts", "--input", CATALOGUE, "--output", "s3://demo/layouts", "--config", config)
        say("drawing the gallery: python -m jobs.gallery --layouts s3://demo/layouts")
        job("gallery", "--layouts", "s3://demo/layouts", "--output", str(output / "gallery"))
        say(f"the first {_FEW} products with the embedded vision-language model: compose.engine = qwen_vl")
        table, config = "s3://demo/layouts-qwen-vl", str(HERE / "demo.qwen_vl.toml")
        few = job("layouts", "--input", CATALOGUE, "--output", table, "--config", config, "--limit", _FEW)
        job("gallery", "--layouts", table, "--output", str(output / "gallery-qwen-vl"))
        say(f"posters of the first {_POSTERS} products, in painted scenes: python -m jobs.posters")
        table, config = "s3://demo/posters", str(HERE / "posters.demo.toml")
        scenes = job("posters", "--input", CATALOGUE, "--output", table, "--config", config, "--limit", _POSTERS)
        pages = ("--output", str(output / "gallery-posters"))
        job("gallery", "--layouts", table, "--beside", "s3://demo/layouts", *pages)
    result, other, posters = json.loads(full), json.loads(few), json.loads(scenes)
    say(
        f"{result['published']} layouts published, {result['dead_letters']} rows failed: {json.dumps(result['failed'])}"
    )
    page = output / "gallery-qwen-vl" / "index.html"
    say(f"{other['published']}, all but covers by the vision-language model: {page}")
    say(f"{posters['published']} posters: {output / 'gallery-posters' / 'index.html'}")
    say(f"beside the same products' layouts on their photos: {output / 'gallery-posters' / 'beside.html'}")
    say(f"{time.monotonic() - began:.0f} s in all; the tables are in {output / 's3' / 'demo' / 'layouts'}")
    say(f"open {output / 'gallery' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
