"""Posters drawn by a designer's rules, with exact annotation: as many as are wanted, each from its number alone.

    python -m layoutgen.training.corpus.posters --sheet FILE.png [--count 50] [--seed 0] [--side 448] [--folder FOLDER]

A poster's canvas, picture and copy are drawn; how the photo is framed and what goes where follows from them by the
rules of `design`: text keeps off the product, the type is as large as the room allows, every text can be read. Poster
`k` of a seed is the same whatever was made before. `--sheet` draws contact sheets, for looking at.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from layoutgen.core import colour, framing
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Box, Canvas, Copy, Element, Framing, Role, Suggestion, from_px, to_px
from layoutgen.core.reading.text_roles import language
from layoutgen.goods import catalogue
from layoutgen.imaging import drawing, images
from layoutgen.imaging.framed import draw_at
from layoutgen.imaging.grounds import flat_ground, panel_colour
from layoutgen.imaging.sheets import contact_sheet
from layoutgen.imaging.shrinking import shrink
from layoutgen.training.corpus import copywriting
from layoutgen.training.corpus.blocks import Style
from layoutgen.training.corpus.composites import held_back
from layoutgen.training.corpus.design import MARGIN, Design, Room, Stage, lay_out
from layoutgen.training.corpus.palettes import PANELS, Palette, finish, palette, panel_of
from layoutgen.training.corpus.scenery import Drawn, Photos, Scene

VERSION = "corpus-3"
"""Changes with every change of what is drawn."""
CANVASES = {"1:1": 0.3, "3:4": 0.26, "16:9": 0.16, "9:16": 0.14, "4:5": 0.14}
"""Shapes and how often they come."""
_SHORT_SIDE = 1080
_AS_SERVED = 0.5  # posters whose photo is framed as `framing.default` does it, without asking for room
_WHOLE = 0.97  # of the product that has to be seen
_LOOKS = {"bleed": 0.42, "extend": 0.26, "panel": 0.22, "card": 0.10}
_TRIES = 3
_SKETCH = 0.3  # framings are compared at this size of the poster: a tenth of the pixels

Rng = np.random.Generator


@dataclass(frozen=True)
class CorpusSpec:
    """Which posters a corpus has. `side` is the longer side of a poster in px as it is drawn; `folder` holds real
    photos, and `photo_share` of the posters show one of them; `style` is "designer" or "left_third", where all text
    stands on the left third of the canvas. `goods` says which products and photos they show, by name: "all", those to
    be "learnt" from, or those that are "held_back": about one in three, the same in every corpus."""

    seed: int = 0
    side: int = 448
    folder: str = ""
    photo_share: float = 0.5
    style: str = "designer"
    grounds: int = 120
    goods: str = "all"

    def shows(self, name: str) -> bool:
        """Whether these posters show the product or photo of a name."""
        return self.goods == "all" or held_back(name) == (self.goods == "held_back")


@dataclass(frozen=True, eq=False)
class Poster:
    """A poster and all that is known of it. `photo` (h, w, 3) without text lies on the canvas as `framing` says, which
    gives `ground`, the poster without text at its drawn size. `canvas` is the nominal size, `drawn` the size in px at
    which `elements` were laid out; `logo` (h, w, 4) is the mark as it is drawn, or None; `printed` tells whether there
    may be letters in the photo; `subject` is the product's box in it, `mask` (h / 4, w / 4), float32, is 1 there."""

    key: str
    photo: np.ndarray
    ground: np.ndarray
    framing: Framing
    canvas: Canvas
    drawn: Canvas
    copy: Copy
    elements: tuple[Element, ...]
    logo: np.ndarray | None
    category: str
    printed: bool
    family: str
    subject: Box
    mask: np.ndarray

    @property
    def logo_aspect(self) -> float | None:
        """Width over height of the mark."""
        return None if self.logo is None else self.logo.shape[1] / self.logo.shape[0]

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """The layout as a model answers it."""
        return tuple(Suggestion(element.role, element.box, element.text) for element in self.elements)

    def clean(self, width: int, height: int) -> np.ndarray:
        """The framed photo without text, (height, width, 3), at another size."""
        return draw_at(self.photo, self.framing, width, height)

    def picture(self) -> np.ndarray:
        """The poster, text and all, at its drawn size."""
        return drawing.draw(self.ground, list(self.elements), self.drawn, logo=self.logo)

    def annotation(self) -> Annotation:
        """What a perfect annotator says of the poster: its lines, each with the box of its glyphs."""
        lines = [line for element in self.elements for line in _lines(element, self.drawn)]
        return Annotation(tuple(lines))


