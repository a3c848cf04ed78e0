"""What a language model's key elements do to covers when they are wrong, as they are and grounded in a finder's map.

python -m benchmarks.key_elements [--pictures 8] [--data FOLDER] [--full] [--output results.jsonl]

Pictures are composites of drawn things whose masks are known; with --data, the outlined photos of `saliency` besides.
No model's weights are needed: the answer is the truth (a box around each part of the mask), spoiled as such models
spoil it:

- `right`: not at all
- `jittered`: noise on each side of a box, normal, 6 % of the picture's side
- `shifted`: boxes moved by 10 to 20 % of the picture's sides
- `hallucinated`: besides, one or two boxes of 20 to 50 % of the picture's sides where nothing is
- `missing`: each box is left out in half of the cases
- `whole`: a box of the whole picture besides, or, in half of the pictures, in place of the others
- `all`: missing, jittered and hallucinated, and in a third of the pictures whole

Each picture gets a title of twelve characters on 1:1. One JSON line for each finder and way of spoiling: `ours`
grounded by `core.covers.key_elements`, `other` the answer as it is, each box protected whole; `finder` without a
language model. Of each:

- `protected`: mean of the protection map, [0, 1], over what matters; higher is better
- `lost`: the same over all else, which is room for a title; lower is better
- `hidden`: share of what matters under the title, mean over covers; lower is better
- `photo`: share of the canvas on which the cover shows its photo; a panel takes the rest
- `title_px`: size of the title, mean, on a side of 1080
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

from benchmarks import saliency
from benchmarks.benchmark import Benchmark
from benchmarks.covers import composed
from layoutgen.config.stages import CoverPlaceSettings, SaliencySettings
from layoutgen.core.covers import key_elements
from layoutgen.core.covers.protection import SAFE_ZONES, Contents
from layoutgen.core.layout import Copy, Role, area, parse_canvas
from layoutgen.core.prompts.covers import KeyElement, Kind
from layoutgen.imaging import framed
from layoutgen.models.building import composers, finders
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.cover_check import Photo
from layoutgen.models.composers.covers import CoverComposer
from layoutgen.training.corpus.composites import composite, stock

BENCHMARK = Benchmark(
    "key_elements",
    "covers by a language model's spoiled key elements, grounded",
    "its key elements as they are, and the finder alone",
    seconds=17,
    full="60 pictures, about 2 minutes",
    uses="one core",
)
TITLE = Copy("三分钟学会秋冬通勤好穿搭")
CANVAS = parse_canvas("1:1", 1080)
JITTER, SHIFT = 0.06, (0.1, 0.2)
_SIDE, _SMALLEST, _EMPTY = 384, 0.01, 0.1

Elements = Sequence[KeyElement]


@dataclass(frozen=True, eq=False)
class Case:
    """A picture (h, w, 3), what matters in it (h, w) bool, and the finder's map."""

    pixels: np.ndarray
    matters: np.ndarray
    subject: np.ndarray


