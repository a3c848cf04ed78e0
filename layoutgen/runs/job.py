"""What is run: a table job, which is a list of steps with a name, and what one command asks of its run."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.posters import PostersConfig
from layoutgen.core.brands.kits import NO_KITS, BrandKits
from layoutgen.core.covers.protection import ZONE_NAMES
from layoutgen.core.errors import Refusal
from layoutgen.core.fingerprint import Versions
from layoutgen.core.manifest.contracts import CONTRACTS, Contract, JobKind
from layoutgen.core.manifest.products import Rules
from layoutgen.core.manifest.wishes import SINGLE
from layoutgen.io.manifests import manifest
from layoutgen.io.objects import locations
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Ledger, RunPlan
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.streaming import Step

Planner = Callable[[Snapshots, Ledger, str], RunPlan]
"""Plans a run of published rows in its snapshot and ledger, for an intent, and writes the plan."""
JobConfig = LayoutsConfig | AnnotateConfig | CoversConfig | PostersConfig


class RunError(Refusal):
    """The run can't start, or must not publish; the message says why and what to do."""


@dataclass(frozen=True)
class RunOptions:
    """What one command asks of a run. `limit` are the manifest's first rows; `replay` names a run whose dead letters
    are the input (paths in them start from the manifest's folder); `only` is a filter (`core.manifest.selection`)
    over the rows that are worked on, and all others stay as they are. `until` says when no further work begins
    (`core.deadlines`). `since_changes` is a published run, or "last": rows of which the manifest says what it said then
    stay; `backfill` is a stage that rows with the same input are run through again, and through those after it."""

    limit: int | None = None
    run_id: str | None = None
    replay: str | None = None
    allow_deletions: bool = False
    preflight_only: bool = False
    only: str | None = None
    until: str | None = None
    since_changes: str | None = None
    backfill: str | None = None


WHOLE = RunOptions()
"""A run of the whole manifest."""


@dataclass(frozen=True)
class Work:
    """What a job does under some settings: its steps, the versions of what works there, by application, the names of
    the house styles that rows may ask for, and their brands' kits."""

    steps: list[Step]
    versions: Mapping[str, Versions]
    styles: tuple[str, ...]
    kits: BrandKits


@dataclass(frozen=True)
class TableJob:
    """What to run: a table of `kind`, made of a manifest by the stages between load and write. `versions` are those of
    each application's rows (of a canary's by `core.arms.key`), `styles` the names of the house styles that these may
    ask for, `kits` what rows take on of their brands'. `serve` chooses among variants, and `served_by` tells it from
    another one. With a `planner` its rows are not those of a manifest but published ones, which it plans, and `source`
    is what it was made of."""

    kind: JobKind
    steps: list[Step]
    versions: Mapping[str, Versions]
    config: JobConfig
    storage: Storage
    source: str
    output: str
    styles: tuple[str, ...] = ()
    kits: BrandKits = NO_KITS
    planner: Planner | None = None
    serve: Callable[[pa.Table], pa.Table] | None = None
    served_by: str = ""

    @property
    def contract(self) -> Contract:
        """The columns of its manifest, and the schemas of its rows."""
        return CONTRACTS[self.kind]

    @property
    def formats(self) -> tuple[str, ...]:
        """Of the finished pictures that each of its rows has; () for none."""
        return () if isinstance(self.config, AnnotateConfig) else self.config.render.formats

    @property
    def rules(self) -> Rules:
        """How its manifest is read: a path outside of what is allowed raises ValueError where it is joined."""
        settings = self.config.input
        return Rules(
            settings.canvases if self.contract.sizes else (),
            settings.short_side,
            settings.application,
            partial(locations.join_allowed, manifest.base(self.source), settings.allowed_prefixes),
            self.kind,
            frozenset(settings.empty_words),
            self._own_canvases(),
            styles=self.styles,
            variants=self._variants(),
            zones=tuple(ZONE_NAMES),
            layout=self.config.style.layout if isinstance(self.config, LayoutsConfig) else SINGLE,
        )

    def _variants(self) -> int:
        return self.config.style.variants if isinstance(self.config, LayoutsConfig | PostersConfig) else 1

    def _own_canvases(self) -> dict[str, tuple[str, ...]]:
        if not isinstance(self.config, LayoutsConfig | PostersConfig):
            return {}
        own = {"marketing": self.config.marketing.canvases}
        if isinstance(self.config, LayoutsConfig):
            own["video_cover"] = self.config.cover.canvases
        return {application: canvases for application, canvases in own.items() if canvases}

    def rows(self, limit: int | None, size: int) -> Iterator[pa.Table]:
        """The manifest's rows: see `manifest.batches`."""
        settings = self.config.input
        return manifest.batches(
            self.source,
            self.storage,
            kind=self.kind,
            limit=limit,
            size=size,
            delimiter=settings.delimiter,
            encoding=settings.encoding,
            rename=settings.rename,
        )
