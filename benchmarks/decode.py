"""The decoding loop against plain `generate`, on CPU with a tiny Qwen2.5-VL of 20 million parameters.

    python -m benchmarks.decode [--case constrained …] [--count 8] [--full] [--vllm PYTHON] [--output FILE]

Requests of 3 to 6 elements with random weights, all sides one after the other in each round, the best round counts.

- `constrained`: images a second against `generate` with the same grammar as a logits processor (same answers);
- `unconstrained`: against `generate` without a grammar, each row exactly as many tokens as our answers have on average;
- `forwards`: tokens of our answers for each pass through the language model, answers alone, with guesses as on a GPU;
- `transport`: pictures of about 1,000 visual tokens a second from uint8 pixels through an Arrow table to the vision
  tower's input, against making that input first and sending it in bfloat16; and megabytes a picture of both;
- `vllm`: against vLLM with the same grammar, in the environment whose Python is named. Both answer in two ways, see
  `benchmarks.decode_ways`, and each one's better way counts.

Plain `generate` answers all in one batch; with --full, in batches of the size that suits it best. Answers are compared
before anything is reported.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from benchmarks import decode_ways, workload
from benchmarks.benchmark import Benchmark, cpu
from benchmarks.plain import generate
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Request
from layoutgen.models.vlm.checkpoints import ChatFormat, load_chat_format, load_model
from layoutgen.models.vlm.pixel_inputs import pixel_inputs
from layoutgen.models.vlm.tiny import build_checkpoint

ELEMENTS, SIDE = (3, 4, 5, 6), 224
BENCHMARK = Benchmark(
    "decode",
    "layouts a second of the decoding loop with a tiny Qwen2.5-VL",
    "transformers' generate, with and without the grammar",
    seconds=60,
    full="64 requests, three rounds, about 15 minutes",
)
CASES = ("constrained", "unconstrained", "forwards", "transport", "vllm")


def main() -> None:
    """Measure what the command line asks for."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_size("--rounds", 1, 3)
    parser.add_size("--count", 8, 64, "requests")
    parser.add_size("--batches", (0,), (16, 32, 64), "sizes of generate's batches to try; 0: all requests", nargs="+")
    parser.add_size("--alone", 2, 16, "requests of the case forwards")
    parser.add_argument("--size", default="bench", help="of the checkpoint, see layoutgen.models.vlm.tiny")
    parser.add_size("--threads", 1, 2, "on a busy machine, two only wait for each other")
    parser.add_argument("--vllm", metavar="PYTHON", help="of an environment with vLLM")
    given = parser.parse_args()
    cases = given.case or [case for case in CASES if case != "vllm" or given.vllm]
    if "vllm" in cases and not has_vllm(given.vllm):
        parser.error("--case vllm needs --vllm PYTHON, of an environment with vLLM: `make test-vllm` makes .venv-vllm")
    torch.set_num_threads(given.threads)
    BENCHMARK.hardware = f"{cpu()}, {given.threads} threads"
    with tempfile.TemporaryDirectory(prefix="layoutgen-decode-") as folder:
        weights = build_checkpoint("qwen2_5_vl", Path(folder) / "model", size=given.size)
        model, chat = load_model(weights, None, "cpu", torch.float32), load_chat_format(weights)
        requests = workload.requests(chat, given.count, ELEMENTS, SIDE)
        loop = Decoder(Backbone(model, chat.pictures), chat.tokenizer, chat.ends, rows=64, prompt_tokens=2048)
        BENCHMARK.say(f"answering {len(requests)} requests by the loop")
        tokens = [list(answer.tokens) for answer in ours(loop, requests)]
        if "forwards" in cases:
            alone = requests[: given.alone]
            BENCHMARK.say(f"answering {len(alone)} requests alone, without guesses and with them")
            without, rate = (passes(model, chat, alone, spare) for spare in (0, 64))
            BENCHMARK.compare("forwards", rate, 1.0, "tokens a pass", without_guesses=round(without, 3))
        if "transport" in cases:
            rates, megabytes = transport(chat)
            BENCHMARK.compare("transport", *rates, "pictures/s", megabytes=megabytes)
        if {"constrained", "unconstrained"} & set(cases):
            against_generate(partial(plain, model, chat), loop, requests, tokens, cases, given)
        if "vllm" in cases:
            against_vllm(weights, requests, tokens, given)


def has_vllm(python: str | None) -> bool:
    """Whether an interpreter's environment has vLLM."""
    program = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    return python is not None and subprocess.run([python, "-c", program], check=False).returncode == 0


def mean_length(tokens: list[list[int]]) -> int:
    """Tokens of an answer."""
    return round(sum(map(len, tokens)) / len(tokens))


