"""Bags, a suitcase and a watch: leather, canvas, shells. A drawing takes a `Sheet` and its colours."""

import numpy as np

from layoutgen.goods.sheet import Point, Sheet, bevel, blur, mix, turned

Colours = tuple[str, ...]


def _stitches(s: Sheet, points: list[Point], colour: str, count: int, width: float = 0.004) -> None:
    """Sew `count` stitches along a polyline, each with a little shadow."""
    p = np.asarray(points)
    at = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(p, axis=0).T))])
    stitches = []
    for k in range(count):
        a, b = (at[-1] * (k + share) / count for share in (0.18, 0.78))
        ends = [(float(np.interp(d, at, p[:, 0])), float(np.interp(d, at, p[:, 1]))) for d in (a, b)]
        stitches.append([*ends, *((x + width * 0.6, y + width * 0.6) for x, y in ends[::-1])])
    seam = s.polygon(*stitches)
    s.cast(seam, (0.001, 0.002), 0.0015, 0.5)
    s.paint(seam, colour, gloss=0.0)


def handbag(s: Sheet, c: Colours) -> None:
    """A structured leather handbag; c: leather, metal."""
    dark = mix(c[0], "#000000", 0.22)
    back = s.stroke([(0.33, 0.42), (0.335, 0.18), (0.5, 0.07), (0.665, 0.18), (0.67, 0.42)], 0.034)
    s.paint(back, dark, bevel(0.018), gloss=0.25, rough=0.5)
    body: list[Point] = [(0.14, 0.345), (0.12, 0.40), (0.085, 0.70), (0.07, 0.87), (0.10, 0.925), (0.20, 0.935)]
    hide = s.grain(240, 0.55)
    bag = s.mirrored([(0.5, 0.335), (0.3, 0.335), *body, (0.5, 0.938)])
    s.paint(bag, c[0], bevel(0.075, 0.75, 0.5), gloss=0.26, rough=0.55, bump=hide)
    for side in (0, 1):
        edge = [(0.155, 0.37), (0.128, 0.60), (0.105, 0.88)]
        _stitches(s, [(1 - x, y) if side else (x, y) for x, y in edge], "#e8d9c0", 30)
    flap = s.mirrored(
        [(0.5, 0.315), (0.25, 0.318), (0.145, 0.335), (0.135, 0.40), (0.16, 0.57), (0.30, 0.655), (0.5, 0.672)]
    )
    s.cast(flap, (0.006, 0.018), 0.016, 0.55)
    s.paint(flap, mix(c[0], "#ffffff", 0.04), bevel(0.030, 0.6, 0.5), gloss=0.28, rough=0.55, bump=hide)
    rim = [(0.165, 0.37), (0.185, 0.555), (0.31, 0.630), (0.5, 0.648), (0.69, 0.630), (0.815, 0.555), (0.835, 0.37)]
    _stitches(s, rim, "#e8d9c0", 70)
    for x in (0.335, 0.665):
        tab = s.box(x - 0.036, 0.325, x + 0.036, 0.455, 0.03)
        s.cast(tab, (0.003, 0.008), 0.007, 0.5)
        s.paint(tab, dark, bevel(0.012, 0.7), gloss=0.25, rough=0.5, bump=hide)
        s.paint(s.ellipse(x, 0.425, 0.010), c[1], bevel(0.012), metal=1.0)
        ring = s.ellipse(x, 0.328, 0.030, 0.034) * (1 - s.ellipse(x, 0.328, 0.018, 0.022))
        s.paint(ring, c[1], bevel(0.008), metal=1.0, rough=0.2)
    front = s.stroke(
        [(0.335, 0.325), (0.30, 0.20), (0.36, 0.10), (0.5, 0.065), (0.64, 0.10), (0.70, 0.20), (0.665, 0.325)], 0.036
    )
    s.cast(front, (0.006, 0.012), 0.012, 0.4)
    s.paint(front, c[0], bevel(0.019), gloss=0.3, rough=0.5)
    plate = s.box(0.445, 0.585, 0.555, 0.695, 0.018)
    s.cast(plate, (0.004, 0.010), 0.008, 0.6)
    s.paint(plate, c[1], bevel(0.010), metal=1.0, rough=0.2)
    s.paint(s.box(0.472, 0.612, 0.528, 0.668, 0.012), mix(c[1], "#5a4020", 0.35), bevel(0.006), metal=1.0)
    s.tint(s.text("VALE", 0.5, 0.80, 0.038, 500, 0.30), mix(c[1], "#ffffff", 0.15), 0.85)


