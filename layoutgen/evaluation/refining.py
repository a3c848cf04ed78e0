"""A published table with people's edits and instructions in it: a run of its own over the rows that they change.

What shapes layouts is as the run that made the table had it: limits, fonts, subject finder, formats of finished files.
"""

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from layoutgen.config.base import known
from layoutgen.config.jobs import CoversConfig, LayoutsConfig, RefineConfig
from layoutgen.config.posters import PostersConfig
from layoutgen.config.stages import RenderSettings
from layoutgen.core import feedback
from layoutgen.core.brands.kits import BrandKits
from layoutgen.core.errors import Refusal
from layoutgen.core.fingerprint import Versions, digest
from layoutgen.core.instructions import parsing
from layoutgen.core.manifest.products import APPLICATIONS
from layoutgen.core.refining import applying, orders
from layoutgen.evaluation.gallery import finder_of
from layoutgen.evaluation.kits_of_table import fonts_of
from layoutgen.evaluation.refining_of_table import TableRefining
from layoutgen.imaging.documents.rasters import Encoding
from layoutgen.io.font_files import here
from layoutgen.io.storage import Storage, opened
from layoutgen.io.tables import layout_tables, published_runs
from layoutgen.io.tables.ledger import Ledger, table_kind
from layoutgen.models.building import finders
from layoutgen.models.building.kits import kits as kits_of_run
from layoutgen.models.building.versions import recipes
from layoutgen.runs import refining
from layoutgen.runs.job import WHOLE, TableJob
from layoutgen.runs.refining import Like, Wanted
from layoutgen.runs.run import run
from layoutgen.stages.finishing import Finish
from layoutgen.stages.refine import Refine
from layoutgen.stages.refining import REFINED
from layoutgen.stages.render import Render
from layoutgen.stages.row_photos import RowPhotos
from layoutgen.stages.serving import serving_of
from layoutgen.streaming import Step, Stream, stream

log = logging.getLogger("layoutgen")
KINDS: dict[str, type[LayoutsConfig] | type[PostersConfig] | type[CoversConfig]] = {
    "layouts": LayoutsConfig,
    "posters": PostersConfig,
    "covers": CoversConfig,
}
"""Kinds of tables that can be refined, with the settings of the jobs that make them."""
_MOST_TOLD = 20  # refused decisions in the summary; all of them are in the run's ledger


def refine_table(
    config: RefineConfig,
    layouts: str,
    decisions: str,
    *,
    like: Like = "product",
    font_files: tuple[str, ...] = (),
    stream: Stream = stream,
) -> dict[str, Any]:
    """Publish the table at `layouts` with the edits and instructions of the feedback at `decisions` in it; returns the
    summary that the job prints. Raises JobError."""
    storage = opened(config.storage)
    storage.check(layouts)
    kind: Any = table_kind(storage, layouts)
    if kind not in KINDS:
        raise Refusal(f"{layouts} is a table of {kind}; edits are of {', '.join(KINDS)}")
    base = published_runs.current(storage, layouts)
    folder = layout_tables.folder_of(storage, layouts, base)
    settings = layout_tables.manifest_of(storage, folder).get("settings") or {}
    of_table = known(KINDS[kind], settings)
    kits = kits_of_run(of_table.style.brands, storage, (), None)
    files = fonts_of(settings, kits, font_files)
    given = _read(storage, decisions)
    margin = TableRefining(settings, storage, kits, files).margin
    wanted = refining.wanted_of(storage, folder, given, like, margin, here(files, storage))
    report = _reported(wanted)
    if not wanted.of_rows:
        return {"run_id": base, "refined": 0, **report, "current": True}
    finish = _finish(of_table.render, storage, files)
    steps = [
        Step(
            "refine",
            partial(stage, storage, settings, kits, files, config.refine.side),
            config.refine.pool,
        )
    ]
    if finish:
        images = of_table.images
        render = partial(Render, storage, layouts, finish, images.max_bytes, images.max_pixels)
        steps.append(Step("render", render, of_table.render.pool))
    ours = {name: getattr(config, name) for name in ("run", "expect", "storage", "load", "write")}
    version = digest(applying.VERSION, parsing.VERSION, like, files)
    serve, by = (
        (None, "") if isinstance(of_table, CoversConfig) else serving_of(of_table.serve, of_table.run.seed, storage)
    )
    job = TableJob(
        kind,
        steps,
        dict.fromkeys(APPLICATIONS, Versions(version)),
        of_table.model_copy(update=ours),
        storage,
        decisions,
        layouts,
        planner=partial(refining.plan, wanted, base),
        serve=serve,
        served_by=by,
    )
    summary = run(job, WHOLE, stream)
    text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in refining.as_rows(wanted.refused))
    storage.write(Ledger(storage, layouts, summary["run_id"]).uri("refused.jsonl"), text.encode())
    return {**summary, **_outcome(storage, layouts, summary["run_id"], wanted), **report}


