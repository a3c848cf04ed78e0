"""The catalogue's pictures: which product, in which colours, before which backdrop, how large and where."""

# ruff: noqa: E501 - a table reads best with one product a line

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from layoutgen.goods.care import book, flask, jar, lipstick, perfume, serum, tin
from layoutgen.goods.carry import backpack, handbag, suitcase, watch
from layoutgen.goods.home import candle, kettle, lamp, mug, plant, sofa, vase
from layoutgen.goods.scenes import BACKDROPS, FLAT_LAYS, compose
from layoutgen.goods.sheet import Sheet
from layoutgen.goods.tech import camera, headphones, phone, speaker
from layoutgen.goods.wear import dress, sneaker, sunglasses, t_shirt

Draw = Callable[[Sheet, tuple[str, ...]], None]

# Height / width of each product's sheet.
ASPECTS: dict[Draw, float] = {
    book: 1.36,
    flask: 1.70,
    jar: 0.84,
    lipstick: 1.70,
    perfume: 1.33,
    serum: 1.52,
    tin: 1.26,
    backpack: 1.20,
    handbag: 0.96,
    suitcase: 1.45,
    watch: 1.60,
    candle: 1.04,
    kettle: 0.80,
    lamp: 1.30,
    mug: 0.80,
    plant: 1.18,
    sofa: 0.54,
    vase: 1.26,
    camera: 0.68,
    headphones: 1.00,
    phone: 1.22,
    speaker: 1.20,
    dress: 1.50,
    sneaker: 0.56,
    sunglasses: 0.46,
    t_shirt: 1.00,
}


@dataclass(frozen=True)
class Shot:
    """One picture. `colours` are the product's, `scene` a backdrop and its colours; `tall` is the product's height and
    (`x`, `y`) the middle of its foot (of all of it in a flat lay), as shares of the picture; `turn` is in degrees,
    anticlockwise; a shot whose scene is "cutout" has no background but transparency."""

    draw: Draw
    colours: str
    scene: str
    size: tuple[int, int]
    tall: float = 0.62
    x: float = 0.5
    y: float = 0.86
    turn: float = 0.0

    def picture(self, rng: np.random.Generator) -> Image.Image:
        """Draw the shot; the same `rng` state gives the same pixels."""
        width, height = self.size
        aspect = ASPECTS[self.draw]
        wide = round(height * self.tall / aspect)
        sheet = Sheet(round(wide * (2.0 if wide <= 560 else max(1.3, 1120 / wide))), aspect, rng)
        self.draw(sheet, tuple(self.colours.split()))
        product = sheet.picture(wide)
        if self.turn:
            product = product.rotate(self.turn, Image.Resampling.BICUBIC, expand=True)
        name, *colours = self.scene.split()
        lying = name in FLAT_LAYS or (name == "packshot" and self.draw in (t_shirt, watch))
        rise = product.height / 2 if lying else product.height
        place = (round(width * self.x - product.width / 2), round(height * self.y - rise))
        if name == "cutout":
            blank = Image.new("RGBA", self.size, (255, 255, 255, 0))
            blank.paste(product, place)
            return blank
        # The floor meets the wall behind the product; on a podium the product stands in the middle of the top.
        horizon = self.y - 0.012 if name == "podium" else self.y - 0.13
        backdrop = BACKDROPS[name]((height, width), horizon, tuple(colours), rng)
        return compose(backdrop, product, place, lying, "#b8b4b0" if name == "packshot" else "#1a1210")


