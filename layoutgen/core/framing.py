"""Ways to lay a photo on a canvas of another shape, as a designer would: full bleed, extended ground, panel, card.

- **bleed**: a window of the canvas's shape is cut from the photo; the text stands on the photo.
- **extend**: the photo's ground is one flat colour, so the canvas gets it too and the subject is put to one side.
- **panel**: the photo fills one side of the canvas, a colour the other.
- **card**: the photo stands on a coloured canvas with a free edge all round; a photo too long for any window of the
  canvas's shape, such as a banner on a tall canvas, stands there whole.

Each candidate names the region (ltrb, normalised to the canvas) that is meant for the text.
"""

from dataclasses import dataclass

import numpy as np

from layoutgen.core.layout import Box, Canvas, Framing, area, intersection, union

ENOUGH_SEEN = 0.72
_ROOM = 0.36
VERSION = "framing-2"
"""Changes with every change of the framing that `with_room` chooses."""


@dataclass(frozen=True)
class Candidate:
    """A framing, the region meant for text, and how much of the subject is seen, [0, 1]."""

    kind: str
    framing: Framing
    region: Box
    subject_seen: float


def subject_box(saliency: np.ndarray, cut: float = 0.5) -> Box:
    """Box (ltrb, normalised) of what a saliency map (h, w) holds above `cut`; the middle where it holds nothing."""
    rows, columns = np.flatnonzero((saliency > cut).any(1)), np.flatnonzero((saliency > cut).any(0))
    if len(rows) == 0:
        return (0.2, 0.2, 0.8, 0.8)
    height, width = saliency.shape
    return (columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)


def main_box(saliency: np.ndarray, cut: float = 0.5) -> Box | None:
    """Box (ltrb, normalised) around the largest parts of a saliency map (h, w) at `cut`; None where it is below that
    everywhere. Parts smaller than a third of the largest, such as lights behind a product, are left out."""
    from scipy import ndimage  # a third of a second, and every stage reads this module

    labels, _ = ndimage.label(saliency >= cut, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())[1:]
    if len(sizes) == 0:
        return None
    main = np.isin(labels, 1 + np.flatnonzero(3 * sizes >= sizes.max()))
    return subject_box(main)


def cover(aspect: float, photo_aspect: float, centre: tuple[float, float]) -> Box:
    """Largest crop (normalised to the photo) of a shape `aspect` (width / height), as near to `centre` as it can."""
    width = min(1.0, aspect / photo_aspect)
    height = min(1.0, photo_aspect / aspect)
    left = min(max(centre[0] - width / 2, 0.0), 1 - width)
    top = min(max(centre[1] - height / 2, 0.0), 1 - height)
    return (left, top, left + width, top + height)


def candidates(
    photo_aspect: float, subject: Box, canvas: Canvas, *, flat: str | None, panel: str, margin: float
) -> list[Candidate]:
    """List the framings worth trying. `flat` is the photo's one ground colour or None, `panel` the colour for panels
    and cards, `margin` the free edge as a share of the canvas's short side."""
    framings = [
        *(_extended(photo_aspect, subject, canvas, flat, margin) if flat else ()),
        *_bleeds(photo_aspect, subject, canvas),
        *_panels(photo_aspect, subject, canvas, panel),
        *_cards(photo_aspect, subject, canvas, panel, margin),
    ]
    if any(candidate.subject_seen >= ENOUGH_SEEN for candidate in framings):
        return framings
    return [*framings, *_whole(photo_aspect, canvas, panel, margin)]


def _seen(crop: Box, subject: Box) -> float:
    return intersection(crop, subject) / area(subject) if area(subject) else 1.0


def _bleeds(photo_aspect: float, subject: Box, canvas: Canvas) -> list[Candidate]:
    aspect = canvas.width / canvas.height
    centre = ((subject[0] + subject[2]) / 2, (subject[1] + subject[3]) / 2)
    whole = cover(aspect, photo_aspect, centre)
    width, height = whole[2] - whole[0], whole[3] - whole[1]
    aims = {centre}
    # Besides the centred window, those that push the subject to an edge and leave the room on one side.
    if width < 0.999:
        aims |= {(subject[2] - width / 2, centre[1]), (subject[0] + width / 2, centre[1])}
    if height < 0.999:
        aims |= {(centre[0], subject[3] - height / 2), (centre[0], subject[1] + height / 2)}
    bleeds = []
    for aim in sorted(aims):
        crop = cover(aspect, photo_aspect, aim)
        shown = on_canvas(subject, Framing(crop))
        bleeds += [Candidate("bleed", Framing(crop), region, _seen(crop, subject)) for region in free_bands(shown)]
    return bleeds


