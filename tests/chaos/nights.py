"""A small catalogue, the job as a process of its own on a Ray cluster that tests may break, and what a night left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import ray.cluster_utils
from ray.core.generated import autoscaler_pb2

from tests.drawn import encoded, photo
from tests.forked import Forked
from tests.limits import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]
PRODUCTS = 24
DRIVER_POINTS = ("before_plan", "after_plan", "before_publish", "before_swap", "after_swap")
SHARD_POINTS = ("during_shard", "rows_written", "data_written", "marker_written")
STAGE_POINTS = ("during_fetch", "during_annotate", "during_compose", "during_place")
PUBLISH_POINTS = ("before_amending", "before_swap", "after_swap", "state_written", "refusal_withdrawn")
PICTURE_POINTS = ("during_render", "picture_drawn")
VOLATILE = ("run_id", "created_at", "attempts")

SETTINGS = """
[run]
rows_per_shard = 3
max_failed_fraction = {allowed}
lease_seconds = {lease_seconds}
[input]
short_side = 320
[storage]
attempts = {attempts}
timeout_s = {timeout_s}
endpoint_url = "{endpoint_url}"
[load]
pool = {{ size = 1, num_cpus = 0.05 }}
[images]
side = 64
pool = {{ size = 1, num_cpus = 0.1 }}
[annotate]
engine = "none"
pool = {{ size = 1, num_cpus = 0.1 }}
[compose]
pool = {{ size = 1, num_cpus = 0.1 }}
[place]
pool = {{ size = 1, num_cpus = 0.1 }}
[render]
formats = {formats}
max_kb = {max_kb}
pool = {{ size = 1, num_cpus = 0.1 }}
[write]
pool = {{ size = 1, num_cpus = 0.1 }}
"""


def wait_until(holds: Callable[[], Any], what: str, seconds: float = PATIENCE_S) -> Any:
    """Wait for something to hold and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds:g} s")


def draw_catalogue(folder: Path, count: int = PRODUCTS) -> Path:
    """A manifest of `count` products over small photos; the last four can't be laid out, each for its own reason."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        (folder / f"{number}.jpg").write_bytes(encoded(photo(48, 64, seed=number)))
        rows.append(
            {"product_id": f"vase-{number}", "image": f"{number}.jpg", "title": f"Vase {number}", "stock": number}
        )
    rows[-1]["image"], rows[-3]["title"], rows[-4]["product_id"] = "gone.jpg", None, "vase-0"
    (folder / f"{count - 2}.jpg").write_bytes(b"no picture")
    manifest = folder / "catalogue.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return manifest


# What the nodes and drivers are told of S3; tests look for the secret where it must not be.
S3_KEYS = {
    "AWS_ACCESS_KEY_ID": "chaos",
    "AWS_SECRET_ACCESS_KEY": "marked-secret-8f3c",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Cluster:
    """A Ray cluster of processes of our own: a head without CPUs and one node that works, which may be replaced."""

    def __init__(self, crash: Path) -> None:
        self.crash = crash
        crash.mkdir(parents=True, exist_ok=True)
        self._cluster = ray.cluster_utils.Cluster(
            initialize_head=True,
            shutdown_at_exit=False,  # its reaper would kill the process group of whoever runs the tests
            head_node_args={
                "num_cpus": 0,
                "object_store_memory": 200_000_000,
                "include_dashboard": False,
                "_system_config": {"health_check_period_ms": 500, "health_check_timeout_ms": 1500},
            },
        )
        self.node, self.spare = self._add(), None
        self.address = self._cluster.address

    def _add(self) -> Any:
        before = dict(os.environ)
        os.environ.update(S3_KEYS, LAYOUTGEN_CRASH=str(self.crash))  # nodes hand their environment to their workers
        try:
            return self._cluster.add_node(num_cpus=2, object_store_memory=200_000_000)
        finally:
            os.environ.clear()
            os.environ.update(before)

    def grow(self) -> None:
        """Have another node join, which is the next that is lost."""
        self.spare = self._add()

    def lose_node(self) -> None:
        """Kill the raylet that runs the workers, after another node has joined, or a node that has joined before."""
        if self.spare is not None:
            lost, self.spare = self.spare, None
        else:
            lost, self.node = self.node, self._add()
        self.end_node(lost)

    def drain_node(self) -> Any:
        """Tell the cluster that the node which runs the workers leaves in a minute, as a spot market's notice does,
        and have another join; returns the one that leaves."""
        leaving, self.node = self.node, self._add()
        clock_ms = time.time_ns() // 1_000_000
        reason = autoscaler_pb2.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
        control = ray._raylet.GcsClient(address=self.address)
        is_accepted, why = control.drain_node(leaving.node_id, reason, "it leaves", clock_ms + 60_000)
        assert is_accepted, why
        return leaving

    def end_node(self, leaving: Any) -> None:
        """Kill a node's raylet, and with it the node."""
        os.kill(_raylet(leaving), signal.SIGKILL)
        self._cluster.remove_node(leaving, allow_graceful=False)

    def workers(self) -> list[psutil.Process]:
        """The worker processes of the node, those of pools and idle ones."""
        found = []
        with contextlib.suppress(psutil.NoSuchProcess):
            for one in psutil.Process(_raylet(self.node)).children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    name = " ".join(one.cmdline())
                    found += [one] if "ray::" in name and "Agent" not in name else []
        return found

    def clear(self) -> None:
        """Kill all workers, also those that still work for a driver that is no more."""
        left = self.workers()
        for worker in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        psutil.wait_procs(left, 10)

    def logs(self) -> list[Path]:
        """All that Ray logged."""
        return [file for file in Path(self.node.get_logs_dir_path()).rglob("*") if file.is_file()]

    def stop(self) -> None:
        """End every process of the cluster."""
        self._cluster.shutdown()


