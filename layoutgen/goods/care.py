"""Bottles, jars, books: what stands on a shelf. A drawing takes a `Sheet` and its colours, and paints from the back."""

import numpy as np

from layoutgen.goods.sheet import Array, Sheet, bevel, blur, flat, mix, turned

Colours = tuple[str, ...]


def _ends(top: str, bottom: str) -> Array:
    return np.stack([mix(top, top, 0), mix(bottom, bottom, 0)])


def perfume(s: Sheet, c: Colours) -> None:
    """A square perfume bottle; c: juice, glass, cap metal, name as a word."""
    glass = s.box(0.10, 0.42, 0.90, 1.30, 0.07)
    s.paint(glass, mix(c[1], "#ffffff", 0.35), bevel(0.05, 0.9), gloss=0.75, rough=0.15, opacity=0.88)
    juice = s.box(0.165, 0.50, 0.835, 1.215, 0.045)
    s.paint(
        juice,
        _ends(mix_hex(c[0], "#ffffff", 0.35), mix_hex(c[0], "#3a1a10", 0.18)),
        bevel(0.06, 0.6),
        gloss=0.5,
        rough=0.3,
    )
    s.tint(s.box(0.165, 0.50, 0.835, 0.56, 0.03), "#ffffff", 0.38)
    s.tint(s.box(0.165, 0.557, 0.835, 0.563), mix(c[0], "#ffffff", 0.75), 0.9)
    tube = s.box(0.492, 0.42, 0.508, 1.17)
    s.tint(blur(tube, 1.2), "#ffffff", 0.30)
    for left, right, share in ((0.125, 0.150, 0.75), (0.845, 0.862, 0.5), (0.19, 0.225, 0.28)):
        s.tint(blur(s.box(left, 0.50, right, 1.20, 0.012), 0.004 * s.unit), "#ffffff", share)
    s.tint(
        blur(s.polygon([(0.30, 0.50), (0.52, 0.50), (0.30, 1.21), (0.17, 1.21), (0.17, 0.9)]), 0.01 * s.unit) * juice,
        "#ffffff",
        0.14,
    )
    s.paint(s.box(0.395, 0.345, 0.605, 0.435, 0.012), c[2], turned(), metal=1.0, rough=0.12)
    s.paint(s.box(0.33, 0.03, 0.67, 0.36, 0.02), c[2], turned(), metal=1.0, rough=0.10)
    s.tint(s.box(0.33, 0.325, 0.67, 0.331), "#000000", 0.35)
    s.tint(s.box(0.33, 0.03, 0.67, 0.05, 0.015), "#ffffff", 0.35)
    plate = s.box(0.27, 0.72, 0.73, 1.02, 0.008)
    s.cast(plate, (0.003, 0.006), 0.006, 0.30)
    s.paint(plate, "#fbf6ee", bevel(0.006, 0.5), gloss=0.1)
    s.tint(plate * (1 - s.box(0.285, 0.735, 0.715, 1.005, 0.004)) * s.box(0.278, 0.728, 0.722, 1.012, 0.006), c[2], 0.8)
    s.tint(s.text(c[3], 0.5, 0.835, 0.095, 300, 0.16), "#2e2620")
    s.tint(s.text("EAU DE PARFUM · 50 ml", 0.5, 0.935, 0.028, 400, 0.08), "#6e6056")


def mix_hex(a: str, b: str, share: float) -> str:
    """Return a mixed colour as `#rrggbb`."""
    return "#" + "".join(f"{round(float(v) * 255):02x}" for v in mix(a, b, share))


