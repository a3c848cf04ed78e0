"""Placed rows as the judge (`core.metrics.judge`) takes them."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import fingerprint, rows
from layoutgen.core.framing import seen_edges
from layoutgen.core.layout import Canvas
from layoutgen.core.metrics import table_rows
from layoutgen.core.metrics.judge import Judged, Verdict, judge
from layoutgen.imaging.segmenting import words_split
from layoutgen.stages import further
from layoutgen.stages.further import Photos
from layoutgen.stages.travelling import AT_ONCE, SURE, read_photo, read_subject

RECOMPOSED = "repaired, composed anew"
"""How the note begins of a layout of which nothing is kept on the night that it is placed in another way."""
SIDE = 256  # px of the longer side at which layouts are judged
_READ = (
    *("title", "selling_points", "brand", "logo", "language", "notes", "canvas_width", "canvas_height"),
    *(*rows.FRAMING, "elements", "image", "images"),
)


class Judging:
    """Judges placed rows by the subject's map that travels with them. Fonts and contrast have the least values of the
    place stage; `words` is the file of the user's words, "" for none."""

    def __init__(self, min_font: float, min_contrast: float, words: str = "") -> None:
        self._min_font, self._min_contrast, self._words = min_font, min_contrast, words

    def verdicts(self, table: pa.Table, indices: Iterable[int]) -> dict[int, tuple[Verdict, np.ndarray]]:
        """What is held against rows, and the subject's map on their canvas (h, w)."""
        offers = [name for name in (*fingerprint.OFFER, "captions") if name in table.column_names]
        columns = {name: table.column(name).to_pylist() for name in (*_READ, *offers)}
        return {
            i: self.verdict({name: values[i] for name, values in columns.items()}, photos)
            for i, photos in shown(table, indices, further.Packs(table))
        }

    def verdict(self, row: Mapping[str, Any], photos: Photos) -> tuple[Verdict, np.ndarray]:
        """What is held against a row with its photos, and the subject's map on its canvas (h, w)."""
        canvas, framing = Canvas(row["canvas_width"], row["canvas_height"]), photos.framing
        elements = [rows.read_element(element) for element in row["elements"]]
        ground, subject, cut = _framed(photos, canvas)
        asked = table_rows.asked(row)
        split = words_split(elements, row["language"], self._words)
        least = self._min_font * min(canvas.width, canvas.height), self._min_contrast
        layout = Judged(elements, canvas, subject, ground, cut, seen_edges(framing), asked, split, (), *least)
        return judge(layout), subject


def shown(table: pa.Table, indices: Iterable[int], packs: further.Packs) -> Iterator[tuple[int, Photos]]:
    """The photos of placed rows, each with its subject's map where that is sure; `packs` are the further ones."""
    pixels, pixels_of = rows.distinct(table, "pixels")
    maps, map_of = rows.distinct(table, "subject_map")
    framings = {name: table.column(name).to_pylist() for name in rows.FRAMING}
    for i in indices:
        index, map_index = pixels_of[i], map_of[i]
        assert index is not None
        image = read_photo(pixels[index])
        subject = np.zeros(image.shape[:2], np.float32) if map_index is None else read_subject(maps[map_index])
        framing = rows.read_framing({name: values[i] for name, values in framings.items()})
        yield i, packs.shown(i, image, subject, framing)


@lru_cache(maxsize=2 * AT_ONCE)
def _framed(photos: Photos, canvas: Canvas) -> tuple[np.ndarray, np.ndarray, float]:
    """The canvas without elements, its subject's map, and the share of the subject that is cut off; a layout that is
    mended is judged several times on one."""
    return *photos.on(canvas, SIDE), photos.cut(SURE)


def judged_totals(layout: Judged, rating: float | None, second: float | None) -> dict[str, tuple[float, float]]:
    """What the judge and the critic say of a layout, as totals and weights of `metrics.own`; `rating` is the critic's
    and `second` the held-out judge's objections, None where they were not asked."""
    verdict = judge(layout)
    return {
        "objections": (verdict.objections, 1.0),
        "sent_back": (float(verdict.is_sent_back), 1.0),
        "hierarchy": (verdict.terms["hierarchy"], 1.0),
        "second_objections": (second or 0.0, float(second is not None)),
        "critic": (rating or 0.0, float(rating is not None)),
    }