def stage(storage: Storage, settings: dict[str, Any], kits: BrandKits, files: Sequence[str], side: int) -> Refine:
    """The refine stage of a table whose run had `settings`."""
    finder = finders.saliency(finder_of(settings))
    return Refine(TableRefining(settings, storage, kits, files), RowPhotos(storage, finder, side))


def _finish(render: RenderSettings, storage: Storage, files: tuple[str, ...]) -> Finish | None:
    if not render.formats:
        return None
    encoding = Encoding(render.quality, render.least_quality, round(1000 * render.max_kb))
    return Finish(recipes(render, here(files, storage)), encoding, files)


def _read(storage: Storage, uri: str) -> list[feedback.Feedback]:
    """The decisions of a file of feedback. Raises Refusal for a line that is none: what is passed over is lost."""
    if PurePosixPath(uri).suffix not in (".jsonl", ".json", ".txt"):
        raise Refusal(f"{uri} is no .jsonl file; give the gallery's feedback.jsonl")
    read, errors = feedback.read(storage.read(uri).decode("utf-8", "replace"))
    if errors:
        raise Refusal(f"{uri}: {errors[0]}; {len(errors)} of its lines can't be read")
    return read


def _reported(wanted: Wanted) -> dict[str, Any]:
    for refused in wanted.refused:
        log.warning("%s by %s: %s", refused.kind, refused.by, refused.message)
    return {
        "refused": dict(Counter(refused.kind for refused in wanted.refused)),
        "refused_first": refining.as_rows(wanted.refused[:_MOST_TOLD]),
        "followed_before": wanted.known,
    }


def _outcome(storage: Storage, root: str, run_id: str, wanted: Wanted) -> dict[str, int]:
    """What became of the rows that got orders, as the published ones say."""
    counts: Counter[str] = Counter()
    folder = layout_tables.folder_of(storage, root, run_id)
    for uri in layout_tables.parts(storage, folder):
        table = layout_tables.columns(storage, uri, ("row_id", "run_id", "notes", "refinement"))
        for row in table.to_pylist():
            if row["row_id"] in wanted.of_rows and row["run_id"] == run_id:
                counts.update(_of_row(row, wanted.of_rows[row["row_id"]]))
    return {name: counts[name] for name in ("refined", "exact", "carried", "partly", "unchanged")}


def _of_row(row: Mapping[str, Any], asked: Sequence[orders.Order]) -> list[str]:
    notes = [note for note in row["notes"] or () if note.startswith(REFINED)]
    done = any(not note.startswith(f"{REFINED} not") for note in notes)
    undone = any(note.startswith(f"{REFINED} not") for note in notes)
    if not done:
        return ["unchanged"]
    exact = any(order.elements for order in asked)
    return ["refined", "exact" if exact else "carried", *(["partly"] if undone else [])]
