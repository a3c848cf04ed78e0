"""Products to wear. A drawing takes a `Sheet` and its colours, and paints from back to front."""

import numpy as np

from layoutgen.goods.sheet import Array, Colour, Point, Sheet, bevel, blur, flat, mix

Colours = tuple[str, ...]


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
    worn = 0.9 - 0.2 * np.abs(s.grain(300, 1000 / s.unit, 1))
    s.tint(np.asarray(sun * worn, np.float32), c[1], 0.92)
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
    ring = np.linspace(0, 2 * np.pi, 20)
    spots = [(0.14 + 0.042 * k + 0.021 * (row % 2), 0.06 + 0.048 * row) for row in range(30) for k in range(18)]
    dots = s.polygon(*[[(px + 0.0055 * np.cos(t), py + 0.0055 * np.sin(t)) for t in ring] for px, py in spots])
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


def sunglasses(s: Sheet, c: Colours) -> None:
    """Sunglasses, folded open, from the front; c: frame, lens top, lens bottom."""
    for sign in (-1, 1):
        arm = s.stroke(
            [(0.5 + sign * 0.46, 0.10), (0.5 + sign * 0.45, 0.055), (0.5 + sign * 0.36, 0.035)], 0.022, 0.016
        )
        s.paint(arm, mix(c[0], "#000000", 0.35), bevel(0.01), gloss=0.4)

    def outline(sign: int, grow: float) -> list[tuple[float, float]]:
        lens = [
            (0.075, 0.12),
            (0.20, 0.085),
            (0.37, 0.095),
            (0.435, 0.145),
            (0.425, 0.26),
            (0.36, 0.365),
            (0.24, 0.395),
            (0.12, 0.345),
            (0.07, 0.23),
        ]
        middle = np.array([0.255, 0.235])
        out = [(np.array([x, y]) - middle) * (1 + grow) + middle for x, y in lens]
        return [(float(0.5 + sign * q[0]), float(q[1])) for q in out]

    bridge = s.stroke([(0.43, 0.16), (0.5, 0.125), (0.57, 0.16)], 0.042)
    frames = np.maximum(s.curve(outline(-1, 0.14)), s.curve(outline(1, 0.14)))
    holes = np.maximum(s.curve(outline(-1, -0.05)), s.curve(outline(1, -0.05)))
    s.paint(
        holes, np.stack([mix(c[1], c[1], 0), mix(c[2], c[2], 0)]), bevel(0.30, 0.5), gloss=0.75, rough=0.1, opacity=0.93
    )
    for sign in (-1, 1):
        x = 0.5 + sign * 0.25
        streak = s.polygon([(x - 0.09, 0.05), (x - 0.01, 0.05), (x - 0.10, 0.42), (x - 0.18, 0.42)])
        s.tint(blur(streak, 0.006 * s.unit) * holes, "#ffffff", 0.22)
    rim = np.maximum(frames, bridge) * (1 - holes)
    s.paint(rim, c[0], bevel(0.018), gloss=0.6, rough=0.15)
    for sign in (-1, 1):
        s.paint(s.ellipse(0.5 + sign * 0.452, 0.135, 0.008), "#d9b36a", bevel(0.008), metal=1.0)
