"""score: rows of a layout table in, the same rows with a column a metric out, written as one file a shard.

Graphic metrics of all rows of a shard at once; content metrics photo by photo, so that one picture is in memory, its
subject is found once, and all its canvases are scored with it. What can't be measured is null, its reason in
`exclusions`.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.config.jobs import ScoreSettings
from layoutgen.core import rows, schema
from layoutgen.core.fingerprint import OFFER
from layoutgen.core.framing import seen_edges
from layoutgen.core.layout import Canvas, Element, Framing
from layoutgen.core.metrics import cgl, covers, own, pku, ralf, second_judge, table_rows
from layoutgen.core.metrics.definitions import METRICS
from layoutgen.core.metrics.judge import Judged
from layoutgen.core.metrics.layouts import Layouts
from layoutgen.core.metrics.layouts import Score as Metric
from layoutgen.core.metrics.layouts import score as metric
from layoutgen.imaging import drawing, images
from layoutgen.imaging.segmenting import words_split
from layoutgen.io.font_files import here
from layoutgen.io.objects.locations import StorageFault
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.models.base import Critic, Saliency, Still
from layoutgen.models.critics.sketch import sketch
from layoutgen.stages import brand_checks
from layoutgen.stages.brand_checks import BrandChecks
from layoutgen.stages.further import Photos
from layoutgen.stages.judging import judged_totals
from layoutgen.stages.scored_content import Content, named

ELEMENT_SCORES = pa.list_(
    pa.struct(
        [
            ("role", pa.string()),
            ("area", pa.float32()),
            ("font_px", pa.int32()),
            ("contrast", pa.float32()),
            ("occlusion", pa.float32()),
            ("overflow", pa.float32()),
            ("fill", pa.float32()),
        ]
    )
)
_SIDE = 384  # px of the longer side that contrast and occlusion are measured at
_AT_ONCE = 16  # photos read together
_PROTECTED = 0.5
_MAX_PIXELS = 200_000_000


class Score:
    """The score stage: a table of `uri` and `row` (places of layout rows) in, one report row out. `brands` holds rows
    against their brands' kits; without it, no row has one. Without a critic nobody is asked what it thinks."""

    def __init__(
        self,
        storage: Storage,
        saliency: Saliency,
        settings: ScoreSettings,
        folder: str,
        brands: BrandChecks | None = None,
        critic: Critic | None = None,
    ) -> None:
        self._storage, self._saliency, self._settings, self._folder = storage, saliency, settings, folder
        self._font_files, self._brands, self._critic = here(settings.fonts, storage), brands, critic

    def __call__(self, table: pa.Table) -> pa.Table:
        """Read the rows of a shard, which are of one file, score them, write them, and report how many they are, or
        what is wrong with the file."""
        shard, uri = table.column(schema.SHARD)[0].as_py(), table.column("uri")[0].as_py()
        try:
            read = layout_tables.read(self._storage, uri, table.column("row").to_pylist())
        except layout_tables.TableError as error:
            return pa.table({"report": [json.dumps({"fault": str(error)})]})
        scored = self.add(read)
        sink = BytesIO()
        pq.write_table(scored, sink, compression="zstd")
        name = self._storage.join(self._folder, f"part-{shard:05d}.parquet")
        self._storage.write(name, sink.getvalue())
        return pa.table({"report": [json.dumps({"file": name, "rows": len(scored)})]})

    def add(self, table: pa.Table) -> pa.Table:
        """Add the score columns to rows of a layout table; those of an earlier evaluation are replaced."""
        values = table.select([name for name in _READ if name in table.column_names]).to_pylist()
        exclusions: list[list[str]] = [[] for _ in values]
        elements = [_elements(row, excluded) for row, excluded in zip(values, exclusions, strict=True)]
        layouts = Layouts.from_lists(
            [[(own.class_of(e.role), e.box) for e in row_elements] for row_elements in elements]
        )
        scores = {
            **named("pku_compat", pku.pku_compat(layouts)),
            **named("pku", pku.pku(layouts)),
            **named("ralf", ralf.ralf(layouts)),
            **named("cgl", cgl.cgl(layouts)),
        }
        content = Content(len(values))
        if self._settings.content:
            self._content(values, elements, layouts, content, exclusions)
        scores |= content.scores()
        is_cover = np.array([row.get("application") == "video_cover" for row in values], bool)
        with_content = {"overlap": scores["ralf_overlap"], "occlusion": scores["ralf_occlusion"]}
        scores |= named("cover", covers.covers(is_cover, with_content, [row.get("accepted") for row in values]))
        own_totals = np.zeros((len(own.NAMES), 2, len(values)))
        element_scores, violated = [], []
        for i, (row, row_elements) in enumerate(zip(values, elements, strict=True)):
            own_scores, broken, totals = self._own(row, row_elements, content, i, exclusions[i])
            element_scores.append([vars(score) for score in own_scores])
            violated.append(broken)
            own_totals[:, :, i] = [totals[name] for name in own.NAMES]
        scores |= {f"own_{name}": metric(*own_totals[k]) for k, name in enumerate(own.NAMES)}
        of_brands = [self._brands.of(row) if self._brands else None for row in values]
        checks = [(len(held[0]), held[1]) if held else (0, 0) for held in of_brands]
        scores["own_brand_violations"] = metric(*np.array(checks, np.float64).reshape(-1, 2).T)
        added = {
            **_columns(scores),
            "own_violated": pa.array(violated, pa.list_(pa.string())),
            "brand_violated": pa.array([held and held[0] for held in of_brands], pa.list_(pa.string())),
            "exclusions": pa.array(exclusions, pa.list_(pa.string())),
            "element_scores": pa.array(element_scores, ELEMENT_SCORES),
        }
        table = table.drop_columns([name for name in added if name in table.column_names])
        for name, column in added.items():
            table = table.append_column(name, column)
        return table

    def _content(
        self,
        values: list[dict[str, Any]],
        elements: list[list[Element]],
        layouts: Layouts,
        content: Content,
        exclusions: list[list[str]],
    ) -> None:
        by_image: dict[str, list[int]] = {}
        for i, row in enumerate(values):
            if not row.get("image"):
                exclusions[i].append("no_image")
            elif table_rows.fault(row):
                continue
            elif fault := table_rows.framing_fault(row):
                exclusions[i].append(fault)
            elif layout_tables.TEXT_IN_PICTURE in (row.get("notes") or ()):
                exclusions[i].append(layout_tables.TEXT_IN_PICTURE)
            else:
                by_image.setdefault(row["image"], []).append(i)
        for uri, picture in self._pictures(list(by_image)):
            members = by_image[uri]
            if isinstance(picture, str):
                for i in members:
                    exclusions[i].append(f"image_{picture}")
                continue
            (subject,) = self._saliency.saliency([picture])
            views = self._views(picture, subject, {i: values[i] for i in members}, exclusions)
            if not (members := list(views)):
                continue
            chosen = Layouts(layouts.boxes[members], layouts.classes[members], layouts.dropped[members])
            drawn = {
                size: tuple(zip(*(view.on(Canvas(*size), max(size)) for view in views.values()), strict=True))
                for size in ((pku.WIDTH, pku.HEIGHT), (ralf.WIDTH, ralf.HEIGHT))
            }
            photos, maps = drawn[pku.WIDTH, pku.HEIGHT]
            small_photos, small_maps = drawn[ralf.WIDTH, ralf.HEIGHT]
            content.put(members, named("pku_compat", pku.pku_compat_content(chosen, maps, photos)))
            content.put(members, named("pku", pku.pku_content(chosen, maps, photos)))
            content.put(members, named("ralf", ralf.ralf_content(chosen, small_maps, small_photos)))
            content.put(members, named("cgl", cgl.cgl_content(chosen, photos)))
            for i, view in views.items():
                ground, on_canvas = view.on(table_rows.canvas(values[i]), _SIDE)
                protected = on_canvas > _PROTECTED
                ratios = [
                    own.contrast_of(elements[i], k, ground) if own.is_text(e) else None
                    for k, e in enumerate(elements[i])
                ]
                content.measured[i] = (protected, ratios)
                if self._critic:
                    looks = sketch(elements[i], table_rows.canvas(values[i]), ground, on_canvas, self._font_files)
                    (content.rating[i],) = self._critic.rate([looks])
                content.cut[i] = view.cut(_PROTECTED)
                asked, split = _asked(values[i], elements[i]), words_split(elements[i], values[i].get("language"))
                shown = Judged(
                    *(elements[i], table_rows.canvas(values[i]), on_canvas, ground, content.cut[i]),
                    asked=asked,
                    split_words=split,
                )
                content.second[i] = second_judge.judge(shown).objections

    def _views(
        self,
        picture: np.ndarray,
        subject: np.ndarray,
        members: Mapping[int, dict[str, Any]],
        exclusions: list[list[str]],
    ) -> dict[int, Photos]:
        """The rows of a photo as they show it; those with a tile that can't be read are excluded."""
        views: dict[int, Photos] = {}
        for i, row in members.items():
            framing = table_rows.framing(row) or Framing()
            read = dict(self._pictures([tile.image for tile in framing.tiles]))
            faults = [pixels for pixels in read.values() if isinstance(pixels, str)]
            if faults:
                exclusions[i].append(f"image_{faults[0]}")
                continue
            pixels = [np.asarray(read[tile.image]) for tile in framing.tiles]
            maps = self._saliency.saliency(pixels) if pixels else []
            tiles = zip(framing.tiles, pixels, maps, strict=True)
            stills = [Still(image, map_, t.image, t.sha256, t.width, t.height) for t, image, map_ in tiles]
            views[i] = Photos(framing, picture, subject, tuple(stills))
        return views

    def _pictures(self, uris: list[str]) -> Iterable[tuple[str, np.ndarray | str]]:
        """Each photo's pixels, or the kind of fault that it has."""
        for first in range(0, len(uris), _AT_ONCE):
            chunk = uris[first : first + _AT_ONCE]
            for uri, data in zip(chunk, self._storage.read_many(chunk), strict=True):
                if isinstance(data, StorageFault):
                    yield uri, data.kind
                    continue
                try:
                    yield (
                        uri,
                        images.decode(data, side=self._settings.image_side, min_side=1, max_pixels=_MAX_PIXELS).pixels,
                    )
                except images.ImageFault as fault:
                    yield uri, fault.kind

    def _own(
        self,
        row: Mapping[str, Any],
        elements: list[Element],
        content: Content,
        i: int,
        excluded: list[str],
    ) -> tuple[list[own.ElementScore], list[str], Mapping[str, tuple[float, float]]]:
        if table_rows.asked(row) is None:
            excluded.append("no_copy")
        if table_rows.fault(row):
            return [], [], dict.fromkeys(own.NAMES, (0.0, 0.0))
        canvas = table_rows.canvas(row)
        protected, ratios = content.measured.get(i) or (None, [None] * len(elements))
        scores = []
        for element, contrast in zip(elements, ratios, strict=True):
            fit = own.text_fit(element, canvas, self._widths(element)) if element.lines else None
            if element.lines and fit is None:
                excluded.append("font_unknown")
            width, height = element.box[2] - element.box[0], element.box[3] - element.box[1]
            scores.append(
                own.ElementScore(
                    role=element.role.value,
                    area=max(0.0, width) * max(0.0, height),
                    font_px=element.font_px or None,
                    contrast=contrast if element.lines else None,
                    occlusion=None if protected is None else own.occlusion_of(element.box, protected),
                    overflow=fit[0] if fit else None,
                    fill=fit[1] if fit else None,
                )
            )
        asked = _asked(row, elements)
        proposed = row.get("suggestion")
        limits = (math.ceil(self._settings.min_font * min(canvas.width, canvas.height)), self._settings.min_contrast)
        broken = own.violations(elements, canvas, scores, asked=asked, smallest_px=limits[0], min_contrast=limits[1])
        totals = own.totals(
            elements,
            scores,
            asked=asked,
            broken=broken,
            proposed=None if proposed is None else [_sides(box) for box in proposed],
            protected=protected,
            cut=content.cut.get(i),
        )
        if protected is None:
            return scores, broken[0], totals
        split, picture = words_split(elements, row.get("language")), seen_edges(table_rows.framing(row) or Framing())
        judged = Judged(elements, canvas, protected, None, content.cut[i], picture, asked, split, (), *limits, scores)
        return scores, broken[0], {**totals, **judged_totals(judged, content.rating.get(i), content.second.get(i))}

    def _widths(self, element: Element) -> list[float] | None:
        if element.font_px <= 0:
            return None
        try:
            return drawing.line_widths(element, self._font_files)
        except (ValueError, OSError):  # no such font here
            return None


