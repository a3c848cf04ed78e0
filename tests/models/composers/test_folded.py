"""Composers that know selling points alone are asked about folded copy, and each text of an offer keeps its role."""

import numpy as np

from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Role, Suggestion
from layoutgen.core.proposals.folding import unfolded
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composition
from layoutgen.models.building import composers
from layoutgen.models.building.fonts import FaceFor

COPY = Copy(
    "Linen shirt",
    ("Breathes",),
    "VALE",
    price="$29",
    was_price="$49",
    call_to_action="Shop now",
    badge="New",
    disclaimer="While stocks last",
)


def test_the_price_goes_first_and_the_rest_follows() -> None:
    assert COPY.folded.selling_points == ("$29", "Breathes", "$49", "Shop now", "New", "While stocks last")
    assert COPY.folded.offers == {} and Copy("t", ("New", "a"), badge="New").folded.selling_points == ("New", "a")


def test_roles_come_back_by_the_letters_of_texts() -> None:
    box = (0.0, 0.0, 1.0, 1.0)
    said = [
        Suggestion(Role.TITLE, box, "New"), Suggestion(Role.PRICE, box, "$49"), Suggestion(Role.OTHER, box, "New"),
        Suggestion(Role.SELLING_POINT, box, "Breathes"), Suggestion(Role.LOGO, box, "VALE"),
        Suggestion(Role.UNDERLAY, box),
    ]  # fmt: skip
    roles = [suggestion.role for suggestion in unfolded(said, COPY)]
    expected = (Role.TITLE, Role.WAS_PRICE, Role.BADGE, Role.SELLING_POINT, Role.LOGO, Role.UNDERLAY)
    assert tuple(roles) == expected


def test_what_is_built_says_every_text_of_an_offer_in_its_role() -> None:
    photo = np.full((400, 400, 3), 235, np.uint8)
    photo[150:350, 150:250] = (60, 90, 40)
    place = PlaceSettings()
    model, _ = composers.composer(ComposeSettings(), place, FaceFor(place), 0, Storage())
    (answer,) = model.compose([Brief(photo, Annotation(), COPY, Canvas(1080, 1440))])
    assert isinstance(answer, Composition)
    said = {suggestion.text: suggestion.role for suggestion in answer.suggestions if suggestion.text}
    assert {role: text for text, role in said.items()}.items() >= COPY.offers.items()
