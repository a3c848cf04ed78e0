"""The product's own pixels: packshots cut out, products placed and pasted, against what most scripts do.

    python -m benchmarks.products [--products N] [--photos FOLDER] [--full] [--output FILE]

The alternative is a threshold on white with a Gaussian feather, and compositing in floats. Drawn products with exact
opacity are cut from packshots (JPEG, quality 90), and placed and pasted at 512 and 1080 px, on one core. Cases:

- `cut 512`, `cut 1080`: packshots a second; `iou`, `boundary_iou` (Cheng et al. 2021, at 1 % of the diagonal) and
  `rim`, the levels that the outline is lighter on black than the product, each [ours, the other's]
- `white`: the same goods in 30 % and in 12 % of their colours, on white: the share that can be cut out with a finder's
  map (ours) and without one (other), and of these the share with an IoU of at least .85
- `paste 512`, `paste 1080`: pictures a second with shadow and harmonised ground; `unchanged`, the share of opaque
  pixels of the product that are as they were, [ours, the other's]; `encoded`, mean and 99th percentile of the levels
  that they differ by in a file, by its format and quality
- `growth`: share of drawn grounds with a copied or grown product, by 2 % of the canvas or more, that the check sees
  (ours), and of those without that it blames (other)
- `finder`: on real photos, of `--photos` with `products.jsonl`, `products/` and `masks/`: boundary IoU of the
  finder's matte, refined against the map; `precision` and `recall` of calling a cut-out usable, which is one with an
  IoU of .9 at least
"""

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.benchmark import Benchmark
from layoutgen.core.layout import Canvas
from layoutgen.core.posters import checks
from layoutgen.goods.figures import colour
from layoutgen.goods.scenes import BACKDROPS, compose
from layoutgen.goods.sheet import Sheet
from layoutgen.goods.shots import ASPECTS, SHOTS, Shot
from layoutgen.imaging.documents import rasters
from layoutgen.imaging.products import mattes, pasting, reading
from layoutgen.imaging.products.cutting import cut_out
from layoutgen.imaging.products.faults import CutOutFault
from layoutgen.imaging.products.flooding import flooded
from layoutgen.imaging.products.placing import Placed, placed
from layoutgen.models.base import Painted
from layoutgen.models.finders.network import NetSaliency

BENCHMARK = Benchmark(
    "products",
    "packshots cut out and products pasted",
    "a threshold with a feather and floats",
    seconds=60,
    full="all 26 products, about 3 minutes",
    uses="one core",
)
SIDES = (512, 1080)
ENCODINGS: tuple[tuple[rasters.Raster, int], ...] = (("webp", 85), ("webp", 95), ("jpeg", 92), ("jpeg", 95))
HUES = {"bokeh": 5, "leaves": 5, "podium": 4, "tiles": 3}


def unlike_shots() -> list[Shot]:
    """A shot of each kind of goods."""
    kinds: dict[object, Shot] = {}
    for shot in SHOTS.values():
        kinds.setdefault(shot.draw, shot)
    return list(kinds.values())


def pictures(count: int, side: int = 512, pale: float = 1.0) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """A packshot (JPEG, quality 90), the product's opacity in it, and the product itself (h, w, 4), of whose colours
    less than 1 leaves so much and makes the rest white."""
    for k, shot in enumerate(unlike_shots()[:count]):
        wide = round(side * 0.62 / max(1, ASPECTS[shot.draw]))
        sheet = Sheet(2 * wide, ASPECTS[shot.draw], np.random.default_rng(k))
        shot.draw(sheet, tuple(shot.colours.split()))
        pixels = np.array(sheet.picture(wide))
        pixels[..., :3] = np.rint(255 - pale * (255.0 - pixels[..., :3]))
        product = Image.fromarray(pixels)
        ground = BACKDROPS["packshot"]((side, side), 0.74, (), np.random.default_rng(k))
        place = (side - product.width) // 2, round(side * 0.87) - product.height
        image = compose(ground, product, place, False, "#b8b4b0")
        opacity = np.zeros((side, side), np.uint8)
        opacity[place[1] : place[1] + product.height, place[0] : place[0] + product.width] = np.asarray(product)[..., 3]
        yield as_jpeg(np.asarray(image)), opacity, np.array(product)


