"""The embedded composer's search: styles, framings, rooms and arrangements, and the cheapest of them.

Framings keep the subject whole where any can (`core.proposals.framings`); texts stand in rooms that touch neither it
nor texts in the photo (`core.proposals.rooms`), in the style's type scale (`core.proposals.blocks`), as large as they
fit. Scenes are drawn once for all styles, and what can't become cheaper than the best so far is not tried. Needs no
weights; it is the baseline that a learnt composer must beat.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

import numpy as np

from layoutgen.core.layout import Box, Canvas, Framing, Role, Scrim, Suggestion, area
from layoutgen.core.manifest.wishes import AUTO
from layoutgen.core.proposals import blocks, collages, framings
from layoutgen.core.proposals.blocks import Speech
from layoutgen.core.proposals.framings import Candidate
from layoutgen.core.styles.style import BLOCKS, Style
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import framed
from layoutgen.models.base import Brief, Composition, Fault, Saliency
from layoutgen.models.composers.rules import colours, costs, taste, veils
from layoutgen.models.composers.rules.arrangements import Arrangement, Setter
from layoutgen.models.composers.rules.ornaments import ornaments
from layoutgen.models.composers.rules.photo import Photo, is_of_one_photo, photo_of
from layoutgen.models.composers.rules.scenes import Scene

VERSION = "rules-8"
_STYLES, _SCENES, _ALIKE, _ALIKE_BEYOND = 3, 24, 3, 2
_PASSES = ((0.05, False), (0.036, False), (0.0, True))
_BAND = 0.94  # its opacity
_NARROW = frozenset({"as_is", "bleed", "frame"})
_TILE_RADIUS = 0.03  # at most: rounder corners cut into what small tiles show
_EDGE_CUT = 0.01  # of the subject, by a slanted or arched end of the photo


@dataclass(frozen=True, eq=False)
class _Choice:
    """A whole composition with what it costs."""

    cost: float
    style: Style
    scene: Scene
    arrangement: Arrangement
    canvas: Canvas


class RulesComposer:
    """Composes by search. Deterministic."""

    def __init__(self, saliency: Saliency, faces: Faces, *, margin: float, min_font: float) -> None:
        self._saliency, self._faces, self._margin, self._min_font = saliency, faces, margin, min_font
        self._last: tuple[Brief, Photo] | None = None

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's best composition; a Fault `copy_too_long` where the title fits nowhere."""
        return [self._compose(brief) for brief in briefs]

    def proposals(self, brief: Brief, count: int) -> list[Composition]:
        """At most `count` compositions in the style that `compose` takes for a brief, each the cheapest of its kind of
        ground, side and block, the cheapest kind first; [] where the title fits nowhere."""
        photo = self._photo(brief)
        styles = taste.in_order(brief, photo)
        for least_title, is_last_resort in _PASSES:
            for style in styles[: len(styles) if is_last_resort else _STYLES]:
                if choices := self._search(replace(brief, variant=1), photo, style, least_title, is_last_resort):
                    return [_composition(photo, choice, brief.caption) for choice in choices[:count]]
        return []

    def _photo(self, brief: Brief) -> Photo:
        """The photo of a brief; canvases of one product follow one another and share it."""
        if self._last is None or not is_of_one_photo(self._last[0], brief):
            self._last = brief, photo_of(brief, self._saliency)
        return self._last[1]

    def _compose(self, brief: Brief) -> Composition | Fault:
        photo = self._photo(brief)
        answer = self._composed(brief, photo)
        if isinstance(answer, Fault) and brief.further:
            return self._composed(replace(brief, layout="", further=()), photo)
        return answer

    def _composed(self, brief: Brief, photo: Photo) -> Composition | Fault:
        styles = taste.in_order(brief, photo)
        for least_title, is_last_resort in _PASSES:
            for style in styles[: len(styles) if is_last_resort else _STYLES]:
                choices = self._search(brief, photo, style, least_title, is_last_resort)
                if choices:
                    choice = choices[min(brief.variant // len(styles), len(choices) - 1)]
                    return _composition(photo, choice, brief.caption)
        return Fault(
            "copy_too_long",
            f"the title has {len(brief.copy.title)} characters and fits nowhere on {brief.canvas.name} at the "
            "smallest size; shorten it",
        )

    def _speech(self, brief: Brief, style: Style) -> Speech:
        face_for = self._faces.speaking(brief.copy.language, style)
        return blocks.speech_of(brief.copy, style, face_for, brief.canvas, brief.logo_aspect, brief.logo_clear)

    def _scenes(self, brief: Brief, photo: Photo, style: Style, em_area: float) -> Iterator[tuple[float, Scene]]:
        """The most promising scenes of a style's grounds, with what each costs, the cheapest first. A scene is not
        drawn before all cheaper ones are used up, whatever it may show."""
        known = self._framings(brief, photo, style)
        chosen = _promising(known, photo.outline.box, em_area, brief.canvas)
        scenes = [Scene(photo, each, brief.canvas, self._margin, brief.free) for each in chosen]
        least = [known[each] + costs.of_scene(each, photo.ground, 1.0) for each in chosen]
        waiting = [(cost, number, False) for number, cost in enumerate(least)]
        heapify(waiting)
        while waiting:
            cost, number, is_whole = heappop(waiting)
            scene = scenes[number]
            if is_whole:
                yield cost, scene
            else:
                cost = known[scene.candidate] + costs.of_scene(scene.candidate, photo.ground, scene.shown)
                heappush(waiting, (cost, number, True))

    def _framings(self, brief: Brief, photo: Photo, style: Style) -> dict[Candidate, float]:
        """The framings of a style's grounds, with what each costs whatever stands on it."""
        listed = self._collages(brief, photo, style)
        known = {each: costs.of_framing(each, style, brief.canvas) - worth for each, worth in listed.items()}
        if not listed or brief.layout == AUTO:
            single = framings.candidates(
                photo.aspect,
                photo.outline,
                brief.canvas,
                grounds=frozenset({"as_is"} if brief.framing == "as_is" else style.grounds),
                is_flat=photo.ground is not None,
                is_packshot=_is_packshot(photo, brief.image),
                margin=self._margin,
                beyond=photo.beyond,
            )
            known |= {each: costs.of_framing(each, style, brief.canvas) for each in single}
        return known

    def _collages(self, brief: Brief, photo: Photo, style: Style) -> dict[Candidate, float]:
        """The collages of a brief's photos, with what each is worth where the row leaves it open."""
        if not brief.further or brief.framing == "as_is":
            return {}
        height, width = brief.image.shape[:2]
        is_flat = photo.ground is not None
        first = collages.Shot("", "", width, height, photo.outline, is_flat, _is_packshot(photo, brief.image))
        listed = collages.candidates(
            [first, *(_shot(each) for each in photo.further.values())],
            brief.canvas,
            kind=brief.layout,
            may_cut_out="cut_out" in style.grounds,
            is_inset=bool(style.radius) or "card" in style.grounds,
            margin=self._margin,
            has_captions=any((brief.caption, *(still.caption for still in brief.further))),
        )
        return {each: costs.worth(each.framing) if brief.layout == AUTO else 0.0 for each in listed}

    def _search(
        self, brief: Brief, photo: Photo, style: Style, least_title: float, is_last_resort: bool
    ) -> list[_Choice]:
        """The cheapest composition of each kind in a style, the cheapest kind first; for a brief's first variant that
        of the cheapest kind. Titles have at least a share of the short side; as a last resort words are parted and
        texts stand where they should not."""
        style = style.on(brief.framing or "")
        short = min(brief.canvas.width, brief.canvas.height)
        smallest = math.ceil(self._min_font * short)
        speech = self._speech(brief, style)
        least = max(smallest, math.ceil(least_title * short))
        setter = Setter(speech, style, brief.canvas, smallest, least, is_last_resort)
        best: dict[tuple[str, ...], _Choice] = {}
        for cost, scene in self._scenes(brief, photo, style, speech.em_area):
            bound = min((choice.cost for choice in best.values()), default=math.inf)
            if brief.variant == 0 and cost >= bound:
                break
            for arrangement in setter.squeezed(scene) if is_last_resort else _arrangements(setter, scene):
                kind = (scene.ground, scene.candidate.side, arrangement.block) if brief.variant else ()
                texts = [spot.box(brief.canvas) for spot in arrangement.spots]
                total = cost + costs.of_arrangement(scene, arrangement, texts, style, brief.canvas)
                if scene.ground == "band":
                    total += costs.of_bands(scene, [veils.band(scene, s, brief.canvas) for s in arrangement.spots])
                if kind in best and total >= best[kind].cost:
                    continue
                total += max(veils.cost(veils.need(scene, text, style)) for text in texts)
                if kind not in best or total < best[kind].cost - 1e-9:
                    best[kind] = _Choice(total, style, scene, arrangement, brief.canvas)
        return sorted(best.values(), key=lambda choice: choice.cost)


def _promising(known: dict[Candidate, float], subject: Box, em_area: float, canvas: Canvas) -> list[Candidate]:
    """Of framings with their costs those that are likely to be the cheapest for a copy of `em_area` em², some of each
    kind."""
    guessed = [(cost + costs.scarcity(each, subject, em_area, canvas), each) for each, cost in known.items()]
    chosen: list[Candidate] = []
    alike: Counter[tuple[str, str]] = Counter()
    for _, candidate in sorted(guessed, key=lambda pair: pair[0]):
        kind = candidate.framing.ground, candidate.side or costs.open_side(candidate, subject)
        if candidate.framing.tiles:  # what differs is how much room they leave
            kind = f"collage {area(candidate.framing.extent):.1f}", candidate.side
        alike[kind] += 1
        if alike[kind] <= (_ALIKE_BEYOND if kind[0] == "outpaint" else _ALIKE):
            chosen.append(candidate)
            if len(chosen) == _SCENES:
                break
    return chosen


def _is_packshot(photo: Photo, image: np.ndarray) -> bool:
    return photo.ground is not None and framed.is_cut_out(image, Framing(blend="cut_out"))


def _shot(photo: Photo) -> collages.Shot:
    still = photo.still
    assert still is not None
    size = still.width, still.height
    is_flat, is_packshot = photo.ground is not None, _is_packshot(photo, still.image)
    return collages.Shot(still.uri, still.sha256, *size, photo.outline, is_flat, is_packshot)


def _arrangements(setter: Setter, scene: Scene) -> Iterator[Arrangement]:
    """All arrangements of the style's blocks, and one column where it has no other that fits; of all blocks where the
    photo fills the canvas, which leaves little choice of rooms."""
    has_any = False
    for block in BLOCKS if scene.ground in _NARROW else setter.style.blocks:
        for arrangement in setter.arranged(scene, scene.rooms, block):
            has_any = True
            yield arrangement
    if not has_any:
        yield from setter.arranged(scene, scene.rooms, "column")


def _composition(photo: Photo, choice: _Choice, caption: str) -> Composition:
    canvas, style = choice.canvas, choice.style
    suggestions: list[Suggestion] = []
    for spot in choice.arrangement.spots:
        exact = spot.exact
        suggestions += exact.group.suggestions(exact.left, exact.top, exact.alignment, canvas)
    candidate = choice.scene.candidate
    stills = [photo.further[tile.image].still for tile in candidate.framing.tiles]
    texts = [caption, *(still.caption for still in stills if still)]
    if candidate.captions:
        pairs = zip(candidate.captions, texts, strict=True)
        suggestions += [Suggestion(Role.OTHER, box, text) for box, text in pairs if text]
    return Composition(_finished(photo, choice), tuple(suggestions), style=style.name, cost=choice.cost)


def _finished(photo: Photo, choice: _Choice) -> Framing:
    """The framing with the style's colours, the end of the photo, and the veils that the texts need."""
    style, scene, canvas = choice.style, choice.scene, choice.canvas
    framing = scene.candidate.framing
    if scene.ground == "as_is":
        return framing
    colour = backdrop = colours.backdrop(style, photo)
    if scene.ground == "extend":
        backdrop = photo.ground or colour
    to = colours.deeper(backdrop) if scene.ground == "cut_out" else ""
    radius = style.radius if scene.ground in ("card", "frame") else 0.0
    if scene.ground == "collage":
        radius = min(style.radius, _TILE_RADIUS)
    framing = replace(framing, backdrop=backdrop, backdrop_to=to, radius=radius)
    if scene.ground in ("panel", "split"):
        framing = _ended(photo, framing, style, canvas)
    scrims: list[Scrim] = []
    for spot in choice.arrangement.spots:
        text = spot.box(canvas)
        needed = veils.need(scene, text, style) or (style.palette.scrim * 0.7, scene.light_in(text)[0] < 0.6)
        if scene.ground == "band":
            scrims.append(Scrim(veils.band(scene, spot, canvas), colour, _BAND, "all"))
        elif needed[0] and scene.ground in ("bleed", "frame", "outpaint"):
            scrims.append(veils.veil(photo, scene, text, needed))
    drawn = ornaments(photo, scene, style, choice.arrangement.spots, backdrop, canvas)
    return replace(framing, scrims=tuple(scrims), ornaments=drawn)


def _ended(photo: Photo, framing: Framing, style: Style, canvas: Canvas) -> Framing:
    """The framing with the photo's cheapest end that cuts nothing of the subject."""
    whole = float(framed.draw(photo.subject, framing, canvas, 96).sum())
    for edge in sorted(style.edges, key=lambda name: (style.edges[name], name)):
        ended = replace(framing, edge=edge)
        if edge == "straight" or float(framed.draw(photo.subject, ended, canvas, 96).sum()) >= (1 - _EDGE_CUT) * whole:
            return ended
    return framing
