"""Variants differ on purpose and end with a reason; canvases of a product and products of a series look alike; and each
layout follows from its own brief."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.core import colour
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.proposals.unlike import ALIKE, distance
from layoutgen.core.styles.style import Palette, Style
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composer, Composition, Fault
from layoutgen.models.building import composers
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.dressed import Dressed
from layoutgen.models.composers.rules import costs

STYLES = (
    Style("calm", "Calm", "Pale panels."),
    Style("deep", "Deep", "Dark panels.", palette=Palette(panel_lightness=0.3, panel_chroma=0.06)),
    Style(
        "cards",
        "Cards",
        "Photos on cards.",
        grounds={"card": 0.0, "panel": 0.1, "cut_out": 0.1},
        blocks={"centred": 0.0},
    ),
)


def photo(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pixels = np.repeat(rng.integers(190, 246, (200, 260, 1)), 3, axis=2).astype(np.uint8)
    pixels[60:190, 90:170] = rng.integers(20, 160, 3)
    return pixels


def brief(**changes: Any) -> Brief:
    plain = Brief(photo(), Annotation(), Copy("Vase", price="$29"), Canvas(1080, 1440), styles=STYLES)
    return replace(plain, **changes)


def built() -> Composer:
    place = PlaceSettings()
    return composers.composer(ComposeSettings(), place, FaceFor(place), 0, Storage())[0]


def one(composer: Composer, asked: Brief) -> Composition:
    (answer,) = composer.compose([asked])
    assert isinstance(answer, Composition), answer
    return answer


def test_variants_differ_and_each_stands_alone() -> None:
    whole = brief()
    answers = [one(built(), replace(whole, variant=k)) for k in range(4)]
    shared = built().compose([replace(whole, variant=k) for k in range(4)])
    assert answers == shared, "as found beside the others or alone"
    for i, answer in enumerate(answers):
        for other in answers[:i]:
            apart = distance((answer.framing, answer.suggestions), (other.framing, other.suggestions))
            assert answer.style != other.style or apart >= ALIKE
    assert len({answer.style for answer in answers[:3]}) == 3, "other styles first"


def test_a_hundred_variants_of_a_word_end_with_their_number() -> None:
    asked = brief(copy=Copy("Vase"), canvas=Canvas(640, 640), styles=STYLES[:2])
    answers = built().compose([replace(asked, variant=k) for k in range(100)])
    there = [answer for answer in answers if isinstance(answer, Composition)]
    missing = [answer for answer in answers if isinstance(answer, Fault)]
    assert 2 <= len(there) < 100 and answers[: len(there)] == there
    assert {fault.kind for fault in missing} == {"no_more_variants"}
    assert f"give {len(there)} layouts" in missing[0].message and "allow more styles" in missing[0].message
    first = there[0].cost
    assert first is not None and all((answer.cost or 0) <= first + 1.1 for answer in there)


def test_canvases_of_a_product_share_their_style() -> None:
    canvases = [Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080), Canvas(1080, 1920)]
    composer = built()
    assert len({one(composer, brief(canvas=canvas)).style for canvas in canvases}) == 1


def test_products_of_a_series_share_style_and_hue() -> None:
    seed = 618
    cards = (STYLES[2], replace(STYLES[1], grounds={"card": 0.0, "panel": 0.0}))
    answers = [
        one(built(), brief(image=photo(i), copy=Copy(f"Thing {i}"), styles=cards, series_seed=seed)) for i in range(3)
    ]
    assert len({answer.style for answer in answers}) == 1
    tinted = [answer.framing.backdrop for answer in answers if answer.framing.ground in ("card", "panel")]
    hues = [float(colour.to_oklch(colour.to_rgb(shade))[2]) for shade in tinted]
    assert tinted and len(set(tinted)) == 1
    assert np.degrees(hues[0]) % 360 == pytest.approx(seed % 360, abs=8)


def test_products_of_a_series_share_the_side_of_the_copy_and_the_size_of_titles() -> None:
    def anchors(seed: int | None) -> list[tuple[str, float]]:
        answers = []
        for i, at in enumerate(((20, 60), (90, 170), (170, 240))):
            image = np.full((200, 260, 3), 236, np.uint8)
            image[60 - 20 * i : 190, slice(*at)] = np.random.default_rng(i).integers(20, 160, 3)
            asked = brief(image=image, copy=Copy(f"Thing {i}"), styles=STYLES[1:2], series_seed=seed)
            title = one(built(), asked).suggestions[0].box
            answers.append((costs.anchor_of((title[0] + title[2]) / 2, (title[1] + title[3]) / 2), title[3] - title[1]))
        return answers

    for seed in (618, 1111):
        sides, sizes = zip(*anchors(seed), strict=True)
        assert len(set(sides)) == 1 and sides[0] in ("top", "bottom")
        assert max(sizes) <= 0.12
    assert {side for seed in range(8) for side, _ in anchors(seed)[:1]} == {"top", "bottom"}


class Anywhere:
    """Proposes the title at the left, in no style."""

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        return [Composition(Framing(), (Suggestion(Role.TITLE, (0.1, 0.1, 0.4, 0.2), b.copy.title),)) for b in briefs]


def test_composers_without_styles_are_dressed_and_their_variants_turned_over() -> None:
    answers = Dressed(Anywhere()).compose([brief(variant=k) for k in range(7)])
    there, last = answers[:6], answers[6]
    assert isinstance(last, Fault) and last.kind == "no_more_variants" and "give 6 layouts" in last.message
    assert [answer.style for answer in there[:3]] == [answer.style for answer in there[3:]]  # type: ignore[union-attr]
    assert {answer.style for answer in there} == {style.name for style in STYLES}  # type: ignore[union-attr]
    lefts = [answer.suggestions[0].box[0] for answer in there]  # type: ignore[union-attr]
    assert lefts == pytest.approx([0.1] * 3 + [0.6] * 3)
    (plain,) = Dressed(Anywhere()).compose([brief(styles=())])
    assert isinstance(plain, Composition) and plain.style == ""
