"""The ledger of a table's runs: what is planned, which shards are done, how a run stands.

    OUTPUT/_table.json                       which kind of table it is, fixed when the table is made
    OUTPUT/_runs/<run_id>/base.json          which runs' rows may be taken over
    OUTPUT/_runs/<run_id>/plan.json          the plan: which shard lies where; written last of the plan
    OUTPUT/_runs/<run_id>/plan/part-000.parquet   planned rows, a row group a shard
    OUTPUT/_runs/<run_id>/listed/part-000.parquet   versions of what their objects were listed with, a row group a shard
    OUTPUT/_runs/<run_id>/listed/absent.json keys of the published snapshot's pictures that are in no listing
    OUTPUT/_runs/<run_id>/shards/00012.json  marker: the shard's files are written and counted
    OUTPUT/_runs/<run_id>/attempt.json       how many drivers have worked on the run; the last of them alone may write
    OUTPUT/_runs/<run_id>/run.json           how the run stands, for people and `jobs.status`
    OUTPUT/_runs/<run_id>/samples.json       what its pools did over its time, for the page of `jobs.status`

A marker is written after its shard's data: a run that was killed goes on with the shards that have none.
"""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.errors import Refusal
from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.storage import Storage

Part = Literal["plan", "listed"]


@dataclass(frozen=True)
class Written:
    """A file of a run: name, rows, bytes, sha256, and the version that the store gave to these very bytes."""

    name: str
    rows: int
    bytes: int
    sha256: str
    version: str = ""


@dataclass(frozen=True)
class Busy:
    """How many images of a shard a stage worked on, how long, and how often it lost which device at it."""

    images: int
    seconds: float
    lost: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ShardReport:
    """What came of a shard, as counted in the data that was read back. `computed`, `unchanged`, `stale`, `postponed`
    (as the run's time was up) and `kept` are published rows; `before` counts the rows of the snapshot before, `deleted`
    those of them that are no more; `open` counts dead letters of runs before that were not tried again, `waiting` those
    of them that no run had time for; `ids` is the digest of the planned keys that were found written; `failed` is
    `stage/kind` to number; `stages` tells how long each stage was busy; `verdicts` counts the published rows by the
    acceptance check's verdict, where there is one: `accepted`, and `refused/` with a reason. `asked` counts those whose
    texts a language model was asked about, `unread` those whose key elements it said in a way that nobody could read,
    `applications` all of them by their application, `pictures` their finished pictures (`picture_files.counted`);
    `lacking` counts the computed rows that lack one. `changes` is the file of the shard's change feed, whose rows `ops`
    counts by what was done; `same` counts the published rows that are as in the snapshot before. `measures` are sums of
    what a night must not drift in (`core.metrics.drift.Sums`)."""

    shard: int
    published: Written | None
    dead: Written | None
    computed: int
    unchanged: int
    kept: int
    deleted: int
    images: int
    ids: str
    failed: dict[str, int] = field(default_factory=dict)
    attempt: int = 1
    stages: dict[str, Busy] = field(default_factory=dict)
    verdicts: dict[str, int] = field(default_factory=dict)
    stale: int = 0
    postponed: int = 0
    waiting: int = 0
    asked: int = 0
    unread: int = 0
    applications: dict[str, int] = field(default_factory=dict)
    pictures: dict[str, int] = field(default_factory=dict)
    lacking: int = 0
    before: int = 0
    open: int = 0
    changes: Written | None = None
    ops: dict[str, int] = field(default_factory=dict)
    same: int = 0
    measures: dict[str, list[float]] = field(default_factory=dict)
    arms: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def absent(self) -> int:
        """Planned rows that are not there, as the run's time was up: their dead letters say so."""
        return sum(count for name, count in self.failed.items() if name.endswith("/postponed"))

    @property
    def left(self) -> int:
        """Planned rows that the run's time did not suffice for."""
        return self.postponed + self.absent

    @property
    def seconds(self) -> float:
        """How long all stages were busy with the shard."""
        return sum(busy.seconds for busy in self.stages.values())

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> "ShardReport":
        """The report that `to_json` wrote."""
        values = json.loads(text)
        for name in ("published", "dead", "changes"):
            values[name] = Written(**values[name]) if values.get(name) else None
        values["stages"] = {name: Busy(**busy) for name, busy in values["stages"].items()}
        return cls(**values)


@dataclass(frozen=True)
class ShardPlan:
    """Where a shard's planned rows lie (part and row group), how many they are, and the digest of their keys;
    `priority` is the sum of theirs (`run.priority`)."""

    shard: int
    part: int
    group: int
    rows: int
    ids: str
    priority: float = 0.0