def _listing(folder: str) -> str:
    """What tells a folder of photos from another: names and sizes."""
    files = sorted(Path(folder).rglob("*")) if folder else []
    return hashlib.sha256(repr([(f.name, f.stat().st_size) for f in files if f.is_file()]).encode()).hexdigest()


class Corpus:
    """Posters by number. `spec` says which; the same spec gives the same posters."""

    def __init__(self, spec: CorpusSpec) -> None:
        if spec.style not in ("designer", "left_third"):
            raise ValueError(f"style is {spec.style!r}; give designer or left_third")
        self.spec = spec
        if spec.goods not in ("all", "learnt", "held_back"):
            raise ValueError(f"goods is {spec.goods!r}; give all, learnt or held_back")
        self._photos = Photos(Path(spec.folder), spec.shows) if spec.folder else None
        cutouts = self._photos.cutouts if self._photos else None
        self._drawn = Drawn(spec.seed, grounds=spec.grounds, cutouts=cutouts, keep=spec.shows)

    @property
    def shown(self) -> dict[str, list[str]]:
        """The products, cut-outs included, and the photos that its posters show, by name."""
        return {"products": self._drawn.names, "photos": self._photos.names if self._photos else []}

    @property
    def sha(self) -> str:
        """What tells one corpus from another."""
        about = {"version": VERSION, **asdict(self.spec), "folder": _listing(self.spec.folder)}
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()

    def poster(self, index: int) -> Poster:
        """Draw poster `index`. Draws again, from another seed, what cannot be laid out well."""
        for attempt in range(50):
            rng = np.random.default_rng([self.spec.seed, 21, index, attempt])
            laid_out = self._try(f"corpus-{self.spec.seed}-{index}", rng)
            if laid_out:
                return laid_out
        raise AssertionError(f"poster {index} of seed {self.spec.seed} can't be laid out in 50 attempts")

    def _try(self, key: str, rng: Rng) -> Poster | None:
        canvas, drawn = _canvas(rng, self.spec.side)
        is_photo = self._photos is not None and len(self._photos) > 0 and rng.random() < self.spec.photo_share
        scene = self._photos.scene(rng) if is_photo and self._photos else self._drawn.scene(rng)
        words = copywriting.write(scene.kind, rng)
        style = _style(rng)
        colours = palette(scene.pixels, scene.subject)
        mark = _mark(words.brand) if words.has_mark else None
        aspect = mark.shape[1] / mark.shape[0] if mark is not None else None
        left_third = self.spec.style == "left_third"
        laid_out: tuple[Design, Framing, list[Element], np.ndarray] | None = None
        for together in _framings(scene, canvas, colours, rng, left_third):
            best: tuple[float, Design, Framing, bool] | None = None
            for frame, goes_on in together:
                stage = _stage(scene, frame, drawn, goes_on, _SKETCH)
                scored = lay_out(Room(stage), words, style, aspect, rng, left_third)
                if scored and (best is None or scored[0] > best[0]):
                    best = (*scored, frame, goes_on)
            if best is None:
                continue
            stage = _stage(scene, best[2], drawn, best[3])
            elements = finish(best[1], stage, colours, style)
            # No answer may have more underlays than texts.
            if elements and 2 * sum(element.role is Role.UNDERLAY for element in elements) <= len(elements):
                laid_out = (best[1], best[2], elements, stage.pixels)
                break
        if laid_out is None:
            return None
        design, frame, elements, ground = laid_out
        logo = _inked(mark, elements) if mark is not None else None
        return Poster(
            key,
            scene.pixels,
            ground,
            frame,
            canvas,
            drawn,
            _copy(words),
            tuple(elements),
            logo,
            scene.kind,
            scene.printed,
            design.family,
            framing.subject_box(scene.subject),
            scene.subject,
        )


def _canvas(rng: Rng, side: int) -> tuple[Canvas, Canvas]:
    """A canvas, and its size as drawn."""
    name = list(CANVASES)[int(rng.choice(len(CANVASES), p=list(CANVASES.values())))]
    across, down = (int(part) for part in name.split(":"))
    unit = _SHORT_SIDE / min(across, down)
    nominal = Canvas(round(across * unit), round(down * unit))
    scale = side / max(nominal.width, nominal.height)
    return nominal, Canvas(round(nominal.width * scale), round(nominal.height * scale))


def _style(rng: Rng) -> Style:
    return Style(
        pills=bool(rng.random() < 0.3),
        badge=bool(rng.random() < 0.25),
        round_share=float(rng.choice([1.0, 0.35, 0.0], p=[0.6, 0.28, 0.12])),
        bold=bool(rng.random() < 0.8),
        card=bool(rng.random() < 0.07),
    )


