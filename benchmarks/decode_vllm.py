"""The case `vllm` of benchmarks.decode: the same requests, answered by vLLM in its own environment (`make test-vllm`
sets it up).

`measure` writes the requests into a folder and has them answered by a process of that environment,

    PYTHONPATH=.:tests/vllm .venv-vllm/bin/python -m benchmarks.decode_vllm FOLDER [--rounds N]

which prints one JSON line: `images_per_second` (best round), `seconds` of each round and the answers' `texts`. Prompts
stay tokens and pictures uint8 at their final size, so both engines are given the same work. Before a round vLLM forgets
all but the constant prefix, as a nightly job shows every photo once: caches of prompts and pictures are emptied, and
other requests with that prefix are answered.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from layoutgen.models.base import Picture
from layoutgen.models.batch import Prompt
from layoutgen.models.decoding import Request

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-vllm"
_WARM = 4


def measure(weights: Path, requests: Sequence[Request], *, rounds: int = 3, threads: int = 2) -> dict[str, Any] | None:
    """Have requests answered by vLLM on `threads` cores; None where its environment is not set up."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, weights, requests)
        command = [str(python), "-m", "benchmarks.decode_vllm", str(folder), "--rounds", str(rounds)]
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'vllm'}",
            "OMP_NUM_THREADS": str(threads),
            "VLLM_CPU_KVCACHE_SPACE": "2",
            "VLLM_CPU_OMP_THREADS_BIND": f"0-{threads - 1}" if threads > 1 else "0",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        }
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def write(folder: Path, weights: Path, requests: Sequence[Request]) -> None:
    """Write requests into a folder."""
    fields = []
    pixels: dict[str, np.ndarray] = {}
    for number, request in enumerate(requests):
        picture = request.prompt.picture
        if picture is None:
            raise ValueError(f"request {number} has no picture")
        pixels[f"{number:05d}"] = picture.pixels
        fields.append(
            {
                "prefix": request.prompt.prefix,
                "rest": request.prompt.rest,
                "grid": picture.grid,
                "size": picture.size,
                "grammar": request.grammar,
                "max_tokens": request.max_tokens,
            }
        )
    (folder / "requests.json").write_text(json.dumps({"weights": str(weights), "requests": fields}), encoding="utf-8")
    np.savez(folder / "pixels.npz", **pixels)


def read(folder: Path) -> tuple[Path, list[Request]]:
    """Read what `write` wrote."""
    whole = json.loads((folder / "requests.json").read_text("utf-8"))
    requests = []
    with np.load(folder / "pixels.npz") as pixels:
        for name, fields in zip(sorted(pixels.files), whole["requests"], strict=True):
            picture = Picture(pixels[name], tuple(fields["grid"]), tuple(fields["size"]))
            prompt = Prompt(tuple(fields["prefix"]), tuple(fields["rest"]), picture)
            requests.append(Request(prompt, fields["grammar"], fields["max_tokens"]))
    return Path(whole["weights"]), requests


def main() -> None:
    """Answer a folder's requests with vLLM and print how fast."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    from layoutgen.models.vllm_engine import VllmDecoder

    weights, requests = read(arguments.folder)
    longest = max(max(request.prompt.picture.size) for request in requests if request.prompt.picture)
    context = max(len(request.prompt) + request.max_tokens for request in requests)
    decoder = VllmDecoder(
        weights, device="cpu", dtype="float32", context=context, longest=longest, rows=min(64, len(requests))
    )
    others = [_negative(request) for request in requests[:_WARM]]
    seconds, texts = [], []
    for _ in range(arguments.rounds):
        decoder.forget()
        decoder.decode(others)
        began = time.perf_counter()
        found = decoder.decode(requests)
        seconds.append(time.perf_counter() - began)
        texts = [getattr(answers[0], "text", None) for answers in found]
    line = {"images_per_second": len(requests) / min(seconds), "seconds": seconds, "texts": texts}
    sys.stdout.write(json.dumps(line) + "\n")


def _negative(request: Request) -> Request:
    """The request with another picture of the same size."""
    picture = request.prompt.picture
    assert picture is not None
    return replace(request, prompt=replace(request.prompt, picture=replace(picture, pixels=255 - picture.pixels)))


if __name__ == "__main__":
    main()
