"""Electronic products. A drawing takes a `Sheet` and its colours, and paints from back to front."""

import numpy as np

from layoutgen.goods.sheet import Sheet, bevel, blur, flat, mix, turned

Colours = tuple[str, ...]


def phone(s: Sheet, c: Colours) -> None:
    """A phone from behind, and another before it that shows its screen; c: body, wallpaper top, wallpaper bottom."""
    back = s.box(0.02, 0.05, 0.56, 1.13, 0.085)
    s.paint(back, mix(c[0], "#ffffff", 0.35), bevel(0.016), metal=0.9, rough=0.2)
    s.paint(s.box(0.032, 0.062, 0.548, 1.118, 0.075), c[0], bevel(0.02, 0.4), gloss=0.35, rough=0.7)
    island = s.box(0.062, 0.095, 0.300, 0.345, 0.065)
    s.cast(island, (0.006, 0.010), 0.010, 0.4)
    s.paint(island, mix(c[0], "#ffffff", 0.10), bevel(0.012), gloss=0.4, rough=0.3)
    for x, y in ((0.125, 0.165), (0.125, 0.278), (0.238, 0.222)):
        s.cast(s.ellipse(x, y, 0.047), (0.003, 0.006), 0.006, 0.5)
        s.paint(s.ellipse(x, y, 0.047), mix(c[0], "#ffffff", 0.3), bevel(0.010), metal=1.0)
        s.paint(s.ellipse(x, y, 0.038), "#0b0c10", bevel(0.05, 0.5), gloss=0.8, rough=0.15)
        s.paint(s.ellipse(x, y, 0.018), "#1d2a4a", bevel(0.02), gloss=0.9, rough=0.1)
        s.tint(blur(s.ellipse(x - 0.012, y - 0.013, 0.006), 0.002 * s.unit), "#cfe0ff", 0.9)
    s.paint(s.ellipse(0.238, 0.135, 0.016), "#fff1cf", bevel(0.02), gloss=0.3)
    s.tint(s.text("AURA", 0.29, 0.62, 0.050, 500, 0.25), mix(c[0], "#ffffff", 0.55), 0.8)
    front = s.box(0.42, 0.09, 0.97, 1.19, 0.088)
    s.cast(front, (-0.020, 0.02), 0.03, 0.6)
    s.paint(front, mix(c[0], "#ffffff", 0.35), bevel(0.016), metal=1.0, rough=0.15)
    for top, bottom in ((0.36, 0.44), (0.47, 0.62)):
        s.paint(s.box(0.968, top, 0.979, bottom, 0.004), mix(c[0], "#ffffff", 0.2), turned(), metal=1.0)
    s.paint(s.box(0.433, 0.103, 0.957, 1.177, 0.076), "#050507")
    screen = s.box(0.445, 0.115, 0.945, 1.165, 0.066)
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32) / s.unit
    paper = mix(c[1], c[2], np.clip((y - 0.1) / 1.05, 0, 1))
    for k, (shift, level) in enumerate(((0.0, 0.60), (1.9, 0.72), (4.0, 0.86))):
        ridge = level + 0.055 * np.sin(9 * x + shift) + 0.03 * np.sin(21 * x + 2 * shift)
        share = np.clip((y - ridge) * s.unit / 3, 0, 1) * np.clip(1.2 - (y - ridge) * 1.6, 0.3, 1)
        paper = mix(paper, mix(c[2], "#0d0a1c", 0.25 + 0.22 * k), share)
    moon = np.clip((0.075 - np.hypot(x - 0.79, y - 0.44)) * s.unit / 2, 0, 1)
    paper = mix(
        paper, "#fff3da", np.asarray(np.maximum(moon, 0.35 * np.exp(-((np.hypot(x - 0.79, y - 0.44) / 0.11) ** 2))))
    )
    s.tint(screen, paper)
    s.tint(s.box(0.625, 0.140, 0.765, 0.172, 0.016), "#050507")
    s.tint(s.text("09:41", 0.695, 0.30, 0.125, 300, 0.0), "#ffffff", 0.95)
    s.tint(s.text("星期六 11月21日", 0.695, 0.215, 0.034, 500), "#ffffff", 0.9)
    s.tint(s.box(0.61, 1.138, 0.78, 1.145, 0.003), "#ffffff", 0.9)
    s.tint(s.polygon([(0.60, 0.1), (0.86, 0.1), (0.58, 1.18), (0.43, 1.18), (0.43, 0.75)]) * screen, "#ffffff", 0.06)