def _raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


class Night:
    """The nightly command over one table; it may be started again and again. Without a cluster its stages run in the
    driver, which is forked: see `quick`."""

    def __init__(
        self, cluster: Cluster | None, folder: Path, manifest: Path | str, output: str = "", root: Path | None = None
    ) -> None:
        self.cluster, self.folder, self.manifest = cluster, folder, manifest
        self.crash = cluster.crash if cluster else folder / "crash"
        self.output = output or str(folder / "layouts")
        self.root = root or Path(self.output)  # the table as files
        self.settings: dict[str, Any] = {"lease_seconds": 60.0, "attempts": 3, "timeout_s": 5.0, "endpoint_url": ""}
        self.settings |= {"formats": [], "max_kb": 0, "allowed": 1.0}
        self.program = "jobs.layouts" if cluster else "tests.chaos.quick"
        self.environment: dict[str, str] = {}
        self.driver: subprocess.Popen[str] | Forked | None = None
        self.log = folder / "driver.log"
        folder.mkdir(parents=True, exist_ok=True)
        self.crash.mkdir(parents=True, exist_ok=True)
        for left in self.crash.iterdir():
            left.unlink()

    def arm(self, *points: str) -> None:
        """Have the first process that comes to each of these points stop there."""
        for point in points:
            (self.crash / point).touch()

    def command(self) -> list[str]:
        """What is started."""
        toml = self.folder / "night.toml"
        toml.write_text(SETTINGS.format(**self.settings), encoding="utf-8")
        return [self.program, "--input", str(self.manifest), "--output", self.output, "--config", str(toml)]

    def start(self, *arguments: str) -> "Night":
        """Start the command."""
        environment = {**os.environ, **S3_KEYS, **self.environment, "LAYOUTGEN_CRASH": str(self.crash)}
        program, *asked = [*self.command(), *arguments]
        if self.cluster is None:
            here, out = environment | {"RAY_ADDRESS": ""}, self.folder / "summary.out"
            self.driver = Forked(program, asked, here, out, self.log, ["tests.chaos.quick"])
            return self
        with self.log.open("ab") as log:
            self.driver = subprocess.Popen(
                [sys.executable, "-m", program, *asked],
                cwd=REPOSITORY,
                env=environment | {"RAY_ADDRESS": self.cluster.address},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def stopped_at(self, point: str) -> psutil.Process:
        """The process that has come to a point and stands there."""
        assert self.driver is not None

        def found() -> psutil.Process | None:
            for file in self.crash.glob("*.*"):
                try:
                    process = psutil.Process(int(file.suffix[1:]))
                    status = process.status()
                except psutil.NoSuchProcess:
                    status = psutil.STATUS_DEAD
                if status in (psutil.STATUS_DEAD, psutil.STATUS_ZOMBIE):
                    file.rename(self.crash / file.stem)  # it was ending when it came there: the next one shall stop
                elif status == psutil.STATUS_STOPPED and file.stem == point:
                    file.unlink()
                    return process
            assert self.driver is not None
            assert self.driver.poll() is None, f"over before {point}: {self.log.read_text()[-3000:]}"
            return None

        process: psutil.Process = wait_until(found, f"{point} in {self.log}")
        return process

    def lose(self, victim: str, *points: str) -> tuple[int, dict[str, Any]]:
        """Lose the driver, a worker or its raylet at each of these points; return how the night ends all the same."""
        assert self.cluster is not None
        for point in points:
            self.arm(point)
            if self.driver is None or self.driver.poll() is not None:
                self.start()
            here = self.stopped_at(point)
            if victim == "raylet":
                self.cluster.lose_node()
            elif victim == "worker":
                here.send_signal(signal.SIGKILL)
            else:
                self.kill()
                here.resume()
        return self.end() if victim != "driver" else self.start().end()

    def kill(self) -> None:
        """Kill the driver with SIGKILL."""
        assert self.driver is not None
        self.driver.kill()
        self.driver.communicate()

    def end(self, seconds: float = PATIENCE_S) -> tuple[int, dict[str, Any]]:
        """Wait for the command; return its exit code and its summary ({} for none)."""
        assert self.driver is not None
        try:
            out, _ = self.driver.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end within {seconds:g} s: {self.log.read_text()[-3000:]}") from None
        return self.driver.returncode, json.loads(out) if out else {}

    def finish(self, *arguments: str) -> dict[str, Any]:
        """Run the command to its good end; return its summary."""
        code, summary = self.start(*arguments).end()
        assert code == 0, self.log.read_text()[-5000:]
        return summary

    def markers(self) -> dict[str, tuple[int, bytes]]:
        """Each marker of a finished shard: when it was written, and what it says."""
        return {
            str(file.relative_to(self.root)): (file.stat().st_mtime_ns, file.read_bytes())
            for file in sorted(self.root.glob("_runs/*/shards/*.json"))
        }


def tables(root: Path, run_id: str) -> dict[str, pa.Table]:
    """All that a run published, and its dead letters: file to rows, without what differs from run to run."""
    found = {}
    for what in ("snapshots", "dead_letters"):
        for file in sorted((root / what / run_id).glob("*.parquet")):
            table = pq.ParquetFile(file).read()
            found[f"{what}/{file.name}"] = table.drop_columns([c for c in table.column_names if c in VOLATILE])
    return found


def current(root: Path) -> str:
    """The run that CURRENT names."""
    return (root / "CURRENT").read_text().split("\n", maxsplit=1)[0]


def check_table(root: Path, undisturbed: dict[str, pa.Table], run_id: str | None = None) -> None:
    """The table is what an undisturbed run makes: CURRENT, manifest, files and rows; every input row is there once."""
    run_id = run_id or current(root)
    assert current(root) == run_id
    folder = root / "snapshots" / run_id
    manifest = json.loads((folder / "_manifest.json").read_text())
    assert (folder / "_SUCCESS").exists()
    for what, where in (("files", folder), ("dead_letters", root / "dead_letters" / run_id)):
        listed = {file["name"]: file["bytes"] for file in manifest[what]}
        there = {file.name: file.stat().st_size for file in where.glob("[!_]*")}
        assert there == listed, f"{what}: what is in the folder is what the manifest says"
    found = tables(root, run_id)
    assert found.keys() == undisturbed.keys()
    for name, table in found.items():
        assert table.equals(undisturbed[name], check_metadata=True), name
    ids = pa.concat_arrays([chunk for table in found.values() for chunk in table.column("row_id").chunks]).to_pylist()
    assert len(ids) == len(set(ids)) == manifest["summary"]["rows_in"]
    published = sum(len(table) for name, table in found.items() if name.startswith("snapshots"))
    counts = manifest["summary"]
    assert published == counts["published"] == counts["computed"] + counts["unchanged"] + counts["kept"]
    assert counts["dead_letters"] == len(ids) - published


def check_secret(files: Iterable[Path]) -> None:
    """The secret of `S3_KEYS` is in none of these files."""
    secret = S3_KEYS["AWS_SECRET_ACCESS_KEY"].encode()
    assert [file for file in files if secret in file.read_bytes()] == []
