"""Products for the home. A drawing takes a `Sheet` and its colours, and paints from back to front."""

import numpy as np

from layoutgen.goods.sheet import Colour, Point, Sheet, bevel, blur, flat, mix, noise, spline, turned

Colours = tuple[str, ...]


def _ends(top: Colour, bottom: Colour) -> np.ndarray:
    return np.stack([mix(top, top, 0), mix(bottom, bottom, 0)])


def mug(s: Sheet, c: Colours) -> None:
    """A glazed mug of coffee, its foot unglazed; c: glaze, inside."""
    handle = s.stroke([(0.74, 0.24), (0.88, 0.235), (0.945, 0.36), (0.88, 0.50), (0.72, 0.57)], 0.058, 0.05)
    s.paint(handle, c[0], bevel(0.03), gloss=0.5, rough=0.25)
    body = np.maximum(s.box(0.10, 0.12, 0.79, 0.74, 0.10), s.box(0.10, 0.12, 0.79, 0.4))
    foot = np.maximum(s.box(0.22, 0.70, 0.67, 0.765), s.ellipse(0.445, 0.765, 0.225, 0.02))
    s.paint(foot, mix(c[0], "#8a6f58", 0.7), turned(), gloss=0.0)
    s.paint(body, c[0], turned(0.02), gloss=0.5, rough=0.22, bump=s.grain(14, 0.9))
    speckle = (noise(s.shape, s.rng, 130, octaves=1) > 0.97).astype(np.float32) * body
    s.tint(blur(speckle, 1.2), mix(c[0], "#2b1c14", 0.75), 0.5)
    s.paint(s.ellipse(0.445, 0.12, 0.346, 0.062), mix(c[0], "#ffffff", 0.22), bevel(0.010), gloss=0.5)
    inside = s.ellipse(0.445, 0.122, 0.328, 0.053)
    s.paint(inside, _ends(mix(c[1], "#000000", 0.45), c[1]))
    coffee = s.ellipse(0.445, 0.148, 0.30, 0.040) * inside
    s.paint(coffee, _ends("#24120a", "#5a331b"), gloss=0.3)
    s.tint(s.ellipse(0.37, 0.137, 0.10, 0.008) * inside, "#c79a6b", 0.35)


def kettle(s: Sheet, c: Colours) -> None:
    """A gooseneck kettle with a wooden grip; c: enamel, wood, knob."""
    spout = s.stroke([(0.30, 0.62), (0.19, 0.60), (0.16, 0.46), (0.14, 0.30), (0.05, 0.22)], 0.06, 0.028)
    s.paint(spout, c[0], bevel(0.03), gloss=0.35, rough=0.35)
    hold = s.stroke([(0.70, 0.27), (0.88, 0.27), (0.93, 0.36), (0.90, 0.58)], 0.05, 0.042)
    s.paint(hold, c[1], bevel(0.028), gloss=0.15, rough=0.6)
    s.paint(s.box(0.66, 0.245, 0.76, 0.30, 0.02), "#b9bcc0", bevel(0.02), metal=0.9)
    body = s.mirrored([(0.36, 0.22), (0.34, 0.24), (0.26, 0.50), (0.215, 0.70), (0.23, 0.755), (0.27, 0.765)], 0.49)
    s.paint(body, c[0], turned(0.02), gloss=0.36, rough=0.3)
    s.paint(s.box(0.222, 0.735, 0.758, 0.757, 0.01), "#c9ccd0", turned(), metal=1.0)
    lid = s.mirrored([(0.355, 0.235), (0.37, 0.19), (0.42, 0.165), (0.49, 0.16)], 0.49)
    s.cast(lid, (0.004, 0.012), 0.008, 0.35)
    s.paint(lid, mix(c[0], "#ffffff", 0.05), turned(0.02), gloss=0.36, rough=0.3)
    s.paint(s.box(0.474, 0.125, 0.506, 0.17), "#b9bcc0", turned(), metal=1.0)
    s.paint(s.ellipse(0.49, 0.105, 0.042, 0.034), c[2], bevel(0.05), gloss=0.3)


