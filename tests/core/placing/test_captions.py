import numpy as np
import pytest

from layoutgen.config.stages import PlaceSettings
from layoutgen.core import colour
from layoutgen.core.layout import Canvas, Element, Framing, Role, Suggestion, Tile, inside
from layoutgen.core.placing import captions
from layoutgen.core.placing.placement import Ground, Limits, Placement
from layoutgen.models.building.fonts import FaceFor

CANVAS = Canvas(1000, 1000)
TILES = Framing(tiles=(Tile("b", "", 9, 9, (0.0, 0.0, 1.0, 1.0), (0.5, 0.0, 1.0, 0.5)),))
FACES = FaceFor(PlaceSettings())
PLACES = [(0.05, 0.5, 0.45, 0.55), (0.55, 0.5, 0.75, 0.55)]
NOTHING = Placement((), (), 21.0, 0.0)


def added(texts, grey=250, places=PLACES, placed=NOTHING):
    ground = Ground(np.full((200, 200, 3), grey, np.uint8), np.zeros((200, 200), np.float32))
    below = [Suggestion(Role.OTHER, box, text) for box, text in zip(places, texts, strict=True)]
    limits = Limits(margin_px=45, smallest_px=24, min_contrast=4.5)
    return captions.added(placed, below, CANVAS, ground, FACES.speaking("en"), limits)


def test_captions_are_what_a_collage_says_besides_its_copy():
    title, other = Suggestion(Role.TITLE, PLACES[0], "Tea"), Suggestion(Role.OTHER, PLACES[1], "Pot")
    assert captions.parted([title, other], TILES) == ([title], [other])
    assert captions.parted([title, other], Framing()) == ([title, other], [])


def test_captions_have_one_size_and_colour_and_stand_in_their_places():
    for grey, ink in ((250, colour.INK), (10, colour.PAPER)):
        answer = added(["A kettle of steel", "Mug"], grey)
        first, second = answer.elements
        assert first.font_px == second.font_px >= 24 and {first.colour, second.colour} == {ink}
        assert first.group == second.group == captions.GROUP
        assert all(inside(element.box, box) for element, box in zip(answer.elements, PLACES, strict=True))
        assert all(element.runs and element.lines for element in answer.elements)
        assert 4.5 <= answer.contrast <= 21


def test_a_caption_without_room_is_left_out_and_noted():
    answer = added(["Mug", "A kettle of brushed steel with a handle of beech"])
    assert [element.text for element in answer.elements] == ["Mug"]
    assert answer.notes == ("left out for want of room: A kettle of brushed steel with a handle of beech",)


def test_what_was_placed_before_stays_as_it_is():
    placed = Placement((Element(Role.TITLE, PLACES[0], "Tea"),), ("a note",), 7.0, 0.1)
    answer = added(["Mug", "Pot"], placed=placed)
    assert answer.elements[0] == placed.elements[0] and answer.notes == ("a note",)
    assert answer.contrast == pytest.approx(7.0) and added([], places=[], placed=placed) == placed