def as_jpeg(pixels: np.ndarray) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return np.asarray(Image.open(buffer))


def feathered(image: np.ndarray) -> np.ndarray:
    """The alternative: opacity (h, w) in [0, 1] by a threshold on white, with a Gaussian feather of 2 px."""
    solid = (image.min(axis=2) < 245).astype(np.float32)
    return cv2.GaussianBlur(solid, (0, 0), 2.0)


def pasted_in_floats(ground: np.ndarray, product: Placed) -> np.ndarray:
    """The alternative: resize with bilinear, feather, composite in floats."""
    out = ground.astype(np.float32)
    alpha = cv2.GaussianBlur(product.pixels[..., 3].astype(np.float32) / 255, (0, 0), 1.0)[..., None]
    out[product.window] = alpha * product.pixels[..., :3] + (1 - alpha) * out[product.window]
    return out.astype(np.uint8)


def iou(matte: np.ndarray, true: np.ndarray) -> float:
    return float((matte & true).sum() / max(1, (matte | true).sum()))


def boundary_iou(matte: np.ndarray, true: np.ndarray) -> float:
    reach = max(1, round(0.01 * float(np.hypot(*true.shape))))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)

    def rim(mask: np.ndarray) -> np.ndarray:
        solid = mask.astype(np.uint8)
        return (solid - cv2.erode(solid, kernel, borderValue=0)) > 0

    return iou(rim(matte), rim(true))


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The least CPU time of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def light_rim(alpha: np.ndarray, colours: np.ndarray, opacity: np.ndarray, true: np.ndarray) -> float:
    """How much lighter than the true product, in levels on black, the 3 px around its outline are."""
    solid = (opacity > 127).astype(np.uint8)
    rim = (cv2.dilate(solid, np.ones((7, 7), np.uint8)) - cv2.erode(solid, np.ones((5, 5), np.uint8))) > 0
    shown = (alpha[..., None] * colours).mean(axis=2)
    return float(np.maximum(0, shown - (opacity / np.float32(255))[..., None][..., 0] * true.mean(axis=2))[rim].mean())


def cutting(side: int, count: int) -> None:
    """Packshots by flooding, against the threshold."""
    rows = []
    for image, opacity, product in pictures(count, side):
        cut = flooded(image)
        true = np.zeros_like(image)
        y, x = np.argwhere(opacity > 0).min(axis=0)
        sheet = product[np.flatnonzero(product[..., 3].any(1))[0] :, np.flatnonzero(product[..., 3].any(0))[0] :]
        true[y : y + sheet.shape[0], x : x + sheet.shape[1]] = sheet[: side - y, : side - x, :3]
        plain = feathered(image)
        alpha = cut.alpha if cut else np.zeros((side, side), np.float32)
        colours = cut.colours if cut else image.astype(np.float32)
        wanted = opacity > 127
        rows.append(
            [
                iou(alpha > 0.5, wanted),
                iou(plain > 0.5, wanted),
                boundary_iou(alpha > 0.5, wanted),
                boundary_iou(plain > 0.5, wanted),
                light_rim(alpha, colours, opacity, true),
                light_rim(plain, image.astype(np.float32), opacity, true),
                seconds(lambda: flooded(image), 1),  # noqa: B023 - called in this turn
                seconds(lambda: feathered(image), 1),  # noqa: B023 - called in this turn
            ]
        )
    means = [round(float(v), 3) for v in np.array(rows)[:, :6].mean(axis=0)]
    slow, quick = (len(rows) / sum(row[k] for row in rows) for k in (6, 7))
    more = {name: means[2 * k : 2 * k + 2] for k, name in enumerate(("iou", "boundary_iou", "rim"))}
    BENCHMARK.compare(f"cut {side}", slow, quick, "packshots/s", products=len(rows), **more)


