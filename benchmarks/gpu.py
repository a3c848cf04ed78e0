"""The decoding loop on one GPU, with random weights of the real sizes: true speed without a download.

    python -m benchmarks.gpu [--case NAME …] [--tiny] [--full] [--output FILE]

Prints a table and one JSON line a case: images a second of Qwen2.5-VL-7B laying out five elements at 256 and about
1,000 visual tokens and of InternVL2-8B reading posters, the share of the roofline, peak memory, and how many times
faster than plain `generate` with and without the grammar. `--tiny` runs all of it in seconds on a CPU.

The roofline is the time that the work takes at the rates that this GPU reaches when measured here: operations of the
vision tower and of reading prompts at the rate of a large matrix product, then for every step the weights and the rows'
keys and values at the rate of a large copy.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText

from benchmarks import workload
from benchmarks.benchmark import Benchmark, cpu
from benchmarks.device import INTERNVL2_8B, QWEN_7B, Rates, measured_rates, timed
from benchmarks.plain import generate
from layoutgen.core.prompts.annotations import annotation_prompt
from layoutgen.core.prompts.answers import box_rules, literal
from layoutgen.core.prompts.coordinates import LAYOUT
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Request
from layoutgen.models.vlm.checkpoints import ChatFormat, load_chat_format
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.vlm.tiny import build_checkpoint

BENCHMARK = Benchmark(
    "gpu",
    "images a second of the decoding loop on one GPU (on a CPU with --tiny)",
    "transformers' generate, with and without the grammar",
    seconds=30,
    full="the same sizes; a GPU's memory sets them",
)


@dataclass(frozen=True)
class Case:
    """What is measured: a configuration, its family, the picture's longer side in px, images, rows, tokens a pass."""

    name: str
    family: str
    config: dict[str, Any]
    sides: tuple[int, ...]
    images: int
    rows: int
    prompt_tokens: int
    plain: int


CASES = (
    Case("qwen2.5-vl-7b", "qwen2_5_vl", QWEN_7B, (448, 896), 256, 128, 16384, 32),
    Case("internvl2-8b", "internvl", INTERNVL2_8B, (1344,), 96, 96, 16384, 16),
)


def main() -> None:
    """Measure it all and print a table."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", action="append", choices=[case.name for case in CASES])
    parser.add_argument("--tiny", action="store_true", help="a small model on a CPU: shows that it works")
    given = parser.parse_args()
    if not given.tiny and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; --tiny runs on a CPU")
    if given.tiny:
        torch.set_num_threads(1)  # of so small a model, threads on a busy machine only wait for each other
    device = torch.device("cpu" if given.tiny else "cuda")
    BENCHMARK.hardware = cpu() if given.tiny else torch.cuda.get_device_name()
    rates = measured_rates(device, 256 if given.tiny else 8192)
    BENCHMARK.say(f"{BENCHMARK.hardware}: {rates.operations / 1e12:.1f} T operations/s, {rates.bytes / 1e12:.3f} TB/s")
    table = []
    for case in CASES:
        if case.name not in (given.case or [case.name]):
            continue
        with tempfile.TemporaryDirectory(prefix="layoutgen-gpu-") as folder:
            table += measure(case, Path(folder), device, rates, tiny=given.tiny)
        if device.type == "cuda":
            torch.cuda.empty_cache()
    print("\n| case | visual tokens | images/s | roofline | peak GB | × plain with grammar | × plain without |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join("| " + " | ".join(row) + " |" for row in table))


def measure(case: Case, folder: Path, device: torch.device, rates: Rates, *, tiny: bool) -> list[list[str]]:
    """Print a case's lines; returns the table's rows."""
    build_checkpoint(case.family, folder)
    chat = load_chat_format(folder)
    model, chat = built(case, folder, chat, device, tiny=tiny)
    sides, images, rows = ((112,), 6, 4) if tiny else (case.sides, case.images, case.rows)
    table = []
    for side in sides:
        requests = (
            readings(chat, images, side)
            if case.family == "internvl"
            else workload.requests(chat, images, (5,), side, underlays=False)
        )
        visual = sum(request.prompt.rest.count(chat.image_token) for request in requests) / len(requests)
        name = f"{case.name}, {visual:.0f} visual tokens"
        BENCHMARK.say(f"{name}: {images} images")
        backbone = Backbone(model, chat.pictures)
        loop = Decoder(backbone, chat.tokenizer, chat.ends, rows=rows, prompt_tokens=case.prompt_tokens)
        answers(loop, requests[: max(2, rows // 8)])  # warm: kernels are chosen, memory is there
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        before = (loop.counts.steps, loop.counts.looked)
        written: list[Answer] = []
        seconds = timed(device, lambda: written.extend(answers(loop, requests)))  # noqa: B023 - called in this turn
        steps, looked = loop.counts.steps - before[0], loop.counts.looked - before[1]
        peak = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else 0.0
        ideal = roofline(model, backbone, requests, steps, looked, rates)
        rate = len(requests) / seconds
        BENCHMARK.say(f"{name}: {rate:.1f} images/s, now generate")
        mean = round(sum(len(answer.tokens) for answer in written) / len(written))
        part = requests[: case.plain]
        constrained = timed(device, partial(generate, model, chat, part)) / len(part)
        free = timed(device, partial(generate, model, chat, part, tokens=mean)) / len(part)
        more = {"roofline": round(ideal / seconds, 3), "peak_gb": round(peak, 1), "tokens": mean, "steps": steps}
        BENCHMARK.compare(f"{name}, constrained", rate, 1 / constrained, "images/s", **more)
        BENCHMARK.compare(f"{name}, unconstrained", rate, 1 / free, "images/s", **more)
        table.append(
            [
                *(case.name, f"{visual:.0f}", f"{rate:.1f}", f"{ideal / seconds:.0%}", f"{peak:.1f}"),
                *(f"{rate * constrained:.1f}", f"{rate * free:.1f}"),
            ]
        )
    return table


def built(case: Case, folder: Path, chat: ChatFormat, device: torch.device, *, tiny: bool) -> tuple[Any, ChatFormat]:
    """The model with random weights, and how it takes pictures; the tokenizer is the tiny checkpoint's."""
    if tiny:
        return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32), chat
    config = AutoConfig.for_model(**case.config, image_token_id=chat.image_token)
    with torch.device(device):
        model = AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16)
    kind = chat.pictures
    if kind.tiles:
        kind = PictureKind(14, 2, kind.mean, kind.std, tiles=12, side=448, tokens_a_tile=256)
    return model.to(device).eval(), ChatFormat(
        chat.family, chat.tokenizer, chat.template, chat.image_token, kind, chat.ends
    )


