"""The cover solver: where title, subtitle and stickers hide nothing that matters. Not the poster solver, which mends a
composer's proposal element by element (`placement`); this one looks for the place itself.

All sizes and line breaks of a block (`cover_text`) at all places of a grid are weighed at once (`cover_costs`); the
cheapest wins. First the title with its subtitle, then stickers, in their order. Pure and deterministic; inside, boxes
are in px of the canvas.

Where no place keeps all hard limits, the one that breaks them least is returned, and `broken` names the limits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from layoutgen.core.covers import costs as cover_costs
from layoutgen.core.covers.costs import BROKEN, Blocked, Ground, Places, Standing
from layoutgen.core.covers.text import (
    FLOOR_PX,
    Block,
    CoverCopy,
    FaceFor,
    Part,
    Style,
    sticker_blocks,
    subtitle_blocks,
    title_blocks,
)
from layoutgen.core.layout import Box, Canvas, Element, Role, Suggestion, from_px, intersection, to_px, union
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import fit

VERSION = "cover-5"  # goes up with every change of what it decides
_COLUMNS, _ROWS = 13, 25
_FACE_PAD = 0.012
_CENTRED = 0.05


@dataclass(frozen=True, eq=False)
class Scene:
    """What lies behind a cover: protection map (h, w) in [0, 1] and pixels (h, w, 3) uint8 of the framed canvas, about
    256 px on the longer side; faces and the player's safe zones, normalised boxes; locked elements, which stay; where
    the photo lies, normalised."""

    protection: np.ndarray
    pixels: np.ndarray
    faces: tuple[Box, ...] = ()
    zones: tuple[Box, ...] = ()
    locked: tuple[Element, ...] = ()
    picture: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Solution:
    """Elements without colours, boxes normalised, locked ones first; which of them need a panel or, as stickers, a pill
    of their own (px around the text); the hard limits that are broken; the cost and its terms, unweighted, by text."""

    elements: tuple[Element, ...]
    panels: tuple[int, ...]
    pills: dict[int, tuple[float, float]]
    broken: tuple[str, ...]
    cost: float
    terms: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Placed:
    block: Block
    box: Box
    panel: bool
    cost: float
    terms: dict[str, float]
    broken: tuple[str, ...]


def solve(
    copy: CoverCopy,
    canvas: Canvas,
    scene: Scene,
    face_for: FaceFor,
    style: Style,
    suggestions: Sequence[Suggestion] = (),
) -> Solution:
    """Place a cover's copy. Roles that are locked are not placed again. Raises ValueError for a title without text."""
    if not copy.title.strip():
        raise ValueError("the title has no text; a cover needs one")
    search = _Search(canvas, scene, face_for, style, suggestions)
    locked = {element.role for element in scene.locked}
    if Role.TITLE not in locked:
        search.title(copy)
    elif copy.subtitle and Role.SUBTITLE not in locked:
        search.subtitle(copy.subtitle)
    if Role.OTHER not in locked:
        for sticker in copy.stickers:
            search.sticker(sticker)
    return search.solution()