def lamp(s: Sheet, c: Colours) -> None:
    """A table lamp, switched on: pleated shade, brass stem, stone base; c: shade, metal, base."""
    base = np.maximum(s.box(0.28, 1.20, 0.72, 1.262, 0.02), s.ellipse(0.5, 1.258, 0.215, 0.026))
    s.paint(base, c[2], turned(), gloss=0.22, rough=0.4)
    s.paint(s.ellipse(0.5, 1.204, 0.219, 0.030), mix(c[2], "#ffffff", 0.18), gloss=0.1)
    s.paint(s.box(0.487, 0.52, 0.513, 1.205), c[1], turned(), metal=1.0, rough=0.2)
    s.paint(s.ellipse(0.5, 1.18, 0.036, 0.030), c[1], turned(), metal=1.0)
    s.paint(s.ellipse(0.5, 0.60, 0.05, 0.02), "#fff3cf")
    shade = s.polygon([(0.30, 0.08), (0.70, 0.08), (0.93, 0.57), (0.07, 0.57)])
    hem = s.ellipse(0.5, 0.57, 0.43, 0.030)
    s.paint(hem, mix(c[0], "#8a6a3a", 0.35))
    shade = np.maximum(shade, s.ellipse(0.5, 0.08, 0.20, 0.016))
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32) / s.unit
    fan = (x - 0.5) / (0.20 + 0.23 * np.clip((y - 0.08) / 0.49, 0, 1))
    pleats = np.sin(fan * 62) * 0.002 * s.unit
    s.paint(shade, c[0], turned(0.03), gloss=0.02, rough=0.9, bump=np.asarray(pleats, np.float32))
    glow = np.exp(-(((x - 0.5) / 0.27) ** 2) - ((y - 0.40) / 0.21) ** 2).astype(np.float32)
    s.tint(shade * glow, "#fff0c4", 0.85)
    s.tint(s.stroke([(0.075, 0.57), (0.3, 0.572), (0.7, 0.572), (0.925, 0.57)], 0.008), c[1], 0.8)
    s.tint(s.ellipse(0.5, 0.08, 0.185, 0.011), "#fff6dd", 0.9)


def sofa(s: Sheet, c: Colours) -> None:
    """A two-seat sofa with a throw cushion; c: cloth, legs, cushion."""
    weave = s.grain(420, 0.5, 1) + s.grain(9, 5)
    look = {"gloss": 0.02, "rough": 0.9, "bump": weave}
    for x in (0.12, 0.86):
        s.paint(
            s.polygon([(x - 0.013, 0.44), (x + 0.013, 0.44), (x + 0.008, 0.515), (x - 0.008, 0.515)]), c[1], turned()
        )
    back = s.box(0.09, 0.06, 0.91, 0.40, 0.06)
    s.paint(back, mix(c[0], "#000000", 0.10), bevel(0.06), **look)
    for left, right in ((0.135, 0.497), (0.503, 0.865)):
        top = [(left + 0.02, 0.10), ((left + right) / 2, 0.088), (right - 0.02, 0.10)]
        cushion = s.curve([*top, (right, 0.2), (right, 0.33), (left, 0.33), (left, 0.2)])
        s.cast(cushion, (0.004, 0.008), 0.010, 0.5)
        s.paint(cushion, c[0], bevel(0.11, 0.8, 0.4), **look)
    s.paint(s.box(0.09, 0.37, 0.91, 0.455, 0.02), mix(c[0], "#000000", 0.12), bevel(0.02), **look)
    for left, right in ((0.125, 0.498), (0.502, 0.875)):
        seat = s.box(left, 0.285, right, 0.395, 0.045)
        s.cast(seat, (0, -0.012), 0.012, 0.5)
        s.paint(seat, mix(c[0], "#ffffff", 0.06), bevel(0.055, 0.8, 0.4), **look)
    for left, right in ((0.03, 0.145), (0.855, 0.97)):
        arm = s.box(left, 0.19, right, 0.46, 0.05)
        s.cast(arm, (0.006, 0.0), 0.014, 0.5)
        s.paint(arm, c[0], bevel(0.055, 0.9, 0.4), **look)
    throw: list[Point] = [(0.20, 0.145), (0.29, 0.16), (0.375, 0.135), (0.365, 0.22), (0.385, 0.30), (0.29, 0.29)]
    pillow = s.curve([*throw, (0.195, 0.315), (0.208, 0.23)])
    s.cast(pillow, (0.008, 0.012), 0.014, 0.5)
    s.paint(pillow, c[2], bevel(0.09, 0.9, 0.4), **look)


