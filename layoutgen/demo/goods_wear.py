"""Products to wear and to carry. A drawing takes a `Sheet` and its colours, and paints from back to front."""

import numpy as np

from layoutgen.demo.drawing import Array, Colour, Point, Sheet, bevel, blur, flat, mix, turned

Colours = tuple[str, ...]


def _stitches(s: Sheet, points: list[Point], colour: str, count: int, width: float = 0.004) -> None:
    """Sew `count` stitches along a polyline, each with a little shadow."""
    p = np.asarray(points)
    at = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(p, axis=0).T))])
    seam = np.zeros(s.shape, np.float32)
    for k in range(count):
        a, b = (at[-1] * (k + share) / count for share in (0.18, 0.78))
        ends = [(float(np.interp(d, at, p[:, 0])), float(np.interp(d, at, p[:, 1]))) for d in (a, b)]
        seam = np.maximum(seam, s.polygon([*(ends), *((x + width * 0.6, y + width * 0.6) for x, y in ends[::-1])]))
    s.cast(seam, (0.001, 0.002), 0.0015, 0.5)
    s.paint(seam, colour, gloss=0.0)


def sneaker(s: Sheet, c: Colours) -> None:
    """A running shoe from its side, toe to the left; c: mesh, overlay, accent, sole."""
    upper_line: list[Point] = [(0.05, 0.43), (0.055, 0.375), (0.12, 0.325), (0.25, 0.285), (0.38, 0.225), (0.50, 0.140)]
    upper_line += [(0.60, 0.078), (0.66, 0.085), (0.70, 0.145), (0.78, 0.165), (0.86, 0.120), (0.905, 0.075)]
    upper_line += [(0.945, 0.085), (0.945, 0.19), (0.955, 0.32), (0.95, 0.44), (0.7, 0.46), (0.4, 0.46), (0.15, 0.46)]
    tongue = s.curve([(0.50, 0.13), (0.565, 0.035), (0.63, 0.028), (0.675, 0.10), (0.62, 0.16), (0.54, 0.19)])
    s.paint(tongue, mix(c[1], "#000000", 0.10), bevel(0.03), gloss=0.1)
    s.paint(s.curve([(0.62, 0.11), (0.74, 0.135), (0.90, 0.085), (0.90, 0.2), (0.7, 0.2)]), mix(c[1], "#000000", 0.6))
    upper = s.curve(upper_line)
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32)
    pitch = s.unit / 95
    mesh = np.sin(x / pitch * 6.28 + y / pitch * 3.1) * np.sin(y / pitch * 6.28) * 0.0011 * s.unit
    s.paint(upper, c[0], bevel(0.17, 0.75, 0.5), gloss=0.06, rough=0.8, bump=np.asarray(mesh, np.float32))

    def overlay(mask: Array, colour: Colour, radius: float = 0.018) -> None:
        part = mask * upper
        s.cast(part, (0.002, 0.005), 0.005, 0.40)
        s.paint(part, colour, bevel(radius, 0.55, 0.6), gloss=0.28, rough=0.45, bump=s.grain(260, 0.25))

    overlay(s.curve([(0.02, 0.48), (0.03, 0.34), (0.14, 0.31), (0.235, 0.335), (0.21, 0.40), (0.25, 0.48)]), c[1], 0.05)
    overlay(s.curve([(0.80, 0.48), (0.775, 0.36), (0.84, 0.27), (0.88, 0.05), (0.99, 0.05), (0.99, 0.48)]), c[1], 0.05)
    collar = s.stroke([(0.665, 0.115), (0.71, 0.155), (0.78, 0.172), (0.86, 0.128), (0.915, 0.085)], 0.040, 0.036)
    s.paint(collar * upper, mix(c[1], "#000000", 0.15), bevel(0.02), gloss=0.04)
    overlay(
        s.curve(
            [(0.33, 0.275), (0.42, 0.20), (0.56, 0.095), (0.635, 0.075), (0.655, 0.125), (0.53, 0.205), (0.40, 0.30)]
        ),
        c[1],
    )
    wave = [
        (0.30, 0.425),
        (0.45, 0.385),
        (0.60, 0.27),
        (0.66, 0.145),
        (0.70, 0.18),
        (0.655, 0.32),
        (0.56, 0.41),
        (0.44, 0.45),
    ]
    overlay(s.curve(wave), c[2], 0.012)
    wave = [
        (0.50, 0.44),
        (0.63, 0.38),
        (0.715, 0.28),
        (0.735, 0.19),
        (0.765, 0.2),
        (0.75, 0.32),
        (0.68, 0.41),
        (0.6, 0.45),
    ]
    overlay(s.curve(wave), mix(c[2], "#ffffff", 0.25), 0.012)
    for k in range(6):
        px, py = 0.405 + 0.039 * k, 0.243 - 0.0265 * k
        lace = s.stroke([(px + 0.035, py + 0.018), (px - 0.005, py - 0.022), (px - 0.035, py - 0.040)], 0.016)
        s.cast(lace, (0.003, 0.006), 0.004, 0.5)
        s.paint(lace, "#f7f5f0", bevel(0.009), gloss=0.05)
        s.paint(s.ellipse(px + 0.037, py + 0.020, 0.007), "#2a2a2c", gloss=0.2)
    sole: list[Point] = [(0.035, 0.425), (0.10, 0.445), (0.3, 0.452), (0.55, 0.435), (0.80, 0.41), (0.955, 0.395)]
    sole += [(0.985, 0.42), (0.975, 0.50), (0.93, 0.525), (0.70, 0.53), (0.4, 0.535), (0.15, 0.53), (0.05, 0.49)]
    midsole = s.curve(sole)
    s.cast(midsole, (0.0, -0.010), 0.008, 0.45)
    s.paint(midsole, c[3], bevel(0.045, 0.9, 0.4), gloss=0.10, rough=0.6, bump=s.grain(300, 0.25))
    for k in range(3):
        groove = s.stroke(
            [(0.60, 0.468 + 0.017 * k), (0.78, 0.452 + 0.017 * k), (0.95, 0.435 + 0.018 * k)], 0.006, 0.003
        )
        s.tint(groove * midsole, mix(c[3], "#000000", 0.45), 0.7)
    s.paint(
        s.curve(
            [(0.06, 0.505), (0.3, 0.527), (0.7, 0.522), (0.965, 0.498), (0.94, 0.533), (0.5, 0.543), (0.12, 0.538)]
        ),
        c[2],
        bevel(0.01),
    )
    s.tint(s.text("ORBE", 0.868, 0.325, 0.036, 800, 0.06) * upper, c[3])


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


