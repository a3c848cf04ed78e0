"""How good covers are, on photos of one's own: the acceptance check, other ways to place a title, and designers.

    python -m benchmarks.covers --photos DATA/products.jsonl [--case acceptance|baselines] [--limit 6] [--full]
        [--sheets DIR] [--masks DIR] [--output results.jsonl]
    python -m benchmarks.covers --posters DATA/posters.jsonl --case posters

Prints one JSON line a case. Photos are a JSON lines file whose rows have `image`, a path beside it; posters one with
`file` and `texts` (text, box in px, ltrb).

- `acceptance`: each photo on 3:4, 1:1, 16:9 and 9:16 with Chinese and English titles of 6, 12 and 24 characters, and
  with its own copy where its row has one (`title`, the first of `selling_points` as subtitle, `badge`, `price`), in the
  house styles: the accepted share, refusals by reason, and by ratio and title; for how many photos the second finder
  has no opinion; styles and grounds. `--saliency` places, the other finder gives the second opinion. With `--masks`, a
  folder of masks (PNG, named like the photos) of the subjects as somebody else sees them: the share of the accepted
  covers of which no text has more than 5 % on the subject, and that cut off no more than 3 % of it.
- `baselines`: with our framing, text size and line breaks, the title in our place, in the emptiest of the four corners
  (least protection), and anywhere at random: the share of the protected area that it covers, the mean gradient under
  it, and the contrast of the better of white and ink on the picture behind it, without a panel.
- `posters`: each poster with its own copy (the largest line as title, the next as subtitle, up to two more as
  stickers), the image as it is, in the plain style: IoU of our title's box with the designer's, of the boxes around all
  text, and how often the middles lie in the same cell of a 3 x 3 grid. The designer's text is still in the picture,
  which our composer takes for restless ground, so this is a lower bound.
"""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.benchmark import Benchmark
from layoutgen.config import styles
from layoutgen.config.stages import CoverPlaceSettings, ProtectSettings, SaliencySettings
from layoutgen.core import colour
from layoutgen.core.annotation import Annotation
from layoutgen.core.covers import protection
from layoutgen.core.covers.acceptance import Limits, covered_share, marked_share
from layoutgen.core.covers.protection import SAFE_ZONES, Contents
from layoutgen.core.layout import Box, Canvas, Copy, Role, iou, parse_canvas, union
from layoutgen.imaging import drawing, framed, images
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.storage import Storage
from layoutgen.models.base import Fault
from layoutgen.models.building import annotators, composers, finders
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.cover_check import Photo, sight
from layoutgen.models.composers.covers import Cover, CoverComposer, Outfit

BENCHMARK = Benchmark(
    "covers",
    "covers that pass the acceptance check, and where their titles lie",
    "98 %, the aim; the emptiest corner and chance; designers",
    seconds=60,
    full="all photos, about 12 minutes",
    uses="1 core",
)
RATIOS = ("3:4", "1:1", "16:9", "9:16")
TITLES = {
    "zh6": "通勤这样穿搭",
    "zh12": "三分钟学会秋冬通勤好穿搭",
    "zh24": "一件基础外套穿出七种风格，上班约会周末都适合的穿法",
    "en6": "Autumn",
    "en12": "Fresh picks!",
    "en24": "Seven ways to wear it on",
}
SIDE = 1080