def backpack(s: Sheet, c: Colours) -> None:
    """A canvas backpack from the front; c: canvas, trim, accent."""
    weave = s.grain(380, 0.5, 1) + s.grain(7, 7, 2)
    look = {"gloss": 0.06, "rough": 0.8, "bump": weave}
    for sign in (-1, 1):
        strap = s.stroke(
            [(0.5 + sign * 0.2, 0.22), (0.5 + sign * 0.40, 0.5), (0.5 + sign * 0.39, 0.95), (0.5 + sign * 0.30, 1.12)],
            0.06,
            0.045,
        )
        s.paint(strap, mix(c[0], "#000000", 0.45), bevel(0.02), **look)
    hook = s.stroke([(0.42, 0.11), (0.43, 0.04), (0.5, 0.022), (0.57, 0.04), (0.58, 0.11)], 0.030)
    s.paint(hook, c[1], bevel(0.016), gloss=0.2)
    body = s.mirrored(
        [
            (0.5, 0.085),
            (0.34, 0.10),
            (0.20, 0.20),
            (0.145, 0.45),
            (0.125, 0.85),
            (0.14, 1.12),
            (0.22, 1.165),
            (0.5, 1.172),
        ]
    )
    s.paint(body, c[0], bevel(0.13, 0.75, 0.5), **look)
    zip_line = s.stroke(
        [(0.185, 0.56), (0.205, 0.33), (0.30, 0.195), (0.5, 0.155), (0.70, 0.195), (0.795, 0.33), (0.815, 0.56)], 0.016
    )
    s.paint(zip_line, mix(c[1], "#000000", 0.35), bevel(0.008), gloss=0.3)
    s.tint(
        s.stroke(
            [(0.185, 0.56), (0.205, 0.33), (0.30, 0.195), (0.5, 0.155), (0.70, 0.195), (0.795, 0.33), (0.815, 0.56)],
            0.004,
        ),
        "#d8d4cc",
        0.7,
    )
    pocket = s.curve(
        [
            (0.21, 0.66),
            (0.5, 0.64),
            (0.79, 0.66),
            (0.815, 0.85),
            (0.80, 1.08),
            (0.72, 1.115),
            (0.28, 1.115),
            (0.20, 1.08),
            (0.185, 0.85),
        ]
    )
    s.cast(pocket, (0.004, 0.006), 0.016, 0.5)
    s.paint(pocket, mix(c[0], "#ffffff", 0.04), bevel(0.06, 0.75, 0.5), **look)
    lid = s.curve(
        [
            (0.205, 0.635),
            (0.5, 0.622),
            (0.795, 0.635),
            (0.81, 0.72),
            (0.78, 0.785),
            (0.5, 0.805),
            (0.22, 0.785),
            (0.19, 0.72),
        ]
    )
    s.cast(lid, (0.003, 0.012), 0.012, 0.5)
    s.paint(lid, c[1], bevel(0.03, 0.6, 0.5), gloss=0.2, rough=0.6, bump=s.grain(240, 0.5))
    _stitches(s, [(0.215, 0.70), (0.24, 0.768), (0.5, 0.785), (0.76, 0.768), (0.785, 0.70)], "#e9dcc4", 46)
    for x in (0.36, 0.64):
        band = s.box(x - 0.022, 0.62, x + 0.022, 0.90, 0.012)
        s.cast(band, (0.003, 0.006), 0.006, 0.5)
        s.paint(band, mix(c[1], "#000000", 0.12), bevel(0.010, 0.7), gloss=0.22, rough=0.5)
        buckle = s.box(x - 0.034, 0.825, x + 0.034, 0.885, 0.010) * (
            1 - s.box(x - 0.022, 0.838, x + 0.022, 0.872, 0.004)
        )
        s.cast(buckle, (0.002, 0.005), 0.004, 0.5)
        s.paint(buckle, "#c9b07a", bevel(0.007), metal=1.0, rough=0.25)
    badge = s.box(0.40, 0.36, 0.60, 0.50, 0.012)
    s.cast(badge, (0.002, 0.005), 0.005, 0.45)
    s.paint(badge, c[2], bevel(0.008, 0.6), gloss=0.12, rough=0.7, bump=s.grain(240, 0.3))
    s.tint(s.text("NORTH", 0.5, 0.412, 0.040, 800, 0.08), "#fff6e6", 0.95)
    s.tint(s.text("FIELD CO.", 0.5, 0.456, 0.026, 500, 0.14), "#fff6e6", 0.9)


