"""A layout of copy that runs from right to left is the mirror of the one that its twin gets on a mirrored photo."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.config.stages import CoverPlaceSettings, PlaceSettings
from layoutgen.core import mirroring
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.covers.acceptance import Verdict
from layoutgen.core.covers.protection import Contents, Zone
from layoutgen.core.framing import on_canvas
from layoutgen.core.layout import Canvas, Copy, Element, Framing, Role, Run, Suggestion, intersection
from layoutgen.core.rows import suggestion_row
from layoutgen.core.styles.style import Style
from layoutgen.core.text.breaking import WORD, Break
from layoutgen.core.text.direction import base_direction
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.building.composers import cover_composer
from layoutgen.models.composers import cover_check
from layoutgen.models.composers.cover_check import Photo
from layoutgen.models.composers.covers import Cover
from layoutgen.models.composers.mirrored import Mirrored
from layoutgen.models.composers.rules import RulesComposer
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.stages.further import Photos
from layoutgen.stages.place import Place
from tests.budget import examples
from tests.models.composers.test_rules import SQUARE, TALL, WIDE, photo

TWINS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "אבגדהוזחטיכלמנסעפצקרשתאבגד")


@dataclass(frozen=True)
class Half:
    """A face in which every character is half an em wide, a letter as wide as its twin."""

    text: str
    name: str = "Half"

    @property
    def direction(self) -> str:
        return base_direction(self.text)

    def width(self, text: str, px: int) -> float:
        return 0.5 * px * len(text)

    def advances(self, text: str, px: int) -> list[float]:
        return [0.5 * px] * len(text)

    def runs(self, text: str, px: int) -> tuple[Run, ...]:
        width = self.width(text, px)
        return (Run(0, text, self.name, "half.ttf", 400, "Latn", "", self.direction, (), 0.0, 0.0, width),)

    def heights(self, text: str, px: int) -> tuple[float, float]:
        return 0.7 * px, 0.2 * px

    def breaks(self, text: str) -> list[Break]:
        return [Break(at + 1, WORD) for at, character in enumerate(text) if character == " "]

    def covers(self, character: str) -> bool:
        return True


class Halves:
    """Gives that face to every text, whatever its language."""

    def __call__(self, role: Role, text: str) -> Half:
        return Half(text)

    def speaking(self, language: str | None, style: Style | None = None) -> "Halves":
        return self


FACES = Halves()


def twin(copy: Copy) -> Copy:
    points = tuple(point.translate(TWINS) for point in copy.selling_points)
    return replace(copy, title=copy.title.translate(TWINS), selling_points=points)


COMPOSER = Mirrored(RulesComposer(BorderSaliency(), FACES, margin=0.045, min_font=0.024))
COPIES = [
    Copy("soft linen shirt", ("light", "breathes", "€29")),
    Copy("quiet mixer", ("for small kitchens and large ones, cleaned at a touch of a key", "two years"), "ACME"),
    Copy("vase"),
]


def laid_out(brief: Brief, zones: tuple[Zone, ...] = ()) -> tuple[Framing, tuple[Element, ...]]:
    """A layout as the job's stages make it, from pixels that no JPEG has changed."""
    (answer,) = COMPOSER.compose([brief])
    assert isinstance(answer, Composition), answer
    return answer.framing, placed(brief, answer, zones)


def placed(brief: Brief, answer: Composition, zones: tuple[Zone, ...] = ()) -> tuple[Element, ...]:
    stage = Place(PlaceSettings(), FACES, {"poster": {"1:1": zones}})
    row = {
        "application": "poster", "title": brief.copy.title, "language": brief.copy.language,
        "canvas_width": brief.canvas.width,
        "canvas_height": brief.canvas.height, "suggestion": [suggestion_row(s) for s in answer.suggestions],
        "crop": answer.framing.crop, "picture": answer.framing.picture, "backdrop": answer.framing.backdrop,
    }  # fmt: skip
    subject = brief.annotation.subject_map
    assert subject is not None
    layout, _ = stage._lay_out(row, Photos(answer.framing, brief.image, subject), None, ())
    return layout.elements


def of(box: tuple[float, ...], canvas: Canvas, copy: Copy, size: tuple[int, int] = (601, 600)) -> Brief:
    image, mask = photo(box, size)
    lines = (TextLine("x", (0.02, 0.02, 0.1, 0.06), Role.OTHER, "en", "#000000", 1.0, False),)
    return Brief(image, Annotation(lines, box, mask), copy, canvas)


def mirrored(brief: Brief) -> Brief:
    return replace(
        brief, image=mirroring.pixels(brief.image), annotation=mirroring.annotation(brief.annotation),
        copy=twin(brief.copy), free=mirroring.boxes(brief.free),
    )  # fmt: skip


