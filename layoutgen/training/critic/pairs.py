"""Layouts that the critic learns from and is measured on, each with some damages of it: drawn posters, and what the
rules make of their photos and copy."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.config.styles import StyleSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.framing import subject_box
from layoutgen.core.layout import Canvas, Element
from layoutgen.core.placing import dressing
from layoutgen.core.placing.placement import Ground, Limits, NoLayoutError
from layoutgen.core.styles.choosing import Wardrobe
from layoutgen.imaging import framed
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composer, Composition
from layoutgen.models.building import composers, styles
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.critics.sketch import CHANNELS, SIDE, sketch
from layoutgen.training.corpus.posters import Corpus, CorpusSpec, Poster
from layoutgen.training.critic.damages import GRADES, KINDS, damaged

_DRAWN_SIDE = 384
_SCALE = 100.0  # of a sketch's values as bytes
SEEN_SIDE = 256
"""Px of the longer side from which layouts are sketched."""


@dataclass(frozen=True, eq=False)
class Example:
    """Sketches of one layout (1 + damages, 6, 128, 128) int8, the whole one first, and each damage's kind and grade."""

    sketches: np.ndarray
    damages: tuple[tuple[str, str], ...]

    def floats(self) -> np.ndarray:
        """The sketches as the network takes them, float32."""
        return self.sketches.astype(np.float32) / _SCALE


@dataclass(frozen=True, eq=False)
class _Layout:
    """A layout with its framed photo (h, w, 3) and the subject's map there (h, w)."""

    elements: tuple[Element, ...]
    canvas: Canvas
    ground: np.ndarray
    subject: np.ndarray


@dataclass(frozen=True, eq=False)
class _Rules:
    """The rules composer and the solver behind it, as a night has them."""

    place: PlaceSettings = field(default_factory=PlaceSettings)
    storage: Storage = field(default_factory=Storage)

    def layouts(self, poster: Poster, wardrobe: Wardrobe, composer: Composer, faces: FaceFor) -> Iterator[_Layout]:
        """What the rules make of a poster's photo and copy; nothing where they find no layout."""
        image = shrink(poster.photo, 768)
        annotation = Annotation((), subject_box(poster.mask), subject_map=poster.mask)
        allowed = wardrobe.of_row(None, None, poster.category)
        copy, canvas = poster.copy, poster.canvas
        (answer,) = composer.compose([Brief(image, annotation, copy, canvas, styles=allowed, category=poster.category)])
        if not isinstance(answer, Composition):
            return
        short = min(canvas.width, canvas.height)
        limits = Limits(self.place.margin * short, round(self.place.min_font * short), self.place.min_contrast)
        drawn, subject = (
            framed.draw(pixels, answer.framing, canvas, SEEN_SIDE) for pixels in (image, poster.mask.astype(np.float32))
        )
        style = wardrobe.named(answer.style)
        ground, face_for = Ground(drawn, subject), faces.speaking(copy.language, style)
        try:
            placed = dressing.dress(answer.suggestions, canvas, ground, face_for, limits, style, copy.language)
        except NoLayoutError:
            return
        yield _Layout(placed.elements, canvas, drawn, subject)


def examples(seed: int, numbers: Iterable[int], damages: int, goods: str) -> list[Example]:
    """Examples of a seed's posters with these numbers: what the designer drew of each, and what the rules make of it,
    both with at most `damages` damages drawn by its own number. `goods` are the products that they show, as a corpus
    names them."""
    corpus = Corpus(CorpusSpec(seed=seed, side=_DRAWN_SIDE, goods=goods))
    rules = _Rules()
    faces = FaceFor(rules.place)
    wardrobe = styles.wardrobe(StyleSettings(), rules.storage)
    composer, _ = composers.composer(ComposeSettings(), rules.place, faces, seed, rules.storage)
    out = []
    for number in numbers:
        poster = corpus.poster(number)
        rng = np.random.default_rng([seed, number])
        for layout in (_drawn(poster), *rules.layouts(poster, wardrobe, composer, faces)):
            example = _example(layout, damages, rng)
            if example.damages:
                out.append(example)
    return out


def _drawn(poster: Poster) -> _Layout:
    height, width = poster.ground.shape[:2]
    subject = framed.draw_at(poster.mask.astype(np.float32), poster.framing, width, height)
    return _Layout(poster.elements, poster.drawn, poster.ground, subject)


def _example(layout: _Layout, damages: int, rng: np.random.Generator) -> Example:
    shown = layout.ground, layout.subject
    sketches = [sketch(layout.elements, layout.canvas, *shown)]
    kinds: list[tuple[str, str]] = []
    order = [(kind, grade) for kind in KINDS for grade in GRADES]
    for at in rng.permutation(len(order)):
        if len(kinds) == damages:
            break
        worse = damaged(layout.elements, *shown, *order[int(at)], rng)
        if worse is not None:
            sketches.append(sketch(worse, layout.canvas, *shown))
            kinds.append(order[int(at)])
    return packed(sketches, kinds)


def packed(sketches: Sequence[np.ndarray], damages: Sequence[tuple[str, str]]) -> Example:
    """An example of a layout's sketch and those of worse ones, each with the kind and grade of its fault."""
    stacked = np.stack(sketches).reshape(-1, CHANNELS, SIDE, SIDE)
    return Example(np.clip(np.rint(_SCALE * stacked), -127, 127).astype(np.int8), tuple(damages))
