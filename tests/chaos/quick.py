"""Whole nights in one process, without Ray: every part of a run but its actor pools and the search for a fair layout,
in a fraction of a second."""

import itertools
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from jobs import command
from layoutgen import pipelines
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.layout import Framing, Role, Suggestion
from layoutgen.io.tables import snapshot
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.building import composers
from layoutgen.runs import catalogues, completion
from layoutgen.runs import run as running
from layoutgen.runs.job import RunOptions
from layoutgen.stages import finishing, guard, postponing, write
from layoutgen.streaming import in_process

SETTINGS = LayoutsConfig.model_validate(
    {
        "run": {"rows_per_shard": 4, "max_failed_fraction": 1.0, "breaker_rows": 100_000},
        "input": {"short_side": 320},
        "images": {"side": 64},
        "annotate": {"engine": "none"},
    }
)


class Crash(BaseException):
    """The end of a driver, as far as an exception can be one: `finally` still acts."""


class NullComposer:
    """The title at one place, on a backdrop that shows which photo was seen."""

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return a composition for each brief."""
        return [self._one(brief) for brief in briefs]

    def _one(self, brief: Brief) -> Composition:
        backdrop = "#" + "".join(f"{int(value):02x}" for value in brief.image.mean((0, 1)))
        title = Suggestion(Role.TITLE, (0.1, 0.05, 0.9, 0.2), brief.copy.title)
        return Composition(Framing(picture=(0.2, 0.3, 0.8, 0.9), backdrop=backdrop), (title,))


def null_composer(*_: Any) -> tuple[NullComposer, dict[str, Any]]:
    """What `composers.composer` returns, for the null composer."""
    return NullComposer(), {"composer": "null-1", "adapter": None, "prompt_version": None, "seed": 0}


def night(
    source: str,
    output: str,
    crash_at: Callable[[str], bool] | None = None,
    config: LayoutsConfig = SETTINGS,
    composer: Callable[..., Any] = null_composer,
    over: Callable[[], bool] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Run the nightly job here. `crash_at` is asked at every named point whether to end there, by raising Crash;
    `composer` is what builds the composer; `over` is asked before each stage whether a run with `until` has no time
    left."""

    def point(name: str) -> None:
        if crash_at is not None and crash_at(name):
            raise Crash(name)

    changed: list[tuple[Any, str, Any]] = [(composers, "composer", composer)]
    modules = (running, completion, catalogues, guard, write, finishing, snapshot)
    changed += [(module, "crash_point", point) for module in modules]
    if over is not None:
        changed.append((postponing.Deadline, "is_over", lambda deadline: deadline.at is not None and over()))
    before = [(module, name, getattr(module, name)) for module, name, _ in changed]
    for module, name, value in changed:
        setattr(module, name, value)
    try:
        return pipelines.run_layouts(config, source, output, RunOptions(**more), in_process)
    finally:
        for module, name, value in before:
            setattr(module, name, value)


if __name__ == "__main__":
    if "OVER_AFTER" in os.environ:  # the looks at the clock after which the time of a night with --until is up
        looks = itertools.count(1 - int(os.environ["OVER_AFTER"]))
        postponing.Deadline.is_over = lambda deadline: (  # type: ignore[method-assign]  # the clock of the test
            deadline.at is not None and next(looks) > 0
        )
    composers.composer = null_composer  # type: ignore[assignment]
    sys.exit(command.main("layouts", "", LayoutsConfig, partial(pipelines.run_layouts, stream=in_process)))
