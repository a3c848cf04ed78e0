"""All metrics by the name of their score column, PROTOCOL_METRIC: which way is better, and whether they are pooled.

A pooled metric has a second column, NAME_weight: the number of elements, pairs or boxes that it is a mean over.
"""

from dataclasses import dataclass
from typing import Literal

from layoutgen.core.metrics import cgl, own, pku, ralf

Better = Literal["lower", "higher", "neither"]

PROTOCOLS = {
    "pku_compat": "PKU PosterLayout, 513 x 750 px, as its published program computes it, quirks included",
    "pku": "PKU PosterLayout, 513 x 750 px, corrected",
    "ralf": "RALF, 240 x 350 px",
    "cgl": "CGL-GAN / RADM, R_*, at 513 x 750 px",
    "own": "layoutgen's own, at the output size",
    "cover": "video thumbnails, in percent",
}
_HIGHER = {
    *("val", "und_l", "und_s", "uti", "validity", "underlay_loose", "underlay_strict", "utilization"),
    *("r_occ", "r_und", "r_und_radm", "contrast", "smallest_font", "accepted", "critic"),
}
_POOLED = {
    *("val", "validity", "r_com", "r_ove", "r_und", "r_und_radm"),
    *("overflow", "fill", "low_contrast", "violations", "out_of_canvas", "brand_violations"),
}


@dataclass(frozen=True)
class Definition:
    """A metric: its column, protocol and short name."""

    column: str
    protocol: str
    name: str
    better: Better
    pooled: bool


def _definition(protocol: str, name: str) -> Definition:
    better: Better = "higher" if name in _HIGHER else "neither" if name == "fill" else "lower"
    return Definition(f"{protocol}_{name}", protocol, name, better, name in _POOLED)


METRICS = {
    found.column: found
    for found in (
        *(_definition("pku_compat", name) for name in (*pku.GRAPHIC, *pku.CONTENT)),
        *(_definition("pku", name) for name in (*pku.GRAPHIC, *pku.CONTENT)),
        *(_definition("ralf", name) for name in (*ralf.GRAPHIC, *ralf.CONTENT)),
        *(_definition("cgl", name) for name in (*cgl.GRAPHIC, *cgl.CONTENT)),
        *(_definition("own", name) for name in (*own.NAMES, "brand_violations")),
        *(_definition("cover", name) for name in ("overlap", "occlusion", "accepted")),
    )
}
# What the picture of the worst rows goes by: one of each kind of fault, from one protocol.
TELLING = (
    *("ralf_overlap", "ralf_alignment", "ralf_occlusion", "ralf_unreadability"),
    *("own_contrast", "own_product_occlusion", "own_violations", "own_overflow"),
)
