"""How well the embedded annotator finds the lines that designers placed, beside rapidocr as it comes.

    python -m benchmarks.annotation --posters ../shared/data/posters.jsonl --products ../shared/data/products.jsonl
        [--most 8] [--full] [--output results.jsonl]

Prints one JSON line. `ours` and `other` are F1 against the published text-line boxes, greedy one-to-one matching at IoU
0.5; ours counts placed lines only. Of the 91 published boxes 16 mark print on the product or in the scene (a player's
screen, wall lettering), which by our definition no designer placed: `placed_recall` is against the other 75, and
`read_recall` is all that we read, placed or not, against the 91. Times are milliseconds an image on one thread.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmarks.benchmark import Benchmark
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Box, iou, to_px
from layoutgen.core.text.distance import edits, plain
from layoutgen.models.annotators.ocr import OcrAnnotator
from layoutgen.models.finders.border import BorderSaliency

Line = tuple[str, Box]

BENCHMARK = Benchmark(
    "annotation",
    "F1 of the lines that designers placed on posters",
    "rapidocr as it comes",
    seconds=40,
    full="all posters and photos, about 5 minutes",
    uses="one thread",
)

# Published boxes, by poster, that mark print on the product or in the scene, as seen by eye.
PRINTED = {
    "02.jpg": {4},
    "06.jpg": {3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
    "07.jpg": {2},
    "09.jpg": {0, 1},
    "13.jpg": {4},
    "18.jpg": {3},
}


def main() -> None:
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--posters", type=Path, required=True)
    parser.add_argument("--products", type=Path, help="photos without designers' text, for the rate of false placed")
    parser.add_size("--most", 8, 10_000, "posters, and photos, at most")
    given = parser.parse_args()
    posters = [json.loads(row) for row in given.posters.read_text("utf-8").splitlines()][: given.most]
    images = [_image(given.posters.parent / poster["file"]) for poster in posters]
    annotator = OcrAnnotator(threads=1, saliency=BorderSaliency())
    BENCHMARK.say(f"reading {len(images)} posters, by our annotator, then by rapidocr")
    annotations, ours_ms = _timed(lambda image: annotator.annotate([image])[0], images)
    raw_lines, raw_ms = _timed(_raw_reader(), images)
    placed = [_lines(a, image, all_lines=False) for a, image in zip(annotations, images, strict=True)]
    read = [_lines(a, image, all_lines=True) for a, image in zip(annotations, images, strict=True)]
    ours, raw = _scores(placed, posters), _scores(raw_lines, posters)
    BENCHMARK.compare(
        f"{len(posters)} posters, {sum(len(p['texts']) for p in posters)} lines, IoU 0.5",
        ours["f1"],
        raw["f1"],
        "F1",
        ours_details=ours,
        other_details=raw,
        placed_recall=_scores(placed, posters, without=PRINTED)["recall"],
        read_recall=_scores(read, posters)["recall"],
        ours_ms=ours_ms,
        other_ms=raw_ms,
        products=_false_placed(given.products, annotator, given.most) if given.products else None,
    )


def _raw_reader() -> Callable[[np.ndarray], list[Line]]:
    from rapidocr import RapidOCR

    reader = RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1})

    def read(image: np.ndarray) -> list[Line]:
        answer: Any = reader(np.ascontiguousarray(image[:, :, ::-1]))
        if answer.boxes is None:
            return []
        corners = [(*quad.min(axis=0), *quad.max(axis=0)) for quad in answer.boxes]
        return list(zip(answer.txts, corners, strict=True))

    return read


def _timed(work: Callable[[np.ndarray], Any], images: Sequence[np.ndarray]) -> tuple[list[Any], int]:
    """Results and the mean milliseconds an image; the first image is done once before, to warm up."""
    work(images[0])
    start = time.perf_counter()
    results = [work(image) for image in images]
    return results, round(1000 * (time.perf_counter() - start) / len(images))


def _lines(annotation: Annotation, image: np.ndarray, all_lines: bool) -> list[Line]:
    height, width = image.shape[:2]
    return [(line.text, to_px(line.box, width, height)) for line in annotation.lines if line.placed or all_lines]


def _scores(
    read: Sequence[Sequence[Line]], posters: Sequence[dict[str, Any]], without: dict[str, set[int]] | None = None
) -> dict[str, float]:
    """Recall, precision, F1, and character accuracy (1 - edits / characters) of the matched lines."""
    matched = marked = given = wrong = characters = 0
    for lines, poster in zip(read, posters, strict=True):
        left_out = (without or {}).get(Path(poster["file"]).name, set())
        pairs = _match([box for _, box in lines], [text["box"] for text in poster["texts"]])
        for i, k in pairs:
            if k in left_out:
                continue
            matched += 1
            truth = plain(poster["texts"][k]["text"])
            wrong += edits(plain(lines[i][0]), truth)
            characters += len(truth)
        marked += len(poster["texts"]) - len(left_out)
        given += len(lines)
    recall, precision = matched / marked, matched / max(1, given)
    scores = {
        "recall": recall,
        "precision": precision,
        "f1": 2 * recall * precision / max(1e-9, recall + precision),
        "character_accuracy": 1 - wrong / max(1, characters),
    }
    return {name: round(value, 3) for name, value in scores.items()}


def _match(boxes: Sequence[Box], truth: Sequence[Box]) -> list[tuple[int, int]]:
    pairs = sorted(((iou(a, b), i, k) for i, a in enumerate(boxes) for k, b in enumerate(truth)), reverse=True)
    taken: list[tuple[int, int]] = []
    for overlap, i, k in pairs:
        if overlap >= 0.5 and all(i != a and k != b for a, b in taken):
            taken.append((i, k))
    return taken


def _false_placed(products: Path, annotator: OcrAnnotator, most: int) -> dict[str, float]:
    """Count the lines called placed on photos that no designer touched."""
    rows = [json.loads(row) for row in products.read_text("utf-8").splitlines()][:most]
    BENCHMARK.say(f"reading {len(rows)} photos that no designer touched")
    annotations: Any = [annotator.annotate([_image(products.parent / row["image"])])[0] for row in rows]
    false = [sum(line.placed for line in annotation.lines) for annotation in annotations]
    lines = sum(len(annotation.lines) for annotation in annotations)
    return {
        "photos": len(rows),
        "lines_read": lines,
        "lines_false_placed": sum(false),
        "photos_with_false_placed": sum(count > 0 for count in false),
        "false_placed_rate": round(sum(false) / max(1, lines), 3),
    }


def _image(path: Path) -> np.ndarray:
    return np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))  # as the boxes are marked


if __name__ == "__main__":
    main()
