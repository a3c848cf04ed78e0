"""The story of a ranking head, told once.

    tables + feedback + preferences + outcomes ─▶ evidence ─▶ fit ─▶ register ─▶ promote
                                                     └─▶ fits without a fold of products ─▶ gate ─┘

It is judged on what the head that serves has not learnt from, each product by a fit that has not seen it: the log loss
of what was said, and, where there are outcomes, what its way of serving would have earned (doubly robust). The same
evidence gives the same head, so the same command changes nothing.
"""

import json
import logging
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np

from layoutgen.config.taste import LearnSettings, TasteConfig
from layoutgen.core import outcomes
from layoutgen.core.fingerprint import digest
from layoutgen.core.taste import evidence as evidence_of
from layoutgen.core.taste.evidence import Evidence, Problem
from layoutgen.core.taste.fitting import Fit, fit
from layoutgen.core.taste.head import FILE, LEARNT, Head, projection_of, read
from layoutgen.core.taste.layouts import Catalogue
from layoutgen.io.adapter_registry import AdapterRegistry, Serving
from layoutgen.io.storage import Storage, opened
from layoutgen.io.tables import layout_tables, variants
from layoutgen.models.critics import features
from layoutgen.training.examples.decisions import read_choices, read_feedback
from layoutgen.training.judging import heads as judging
from layoutgen.training.judging.gate import Verdict
from layoutgen.training.judging.promotion import decide

log = logging.getLogger("layoutgen")

_SHOWN = 20


@dataclass(frozen=True)
class Sources:
    """Where layouts are, and what was said of them; None for what there is not."""

    layouts: Sequence[str]
    feedback: str | None = None
    preferences: str | None = None
    outcomes: str | None = None


def learn(config: TasteConfig, sources: Sources, root: str, *, force: bool = False) -> dict[str, Any]:
    """Learn a head, judge, register and promote it; returns the summary that the job prints. Raises JobError, the
    registry being as it was."""
    storage = opened(config.storage)
    storage.check(root)
    registry, name, by = AdapterRegistry(storage, root), config.learn.name, config.learn.by
    catalogue, evidence, problems = gathered(storage, sources, config.learn.reward)
    projection = projection_of(
        np.array([layout.features for layout in catalogue.layouts if layout.features is not None]).reshape(
            -1, features.SIZE
        ),
        len(features.TRAITS),
    )
    fitted = fit(evidence_of.observations(evidence, projection, by))
    for group in fitted.flat:
        log.warning(
            "all that is said of %s %r is the same: nothing but the common head tells what it prefers", by, group
        )
    data = fitted.head(features.version(), by, projection).to_bytes()
    version, before = digest(data.hex()), registry.serving(name)
    known, serving = served(storage, registry, name, before)
    fresh = [each for each in evidence if digest(each.label) not in known]
    verdict = judging.verdict(config, evidence, fresh, catalogue, (projection, serving))
    for reason in verdict.reasons:
        log.info("gate: %s", reason)
    counts = Counter(each.kind for each in evidence)
    dropped = dict(Counter(problem.reason for problem in problems))
    card = _card(config.learn, fitted, verdict, before) | {"evidence": dict(counts), "dropped": dropped}
    with tempfile.TemporaryDirectory() as folder:
        labels = sorted({digest(each.label) for each in evidence})
        (Path(folder) / FILE).write_bytes(data)
        (Path(folder) / LEARNT).write_text(json.dumps(labels), "utf-8")
        registry.add(name, version, Path(folder), card)
    promoted = decide(registry, name, version, before, verdict, force=force)
    return {
        "version": version,
        "promoted": promoted,
        "serves": registry.serving(name).version,
        "against": before.version,
        "reasons": list(verdict.reasons),
        "evidence": dict(counts),
        "new": len(fresh),
        "groups": len(fitted.groups),
        "common_only": sorted(fitted.flat),
        "dropped": dropped,
        "problems": [problem.message for problem in problems[:_SHOWN]],
        "head": registry.uri(name, version),
    }


def gathered(storage: Storage, sources: Sources, reward: str) -> tuple[Catalogue, list[Evidence], list[Problem]]:
    """The layouts that something was said of, with the variants beside them; that; and what can't be learnt from."""
    decisions, bad = read_feedback(storage, sources.feedback)
    choices, worse = read_choices(storage, sources.preferences)
    rows = layout_tables.numbered(storage, sources.outcomes) if sources.outcomes else []
    earned, lost = outcomes.read(rows, reward)
    about = [(each.row_id, each.run_id) for each in decisions] + [each.key for each in earned]
    about += [side.key for choice in choices for side in (choice.chosen, choice.rejected)]
    row_ids, runs = ({key[part] for key in about if key[part]} for part in (0, 1))
    catalogue = variants.read(storage, sources.layouts, row_ids, runs, features.version())
    problems = [Problem("unreadable", str(error)) for error in (*bad, *worse, *lost)]
    evidence: list[Evidence] = []
    for counted, left_out in (
        evidence_of.of_feedback(decisions, catalogue),
        evidence_of.of_choices(choices, catalogue),
        evidence_of.of_outcomes(earned, catalogue, reward),
    ):
        evidence += counted
        problems += left_out
    return catalogue, evidence, problems


def served(storage: Storage, registry: AdapterRegistry, name: str, before: Serving) -> tuple[set[str], Head | None]:
    """What the head that serves was learnt from, and that head; nothing where none serves, or one of other features:
    the new one is then held against serving evenly. Raises HeadError."""
    if before.version is None:
        return set(), None
    uri = registry.uri(name, before.version)
    head = read(storage.read(f"{uri}/{FILE}"), uri)
    if head.features != features.version():
        log.warning("%s was trained on %s: the new head is held against serving evenly", uri, head.features)
        return set(), None
    return set(json.loads(storage.read(f"{uri}/{LEARNT}"))), head


def _card(learn: LearnSettings, fitted: Fit, verdict: Verdict, before: Serving) -> dict[str, Any]:
    return {
        "name": learn.name,
        "method": "hierarchical logistic regression, empirical Bayes",
        "base": features.version(),
        "by": learn.by,
        "groups": list(fitted.groups),
        "common_only": list(fitted.flat),
        "spreads": {"common": fitted.spreads[0], "apart": fitted.spreads[1]},
        "against": before.version,
        "verdict": {"better": verdict.better, "reasons": list(verdict.reasons)},
        "metrics": verdict.comparison,
        "code_version": installed("layoutgen"),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
