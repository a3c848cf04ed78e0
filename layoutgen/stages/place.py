"""place: suggestion in, a layout that keeps every hard limit out. All the deciding is `core.placing.placement`'s."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.config.stages import PlaceSettings
from layoutgen.core import colour, rows, schema
from layoutgen.core.covers.protection import Zones, zones_for
from layoutgen.core.layout import Canvas, Role, to_px
from layoutgen.core.placing import placement
from layoutgen.core.text.typography import Face
from layoutgen.imaging import framed, images
from layoutgen.stages.travelling import read_map

_SIDE = 384
_SPARE = 1.04  # another decoder or scale sees slightly other pixels
_READ = ("application", "canvas_width", "canvas_height", "suggestion", "crop", "picture", "backdrop")


class Place:
    """The place stage. `zones` are what platforms lay over the rows of some applications; nothing is placed there."""

    def __init__(
        self, settings: PlaceSettings, face_for: Callable[[Role, str], Face], zones: Mapping[str, Zones] | None = None
    ) -> None:
        self._settings, self._face_for, self._zones = settings, face_for, zones or {}

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the placed columns."""
        work = rows.open_rows(table)
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        logos, logo_of = rows.distinct(table, "logo_pixels")
        logo_colours = [_logo_colour(images.decode_png(logo)) for logo in logos]
        columns = {name: table.column(name).to_pylist() for name in _READ}
        decoded: dict[int, np.ndarray] = {}
        placed: dict[int, placement.Placement] = {}
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, tuple[str, ...]] = {}
        known = rows.kept(table, "place")
        for i in work:
            if i in known:
                here = table.column("notes")[i].as_py() or []
                notes[i] = tuple(n for n in table.column(schema.WAS_NOTES)[i].as_py() or () if n not in here)
                continue
            index = pixels_of[i]
            assert index is not None
            if index not in decoded:
                decoded = {index: images.decode_jpeg(pixels[index])}  # rows of one image are neighbours
            image = decoded[index]
            subject = np.zeros(image.shape[:2], np.float32) if map_of[i] is None else read_map(maps[map_of[i] or 0])
            mark = logo_of[i]
            logo = None if mark is None else logo_colours[mark]
            try:
                placed[i] = self._one({name: values[i] for name, values in columns.items()}, image, subject, logo)
                notes[i] = placed[i].notes
            except placement.NoLayoutError as error:
                faults[i] = (error.kind, str(error))
        count = range(len(table))
        added: dict[str, Any] = {
            "elements": [[rows.element_row(e) for e in placed[i].elements] if i in placed else None for i in count],
            "contrast": [placed[i].contrast if i in placed else None for i in count],
            "subject_covered": [placed[i].subject_covered if i in placed else None for i in count],
        }
        merged = rows.merge(table, added, known)
        return rows.note(rows.fail(rows.add(table, merged, schema.PLACED), "place", faults), notes)

    def _one(
        self, row: dict[str, Any], image: np.ndarray, subject: np.ndarray, logo: str | None
    ) -> placement.Placement:
        canvas = Canvas(row["canvas_width"], row["canvas_height"])
        framing = rows.read_framing(row)
        short = min(canvas.width, canvas.height)
        limits = placement.Limits(
            margin_px=self._settings.margin * short,
            smallest_px=math.ceil(self._settings.min_font * short),
            min_contrast=min(15.0, _SPARE * self._settings.min_contrast),
            free=tuple(
                to_px(zone.box, canvas.width, canvas.height)
                for zone in zones_for(canvas, self._zones.get(row["application"], {}))
            ),
        )
        drawn, subject_map = (framed.draw(pixels, framing, canvas, _SIDE) for pixels in (image, subject))
        ground = placement.Ground(drawn, subject_map, logo)
        return placement.place(map(rows.read_suggestion, row["suggestion"]), canvas, ground, self._face_for, limits)


def _logo_colour(logo: np.ndarray) -> str:
    """Dominant colour of a logo's opaque pixels, (h, w, 4) RGBA."""
    return colour.dominant(logo[..., :3], logo[..., 3])
