"""The gallery of a layout table: previews drawn on a pool, and the page that shows them; perhaps with another table
that it is compared with, and with what became of decisions of earlier nights."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import ray

from layoutgen.cluster import join
from layoutgen.config.base import Pool
from layoutgen.config.stages import ProtectSettings, SaliencySettings
from layoutgen.core.brands.kits import BrandKits
from layoutgen.core.gallery import files as gallery
from layoutgen.core.gallery import rows as gallery_rows
from layoutgen.evaluation import finished_links, other_rows
from layoutgen.evaluation.kits_of_table import fonts_of, kits_of
from layoutgen.evaluation.product_colours import ProductColours
from layoutgen.io.storage import Storage
from layoutgen.io.tables import gallery_source
from layoutgen.models.building import finders
from layoutgen.stages.preview import Preview
from layoutgen.streaming import Stage, Step, Stream, stream

log = logging.getLogger("layoutgen")

_FEWEST = 32
"""Previews an actor: it takes 3 s of a CPU to start, and each of them a tenth."""


def run_gallery(
    storage: Storage,
    layouts: str,
    output: str,
    *,
    run_id: str | None,
    limit: int,
    side: int,
    font_files: tuple[str, ...],
    maps: bool = False,
    against: tuple[str, str | None] | None = None,
    feedback: str | None = None,
    pool: Pool | None = None,
    stream: Stream = stream,
) -> str:
    """Draw a run's layouts and write the page that shows them; returns where it is. Of a larger table `limit` rows are
    drawn evenly, on `pool`, or on all CPUs of the cluster. Fonts are those given, those of the run's settings, the
    embedded ones. `against` is a table, and which of its runs, that the page compares these rows with; `feedback` the
    decisions of which it says what became. Raises JobError."""
    source = gallery_source.read(storage, layouts, run_id, limit)
    kits = kits_of(source.settings, storage)
    font_files = fonts_of(source.settings, kits, font_files)
    others = {}
    if against:
        others["against"] = other_rows.against(storage, source, *against)
    if feedback and (became := other_rows.earlier(storage, source, layouts, feedback)).about["entries"]:
        others["earlier"] = became
    count = len(source.table) + sum(len(other.table) for other in others.values())
    if pool is None:
        join("", "")
        pool = Pool(size=max(1, min(_cpus(), count // _FEWEST)), num_cpus=0.9)

    def draw(table: pa.Table, folder: str, finder: SaliencySettings | None) -> list[dict[str, Any]]:
        """The rows, each with its `_fault` where there is no preview of it."""
        build = partial(_preview, storage, storage.join(output, folder), side, font_files, finder)
        drawn = gallery_source.drawable(table)
        faults = dict.fromkeys(table.column("row_id").to_pylist(), "the row has no picture that could be drawn")
        for row in stream([Step("preview", build, pool)], [drawn.slice(first, 8) for first in range(0, len(drawn), 8)]):
            if row["fault"]:
                log.warning("no preview of %s: %s", row["row_id"], row["fault"])
            faults[row["row_id"]] = row["fault"]
        colours = ProductColours(storage) if "against" in others else None
        return [
            {**row, "_fault": faults[row["row_id"]], "_colours": colours.of(row) if colours else None}
            for row in table.to_pylist()
        ]

    placed = draw(source.table, "previews", finder_of(source.settings) if maps else None)
    place, protect = source.settings.get("place") or {}, source.settings.get("protect")
    limits = {"margin": place.get("margin"), "smallest": place.get("min_font"), "contrast": place.get("min_contrast")}
    has_covers = any(row.get("accepted") is not None for row in placed)
    zones = finders.zones(ProtectSettings(zones=protect.get("zones"))) if protect and has_covers else None
    links = finished_links.of_rows(storage, output, placed)
    for name, content in gallery.files(
        [{**row, **_own_limits(row, source.settings, kits), "_links": links.get(row["row_id"], [])} for row in placed],
        source.dead,
        source.run_id,
        totals=(source.total, source.dead_total),
        maps=maps,
        limits=gallery.Limits(**{name: limit for name, limit in limits.items() if limit is not None}),
        zones=zones,
        others={
            kind: gallery.OtherRows(draw(other.table, kind, None), other.run_id, other.about)
            for kind, other in others.items()
        },
    ):
        storage.write(storage.join(output, name), content)
    return storage.join(output, "index.html")


def _own_limits(row: Mapping[str, Any], settings: Mapping[str, Any], kits: BrandKits) -> dict[str, Any]:
    """What a row's layout keeps beside the limits of all: safe zones of its brand and application, and its brand's
    colours."""
    kit = kits.named(row.get("brand"))
    marketing = (settings.get("marketing") or {}).get("zones") if row.get("application") == "marketing" else None
    of_both = [*([kit.brand.safe_zones] if kit else []), *([marketing] if marketing else [])]
    canvas = str(row.get("canvas"))
    zones = [zone for each in of_both for zone in gallery_rows.zones(finders.named_zones(each), canvas)]
    limits: dict[str, Any] = {"safe_zones": [*(row.get("safe_zones") or ()), *zones]} if zones else {}
    return limits | ({"_palette": list(kit.brand.palette)} if kit else {})


def finder_of(settings: dict[str, Any]) -> SaliencySettings:
    """The subject finder of a run, as far as it can be had here."""
    saliency = (settings.get("annotate") or settings.get("protect") or {}).get("saliency") or {}
    finder = SaliencySettings(**{name: saliency[name] for name in ("model", "format") if name in saliency})
    if finder.model not in ("border", "net") and not Path(finder.model).exists():
        log.warning("the run's subject finder %s is not here; maps are by 'net'", finder.model)
        return SaliencySettings()
    return finder


def _preview(
    storage: Storage, previews: str, side: int, font_files: tuple[str, ...], finder: SaliencySettings | None
) -> Stage:
    saliency = finders.saliency(finder) if finder else None
    return Preview(storage, previews, side, font_files, layers=True, saliency=saliency)


def _cpus() -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))