def plant(s: Sheet, c: Colours) -> None:
    """A broad-leaved plant in a ceramic pot; c: leaf, pot."""
    leaves = [(-72, 0.40, 0), (66, 0.42, 0), (-42, 0.52, 0), (38, 0.54, 0), (-14, 0.60, 0), (14, 0.50, 1)]
    leaves += [(-58, 0.30, 1), (54, 0.31, 1), (-27, 0.40, 1), (30, 0.36, 1), (-2, 0.36, 1)]
    for angle, length, front in leaves:
        a = np.radians(angle)
        along, side = np.array([np.sin(a), -np.cos(a)]), np.array([np.cos(a), np.sin(a)])
        foot = np.array([0.5 + 0.04 * np.sin(a), 0.80])
        t = np.linspace(0.40, 1, 9)
        half = length * 0.235 * np.sin(np.pi * np.clip((t - 0.40) / 0.60, 0, 1) ** 0.75)
        droop = np.outer(np.clip(t - 0.45, 0, 1) ** 2, [0.30 * np.sin(a) * length, 0.55 * abs(np.sin(a)) * length])
        rib = foot + np.outer(t * length * 1.12, along) + droop
        stem = [tuple(foot), tuple(foot + along * length * 0.22), tuple(rib[0])]
        s.paint(
            s.stroke([(float(x), float(y)) for x, y in stem], 0.012, 0.008), mix(c[0], "#c7d48a", 0.35), bevel(0.006)
        )
        tone = mix(mix(c[0], "#b9d06a", 0.25 * front), "#0c2a18", float(s.rng.uniform(0, 0.25)))
        for sign, shade in ((-1, 0.0), (1, 0.16)):
            rim = rib + np.outer(half * sign, side)
            blade = s.polygon(spline([(float(x), float(y)) for x, y in [*rib, *rim[-2:0:-1]]], closed=True, steps=4))
            if sign < 0:
                s.cast(blade, (0.010, 0.020), 0.018, 0.40)
            lean = (float(-0.35 * sign * side[0]), float(-0.35 * sign * side[1]))
            s.paint(blade, mix(tone, "#000000", shade), flat(lean), gloss=0.42, rough=0.65)
        veins = []
        for k in range(2, 8):
            for sign in (-1, 1):
                (x0, y0), (x1, y1) = rib[k - 1], rib[k] + side * half[k] * sign * 0.82 + along * length * 0.05
                veins.append([(x0, y0 - 0.0014), (x0, y0 + 0.0014), (x1, y1)])
        s.tint(s.polygon(*veins), mix(tone, "#e6f0b8", 0.4), 0.55)
        s.tint(s.stroke([(float(x), float(y)) for x, y in rib], 0.006, 0.002), mix(tone, "#eef5c8", 0.5), 0.8)
    pot = s.polygon([(0.27, 0.76), (0.73, 0.76), (0.675, 1.13), (0.655, 1.155), (0.345, 1.155), (0.325, 1.13)])
    s.paint(s.ellipse(0.5, 0.762, 0.23, 0.02), "#3a2a20")
    s.paint(pot, c[1], turned(0.015), gloss=0.16, rough=0.55, bump=s.grain(40, 0.9))
    s.paint(s.box(0.255, 0.755, 0.745, 0.815, 0.012), mix(c[1], "#ffffff", 0.1), turned(), gloss=0.18, rough=0.5)


