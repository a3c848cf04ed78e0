"""How well layouts are read from their images when these lost something, and how fast.

    python -m benchmarks.layout_image [--posters 20] [--side 256] [--inset 0] [--full] [--output results.jsonl]

Layouts of drawn posters are drawn as layout images, spoilt, and read by `core.proposals.layout_image`; underlays on
underlays on underlays, which no image shows, are left out. One JSON line a kind and strength of damage: `found`, the
share of elements of which one of the same role with an IoU of at least 0.5 was read; `invented`, the share of what was
read that is none of them; `iou`, the mean of those found, all in whole pixels; `exact`, the share of layouts read to
the pixel; `ms`, the median time of a reading. Lines of text in these layouts stand one or two pixels apart at 256 px:
most of what is lost is lines of one role that became one box. With `--inset 1` they are drawn as the network that draws
does it, whose elements are each a pixel further in.
"""

import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.benchmark import Benchmark
from layoutgen.core.layout import Box, Role, Suggestion, inside, iou
from layoutgen.core.proposals.layout_image import boxes_px, draw, parse
from layoutgen.models.denoising.images.encoding import inset
from layoutgen.training.corpus.posters import Corpus, CorpusSpec

BENCHMARK = Benchmark(
    "layout_image",
    "elements read from layout images that were spoilt",
    "the layouts that were drawn",
    seconds=40,
    full="200 posters, about 9 minutes",
)
Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def jpeg(quality: int) -> Damage:
    def spoil(image: np.ndarray, _: np.random.Generator) -> np.ndarray:
        coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1]

    return spoil


def blur(sigma_px: float) -> Damage:
    return lambda image, _: cv2.GaussianBlur(image, (0, 0), sigma_px)


def noise(sigma: float) -> Damage:
    return lambda image, rng: _bytes(image + rng.normal(0, sigma, image.shape))


def salt(share: float) -> Damage:
    def spoil(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        hit = rng.random(image.shape[:2]) < share
        return np.where(hit[..., None], rng.integers(0, 256, image.shape), image).astype(np.uint8)

    return spoil


def drift(most: float) -> Damage:
    """Each channel shifted by up to `most` and stretched by up to `most` / 255."""

    def spoil(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return _bytes(image * (1 + rng.uniform(-most, most, 3) / 255) + rng.uniform(-most, most, 3))

    return spoil


def visible(elements: Sequence[Suggestion]) -> list[Suggestion]:
    """A layout without the underlays that lie on two others."""
    grounds = [element for element in elements if element.role is Role.UNDERLAY]
    return [
        element
        for element in elements
        if element.role is not Role.UNDERLAY or sum(inside(element.box, g.box) for g in grounds if g is not element) < 2
    ]


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(image), 0, 255).astype(np.uint8))


DAMAGES: dict[str, Damage] = {
    "none": lambda image, _: image,
    **{f"jpeg quality {q}": jpeg(q) for q in (90, 75, 50, 25)},
    **{f"blur sigma {s} px": blur(s) for s in (1.0, 1.5, 2.0, 3.0)},
    **{f"noise sigma {s} of 255": noise(s) for s in (10, 25, 40, 60)},
    **{f"{share:.0%} of pixels any colour": salt(share) for share in (0.01, 0.05, 0.1)},
    **{f"colour drift up to {most} of 255": drift(most) for most in (10, 20, 30, 40)},
    "blur 1 px, noise 15, jpeg 75": lambda image, rng: jpeg(75)(noise(15)(blur(1.0)(image, rng), rng), rng),
}


def measure(layouts: list[tuple[list[Suggestion], int, int]], spoil: Damage) -> dict[str, float]:
    """The measures of one damage."""
    rng = np.random.default_rng(0)
    drawn = read = hits = exact = 0
    shared: list[float] = []
    seconds: list[float] = []
    for elements, width, height in layouts:
        image = spoil(draw(elements, width, height), rng)
        began = time.perf_counter()
        parsed = parse(image)
        seconds.append(time.perf_counter() - began)
        drawn_px, read_px = boxes_px(elements, width, height), boxes_px(parsed, width, height)
        match = np.array(
            [
                [iou(a_px, b_px) * (a.role is b.role) for b, b_px in zip(parsed, read_px, strict=True)]
                for a, a_px in zip(elements, drawn_px, strict=True)
            ]
        )
        match = match.reshape(len(elements), len(parsed))
        here = match[linear_sum_assignment(match, maximize=True)]
        shared += here[here >= 0.5].tolist()
        hits += int((here >= 0.5).sum())
        drawn, read = drawn + len(elements), read + len(parsed)
        exact += _places(parsed, width, height) == _places(elements, width, height)
    return {
        "found": round(hits / drawn, 4),
        "invented": round(1 - hits / read, 4) if read else 0.0,
        "iou": round(float(np.mean(shared)), 4) if shared else 0.0,
        "exact": round(exact / len(layouts), 4),
        "ms": round(1000 * float(np.median(seconds)), 2),
    }


def _places(elements: Sequence[Suggestion], width: int, height: int) -> list[tuple[Role, Box]]:
    return sorted(zip((element.role for element in elements), boxes_px(elements, width, height), strict=True))


def main() -> None:
    """Measure every damage."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--posters", 20, 200)
    parser.add_argument("--side", type=int, default=256, help="px of the image's longer side")
    parser.add_argument("--inset", type=int, default=0, help="px by which each side is drawn further in")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    corpus = Corpus(CorpusSpec(seed=5, side=224, grounds=24))
    layouts = []
    for index in range(given.posters):
        poster = corpus.poster(index)
        scale = given.side / max(poster.canvas.width, poster.canvas.height)
        size = round(poster.canvas.width * scale), round(poster.canvas.height * scale)
        elements = visible(poster.suggestions)
        layouts.append((inset(elements, *size, given.inset) if given.inset else elements, *size))
    for case, spoil in DAMAGES.items():
        about = {"posters": given.posters, "side": given.side, "inset": given.inset}
        BENCHMARK.line(case, **measure(layouts, spoil), **about)


if __name__ == "__main__":
    main()