def against_generate(
    generated: Callable[[list[Request], int, int], list[list[int]]], loop: Decoder, requests: list[Request],
    tokens: list[list[int]], cases: list[str], given: argparse.Namespace,
) -> None:  # fmt: skip
    """The loop against `generate`: with the grammar, and without one for as many tokens as our answers have."""
    mean = mean_length(tokens)
    ways: dict[str, Callable[[], Any]] = {"ours": lambda: ours(loop, requests)}
    for case, length in (("constrained", 0), ("unconstrained", mean)):
        if case in cases:
            sizes = [batch or len(requests) for batch in given.batches]
            size = best_batch(case, sizes, lambda batch: generated(requests[:batch], batch, length))  # noqa: B023 - called in this turn
            ways[case] = partial(generated, requests, size, length)
    best = dict.fromkeys(ways, float("inf"))
    for number in range(given.rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            answers = way()
            seconds = time.perf_counter() - began
            assert name != "constrained" or answers == tokens, "the same answers"
            BENCHMARK.say(f"round {number + 1} of {given.rounds}, {name}: {len(requests) / seconds:.2f} layouts/s")
            best[name] = min(best[name], seconds)
    rates = {name: len(requests) / seconds for name, seconds in best.items()}
    for name in [name for name in ways if name != "ours"]:
        BENCHMARK.compare(name, rates["ours"], rates[name], "images/s", tokens=mean)


def against_vllm(weights: Path, requests: list[Request], tokens: list[list[int]], given: argparse.Namespace) -> None:
    """The loop against vLLM."""
    pythons = {"loop": sys.executable, "vllm": given.vllm}
    ways, same = decode_ways.rates(weights, requests, given.threads, pythons, given.rounds)
    mine, other = (max(ways[engine].values()) for engine in ("loop", "vllm"))
    rounded = {engine: {way: round(rate, 3) for way, rate in rates.items()} for engine, rates in ways.items()}
    more = {"ratio_of": "each engine's better way", "ways": rounded, "same_answers": same}
    BENCHMARK.compare("vllm", mine, other, "images/s", **more, tokens=mean_length(tokens))


def passes(model: Any, chat: ChatFormat, requests: list[Request], spare: int) -> float:
    """Tokens of answers for each pass through the language model, each answer alone; what the constant prefix takes is
    not counted, as it is read once for all."""
    alone = Decoder(Backbone(model, chat.pictures), chat.tokenizer, chat.ends, spare_tokens=spare)
    written = sum(len(ours(alone, [request])[0].tokens) for request in requests)
    return written / (alone.counts.prefills - 1 + alone.counts.steps)


def transport(chat: ChatFormat) -> tuple[tuple[float, float], tuple[float, float]]:
    """Pictures a second as uint8 and as bfloat16 patches, from pixels to the vision tower's input, and megabytes."""
    kind, cpu_device = chat.pictures, torch.device("cpu")
    side = 32 * kind.unit
    picture = kind.prepare(np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8), side)

    def sent(data: Any) -> pa.Buffer:
        sink = pa.BufferOutputStream()
        table = pa.table({"pixels": pa.array([memoryview(data).cast("B")], pa.binary())})
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return pa.ipc.open_stream(sink.getvalue()).read_all().column("pixels")[0].as_buffer()

    def as_uint8() -> int:
        data = sent(picture.pixels)
        pixels = np.frombuffer(data, np.uint8).reshape(picture.pixels.shape)
        pixel_inputs(kind, [replace(picture, pixels=pixels)], cpu_device, torch.bfloat16)
        return int(data.size)

    def as_patches() -> int:
        patches = pixel_inputs(kind, [picture], cpu_device, torch.bfloat16)["pixel_values"]
        data = sent(patches.view(torch.uint8).numpy())
        torch.frombuffer(bytearray(data), dtype=torch.bfloat16).reshape(patches.shape)
        return int(data.size)

    rates, sizes = [], []
    for way in (as_uint8, as_patches):
        sizes.append(way() / 1e6)
        began = time.perf_counter()
        for _ in range(20):
            way()
        rates.append(20 / (time.perf_counter() - began))
    return (rates[0], rates[1]), (round(sizes[0], 2), round(sizes[1], 2))


def ours(loop: Decoder, requests: list[Request]) -> list[Answer]:
    answers = [candidates[0] for candidates in loop.decode(requests)]
    assert all(isinstance(answer, Answer) and answer.ended for answer in answers), answers
    return answers  # type: ignore[return-value]  # asserted above


def plain(model: Any, chat: ChatFormat, requests: list[Request], batch: int, tokens: int) -> list[list[int]]:
    answers = []
    for first in range(0, len(requests), batch):
        answers += generate(model, chat, requests[first : first + batch], tokens=tokens)
    return answers


def best_batch(case: str, sizes: list[int], run: Callable[[int], Any]) -> int:
    """The batch size with the highest rate, a batch each; one alone is not tried."""
    rates = {}
    for batch in sizes if len(sizes) > 1 else ():
        began = time.perf_counter()
        run(batch)
        rates[batch] = batch / (time.perf_counter() - began)
        BENCHMARK.say(f"{case}, a batch of {batch}: {rates[batch]:.2f} layouts/s")
    return max(rates, key=lambda batch: rates[batch]) if rates else sizes[0]


if __name__ == "__main__":
    main()
