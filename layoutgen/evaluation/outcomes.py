"""What a ranking head would have earned, by what variants earned that were served otherwise; without a pool.

    layout table + outcomes ─▶ evidence ─▶ a model of earnings, without each product's fold ─▶ report.json, report.html

The estimators are `core.taste.off_policy`'s. It is for whoever wants to know before a head serves, and about any head,
also one that learnt elsewhere.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from layoutgen.config.jobs import EvaluateConfig, OutcomesSettings
from layoutgen.config.serving import ServeSettings
from layoutgen.core import outcomes as contract
from layoutgen.core.fingerprint import digest
from layoutgen.core.taste import bandit, estimation, off_policy
from layoutgen.core.taste import evidence as evidence_of
from layoutgen.core.taste.bandit import Exploration, Policy
from layoutgen.core.taste.estimation import Way
from layoutgen.core.taste.evidence import Evidence, Problem
from layoutgen.core.taste.fitting import Fit, cross_fits
from layoutgen.core.taste.head import LEARNT, Projection, projection_of
from layoutgen.core.taste.layouts import Catalogue
from layoutgen.evaluation import report_files
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables, variants
from layoutgen.io.tables.layout_tables import TableError
from layoutgen.models.building import heads
from layoutgen.models.critics import features
from layoutgen.pages import outcomes as outcomes_page

_SHOWN = 200


def evaluate_outcomes(
    config: EvaluateConfig,
    storage: Storage,
    sources: tuple[str, str],
    output: str,
    head: str = "",
    *,
    registry: str = "",
) -> dict[str, Any]:
    """Report what serving by a head (a folder or registry:NAME of a `registry`; "" for evenly) would have earned;
    `sources` are a layout table and outcomes. Returns the summary. Raises JobError where nothing can be counted."""
    layouts, outcomes = sources
    settings, seed = config.outcomes, config.run.seed
    uri, policy = _policy(storage, settings, seed, head, registry)
    rows = layout_tables.numbered(storage, outcomes)
    earned, errors = contract.read(rows, settings.reward)
    row_ids, runs = {each.row_id for each in earned}, {each.run_id for each in earned if each.run_id}
    catalogue = variants.read(storage, [layouts], row_ids, runs, features.version())
    evidence, problems = evidence_of.of_outcomes(earned, catalogue, settings.reward)
    problems = [*(Problem("unreadable", str(error)) for error in errors), *problems]
    usable = estimation.counted(evidence, catalogue)
    problems += [
        Problem("unknown_variant", f"{each.layout.row_id}: a variant beside it has no features; lay it out again")
        for each in set(evidence) - set(usable)
    ]
    if not usable:
        reason = f", such as: {problems[0].message}" if problems else ""
        raise TableError(f"{outcomes} has no row that can be counted{reason}")
    logged = logged_by(settings, seed, usable, catalogue, policy)
    bounds: dict[str, Any] = {"resamples": config.report.resamples, "level": config.report.level, "seed": seed}
    values, gains = off_policy.values(logged, **bounds), off_policy.gains(logged, **bounds)
    learnt = set(json.loads(storage.read(f"{uri}/{LEARNT}"))) if uri and storage.exists(f"{uri}/{LEARNT}") else set()
    groups = {each.group(policy.head.by) for each in usable} if policy.head else set()
    report = {
        "task": "outcomes",
        "layouts": layouts,
        "outcomes": {"source": outcomes, "rows": len(rows)},
        "head": uri,
        "reward": settings.reward,
        "level": config.report.level,
        "counted": len(usable),
        "products": len({each.layout.product_id for each in usable}),
        "impressions": int(logged.shown.sum()),
        "effective": logged.effective,
        "learnt_from": sum(digest(each.label) in learnt for each in usable),
        "common": sorted(group or "(none)" for group in groups if policy.head and policy.head.of(group).is_common),
        "values": {name: asdict(value) for name, value in values.items()},
        "gains": {name: asdict(gain) for name, gain in gains.items()},
        "problems": dict(Counter(problem.reason for problem in problems)),
        "problem_rows": [asdict(problem) for problem in problems[:_SHOWN]],
    }
    report_files.write(storage, output, report, outcomes_page.page(report))
    names = ("task", "head", "counted", "effective", "learnt_from", "common", "values", "gains", "problems")
    return {**{name: report[name] for name in names}, "report": storage.join(output, "report.html")}


def _policy(storage: Storage, settings: OutcomesSettings, seed: int, head: str, registry: str) -> tuple[str, Policy]:
    """The way of serving that is asked about, and the folder of its head."""
    exploration = Exploration(settings.explore, settings.draws, seed)
    uri = heads.resolved(ServeSettings(head=head, registry=registry), storage)
    return uri, Policy(heads.load(uri, storage)[1] if uri else None, exploration)


def logged_by(
    settings: OutcomesSettings, seed: int, usable: Sequence[Evidence], catalogue: Catalogue, policy: Policy
) -> off_policy.Logged:
    """The outcomes as they were served and as `policy` would, by a model that has not seen their products."""
    projection = _projection(catalogue)
    folds = {
        each.layout.product_id: int(bandit.uniform(f"fold {each.layout.product_id}", seed) * settings.folds)
        for each in usable
    }
    models: list[Fit | float] = cross_fits(
        evidence_of.observations(usable, projection, settings.by), settings.folds, folds
    )

    def way(each: Evidence) -> Way:
        return policy, models[folds[each.layout.product_id]]

    return estimation.logged(usable, catalogue, way, projection, settings.by)


def _projection(catalogue: Catalogue) -> Projection:
    known = [layout.features for layout in catalogue.layouts if layout.features is not None]
    return projection_of(np.array(known), len(features.TRAITS))
