"""One process of `benchmarks.decode_ways`: answers a folder of requests with one of the engines when it is told to.

    python -m benchmarks.decode_side loop|vllm WEIGHTS FOLDER

For vLLM it runs in the environment that `make test-vllm` sets up. A request is NUMBER.json (`tokens`, `prefix`,
`grammar`, `max_tokens`) and NUMBER.npy, its picture in uint8 at the size that the model sees. For each line on standard
input the process writes one of JSON: first it makes ready, then it answers and writes when it `began` and `ended` on
the machine's monotonic clock, and the `texts`. Making ready empties vLLM's caches of prompts and pictures, since a
nightly job shows every photo once, and answers a few requests with other pictures, so that either engine knows the
constant beginning of the prompts.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from layoutgen.models.base import ModelPicture
from layoutgen.models.decoding.decoder import Request
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.vlm.prompt import Prompt

_WARM = 4


def main() -> None:
    """Answer a folder's requests once for every two lines."""
    parser = argparse.ArgumentParser(description="Answer requests on CPUs, round by round.")
    parser.add_argument("engine", choices=("loop", "vllm"))
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    asked = read(arguments.weights, arguments.folder)
    engine = (_vllm if arguments.engine == "vllm" else _loop)(arguments.weights, asked)
    others = [_negative(one) for one in asked[:_WARM]]
    say({"loaded": True})
    while sys.stdin.readline():
        if arguments.engine == "vllm":
            engine.forget()
        engine.decode(others)
        say({"ready": True})
        sys.stdin.readline()
        began = time.monotonic()
        found = engine.decode(asked)
        ended = time.monotonic()
        say({"began": began, "ended": ended, "texts": [getattr(answers[0], "text", None) for answers in found]})


def say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def write(folder: Path, asked: list[Request]) -> None:
    """Write requests into a folder."""
    folder.mkdir()
    for i, one in enumerate(asked):
        assert one.prompt.picture is not None
        np.save(folder / f"{i:04d}.npy", one.prompt.picture.pixels)
        told = {"prefix": one.prompt.prefix, "tokens": one.prompt.rest, "grammar": one.grammar}
        (folder / f"{i:04d}.json").write_text(json.dumps(told | {"max_tokens": one.max_tokens}))


def read(weights: Path, folder: Path) -> list[Request]:
    """Read the requests in a folder."""
    unit = load_chat_format(weights).pictures.unit
    asked = []
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text("utf-8"))
        pixels = np.load(path.with_suffix(".npy"))
        height, width = pixels.shape[:2]
        picture = ModelPicture(pixels, (height // unit, width // unit), (width, height))
        prompt = Prompt(tuple(told["prefix"]), tuple(told["tokens"]), picture)
        asked.append(Request(prompt, told["grammar"], told["max_tokens"]))
    return asked


def _vllm(weights: Path, asked: list[Request]) -> Any:
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    from layoutgen.models.decoding.vllm_engine import VllmDecoder

    return VllmDecoder(
        weights,
        device="cpu",
        dtype="float32",
        context=max(len(one.prompt) + one.max_tokens for one in asked),
        longest=max(max(one.prompt.picture.size) for one in asked if one.prompt.picture),
        rows=len(asked),
    )


def _loop(weights: Path, asked: list[Request]) -> Any:
    import torch

    from layoutgen.models.decoding.backbone import Backbone
    from layoutgen.models.decoding.decoder import Decoder
    from layoutgen.models.vlm.checkpoints import load_model

    chat = load_chat_format(weights)
    backbone = Backbone(load_model(weights, None, "cpu", torch.float32), chat.pictures)
    return Decoder(backbone, chat.tokenizer, chat.ends, rows=len(asked), prompt_tokens=2048)


def _negative(request: Request) -> Request:
    """The request with another picture of the same size."""
    picture = request.prompt.picture
    assert picture is not None
    return replace(request, prompt=replace(request.prompt, picture=replace(picture, pixels=255 - picture.pixels)))


if __name__ == "__main__":
    main()
