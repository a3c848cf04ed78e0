"""What an OCR engine adds to a vision-language model's annotation, on drawn posters whose every text is known.

python -m benchmarks.grounding [--posters 15] [--full] [--output results.jsonl]

The demo's products are laid out by the embedded composer and drawn; each text's true box is that of its drawn glyphs.
No model's weights are needed: the language model's answer is the truth, spoiled as such models spoil it, with

- noise on each side of a box, normal, 3 % of the image's side,
- 10 % of the characters wrong,
- 10 % of the texts missing, and in half of the posters one that is not there.

`other` is that answer by itself, `ours` the same grounded in what the embedded OCR read (`core.reading.grounding`),
`ocr` the OCR annotator alone. Texts are matched with the true ones by the greatest sum of IoU and string similarity;
one JSON line a case:

- `iou`: mean over true texts, 0 for one without a match
- `characters`: 1 - edits / characters over true texts, 0 for one without a match
- `roles`: share of true texts whose match has the right role
- `precision`: share of the given texts that are matched with an IoU of at least 0.5
- `invented`: share of the texts given the mark `grounded` = False that are invented; `other` is that share among all
"""

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.benchmark import Benchmark
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Box, Canvas, Copy, Role, iou
from layoutgen.core.placing import placement
from layoutgen.core.reading.grounding import ground
from layoutgen.core.reading.text_roles import language
from layoutgen.core.text.distance import edits, plain
from layoutgen.goods.shots import SHOTS
from layoutgen.goods.wording import WORDING
from layoutgen.imaging import drawing, framed
from layoutgen.models.annotators.ocr import OcrAnnotator
from layoutgen.models.base import Brief, Composition
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.rules import RulesComposer
from layoutgen.models.finders.border import BorderSaliency

BENCHMARK = Benchmark(
    "grounding",
    "a language model's annotation joined with OCR's lines",
    "that annotation by itself, and OCR alone",
    seconds=45,
    full="90 posters, about 4 minutes",
    uses="one core",
)
CANVASES = (Canvas(900, 1200), Canvas(1080, 1080), Canvas(1280, 720))
_SIDE = 256
BOX_NOISE, WRONG, MISSING, INVENTED = 0.03, 0.1, 0.1, 0.5


@dataclass(frozen=True)
class Poster:
    """A drawn poster, (h, w, 3) uint8, and the texts on it."""

    pixels: np.ndarray
    texts: tuple[TextLine, ...]


def main() -> None:
    """Draw, spoil, ground, and print what came of it."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--posters", 15, 90)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    BENCHMARK.say(f"drawing {given.posters} posters")
    posters = draw_posters(given.posters)
    BENCHMARK.say(f"reading {len(posters)} posters")
    answers, fake = spoil(posters, random.Random(given.seed))
    reader = OcrAnnotator(saliency=BorderSaliency())
    read = [annotation.lines for annotation in map(_whole, reader.annotate([poster.pixels for poster in posters]))]
    began = time.perf_counter()
    grounded = [ground(named, lines) for named, lines in zip(answers, read, strict=True)]
    joining = time.perf_counter() - began
    placed = [[text for text in texts if text.placed] for texts in (*grounded, *read)]
    ours, ocr = placed[: len(posters)], placed[len(posters) :]
    scores = {name: score(given, posters) for name, given in (("ours", ours), ("other", answers), ("ocr", ocr))}
    rows: dict[str, dict[str, Any]] = {
        case: {name: round(values[case], 3) for name, values in scores.items()} for case in scores["ours"]
    }
    marked = [text for texts in grounded for text in texts if text.grounded is False]
    named = sum(map(len, answers))
    rows["invented"] = {
        "ours": round(sum((text.text, text.box) in fake for text in marked) / max(1, len(marked)), 3),
        "other": round(len(fake) / named, 3),
        "marked": len(marked),
        "invented": len(fake),
    }
    rows["iou"]["joining_ms"] = round(1000 * joining / len(posters), 1)
    units = dict.fromkeys(rows, f"share, {len(posters)} posters, {sum(len(p.texts) for p in posters)} texts")
    units["iou"] = units["iou"].replace("share", "mean IoU")
    for case, values in rows.items():
        ratio = round(values["ours"] / values["other"], 2) if values["other"] else None
        BENCHMARK.line(case, **values, ratio=ratio, unit=units[case])


def draw_posters(count: int) -> list[Poster]:
    """Lay out and draw the demo's products, each on one canvas after the other."""
    settings = PlaceSettings()
    face_for = FaceFor(settings)
    composer = RulesComposer(BorderSaliency(), face_for, margin=settings.margin, min_font=settings.min_font)
    jobs = [(name, canvas) for canvas in CANVASES for name in WORDING if name in SHOTS]
    posters: list[Poster] = []
    photos: dict[str, np.ndarray] = {}
    for number, (name, canvas) in enumerate(jobs):
        if len(posters) == count:
            break
        if name not in photos:
            photos[name] = np.asarray(SHOTS[name].picture(np.random.default_rng(number)).convert("RGB"))
        wording = WORDING[name]
        copy = Copy(wording.title, wording.selling_points, wording.brand, language=wording.language)
        (answer,) = composer.compose([Brief(photos[name], Annotation(), copy, canvas)])
        if not isinstance(answer, Composition):
            continue
        picture = framed.draw(photos[name], answer.framing, canvas, max(canvas.width, canvas.height))
        saliency = BorderSaliency().saliency([photos[name]])[0]
        views = [framed.draw(view, answer.framing, canvas, _SIDE) for view in (photos[name], saliency)]
        behind = placement.Ground(views[0], views[1])
        short = min(canvas.width, canvas.height)
        limits = placement.Limits(settings.margin * short, round(settings.min_font * short), settings.min_contrast)
        elements = placement.place(answer.suggestions, canvas, behind, face_for, limits).elements
        texts = tuple(
            TextLine(e.text, _ink(e, canvas), e.role, language(e.text), e.colour, 1.0, True)
            for e in elements
            if e.role is not Role.UNDERLAY
        )
        posters.append(Poster(drawing.draw(picture, list(elements), canvas), texts))
    return posters


