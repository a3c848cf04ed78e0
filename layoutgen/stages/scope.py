"""What a run works on: until when, which rows stay as they are, and from which stage on known rows are made anew."""

from dataclasses import dataclass

from layoutgen.io.tables.ledger import Source
from layoutgen.stages.postponing import NEVER, Deadline


@dataclass(frozen=True)
class Scope:
    """`since` is a published run: rows of which the manifest says what it said then stay as they are published.
    `backfill` is a stage ("": none): of rows whose input did not change, it and those after it are run again, and the
    results of those before it are kept, whatever made them. `canary` is the share of products that are made with other
    settings (`core.arms`)."""

    deadline: Deadline = NEVER
    since: Source | None = None
    backfill: str = ""
    canary: float = 0.0


WHOLE = Scope()
