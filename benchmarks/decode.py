"""The decoding loop against plain `generate`, on CPU with a tiny Qwen2.5-VL of 20 million parameters.

    python -m benchmarks.decode [--case constrained …] [--rounds N] [--vllm PYTHON] [--output FILE]

64 requests of 3 to 6 elements with random weights, all sides one after the other in each round, the best round counts.

- `constrained`: images a second against `generate` with the same grammar as a logits processor (same answers);
- `unconstrained`: against `generate` without a grammar, each row exactly as many tokens as our answers have on average;
- `forwards`: tokens of our answers for each pass through the language model, answers alone, with guesses as on a GPU;
- `transport`: pictures of about 1,000 visual tokens a second from uint8 pixels through an Arrow table to the vision
  tower's input, against making that input first and sending it in bfloat16; and megabytes a picture of both;
- `vllm`: against vLLM with the same grammar, in the environment whose Python is named. Both answer in two ways, see
  `benchmarks.decode_ways`, and each one's better way counts.

Plain `generate` gets the batch size that suits it best. Answers are compared before anything is reported.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from benchmarks import decode_ways
from benchmarks.plain import generate
from benchmarks.reporting import cpu, report
from benchmarks.workload import requests
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Request
from layoutgen.models.vlm.checkpoints import ChatFormat, load_chat_format, load_model
from layoutgen.models.vlm.pixel_inputs import pixel_inputs
from layoutgen.models.vlm.tiny import build_checkpoint

COUNT, ELEMENTS, SIDE = 64, (3, 4, 5, 6), 224
PLAIN_BATCHES = (16, 32, 64)
CASES = ("constrained", "unconstrained", "forwards", "transport", "vllm")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure the decoding loop on CPU.")
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--size", default="bench", help="of the checkpoint, see layoutgen.models.vlm.tiny")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--vllm", metavar="PYTHON", help="of an environment with vLLM")
    parser.add_argument("--output", type=Path, help="append the JSON lines to this file too")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    cases = arguments.case or [case for case in CASES if case != "vllm" or arguments.vllm]
    with tempfile.TemporaryDirectory(prefix="layoutgen-decode-") as folder:
        weights = build_checkpoint("qwen2_5_vl", Path(folder) / "model", size=arguments.size)
        model, chat = load_model(weights, None, "cpu", torch.float32), load_chat_format(weights)
        asked = requests(chat, arguments.count, ELEMENTS, SIDE)
        measure(model, chat, asked, cases, arguments, weights)


def measure(
    model: Any, chat: ChatFormat, asked: list[Request], cases: list[str], arguments: argparse.Namespace, weights: Path
) -> None:
    hardware = f"{cpu()}, {arguments.threads} threads"
    loop = Decoder(Backbone(model, chat.pictures), chat.tokenizer, chat.ends, rows=64, prompt_tokens=2048)
    answers = ours(loop, asked)
    tokens = [list(answer.tokens) for answer in answers]
    if "forwards" in cases:
        found = {spare: passes(model, chat, asked[:16], spare) for spare in (0, 64)}
        more = {"without_guesses": round(found[0], 3)}
        report("decode", "forwards", found[64], 1.0, "tokens a pass", hardware, arguments.output, **more)
    if "transport" in cases:
        (bytes_rate, patches_rate), megabytes = transport(chat)
        report(
            "decode",
            "transport",
            bytes_rate,
            patches_rate,
            "pictures/s",
            hardware,
            arguments.output,
            megabytes=megabytes,
        )
    mean = round(sum(map(len, tokens)) / len(tokens))
    sides: dict[str, Callable[[], Any]] = {"ours": lambda: ours(loop, asked)}
    if "constrained" in cases:
        size = best_batch(lambda batch: plain(model, chat, asked[:batch], batch, 0))
        assert plain(model, chat, asked[:size], size, 0) == tokens[:size], "the same answers"
        sides["constrained"] = lambda: plain(model, chat, asked, size, 0)
    if "unconstrained" in cases:
        free = best_batch(lambda batch: plain(model, chat, asked[:batch], batch, mean))
        sides["unconstrained"] = lambda: plain(model, chat, asked, free, mean)
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(arguments.rounds if sides.keys() - {"ours"} else 0):
        for name, side in sides.items():
            began = time.perf_counter()
            side()
            best[name] = min(best[name], time.perf_counter() - began)
    rates = {name: len(asked) / seconds for name, seconds in best.items()}
    for name in [name for name in sides if name != "ours"]:
        report("decode", name, rates["ours"], rates[name], "images/s", hardware, arguments.output, tokens=mean)
    if "vllm" in cases:
        against_vllm(weights, asked, arguments, hardware, mean)


def against_vllm(
    weights: Path, asked: list[Request], arguments: argparse.Namespace, hardware: str, tokens: int
) -> None:
    pythons = {"loop": sys.executable, "vllm": arguments.vllm}
    ways, same = decode_ways.rates(weights, asked, arguments.threads, pythons, arguments.rounds)
    ours, other = (max(ways[engine].values()) for engine in ("loop", "vllm"))
    told = {engine: {way: round(rate, 3) for way, rate in rates.items()} for engine, rates in ways.items()}
    more = {"ratio_of": "each engine's better way", "ways": told, "same_answers": same, "tokens": tokens}
    report("decode", "vllm", ours, other, "images/s", hardware, arguments.output, **more)


def passes(model: Any, chat: ChatFormat, asked: list[Request], spare: int) -> float:
    """Tokens of answers for each pass through the language model, each answer alone; what the constant prefix takes is
    not counted, as it is read once for all."""
    alone = Decoder(Backbone(model, chat.pictures), chat.tokenizer, chat.ends, spare_tokens=spare)
    written = sum(len(ours(alone, [one])[0].tokens) for one in asked)
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


def ours(loop: Decoder, asked: list[Request]) -> list[Answer]:
    answers = [candidates[0] for candidates in loop.decode(asked)]
    assert all(isinstance(answer, Answer) and answer.ended for answer in answers), answers
    return answers  # type: ignore[return-value]  # asserted above


def plain(model: Any, chat: ChatFormat, asked: list[Request], batch: int, tokens: int) -> list[list[int]]:
    found = []
    for first in range(0, len(asked), batch):
        found += generate(model, chat, asked[first : first + batch], tokens=tokens)
    return found


def best_batch(run: Callable[[int], Any]) -> int:
    """The batch size with the highest rate, a batch each."""
    rates = {}
    for batch in PLAIN_BATCHES:
        began = time.perf_counter()
        run(batch)
        rates[batch] = batch / (time.perf_counter() - began)
    return max(rates, key=lambda batch: rates[batch])


if __name__ == "__main__":
    main()
