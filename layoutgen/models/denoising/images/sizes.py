"""How large a network that draws is, without the library that it is made of."""

from dataclasses import dataclass

MODEL_TYPE = "layoutgen-layout-image-1"
"""What config.json of a checkpoint says."""


@dataclass(frozen=True)
class ImageSize:
    """The numbers of a network: images of `side` px, seen in squares of `patch` px, and blocks of `widths` channels,
    the coarser half of which attend, in heads of `attention` channels, to lines of `text` numbers each; `signal` is c,
    `out` the channels of a square before its pixels' classes are said. Photos are seen at half the size."""

    name: str
    side: int
    widths: tuple[int, ...]
    layers: int
    text: int
    letters: int
    attention: int
    out: int
    patch: int = 8
    signal: float = 0.15
    lines: int = 20
    channels: int = 4

    @property
    def most_elements(self) -> int | None:
        """A drawn layout has room for any number."""
        return None


SMALL = ImageSize(
    "small",
    side=256,
    widths=(48, 96, 160),
    layers=1,
    text=128,
    letters=64,
    attention=32,
    out=96,
)