def main() -> None:
    """Run the cases asked for."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--posters", type=Path)
    parser.add_argument("--case", choices=["acceptance", "baselines", "posters"], action="append")
    parser.add_size("--limit", 6, 0, "photos at most, evenly spread; 0: all")
    parser.add_argument("--sheets", type=Path, help="folder for contact sheets of what was made, and of all refusals")
    parser.add_argument("--masks", type=Path, help="folder of masks that covers are judged by")
    parser.add_argument("--saliency", default="net", help="finder of the subject: net, border or an ONNX file")
    parser.add_argument("--engine", choices=["ocr", "none"], default="ocr")
    given = parser.parse_args()
    cases = given.case or ["acceptance", "baselines"]
    for option, needed in (("--photos", {"acceptance", "baselines"}), ("--posters", {"posters"})):
        if needed & set(cases) and getattr(given, option[2:]) is None:
            parser.error(f"--case {min(needed & set(cases))} needs {option}, see --help")
    cv2.setNumThreads(1)
    protect = ProtectSettings(engine=given.engine, saliency=SaliencySettings(model=given.saliency))
    for case in cases:
        began = time.perf_counter()
        figures = {
            "acceptance": lambda: acceptance(given.photos, given.limit, protect, given.sheets, given.masks),
            "baselines": lambda: baselines(given.photos, given.limit, protect),
            "posters": lambda: posters(given.posters, protect, given.sheets),
        }[case]()
        BENCHMARK.line(case, **figures, seconds=round(time.perf_counter() - began, 1))


def acceptance(
    manifest: Path, limit: int, protect: ProtectSettings, sheets: Path | None, masks: Path | None
) -> dict[str, object]:
    """The acceptance case."""
    settings = CoverPlaceSettings()
    composer = composers.cover_composer(settings, SAFE_ZONES, FaceFor(settings))
    reasons: Counter[str] = Counter()
    by: dict[str, list[bool]] = defaultdict(list)
    covered, contrasts, sizes, milliseconds = [], [], [], []
    sheet, refused = Sheet(sheets, "covers"), Sheet(sheets, "refused")
    outfit = Outfit(tuple(styles.embedded().values()))
    chosen: Counter[str] = Counter()
    grounds: Counter[str] = Counter()
    silent, objections = 0, []
    for number, (row, photo) in enumerate(photos(manifest, limit, protect)):
        name = Path(row["image"]).stem
        mask = decoded(masks / f"{name}.png")[..., 0] > 127 if masks else None
        silent += photo.contents.opinion is None
        for ratio in RATIOS:
            for key, copy in copies(row).items():
                canvas = parse_canvas(ratio, SIDE)
                began = time.process_time()
                cover = composed(composer, photo, copy, canvas, replace(outfit, category=row.get("category")))
                milliseconds.append(1000 * (time.process_time() - began))
                if mask is not None and cover.verdict.accepted:
                    objections.append(objected(mask, cover, canvas))
                verdict = cover.verdict
                reasons.update({reason.partition(":")[0] for reason in verdict.reasons})
                by[ratio].append(verdict.accepted)
                by[key].append(verdict.accepted)
                covered.append(verdict.covered)
                contrasts.append(verdict.contrast)
                sizes.append(next(e.font_px for e in cover.elements if e.role is Role.TITLE))
                chosen[cover.style] += 1
                grounds[cover.framing.ground] += 1
                cell_number = number * 7 + RATIOS.index(ratio) * 5 + list(copies(row)).index(key)
                if not verdict.accepted:
                    refused.add(photo, cover, canvas, f"{name} {key} {verdict.reasons[0].partition(':')[0]}")
                elif cell_number % 24 == 0:
                    sheet.add(photo, cover, canvas, f"{name} {key}")
        if number % 4 == 3:
            BENCHMARK.say(f"{number + 1} photos, refused: {dict(reasons)}")
    sheet.save()
    refused.save()
    done = len(covered)
    return {
        "ours": round(sum(by[r].count(True) for r in RATIOS) / done, 4),
        "other": 0.98,
        "ratio": round(sum(by[r].count(True) for r in RATIOS) / done / 0.98, 3),
        "unit": "share of covers accepted; other: the aim",
        "covers": done,
        "refused": dict(reasons),
        "accepted_by": {key: round(float(np.mean(values)), 4) for key, values in by.items()},
        "mean_covered": round(float(np.mean(covered)), 5),
        "contrast_p5": round(float(np.percentile(contrasts, 5)), 2),
        "title_px_p5_p50_p95": [int(np.percentile(sizes, p)) for p in (5, 50, 95)],
        "photos_without_second_opinion": silent,
        **({"of_accepted_without_objection_by_masks": 1 - round(float(np.mean(objections)), 4)} if masks else {}),
        "styles": dict(chosen.most_common()),
        "grounds": dict(grounds.most_common()),
        "ms_per_cover_p50_p95": [round(float(np.percentile(milliseconds, p)), 1) for p in (50, 95)],
    }


def baselines(manifest: Path, limit: int, protect: ProtectSettings) -> dict[str, object]:
    """The baselines case."""
    settings = CoverPlaceSettings()
    composer = composers.cover_composer(settings, SAFE_ZONES, FaceFor(settings))
    rng = np.random.default_rng(0)
    measured: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for number, (_, photo) in enumerate(photos(manifest, limit, protect)):
        for ratio in RATIOS:
            canvas = parse_canvas(ratio, SIDE)
            cover = composed(composer, photo, Copy(TITLES["zh12"]), canvas)
            zones = protection.zones_for(canvas)
            protected = protection.protect(photo.contents, canvas, cover.framing, zones=zones).map
            pixels = framed.draw(photo.pixels, cover.framing, canvas, protection.SIDE)
            gradients = np.hypot(*np.gradient(np.cbrt(colour.luminance(pixels))))
            title = next(e for e in cover.elements if e.role is Role.TITLE)
            width, height = title.box[2] - title.box[0], title.box[3] - title.box[1]
            edge = settings.margin * min(canvas.width, canvas.height)
            left, top = edge / canvas.width, edge / canvas.height
            right, bottom = 1 - left - width, 1 - top - height
            corners = [(x, y, x + width, y + height) for y in (top, bottom) for x in (left, right)]
            corner = min(corners, key=lambda box: float(cut(protected, box).mean()))
            x, y = rng.uniform(left, max(left, right)), rng.uniform(top, max(top, bottom))
            for way, box in (("ours", title.box), ("corner", corner), ("random", (x, y, x + width, y + height))):
                behind = cut(pixels, box).reshape(-1, 3)
                readable = max(colour.contrast_on(c, behind) for c in (colour.PAPER, colour.INK))
                gradient = float(cut(gradients, box).mean())
                measured[way].append((covered_share([box], protected), gradient, readable))
        if number % 4 == 3:
            BENCHMARK.say(f"{number + 1} photos against other places")
    means = {
        way: dict(zip(("covered", "gradient", "contrast"), np.mean(rows, axis=0).round(4).tolist(), strict=True))
        for way, rows in measured.items()
    }
    legible = {way: round(float(np.mean([row[2] >= 4.5 for row in rows])), 3) for way, rows in measured.items()}
    return {
        "ours": means["ours"],
        "other": {way: means[way] for way in ("corner", "random")},
        "ratio": round(means["corner"]["covered"] / max(1e-6, means["ours"]["covered"]), 2),
        "unit": "means over covers; ratio: covered share of the emptiest corner to ours",
        "readable_without_panel": legible,
        "covers": len(measured["ours"]),
    }


def posters(manifest: Path, protect: ProtectSettings, sheets: Path | None) -> dict[str, object]:
    """The posters case."""
    settings = CoverPlaceSettings()
    composer = composers.cover_composer(settings, {}, FaceFor(settings))
    saliency = finders.saliency(protect.saliency)
    titles, unions, cells, chance = [], [], [], []
    sheet = Sheet(sheets, "posters")
    for line in manifest.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        texts = sorted(row["texts"], key=lambda text: -text["font_px"])
        if not texts:
            continue
        picture = decoded(manifest.parent / row["file"])
        photo = Photo(picture, Contents(saliency.saliency([picture])[0]))
        canvas = Canvas(2 * row["width"], 2 * row["height"])
        words = [text["text"] for text in texts]
        copy = Copy(words[0], tuple(words[2:4]), subtitle=words[1] if words[1:] else None)
        cover = composed(composer, photo, copy, canvas, framing="as_is")
        theirs = [normalised(text["box"], row["width"], row["height"]) for text in texts]
        ours = [e.box for e in cover.elements if e.lines]
        title = next(e.box for e in cover.elements if e.role is Role.TITLE)
        whole, their_whole = union(ours), union(theirs)
        assert whole and their_whole
        titles.append(iou(title, theirs[0]))
        unions.append(iou(whole, their_whole))
        cells.append(cell(title) == cell(theirs[0]))
        chance.append(cell(theirs[0]))
        sheet.add(photo, cover, canvas, row["file"])
    sheet.save()
    most_common = Counter(chance).most_common(1)[0][1] / len(chance)
    return {
        "ours": round(float(np.mean(cells)), 3),
        "other": round(most_common, 3),
        "ratio": round(float(np.mean(cells)) / most_common, 3),
        "unit": "share of titles in the designer's cell of a 3 x 3 grid; other: always the cell most used by designers",
        "posters": len(cells),
        "title_iou": round(float(np.mean(titles)), 4),
        "all_text_iou": round(float(np.mean(unions)), 4),
    }


def composed(
    composer: CoverComposer,
    photo: Photo,
    copy: Copy,
    canvas: Canvas,
    outfit: Outfit | None = None,
    framing: str = "",
) -> Cover:
    """A cover. Raises RuntimeError where there is none."""
    cover = composer.compose(photo, copy, canvas, outfit, framing=framing)
    if isinstance(cover, Fault):
        raise RuntimeError(f"{copy.title} on {canvas.name}: {cover.message}")
    return cover


def copies(row: dict[str, Any]) -> dict[str, Copy]:
    """What covers of a photo say: the titles of this benchmark, and the row's own copy."""
    by_name = {key: Copy(title) for key, title in TITLES.items()}
    if row.get("title"):
        subtitle = next(iter(row.get("selling_points") or ()), None)
        badge, price, language = (row.get(name) for name in ("badge", "price", "language"))
        by_name["own"] = Copy(row["title"], subtitle=subtitle, badge=badge, price=price, language=language)
    return by_name


