"""From a trained adapter to one that serves: card, gate, promotion, rollback.

Every change of what serves is one swap of `CURRENT` with its reason; a refusal changes nothing and says why.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from layoutgen.io.adapter_registry import AdapterRegistry, RegistryError, Serving
from layoutgen.models.weights import weights_sha
from layoutgen.training.judging.gate import Verdict


def version_of(run: str, folder: Path) -> str:
    """A version's name: the run's digest and the weights' sha, so that other weights never take its place."""
    return f"{run.rpartition('-')[2][:8]}-{weights_sha(folder, tree=True)[:8]}"


def decide(
    registry: AdapterRegistry, name: str, version: str, before: Serving, verdict: Verdict, *, force: bool
) -> bool:
    """Let a version serve where its verdict is good, or by `force`; tells whether it serves now. Raises RegistryError
    where another promotion came since `before`, with which the version was compared."""
    if before.version == version:
        return True
    if not verdict.better and not force:
        return False
    action = "promote" if verdict.better else "force"
    registry.swap(name, version, before, action, "; ".join(verdict.reasons))
    return True


def promote(registry: AdapterRegistry, name: str, version: str, *, force: bool) -> str:
    """Let a stored version serve; returns what was done. Raises RegistryError where its card's verdict, against what
    serves now, is not good and `force` is not given."""
    before, card = registry.serving(name), registry.card(name, version)
    if before.version == version:
        return f"{version} serves {name} already"
    verdict = card["verdict"]
    if not force and not verdict["better"]:
        raise RegistryError(
            f"{version} is not better: {'; '.join(verdict['reasons'])}; --force promotes it all the same"
        )
    if not force and card["against"] != before.version:
        was, now = card["against"] or "the bare model", before.version or "the bare model"
        raise RegistryError(
            f"{version} was compared with {was}, and {now} serves now; train it again, or promote it with --force"
        )
    registry.swap(name, version, before, "force" if force else "promote", "; ".join(verdict["reasons"]))
    return f"{version} serves {name}; before it {before.version or 'the bare model'}"


def rollback(registry: AdapterRegistry, name: str, why: str = "") -> str:
    """Let the version serve that did before the one that serves; returns what was done. Raises RegistryError where
    there was none."""
    before = registry.serving(name)
    past = _past(before.history)
    if not past:
        raise RegistryError(f"nothing was ever promoted under {name!r}; there is nothing to roll back")
    if len(past) < 2:
        raise RegistryError(f"{name!r} is rolled back to the bare model already")
    to = past[-2]
    registry.swap(name, to, before, "rollback", why or f"rolled back from {before.version}")
    return f"{to or 'the bare model'} serves {name}; before it {before.version}"


def _past(history: Sequence[dict[str, Any]]) -> list[str | None]:
    """The versions on the way to what serves, rolled back ones left out, the oldest first."""
    past: list[str | None] = []
    for event in history:
        if event["action"] == "rollback":
            past = past[:-1]
        else:
            past = [*past, event["to"]] if past else [event["from"], event["to"]]
    return past