@settings(max_examples=examples(4, soak=120), deadline=None)
@given(
    st.sampled_from([(0.05, 0.3, 0.45, 0.9), (0.55, 0.2, 0.95, 0.8), (0.3, 0.5, 0.7, 0.95), (0.1, 0.1, 0.9, 0.95)]),
    st.sampled_from([SQUARE, TALL, WIDE, Canvas(997, 1001)]),
    st.sampled_from(COPIES),
    st.sampled_from([(601, 600), (900, 500)]),
)
def test_the_twin_of_a_layout_is_its_mirror(
    box: tuple[float, ...], canvas: Canvas, copy: Copy, size: tuple[int, int]
) -> None:
    brief = of(box, canvas, copy, size)
    framing, elements = laid_out(brief)
    turned, twins = laid_out(mirrored(brief))
    assert (turned.crop, turned.picture) == (
        pytest.approx(mirroring.box(framing.crop)), pytest.approx(mirroring.box(framing.picture)),
    )  # fmt: skip
    for element, other in zip(elements, twins, strict=True):
        expected = mirroring.element(element, canvas)
        assert other.box == pytest.approx(expected.box)
        assert other.lines == tuple(line.translate(TWINS) for line in element.lines)
        for name in ("role", "alignment", "colour", "font_px", "opacity", "underlay", "z", "radius_px"):
            assert getattr(other, name) == getattr(expected, name), name


def test_free_lines_of_a_title_that_runs_leftward_are_set_to_the_right_whatever_their_script() -> None:
    copy = Copy("חולצת פשתן רכה", ("a long selling point in Latin letters, 30% off", "ו"))
    brief = of((0.02, 0.3, 0.4, 0.95), SQUARE, copy)
    framing, elements = laid_out(brief)
    free = [element for element in elements if element.lines and element.underlay is None]
    assert {element.alignment for element in free} == {"right"}
    assert np.ptp([element.box[2] for element in free]) < 0.002
    assert not any(intersection(element.box, on_canvas((0.02, 0.3, 0.4, 0.95), framing)) for element in free)
    left = laid_out(replace(brief, copy=replace(copy, title="soft linen shirt"), image=brief.image[:, ::-1]))[1]
    assert {element.alignment for element in left if element.lines and element.underlay is None} <= {"left", "center"}


def test_in_a_language_that_runs_leftward_a_brand_may_come_first() -> None:
    copy = Copy("VALE חולצה", ("light", "two years"), language="he-IL")
    brief = of((0.02, 0.3, 0.4, 0.95), SQUARE, copy)
    assert {e.alignment for e in laid_out(brief)[1] if e.lines and e.underlay is None} == {"right"}
    other = laid_out(replace(brief, copy=replace(copy, language="en")))[1]
    assert "right" not in {e.alignment for e in other if e.lines and e.underlay is None}


def test_pills_follow_each_other_from_right_to_left() -> None:
    copy = Copy("חולצה", ("אבג", "דהו", "זחט"))
    _, elements = laid_out(of((0.3, 0.5, 0.7, 0.95), WIDE, copy))
    pills = [element for element in elements if element.role is Role.SELLING_POINT]
    rows = {round(element.box[1], 3) for element in pills}
    ordered = sorted(pills, key=lambda element: (element.box[1], -element.box[0]))
    assert len(rows) < 3 and [element.text for element in ordered] == list(copy.selling_points)


@pytest.mark.parametrize("title", ["soft linen shirt", "חולצת פשתן"])
@pytest.mark.parametrize("zone", [(0.7, 0.0, 1.0, 1.0), (0.0, 0.0, 0.3, 1.0)])
def test_what_a_platform_lays_over_a_picture_stays_where_it_is(title: str, zone: tuple[float, ...]) -> None:
    brief = replace(of((0.35, 0.6, 0.65, 0.95), SQUARE, Copy(title, ("light",))), free=(zone,))
    _, elements = laid_out(brief, (Zone("buttons", zone),))
    assert not any(intersection(element.box, zone) > 1e-9 for element in elements)


@pytest.mark.parametrize(("title", "alignment"), [("vase", "left"), ("כד", "right")])
def test_a_proposal_on_the_true_photo_stays_where_it_is_and_is_set_to_the_side_where_its_copy_begins(
    title: str, alignment: str
) -> None:
    brief = of((0.3, 0.5, 0.7, 0.95), SQUARE, Copy(title))
    answer = Composition(Framing(), (Suggestion(Role.TITLE, (0.5, 0.1, 0.9, 0.2), title),))
    (element,) = (e for e in placed(brief, answer) if e.lines)
    assert element.alignment == alignment
    assert element.box[0] >= 0.5 - 1e-6 and element.box[2] <= 0.9 + 1e-6
    assert abs(element.box[{"left": 0, "right": 2}[alignment]] - {"left": 0.5, "right": 0.9}[alignment]) < 0.002


