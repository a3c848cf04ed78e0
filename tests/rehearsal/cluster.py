"""A cluster on one machine: a head that takes submitted jobs, and nodes of logical CPUs and GPUs that may be lost."""

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import ray.cluster_utils
from ray.util.state import list_nodes, list_tasks

from tests.limits import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]
RAY = Path(sys.executable).with_name("ray")
_NODE = {"num_cpus": 16, "num_gpus": 1, "memory": 48 * 10**9, "object_store_memory": 300_000_000}
"""What a GPU pod of cluster/ offers. Ray counts these; nobody needs to have them."""
_RAY = {
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    # Workers that are started before somebody asks: a submitted job has an environment, and takes none of them.
    "enable_worker_prestart": False,
    "prestart_worker_first_driver": False,
}

_QUIET = {
    # What Ray's own processes do all the while: counting for its makers, looking for new logs ten times a second and
    # not twice, measuring each process every five seconds.
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_LOG_MONITOR_MANY_FILES_THRESHOLD": "0",
    "REPORTER_UPDATE_INTERVAL_MS": "30000",
}


class Submission:
    """A command that `ray job submit` carries to the cluster; its output is kept in `log`."""

    def __init__(
        self, address: str, name: str, command: tuple[str, ...], environment: dict[str, str], log: Path
    ) -> None:
        self.name, self.log, self._began = name, log, time.time()
        self.seconds = 0.0
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [
                    *(str(RAY), "job", "submit", "--address", address, "--submission-id", name),
                    *(
                        "--runtime-env-json",
                        json.dumps({"env_vars": environment}),
                        "--",
                        sys.executable,
                        "-m",
                        *command,
                    ),
                ],
                cwd=REPOSITORY,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "RAY_AUTH_MODE": "disabled"},
            )

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def end(self) -> dict[str, Any]:
        """Wait for its good end; return its summary."""
        code = self._process.wait(PATIENCE_S)
        self.seconds = self.log.stat().st_mtime - self._began  # it may have ended before it is waited for
        text = self.log.read_text("utf-8", errors="replace")
        if code:
            raise RuntimeError(f"{self.name} ended with {code}; the end of {self.log}:\n{text[-4000:]}")
        lines = [line for line in text.splitlines() if line.startswith("{")]
        return dict(json.loads(lines[-1])) if lines else {}


class Cluster:
    """A head with what `head` says, and nodes with a GPU each. `environment` is handed to every process of them."""

    def __init__(
        self, folder: Path, environment: dict[str, str], *, head: Mapping[str, int] | None = None, nodes: int = 2
    ) -> None:
        self.folder = folder
        self.crash = folder / "crash"
        self.crash.mkdir(parents=True)
        # Short, for sockets have short names; its own, for a submitted job finds its cluster by a file there.
        self._sockets = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
        self._environment = {**environment, "LAYOUTGEN_CRASH": str(self.crash), "RAY_AUTH_MODE": "disabled"}
        self._environment |= {"RAY_TMPDIR": self._sockets, **_QUIET}
        port = free_port()
        self._cluster = self._with_environment(
            lambda: ray.cluster_utils.Cluster(
                initialize_head=True,
                shutdown_at_exit=False,  # its reaper would kill the process group of whoever runs this
                head_node_args={
                    "num_cpus": 0,
                    **(head or {}),
                    "object_store_memory": 200_000_000,
                    "include_dashboard": True,
                    "dashboard_port": port,
                    "dashboard_agent_listen_port": free_port(),
                    "_system_config": _RAY,
                },
            )
        )
        self.jobs = f"http://127.0.0.1:{port}"
        self.nodes = [self._add() for _ in range(nodes)]
        self._wait_for_dashboard()

    def submit(self, name: str, *command: str) -> Submission:
        """Submit `python -m COMMAND`."""
        return Submission(self.jobs, name, command, self._environment, self.folder / f"{name}.log")

    def stop_at(self, point: str) -> None:
        """Have the first process that comes to this point stop there."""
        (self.crash / point).touch()

    def stopped_at(self, point: str, job: Submission) -> psutil.Process:
        """Wait for the process that stops at a point."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and job.running():
            for file in self.crash.glob(f"{point}.*"):
                process = psutil.Process(int(file.suffix[1:]))
                file.unlink()
                return process
            time.sleep(0.05)
        raise RuntimeError(f"{job.name} never came to {point}; the end of {job.log}:\n{job.log.read_text()[-4000:]}")

    def lose_node_of(self, process: psutil.Process) -> None:
        """Kill the raylet that runs a process, with all that it runs; another node joins, as on a real cluster."""
        parents = {parent.pid for parent in process.parents()}
        (node,) = [node for node in self.nodes if _raylet(node) in parents]
        self.nodes.remove(node)
        self.nodes.append(self._add())
        os.kill(_raylet(node), signal.SIGKILL)
        self._cluster.remove_node(node, allow_graceful=False)
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()

    def alive(self) -> set[str]:
        """The ids of the nodes that are there."""
        return {node.node_id for node in list_nodes(address=self.jobs) if node.state == "ALIVE"}

    def tasks(self, submission: str) -> list[dict[str, Any]]:
        """What the actors of a submitted job did: `name`, `start_time_ms`, `end_time_ms`, `node_id`, `actor_id`."""
        with urllib.request.urlopen(f"{self.jobs}/api/jobs/{submission}") as answer:
            job_id = json.loads(answer.read())["job_id"]
        listed = list_tasks(
            address=self.jobs,
            filters=[("job_id", "=", job_id)],
            limit=10_000,
            detail=True,
            raise_on_missing_output=False,
        )
        return [vars(task) if not isinstance(task, dict) else task for task in listed]

    def stop(self) -> None:
        """End every process of the cluster."""
        self._cluster.shutdown()
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _add(self) -> Any:
        return self._with_environment(lambda: self._cluster.add_node(**_NODE, dashboard_agent_listen_port=free_port()))

    def _with_environment(self, start: Callable[[], Any]) -> Any:
        before = dict(os.environ)
        os.environ.update(self._environment)  # nodes hand their environment to their workers
        try:
            return start()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _wait_for_dashboard(self) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.jobs}/api/version", timeout=2).read()
                return
            time.sleep(0.3)
        raise RuntimeError(f"the dashboard does not answer at {self.jobs}")


def _raylet(node: Any) -> int:
    return int(node.all_processes["raylet"][0].process.pid)


def free_port() -> int:
    """A port that nobody listens to, of those that the kernel gives to nobody unasked."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