SHOTS: dict[str, Shot] = {
    "sneaker-cloud": Shot(sneaker, "#e9e6df #2f4d8f #ef6b3a #fafaf7", "sweep #f6ede4 #d9c3ae", (1200, 1200), 0.42, 0.5, 0.74),
    "sneaker-night": Shot(sneaker, "#2b2d33 #17181c #c6f24e #e9ebe6", "bokeh #0b1020 #1b1430 #ffb35c #ff6f91 #6fb7ff", (1600, 900), 0.50, 0.68, 0.86),
    "handbag-terracotta": Shot(handbag, "#8c3b2e #d9b36a", "podium #f0ddd2 #d9b5a3 #e7c6b6 #f4e8df", (1080, 1440), 0.46, 0.5, 0.76),
    "handbag-terracotta-2": Shot(handbag, "#8c3b2e #d9b36a", "packshot", (1080, 1080), 0.70, 0.5, 0.86),
    "handbag-terracotta-3": Shot(handbag, "#8c3b2e #d9b36a", "textile #e6ddcf #cdbfa9", (1080, 1080), 0.62, 0.5, 0.5, 14),
    "handbag-sage": Shot(handbag, "#7d8f77 #cfd2d6", "packshot", (800, 800), 0.72, 0.5, 0.87),
    "mug-brick": Shot(mug, "#c8553d #f0dccb", "window_light #e9d9c5 #c9a67c", (1200, 900), 0.48, 0.64, 0.84),
    "mug-fog": Shot(mug, "#8fa6ad #eef0ee", "cutout", (900, 720), 0.82, 0.5, 0.93),
    "lamp-pleat": Shot(lamp, "#f2e2c4 #c79a4b #4a4542", "table #b9a58f #7b5a3c", (1080, 1440), 0.62, 0.5, 0.88),
    "lamp-midnight": Shot(lamp, "#f4e6cb #b9bcc0 #22252b", "table #1f2a3a #2c2320", (1600, 900), 0.80, 0.27, 0.92),
    "phone-aura": Shot(phone, "#3d4b63 #2a2b6b #f08a5d", "sweep #dfe4f2 #8f9ac4", (1080, 1440), 0.60, 0.5, 0.85),
    "phone-ember": Shot(phone, "#6a3b34 #4a1942 #ffb26b", "bokeh #140b12 #2a1120 #ff8a5c #ffc46b #ff5c8a", (1280, 720), 0.82, 0.74, 0.94),
    "headphones-echo": Shot(headphones, "#23262d #3a3d45 #c9a86a", "sweep #e8b04a #c5812a", (1200, 1200), 0.64, 0.5, 0.87),
    "headphones-milk": Shot(headphones, "#ece7de #cbbfae #c98d6b", "podium #dfe9ea #b3c8cc #c6d9db #f2f5f4", (1200, 900), 0.56, 0.5, 0.80),
    "flask-summit": Shot(flask, "#3f6f8f #1f3c58 #23282d", "leaves #16301f #cfe3b0 #1f5a34 #5f9a4a #8f8f84", (1080, 1440), 0.66, 0.5, 0.90),
    "dress-polka": Shot(dress, "#b23a48 #6b1d2a", "sweep #f7e6e3 #e3b9b4", (1080, 1440), 0.82, 0.5, 0.93),
    "dress-navy": Shot(dress, "#27406b #c9a24b", "packshot", (900, 1200), 0.86, 0.5, 0.955),
    "t-shirt-tide": Shot(t_shirt, "#f1eee6 #e8703a #23425f", "wood #8a5a35 #c9986a", (1200, 1200), 0.76, 0.5, 0.5, -4),
    "t-shirt-ink": Shot(t_shirt, "#33363d #f2c14e #e9e4d8", "packshot", (1000, 1000), 0.84, 0.5, 0.5),
    "watch-meridian": Shot(watch, "#5b3620 #d8dade #1d3354", "marble #f3f1ee #6d6a70", (1200, 900), 0.94, 0.70, 0.5, 18),
    "sofa-moss": Shot(sofa, "#7f8f7a #8a5a35 #d98e5f", "table #e8dfd2 #b98d63", (1600, 900), 0.52, 0.5, 0.88),
    "sofa-indigo": Shot(sofa, "#3c4f73 #6b4630 #e0b155", "window_light #d9dcd6 #a88460", (1800, 750), 0.62, 0.30, 0.90),
    "plant-calathea": Shot(plant, "#2f7d46 #e9e2d6", "tiles #e3ece8 #bcc7c2 #cfc8bc", (900, 1200), 0.66, 0.5, 0.90),
    "perfume-muse": Shot(perfume, "#e9a9a0 #f4e4df #d6b27a MUSE", "podium #f7d9d0 #eab7ab #f3c6ba #f9ece5", (1080, 1080), 0.52, 0.5, 0.76),
    "perfume-noir": Shot(perfume, "#7a4a2a #d9cbb8 #c9a25c NOIR", "bokeh #0d0b0a #241a14 #ffcf7a #ffb35c #fff0cf", (1080, 1440), 0.56, 0.5, 0.88),
    "book-tides": Shot(book, "#27405f #f0d9a8 #f4ecd8 海上书 林晚·著", "wood #6b4a33 #a97f58", (900, 1200), 0.74, 0.5, 0.5, 6),
    "backpack-field": Shot(backpack, "#55624a #8a5a35 #d98e3f", "leaves #1c2f22 #d9dfa8 #2f6a3a #86a84a #8b8574", (1200, 1200), 0.74, 0.5, 0.91),
    "kettle-pine": Shot(kettle, "#2f4a43 #a9743f #a9743f", "tiles #f0efe9 #cfcdc4 #b8a58e", (1200, 900), 0.60, 0.42, 0.90),
    "vase-ivory": Shot(vase, "#d9cbb8 #d9c29a", "window_light #ece2d4 #d2b795", (750, 1000), 0.74, 0.5, 0.88),
    "candle-dusk": Shot(candle, "#8a4b1f #f4ede0 DUSK", "bokeh #17100c #2b1a12 #ffb35c #ffd79a #ff8f5c", (1000, 1000), 0.58, 0.5, 0.88),
    "speaker-reef": Shot(speaker, "#6f8f8a #2a2f33 #d98e3f", "sweep #f3d9b8 #d99f6b", (1200, 1200), 0.62, 0.52, 0.86),
    "camera-halide": Shot(camera, "#c9ccd1 #2a2422 #c8442f", "wood #4a3626 #80603f", (1600, 1200), 0.52, 0.52, 0.5, -7),
    "suitcase-amber": Shot(suitcase, "#d9a441 #3a3532", "sweep #bfe0ea #7fb6c8", (1080, 1440), 0.74, 0.5, 0.90),
    "sunglasses-tortoise": Shot(sunglasses, "#3a2418 #2a3a34 #9ab7a4", "textile #f2e4c8 #dcc39a", (1280, 720), 0.52, 0.5, 0.52, 5),
    "serum-lumi": Shot(serum, "#8a4b1f #2a2624 #f6efe4", "leaves #1b3328 #e6efc8 #2c6b4a #9cc27a #cfc9bb", (900, 1200), 0.66, 0.5, 0.90),
    "jar-nuit": Shot(jar, "#cfe0dc #5a6b66 #fdf6ee", "sweep #dfece8 #a9c6bf", (900, 900), 0.46, 0.5, 0.82),
    "lipstick-rouge": Shot(lipstick, "#b3202c #1a1416 #d9b36a", "podium #e9c9c9 #b9777c #d49a9c #8f2f3a", (900, 1200), 0.52, 0.5, 0.78),
    "tin-longjing": Shot(tin, "#2f4a3a #efe6d2 #2c3a30 龙井茶 SPRING", "table #dfe3d2 #a98a64", (640, 640), 0.66, 0.5, 0.88),
}  # fmt: skip