def test_a_fault_passes_and_briefs_of_both_directions_share_a_batch() -> None:
    seen: list[np.ndarray] = []

    class Noting:
        def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
            seen.extend(brief.image for brief in briefs)
            suggestion = Suggestion(Role.TITLE, (0.1, 0.2, 0.3, 0.4), "x")
            return [Fault("no", "no"), *(Composition(Framing((0, 0, 0.5, 1)), (suggestion,)) for _ in briefs[1:])]

    briefs = [of((0.1, 0.3, 0.4, 0.9), SQUARE, Copy(title)) for title in ("א", "a", "א")]
    fault, left, right = Mirrored(Noting()).compose(briefs)
    assert isinstance(fault, Fault) and isinstance(left, Composition) and isinstance(right, Composition)
    assert (left.framing.crop, right.framing.crop) == ((0, 0, 0.5, 1), (0.5, 0, 1.0, 1))
    assert right.suggestions[0].box == pytest.approx((0.7, 0.2, 0.9, 0.4))
    assert (seen[1] == briefs[1].image).all() and (seen[2][:, ::-1] == briefs[2].image).all()


@pytest.mark.parametrize("subject", [(0.05, 0.35, 0.5, 0.95), (0.45, 0.2, 0.95, 0.95), (0.2, 0.4, 0.8, 0.95)])
def test_a_covers_twin_is_its_mirror(subject: tuple[float, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cover_check, "judged", lambda *_, **other: Verdict(True, (), 21.0, 0.0))  # no glyphs of Half
    pixels, mask = photo(subject, (361, 480))
    faces = ((subject[0], subject[1], subject[0] + 0.2, subject[1] + 0.2),)
    dear = np.maximum(mask, np.float32(0.3) * (np.arange(mask.shape[1]) < 40))
    shown = Photo(pixels, Contents(mask, faces, with_elements=dear))
    opposite = Contents(mirroring.pixels(mask), mirroring.boxes(faces), with_elements=mirroring.pixels(dear))
    turned = Photo(mirroring.pixels(pixels), opposite)
    zones = {"3:4": (Zone("heart", (0.86, 0.4, 1.0, 0.8)), Zone("name", (0.0, 0.9, 0.6, 1.0)))}
    sides = {"3:4": tuple(Zone(zone.name, mirroring.box(zone.box)) for zone in zones["3:4"])}
    canvas, copy = Canvas(540, 720), Copy("three vases for spring", ("new",), subtitle="for the table")
    other = Copy(copy.title.translate(TWINS), ("new".translate(TWINS),), subtitle="for the table".translate(TWINS))
    cover = cover_composer(CoverPlaceSettings(), zones, FACES).compose(shown, copy, canvas)
    mirror = cover_composer(CoverPlaceSettings(), sides, FACES).compose(turned, other, canvas)
    assert isinstance(cover, Cover) and isinstance(mirror, Cover)
    assert mirror.framing.crop == pytest.approx(mirroring.box(cover.framing.crop))
    texts = [[element for element in one.elements if element.lines] for one in (cover, mirror)]
    for element, found in zip(*texts, strict=True):
        expected = mirroring.element(element, canvas)
        assert (found.alignment, found.box) == (expected.alignment, pytest.approx(expected.box))
    assert not any(intersection(e.box, zone.box) > 1e-9 for e in mirror.elements for zone in sides["3:4"])


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 300), st.floats(1, 200)), max_size=5),
       st.sampled_from(["left", "center", "right"]))  # fmt: skip
def test_mirroring_twice_is_nothing_and_lines_keep_their_runs_in_order(
    drawn: list[tuple[int, float, float]], alignment: str
) -> None:
    runs = tuple(Run(line, "x", "", "", 400, "", "", "ltr", (), x, 9.0, width) for line, x, width in drawn)
    element = Element(Role.TITLE, (0.1, 0.2, 0.6, 0.3), "x", ("x",), alignment=alignment, runs=runs)
    canvas = Canvas(1000, 500)
    once = mirroring.element(element, canvas)
    twice = mirroring.element(once, canvas)
    assert twice.box == pytest.approx(element.box) and twice.alignment == alignment
    for was, run, again in zip(runs, once.runs, twice.runs, strict=True):
        assert again.x_px == pytest.approx(was.x_px, abs=1e-6)
        mates = [(a.x_px, b.x_px) for a, b in zip(runs, once.runs, strict=True) if a.line == was.line]
        assert run.x_px - mates[0][1] == pytest.approx(was.x_px - mates[0][0], abs=1e-6)