def vase(s: Sheet, c: Colours) -> None:
    """A ribbed vase with dried pampas; c: glaze, grass."""
    for x, y, bend in (
        (0.20, 0.10, -0.08),
        (0.40, 0.03, -0.03),
        (0.58, 0.08, 0.03),
        (0.80, 0.14, 0.09),
        (0.68, 0.02, 0.05),
    ):
        s.paint(s.stroke([(0.5, 0.72), (0.5 + bend, 0.42), (x, y + 0.10)], 0.007), "#b99a6b", bevel(0.004))
        lean = np.array([0.5 + bend - x, 0.32]) / np.hypot(0.5 + bend - x, 0.32)
        for layer in range(8):
            blades = []
            for k in range(34):
                root = np.array([x, y]) + lean * 0.30 * (s.rng.uniform(0, 1) if layer else k / 34)
                t = float(np.hypot(*(root - [x, y]))) / 0.30
                reach = 0.085 * np.sin(np.pi * min(1.0, 0.16 + 0.8 * t)) * s.rng.uniform(0.4, 1.0)
                spread = np.arctan2(lean[1], lean[0]) + np.pi + s.rng.uniform(-0.85, 0.85)
                tip = root + reach * np.array([np.cos(spread), np.sin(spread)])
                blades.append([(root[0] - 0.003, root[1]), (root[0] + 0.003, root[1]), (tip[0], tip[1])])
            s.paint(s.polygon(*blades), mix(c[1], "#ffffff", layer * 0.06), gloss=0.0, opacity=0.6)
    body = s.mirrored(
        [
            (0.43, 0.60),
            (0.42, 0.615),
            (0.435, 0.70),
            (0.36, 0.80),
            (0.27, 0.95),
            (0.27, 1.10),
            (0.35, 1.22),
            (0.40, 1.24),
        ]
    )
    x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]][1].astype(np.float32) / s.unit
    ribs = np.sin(np.arcsin(np.clip((x - 0.5) / 0.25, -1, 1)) * 22) * 0.0028 * s.unit
    s.paint(body, c[0], turned(0.015), gloss=0.24, rough=0.4, bump=np.asarray(ribs, np.float32))
    s.paint(s.ellipse(0.5, 0.612, 0.077, 0.013), mix(c[0], "#000000", 0.65))


def candle(s: Sheet, c: Colours) -> None:
    """A burning scented candle in amber glass; c: glass, label, name as a word."""
    glass = np.maximum(s.box(0.16, 0.26, 0.84, 1.0, 0.06), s.box(0.16, 0.26, 0.84, 0.6))
    s.paint(s.ellipse(0.5, 0.26, 0.34, 0.052), mix(c[0], "#ffe3b0", 0.35), bevel(0.012), gloss=0.5)
    s.paint(s.ellipse(0.5, 0.264, 0.318, 0.043), _ends(mix(c[0], "#000000", 0.5), mix(c[0], "#ffca7a", 0.5)))
    s.paint(s.ellipse(0.5, 0.282, 0.30, 0.030), "#ffe9bf", gloss=0.1)
    front = glass * (1 - s.ellipse(0.5, 0.26, 0.34, 0.052) * (1 - s.box(0, 0.31, 1, 2)))
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32) / s.unit
    s.paint(front, _ends(mix(c[0], "#ff9c3a", 0.35), mix(c[0], "#000000", 0.25)), turned(), gloss=0.6, rough=0.12)
    s.tint(front * np.exp(-(((x - 0.5) / 0.30) ** 2) - ((y - 0.40) / 0.16) ** 2).astype(np.float32), "#ffb24a", 0.6)
    s.paint(s.box(0.27, 0.48, 0.73, 0.86, 0.008), c[1], turned(), gloss=0.04, rough=0.9)
    s.tint(s.text(c[2], 0.5, 0.60, 0.085, 600, 0.12), "#3b2a20")
    s.tint(s.text("SOY WAX · 200 g", 0.5, 0.74, 0.033, 400, 0.08), "#6b574a")
    s.tint(s.box(0.42, 0.668, 0.58, 0.671), "#6b574a")
    s.tint(s.stroke([(0.5, 0.285), (0.502, 0.225)], 0.008), "#33211a")
    s.paint(s.stroke([(0.5, 0.285), (0.502, 0.225)], 0.009), "#33211a")
    flame = s.curve([(0.502, 0.075), (0.535, 0.16), (0.535, 0.205), (0.502, 0.232), (0.468, 0.205), (0.470, 0.16)])
    s.paint(blur(flame, 0.012 * s.unit), "#ff9a2e", opacity=0.75)
    s.paint(
        s.curve([(0.502, 0.11), (0.524, 0.17), (0.522, 0.205), (0.502, 0.224), (0.482, 0.205), (0.481, 0.17)]),
        "#ffd97a",
    )
    s.tint(s.curve([(0.502, 0.14), (0.516, 0.18), (0.502, 0.216), (0.488, 0.18)]), "#fffbe6", 0.9)