def headphones(s: Sheet, c: Colours) -> None:
    """Over-ear headphones, three quarters; c: shell, cushion, accent metal."""
    far = s.curve(
        [
            (0.70, 0.50),
            (0.78, 0.47),
            (0.84, 0.55),
            (0.855, 0.72),
            (0.82, 0.87),
            (0.74, 0.90),
            (0.68, 0.82),
            (0.665, 0.64),
        ]
    )
    s.paint(far, c[1], bevel(0.06), gloss=0.12, rough=0.7, bump=s.grain(200, 0.3))
    band = s.stroke(
        [(0.80, 0.58), (0.815, 0.33), (0.70, 0.125), (0.48, 0.055), (0.27, 0.13), (0.16, 0.33), (0.165, 0.56)], 0.080
    )
    inner = s.stroke([(0.74, 0.40), (0.66, 0.21), (0.48, 0.135), (0.31, 0.21), (0.225, 0.40)], 0.06)
    s.paint(inner, c[1], bevel(0.03), gloss=0.1, rough=0.7, bump=s.grain(200, 0.3))
    s.paint(band, c[0], bevel(0.042, 0.9), gloss=0.45, rough=0.3)
    for x0, x1 in ((0.128, 0.200), (0.770, 0.845)):
        s.paint(s.box(x0, 0.40, x1, 0.56, 0.012), c[2], turned(), metal=1.0, rough=0.2)
    shell = s.curve(
        [
            (0.83, 0.49),
            (0.91, 0.50),
            (0.945, 0.60),
            (0.945, 0.76),
            (0.90, 0.87),
            (0.82, 0.89),
            (0.79, 0.78),
            (0.785, 0.60),
        ]
    )
    s.cast(shell, (-0.008, 0.01), 0.012, 0.5)
    s.paint(shell, c[0], bevel(0.09, 0.9), gloss=0.45, rough=0.3)
    pad = s.curve(
        [
            (0.21, 0.44),
            (0.33, 0.44),
            (0.40, 0.55),
            (0.415, 0.71),
            (0.385, 0.87),
            (0.30, 0.945),
            (0.20, 0.93),
            (0.14, 0.7),
        ]
    )
    s.paint(pad, c[1], bevel(0.07), gloss=0.14, rough=0.65, bump=s.grain(200, 0.3))
    cup = s.curve(
        [
            (0.17, 0.435),
            (0.26, 0.445),
            (0.325, 0.55),
            (0.335, 0.71),
            (0.30, 0.87),
            (0.22, 0.945),
            (0.12, 0.915),
            (0.06, 0.80),
            (0.05, 0.62),
            (0.09, 0.49),
        ]
    )
    s.cast(cup, (0.012, 0.012), 0.014, 0.55)
    s.paint(cup, c[0], bevel(0.15, 0.85, 0.4), gloss=0.5, rough=0.25)
    ring = s.ellipse(0.192, 0.69, 0.098, 0.165) * (1 - s.ellipse(0.192, 0.69, 0.089, 0.155))
    s.paint(ring, c[2], bevel(0.006), metal=1.0)
    s.paint(s.ellipse(0.192, 0.69, 0.089, 0.155), mix(c[0], "#000000", 0.12), bevel(0.09, 0.35), gloss=0.3, rough=0.6)
    s.tint(s.text("ECHO", 0.192, 0.69, 0.040, 700, 0.10), c[2], 0.9)


def speaker(s: Sheet, c: Colours) -> None:
    """A cylindrical wireless speaker in knitted cloth; c: cloth, trim, loop."""
    loop = s.stroke([(0.80, 0.22), (0.93, 0.30), (0.95, 0.50), (0.86, 0.60)], 0.030)
    s.paint(loop, c[2], bevel(0.016), gloss=0.15, rough=0.6, bump=s.grain(300, 0.5))
    body = np.maximum(s.box(0.13, 0.13, 0.83, 1.12, 0.07), s.box(0.13, 0.13, 0.83, 0.4))
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32) / s.unit
    around = np.arcsin(np.clip((x - 0.48) / 0.36, -1, 1))
    knit = np.sin(around * 150 + np.pi * np.floor(y * 140)) * np.sin(y * 140 * np.pi)
    s.paint(body, c[0], turned(0.02), gloss=0.04, rough=0.9, bump=np.asarray(knit * 0.0012 * s.unit, np.float32))
    s.paint(s.box(0.135, 1.06, 0.825, 1.125, 0.03), c[1], turned(), gloss=0.3, rough=0.4)
    s.paint(s.ellipse(0.48, 0.13, 0.35, 0.060), mix(c[1], "#ffffff", 0.12), bevel(0.015), gloss=0.3)
    s.paint(s.ellipse(0.48, 0.130, 0.315, 0.050), c[1], flat((-0.1, -0.5)), gloss=0.25, rough=0.6)
    s.tint(s.text("—        ○        +", 0.48, 0.130, 0.05, 500), "#f2efe8", 0.85)
    glow = s.ellipse(0.48, 0.130, 0.345, 0.058) * (1 - s.ellipse(0.48, 0.130, 0.326, 0.053))
    s.tint(blur(glow, 1.5), "#7fd6ff", 0.8)
    tag = s.box(0.40, 0.90, 0.56, 0.965, 0.012)
    s.cast(tag, (0.002, 0.005), 0.005, 0.5)
    s.paint(tag, c[1], bevel(0.006), gloss=0.25)
    s.tint(s.text("PULSE", 0.48, 0.931, 0.036, 700, 0.10), "#f2efe8")


