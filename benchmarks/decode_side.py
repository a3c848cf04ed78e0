"""vLLM's side of `benchmarks.decode`: answers a folder of requests on CPUs and prints the seconds of its best round.

    .venv-vllm/bin/python -m benchmarks.vllm_side WEIGHTS FOLDER [--rounds N] [--threads N]

It runs in the environment that `make test-vllm` sets up. A request is NUMBER.json (`tokens`, `grammar`, `max_tokens`)
and NUMBER.npy, its picture in uint8 at the size that the model sees. Before each round vLLM's caches of prompts and
pictures are emptied, since a nightly job shows every photo once, and a few requests with other pictures are answered,
so that the constant beginning of the prompts is known, as it is to our loop.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from layoutgen.models.base import Picture
from layoutgen.models.checkpoints import load_speech
from layoutgen.models.decoding import Request
from layoutgen.models.row import Prompt
from layoutgen.models.vllm_engine import VllmDecoder

_WARM = 4


def main() -> None:
    """Answer a folder's requests and print a line of JSON: `seconds`, those of each round, and the answers' `texts`."""
    parser = argparse.ArgumentParser(description="Answer requests with vLLM on CPUs.")
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    asked = read(arguments.weights, arguments.folder)
    decoder = VllmDecoder(
        arguments.weights,
        device="cpu",
        dtype="float32",
        context=max(len(one.prompt) + one.max_tokens for one in asked),
        longest=max(max(one.prompt.picture.size) for one in asked if one.prompt.picture),
        rows=len(asked),
    )
    others = [_negative(one) for one in asked[:_WARM]]
    seconds, texts = [], []
    for _ in range(arguments.rounds):
        decoder.forget()
        decoder.decode(others)
        began = time.perf_counter()
        found = decoder.decode(asked)
        seconds.append(time.perf_counter() - began)
        texts = [getattr(answers[0], "text", None) for answers in found]
    sys.stdout.write(json.dumps({"seconds": min(seconds), "rounds": seconds, "texts": texts}) + "\n")


def read(weights: Path, folder: Path) -> list[Request]:
    """Read the requests in a folder."""
    unit = load_speech(weights).pictures.unit
    asked = []
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text("utf-8"))
        pixels = np.load(path.with_suffix(".npy"))
        height, width = pixels.shape[:2]
        picture = Picture(pixels, (height // unit, width // unit), (width, height))
        asked.append(Request(Prompt((), tuple(told["tokens"]), picture), told["grammar"], told["max_tokens"]))
    return asked


def _negative(request: Request) -> Request:
    """The request with another picture of the same size."""
    picture = request.prompt.picture
    assert picture is not None
    return replace(request, prompt=replace(request.prompt, picture=replace(picture, pixels=255 - picture.pixels)))


if __name__ == "__main__":
    main()
