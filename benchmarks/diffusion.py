"""How fast the composers that denoise are, by steps of denoising and by rows at once.

    python -m benchmarks.diffusion [--model radm | layout_image] [--size small] [--device cpu] [--threads 1]
        [--layouts 32] [--full] [--output results.jsonl]

Weights are drawn, which changes no time. One JSON line a case: layouts/s from framed photos of 768 px to compositions,
of copies of one to five texts on four canvases, the best of the rounds; `network` is the share of the time that the
network takes.
"""

import time

import cv2
import numpy as np
import torch

from benchmarks.benchmark import Benchmark, cpu
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing
from layoutgen.models.base import Brief, Composer
from layoutgen.models.denoising.boxes.network import parameters
from layoutgen.models.denoising.boxes.sizes import SIZES
from layoutgen.models.denoising.family import Network
from layoutgen.models.denoising.networks import FAMILIES

BENCHMARK = Benchmark(
    "diffusion",
    "layouts a second of the composers that denoise",
    "themselves with more steps and fewer rows at once",
    seconds=30,
    full="64 layouts, three rounds, about 2 minutes",
)
CANVASES = (Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080), Canvas(1080, 1920))
POINTS = ("304不锈钢内胆", "Keeps warm for 12 hours", "￥199起", "一键开盖")


def briefs(count: int) -> list[Brief]:
    """Layouts to make."""
    rng = np.random.default_rng(0)
    photos = [rng.integers(0, 256, (768, 768, 3), dtype=np.uint8) for _ in range(4)]
    return [
        Brief(
            photos[k % 4],
            Annotation((), (0.3, 0.3, 0.7, 0.9)),
            Copy(f"保温杯 {k}", POINTS[: k % 5]),
            CANVASES[k % 4],
        )
        for k in range(count)
    ]


def timed(composer: Composer, network: Network, layouts: list[Brief], rows: int, rounds: int) -> tuple[float, float]:
    """Layouts/s, and the share of the network in it."""
    inside = began_inside = 0.0

    def now() -> float:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        return time.perf_counter()

    def enters(*_: object) -> None:
        nonlocal began_inside
        began_inside = now()

    def leaves(*_: object) -> None:
        nonlocal inside
        inside += now() - began_inside

    hooks = [network.register_forward_pre_hook(enters), network.register_forward_hook(leaves)]
    composer.compose(layouts[:rows])
    best = (float("inf"), 0.0)
    for _ in range(rounds):
        inside, began = 0.0, time.perf_counter()
        composer.compose(layouts)
        seconds = time.perf_counter() - began
        best = min(best, (seconds, inside / seconds))
    for hook in hooks:
        hook.remove()
    return len(layouts) / best[0], best[1]


def main() -> None:
    """Measure each case."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--model", choices=list(FAMILIES), default="radm")
    parser.add_argument("--size", choices=list(SIZES), default="small")
    parser.add_argument("--device", default="cpu")
    parser.add_size("--threads", 1, 2, "on a busy machine, two only wait for each other")
    parser.add_size("--layouts", 32, 64)
    parser.add_argument("--steps", type=int, nargs="*", default=[1, 4, 8])
    parser.add_size("--rows", (8, 32), (1, 8, 32), "rows at once", nargs="*")
    parser.add_size("--rounds", 1, 3)
    parser.add_argument("--samples", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    cv2.setNumThreads(1)
    family = FAMILIES[given.model]
    network = family.new(given.size).eval().to(given.device)
    BENCHMARK.hardware = torch.cuda.get_device_name() if given.device == "cuda" else f"{cpu()}, {given.threads} threads"
    layouts = briefs(given.layouts)
    for steps in given.steps:
        for rows in given.rows:
            composer = family.composer(
                network, frame=lambda *_: Framing(), steps=steps, rows=rows, samples=given.samples
            )
            rate, share = timed(composer, network, layouts, rows, given.rounds)
            case = f"{given.model} {given.size}, {steps} steps, {rows} rows, {given.samples} samples"
            figures = {"layouts_per_s": round(rate, 2), "network": round(share, 3), "parameters": parameters(network)}
            BENCHMARK.line(case, **figures)


if __name__ == "__main__":
    main()