def suitcase(s: Sheet, c: Colours) -> None:
    """A hard-shell suitcase on wheels, handle out; c: shell, trim."""
    for x in (0.36, 0.64):
        s.paint(s.box(x - 0.012, 0.06, x + 0.012, 0.42), "#c4c7cc", turned(), metal=1.0, rough=0.2)
    s.paint(s.box(0.335, 0.03, 0.665, 0.075, 0.02), c[1], bevel(0.02), gloss=0.3)
    for x in (0.235, 0.765):
        s.paint(s.box(x - 0.035, 1.30, x + 0.035, 1.375, 0.012), c[1], bevel(0.012), gloss=0.25)
        s.paint(s.ellipse(x - 0.004, 1.385, 0.034, 0.038), "#1b1b1d", bevel(0.02), gloss=0.4)
        s.paint(s.ellipse(x - 0.004, 1.385, 0.014, 0.016), "#9a9da3", bevel(0.01), metal=1.0)
    shell = s.box(0.13, 0.325, 0.87, 1.335, 0.095)
    x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]][1].astype(np.float32) / s.unit
    inside = blur(s.box(0.20, 0.40, 0.80, 1.26, 0.05), 0.01 * s.unit)
    ribs = np.clip(np.sin((x - 0.5) * 2 * np.pi * 11.5) * 2.2, -1, 1) * 0.0055 * s.unit * inside
    s.paint(
        shell,
        c[0],
        bevel(0.085, 0.8, 0.4),
        gloss=0.34,
        rough=0.4,
        bump=blur(np.asarray(ribs, np.float32), 0.003 * s.unit),
    )
    frame = shell * (1 - s.box(0.143, 0.338, 0.857, 1.322, 0.085))
    s.tint(frame, mix(c[0], "#000000", 0.6), 0.7)
    for left, right, top, bottom in (
        (0.13, 0.25, 0.325, 0.445),
        (0.75, 0.87, 0.325, 0.445),
        (0.13, 0.25, 1.215, 1.335),
        (0.75, 0.87, 1.215, 1.335),
    ):
        corner = s.box(left, top, right, bottom) * shell * (1 - s.box(0.215, 0.41, 0.785, 1.25, 0.06))
        s.cast(corner, (0.002, 0.004), 0.005, 0.4)
        s.paint(corner, c[1], bevel(0.03, 0.7), gloss=0.3, rough=0.5)
    grip = s.stroke([(0.40, 0.335), (0.405, 0.305), (0.5, 0.295), (0.595, 0.305), (0.60, 0.335)], 0.024)
    s.paint(grip, c[1], bevel(0.013), gloss=0.3)
    plate = s.box(0.42, 0.56, 0.58, 0.62, 0.012)
    s.cast(plate, (0.003, 0.006), 0.006, 0.5)
    s.paint(plate, "#d6d9de", bevel(0.006), metal=1.0)
    s.tint(s.text("VOYAGE", 0.5, 0.589, 0.030, 700, 0.08), "#2b2c30")