def free_bands(subject: Box) -> list[Box]:
    """The four bands beside a subject, and the canvas's upper and lower third whatever they cover."""
    left, top, right, bottom = (min(max(v, 0.0), 1.0) for v in subject)
    bands = [
        (0.0, 0.0, 1.0, top),
        (0.0, bottom, 1.0, 1.0),
        (0.0, 0.0, left, 1.0),
        (right, 0.0, 1.0, 1.0),
        (0.0, 0.0, 1.0, 0.34),
        (0.0, 0.66, 1.0, 1.0),
    ]
    return [band for band in bands if band[2] - band[0] > 0.2 and band[3] - band[1] > 0.12]


def _extended(photo_aspect: float, subject: Box, canvas: Canvas, flat: str, margin: float) -> list[Candidate]:
    pad = 0.05 * max(subject[2] - subject[0], subject[3] - subject[1])
    crop = (
        max(0.0, subject[0] - pad),
        max(0.0, subject[1] - pad),
        min(1.0, subject[2] + pad),
        min(1.0, subject[3] + pad),
    )
    # Where the photo cuts the subject, the canvas's edge must cut it too.
    cut = (subject[0] < 0.006, subject[1] < 0.006, subject[2] > 0.994, subject[3] > 0.994)
    shape = photo_aspect * (crop[2] - crop[0]) / (crop[3] - crop[1])
    short = min(canvas.width, canvas.height)
    edge_x, edge_y = margin * short / canvas.width, margin * short / canvas.height
    left, top = 0.0 if cut[0] else edge_x, 0.0 if cut[1] else edge_y
    right, bottom = 1.0 if cut[2] else 1 - edge_x, 1.0 if cut[3] else 1 - edge_y
    extended = []
    for share in (0.4, 0.5, 0.58, 0.66):
        zones: list[tuple[str, Box]] = []
        if canvas.width <= canvas.height * 1.4 and share >= 0.5:
            zones += [("top", (left, 1 - share, right, bottom)), ("bottom", (left, top, right, share))]
        if canvas.width >= canvas.height * 0.9 or cut[1] or cut[3]:
            zones += [("left", (1 - share, top, right, bottom)), ("right", (left, top, share, bottom))]
        for text_side, zone in zones:
            picture = _flush(contain(shape, zone, canvas), cut)
            flush = (picture[0] < 1e-6, picture[1] < 1e-6, picture[2] > 1 - 1e-6, picture[3] > 1 - 1e-6)
            if all(is_flush or not is_cut for is_flush, is_cut in zip(flush, cut, strict=True)):
                region = _beside(text_side, picture)
                extended.append(Candidate("extend", Framing(crop, picture, flat), region, 1.0))
    return extended


def _flush(picture: Box, cut: tuple[bool, bool, bool, bool]) -> Box:
    """Move a picture to the canvas's edges where the subject is cut."""
    across = -picture[0] if cut[0] else 1 - picture[2] if cut[2] else 0.0
    down = -picture[1] if cut[1] else 1 - picture[3] if cut[3] else 0.0
    return (picture[0] + across, picture[1] + down, picture[2] + across, picture[3] + down)


def _beside(text_side: str, picture: Box) -> Box:
    """The region from one side of the canvas to the picture."""
    return {
        "top": (0.0, 0.0, 1.0, picture[1]),
        "bottom": (0.0, picture[3], 1.0, 1.0),
        "left": (0.0, 0.0, picture[0], 1.0),
        "right": (picture[2], 0.0, 1.0, 1.0),
    }[text_side]


def contain(shape: float, zone: Box, canvas: Canvas) -> Box:
    """Largest box (normalised) of a shape (width / height in px) in the middle of a zone of the canvas."""
    width_px, height_px = (zone[2] - zone[0]) * canvas.width, (zone[3] - zone[1]) * canvas.height
    used = min(width_px, height_px * shape)
    half_x, half_y = used / 2 / canvas.width, used / shape / 2 / canvas.height
    middle_x, middle_y = (zone[0] + zone[2]) / 2, (zone[1] + zone[3]) / 2
    return (middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y)


def _panels(photo_aspect: float, subject: Box, canvas: Canvas, panel: str) -> list[Candidate]:
    centre = ((subject[0] + subject[2]) / 2, (subject[1] + subject[3]) / 2)
    panels = []
    for share in (0.24, 0.28, 0.33, 0.38, 0.44, 0.5, 0.56, 0.6):
        sides: list[tuple[Box, Box]] = []
        if share <= 0.44:
            sides += [
                ((0.0, share, 1.0, 1.0), (0.0, 0.0, 1.0, share)),
                ((0.0, 0.0, 1.0, 1 - share), (0.0, 1 - share, 1.0, 1.0)),
            ]
        if canvas.width * share >= canvas.height * 0.3:
            sides += [
                ((share, 0.0, 1.0, 1.0), (0.0, 0.0, share, 1.0)),
                ((0.0, 0.0, 1 - share, 1.0), (1 - share, 0.0, 1.0, 1.0)),
            ]
        for picture, region in sides:
            aspect = (picture[2] - picture[0]) * canvas.width / ((picture[3] - picture[1]) * canvas.height)
            crop = cover(aspect, photo_aspect, centre)
            panels.append(Candidate("panel", Framing(crop, picture, panel), region, _seen(crop, subject)))
    return panels