def t_shirt(s: Sheet, c: Colours) -> None:
    """A T-shirt laid flat, with a print; c: cloth, print, second print colour."""
    half: list[Point] = [(0.395, 0.075), (0.36, 0.085), (0.235, 0.135), (0.14, 0.235), (0.045, 0.415), (0.045, 0.43)]
    half += [(0.175, 0.505), (0.185, 0.50), (0.255, 0.385), (0.262, 0.39), (0.268, 0.60), (0.262, 0.92), (0.27, 0.935)]
    shirt = s.mirrored([(0.5, 0.075), *half, (0.5, 0.945)])
    folds = s.grain(4, 17, 2, 0.6) + s.grain(330, 0.25, 1)
    s.paint(s.ellipse(0.5, 0.085, 0.115, 0.05), mix(c[0], "#000000", 0.35))
    s.paint(shirt, c[0], bevel(0.05, 0.35, 0.6), gloss=0.02, rough=1.0, bump=folds)
    hole = s.ellipse(0.5, 0.062, 0.108, 0.085)
    s.cast(hole, (0.0, 0.012), 0.012, 0.25)
    inner = hole * (1 - s.box(0, 0, 1, 0.068))
    s.paint(hole * s.box(0, 0.05, 1, 0.2), mix(c[0], "#000000", 0.25), flat((0.1, 0.4)), bump=s.grain(330, 0.35, 1))
    s.tint(inner, mix(c[0], "#000000", 0.5), 0.25)
    collar = s.stroke(
        [(0.392, 0.070), (0.41, 0.115), (0.455, 0.150), (0.5, 0.158), (0.545, 0.150), (0.59, 0.115), (0.608, 0.070)],
        0.026,
    )
    s.cast(collar, (0.001, 0.006), 0.006, 0.35)
    s.paint(collar, mix(c[0], "#000000", 0.06), bevel(0.014, 0.7), gloss=0.0, bump=s.grain(330, 0.4, 1, 0.2))
    for side in (0, 1):
        sleeve = [(0.262, 0.39), (0.285, 0.28), (0.33, 0.17), (0.365, 0.095)]
        cuff = [(0.055, 0.405), (0.12, 0.455), (0.185, 0.488)]
        for line in (sleeve, cuff):
            path = [(1 - x, y) if side else (x, y) for x, y in line]
            s.tint(blur(s.stroke(path, 0.006), 0.003 * s.unit), mix(c[0], "#000000", 0.6), 0.55)
    sun = s.ellipse(0.5, 0.38, 0.125) * (1 - s.box(0, 0.44, 1, 1))
    s.tint(sun * (0.9 - 0.2 * np.abs(s.grain(300, 1 / s.unit * 1000, 1))), c[1], 0.92)
    for k in range(4):
        bar = s.stroke(
            [
                (0.36, 0.452 + 0.022 * k),
                (0.43, 0.446 + 0.022 * k),
                (0.5, 0.456 + 0.022 * k),
                (0.57, 0.448 + 0.022 * k),
                (0.64, 0.454 + 0.022 * k),
            ],
            0.010 - 0.0018 * k,
        )
        s.tint(bar, c[2], 0.9)
    s.tint(s.text("SLOW TIDE CLUB", 0.5, 0.585, 0.034, 700, 0.18), c[2], 0.9)