def _framings(
    scene: Scene, canvas: Canvas, colours: Palette, rng: Rng, left_third: bool
) -> Iterator[list[tuple[Framing, bool]]]:
    """Ways to lay the photo on the canvas, each with whether the photo's ground goes on beside it: of those in one list
    the best is taken, and the next list is for copy that fits none. Half of the time the first is the one that a
    composer finds in the nightly job; then come the looks, in an order by lot."""
    height, width = scene.pixels.shape[:2]
    subject = framing.subject_box(scene.subject)
    kind = str(rng.choice(list(PANELS), p=[0.45, 0.2, 0.15, 0.2]))
    served, draws = rng.random() < _AS_SERVED, rng.random(len(_LOOKS))
    if left_third:
        crop = framing.cover(canvas.width * 0.6 / canvas.height, width / height, _centre(subject))
        yield [(Framing(crop, (0.4, 0.0, 1.0, 1.0), panel_of(colours, kind)), False)]
        return
    if served:
        panel = panel_colour(scene.pixels, scene.subject)
        yield [(framing.default(width / height, subject, canvas, panel), False)]
    flat = flat_ground(scene.pixels, scene.subject)
    candidates = framing.candidates(
        width / height, subject, canvas, flat=flat, panel=panel_of(colours, kind), margin=MARGIN
    )
    first = dict(zip(_LOOKS, draws ** (1 / np.array(list(_LOOKS.values()))), strict=True))
    for look in sorted(_LOOKS, key=lambda look: -first[look]):
        whole = list(
            {
                candidate.framing: candidate
                for candidate in candidates
                if candidate.kind == look and candidate.subject_seen >= _WHOLE
            }
        )
        if whole:
            yield [(whole[int(i)], look == "extend") for i in rng.permutation(len(whole))[:_TRIES]]


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _stage(scene: Scene, frame: Framing, drawn: Canvas, goes_on: bool, scale: float = 1.0) -> Stage:
    size = (max(8, round(drawn.width * scale)), max(8, round(drawn.height * scale)))
    pixels = draw_at(scene.pixels if scale == 1.0 else scene.sketch, frame, *size)
    subject = draw_at(scene.subject, frame, *size)
    return Stage(pixels, subject, drawn, to_px(frame.picture, drawn.width, drawn.height), goes_on)


def _copy(words: copywriting.Words) -> Copy:
    texts = (copywriting.plain(words.subtitle), *words.points, words.price, words.call, words.tag)
    logo = f"mark:{words.brand}" if words.has_mark else None
    return Copy(
        copywriting.plain(words.title), tuple(text for text in texts if text), words.brand or None, logo, words.language
    )


@lru_cache(maxsize=32)
def _mark(brand: str) -> np.ndarray:
    """A brand's logo (h, w, 4), cut to what is drawn, at most 300 px."""
    whole = np.array(catalogue.logo(brand))
    rows, columns = np.flatnonzero(whole[..., 3].max(1) > 8), np.flatnonzero(whole[..., 3].max(0) > 8)
    return shrink(np.ascontiguousarray(whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]), 300)


def _inked(mark: np.ndarray, elements: Sequence[Element]) -> np.ndarray:
    """The logo in the colour that was chosen for it, one colour as printers set it."""
    ink = next(element.colour for element in elements if element.role is Role.LOGO)
    out = mark.copy()
    out[..., :3] = np.rint(colour.to_rgb(ink)).astype(np.uint8)
    return out


def _lines(element: Element, drawn: Canvas) -> list[TextLine]:
    """A text's lines with the boxes of their glyphs, as they are drawn."""
    lines = []
    for line, ink_px in zip(element.lines, drawing.ink_of_lines(element, drawn), strict=True):
        ink = from_px(ink_px, drawn.width, drawn.height)
        lines.append(TextLine(line, ink, element.role, language(line), element.colour, 1.0, True))
    return lines


def main() -> None:
    """Draw a contact sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", type=Path, required=True)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--side", type=int, default=448)
    parser.add_argument("--columns", type=int, default=10)
    parser.add_argument("--folder", default="")
    parser.add_argument("--style", default="designer")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    corpus = Corpus(CorpusSpec(given.seed, given.side, given.folder, style=given.style))
    drawn = [corpus.poster(given.first + k).picture() for k in range(given.count)]
    given.sheet.write_bytes(images.encode_png(contact_sheet(drawn, given.columns, given.side)))


if __name__ == "__main__":
    main()