def readings(chat: ChatFormat, count: int, side: int) -> list[Request]:
    """Requests to read posters of eight lines each. The lines' texts are constants, as random weights write none."""
    lines = [("title", "手冲咖啡壶 细口控流"), ("price", "到手价¥199")] + [("selling_point", "食品级不锈钢")] * 6
    parts = [
        f'{literal(f"""{{"role":"{role}","text":"{text}","box":""")} box {literal(""","language":"zh","tone":"黑"}""")}'
        for role, text in lines
    ]
    grammar = 'start: "[" ' + ' "," '.join(parts) + f' "]"\n{box_rules(LAYOUT)}'
    prompt = annotation_prompt(LAYOUT)
    pictures = [request.prompt.picture for request in workload.requests(chat, count, (3,), side)]
    return [Request(chat.prompt(prompt.system, prompt.user, picture), grammar, 1000) for picture in pictures]


def answers(loop: Decoder, requests: Sequence[Request]) -> list[Answer]:
    first = [candidates[0] for candidates in loop.decode(requests)]
    assert all(isinstance(answer, Answer) and answer.ended for answer in first), first[0]
    return first  # type: ignore[return-value]  # asserted above


def roofline(
    model: Any, backbone: Backbone, requests: Sequence[Request], steps: int, looked: int, rates: Rates
) -> float:
    """Seconds that the work takes at the measured rates: prompts are read once, each of the steps reads the weights,
    and all steps together `looked` at so many tokens of the cache."""
    text = sum(p.numel() for layer in model.model.language_model.layers for p in layer.parameters())
    tower = model.model.vision_tower if backbone.pictures.tiles else model.model.visual
    vision = sum(p.numel() for p in tower.parameters())
    patches = sum(_patches(backbone.pictures, request) for request in requests)
    prompts = [len(request.prompt.rest) for request in requests]
    operations = 2 * vision * patches + 2 * text * sum(prompts)
    width = model.model.language_model.config.hidden_size
    layers = len(model.model.language_model.layers)
    for request in requests:  # attention, of which a causal mask leaves half of what is beyond the prefix
        prefix, rest = len(request.prompt.prefix), len(request.prompt.rest)
        operations += 4 * width * layers * rest * (prefix + rest / 2)
    weights = (text + model.lm_head.weight.numel()) * model.dtype.itemsize
    moved = steps * weights + looked * backbone.bytes_a_token
    return operations / rates.operations + moved / rates.bytes


def _patches(kind: PictureKind, request: Request) -> int:
    assert request.prompt.picture is not None
    shape = request.prompt.picture.pixels.shape
    return shape[-3] * shape[-2] // kind.patch**2 * (shape[0] if kind.tiles else 1)


if __name__ == "__main__":
    main()
