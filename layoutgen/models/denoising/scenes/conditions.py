"""What a scene is wanted for, as numbers that the network of scenes sees."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from layoutgen.core.layout import Box
from layoutgen.goods.backdrops.oklab import oklab

Floats = NDArray[np.float32]
PLACES, PRODUCT = 8, 15
SIZE = PLACES + PRODUCT
_PARTS = re.compile(r"[>/|›»\\,;:、，；：]+")
_WORDS = re.compile(r"[\W_]+")
_COLOURS = 3


def category_row(category: str | None, words: Mapping[str, int]) -> tuple[int, str]:
    """The row of a category in a table of identifiers, and the word that told it; 0 and nothing for none.

    `category` is a path such as `Home > Kitchen > Kettles`, the narrowest last: where its last part is unknown, the
    part before it is asked. A part is known by its whole, then by its words, the last one first, then by the longest
    known word of another script within it."""
    if not category:
        return 0, ""
    parts = [part.strip() for part in _PARTS.split(unicodedata.normalize("NFKC", category).casefold())]
    for part in reversed([part for part in parts if part]):
        for word in [part, *reversed(_WORDS.split(part))]:
            for form in (word, word.removesuffix("s"), word + "s"):
                if form and form in words:
                    return words[form], form
        inside = [word for word in words if not word.isascii() and len(word) > 1 and word in part]
        if inside:
            longest = max(inside, key=lambda word: (len(word), word))
            return words[longest], longest
    return 0, ""


def product_numbers(product: NDArray[np.uint8]) -> Floats:
    """A cut-out's colours, (PRODUCT,): three of OKLab with their shares, the greatest first, and their mean. Raises
    ValueError where nothing of it can be seen."""
    small = cv2.resize(product, (40, 40), None, 0, 0, cv2.INTER_NEAREST)
    points = small[small[..., 3] > 127][:, :3]
    if not len(points):
        points = product[product[..., 3] > 0][:, :3]
    if not len(points):
        raise ValueError("the product is transparent everywhere: give a cut-out that shows something")
    lab = oklab(points.astype(np.float32) / 255)
    means = lab[np.argsort(lab[:, 0], kind="stable")[[len(lab) // 6, len(lab) // 2, (len(lab) * 5) // 6]]]
    shares = np.zeros(_COLOURS)
    for _ in range(6):
        nearest = ((lab[:, None] - means[None]) ** 2).sum(-1).argmin(1)
        shares = np.bincount(nearest, minlength=_COLOURS) / len(lab)
        means = np.stack([lab[nearest == k].mean(0) if shares[k] else means[k] for k in range(_COLOURS)])
    order = np.argsort(-shares, kind="stable")
    colours = np.concatenate([means[order], shares[order, None]], 1)
    mean = lab.mean(0)
    return np.asarray(np.concatenate([colours.ravel(), mean]), np.float32)


def place_numbers(size: tuple[int, int], product_box: Box, texts: Sequence[Box]) -> Floats:
    """Where things are, (PLACES,): the canvas's ratio, the product's box, the texts' share of the canvas and where
    their middle is from the product's."""
    left, top, right, bottom = product_box
    areas = np.array([max(0.0, (r - l_) * (b - t)) for l_, t, r, b in texts] or [0.0])
    share, side, rise = min(float(areas.sum()), 1.0), 0.0, 0.0
    if share > 0:
        middles = np.array([((l_ + r) / 2, (t + b) / 2) for l_, t, r, b in texts])
        x, y = areas @ middles / areas.sum()
        side, rise = x - (left + right) / 2, y - (top + bottom) / 2
    ratio = np.log(size[0] / size[1])
    box = [2 * v - 1 for v in product_box]
    return np.clip(np.array([ratio, *box, 3 * share, 2 * side, 2 * rise], np.float32), -3, 3)
