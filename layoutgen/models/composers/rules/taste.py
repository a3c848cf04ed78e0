"""Which of the allowed styles suits a picture and a copy: before anything is laid out, and the same on all canvases of
a product, or of a series."""

import hashlib

from layoutgen.core.styles.choosing import called_for, suited, usable
from layoutgen.core.styles.style import Style
from layoutgen.models.base import Brief
from layoutgen.models.composers.rules.photo import Photo

_MISSED, _BESIDE_CALLED, _GENERAL = 0.7, 0.3, 0.02
_SUITING_SPREAD, _SPREAD = 0.16, 0.24
"""With these a style for anything dresses a quarter of the goods for which there is one of their own."""
_CUT_OUT, _DARK = 0.1, 0.06
_DARK_PANEL = 0.5
PLAIN = Style("plain", "Plain", "Calm type on one colour of the picture.")
"""What a composer works in that was given no style."""


def in_order(brief: Brief, photo: Photo | None) -> list[Style]:
    """The styles that a brief may have, the one that suits it best first: one that is meant for such a product, and
    that goes with the photo, if there is one. Of those that suit alike, the copy's own choice comes first, so that a
    catalogue does not look all the same; briefs of one series choose alike. Variants begin with the next."""
    styles = brief.styles or (PLAIN,)
    copy = brief.copy
    if brief.series_seed is None:
        fitting = usable(styles, copy.price is not None)
        meant = suited(styles, brief.category, copy.title, copy.badge, copy.selling_points)
        is_called = bool(called_for(styles, brief.category, copy.title, copy.badge))
        key = copy.title + (copy.brand or "")
        costs = {style.name: _cost(style, meant, is_called, key) for style in fitting}
        if photo is not None:
            costs = {style.name: costs[style.name] + _of_photo(style, photo) for style in fitting}
    else:
        fitting = [style for style in styles if style.price == "any"] or list(styles)
        costs = {style.name: _own(style, str(brief.series_seed)) for style in fitting}
    ordered = sorted(fitting, key=lambda style: (costs[style.name], style.name))
    first = brief.variant % len(ordered)
    return [*ordered[first:], *ordered[:first]]


def _cost(style: Style, meant: frozenset[str], is_called: bool, key: str) -> float:
    if style.name in meant:
        return _SUITING_SPREAD * _own(style, key)
    missed = _MISSED if style.is_particular else _BESIDE_CALLED if is_called else _GENERAL
    return missed + _SPREAD * _own(style, key)


def _own(style: Style, key: str) -> float:
    """A number in [0, 1) of a style and a key."""
    return int.from_bytes(hashlib.blake2b(f"{style.name}\n{key}".encode(), digest_size=4).digest()) / 2**32


def _of_photo(style: Style, photo: Photo) -> float:
    """What a style costs that has no ground for a packshot, or pale panels beside a dark photo."""
    is_dark = style.palette.panel_lightness < _DARK_PANEL
    return _CUT_OUT * (photo.ground is not None and "cut_out" not in style.grounds) + _DARK * (
        photo.is_dark and not is_dark
    )