def watch(s: Sheet, c: Colours) -> None:
    """A wristwatch laid flat; c: strap, case metal, dial."""
    cy = 0.8
    hide = s.grain(200, 0.6)
    for sign in (-1, 1):
        strap = s.polygon(
            [
                (0.345, cy),
                (0.655, cy),
                (0.615, cy + sign * 0.55),
                (0.60, cy + sign * 0.70),
                (0.40, cy + sign * 0.70),
                (0.385, cy + sign * 0.55),
            ]
        )
        s.paint(strap, c[0], bevel(0.05, 0.7), gloss=0.22, rough=0.55, bump=hide)
        for x, far in ((0.375, 0.412), (0.625, 0.588)):
            _stitches(s, [(x, cy + sign * 0.40), (far, cy + sign * 0.68)], "#efe3cd", 16, 0.006)
    for k in range(4):
        hole = s.ellipse(0.5, cy + 0.50 + 0.05 * k, 0.011, 0.014)
        s.paint(hole, "#1a120c")
    buckle = s.box(0.375, cy - 0.745, 0.625, cy - 0.665, 0.02) * (
        1 - s.box(0.405, cy - 0.725, 0.595, cy - 0.685, 0.008)
    )
    s.paint(buckle, c[1], bevel(0.012), metal=1.0, rough=0.2)
    s.paint(s.box(0.72, cy - 0.032, 0.80, cy + 0.032, 0.012), c[1], turned(across=True), metal=1.0)
    case = s.ellipse(0.5, cy, 0.265)
    s.cast(case, (0.008, 0.018), 0.02, 0.6)
    s.paint(case, c[1], bevel(0.045, 0.9), metal=1.0, rough=0.15)
    s.paint(s.ellipse(0.5, cy, 0.226), mix(c[1], "#000000", 0.55), metal=0.6)
    dial = s.ellipse(0.5, cy, 0.217)
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32) / s.unit
    rays = np.cos(np.arctan2(y - cy, x - 0.5) * 2 - 1.2)
    s.paint(dial, mix(c[2], "#ffffff", np.clip(0.10 + 0.13 * rays, 0, 1)), gloss=0.1)
    s.tint(dial * blur(1 - s.ellipse(0.505, cy + 0.010, 0.217), 0.012 * s.unit), "#000000", 0.45)
    for k in range(60):
        a = np.radians(6 * k)
        out = np.array([np.sin(a), -np.cos(a)])
        inner, width = (0.162, 0.011) if k % 5 == 0 else (0.194, 0.003)
        p, q = np.array([0.5, cy]) + out * inner, np.array([0.5, cy]) + out * 0.204
        mark = s.stroke([(float(p[0]), float(p[1])), (float(q[0]), float(q[1]))], width)
        s.paint(mark, c[1] if k % 5 == 0 else "#c9cdd2", bevel(0.004), metal=0.9)
    s.tint(s.text("MERIDIAN", 0.5, cy - 0.085, 0.030, 600, 0.12), "#f4f1ea")
    s.tint(s.text("AUTOMATIC", 0.5, cy + 0.095, 0.016, 400, 0.20), "#f4f1ea", 0.8)
    for angle, reach, width in ((-56, 0.115, 0.016), (62, 0.170, 0.012)):
        a = np.radians(angle)
        tip = (0.5 + reach * np.sin(a), cy - reach * np.cos(a))
        hand = s.stroke([(0.5 - 0.02 * np.sin(a), cy + 0.02 * np.cos(a)), tip], width, width * 0.5)
        s.cast(hand, (0.004, 0.008), 0.004, 0.5)
        s.paint(hand, c[1], bevel(0.006), metal=1.0)
    second = s.stroke([(0.47, cy - 0.055), (0.595, cy + 0.17)], 0.005, 0.003)
    s.cast(second, (0.004, 0.008), 0.004, 0.4)
    s.paint(second, "#d8493a")
    s.paint(s.ellipse(0.5, cy, 0.013), c[1], bevel(0.012), metal=1.0)
    sheen = s.polygon([(0.33, cy - 0.22), (0.44, cy - 0.24), (0.36, cy + 0.2), (0.27, cy + 0.1)]) * dial
    s.tint(blur(sheen, 0.012 * s.unit) * dial, "#ffffff", 0.13)