def whites(count: int) -> None:
    """Pale goods on white, cut out with a finder's map and by the picture alone."""
    finder, rows = NetSaliency(), []
    for pale in (0.3, 0.12):
        for image, opacity, _ in pictures(count, 512, pale):
            rows.append([_cut_iou(image, opacity > 127, subject) for subject in (finder.saliency([image])[0], None)])
    done = [[value for row in rows if (value := row[k]) is not None] for k in (0, 1)]
    right = [round(float(np.mean([value >= 0.85 for value in values])), 3) for values in done]
    BENCHMARK.compare(
        "white", len(done[0]) / len(rows), len(done[1]) / len(rows), "share", goods=len(rows), right=right
    )


def _cut_iou(image: np.ndarray, wanted: np.ndarray, subject: np.ndarray | None) -> float | None:
    """IoU of a cut-out with the true opacity; None for none."""
    try:
        cut = cut_out(image, None, subject)
    except CutOutFault:
        return None
    solid = np.zeros(wanted.shape, bool)
    left, top = round(cut.box[0] * wanted.shape[1]), round(cut.box[1] * wanted.shape[0])
    solid[top : top + cut.pixels.shape[0], left : left + cut.pixels.shape[1]] = cut.pixels[..., 3] > 127
    return iou(solid, wanted)


def pasting_at(side: int, count: int) -> None:
    """Placing and pasting at a size, with shadow and without, against floats; what stays of the product; WebP."""
    canvas, exact, plain = Canvas(side, side), [], []
    times, encoded = np.zeros(3), {encoding: [0.0, 0.0] for encoding in ENCODINGS}
    used = list(pictures(count, side))
    for k, (_, _, product) in enumerate(used):
        rng = np.random.default_rng(k)
        ground = Painted(np.rint(255 * colour(rng) * np.ones((side, side, 1))).astype(np.uint8), 0.7)
        put = placed(product, canvas, (0.2, 0.2, 0.8, 0.85))
        times += [
            seconds(lambda: placed(product, canvas, (0.2, 0.2, 0.8, 0.85))),  # noqa: B023 - called in this turn
            seconds(lambda: pasting.finished(ground, put, canvas, 0)),  # noqa: B023 - called in this turn
            seconds(lambda: pasted_in_floats(ground.pixels, put)),  # noqa: B023 - called in this turn
        ]
        picture = pasting.finished(ground, put, canvas, 0)
        exact.append(checks.identity(picture, put.pixels, put.left_px, put.top_px).value)
        floats = pasted_in_floats(ground.pixels, put)
        plain.append(checks.identity(floats, put.pixels, put.left_px, put.top_px).value)
        opaque = put.pixels[..., 3] == 255
        for name, quality in ENCODINGS:
            file = io.BytesIO(rasters.encode(picture, name, quality))
            back = np.asarray(Image.open(file).convert("RGB")).astype(int)[put.window][opaque]
            off = np.abs(back - put.pixels[..., :3][opaque])
            encoded[name, quality][0] += float(off.mean()) / len(used)
            encoded[name, quality][1] += float(np.percentile(off, 99)) / len(used)
    ours, other = len(used) / times[:2].sum(), len(used) / times[2]
    BENCHMARK.compare(
        f"paste {side}",
        ours,
        other,
        "pictures/s",
        unchanged=[round(float(np.mean(exact)), 5), round(float(np.mean(plain)), 3)],
        encoded={f"{name} {quality}": [round(m, 2), round(p, 1)] for (name, quality), (m, p) in encoded.items()},
    )


