"""How well and how fast the embedded saliency network finds subjects, against two finders without weights.

    python -m benchmarks.saliency [--case CASE …] [--data FOLDER] [--pictures 50] [--full] [--output results.jsonl]

- `composites`: composites of drawn things that training never saw (other seeds, held-back demo products).
- `packshots_on_grounds`, `packshots_on_photos` (with --data): packshots on white in FOLDER, cut out by thresholding,
  pasted on the strips between the subject and the edges of the outlined photos, and on whole photos, whose own subject
  then lies behind: what the subject is there is a matter of opinion. Packshots and photos are those that training
  holds back (by name).
- `packshots` (with --data): the same packshots as they are, on white.
- `photos` (with --data): 24 held-back photos of clothes at home, outlined roughly by hand (`saliency_outlines.jsonl`).
- `speed`: images a second on one core, 768 px photos, reading and writing of files left out; against the border finder.

One JSON line a case. `ours` and `other` are max-F (beta² 0.3) of the network and of the better of the two finders:
border contrast, which this program had before, and spectral residual (Hou and Zhang 2007). IoU (at 0.5) and MAE of all
three stand beside them.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: one core is what is claimed

import cv2
import numpy as np

from benchmarks.benchmark import Benchmark
from layoutgen.imaging.shrinking import shrink
from layoutgen.models.base import Saliency
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.models.finders.network import NetSaliency, onnx_model
from layoutgen.training.corpus.composites import Stock, composite, held_back, outskirts, read_folder, stock
from layoutgen.training.corpus.cutouts import from_packshot

BENCHMARK = Benchmark(
    "saliency",
    "how well and fast the embedded network finds subjects",
    "border contrast and spectral residual",
    seconds=50,
    full="200 composites, about 2 minutes, and 5 with photos",
    uses="one core",
)
Pair = tuple[np.ndarray, np.ndarray]
SIDE = 256
THRESHOLDS = np.linspace(0, 1, 101)


class SpectralResidual:
    """Saliency from the log spectrum's deviation from its local mean, at 64 px (Hou and Zhang 2007)."""

    def saliency(self, images: list[np.ndarray]) -> list[np.ndarray]:
        """Maps (64, 64) in [0, 1]."""
        return [
            self._map(cv2.cvtColor(cv2.resize(i, (64, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY))
            for i in images
        ]

    def _map(self, grey: np.ndarray) -> np.ndarray:
        spectrum = np.fft.fft2(grey.astype(np.float64))
        log = np.log(np.abs(spectrum) + 1e-9)
        residual = log - cv2.blur(log, (3, 3))
        energy = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
        smooth = cv2.GaussianBlur(energy, (0, 0), 2.5)
        return (smooth / max(smooth.max(), 1e-12)).astype(np.float32)


def composites(_: Path | None, count: int) -> Iterator[Pair]:
    """Drawn things on drawn grounds."""
    parts = stock(np.random.default_rng(10_001), cutouts=count, grounds=count // 2, evaluation=True)
    yield from (composite(parts, np.random.default_rng([10_002, k]), SIDE) for k in range(count))


def packshots_on_grounds(data: Path | None, count: int) -> Iterator[Pair]:
    """Real packshots on what surrounds the subject of real photos."""
    parts = Stock(_held_back(data)[0], [part for photo, mask in photos(data, 0) for part in outskirts(photo, mask)])
    if not parts.cutouts or not parts.grounds:
        return
    yield from (composite(parts, np.random.default_rng([10_003, k]), SIDE) for k in range(count))


def packshots_on_photos(data: Path | None, count: int) -> Iterator[Pair]:
    """Real packshots on whole photos."""
    parts = Stock(*_held_back(data))
    yield from (composite(parts, np.random.default_rng([10_004, k]), SIDE) for k in range(count))


def packshots(data: Path | None, count: int) -> Iterator[Pair]:
    """Real packshots as they are; a little cropping and scaling would not change much."""
    for _, image in read_folder(data or Path(), held_back):
        cut = from_packshot(image)
        if cut is None:
            continue
        height, width = (round(n * 1.3) for n in cut.shape[:2])
        top, left = round(cut.shape[0] * 0.15), round(cut.shape[1] * 0.15)
        alpha = np.zeros((height, width, 1), np.float32)
        alpha[top : top + cut.shape[0], left : left + cut.shape[1], 0] = cut[..., 3] / 255
        picture = np.full((height, width, 3), 255, np.float32)
        inner = picture[top : top + cut.shape[0], left : left + cut.shape[1]]
        inner[:] = inner * (1 - cut[..., 3:] / 255) + cut[..., :3] * (cut[..., 3:] / 255)
        yield picture.astype(np.uint8), (alpha[..., 0] * 255).astype(np.uint8)


def photos(data: Path | None, _: int) -> Iterator[Pair]:
    """Real photos of FOLDER that `saliency_outlines.jsonl` outlines."""
    pictures = dict(read_folder(data or Path(), held_back))
    for line in Path(__file__).with_name("saliency_outlines.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["image"] in pictures:
            image = pictures[row["image"]]
            mask = np.zeros(image.shape[:2], np.uint8)
            size = np.array(image.shape[1::-1])
            cv2.fillPoly(mask, [np.rint(np.array(outline) * size).astype(np.int32) for outline in row["outlines"]], 255)
            yield image, mask


def _held_back(data: Path | None) -> tuple[list[np.ndarray], list[np.ndarray]]:
    cuts, others = [], []
    for _, image in read_folder(data or Path(), held_back):
        cut = from_packshot(image)
        if cut is None:
            others.append(image)
        else:
            cuts.append(cut)
    return cuts, others


def measure(finder: Saliency, pairs: list[Pair]) -> dict[str, float]:
    """Max-F, IoU and MAE of a finder, means over pictures; higher, higher and lower are better."""
    precision, recall = np.zeros(len(THRESHOLDS)), np.zeros(len(THRESHOLDS))
    iou = mae = 0.0
    for picture, mask in pairs:
        saliency = cv2.resize(finder.saliency([picture])[0], mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        real = mask > 127
        mae += float(np.abs(saliency - mask / 255).mean())
        over = saliency > 0.5
        iou += (over & real).sum() / max((over | real).sum(), 1)
        # Pixels at or above each threshold, from histograms.
        bins = np.clip((saliency * 100).astype(int), 0, 100)
        hits = np.bincount(bins[real], minlength=101)[::-1].cumsum()[::-1]
        all_ = np.bincount(bins.ravel(), minlength=101)[::-1].cumsum()[::-1]
        precision += np.where(all_ > 0, hits / np.maximum(all_, 1), 1)
        recall += hits / max(real.sum(), 1)
    precision, recall = precision / len(pairs), recall / len(pairs)
    scores = 1.3 * precision * recall / np.maximum(0.3 * precision + recall, 1e-12)
    return {
        "max_f": round(float(scores.max()), 4),
        "iou": round(float(iou) / len(pairs), 4),
        "mae": round(mae / len(pairs), 4),
    }


def speed(net: Saliency) -> None:
    """Images a second of the network, its preparing and stretching included, and of the border finder."""
    parts = stock(np.random.default_rng(3), cutouts=20, grounds=20)
    pictures = [composite(parts, np.random.default_rng([4, k]), 768)[0] for k in range(24)]
    rates = {}
    for name, finder in (("ours", net), ("other", BorderSaliency())):
        finder.saliency(pictures[:2])
        best = 0.0
        for _ in range(3):
            began = time.process_time()
            finder.saliency(pictures)
            best = max(best, len(pictures) / (time.process_time() - began))
        rates[name] = best
    BENCHMARK.compare("speed", rates["ours"], rates["other"], "images/s a core, 768 px")


CASES = {
    "composites": composites,
    "packshots": packshots,
    "packshots_on_grounds": packshots_on_grounds,
    "packshots_on_photos": packshots_on_photos,
    "photos": photos,
}


def main() -> None:
    """Run the cases asked for."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", choices=[*CASES, "speed"], action="append")
    parser.add_argument("--data", type=Path, help="folder with packshots and photos")
    parser.add_size("--pictures", 50, 200, "composites of each case that is made of them")
    parser.add_argument("--weights", type=Path, help="another training's saliency.safetensors")
    parser.add_argument("--card", type=Path, help="write the network's scores into this card (saliency.json)")
    given = parser.parse_args()
    measured: dict[str, object] = {}
    cv2.setNumThreads(1)
    net = NetSaliency(model=onnx_model(_weights(given.weights)) if given.weights else None)
    finders: dict[str, Saliency] = {"net": net, "border": BorderSaliency(), "spectral_residual": SpectralResidual()}
    for case in given.case or (["composites", *(list(CASES)[1:] if given.data else []), "speed"]):
        BENCHMARK.say(f"{case}: drawing, then measuring")
        if case == "speed":
            speed(net)
        else:
            pairs = [(shrink(picture, SIDE), mask) for picture, mask in CASES[case](given.data, given.pictures)]
            if not pairs:
                parser.error(f"--case {case} needs --data with packshots and photos")
            scores = {name: measure(finder, pairs) for name, finder in finders.items()}
            ours, other = scores["net"]["max_f"], max(scores["border"]["max_f"], scores["spectral_residual"]["max_f"])
            BENCHMARK.compare(case, ours, other, "max-F", **scores, pictures=len(pairs))
            measured[case] = scores["net"]
    if given.card:
        card = json.loads(given.card.read_text("utf-8"))
        card["measured"] = {**card.get("measured", {}), **measured}
        given.card.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _weights(path: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(path)


if __name__ == "__main__":
    main()