def _cards(photo_aspect: float, subject: Box, canvas: Canvas, panel: str, margin: float) -> list[Candidate]:
    if canvas.width > canvas.height * 1.2:
        return []
    short = min(canvas.width, canvas.height)
    edge_x, edge_y = margin * short / canvas.width, margin * short / canvas.height
    cards = []
    for share in (0.68, 0.74):
        width = 1 - 2 * edge_x
        aspect = width * canvas.width / ((share - edge_y) * canvas.height)
        crop = cover(aspect, photo_aspect, ((subject[0] + subject[2]) / 2, (subject[1] + subject[3]) / 2))
        above = (edge_x, 1 - share, 1 - edge_x, 1 - edge_y)
        below = (edge_x, edge_y, 1 - edge_x, share)
        cards += [
            Candidate("card", Framing(crop, above, panel), (0.0, 0.0, 1.0, 1 - share), _seen(crop, subject)),
            Candidate("card", Framing(crop, below, panel), (0.0, share, 1.0, 1.0), _seen(crop, subject)),
        ]
    return cards


def _whole(photo_aspect: float, canvas: Canvas, panel: str, margin: float) -> list[Candidate]:
    short = min(canvas.width, canvas.height)
    edge_x, edge_y = margin * short / canvas.width, margin * short / canvas.height
    cards = []
    for text_side, zone in (
        ("bottom", (edge_x, edge_y, 1 - edge_x, 0.6)),
        ("top", (edge_x, 0.4, 1 - edge_x, 1 - edge_y)),
        ("right", (edge_x, edge_y, 0.6, 1 - edge_y)),
        ("left", (0.4, edge_y, 1 - edge_x, 1 - edge_y)),
    ):
        picture = contain(photo_aspect, zone, canvas)
        cards.append(Candidate("card", Framing(picture=picture, backdrop=panel), _beside(text_side, picture), 1.0))
    return cards


def on_canvas(box: Box, framing: Framing) -> Box:
    """Where a box of the photo lies on the canvas, cut to the picture."""
    crop, picture = framing.crop, framing.picture
    across = (picture[2] - picture[0]) / (crop[2] - crop[0])
    down = (picture[3] - picture[1]) / (crop[3] - crop[1])
    x1, x2 = (picture[0] + (min(max(x, crop[0]), crop[2]) - crop[0]) * across for x in (box[0], box[2]))
    y1, y2 = (picture[1] + (min(max(y, crop[1]), crop[3]) - crop[1]) * down for y in (box[1], box[3]))
    return (x1, y1, x2, y2)


def seen_edges(framing: Framing) -> Box:
    """The box of the photo on the canvas, or of all photos, where its edges are seen; else all of the canvas."""
    is_seen = framing.blend != "cut_out" and framing.ground not in ("bleed", "extend", "as_is")
    return framing.extent if is_seen else (0.0, 0.0, 1.0, 1.0)


def with_room(photo_aspect: float, subject: Box, canvas: Canvas, panel: str) -> Framing:
    """The framing for composers that choose none: as much of the subject as can be, and a third of the canvas or more
    beside it, in one piece; full bleed before panels and cards that are as good."""
    tried = [
        *_bleeds(photo_aspect, subject, canvas),
        *_panels(photo_aspect, subject, canvas, panel),
        *_whole(photo_aspect, canvas, panel, 0.0),
    ]

    def room(candidate: Candidate) -> float:
        shown = on_canvas(subject, candidate.framing)
        return area(candidate.region) - intersection(candidate.region, shown)

    enough = [option for option in tried if option.subject_seen >= ENOUGH_SEEN]
    best = max(
        enough,
        key=lambda option: (
            min(option.subject_seen, 0.97) + min(room(option), _ROOM) + (0.02 if option.kind == "bleed" else 0)
        ),
    )
    return best.framing


def default(photo_aspect: float, subject: Box | None, canvas: Canvas, panel: str) -> Framing:
    """A framing that asks for no room: full bleed where the subject stays whole, else a panel or card."""
    around = union([subject] if subject else []) or (0.2, 0.2, 0.8, 0.8)
    best = max(
        [*_bleeds(photo_aspect, around, canvas), *_panels(photo_aspect, around, canvas, panel)],
        key=lambda c: min(c.subject_seen, 0.97) + (0.02 if c.kind == "bleed" else 0),
    )
    if best.subject_seen < ENOUGH_SEEN:
        best = max(_whole(photo_aspect, canvas, panel, 0.0), key=lambda c: area(c.framing.picture))
    return best.framing
