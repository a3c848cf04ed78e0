"""What is seen on one poster: its texts with their sizes, colours and containers, how they are aligned, and its ground.

Lengths in px are of the poster's pixels. Colours are #rrggbb.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Box, Role, union

FAMILIES = ("full", "panel", "card", "cut_out")
"""Families of grounds that can be told from pixels alone: the photo fills the poster; it ends at a flat side; it lies
within a flat rim; its product stands on a flat ground."""
FAMILY_OF = {
    "bleed": "full",
    "extend": "full",
    "outpaint": "full",
    "as_is": "full",
    "panel": "panel",
    "band": "panel",
    "split": "panel",
    "card": "card",
    "frame": "card",
    "cut_out": "cut_out",
}
"""The family of each ground of house styles."""
_COPY = (Role.TITLE, Role.SUBTITLE, Role.SELLING_POINT, Role.PRICE)
_SAME = 0.012  # of the width
_FLAT = 12.0  # of 441: how far noise and JPEG carry one colour
_RIM = 0.012  # of a side: the rim whose colours are looked at
_SIDE_SHARE = 0.82  # of a side's pixels that one colour takes, at least, where the side is flat
_HELD_SHARE = 0.72  # of the pixels around a text that one colour takes, where it stands on a container
_RUN = 110.0  # of 441: how far the ends of a fill's gradient are apart at most
_APART = 0.045  # OKLab: a container and what is around it


@dataclass(frozen=True)
class Container:
    """What a text stands on: its fill, its box (ltrb, normalised), and its shape, one of rounded, pill and disc."""

    colour: str
    box: Box
    shape: str


@dataclass(frozen=True)
class Text:
    """One line: its role, words, box (ltrb, normalised, tight on the glyphs), font size in px, colour, container."""

    role: Role
    words: str
    box: Box
    em_px: float
    colour: str
    container: Container | None = None


@dataclass(frozen=True)
class Poster:
    """One poster as it was read. `family` is that of its ground, `grounds` the flat colours at its rim."""

    name: str
    width: int
    height: int
    texts: tuple[Text, ...]
    family: str
    grounds: tuple[str, ...]

    @property
    def alignment(self) -> str:
        """left, center or right: as the lines of its title and what stands above and below it are set; "" where there
        is one line alone."""
        lines = _lines([(text.role, text.container.box if text.container else text.box) for text in self.texts])
        return _alignment(lines) if len(lines) > 1 else ""

    @property
    def title_px(self) -> float:
        """Font size of its title, or of its largest text; 0 for none."""
        titles = [text.em_px for text in self.texts if text.role is Role.TITLE]
        return max(titles or [text.em_px for text in self.texts] or [0.0])


def _lines(boxes: Sequence[tuple[Role, Box]]) -> list[Box]:
    """The lines of a block of copy, each the box of all that stands in it: those that share columns with the title."""
    copy = [box for role, box in boxes if role in _COPY]
    title = union([box for role, box in boxes if role is Role.TITLE] or copy)
    lines: list[Box] = []
    for box in sorted(copy, key=lambda box: box[1]):
        if title is None or min(box[2], title[2]) <= max(box[0], title[0]):
            continue
        middle = (box[1] + box[3]) / 2
        beside = next((i for i, line in enumerate(lines) if line[1] < middle < line[3]), None)
        if beside is None:
            lines.append(box)
        else:
            lines[beside] = union([lines[beside], box]) or box
    return lines


def _alignment(lines: Sequence[Box]) -> str:
    """The axis on which most pairs of lines agree to within `_SAME`, of equals the one on which they agree best: OCR
    and pills move single edges, which a mean spread would not forgive."""
    edges = np.asarray(lines)
    axes = {"left": edges[:, 0], "center": (edges[:, 0] + edges[:, 2]) / 2, "right": edges[:, 2]}
    away = {name: np.abs(axis[:, None] - axis[None, :])[np.triu_indices(len(axis), 1)] for name, axis in axes.items()}
    agreeing = {name: int((distances <= _SAME).sum()) for name, distances in away.items()}
    return max(axes, key=lambda name: (agreeing[name], -round(float(away[name].mean()), 3), name == "left"))


def ground_of(pixels: np.ndarray, boxes: Sequence[Box]) -> tuple[str, tuple[str, ...]]:
    """The family of a poster's ground, and the flat colours at its rim, the most frequent first. `boxes` (normalised)
    are its texts and containers, which are not looked at."""
    height, width = pixels.shape[:2]
    free = np.ones((height, width), bool)
    for left, top, right, bottom in boxes:
        free[int(top * height) : int(bottom * height) + 1, int(left * width) : int(right * width) + 1] = False
    rim = max(2, round(_RIM * min(width, height)))
    sides = (np.s_[:rim], np.s_[-rim:], np.s_[:, :rim], np.s_[:, -rim:])
    measured = [_flat(pixels[side][free[side]]) for side in sides]
    flat = [hex_colour for hex_colour, share in measured if share >= _SIDE_SHARE]
    if not flat:
        return "full", ()
    colours = tuple(each for each, _ in Counter(flat).most_common())
    ground = colour.to_rgb(colours[0])
    is_ground = np.sqrt(((pixels - ground) ** 2).sum(-1)) <= _FLAT
    if sum(_near(each, colours[0]) for each in flat) < 4:
        whole = is_ground | ~free
        profiles = (whole.mean(1), whole.mean(1)[::-1], whole.mean(0), whole.mean(0)[::-1])
        return ("panel" if any(map(_ends_at_once, profiles)) else "full"), colours
    return _within_rim(~is_ground & free, free), colours


def _ends_at_once(profile: np.ndarray) -> bool:
    """Tell whether a ground that fills a side ends along a line, as panels do and pictures don't: `profile` is its
    share of each line, from the side inwards."""
    flat = profile >= 0.88
    depth = len(profile) if flat.all() else int(np.argmin(flat))
    beyond = profile[depth + 2 : depth + 2 + max(3, len(profile) // 16)]
    return depth >= 0.1 * len(profile) and len(beyond) > 0 and float(beyond.mean()) < 0.7


def _within_rim(other: np.ndarray, free: np.ndarray) -> str:
    """What lies in a flat rim: a photo, which has straight sides, or a product, which touches its box at points."""
    from scipy import ndimage  # slow to import, and others read this module

    labels, _ = ndimage.label(ndimage.binary_closing(other, np.ones((5, 5))))
    sizes = np.bincount(labels.ravel())
    if len(sizes) < 2:
        return "full"
    main = labels == 1 + int(np.argmax(sizes[1:]))
    rows, columns = np.flatnonzero(main.any(1)), np.flatnonzero(main.any(0))
    if (len(rows) * len(columns)) < 0.04 * main.size:
        return "full"
    inner = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    held, shown = main[inner], free[inner]
    deep = max(2, min(held.shape) // 40)
    sides = (np.s_[:deep], np.s_[-deep:], np.s_[:, :deep], np.s_[:, -deep:])
    straight = [float(held[side][shown[side]].mean()) if shown[side].any() else 1.0 for side in sides]
    return "card" if sum(share >= 0.6 for share in straight) >= 3 else "cut_out"


def _flat(pixels: np.ndarray) -> tuple[str, float]:
    """The colour that most of some pixels (n, 3) have, and their share."""
    if len(pixels) < 8:
        return colour.PAPER, 0.0
    fullest = colour.to_rgb(colour.dominant(pixels))
    near = np.sqrt(((pixels - fullest) ** 2).sum(-1)) <= _FLAT
    return colour.to_hex(np.median(pixels[near], axis=0) if near.any() else fullest), float(near.mean())


def container_of(pixels: np.ndarray, box: Box, em_px: float, ink: str) -> Container | None:
    """What a text stands on: a region of one colour around it that ends before the poster does; None for the picture
    or its flat ground. `box` is tight on the glyphs (normalised)."""
    from scipy import ndimage  # slow to import, and others read this module

    height, width = pixels.shape[:2]
    reach = 2.2 * em_px
    left, top = max(0, int(box[0] * width - reach)), max(0, int(box[1] * height - reach))
    right, bottom = min(width, int(box[2] * width + reach) + 1), min(height, int(box[3] * height + reach) + 1)
    part = pixels[top:bottom, left:right].astype(np.float64)
    inner = np.s_[
        max(0, int(box[1] * height - 0.12 * em_px) - top) : int(box[3] * height + 0.12 * em_px) + 1 - top,
        max(0, int(box[0] * width - 0.12 * em_px) - left) : int(box[2] * width + 0.12 * em_px) + 1 - left,
    ]
    around = part[inner].reshape(-1, 3)
    away_from_ink = np.sqrt(((around - colour.to_rgb(ink)) ** 2).sum(-1)) > 60
    fill, share = _flat(around[away_from_ink])
    fills = np.broadcast_to(colour.to_rgb(fill), (len(part), 3))
    if share < _HELD_SHARE:
        fills, share = _running(part[inner], inner[0], len(part), ink)
        fill = colour.to_hex(fills[(inner[0].start + inner[0].stop) // 2])
    if share < _HELD_SHARE:
        return None
    near = np.sqrt(((part - fills[:, None]) ** 2).sum(-1)) <= 1.5 * _FLAT
    near[inner] = True  # the glyphs
    labels, _ = ndimage.label(near)
    region = labels == labels[inner][0, 0]
    rows, columns = np.flatnonzero(region.any(1)), np.flatnonzero(region.any(0))
    leaves = [rows[0] == 0, rows[-1] == len(region) - 1, columns[0] == 0, columns[-1] == region.shape[1] - 1]
    if sum(leaves) >= 2:
        return None
    shape = region[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    beyond = part[~region]
    if len(beyond) and delta_ok(fill, colour.to_hex(np.median(beyond, axis=0))) < 100 * _APART:
        return None
    placed = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
    return Container(
        fill,
        (placed[0] / width, placed[1] / height, placed[2] / width, placed[3] / height),
        _shape(shape),
    )


def _running(inner: np.ndarray, rows: slice, height: int, ink: str) -> tuple[np.ndarray, float]:
    """The colours (height, 3) of the rows of a fill that runs evenly from top to foot, and the share of the pixels
    around a text's glyphs that have them; `inner` (h, w, 3) are `rows` of it. No share where its ends are too far
    apart for a fill."""
    free = np.sqrt(((inner - colour.to_rgb(ink)) ** 2).sum(-1)) > 60
    at = [i for i in range(len(inner)) if free[i].sum() >= 4]
    if len(at) < 4:
        return np.zeros((height, 3)), 0.0
    medians = np.array([np.median(inner[i][free[i]], axis=0) for i in at])
    steps, starts = np.polyfit(np.array(at, np.float64), medians, 1)
    fills = np.clip(starts + steps * (np.arange(height) - rows.start)[:, None], 0, 255)
    run = float(np.linalg.norm(steps)) * len(inner)
    away = np.sqrt(((inner - fills[rows.start : rows.start + len(inner), None]) ** 2).sum(-1))
    return fills, float((away[free] <= _FLAT).mean()) if run <= _RUN else 0.0


def _shape(region: np.ndarray) -> str:
    """rounded, pill or disc, by how much of the corners is not the region's: of a pill's end, 21 % of its square."""
    height, width = region.shape
    half = max(1, min(height, width) // 2)
    corners = (region[:half, :half], region[:half, -half:], region[-half:, :half], region[-half:, -half:])
    missing = 1 - float(np.mean([corner.mean() for corner in corners]))
    if missing < 0.12:
        return "rounded"
    return "disc" if width < 1.35 * height else "pill"


def delta_ok(a: str, b: str) -> float:
    """How far two colours are apart: their distance in OKLab, times 100. About 2 can just be seen."""
    first, second = (colour.to_oklch(colour.to_rgb(each)) for each in (a, b))
    points = [np.array([c[0], c[1] * np.cos(c[2]), c[1] * np.sin(c[2])]) for c in (first, second)]
    return 100 * float(np.linalg.norm(points[0] - points[1]))


def _near(a: str, b: str) -> bool:
    return delta_ok(a, b) <= 4