def camera(s: Sheet, c: Colours) -> None:
    """A rangefinder camera; c: metal, leatherette, ring."""
    s.paint(s.box(0.15, 0.030, 0.30, 0.14, 0.012), c[0], turned(), metal=1.0)
    s.paint(s.box(0.73, 0.055, 0.86, 0.14, 0.012), c[0], turned(), metal=1.0)
    s.paint(s.box(0.90, 0.085, 0.945, 0.14, 0.01), "#2a2a2d", turned(), gloss=0.3)
    s.paint(s.box(0.40, 0.055, 0.62, 0.14, 0.02), mix(c[0], "#000000", 0.1), bevel(0.014), metal=1.0, rough=0.4)
    body = s.box(0.03, 0.115, 0.97, 0.625, 0.075)
    s.paint(body, c[0], bevel(0.045, 0.8), metal=0.9, rough=0.5)
    skin = s.box(0.03, 0.245, 0.97, 0.555, 0.01)
    s.paint(skin, c[1], bevel(0.03, 0.5), gloss=0.20, rough=0.6, bump=s.grain(170, 1.1))
    for x in (0.005, 0.965):
        s.paint(s.ellipse(x + 0.015, 0.195, 0.022, 0.030), c[0], bevel(0.012), metal=1.0)
    window = s.box(0.70, 0.155, 0.85, 0.222, 0.012)
    s.paint(window, "#0a0c12", bevel(0.012, 0.5), gloss=0.7, rough=0.2)
    s.tint(s.polygon([(0.72, 0.16), (0.77, 0.16), (0.745, 0.22), (0.705, 0.22)]) * window, "#9fc4ff", 0.35)
    s.paint(s.box(0.16, 0.165, 0.235, 0.215, 0.01), "#0f1218", bevel(0.01, 0.5), gloss=0.7, rough=0.2)
    s.tint(s.text("Halide", 0.300, 0.190, 0.040, 700, 0.02), "#2b2b2e", 0.9)
    cx, cy = 0.50, 0.385
    for radius, colour, metal in (
        (0.225, c[0], 1.0),
        (0.208, "#202124", 0.0),
        (0.192, "#17181a", 0.0),
        (0.165, c[0], 1.0),
    ):
        ring = s.ellipse(cx, cy, radius)
        s.cast(ring, (0.008, 0.014), 0.014, 0.5)
        s.paint(ring, colour, bevel(0.016), metal=metal, gloss=0.35, rough=0.3)
    knurls = []
    for k in range(72):
        a, wide = np.radians(5 * k), np.radians(1.1)
        corners = ((0.194, -wide), (0.206, -wide), (0.206, wide), (0.194, wide))
        knurls.append([(cx + r * np.cos(a + w), cy + r * np.sin(a + w)) for r, w in corners])
    s.tint(s.polygon(*knurls), "#54565c", 0.8)
    s.paint(s.ellipse(cx, cy, 0.150), "#0c0d10", bevel(0.02), gloss=0.4)
    edge = s.ellipse(cx, cy, 0.150) * (1 - s.ellipse(cx, cy, 0.143))
    s.tint(edge, c[2], 0.9)
    glass = s.ellipse(cx, cy, 0.112)
    s.paint(
        glass,
        np.stack([mix("#101a3a", "#101a3a", 0), mix("#3a1650", "#3a1650", 0)]),
        bevel(0.13, 0.7),
        gloss=0.9,
        rough=0.12,
    )
    s.tint(blur(s.ellipse(cx + 0.03, cy + 0.045, 0.05, 0.035), 0.012 * s.unit) * glass, "#7f5bff", 0.55)
    s.tint(blur(s.ellipse(cx - 0.03, cy - 0.04, 0.035, 0.022), 0.006 * s.unit) * glass, "#bfe3ff", 0.75)
    s.tint(s.ellipse(cx, cy, 0.035), "#05060a", 0.8)
    s.paint(s.ellipse(0.88, 0.30, 0.020), c[2], bevel(0.02), gloss=0.5)
