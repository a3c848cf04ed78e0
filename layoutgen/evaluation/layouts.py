"""How good a layout table is: sample ─▶ score ─▶ read back ─▶ report.

    index ─▶ sample ─▶ [score on an actor pool, a file a shard] ─▶ check ─▶ report.json, report.html

Scored rows stay in OUTPUT/scores as plain Parquet. Each sampled row must be found again there; else there
is no report.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.config.base import Pool
from layoutgen.config.jobs import EvaluateConfig
from layoutgen.core.brands.kits import BrandKits
from layoutgen.core.gallery import files as gallery
from layoutgen.core.metrics import spread
from layoutgen.core.metrics.statistics import stratified_sample
from layoutgen.core.reports import evaluation_report
from layoutgen.core.reports.evaluation_report import Draws
from layoutgen.evaluation import report_files
from layoutgen.evaluation.kits_of_table import fonts_of, kits_of
from layoutgen.evaluation.scoring import LOOKS, places_of, score, shards
from layoutgen.io.storage import Storage, opened
from layoutgen.io.tables import layout_tables
from layoutgen.models.building.versions import saliency_version
from layoutgen.pages import layouts as layouts_page
from layoutgen.stages.preview import Preview
from layoutgen.streaming import Step, Stream, idle, stream

log = logging.getLogger("layoutgen")

_GROUPED = ("category", "canvas", "application", "composer", "adapter", "arm")


def evaluate_layouts(
    config: EvaluateConfig,
    layouts: str,
    output: str,
    *,
    run_id: str | None = None,
    reference: str | None = None,
    baseline: str | None = None,
    baseline_run_id: str | None = None,
    changed_only: bool = False,
    stream: Stream = stream,
) -> dict[str, Any]:
    """Score a layout table and write its report; returns the summary that the job prints. Raises JobError;
    LostRowsError, a Stop, where rows went missing."""
    storage = opened(config.storage)
    storage.check(layouts)
    storage.check(output)
    draws = Draws(config.report.resamples, config.report.level, config.run.seed)
    folder = layout_tables.folder_of(storage, layouts, run_id)
    places = places_of(storage, folder)
    manifest = layout_tables.manifest_of(storage, folder)
    kits = kits_of(_settings(manifest), storage, config.score.brands)
    config = _with_fonts(config, manifest, kits)
    finder = _finder(config)
    chosen = _sample(places, config)
    for _ in stream([idle("score", config.score.pool)], [], **config.run.cluster):  # before scores are replaced
        raise AssertionError("a stream of nothing has no rows")
    scored = score(config, storage, chosen, storage.join(output, "scores"), kits, stream)
    keys = scored.column("row_id").to_pylist()
    report: dict[str, Any] = {
        "layouts": {
            "source": folder,
            "rows": len(places),
            "evaluated": len(scored),
            "products": len(set(evaluation_report.clusters_of(scored))),
            "strata": list(config.sampling.by) if len(chosen) < len(places) else [],
            "repeated_row_ids": len(keys) - len(set(keys)),
        },
        "settings": {**vars(draws), "sample": config.sampling.rows, "content": config.score.content},
        "saliency": finder or "none: content was not measured",
        "latency": _latency(manifest),
        "protocols": evaluation_report.protocols(scored, draws),
        "groups": evaluation_report.groups(scored, _GROUPED, draws),
        "roles": evaluation_report.roles(scored),
        "spread": spread.spreads(_looks(scored)),
        "violated": evaluation_report.violated(scored),
        "brands_violated": evaluation_report.brands_violated(scored),
        "exclusions": evaluation_report.exclusions(scored),
        "worst": evaluation_report.worst_rows(scored, config.report.worst),
    }
    theirs = None
    against: dict[str, Any] = {}
    if baseline:
        their_folder = layout_tables.folder_of(storage, baseline, baseline_run_id)
        theirs = _score_baseline(config, storage, their_folder, set(keys), output, stream)
        run = layout_tables.manifest_of(storage, their_folder).get("run_id")
        compared = evaluation_report.comparison(scored, theirs, draws, changed_only=changed_only)
        report["comparison"] = {"baseline": baseline, "baseline_run": run, **compared}
        against = {
            "comparison": Counter(metric["verdict"] for metric in compared["metrics"].values()),
            "baseline": {name: report["comparison"][name] for name in ("baseline_run", "pairs", "differ")},
        }
    if reference:
        report["distribution"] = _distribution(config, storage, scored, reference)
    pictures = _pictures(config, storage, scored, [row["index"] for row in report["worst"]], output, stream)
    page = layouts_page.page(report, _values(scored), _values(theirs) if theirs is not None else {}, pictures)
    report_files.write(storage, output, report, page)
    return {
        "task": "layouts",
        "rows": len(places),
        "evaluated": len(scored),
        "exclusions": report["exclusions"],
        "spread": {name: value["value"] for name, value in report["spread"].items()},
        "own_brand_violations": report["protocols"]["own"]["metrics"]["brand_violations"]["value"],
        "report": storage.join(output, "report.html"),
        **against,
    }


def _looks(scored: pa.Table) -> list[dict[str, Any]]:
    """What is seen of rows, and where they belong."""
    names = [name for name in ("row_id", "product_id", *LOOKS) if name in scored.column_names]
    return list(scored.select(names).to_pylist())


def _settings(manifest: dict[str, Any]) -> dict[str, Any]:
    settings = manifest.get("settings")
    return settings if isinstance(settings, dict) else {}


def _with_fonts(config: EvaluateConfig, manifest: dict[str, Any], kits: BrandKits) -> EvaluateConfig:
    """The settings with the fonts of the run that made a table, too. Raises TableError for a file that is no font."""
    try:
        files = fonts_of(_settings(manifest), kits, config.score.fonts)
    except ValueError as error:
        raise layout_tables.TableError(f"score.fonts: {error}") from None
    return config.model_copy(update={"score": config.score.model_copy(update={"fonts": files})})


def _finder(config: EvaluateConfig) -> str:
    """The name and version of what finds subjects; empty where nothing does. Raises AbsentError for a file that
    can't be read."""
    return saliency_version(config.score.saliency, "score") if config.score.content else ""


