"""How fast layouts are measured on one core: ours, vectorised over layouts, against plain loops over layouts.

    python -m benchmarks.metrics [--case graphic|content] [--full] [--output results.jsonl]

One JSON line a case; `ratio` above 1 means ours is better. Both sides compute the same definitions in the same
process on the same layouts, and their results are compared before a line is printed.

- `graphic`: the five graphic metrics of the corrected PKU protocol on layouts of 8 elements, against a loop in plain
  Python as the protocol's program is written. `all_protocols` is our rate for PKU twice, RALF and CGL together.
- `content`: RALF's three content metrics at 240 x 350 px, against a loop over layouts that makes each metric by
  itself with numpy and OpenCV's Sobel, as RALF's program is written. `pku_513x750` is our rate for PKU's.
"""

import math
import os
import time
from collections.abc import Callable

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: one core is what is claimed

import cv2
import numpy as np

from benchmarks.benchmark import Benchmark
from layoutgen.core.metrics import cgl, pku, ralf
from layoutgen.core.metrics.layouts import EMPTY, TEXT, UNDERLAY, Layouts

BENCHMARK = Benchmark(
    "metrics",
    "layouts measured a second, vectorised",
    "plain loops over layouts",
    seconds=15,
    uses="one core",
)
ELEMENTS = 8


def main() -> None:
    """Run the cases asked for."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", choices=list(CASES), action="append")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds; the best of each counts")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    for case in given.case or CASES:
        CASES[case](given.rounds)


def graphic(rounds: int) -> None:
    """The graphic case."""
    sample, few = draw(50_000), draw(400)
    ours, theirs = pku.pku(few), plain_pku(few)
    for name in pku.GRAPHIC:
        assert abs((ours[name].mean or 0) - theirs[name]) < 1e-9, name
    everything = [pku.pku, pku.pku_compat, ralf.ralf, cgl.cgl]
    rates = best(
        rounds,
        {
            "ours": (lambda: pku.pku(sample), len(sample)),
            "other": (lambda: plain_pku(few), len(few)),
            "all": (lambda: [measure(sample) for measure in everything], len(sample)),
        },
    )
    unit = "layouts/s a core"
    BENCHMARK.compare("graphic", rates["ours"], rates["other"], unit, all_protocols=round(rates["all"]))


def content(rounds: int) -> None:
    """The content case."""
    layouts = draw(100)
    rng = np.random.default_rng(1)
    photos = [photo(rng, ralf.WIDTH, ralf.HEIGHT) for _ in range(len(layouts))]
    maps = [blob(rng, ralf.WIDTH, ralf.HEIGHT) for _ in range(len(layouts))]
    large = [cv2.resize(image, (pku.WIDTH, pku.HEIGHT)) for image in photos]
    large_maps = [cv2.resize(saliency, (pku.WIDTH, pku.HEIGHT)) for saliency in maps]
    ours, theirs = ralf.ralf_content(layouts, maps, photos), plain_ralf(layouts, maps, photos)
    for name in ralf.CONTENT:
        assert abs((ours[name].mean or 0) - theirs[name]) < 1e-5, name
    rates = best(
        rounds,
        {
            "ours": (lambda: ralf.ralf_content(layouts, maps, photos), len(layouts)),
            "other": (lambda: plain_ralf(layouts, maps, photos), len(layouts)),
            "large": (lambda: pku.pku_content(layouts, large_maps, large), len(layouts)),
        },
    )
    unit = "layouts/s a core, 240x350 px"
    BENCHMARK.compare("content", rates["ours"], rates["other"], unit, pku_513x750=round(rates["large"]))


CASES = {"graphic": graphic, "content": content}


def best(rounds: int, ways: dict[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """Layouts a second of each way: the best of interleaved rounds, by CPU time, so that a shared machine is fair."""
    rates = dict.fromkeys(ways, 0.0)
    for _ in range(rounds):
        for name, (work, count) in ways.items():
            began = time.process_time()
            work()
            rates[name] = max(rates[name], count / (time.process_time() - began))
    return rates


def draw(count: int) -> Layouts:
    """Random layouts of 8 elements, about a third of them underlays."""
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 0.7, (count, ELEMENTS, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0.05, 0.3, (count, ELEMENTS, 2))], 2)
    return Layouts.of(boxes, rng.integers(1, 4, (count, ELEMENTS)))


def photo(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A smooth picture with some grain."""
    coarse = rng.integers(0, 255, (9, 6, 3), np.uint8)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return np.clip(smooth + rng.integers(-6, 7, smooth.shape), 0, 255).astype(np.uint8)