@dataclass(frozen=True)
class Source:
    """A run whose rows may be taken over, and its number of shards."""

    run_id: str
    shards: int


@dataclass(frozen=True)
class Base:
    """What a run builds on: the published snapshot (None where there is none), and the newest runs before it that were
    cut off or refused, newest first."""

    published: Source | None = None
    unpublished: tuple[Source, ...] = ()

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Base":
        """The base that `dataclasses.asdict` made a dictionary of."""
        published = values["published"]
        return cls(Source(**published) if published else None, tuple(Source(**one) for one in values["unpublished"]))


NO_BASE = Base()


@dataclass(frozen=True)
class RunPlan:
    """A run's plan. `intent` stands for input, settings and versions: a run goes on only with the same intent.
    `base` is what it builds on; `upsert` keeps the published rows that are not planned; `failed` reports the rows that
    can't be worked on and those that stay dead letters; `left_out` counts the rows of a replay that are not run again
    since the table knows newer input of them. `own` are the user's own columns, as `core.manifest.column_types.encode`
    writes them ("": an older version planned), `own_changes` says which of them have another type from this run on.
    `until` is when the run's time is up, ISO 8601 ("": never)."""

    intent: str
    created_at: str
    shard_count: int
    base: Base
    upsert: bool
    rows_in: int
    failed: list[ShardReport]
    shards: list[ShardPlan]
    left_out: int = 0
    own: str = ""
    own_changes: dict[str, str] = field(default_factory=dict)
    until: str = ""