def truth(matters: np.ndarray) -> Elements:
    """An element for each part of what matters."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(matters.astype(np.uint8))
    height, width = matters.shape
    return [
        KeyElement(Kind.PRODUCT, "thing", (x / width, y / height, (x + w) / width, (y + h) / height))
        for x, y, w, h, size in stats[1:].tolist()
        if size >= _SMALLEST * matters.size
    ]


def _moved(elements: Elements, by: Callable[[], np.ndarray]) -> Elements:
    out = []
    for element in elements:
        x1, y1, x2, y2 = np.clip(np.array(element.box) + by(), 0, 1).tolist()
        x1, y1 = min(x1, 0.98), min(y1, 0.98)
        out.append(replace(element, box=(x1, y1, max(x2, x1 + 0.02), max(y2, y1 + 0.02))))
    return out


def jittered(elements: Elements, _: np.ndarray, rng: np.random.Generator) -> Elements:
    """Noise on each side."""
    return _moved(elements, lambda: rng.normal(0, JITTER, 4))


def shifted(elements: Elements, _: np.ndarray, rng: np.random.Generator) -> Elements:
    """Boxes moved as they are."""
    return _moved(elements, lambda: np.tile(rng.uniform(*SHIFT, 2) * rng.choice([-1, 1], 2), 2))


def hallucinated(elements: Elements, matters: np.ndarray, rng: np.random.Generator) -> Elements:
    """Boxes besides, of which less than a tenth matters."""
    height, width = matters.shape
    invented: list[KeyElement] = []
    for _ in range(200):
        w, h = rng.uniform(0.2, 0.5, 2)
        x, y = rng.uniform(0, 1 - w), rng.uniform(0, 1 - h)
        inside = matters[int(y * height) : int((y + h) * height), int(x * width) : int((x + w) * width)]
        if inside.mean() < _EMPTY:
            invented.append(KeyElement(Kind.OBJECT, "nothing", (x, y, x + w, y + h)))
    return [*elements, *invented[: int(rng.integers(1, 3))]]


def missing(elements: Elements, _: np.ndarray, rng: np.random.Generator) -> Elements:
    """Half of the boxes."""
    return [element for element in elements if rng.random() < 0.5]


def whole(elements: Elements, _: np.ndarray, rng: np.random.Generator) -> Elements:
    """A box of the whole picture."""
    everything = KeyElement(Kind.OBJECT, "everything", (0.0, 0.0, 1.0, 1.0))
    return [everything] if rng.random() < 0.5 else [*elements, everything]


def spoiled(elements: Elements, matters: np.ndarray, rng: np.random.Generator) -> Elements:
    """All at once."""
    for spoil in (missing, jittered, hallucinated, *([whole] if rng.random() < 1 / 3 else [])):
        elements = spoil(elements, matters, rng)
    return elements


SPOILS: dict[str, Callable[[Elements, np.ndarray, np.random.Generator], Elements]] = {
    "right": lambda elements, *_: elements,
    "jittered": jittered,
    "shifted": shifted,
    "hallucinated": hallucinated,
    "missing": missing,
    "whole": whole,
    "all": spoiled,
}


def main() -> None:
    """Draw, spoil, place, and print what came of it."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--pictures", 8, 60, "composites")
    parser.add_argument("--data", type=Path, help="folder of the outlined photos")
    given = parser.parse_args()
    settings = CoverPlaceSettings()
    composer = composers.cover_composer(settings, SAFE_ZONES, FaceFor(settings))
    sets = {"drawn": drawn(given.pictures)}
    if given.data:
        sets["photos"] = [(pixels, mask > 127) for pixels, mask in saliency.photos(given.data, 0)]
    for name, pictures in sets.items():
        for model in ("net", "border"):
            finder = finders.saliency(SaliencySettings(model=model))
            cases = [Case(pixels, matters, finder.saliency([pixels])[0]) for pixels, matters in pictures]
            measure(f"{name}, {model}", cases, composer)


def measure(name: str, cases: Sequence[Case], composer: CoverComposer) -> None:
    """A line for each way of spoiling."""
    alone = measured(cases, [None] * len(cases), composer)
    for spoil, change in SPOILS.items():
        rng = np.random.default_rng(1)
        answers = [change(truth(case.matters), case.matters, rng) for case in cases]
        ours = [
            key_elements.joined(case.subject, key_elements.ground(answer, case.subject))
            for case, answer in zip(cases, answers, strict=True)
        ]
        other = [as_said(case.subject, answer) for case, answer in zip(cases, answers, strict=True)]
        unit = f"of {len(cases)} covers; see the module"
        BENCHMARK.line(
            f"{name}: {spoil}",
            ours=measured(cases, ours, composer),
            other=measured(cases, other, composer),
            finder=alone,
            unit=unit,
        )


def as_said(subject: np.ndarray, answer: Elements) -> np.ndarray:
    """A subject map in which every box counts whole."""
    values = subject.copy()
    height, width = values.shape
    for left, top, right, bottom in (element.box for element in answer):
        values[int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))] = 1
    return values


def measured(cases: Sequence[Case], maps: Sequence[np.ndarray | None], composer: CoverComposer) -> dict[str, float]:
    """What the module's docstring names; a map of None is the finder's alone."""
    rows = []
    for case, values in zip(cases, maps, strict=True):
        dear = case.subject if values is None else values
        matters = cv2.resize(case.matters.astype(np.float32), dear.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
        photo = Photo(case.pixels, Contents(case.subject, with_elements=values))
        cover = composed(composer, photo, TITLE, CANVAS)
        shown = replace(cover.framing, backdrop="#000000")
        laid = (
            framed.draw(np.repeat((255 * case.matters[..., None]).astype(np.uint8), 3, 2), shown, CANVAS, 540)[..., 0]
            > 127
        )
        title = next(element for element in cover.elements if element.role is Role.TITLE)
        left, top, right, bottom = (round(side * 540) for side in title.box)
        hidden = laid[top:bottom, left:right].sum() / max(1, laid.sum())
        rows.append([dear[matters].mean(), dear[~matters].mean(), hidden, area(cover.framing.picture), title.font_px])
    names = ("protected", "lost", "hidden", "photo", "title_px")
    return dict(zip(names, np.mean(rows, axis=0).round(4).tolist(), strict=True))


def drawn(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pictures with a subject, and what matters in them."""
    things = stock(np.random.default_rng(7), cutouts=24, grounds=24, evaluation=True)
    pairs: list[tuple[np.ndarray, np.ndarray]] = []
    number = 0
    while len(pairs) < count:
        pixels, mask = composite(things, np.random.default_rng([7, number]), _SIDE)
        number += 1
        if 0.03 < (mask > 127).mean() < 0.6:
            pairs.append((pixels, mask > 127))
    return pairs


if __name__ == "__main__":
    main()