def objected(mask: np.ndarray, cover: Cover, canvas: Canvas) -> bool:
    """Whether a cover has a text on the subject of a mask (h, w), or cuts it."""
    shown, limits = sight(mask, cover.framing, canvas), Limits()
    on_subject = max(marked_share(e.box, shown.marks) for e in cover.elements if e.role is not Role.UNDERLAY)
    return shown.lost > limits.most_cut or on_subject > limits.most_on_subject


def photos(manifest: Path, limit: int, protect: ProtectSettings) -> Iterator[tuple[dict[str, Any], Photo]]:
    """Photos' rows, and the photos with what must not be covered."""
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    if limit and limit < len(rows):
        rows = [rows[i] for i in np.linspace(0, len(rows) - 1, limit).round().astype(int)]
    annotator, _ = annotators.annotator(protect.reading, Storage())
    faces, second = finders.faces(protect), finders.opinion(protect)
    for row in rows:
        picture = decoded(manifest.parent / row["image"])
        (read,) = annotator.annotate([picture])
        assert isinstance(read, Annotation) and read.subject_map is not None
        people = tuple(face.box for face in faces.faces([picture])[0]) if faces else ()
        opinion = protection.opinion(second.saliency([picture])[0]) if second else None
        texts = tuple(text.box for text in read.lines)
        yield row, Photo(picture, Contents(read.subject_map, people, texts, opinion=opinion))


