"""How fast Stable Diffusion paints grounds on one GPU, by model, steps and rows at once.

    python -m benchmarks.painting [--case sd15 | sdxl] [--rows 1 4 8] [--tiny] [--full] [--output results.jsonl]

Weights are drawn, in the sizes of Stable Diffusion 1.5 (512 px) and SDXL (1024 px), each with a RenderNet, in bfloat16;
tokens are drawn, too, so text encoders are left out: they are run once a row. One JSON line a case: `ours` is
pictures/s, `other` what one row at once gives in the same run. `roofline` is the time that the operations of UNet and
RenderNet take at the rate that this GPU reaches in a large matrix product, over the time taken; guidance, schedule and
autoencoder count as time and not as work. `peak_gb` is memory at its highest. Without a GPU it says so and ends;
`--tiny` runs tiny models on a CPU, to show that it works.
"""

import itertools
from functools import partial
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.benchmark import Benchmark, cpu
from benchmarks.device import measured_rates, timed
from layoutgen.models.denoising.rendering import attention, control
from layoutgen.models.denoising.rendering.checkpoint import Checkpoint
from layoutgen.models.denoising.rendering.sampling import Encoded, Request, Sampling, sample

BENCHMARK = Benchmark(
    "painting",
    "grounds a second by Stable Diffusion with RenderNet on one GPU (on a CPU with --tiny)",
    "one row at once",
    seconds=40,
)
SD15: dict[str, Any] = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
SDXL: dict[str, Any] = {
    "sample_size": 128,
    "cross_attention_dim": 2048,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
TINY: dict[str, Any] = {"norm_num_groups": 4, "layers_per_block": 1, "cross_attention_dim": 32, "sample_size": 8}
CASES = {"sd15": SD15, "sdxl": SDXL}
STEPS = (4, 8, 30)


def checkpoint(case: str, device: torch.device, *, tiny: bool) -> Checkpoint:
    """A model of drawn weights."""
    config = CASES[case] | (TINY if tiny else {})
    if tiny:
        blocks = len(config.get("block_out_channels", (0,) * 4))
        config |= {"block_out_channels": (8, 16, 16, 16)[:blocks], "attention_head_dim": 4}
        config |= {"transformer_layers_per_block": 1}
        if case == "sdxl":
            config |= {"addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 6 * 8 + 32}
    dtype = torch.float32 if tiny else torch.bfloat16
    with torch.device(device):
        unet = UNet2DConditionModel(**config).to(dtype).eval().requires_grad_(False)
        vae = AutoencoderKL(
            block_out_channels=(8, 8, 16, 16) if tiny else (128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=2,
            norm_num_groups=4 if tiny else 32,
        )
    schedule = dict(DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False).config)
    vae = vae.to(dtype).eval().requires_grad_(False)
    return Checkpoint("sdxl" if case == "sdxl" else "sd15", unet, vae, (), schedule, None, config["sample_size"] * 8)


def request(model: Checkpoint, rows: int) -> Request:
    """Rows to paint, with a RenderNet's map."""
    side, width = int(model.unet.config.sample_size), int(model.unet.config.cross_attention_dim)
    embedded = model.unet.config.projection_class_embeddings_input_dim
    pooled = None
    if embedded:
        pooled = torch.randn(rows, embedded - 6 * int(model.unet.config.addition_time_embed_dim))
    prompts = Encoded(torch.randn(rows, 77, width), pooled)
    channels = int(model.unet.config.block_out_channels[0])
    return Request(prompts, prompts, range(rows), (side, side), condition=torch.zeros(rows, channels, side, side))


def operations(model: Checkpoint, net: control.RenderNet) -> float:
    """Of UNet and RenderNet, a row and a step without guidance."""
    counter = FlopCounterMode(display=False)
    one_step = Sampling(steps=1, guidance=1.0)
    with counter:
        sample(model, attention.guided(model.unet), net, request(model, 1), one_step)
    code = torch.zeros(1, 4, *request(model, 1).size, device=model.device, dtype=model.dtype)
    with FlopCounterMode(display=False) as decoding, torch.inference_mode():
        model.vae.decode(code)
    return float(counter.get_total_flops() - decoding.get_total_flops())


def _short(value: float) -> float:
    return float(f"{value:.3g}")


def main() -> None:
    """Measure each case."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--rows", type=int, nargs="*", default=[1, 4, 8], help="rows at once")
    parser.add_argument("--tiny", action="store_true", help="tiny models on a CPU: shows that it works")
    given = parser.parse_args()
    if not given.tiny and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; --tiny runs on a CPU")
    device = torch.device("cpu" if given.tiny else "cuda")
    if given.tiny:
        torch.set_num_threads(1)
    BENCHMARK.hardware = cpu() if given.tiny else torch.cuda.get_device_name()
    rates = measured_rates(device, 256 if given.tiny else 8192)
    for case in given.case or CASES:
        model = checkpoint(case, device, tiny=given.tiny)
        net = control.new(model.unet).eval().requires_grad_(False)
        guide = attention.guided(model.unet)
        work = operations(model, net)
        alone: dict[tuple[int, float], float] = {}
        ways = itertools.product(STEPS, (1.0, 7.0), given.rows)
        for steps, guidance, rows in ways:
            if (steps < STEPS[-1]) != (guidance == 1.0):
                continue  # few steps are taken without guidance, many with it
            if device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            how = Sampling(steps=steps, guidance=guidance)
            asked = request(model, rows)
            sample(model, guide, net, asked, Sampling(steps=1, guidance=guidance))  # chooses kernels
            seconds = timed(device, partial(sample, model, guide, net, asked, how))
            passes = rows * steps * (2 if how.is_guided else 1)
            rate = rows / seconds
            first = alone.setdefault((steps, guidance), rate)
            peak = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else 0.0
            more = {"roofline": _short(work * passes / rates.operations / seconds), "peak_gb": round(peak, 1)}
            name = f"{case}, {steps} steps, guidance {guidance:g}, {rows} rows"
            BENCHMARK.compare(name, rate, first, "pictures/s", tera_operations=_short(work * passes / 1e12), **more)
        if device.type == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
