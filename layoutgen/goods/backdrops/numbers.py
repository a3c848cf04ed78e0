"""The numbers of a scene: its kind, five colours, and where light, floor and props are; as a vector, and back."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Lab = tuple[float, float, float]

KINDS = (
    *("sweep", "table", "window", "sunlit", "podium", "steps", "arch", "shelf", "fluted", "spotlight"),
    *("marble", "wood", "tiles", "drape", "silk", "stone"),
    *("foliage", "garden", "water", "sky", "drops"),
    *("lanterns", "confetti", "rays", "bokeh", "ribbons"),
    *("paper", "mesh", "rings", "split", "grid", "halo"),
)
"""The kinds of scenes, in the order of their places in a vector."""

COLOURS = ("wall", "second", "floor", "prop", "accent")
_WIDEST = 0.32  # sRGB's colours have OKLab's a and b within it

_RANGES = {
    "horizon": (0.0, 1.0),
    "light": (-1.0, 1.0),
    "height": (0.0, 1.0),
    "softness": (0.0, 1.0),
    "contrast": (0.0, 1.0),
    "props": (0.0, 1.0),
    "side": (-1.0, 1.0),
    "scale": (0.0, 1.0),
    "texture": (0.0, 1.0),
    "veil": (0.0, 1.0),
    "vignette": (0.0, 1.0),
}


@dataclass(frozen=True)
class SceneNumbers:
    """What a drawn scene is made of.

    | field | what it is |
    | --- | --- |
    | `kind` | one of `KINDS` |
    | `wall`, `second`, `floor`, `prop`, `accent` | colours in OKLab: L in [0, 1], a and b about ±0.3 |
    | `horizon` | how far above the product's foot the floor meets the wall: 0, at it; 1, half the product's height |
    | `light` | the side that light comes from: -1 left, 1 right |
    | `height` | how high it stands: 0 level with the product, 1 above the canvas |
    | `softness` | of edges of shadow and light: 0 sun, 1 an overcast sky |
    | `contrast` | how much darker shade is than light |
    | `props` | how many things stand beside the product: 0 none |
    | `side` | where they are: -1 left of it, 1 right |
    | `scale` | how large the scene's forms are for the product |
    | `texture` | how much grain, weave and veins show |
    | `veil` | how far the ground behind text goes to its mean: 0 as it is, 1 plain |
    | `vignette` | how much darker the corners are |
    """

    kind: str
    wall: Lab
    second: Lab
    floor: Lab
    prop: Lab
    accent: Lab
    horizon: float = 0.3
    light: float = -0.5
    height: float = 0.6
    softness: float = 0.6
    contrast: float = 0.5
    props: float = 0.4
    side: float = 0.0
    scale: float = 0.5
    texture: float = 0.4
    veil: float = 0.5
    vignette: float = 0.3

    def encode(self) -> Vector:
        """These numbers as a vector (SIZE,) in [-1, 1]: a place a kind, then the colours, then the others."""
        if self.kind not in KINDS:
            raise ValueError(f"there is no scene {self.kind!r}; the kinds are {', '.join(KINDS)}")
        kind = [1.0 if self.kind == each else -1.0 for each in KINDS]
        colours = [part for name in COLOURS for part in _signed(getattr(self, name))]
        others = [2 * (getattr(self, name) - low) / (high - low) - 1 for name, (low, high) in _RANGES.items()]
        return np.clip(np.array([*kind, *colours, *others], np.float32), -1, 1)

    @classmethod
    def decode(cls, vector: Vector) -> "SceneNumbers":
        """The numbers of a vector (SIZE,), of which what lies outside [-1, 1] is held to it; the kind is the greatest
        of the kinds' places. Raises ValueError for another size and for what is no number."""
        if vector.shape != (SIZE,):
            raise ValueError(f"a scene's vector has {SIZE} numbers, this one {vector.shape}")
        if not np.isfinite(vector).all():
            raise ValueError("a scene's vector holds what is no number; train its network again")
        kind = KINDS[int(vector[: len(KINDS)].argmax())]
        rest = np.clip(vector[len(KINDS) :].astype(np.float64), -1, 1)
        colours: dict[str, Any] = {}
        for place, name in enumerate(COLOURS):
            lightness, a, b = rest[3 * place : 3 * place + 3]
            colours[name] = (float(lightness + 1) / 2, float(a) * _WIDEST, float(b) * _WIDEST)
        others: dict[str, Any] = {
            name: low + (float(value) + 1) / 2 * (high - low)
            for (name, (low, high)), value in zip(_RANGES.items(), rest[3 * len(COLOURS) :], strict=True)
        }
        return cls(kind, **colours, **others)


def _signed(lab: Lab) -> tuple[float, float, float]:
    return 2 * lab[0] - 1, lab[1] / _WIDEST, lab[2] / _WIDEST


SIZE = len(KINDS) + 3 * len(COLOURS) + len(_RANGES)
"""How many numbers a scene's vector has."""

assert {field.name for field in fields(SceneNumbers)} == {"kind", *COLOURS, *_RANGES}
