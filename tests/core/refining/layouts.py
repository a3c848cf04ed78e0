"""A layout with a title, a price on its pill, a logo's image and two selling points, on two canvases."""

import numpy as np

from layoutgen.core.layout import Canvas, Element, Role, from_px
from layoutgen.core.refining.page import Page
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import line_height
from layoutgen.imaging import fonts

SQUARE, TALL = Canvas(1000, 1000), Canvas(750, 1000)
FONT = "NotoSans-Bold"


def face_of(element):
    return fonts.typeface(element.font)


def text(role, words, left, top, px, canvas, **more):
    """One line of text with its upper left corner at a place in px."""
    face = fonts.typeface(FONT)
    width, height = int(face.width(words, px)) + 1, line_height(px)
    box = from_px((left, top, left + width, top + height), canvas.width, canvas.height)
    element = Element(role, box, words, (words,), FONT, px, height, colour="#1c1c1e", z=2, **more)
    return with_runs(element, face, width)


def layout(canvas):
    """Title and selling points at the left, the price on a pill below them, the logo at the upper left."""
    pill = Element(
        Role.UNDERLAY, from_px((40, 640, 240, 720), canvas.width, canvas.height), colour="#ffe066", radius_px=20
    )
    return [
        pill,
        text(Role.TITLE, "Summer vase", 50, 200, 60, canvas),
        text(Role.SELLING_POINT, "Glazed by hand", 50, 300, 32, canvas),
        text(Role.SELLING_POINT, "Two sizes", 50, 360, 32, canvas),
        text(Role.PRICE, "$19", 60, 650, 48, canvas, underlay=0),
        Element(Role.LOGO, from_px((50, 50, 170, 110), canvas.width, canvas.height), z=2),
    ]


def page(canvas, subject=None, ground=235):
    """A light page whose subject, where there is one, is a box (ltrb, normalised)."""
    where = np.zeros((100, 100), np.float32)
    if subject:
        left, top, right, bottom = (round(100 * side) for side in subject)
        where[top:bottom, left:right] = 1
    return Page(canvas, 40.0, 24, where, np.full((100, 100, 3), ground, np.uint8), 3.0, face_of)


def of(role, elements, nth=0):
    """The `nth` element of a role, from the top."""
    return sorted((e for e in elements if e.role is role), key=lambda e: e.box[1])[nth]