@dataclass(frozen=True)
class Ledger:
    """The ledger of one run under an output root."""

    storage: Storage
    root: str
    run_id: str

    def uri(self, name: str) -> str:
        """A file of this run's ledger."""
        return f"{self.root.rstrip('/')}/_runs/{self.run_id}/{name}"

    def write_base(self, base: Base) -> None:
        """Say what the run builds on, before it is planned: a run after it builds on the same if it is cut off here."""
        self.storage.write(self.uri("base.json"), json.dumps(asdict(base)).encode())

    def read_base(self) -> Base:
        """What the run builds on; an empty base where it did not come so far."""
        stored = self.storage.read_version(self.uri("base.json"))
        return Base.from_json(json.loads(stored[0])) if stored else NO_BASE

    def write_plan(self, plan: RunPlan) -> None:
        """Write the plan's index, after its parts."""
        values = asdict(replace(plan, shards=[]))
        values["shards"] = {one.name: [getattr(shard, one.name) for shard in plan.shards] for one in fields(ShardPlan)}
        self.storage.write(self.uri("plan.json"), json.dumps(values).encode())

    def read_plan(self) -> RunPlan | None:
        """The run's plan; None where it was not finished."""
        stored = self.storage.read_version(self.uri("plan.json"))
        if stored is None:
            return None
        values = json.loads(stored[0])
        if "base" not in values:
            return None  # an older version's: nothing is known that this one could go on with
        values["base"] = Base.from_json(values["base"])
        values["shards"] = [ShardPlan(*row) for row in zip(*values["shards"].values(), strict=True)]
        values["failed"] = [ShardReport.from_json(json.dumps(report)) for report in values["failed"]]
        return RunPlan(**values)

    def write_part(self, part: int, shards: Iterator[pa.Table], of: Part = "plan") -> None:
        """Write planned shards, or what else there is of them, into one part, a row group each."""
        sink = pa.BufferOutputStream()
        writer = None
        for table in shards:
            writer = writer or pq.ParquetWriter(sink, table.schema, compression="zstd")
            writer.write_table(table, row_group_size=max(1, len(table)))
        if writer:
            writer.close()
            self.storage.write(self.uri(f"{of}/part-{part:03d}.parquet"), sink.getvalue().to_pybytes())

    def listed(self, part: int) -> bytes | None:
        """The file of what listings say of a part's rows, in the row groups of its plan; None where nobody looked."""
        stored = self.storage.read_version(self.uri(f"listed/part-{part:03d}.parquet"))
        return stored[0] if stored else None

    def read_shard(
        self, part: int, group: int, footer: pq.FileMetaData | None = None
    ) -> tuple[pa.Table, pq.FileMetaData]:
        """The planned rows of a shard, and its part's footer, with which the next shard of that part is read faster."""
        uri = self.uri(f"plan/part-{part:03d}.parquet")

        def read() -> tuple[pa.Table, pq.FileMetaData]:
            with self.storage.open(uri) as opened, pq.ParquetFile(opened, metadata=footer) as file:
                return file.read_row_group(group), file.metadata

        return self.storage.attempt(uri, read)

    def write_marker(self, report: ShardReport) -> None:
        """Say that a shard is done."""
        self.storage.write(self.uri(f"shards/{report.shard:05d}.json"), report.to_json().encode())

    def marker(self, shard: int) -> ShardReport | None:
        """The report of a shard that is done; None where it is not."""
        stored = self.storage.read_version(self.uri(f"shards/{shard:05d}.json"))
        return ShardReport.from_json(stored[0]) if stored else None

    def forget(self, shard: int) -> None:
        """Take a shard's marker back, so that it is computed again; without a rows' shard, the whole plan."""
        self.storage.delete(self.uri(f"shards/{shard:05d}.json" if shard >= 0 else "plan.json"))

    def begin_attempt(self, conditional: bool, confirm: Callable[[], object]) -> int:
        """Count a driver that starts work on the run; return its number, from 1. `confirm` raises where the table is
        not the driver's any more. With `conditional` writes it is exact: of a driver that slept meanwhile, the number
        is refused. Raises LeaseError or ConflictError."""
        uri = self.uri("attempt.json")
        stored = self.storage.read_version(uri)
        attempt = _attempt(stored) + 1
        confirm()
        # Of two drivers that write the same bytes, S3's answer to the later one reads as its own earlier attempt.
        data = json.dumps({"attempt": attempt, "driver": secrets.token_hex(8)}).encode()
        if conditional:
            self.storage.write_if(uri, data, stored and stored[1])
        else:
            self.storage.write(uri, data)
        return attempt

    def attempt(self) -> int:
        """The number of the driver that works on the run; 0 before the first."""
        return _attempt(self.storage.read_version(self.uri("attempt.json")))

    def markers(self) -> list[ShardReport]:
        """The reports of all shards that are done, by number."""
        reads = self.storage.read_many(self.storage.list(self.uri("shards")))
        return sorted((ShardReport.from_json(data) for data in reads if isinstance(data, bytes)), key=lambda r: r.shard)

    def write_absent(self, keys: list[int]) -> None:
        """Say which of the published snapshot's pictures, by `picture_files.key_of`, are in no listing."""
        self.storage.write(self.uri("listed/absent.json"), json.dumps(keys).encode())

    def absent(self) -> frozenset[int] | None:
        """What `write_absent` said; None where nobody looked."""
        stored = self.storage.read_version(self.uri("listed/absent.json"))
        return frozenset(json.loads(stored[0])) if stored else None

    def write_state(self, state: dict[str, Any]) -> None:
        """Say how the run stands."""
        self.storage.write(self.uri("run.json"), json.dumps(state, ensure_ascii=False, indent=1).encode())

    def read_state(self) -> dict[str, Any] | None:
        """How the run stands; None for a run that never started."""
        stored = self.storage.read_version(self.uri("run.json"))
        return None if stored is None else json.loads(stored[0])

    def write_samples(self, samples: dict[str, Any]) -> None:
        """Say what the pools did over the run's time so far."""
        self.storage.write(self.uri("samples.json"), json.dumps(samples).encode())

    def read_samples(self) -> dict[str, Any] | None:
        """What the pools did; None for a run that took no samples."""
        stored = self.storage.read_version(self.uri("samples.json"))
        return None if stored is None else json.loads(stored[0])


def _attempt(stored: tuple[bytes, str] | None) -> int:
    return int(json.loads(stored[0])["attempt"]) if stored else 0


def table_kind(storage: Storage, root: str) -> str:
    """What rows the table at `root` has, such as "layouts". Raises ValueError where there is no table."""
    stored = storage.read_version(f"{root.rstrip('/')}/_table.json")
    if stored is None:
        raise Refusal(f"{root} is no table: it has no _table.json; give what a job had as --output")
    try:
        return str(json.loads(stored[0])["kind"])
    except (ValueError, KeyError, TypeError):
        raise Refusal(f"{root} is no table: its _table.json names no kind; give another --output") from None


def open_table(storage: Storage, root: str, kind: str) -> int | None:
    """Make `_table.json` say of which kind a table is, or see that it does; return the number of shards that an older
    version wrote there. Raises ValueError where the table is of another kind."""
    uri = f"{root.rstrip('/')}/_table.json"
    for _ in range(3):
        stored = storage.read_version(uri)
        if stored is not None:
            table = json.loads(stored[0])
            if table["kind"] != kind:
                raise Refusal(f"{root} is a table of {table['kind']}, not of {kind}; give another --output")
            return table.get("shards")
        try:
            storage.write_if(uri, json.dumps({"format": 1, "kind": kind}).encode(), None)
        except ConflictError:
            continue
    return None