def serum(s: Sheet, c: Colours) -> None:
    """A dropper bottle of face serum; c: glass, bulb, label."""
    bulb = s.mirrored([(0.5, 0.03), (0.43, 0.045), (0.405, 0.10), (0.415, 0.25), (0.41, 0.30), (0.5, 0.31)])
    s.paint(bulb, c[1], turned(0.015), gloss=0.25, rough=0.45)
    collar = s.box(0.345, 0.285, 0.655, 0.49, 0.012)
    s.paint(collar, "#d9b98a", turned(), metal=1.0, rough=0.15)
    body = s.mirrored(
        [
            (0.5, 0.485),
            (0.365, 0.488),
            (0.36, 0.53),
            (0.27, 0.595),
            (0.185, 0.67),
            (0.175, 0.75),
            (0.175, 1.42),
            (0.19, 1.465),
            (0.25, 1.48),
            (0.5, 1.485),
        ]
    )
    s.paint(
        body, _ends(mix_hex(c[0], "#ffffff", 0.22), mix_hex(c[0], "#000000", 0.25)), turned(0.02), gloss=0.7, rough=0.12
    )
    fill = s.box(0.20, 0.76, 0.80, 1.45, 0.03) * body
    s.tint(fill, mix(c[0], "#000000", 0.55), 0.28)
    s.paint(s.box(0.176, 0.83, 0.824, 1.33), c[2], turned(), gloss=0.08, rough=0.8)
    s.tint(s.text("LUMI", 0.47, 0.945, 0.115, 700, 0.10), "#2d2a28")
    s.tint(s.text("10% 烟酰胺精华", 0.47, 1.075, 0.056, 500), "#4b4643")
    s.tint(s.text("BRIGHTENING SERUM", 0.47, 1.165, 0.036, 400, 0.06), "#6d6661")
    s.tint(s.text("30 ml", 0.47, 1.255, 0.036, 500, 0.04), "#6d6661")
    s.tint(s.box(0.33, 1.012, 0.61, 1.016), "#b99a6b")


def jar(s: Sheet, c: Colours) -> None:
    """An open-lidded jar of face cream, its lid leaning; c: glass, lid, cream."""
    body = np.maximum(s.box(0.12, 0.34, 0.88, 0.80, 0.10), s.box(0.12, 0.34, 0.88, 0.5))
    s.paint(body, _ends(mix_hex(c[0], "#ffffff", 0.25), c[0]), turned(0.03), gloss=0.45, rough=0.3)
    s.tint(s.box(0.12, 0.345, 0.88, 0.352), "#000000", 0.1)
    s.paint(s.ellipse(0.5, 0.34, 0.38, 0.075), mix(c[0], "#ffffff", 0.55), bevel(0.016), gloss=0.5)
    hole = s.ellipse(0.5, 0.342, 0.345, 0.062)
    s.paint(hole, _ends(mix_hex(c[0], "#000000", 0.30), mix_hex(c[0], "#ffffff", 0.3)))
    cream = s.curve(
        [
            (0.165, 0.345),
            (0.22, 0.285),
            (0.36, 0.265),
            (0.47, 0.215),
            (0.565, 0.165),
            (0.575, 0.195),
            (0.55, 0.24),
            (0.66, 0.265),
            (0.79, 0.290),
            (0.835, 0.345),
            (0.70, 0.390),
            (0.5, 0.402),
            (0.30, 0.390),
        ]
    )
    s.paint(cream, c[2], bevel(0.07, 0.9, 0.4), gloss=0.22, rough=0.4)
    for points in (
        [(0.27, 0.335), (0.42, 0.290), (0.56, 0.275), (0.68, 0.31)],
        [(0.36, 0.365), (0.52, 0.335), (0.66, 0.345)],
    ):
        s.tint(blur(s.stroke(points, 0.012, 0.004), 0.004 * s.unit), mix(c[2], "#8a6a5a", 0.5), 0.30)
    s.tint(s.text("NUIT", 0.5, 0.575, 0.105, 300, 0.32), mix(c[1], "#000000", 0.2))
    s.tint(s.text("REPAIR CREAM", 0.5, 0.675, 0.032, 500, 0.16), mix(c[1], "#000000", 0.2))


