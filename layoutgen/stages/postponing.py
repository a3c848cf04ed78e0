"""What a run leaves for the next one: rows that no stage has begun when the run's time is up."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.io.tables.dead_letters import POSTPONED


@dataclass(frozen=True)
class Deadline:
    """When a run's time is up, in UTC; None: never. It travels to the workers, whose clocks tell."""

    at: datetime | None = None

    def is_over(self) -> bool:
        """Whether no further work may begin."""
        return self.at is not None and now() >= self.at


NEVER = Deadline()


def now() -> datetime:
    """The time of this machine."""
    return datetime.now(UTC)


def postponed(table: pa.Table, stage: str, deadline: Deadline) -> pa.Table:
    """The open rows marked as left for the next run by a stage that did not begin on them: what is published of them
    stays, and of others a dead letter says so. All other rows as they are."""
    status, errors = (table.column(name).to_pylist() for name in ("status", "error"))
    message = f"the run's time was up at {deadline.at:%Y-%m-%d %H:%M} UTC; the next run begins with what was left"
    for i in rows.open_rows(table):
        status[i], errors[i] = POSTPONED, {"stage": stage, "kind": POSTPONED, "message": message}
    return rows.replace(table, status=pa.array(status, pa.string()), error=pa.array(errors, schema.ERROR))
