"""Which photos of a product stand on a collage: those that can be shown and differ."""

from collections.abc import Mapping, Sequence

KINDS = ("hero", "grid", "steps", "before_after")
"""Collages that a row may ask for: a large photo and details, equal ones, equal ones in their order, and two."""
LEAST_PHOTOS, MOST_PHOTOS = 2, 6
ALIKE = 6
"""Photos whose perceptual hashes differ in no more than so many of 64 bits are one picture: scaled to .3 and encoded
anew, none of 201 differs in more; two of the 201, packshots of a maker's flavours among them, in 8 and more."""


def most(kind: str) -> int:
    """How many photos a collage of a kind shows at most."""
    return 2 if kind == "before_after" else MOST_PHOTOS


def chosen(hashes: Mapping[str, int], kind: str) -> tuple[list[str], list[str]]:
    """The photos of a collage, by URI and in their order, and notes on those that are left out. `hashes` are the
    perceptual hashes (64 bits) of all that can be shown, the first photo first. Stages of one thing may look alike:
    where a row asks for steps, or for before and after, all are taken for different."""
    taken: list[str] = []
    notes: list[str] = []
    over: list[str] = []
    for uri, bits in hashes.items():
        twin = next((other for other in taken if differing(bits, hashes[other]) <= ALIKE), None)
        if twin is not None and kind not in ("steps", "before_after"):
            notes.append(f"image {uri} is not on the collage: it looks like {twin}")
        elif len(taken) < most(kind):
            taken.append(uri)
        else:
            over.append(uri)
    if over:
        notes.append(f"{len(over)} more images are not on the collage: it shows at most {most(kind)}")
    return taken, notes


def differing(a: int, b: int) -> int:
    """In how many bits two hashes differ."""
    return (a ^ b).bit_count()


def left_out(usable: Sequence[str], shown: Sequence[str], kind: str) -> list[str]:
    """Notes on photos of a collage, by URI, that a layout does not show."""
    if len(shown) < LEAST_PHOTOS:
        return [f"layout {kind}: the images give no collage on this canvas; it is laid out single"]
    over = [uri for uri in usable if uri not in shown]
    return [f"image {uri} is not on the collage: no tile of it keeps its subject whole" for uri in over]