def dress(s: Sheet, c: Colours) -> None:
    """A sleeveless midi dress on an invisible form; c: cloth, belt."""
    half: list[Point] = [
        (0.40, 0.05),
        (0.372, 0.045),
        (0.345, 0.06),
        (0.350, 0.16),
        (0.315, 0.245),
        (0.330, 0.34),
        (0.372, 0.49),
    ]
    half += [(0.34, 0.62), (0.26, 0.90), (0.165, 1.27), (0.135, 1.40), (0.15, 1.425), (0.28, 1.452)]
    body = s.mirrored([(0.5, 0.165), (0.452, 0.145), *half, (0.5, 1.46)])
    s.paint(
        s.curve([(0.39, 0.055), (0.45, 0.09), (0.55, 0.09), (0.61, 0.055), (0.58, 0.17), (0.5, 0.21), (0.42, 0.17)]),
        mix(c[0], "#000000", 0.5),
    )
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32) / s.unit
    open_ = np.clip((y - 0.52) / 0.9, 0, 1)
    fan = (x - 0.5) / (0.13 + 0.26 * open_)
    wander = s.grain(5, 1000 / s.unit, 2) * 0.35
    pleats = np.sin(fan * 15 + wander * 3) + 0.5 * np.sin(fan * 31 + wander * 6)
    folds = pleats * (0.0002 + 0.0085 * open_) * s.unit + s.grain(6, 6, 2) + s.grain(360, 0.25, 1)
    s.paint(body, c[0], bevel(0.12, 0.8, 0.5), gloss=0.10, rough=0.8, bump=np.asarray(folds, np.float32))
    for side in (0, 1):
        dart = [(0.395, 0.47), (0.405, 0.36), (0.42, 0.285)]
        path = [(1 - px, py) if side else (px, py) for px, py in dart]
        s.tint(blur(s.stroke(path, 0.006, 0.002), 0.004 * s.unit), mix(c[0], "#000000", 0.6), 0.5)
    dots = np.zeros(s.shape, np.float32)
    for row in range(30):
        for column in range(18):
            px = 0.14 + 0.042 * column + 0.021 * (row % 2)
            dots = np.maximum(dots, s.ellipse(px, 0.06 + 0.048 * row, 0.0055))
    s.tint(dots * body, "#fff8ee", 0.8)
    belt = s.stroke([(0.365, 0.482), (0.5, 0.505), (0.635, 0.482)], 0.040)
    belt = belt * blur(body, 2)
    s.cast(belt, (0.002, 0.010), 0.008, 0.5)
    s.paint(belt, c[1], bevel(0.014, 0.6), gloss=0.3, rough=0.4)
    for ribbon in ([(0.515, 0.50), (0.54, 0.60), (0.525, 0.72)], [(0.51, 0.50), (0.50, 0.60), (0.478, 0.68)]):
        tail = s.stroke(ribbon, 0.012, 0.026)
        s.cast(tail, (0.006, 0.008), 0.008, 0.4)
        s.paint(tail, c[1], bevel(0.012, 0.6), gloss=0.3, rough=0.4)
    for sign in (-1, 1):
        loop = s.curve(
            [(0.512, 0.497), (0.512 + sign * 0.035, 0.463), (0.512 + sign * 0.075, 0.478), (0.512 + sign * 0.06, 0.515)]
        )
        s.cast(loop, (0.003, 0.008), 0.006, 0.45)
        s.paint(loop, c[1], bevel(0.02, 0.8), gloss=0.3, rough=0.4)
    s.paint(s.ellipse(0.512, 0.497, 0.017, 0.020), c[1], bevel(0.014), gloss=0.3)


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
