"""The decoding loop on one GPU, with random weights of the real sizes: true speed without a download.

    python -m benchmarks.gpu [--tiny] [--output FILE]

Prints a table and one JSON line a case: images a second of Qwen2.5-VL-7B laying out five elements at 256 and about
1,000 visual tokens and of InternVL2-8B reading posters, the share of the roofline, peak memory, and how many times
faster than plain `generate` with and without the grammar. `--tiny` runs all of it in seconds on a CPU.

The roofline is the time that the work takes at the rates that this GPU reaches when measured here: operations of the
vision tower and of reading prompts at the rate of a large matrix product, then for every step the weights and the rows'
keys and values at the rate of a large copy.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText

from benchmarks.device import INTERNVL2_8B, QWEN_7B, Rates, measured_rates, timed
from benchmarks.plain import generate
from benchmarks.reporting import cpu, report
from benchmarks.workload import requests
from layoutgen.core.prompts.annotations import annotation_prompt
from layoutgen.core.prompts.answers import box_rules, literal
from layoutgen.core.prompts.coordinates import LAYOUT
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Request
from layoutgen.models.vlm.checkpoints import ChatFormat, load_chat_format
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.vlm.tiny import build_checkpoint


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
    parser = argparse.ArgumentParser(description="Measure the decoding loop on one GPU.")
    parser.add_argument("--tiny", action="store_true", help="a small model on a CPU: shows that it works")
    parser.add_argument("--output", type=Path, help="append the JSON lines to this file too")
    arguments = parser.parse_args()
    if not arguments.tiny and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; --tiny runs on a CPU")
    if arguments.tiny:
        torch.set_num_threads(1)  # of so small a model, threads on a busy machine only wait for each other
    device = torch.device("cpu" if arguments.tiny else "cuda")
    hardware = cpu() if arguments.tiny else torch.cuda.get_device_name()
    rates = measured_rates(device, 256 if arguments.tiny else 8192)
    print(f"{hardware}: {rates.operations / 1e12:.1f} T operations/s, {rates.bytes / 1e12:.3f} TB/s", flush=True)
    table = []
    for case in CASES:
        with tempfile.TemporaryDirectory(prefix="layoutgen-gpu-") as folder:
            table += measure(case, Path(folder), device, rates, hardware, arguments)
        if device.type == "cuda":
            torch.cuda.empty_cache()
    print("\n| case | visual tokens | images/s | roofline | peak GB | × plain with grammar | × plain without |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print("\n".join("| " + " | ".join(row) + " |" for row in table))


def measure(
    case: Case, folder: Path, device: torch.device, rates: Rates, hardware: str, arguments: argparse.Namespace
) -> list[list[str]]:
    build_checkpoint(case.family, folder)
    chat = load_chat_format(folder)
    model, chat = built(case, folder, chat, device, tiny=arguments.tiny)
    sides, images, rows = ((112,), 6, 4) if arguments.tiny else (case.sides, case.images, case.rows)
    table = []
    for side in sides:
        asked = (
            readings(chat, images, side)
            if case.family == "internvl"
            else requests(chat, images, (5,), side, underlays=False)
        )
        visual = sum(one.prompt.rest.count(chat.image_token) for one in asked) / len(asked)
        backbone = Backbone(model, chat.pictures)
        loop = Decoder(backbone, chat.tokenizer, chat.ends, rows=rows, prompt_tokens=case.prompt_tokens)
        answers(loop, asked[: max(2, rows // 8)])  # warm: kernels are chosen, memory is there
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        before = (loop.counts.steps, loop.counts.looked)
        found: list[Answer] = []
        seconds = timed(device, lambda: found.extend(answers(loop, asked)))  # noqa: B023 - called in this turn
        steps, looked = loop.counts.steps - before[0], loop.counts.looked - before[1]
        peak = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else 0.0
        ideal = roofline(model, backbone, asked, steps, looked, rates)
        mean = round(sum(len(one.tokens) for one in found) / len(found))
        count = min(case.plain, len(asked))
        constrained = timed(device, lambda: generate(model, chat, asked[:count])) / count  # noqa: B023 - called in this turn
        free = timed(device, lambda: generate(model, chat, asked[:count], tokens=mean)) / count  # noqa: B023 - called in this turn
        rate = len(asked) / seconds
        name = f"{case.name}, {visual:.0f} visual tokens"
        more = {"roofline": round(ideal / seconds, 3), "peak_gb": round(peak, 1), "tokens": mean, "steps": steps}
        report("gpu", f"{name}, constrained", rate, 1 / constrained, "images/s", hardware, arguments.output, **more)
        report("gpu", f"{name}, unconstrained", rate, 1 / free, "images/s", hardware, arguments.output, **more)
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
    told = annotation_prompt(LAYOUT)
    pictures = [one.prompt.picture for one in requests(chat, count, (3,), side)]
    return [Request(chat.prompt(told.system, told.user, picture), grammar, 1000) for picture in pictures]


def answers(loop: Decoder, asked: Sequence[Request]) -> list[Answer]:
    found = [candidates[0] for candidates in loop.decode(asked)]
    assert all(isinstance(answer, Answer) and answer.ended for answer in found), found[0]
    return found  # type: ignore[return-value]  # asserted above


def roofline(model: Any, backbone: Backbone, asked: Sequence[Request], steps: int, looked: int, rates: Rates) -> float:
    """Seconds that the work takes at the measured rates: prompts are read once, each of the steps reads the weights,
    and all steps together `looked` at so many tokens of the cache."""
    text = sum(p.numel() for layer in model.model.language_model.layers for p in layer.parameters())
    tower = model.model.vision_tower if backbone.pictures.tiles else model.model.visual
    vision = sum(p.numel() for p in tower.parameters())
    patches = sum(_patches(backbone.pictures, one) for one in asked)
    prompts = [len(one.prompt.rest) for one in asked]
    operations = 2 * vision * patches + 2 * text * sum(prompts)
    width = model.model.language_model.config.hidden_size
    layers = len(model.model.language_model.layers)
    for one in asked:  # attention, of which a causal mask leaves half of what is beyond the prefix
        operations += 4 * width * layers * len(one.prompt.rest) * (len(one.prompt.prefix) + len(one.prompt.rest) / 2)
    weights = (text + model.lm_head.weight.numel()) * model.dtype.itemsize
    moved = steps * weights + looked * backbone.bytes_a_token
    return operations / rates.operations + moved / rates.bytes


def _patches(kind: PictureKind, one: Request) -> int:
    assert one.prompt.picture is not None
    shape = one.prompt.picture.pixels.shape
    return shape[-3] * shape[-2] // kind.patch**2 * (shape[0] if kind.tiles else 1)


if __name__ == "__main__":
    main()