def decoded(path: Path) -> np.ndarray:
    """A picture as the job decodes it."""
    return images.decode(path.read_bytes(), side=SIDE, min_side=16, max_pixels=120_000_000).pixels


class Sheet:
    """A contact sheet of covers: PNG files of 24 in a folder; does nothing without one."""

    def __init__(self, folder: Path | None, name: str, tile: int = 360, across: int = 6, down: int = 4) -> None:
        self._folder, self._name, self._tile, self._across, self._each = folder, name, tile, across, across * down
        self._tiles: list[np.ndarray] = []
        self._pages = 0

    def add(self, photo: Photo, cover: Cover, canvas: Canvas, label: str) -> None:
        """Draw a cover into the sheet."""
        if self._folder is None:
            return
        ground = framed.draw(photo.pixels, cover.framing, canvas, max(canvas.width, canvas.height))
        drawn = shrink(drawing.draw(ground, list(cover.elements), canvas), self._tile - 20)
        page = np.full((self._tile, self._tile, 3), 120, np.uint8)
        page[: drawn.shape[0], : drawn.shape[1]] = drawn
        at = (2, self._tile - 6)
        cv2.putText(page, label[:46], at, cv2.FONT_HERSHEY_SIMPLEX, 0.38, (255, 255, 255), 1, cv2.LINE_AA)
        self._tiles.append(page)
        if len(self._tiles) == self._each:
            self.save()

    def save(self) -> None:
        """Write the page that was begun."""
        if self._folder is None or not self._tiles:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        blank = [np.full_like(self._tiles[0], 60)] * (-len(self._tiles) % self._across)
        tiles = [*self._tiles, *blank]
        rows = [np.hstack(tiles[i : i + self._across]) for i in range(0, len(tiles), self._across)]
        (self._folder / f"{self._name}-{self._pages:02d}.png").write_bytes(images.encode_png(np.vstack(rows)))
        self._tiles, self._pages = [], self._pages + 1


def cut(values: np.ndarray, box: Box) -> np.ndarray:
    """What of a map or picture lies in a box (normalised)."""
    height, width = values.shape[:2]
    top, left = max(0, int(box[1] * height)), max(0, int(box[0] * width))
    return values[top : max(top + 1, int(np.ceil(box[3] * height))), left : max(left + 1, int(np.ceil(box[2] * width)))]


def normalised(box_px: list[float], width: int, height: int) -> Box:
    """A box in px as shares of the picture."""
    return (box_px[0] / width, box_px[1] / height, box_px[2] / width, box_px[3] / height)


def cell(box: Box) -> tuple[int, int]:
    """The cell of a 3 x 3 grid that a box's middle lies in."""
    return min(2, int((box[0] + box[2]) * 1.5)), min(2, int((box[1] + box[3]) * 1.5))


if __name__ == "__main__":
    main()
