"""The page of a table's run: how it stands, what it did, what was expected; the text is in `templates/run.html`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from layoutgen.pages import utilisation
from layoutgen.pages.rendering import render

STEPS = ("computed", "unchanged", "stale", "failed")


def page(
    root: str,
    state: Mapping[str, Any],
    manifest: Mapping[str, Any],
    refusals: Sequence[str],
    before: Sequence[Mapping[str, Any]],
    samples: Mapping[str, Any] | None,
) -> str:
    """Render the page of a run of the table at `root`: its `run.json` with the driver, its manifest ({} of one that is
    at work), why it is refused, the manifests of the snapshots before it, newest first, and
    its samples, if it took any."""
    summary = manifest.get("summary", {})
    kinds = [
        (stage, kind, count)
        for stage, counts in summary.get("failed", {}).items()
        for kind, count in sorted(counts.items(), key=lambda pair: -pair[1])
    ]
    nights = [_night(older) for older in ([manifest] if manifest else []) + [*before]]
    return render(
        "run.html",
        root=root,
        state=state,
        summary=summary,
        rows=[(name, state[name], state[name] / max(1, state["rows_in"])) for name in STEPS],
        done=state["shards_done"] / max(1, state["shards"]),
        kinds=kinds,
        chart=utilisation.chart(samples),
        expectations=summary.get("expectations", []),
        refusals=refusals,
        files=manifest.get("files", []),
        nights=nights,
        most=max([night["published"] for night in nights], default=1) or 1,
        settings=json.dumps(manifest.get("settings", {}), indent=1, ensure_ascii=False),
    )


def _night(manifest: Mapping[str, Any]) -> dict[str, Any]:
    summary = manifest.get("summary", {})
    changes = summary.get("changes", {})
    names = ("published", "computed", "dead_letters", "seconds")
    return {
        "run_id": manifest["run_id"],
        "at": str(manifest.get("finished_at") or manifest.get("created_at") or "")[:16].replace("T", " "),
        **{name: summary.get(name, 0) for name in names},
        "changes": [changes.get(op) for op in ("insert", "update", "delete")],
    }