def _elements(row: Mapping[str, Any], excluded: list[str]) -> list[Element]:
    fault = table_rows.fault(row)
    if fault:
        excluded.append(fault)
    return [] if fault else table_rows.elements(row["elements"], excluded)


def _asked(row: Mapping[str, Any], elements: Sequence[Element]) -> own.Asked | None:
    """What a row's copy asks for; None where elements were left out, which may be what it asks for."""
    return table_rows.asked(row) if len(elements) == len(row["elements"]) else None


def _sides(proposed: Mapping[str, Any] | None) -> Sequence[float]:
    box = (proposed or {}).get("box")
    return box if box is not None and len(box) == 4 and None not in box else (math.nan,) * 4


_READ = (
    *("row_id", "title", "selling_points", "brand", "logo", "application", "notes", "accepted", "language"),
    *OFFER,
    *(name for name in brand_checks.READ if name not in ("brand", "logo", "language")),
    *("image", "images", "captions", *rows.FRAMING, "canvas_width", "canvas_height", "suggestion", "elements"),
)


def _columns(scores: Mapping[str, Metric]) -> dict[str, pa.Array]:
    columns = {}
    for name, definition in METRICS.items():
        score = scores[name]
        columns[name] = pa.array(score.values, pa.float64(), mask=~score.defined)
        if definition.pooled:
            columns[f"{name}_weight"] = pa.array(score.weight, pa.float64())
    return columns
