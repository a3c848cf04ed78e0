"""plan: a product cut out and its copy in; where the product goes and which element where out, before there is a
picture. Rows that keep their photo go through the compose stage instead (`route`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.covers.protection import Zones, zones_for
from layoutgen.core.demands import Demands
from layoutgen.core.layout import Canvas, Copy, Framing, Role
from layoutgen.core.proposals.constraints import ContradictionError
from layoutgen.core.proposals.demanding import as_demanded, to_compose
from layoutgen.core.proposals.folding import unfolded
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import images
from layoutgen.models.base import Fault, Plan, PlanBrief, Planner
from layoutgen.models.composers.demanded import taken_boxes
from layoutgen.stages import settable_copy
from layoutgen.stages.compose import Compose
from layoutgen.stages.poster_scenes import seed_of
from layoutgen.stages.settable_copy import SettableCopy, demands_of, left_out

_READ = ("row_id", "category", "canvas_width", "canvas_height")


class PlanPosters:
    """The plan stage of rows whose product was cut out. `build` gives the planner and what rows say of it as their
    composer; the others are as in `Compose`. A row's seed is made of `seed` and its key."""

    def __init__(
        self,
        build: Callable[[], tuple[Planner, str]],
        faces: Faces,
        batch: int,
        seed: int,
        first: Mapping[str, Sequence[Role]] | None = None,
        zones: Mapping[str, Zones] | None = None,
    ) -> None:
        self._build, self._copy, self._batch, self._seed = build, SettableCopy(faces, first), batch, seed
        self._zones = zones or {}

    @cached_property
    def _planner(self) -> tuple[Planner, str]:
        return self._build()  # at the first poster, not before

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the columns of a plan: those of a composition, of a picture that fills the canvas, and `product_box`."""
        known = rows.kept(table, "compose")
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, list[str]] = {}
        plans: dict[int, Plan] = {}
        seeds: dict[int, int] = {}
        copies: dict[int, tuple[Copy, Demands]] = {}
        for chunk in self._briefs(table, known, faults, notes, copies):
            for (i, brief), plan in zip(chunk, self._planner[0].plan([brief for _, brief in chunk]), strict=True):
                if isinstance(plan, Fault):
                    faults[i] = (plan.kind, plan.message)
                    continue
                copy, demands = copies[i]
                try:
                    suggestions = as_demanded(demands, unfolded(plan.suggestions, copy), copy)
                except ContradictionError as error:
                    faults[i] = ("contradiction", str(error))
                    continue
                plans[i], seeds[i] = replace(plan, suggestions=suggestions), brief.seed
                notes[i] += left_out(copy, (suggestion.text for suggestion in suggestions))
        count = range(len(table))
        columns: dict[str, Any] = {
            **rows.framing_columns(dict.fromkeys(plans, Framing()), len(table)),
            "style_used": [None] * len(table),
            "suggestion": [[*map(rows.suggestion_row, plans[i].suggestions)] if i in plans else None for i in count],
            "composer": [self._planner[1] if i in plans else None for i in count],
            **{name: [None] * len(table) for name in ("adapter", "prompt_version", "answer")},
            "seed": [seeds.get(i) for i in count],
            "product_box": [plans[i].product_box if i in plans else None for i in count],
        }
        merged = rows.merge(table, columns, known)
        return rows.note(rows.fail(rows.add(table, merged, schema.PRODUCT_PLANNED), "plan", faults), notes)

    def _briefs(
        self,
        table: pa.Table,
        known: set[int],
        faults: dict[int, tuple[str, str]],
        notes: dict[int, list[str]],
        copies: dict[int, tuple[Copy, Demands]],
    ) -> list[list[tuple[int, PlanBrief]]]:
        """Briefs of the open rows in chunks, of their folded `copies` without locked texts. Rows whose copy can't be
        set are failed; rows of one product share it."""
        products, product_of = rows.distinct(table, schema.PRODUCT)
        logos, logo_of = rows.distinct(table, "logo_pixels")
        columns = settable_copy.columns(table, _READ)
        decoded: dict[int, np.ndarray] = {}
        chunks: list[list[tuple[int, PlanBrief]]] = [[]]
        for i in rows.open_rows(table):
            row = {name: values[i] for name, values in columns.items()}
            logo = logo_of[i]
            copy, changes, fault = self._copy.of(row | {"logo": None if logo is None else row["logo"]})
            notes[i] = changes
            if fault:
                faults[i] = fault
                continue
            if i in known:
                suggested = table.column("suggestion")[i].as_py()
                changes += left_out(copy, (suggestion["text"] for suggestion in suggested))
                continue
            index = product_of[i]
            assert index is not None
            if index not in decoded:
                decoded = {index: images.decode_png(products[index])}  # rows of one product are neighbours
            canvas = Canvas(row["canvas_width"], row["canvas_height"])
            aspect = None if logo is None else _aspect(images.decode_png(logos[logo]))
            free = tuple(zone.box for zone in zones_for(canvas, self._zones.get(row["application"], {})))
            seed = seed_of(self._seed, row["row_id"])
            copies[i] = copy, demands_of(row)
            free = (*free, *taken_boxes(copies[i][1], canvas))
            folded = to_compose(copies[i][1], copy).folded
            brief = PlanBrief(decoded[index], folded, canvas, row["category"], aspect, free, seed)
            chunks[-1].append((i, brief))
            if len(chunks[-1]) == self._batch:
                chunks.append([])
        return [chunk for chunk in chunks if chunk]


class ComposePhotos:
    """The plan stage of rows that keep their photo: they are composed."""

    def __init__(self, compose: Compose) -> None:
        self._compose = compose

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the composed columns, and no `product_box`."""
        return rows.add(self._compose(table), {"product_box": [None] * len(table)}, schema.PRODUCT_PLANNED)


def has_cut_out(table: pa.Table) -> list[str]:
    """What kind of poster each row is: `product` where it was cut out, else `photo`."""
    return ["photo" if source is None else "product" for source in table.column("cut_out").to_pylist()]


def _aspect(logo: np.ndarray) -> float:
    return float(logo.shape[1] / logo.shape[0])