def _sample(places: pa.Table, config: EvaluateConfig) -> pa.Table:
    names = [str(name) for name in places.column("row_id").to_pylist()]
    columns = [places.column(name).to_pylist() for name in config.sampling.by]
    strata = [*zip(*columns, strict=True)] if columns else [()] * len(names)
    rows = stratified_sample(names, strata, config.sampling.rows, config.run.seed)
    return places.take(pa.array(rows, pa.int64()))


def _score_baseline(
    config: EvaluateConfig, storage: Storage, folder: str, keys: set[str], output: str, stream: Stream
) -> pa.Table:
    """Score those rows of the baseline that ours has too."""
    places = places_of(storage, folder)
    manifest = layout_tables.manifest_of(storage, folder)
    kits = kits_of(_settings(manifest), storage, config.score.brands)
    config = _with_fonts(config, manifest, kits)
    shared = [i for i, key in enumerate(places.column("row_id").to_pylist()) if key in keys]
    if not shared:
        raise layout_tables.TableError(f"{folder} shares no row_id with the layouts; there is nothing to compare")
    chosen = places.take(pa.array(shared, pa.int64()))
    return score(config, storage, chosen, storage.join(output, "baseline_scores"), kits, stream)


def _distribution(config: EvaluateConfig, storage: Storage, scored: pa.Table, reference: str) -> dict[str, Any]:
    folder = layout_tables.folder_of(storage, reference)
    places = places_of(storage, folder)
    names = [str(name) for name in places.column("row_id").to_pylist()]
    rows = stratified_sample(names, [()] * len(names), config.report.reference_rows, config.run.seed)
    tables = [
        layout_tables.read(storage, part.column("uri")[0].as_py(), part.column("row").to_pylist())
        for part in shards(places.take(pa.array(rows, pa.int64())), len(names))
    ]
    theirs = [
        (str(key), elements)
        for table in tables
        for key, elements in zip(table.column("row_id").to_pylist(), table.column("elements").to_pylist(), strict=True)
    ]
    keys = [str(key) for key in scored.column("row_id").to_pylist()]
    drawn = stratified_sample(keys, [()] * len(keys), config.report.reference_rows, config.run.seed)
    elements = scored.column("elements").take(pa.array(drawn, pa.int64())).to_pylist()
    mine = [(keys[i], row_elements) for i, row_elements in zip(drawn, elements, strict=True)]
    sides = [[(key, row_elements) for key, row_elements in side if row_elements is not None] for side in (mine, theirs)]
    if not all(sides):
        raise layout_tables.TableError(f"{folder if sides[0] else 'the table'} has no row with elements to compare")
    (my_keys, my_elements), (their_keys, their_elements) = (zip(*side, strict=True) for side in sides)
    return {
        "source": folder,
        "excluded": {"layouts": len(mine) - len(my_keys), "reference": len(theirs) - len(their_keys)},
        **evaluation_report.distributions(
            evaluation_report.layouts_of(my_elements),
            my_keys,
            evaluation_report.layouts_of(their_elements),
            their_keys,
        ),
    }


def _latency(manifest: dict[str, Any]) -> dict[str, float] | None:
    """Seconds a layout of the run that made the table, from its manifest; None where it does not say."""
    summary = manifest.get("summary") or {}
    seconds, computed = summary.get("seconds"), summary.get("computed")
    if not seconds or not computed:
        return None
    return {"seconds": seconds, "layouts": computed, "seconds_per_layout": seconds / computed}


def _values(table: pa.Table) -> dict[str, Sequence[float]]:
    return {name: measure.values[measure.defined] for name, measure in evaluation_report.scores_of(table).items()}


def _pictures(
    config: EvaluateConfig, storage: Storage, scored: pa.Table, chosen: list[int], output: str, stream: Stream
) -> dict[str, str]:
    """Pictures of chosen rows as data URIs by row id; rows that can't be drawn have none."""
    from base64 import b64encode

    names = {scored.column("row_id")[i].as_py() for i in chosen}
    folder = storage.join(output, "worst")
    for uri in storage.list(folder):
        storage.delete(uri)
    tables = []
    for uri in storage.list(storage.join(output, "scores")):
        filesystem, path = storage.filesystem(uri)
        with filesystem.open_input_file(path) as handle:
            table = pq.ParquetFile(handle).read()
        keep = [
            i
            for i, row in enumerate(table.select(["row_id", "image", "crop"]).to_pylist())
            if row["row_id"] in names and row["image"] and row["crop"]
        ]
        if keep:
            tables.append(table.take(pa.array(keep, pa.int64())))
    build = partial(Preview, storage, folder, config.report.preview_side, config.score.fonts)
    pictures = {}
    step = Step("preview", build, Pool(num_cpus=config.score.pool.num_cpus))
    for row in stream([step], tables, **config.run.cluster):
        if row["fault"]:
            log.warning("no picture of %s: %s", row["row_id"], row["fault"])
            continue
        data = storage.read(storage.join(folder, gallery.preview_name(row["row_id"])))
        pictures[row["row_id"]] = f"data:image/jpeg;base64,{b64encode(data).decode()}"
    return pictures