def lipstick(s: Sheet, c: Colours) -> None:
    """A lipstick, open; c: bullet, case, inner metal."""
    bullet = s.polygon(
        [
            (0.36, 0.70),
            (0.36, 0.30),
            (0.385, 0.235),
            (0.46, 0.15),
            (0.555, 0.095),
            (0.61, 0.105),
            (0.638, 0.16),
            (0.64, 0.30),
            (0.64, 0.70),
        ]
    )
    s.paint(bullet, c[0], turned(0.03), gloss=0.30, rough=0.35)
    face = s.curve(
        [
            (0.375, 0.275),
            (0.44, 0.185),
            (0.54, 0.115),
            (0.605, 0.115),
            (0.625, 0.18),
            (0.60, 0.26),
            (0.50, 0.325),
            (0.40, 0.33),
        ]
    )
    s.paint(face, mix(c[0], "#ffffff", 0.16), bevel(0.03, 0.4), gloss=0.25, rough=0.5)
    s.paint(s.box(0.325, 0.60, 0.675, 1.02, 0.01), c[2], turned(), metal=1.0, rough=0.12)
    s.tint(s.box(0.325, 0.66, 0.675, 0.665), "#000000", 0.25)
    s.paint(s.box(0.27, 0.96, 0.73, 1.66, 0.02), c[1], turned(), gloss=0.6, rough=0.15)
    s.paint(s.box(0.27, 0.985, 0.73, 1.015), c[2], turned(), metal=1.0)
    s.tint(s.text("ROUGE", 0.5, 1.36, 0.085, 400, 0.18), c[2], 0.95)


def flask(s: Sheet, c: Colours) -> None:
    """A powder-coated vacuum flask; c: coat top, coat bottom, lid."""
    hook = s.stroke([(0.39, 0.16), (0.40, 0.05), (0.5, 0.025), (0.60, 0.05), (0.61, 0.16)], 0.035)
    s.paint(hook, c[2], bevel(0.018), gloss=0.2)
    s.paint(s.box(0.325, 0.13, 0.675, 0.31, 0.03), c[2], turned(), gloss=0.25, rough=0.5)
    for k in range(9):
        s.tint(s.box(0.345 + 0.036 * k, 0.16, 0.351 + 0.036 * k, 0.285, 0.002), "#000000", 0.30)
    s.paint(s.box(0.335, 0.305, 0.665, 0.345, 0.005), "#d9dce0", turned(), metal=1.0, rough=0.2)
    body = s.mirrored(
        [
            (0.5, 0.335),
            (0.335, 0.337),
            (0.325, 0.40),
            (0.245, 0.49),
            (0.235, 0.58),
            (0.235, 1.62),
            (0.25, 1.655),
            (0.30, 1.665),
            (0.5, 1.667),
        ]
    )
    s.paint(body, _ends(c[0], c[1]), turned(0.03), gloss=0.20, rough=0.5, bump=s.grain(300, 0.35, 1))
    s.paint(s.box(0.237, 1.595, 0.763, 1.628), "#d9dce0", turned(), metal=1.0, rough=0.2)
    s.tint(s.text("山", 0.5, 0.80, 0.20, 300), "#ffffff", 0.92)
    s.tint(s.text("SUMMIT", 0.5, 0.965, 0.064, 600, 0.22), "#ffffff", 0.92)
    s.tint(s.text("750 ml", 0.5, 1.045, 0.036, 400, 0.08), "#ffffff", 0.8)