def blob(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """A soft saliency map."""
    return cv2.resize(rng.random((7, 5), np.float32), (width, height))


def plain_pku(layouts: Layouts) -> dict[str, float]:
    """The corrected PKU graphic metrics, one layout, element and pair at a time."""
    valid = given = bearing = 0
    ove = ali = loose = strict = 0.0
    for boxes, classes in zip(layouts.boxes, layouts.classes, strict=True):
        large, kinds = [], []
        for box, kind in zip(boxes.tolist(), classes.tolist(), strict=True):
            if kind == EMPTY:
                continue
            given += 1
            scaled = [np.float32(v) * np.float32(s) for v, s in zip(box, (513, 750, 513, 750), strict=True)]
            left, top, right, bottom = (float(v) for v in scaled)
            across, down = min(right, 513) - max(left, 0), min(bottom, 750) - max(top, 0)
            if max(across, 0) * max(down, 0) >= 384.75:
                valid += 1
                large.append((left, top, right, bottom))
                kinds.append(kind)
        texts = [box for box, kind in zip(large, kinds, strict=True) if kind != UNDERLAY]
        unders = [box for box, kind in zip(large, kinds, strict=True) if kind == UNDERLAY]
        if texts:
            pairs = ((a, b) for i, a in enumerate(texts) for b in texts[i + 1 :])
            ove += sum(_shared(a, b) / (_area(a) + _area(b) - _shared(a, b)) for a, b in pairs) / len(texts)
        if len(large) > 1:
            smallest = min(
                abs(value - other) for axis in zip(*map(_axes, large), strict=True) for i, value in enumerate(axis)
                for other in axis[i + 1 :]
            )  # fmt: skip
            ali += len(large) * -math.log10(1 - float(smallest))
        if unders:
            bearing += 1
            loose += sum(max((_shared(u, o) / _area(o) for o in texts), default=0.0) for u in unders) / len(unders)
            strict += sum(any(_holds(u, o) for o in texts) for u in unders) / len(unders)
    count = len(layouts)
    return {"val": valid / given, "ove": ove / count, "ali": ali / count,
            "und_l": loose / bearing, "und_s": strict / bearing}  # fmt: skip


def _area(box: tuple[float, ...]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _shared(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _holds(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] <= b[0] and a[1] <= b[1] and a[2] >= b[2] and a[3] >= b[3]


def _axes(box: tuple[float, ...]) -> tuple[np.float32, ...]:
    left, top, right, bottom = (np.float32(v) / np.float32(s) for v, s in zip(box, (513, 750, 513, 750), strict=True))
    two = np.float32(2)
    return left, top, (left + right) / two, (top + bottom) / two, right, bottom


def plain_ralf(layouts: Layouts, maps: list[np.ndarray], photos: list[np.ndarray]) -> dict[str, float]:
    """RALF's content metrics, one layout and one metric at a time."""
    sums = dict.fromkeys(ralf.CONTENT, 0.0)
    for boxes, classes, saliency, image in zip(layouts.boxes, layouts.classes, maps, photos, strict=True):
        keep = [k for k in range(len(boxes)) if classes[k] != EMPTY and _area(tuple(boxes[k])) > 1e-3]
        cells = [[round(float(v) * s) for v, s in zip(np.clip(boxes[k], 0, 1), (240, 350, 240, 350), strict=True)]
                 for k in keep]  # fmt: skip
        mask = np.zeros((350, 240), np.float32)
        for left, top, right, bottom in cells:
            mask[top:bottom, left:right] = 1
        free = 1.0 - saliency
        sums["utilization"] += float((free * mask).sum() / free.sum())
        mask = np.zeros((350, 240), np.float32)
        for left, top, right, bottom in cells:
            mask[top:bottom, left:right] = 1
        under = saliency[mask.astype(bool)]
        sums["occlusion"] += float(under.mean()) if len(under) else 0.0
        mask = np.zeros((350, 240), np.float32)
        for kind, value in ((TEXT, 1), (UNDERLAY, 0)):
            for k, (left, top, right, bottom) in zip(keep, cells, strict=True):
                if classes[k] == kind:
                    mask[top:bottom, left:right] = value
        grey = cv2.cvtColor(image.astype(np.float32), cv2.COLOR_RGB2GRAY)
        dx, dy = cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)
        size = ((dx**2 + dy**2) / 2) ** 0.5
        steep = (size / np.max(size))[mask.astype(bool)]
        sums["unreadability"] += float(steep.mean()) if len(steep) else 0.0
    return {name: total / len(layouts) for name, total in sums.items()}


if __name__ == "__main__":
    main()