def growing(count: int) -> None:
    """Grounds with a copied product, a grown one, and without."""
    rng = np.random.default_rng(9)
    goods = [product for _, _, product in pictures(count)]
    names = [name for name in BACKDROPS if name != "packshot"]
    blamed: dict[bool, list[bool]] = {True: [], False: []}
    for k in range(12 * count):
        name = names[k % len(names)]
        hues = tuple("#" + "".join(f"{int(v * 255):02x}" for v in colour(rng)) for _ in range(HUES.get(name, 2)))
        ground = BACKDROPS[name]((320, 320), rng.uniform(0.55, 0.85), hues, rng)
        pixels = np.rint(np.clip(ground, 0, 1) * 255).astype(np.uint8)
        product, canvas = goods[k % len(goods)], Canvas(320, 320)
        put = placed(product, canvas, (0.4, 0.35, 0.85, 0.9))
        left, top = rng.uniform(0, 0.6, 2)
        side = rng.uniform(0.25, 0.4)
        copied = placed(product, canvas, (left, top, left + side, top + side))
        grown = placed(product, canvas, (0.35, 0.28, 0.9, 0.97))
        own = put.on_canvas(canvas)[..., 3] > 127
        for other in (None, copied, grown):
            more = 0.0 if other is None else ((other.on_canvas(canvas)[..., 3] > 127) & ~own).mean()
            if other is None or more >= 0.02:
                painted = pixels if other is None else pasting.pasted(pixels, other)
                blamed[other is not None].append(not checks.growth(painted, put.pixels, put.left_px, put.top_px).holds)
    caught, false = (float(np.mean(blamed[kind])) for kind in (True, False))
    BENCHMARK.compare("growth", caught, false, "share", grounds=len(blamed[False]), grown=len(blamed[True]))


def on_photos(folder: Path) -> None:
    """Finder's mattes of real photos judged by independent masks: usable is an IoU of at least .9."""
    finder, rows = NetSaliency(), []
    for line in (folder / "products.jsonl").read_text(encoding="utf-8").splitlines():
        name = json.loads(line)["image"]
        image = reading.original((folder / name).read_bytes())[..., :3]
        true = reading.mask((folder / "masks" / Path(name).with_suffix(".png").name).read_bytes())
        wanted = cv2.resize(true, image.shape[1::-1]) > 127
        subject = finder.saliency([image])[0]
        rough = cv2.resize(subject, image.shape[1::-1]) > 0.5
        matte = mattes.refined(subject, image) > 0.5
        try:
            source: str = cut_out(image, None, subject).source
        except CutOutFault as fault:
            source = fault.kind
        studio = flooded(image) if source == "packshot" else None
        cut = studio.alpha > 0.5 if studio else matte
        rows.append(
            (source, iou(cut, wanted), boundary_iou(rough, wanted), boundary_iou(matte, wanted), iou(matte, wanted))
        )
    accepted = [row for row in rows if row[0] in ("packshot", "finder")]
    good = sum(row[1] >= 0.9 for row in accepted)
    kinds = {kind: sum(row[0] == kind for row in rows) for kind in sorted({row[0] for row in rows})}
    usable = sum(max(row[1], row[4]) >= 0.9 for row in rows)
    rough, fine = (float(np.mean([row[k] for row in rows])) for k in (2, 3))
    BENCHMARK.compare(
        "finder",
        fine,
        rough,
        "boundary IoU",
        photos=len(rows),
        kinds=kinds,
        precision=round(good / max(1, len(accepted)), 3),
        recall=round(good / max(1, usable), 3),
    )


def main() -> None:
    """All cases."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--products", 8, 26)
    parser.add_argument("--photos", type=Path, help="a folder of real photos with independent masks")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    for side in SIDES:
        cutting(side, given.products)
        pasting_at(side, given.products)
    growing(given.products)
    whites(given.products)
    if given.photos:
        on_photos(given.photos)


if __name__ == "__main__":
    main()