def tin(s: Sheet, c: Colours) -> None:
    """A tea tin with a paper band; c: tin, band, ink, Chinese name, English name."""
    body = np.maximum(s.box(0.14, 0.24, 0.86, 1.18), s.ellipse(0.5, 1.18, 0.36, 0.05))
    s.paint(body, c[0], turned(), gloss=0.30, rough=0.35)
    band = s.box(0.14, 0.42, 0.86, 1.06)
    s.paint(band, c[1], turned(), gloss=0.04, rough=0.9, bump=s.grain(260, 0.25))
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32) / s.unit
    for k, level in enumerate((0.90, 0.95, 1.0)):
        hill = (
            level
            - 0.07 * np.exp(-(((x - 0.30 - 0.17 * k) / 0.12) ** 2))
            - 0.05 * np.exp(-(((x - 0.66 + 0.1 * k) / 0.09) ** 2))
        )
        s.tint(np.asarray(np.clip((y - hill) * s.unit / 2, 0, 1), np.float32) * band, c[2], 0.22)
    s.tint(s.ellipse(0.68, 0.535, 0.045) * band, "#c8442f", 0.85)
    for k, letter in enumerate(c[3]):
        s.tint(s.text(letter, 0.5, 0.565 + 0.175 * k, 0.165, 600), c[2], 0.95)
    s.tint(s.text(c[4], 0.30, 0.56, 0.030, 500, 0.10), c[2], 0.85)
    lid = np.maximum(s.box(0.125, 0.10, 0.875, 0.30), s.ellipse(0.5, 0.30, 0.375, 0.030))
    s.cast(lid, (0.0, 0.012), 0.010, 0.35)
    s.paint(lid, mix(c[0], "#ffffff", 0.05), turned(), gloss=0.34, rough=0.3)
    s.paint(s.ellipse(0.5, 0.10, 0.375, 0.062), mix(c[0], "#ffffff", 0.14), bevel(0.014), gloss=0.3)
    s.paint(s.ellipse(0.5, 0.104, 0.325, 0.048), c[0], flat((-0.1, -0.45)), gloss=0.2, rough=0.6)


def book(s: Sheet, c: Colours) -> None:
    """A hardcover standing, seen a little from its fore-edge; c: cloth, ink, paper, title, author."""
    s.paint(
        s.polygon([(0.80, 0.065), (0.925, 0.105), (0.925, 1.225), (0.80, 1.285)]),
        mix(c[2], "#8a7a60", 0.25),
        flat((0.5, 0)),
    )
    for k in range(26):
        x = 0.803 + 0.0046 * k
        line = s.polygon(
            [
                (x, 0.066 + 0.0015 * k),
                (x + 0.0014, 0.067 + 0.0015 * k),
                (x + 0.0014, 1.284 - 0.0023 * k),
                (x, 1.285 - 0.0023 * k),
            ]
        )
        s.tint(line, "#8c7d66", 0.28)
    s.paint(
        s.polygon([(0.915, 0.085), (0.945, 0.095), (0.945, 1.24), (0.915, 1.25)]),
        mix(c[0], "#000000", 0.3),
        flat((0.5, 0)),
    )
    cover = s.polygon([(0.09, 0.03), (0.81, 0.04), (0.81, 1.31), (0.09, 1.33)])
    s.paint(cover, c[0], bevel(0.010, 0.7), gloss=0.06, rough=0.9, bump=s.grain(340, 0.5, 1))
    s.tint(blur(s.box(0.135, 0.03, 0.150, 1.33), 0.004 * s.unit) * cover, "#000000", 0.40)
    s.tint(blur(s.box(0.152, 0.03, 0.160, 1.33), 0.003 * s.unit) * cover, "#ffffff", 0.20)
    sun = s.ellipse(0.48, 0.64, 0.185)
    s.tint(sun, c[1], 0.92)
    y, x = np.mgrid[0 : s.shape[0], 0 : s.shape[1]].astype(np.float32) / s.unit
    for k in range(6):
        level = 0.66 + 0.055 * k + 0.018 * np.sin(x * 26 + 1.7 * k)
        wave = np.clip((0.009 - np.abs(y - level)) * s.unit / 2, 0, 1) * s.box(0.22, 0.5, 0.74, 1.05)
        s.tint(np.asarray(wave, np.float32), mix(c[0], "#000000", 0.15) if k < 3 else c[1], 0.9)
    s.tint(s.text(c[3], 0.48, 0.25, 0.125, 700, 0.10), c[1])
    s.tint(s.text(c[4], 0.48, 1.17, 0.046, 500, 0.10), c[1], 0.9)
