import numpy as np

from layoutgen.core.layout import Canvas, Element, Framing, Role
from layoutgen.imaging.documents.page import Page, Provenance

PHOTO = np.full((40, 60, 3), 90, np.uint8)
TITLE = Element(Role.TITLE, (0.1, 0.1, 0.9, 0.5), "Abc", ("Abc",), "NotoSansSC-Bold", 20, 26, "#ffffff")


def test_a_page_is_drawn_at_output_size_with_and_without_its_elements():
    canvas = Canvas(120, 80)
    page = Page(canvas, Framing(picture=(0, 0, 1, 0.5), backdrop="#ff0000"), PHOTO, (TITLE,), Provenance("a@120x80"))
    assert page.ground.shape == page.picture.shape == (80, 120, 3)
    assert (page.ground[:40] == 90).all()
    assert (page.ground[40:] == (255, 0, 0)).all()
    assert (page.picture == 255).all(-1).any()
    assert not (page.ground == 255).all(-1).any()
