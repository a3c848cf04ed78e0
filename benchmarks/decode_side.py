"""No benchmark itself, but a process of `benchmarks.decode_ways`: one of the engines answers a folder of requests.

    python -m benchmarks.decode_side loop|vllm WEIGHTS FOLDER

For vLLM it runs in the environment that `make test-vllm` sets up. A request is NUMBER.json (`tokens`, `prefix`,
`grammar`, `max_tokens`) and NUMBER.npy, its picture in uint8 at the size that the model sees. For each line on standard
input the process writes one of JSON: first it makes ready, then it answers and writes when it `began` and `ended` on
the machine's monotonic clock, and the `texts`. Making ready empties vLLM's caches of prompts and pictures, since a
nightly job shows every photo once, and answers a few requests with other pictures, so that either engine knows the
constant beginning of the prompts.
"""

import argparse
import importlib.util
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
    if arguments.engine == "vllm" and importlib.util.find_spec("vllm") is None:
        parser.error(f"{sys.executable} has no vLLM: `make test-vllm` makes .venv-vllm, which has it")
    requests = read(arguments.weights, arguments.folder)
    engine = (_vllm if arguments.engine == "vllm" else _loop)(arguments.weights, requests)
    others = [_negative(request) for request in requests[:_WARM]]
    say({"loaded": True})
    while sys.stdin.readline():
        if arguments.engine == "vllm":
            engine.forget()
        engine.decode(others)
        say({"ready": True})
        sys.stdin.readline()
        began = time.monotonic()
        answers = engine.decode(requests)
        ended = time.monotonic()
        say({"began": began, "ended": ended, "texts": [getattr(candidates[0], "text", None) for candidates in answers]})


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def write(folder: Path, requests: list[Request]) -> None:
    """Write requests into a folder."""
    folder.mkdir()
    for i, request in enumerate(requests):
        assert request.prompt.picture is not None
        np.save(folder / f"{i:04d}.npy", request.prompt.picture.pixels)
        prompt = {"prefix": request.prompt.prefix, "tokens": request.prompt.rest}
        text = json.dumps(prompt | {"grammar": request.grammar, "max_tokens": request.max_tokens})
        (folder / f"{i:04d}.json").write_text(text)


def read(weights: Path, folder: Path) -> list[Request]:
    """Read the requests in a folder."""
    unit = load_chat_format(weights).pictures.unit
    requests = []
    for path in sorted(folder.glob("*.json")):
        row = json.loads(path.read_text("utf-8"))
        pixels = np.load(path.with_suffix(".npy"))
        height, width = pixels.shape[:2]
        picture = ModelPicture(pixels, (height // unit, width // unit), (width, height))
        prompt = Prompt(tuple(row["prefix"]), tuple(row["tokens"]), picture)
        requests.append(Request(prompt, row["grammar"], row["max_tokens"]))
    return requests


def _vllm(weights: Path, requests: list[Request]) -> Any:
    os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    from layoutgen.models.decoding.answerer import DecodingOptions
    from layoutgen.models.decoding.vllm_engine import VllmDecoder

    longest = max(max(request.prompt.picture.size) for request in requests if request.prompt.picture)
    return VllmDecoder(
        weights,
        options=DecodingOptions(max_side=longest, rows=len(requests)),
        context=max(len(request.prompt) + request.max_tokens for request in requests),
    )


def _loop(weights: Path, requests: list[Request]) -> Any:
    import torch

    from layoutgen.models.decoding.backbone import Backbone
    from layoutgen.models.decoding.decoder import Decoder
    from layoutgen.models.vlm.checkpoints import load_model

    chat = load_chat_format(weights)
    backbone = Backbone(load_model(weights, None, "cpu", torch.float32), chat.pictures)
    return Decoder(backbone, chat.tokenizer, chat.ends, rows=len(requests), prompt_tokens=2048)


def _negative(request: Request) -> Request:
    """The request with another picture of the same size."""
    picture = request.prompt.picture
    assert picture is not None
    return replace(request, prompt=replace(request.prompt, picture=replace(picture, pixels=255 - picture.pixels)))


if __name__ == "__main__":
    main()