def _ink(element: Any, canvas: Canvas) -> Box:
    """The box of an element's drawn glyphs."""
    blank = np.zeros((canvas.height, canvas.width, 3), np.uint8)
    drawn = drawing.draw(blank, [replace(element, colour="#ffffff")], canvas)[..., 0] > 64
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    return (
        columns[0] / canvas.width,
        rows[0] / canvas.height,
        (columns[-1] + 1) / canvas.width,
        (rows[-1] + 1) / canvas.height,
    )


def spoil(posters: Sequence[Poster], rng: random.Random) -> tuple[list[list[TextLine]], set[tuple[str, Box]]]:
    """What a language model might say of the posters, and which of its texts (string and box) are invented."""
    every = [text.text for poster in posters for text in poster.texts]
    answers: list[list[TextLine]] = []
    fake: set[tuple[str, Box]] = set()
    for poster in posters:
        named = [
            replace(text, text=_misread(text.text, every, rng), box=_noisy(text.box, rng)) for text in poster.texts
        ]
        named = [text for text in named if rng.random() >= MISSING]
        if rng.random() < INVENTED:
            other = rng.choice([text for text in every if text not in {mine.text for mine in poster.texts}])
            x, y = rng.uniform(0, 0.6), rng.uniform(0, 0.9)
            box = (x, y, x + rng.uniform(0.2, 0.4), y + rng.uniform(0.04, 0.1))
            named.append(TextLine(other, box, Role.SELLING_POINT, language(other), "#000000", 1.0, True))
            fake.add((other, box))
        answers.append(named)
    return answers, fake


def _misread(text: str, every: Sequence[str], rng: random.Random) -> str:
    return "".join(
        rng.choice(rng.choice(every)) if character != " " and rng.random() < WRONG else character for character in text
    )


def _noisy(box: Box, rng: random.Random) -> Box:
    x1, y1, x2, y2 = (min(1.0, max(0.0, side + rng.gauss(0, BOX_NOISE))) for side in box)
    return (min(x1, x2 - 0.001), min(y1, y2 - 0.001), max(x2, x1 + 0.001), max(y2, y1 + 0.001))


def score(given: Sequence[Sequence[TextLine]], posters: Sequence[Poster]) -> dict[str, float]:
    """The shares that the module's docstring names."""
    overlap = characters = roles = right = 0.0
    for texts, poster in zip(given, posters, strict=True):
        worth = np.array([[iou(a.box, b.box) + _alike(a.text, b.text) for a in texts] for b in poster.texts])
        for i, k in zip(*linear_sum_assignment(worth, maximize=True), strict=True) if len(texts) else ():
            true, match = poster.texts[i], texts[k]
            if worth[i, k] < 0.1:
                continue
            shared = iou(match.box, true.box)
            overlap += shared
            right += shared >= 0.5
            characters += max(0, len(plain(true.text)) - edits(plain(match.text), plain(true.text)))
            roles += match.role is true.role
    true_texts = [text for poster in posters for text in poster.texts]
    return {
        "iou": overlap / len(true_texts),
        "characters": characters / sum(len(plain(text.text)) for text in true_texts),
        "roles": roles / len(true_texts),
        "precision": right / max(1, sum(map(len, given))),
    }


def _alike(a: str, b: str) -> float:
    a, b = plain(a), plain(b)
    return 1 - edits(a, b) / max(len(a), len(b), 1)


def _whole(annotation: Any) -> Annotation:
    assert isinstance(annotation, Annotation), annotation
    return annotation


if __name__ == "__main__":
    main()