class _Search:
    """One cover in the making."""

    def __init__(
        self, canvas: Canvas, scene: Scene, face_for: FaceFor, style: Style, suggestions: Sequence[Suggestion]
    ) -> None:
        self._canvas, self._scene, self._face_for, self._style = canvas, scene, face_for, style
        self._ground = Ground.of(scene.protection, scene.pixels, style.min_contrast)
        edge = style.margin_px
        self._safe: Box = (edge, edge, canvas.width - edge, canvas.height - edge)
        pad = _FACE_PAD * min(canvas.width, canvas.height)
        locked = [to_px(element.box, *_size(canvas)) for element in scene.locked]
        fills = scene.picture == (0.0, 0.0, 1.0, 1.0)
        self._standing = Standing(
            blocked=(
                *(Blocked(_grown(to_px(box, *_size(canvas)), pad), "touches_face") for box in scene.faces),
                *(Blocked(to_px(box, *_size(canvas)), "safe_zone") for box in scene.zones),
                *(Blocked(box, "overlap") for box in locked),
            ),
            axes=(tuple(box[0] for box in locked), tuple(box[2] for box in locked)),
            picture=None if fills else to_px(scene.picture, *_size(canvas)),
        )
        self._targets = {role: [s for s in suggestions if s.role is role] for role in Role}
        self._placed: list[_Placed] = []
        self._broken: list[str] = []

    def title(self, copy: CoverCopy) -> None:
        """Place the title with its subtitle, as one block unless they were suggested apart."""
        titles, subtitles = self._targets[Role.TITLE], self._targets[Role.SUBTITLE]
        apart = bool(copy.subtitle and titles and subtitles) and not _below(subtitles[0].box, titles[0].box)
        together = CoverCopy(copy.title, None if apart else copy.subtitle)
        wanted = [s.box for s in (titles[:1] if apart else [*titles[:1], *subtitles[:1]])]
        blocks = title_blocks(together, *self._room(), self._face_for, self._style)
        if not blocks and together.subtitle:
            blocks, apart = title_blocks(CoverCopy(copy.title), *self._room(), self._face_for, self._style), True
        if not blocks:
            self._overflow(Role.TITLE, copy.title)
        else:
            self._put(blocks, target=union(wanted))
        if apart and copy.subtitle:
            self.subtitle(copy.subtitle)

    def subtitle(self, text: str) -> None:
        """Place a subtitle by itself."""
        blocks = subtitle_blocks(text, self._title_px(), *self._room(), self._face_for, self._style)
        self._single(Role.SUBTITLE, text, blocks)

    def sticker(self, text: str) -> None:
        """Place a sticker near the title."""
        blocks = sticker_blocks(text, self._title_px(), *self._room(), self._face_for, self._style)
        self._single(Role.OTHER, text, blocks)

    def _single(self, role: Role, text: str, blocks: list[Block]) -> None:
        if not blocks:
            self._overflow(role, text)
            return
        wanted = [s for s in self._targets[role] if s.text in ("", text)][:1]
        leader = self._placed[0].box if self._placed else None
        self._put(blocks, target=wanted[0].box if wanted else None, follow=leader)

    def _room(self) -> tuple[float, float]:
        return self._safe[2] - self._safe[0], self._safe[3] - self._safe[1]

    def _title_px(self) -> int:
        standing = [element.font_px for element in self._scene.locked if element.role is Role.TITLE]
        return self._placed[0].block.font_px if self._placed else (standing or [self._style.largest_px // 2])[0]

    def _put(self, blocks: list[Block], *, target: Box | None = None, follow: Box | None = None) -> None:
        wanted = None if target is None else to_px(target, *_size(self._canvas))
        left, top = self._grid(blocks, wanted, follow)
        places = Places(blocks, left[:, None, :], top[:, :, None])
        standing = replace(self._standing, target=wanted, follow=follow)
        costs = cover_costs.cost(places, self._ground, self._canvas, self._style, standing)
        index = np.unravel_index(int(np.argmin(costs.total)), costs.total.shape)

        def at(values: np.ndarray) -> float:
            return float(np.broadcast_to(values, costs.total.shape)[index])

        block = blocks[index[0]]
        x, y = float(left[index[0], index[2]]), float(top[index[0], index[1]])
        box = (x, y, x + block.width, y + block.height)
        broken = tuple(name for name, values in costs.hard.items() if at(values) > 0)
        terms = {name: at(values) for name, values in costs.soft.items()}
        self._add(_Placed(block, box, bool(costs.panel[index]), at(costs.total), terms, broken))

    def _add(self, placed: _Placed) -> None:
        """Count a block among what stands."""
        self._placed.append(placed)
        self._broken += placed.broken
        standing = self._standing
        gap = 0.25 * placed.block.font_px
        covered = standing.covered
        if self._ground.protected:
            pad = cover_costs.PANEL_PAD * placed.block.font_px if placed.panel else 0.0
            box = tuple(np.array([v])[:, None, None] for v in _grown(placed.box, pad))
            sums = self._ground.windows.sums(
                *cover_costs.indices(box[0], box[1], box[2], box[3], self._canvas, self._ground.windows), count=2
            )
            covered += float(sums[1][0, 0, 0]) / self._ground.protected
        self._standing = replace(
            standing,
            blocked=(*standing.blocked, Blocked(_grown(placed.box, gap), "overlap")),
            covered=covered,
            axes=((*standing.axes[0], placed.box[0]), (*standing.axes[1], placed.box[2])),
        )

    def _grid(self, blocks: list[Block], target: Box | None, follow: Box | None) -> tuple[np.ndarray, np.ndarray]:
        """Left edges (blocks, columns) and tops (blocks, rows) to try, whole px inside the safe area: a grid from
        margin to margin, and the edges and middles of the target and of the block that this one follows."""
        width, height = np.array([b.width for b in blocks])[:, None], np.array([b.height for b in blocks])[:, None]
        free_x, free_y = self._safe[2] - self._safe[0] - width, self._safe[3] - self._safe[1] - height
        lefts = [self._safe[0] + free_x * np.linspace(0, 1, _COLUMNS)]
        tops = [self._safe[1] + free_y * np.linspace(0, 1, _ROWS)]
        for box in (target, follow):
            if box is not None:
                middle = (box[0] + box[2] - width) / 2
                lefts += [np.full_like(width, box[0]), middle, box[2] - width]
                tops += [np.full_like(height, box[1]), (box[1] + box[3] - height) / 2, box[3] - height]
        if follow is not None:
            gap = 0.3 * self._title_px()
            tops += [np.full_like(height, follow[3] + gap), follow[1] - gap - height]
            lefts += [np.full_like(width, follow[2] + gap), follow[0] - gap - width]
        x = np.clip(np.rint(np.hstack(lefts)), np.ceil(self._safe[0]), np.floor(self._safe[0] + free_x))
        y = np.clip(np.rint(np.hstack(tops)), np.ceil(self._safe[1]), np.floor(self._safe[1] + free_y))
        return x, y

    def _overflow(self, role: Role, text: str) -> None:
        """Set a text that fits nowhere as well as it can be: filling the room, in the smallest size."""
        face = self._face_for(role, text)
        width, height = self._room()
        setting = fit(text, width, height, face, smallest=FLOOR_PX, largest=self._style.smallest_px)
        lines = setting.lines if setting else (text,)
        px = setting.font_px if setting else FLOOR_PX
        block = Block((Part(role, text, lines, face, px, 0.0),), width, height)
        self._add(
            _Placed(
                block, self._safe, panel=True, cost=BROKEN, terms={}, broken=("small_text" if setting else "overflow",)
            )
        )

    def solution(self) -> Solution:
        """What was found."""
        elements: list[Element] = list(self._scene.locked)
        panels: list[int] = []
        pills: dict[int, tuple[float, float]] = {}
        terms: dict[str, dict[str, float]] = {}
        for placed in self._placed:
            alignment = _alignment(placed.box, self._canvas, self._standing.picture)
            for part in placed.block.parts:
                if placed.panel:
                    panels.append(len(elements))
                if placed.block.pad[0]:
                    pills[len(elements)] = placed.block.pad
                terms[part.text] = placed.terms
                elements.append(_element(part, placed, alignment, self._canvas))
        cost = sum(placed.cost for placed in self._placed)
        return Solution(tuple(elements), tuple(panels), pills, tuple(dict.fromkeys(self._broken)), cost, terms)


def _element(part: Part, placed: _Placed, alignment: str, canvas: Canvas) -> Element:
    setting = part.set()
    room = (placed.box[0] + placed.block.pad[0], placed.box[2] - placed.block.pad[0])
    free = room[1] - room[0] - setting.width_px
    inside = "center" if placed.block.pad[0] else alignment
    left = round(room[0] + max(0.0, {"left": 0.0, "center": free / 2, "right": free}[inside]))
    top = round(placed.box[1] + part.top)
    width, height = _size(canvas)
    # A text that fits nowhere leaves its box, but its box does not leave the canvas.
    box = (left, top, min(width, left + setting.width_px), min(height, top + setting.height_px))
    element = Element(
        role=part.role,
        box=from_px(box, width, height),
        text=part.text,
        lines=setting.lines,
        font=part.face.name,
        font_px=setting.font_px,
        line_height_px=setting.line_height_px,
        alignment=inside,
        z=2,
    )
    return with_runs(element, part.face, box[2] - box[0])


def _alignment(box: Box, canvas: Canvas, picture: Box | None) -> str:
    """Text is centred where its block stands in the middle, else set to the side that it stands on; to the left beside
    a photo."""
    middle = (box[0] + box[2]) / 2 / canvas.width - 0.5
    if picture is not None and abs(middle) > _CENTRED and intersection(box, picture) == 0:
        return "left"
    return "center" if abs(middle) <= _CENTRED else "left" if middle < 0 else "right"


def _below(lower: Box, upper: Box) -> bool:
    """Tell whether a box stands right below another, as a subtitle does."""
    shared = min(lower[2], upper[2]) - max(lower[0], upper[0])
    near = lower[1] - upper[3] < 1.5 * (upper[3] - upper[1])
    return shared > 0 and lower[1] >= (upper[1] + upper[3]) / 2 and near


def _size(canvas: Canvas) -> tuple[int, int]:
    return canvas.width, canvas.height


def _grown(box: Box, pad: float) -> Box:
    return (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad)
