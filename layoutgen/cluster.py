"""The Ray cluster that a job works on, joined or started here; one that is not there or too small is told at once.

Ray is imported by what needs it: that takes a second or more, and a night without changes has no use for it.
"""

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from layoutgen import console
from layoutgen.config.base import Node, Pool
from layoutgen.core.errors import JobError

log = logging.getLogger("layoutgen")

# What a socket's path may have, less Ray's own part of it.
MOST_FOLDER_BYTES = 107 - len("/ray/session_2026-11-28_21-00-00_123456_1234567/sockets/plasma_store")
_PATIENCE_S = 5.0
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""What a client of gRPC says first (RFC 9113, section 3.4), with empty settings; the server's settings answer it."""
_SETTINGS_FRAME = 4


class ClusterError(JobError):
    """There is no cluster, or none that this job can use; the message says what to correct."""


class PoolError(ClusterError):
    """The pools don't fit the cluster; the message says by how much."""


def join(address: str, setting: str = "run.ray_address") -> None:
    """Join the cluster at `address` or RAY_ADDRESS (`ray job submit` sets it), else start one here, never one that
    happens to run on this machine, unless that has been done. `setting` names where `address` comes from; empty: it is
    no setting of the job. Raises ClusterError."""
    import ray
    import ray.data
    from ray.exceptions import AuthenticationError

    if not ray.is_initialized():
        # The job reports its use to nobody, and saves the process that Ray Data starts for it; who sets it is heard.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        where = named(address) or "local"
        if where == "local":
            _check_temporary_folder()
        else:
            _reach(where, setting)
        try:
            # With a logging_config Ray hands on what workers print without their names before each line.
            ray.init(
                address=where,
                include_dashboard=False,
                logging_config=ray.LoggingConfig(log_level="ERROR"),
                runtime_env={"env_vars": {console.FORMAT: "json"}} if console.is_json() else None,
            )
        except (AuthenticationError, ConnectionError, RuntimeError, ValueError) as error:
            if where == "local":
                raise
            raise _refusal(where, _mend(setting), error) from None
        finally:
            console.set_up()
    ray.data.DataContext.get_current().enable_progress_bars = False


def named(address: str) -> str:
    """The cluster that somebody names, by settings or environment; empty: one is started here."""
    return address or os.environ.get("RAY_ADDRESS") or ""


def is_joined() -> bool:
    """Whether this process is of a cluster now."""
    return "ray" in sys.modules and bool(sys.modules["ray"].is_initialized())


class Nodes:
    """The nodes of this process's cluster, by their ids in Ray."""

    def here(self) -> str:
        """The node of this process; empty where it is of no cluster."""
        if not is_joined():
            return ""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def has(self, node: str) -> bool:
        """Whether a node is there and is not about to leave."""
        import ray
        from ray._private.state import state  # nodes that drain have no public name

        return any(one["NodeID"] == node and one["Alive"] for one in ray.nodes()) and node not in (
            state.get_draining_nodes()
        )


def _check_temporary_folder() -> None:
    """Raise ClusterError where Ray's temporary folder is too long: a socket's path has 107 bytes at most."""
    name = next((name for name in ("RAY_TMPDIR", "TMPDIR") if os.environ.get(name)), None)
    folder = os.environ[name] if name else "/tmp"
    if len(os.fsencode(folder)) > MOST_FOLDER_BYTES:
        raise ClusterError(
            f"{name} = {folder!r} is too long for the sockets that Ray lays there; set RAY_TMPDIR to a folder of "
            f"{MOST_FOLDER_BYTES} bytes at most, such as /tmp"
        )


@contextmanager
def own_output() -> Iterator[None]:
    """Keep standard output for what the caller says afterwards: Ray's news of workers and nodes, which it prints there
    at any moment, go to standard error, and the cluster or connection that was made inside ends with it, unheard."""
    ours = not is_joined()
    with console.without_native_lines(), redirect_stdout(console.for_prints()):
        try:
            yield
        finally:
            if ours and "ray" in sys.modules:
                import ray

                with open(os.devnull, "w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
                    ray.shutdown()


def fit(
    pools: Sequence[tuple[str, Pool]], *, autoscaling: bool = False, nodes: Sequence[Node] = (), alone: bool = False
) -> float:
    """Look whether the cluster holds all pools at once: each actor on one node, and the sum on all; actors that find no
    place wait for ever. Of a pool that follows its queue the least is looked at, and one actor of one that rests:
    it grows into what is left. `nodes` are those that the cluster may grow to by `autoscaling`; one that is `alone`
    never grows. Return the share of the CPUs they ask for that actors get: 1, or less on a machine alone that holds
    each pool and not all: there they take turns. Raises PoolError."""
    autoscaling, mend = autoscaling and not alone, _ALONE if alone else _GROWS
    if autoscaling and not nodes:
        log.warning("run.nodes is empty: nobody looks whether the nodes that autoscaling adds will hold the pools")
        return 1.0
    nodes = nodes if autoscaling else _nodes()
    for name, pool in pools:
        places = sum(node.most * _places(node, pool) for node in nodes)
        if places < pool.place:
            largest = "; ".join(sorted({_told(node.cpus, node.gpus, node.memory_gb) for node in nodes})) or "none"
            raise PoolError(
                f"the pools ask for {pool.place} {name} actors of "
                f"{_told(pool.num_cpus, pool.num_gpus, pool.memory_gb)} each and the cluster's nodes hold {places} "
                f"({largest}); lower the pool's size or what an actor reserves, or add nodes{mend}"
            )
    asked = sizes(pools)
    share = 1.0
    for resource, wants, haves in (
        ("CPU", [p.place * p.num_cpus for _, p in pools], [node.most * node.cpus for node in nodes]),
        ("GPU", [p.place * p.num_gpus for _, p in pools], [node.most * node.gpus for node in nodes]),
        ("GB of memory", [p.place * p.memory_gb for _, p in pools], [node.most * node.memory_gb for node in nodes]),
    ):
        want, have = sum(wants), sum(haves)
        if alone and resource == "CPU" and want > have + 1e-9:
            share = _SHARED * have / want
        elif want > have + 1e-9:
            raise PoolError(
                f"the pools ask for {want:g} {resource} ({asked} actors) and the cluster has {have:g}; lower the "
                f"pools' size or what an actor reserves in the config, or add nodes{mend}"
            )
    return share


_SHARED = 0.99  # of the CPUs: Ray counts in ten thousandths, and rounds each actor's
_GROWS = "; where the cluster adds them itself, set run.autoscaling and run.nodes"
_ALONE = (
    "; this is a Ray of this machine alone, which adds none: name the cluster by ray_address in the settings, or send "
    "the job to it by `ray job submit`"
)


def sizes(pools: Sequence[tuple[str, Pool]]) -> str:
    """How many actors each pool has, such as `fetch 4, compose 1 to 8`."""
    return ", ".join(f"{name} {p.least} to {p.most}" if p.breathes else f"{name} {p.least}" for name, p in pools)


def room() -> tuple[int, float]:
    """The whole CPUs and the memory, GB, that the nodes hand out together."""
    nodes = _nodes()
    return max(1, sum(int(node.cpus) for node in nodes)), sum(node.memory_gb for node in nodes)


def is_alone() -> bool:
    """Whether this process started the cluster, as `join` does where nobody names one."""
    import ray

    node = ray._private.worker._global_node
    return node is not None and bool(node.head)


def _nodes() -> list[Node]:
    """The nodes that are there, with what Ray hands out of them."""
    import ray

    found = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [
        Node(cpus=one.get("CPU", 0.0), gpus=one.get("GPU", 0.0), memory_gb=one.get("memory", 0.0) / 1e9)
        for one in found
    ]


def _places(node: Node, pool: Pool) -> int:
    """How many of a pool's actors a node holds."""
    shares = [
        (node.cpus, pool.num_cpus),
        (node.memory_gb, pool.memory_gb),
        # Ray gives a fraction of one GPU, never parts of two.
        (int(node.gpus) * int(1 / pool.num_gpus + 1e-9), 1) if 0 < pool.num_gpus < 1 else (node.gpus, pool.num_gpus),
    ]
    return min((int(have / want + 1e-9) for have, want in shares if want), default=pool.place)


def _told(cpus: float, gpus: float, memory_gb: float) -> str:
    gpu = f", {gpus:g} GPU" if gpus else ""
    return f"{cpus:g} CPU{gpu}" + (f", {memory_gb:.3g} GB" if memory_gb else "")


def _mend(setting: str) -> str:
    return f"correct {setting} or RAY_ADDRESS" if setting else "correct RAY_ADDRESS"


def _reach(where: str, setting: str) -> None:
    """Open the door of a cluster that Ray would wait for in silence, for minutes. Raises ClusterError."""
    mend = _mend(setting)
    name = where
    if where == "auto":
        # what `auto` stands for has no public name
        from ray._private.services import canonicalize_bootstrap_address

        try:
            name = canonicalize_bootstrap_address("auto") or ""
        except ConnectionError:
            name = ""
        if not name:
            raise ClusterError(f"no Ray cluster on this machine, which 'auto' asks for; start one, or {mend}")
    if where.startswith(("http://", "https://")):
        raise ClusterError(
            f"{where} is a dashboard's address, which `ray job submit` takes; {mend}: a job joins HOST:6379 or "
            "ray://HOST:10001"
        )
    found = re.fullmatch(r"(ray://)?(\[[^\]]+\]|[^:/\[\]]+)(?::(\d{1,5}))?/?", name)
    if not found or int(found[3] or 0) > 65535:
        if not found and "://" in name:
            return  # a scheme of others, which Ray knows or refuses at once
        raise ClusterError(f"{name!r} is no address of a Ray cluster, HOST:PORT or ray://HOST:PORT; {mend}")
    client, host, port = found.groups()
    if not (client or port):
        raise ClusterError(f"{name!r} lacks a port, which is 6379 where nobody chose another; {mend}")
    reason = _closed(host.strip("[]"), int(port or 10001))
    if reason:
        raise ClusterError(f"no Ray cluster at {name.removeprefix('ray://')}; {mend} ({reason})")


def _closed(host: str, port: int) -> str:
    """Why no gRPC server answers there; empty where one does."""
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE_S) as door:
            if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
                return ""
            door.sendall(_HTTP2_PREFACE)
            answer = b""
            while len(answer) < 9 and (more := door.recv(9 - len(answer))):
                answer += more
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return "" if answer[3:4] == bytes((_SETTINGS_FRAME,)) else "what answers there is something else"


def _refusal(where: str, mend: str, error: Exception) -> ClusterError:
    """What Ray says of a cluster that is there and can't be joined, in a sentence."""
    versions = re.findall(r"Ray: (\S+)\s+Python: (\S+)", str(error))
    if len(versions) == 2:
        (theirs, their_python), (ours, our_python) = versions
        return ClusterError(
            f"the Ray cluster at {where} runs Ray {theirs} on Python {their_python} and this job Ray {ours} on Python "
            f"{our_python}; install here what the cluster has, or {mend}"
        )
    from ray.exceptions import AuthenticationError

    if isinstance(error, AuthenticationError | ConnectionError):
        return ClusterError(
            f"the Ray cluster at {where} does not let this job in: its token is missing or another's; set "
            f"RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH, or {mend}"
        )
    return ClusterError(f"the Ray cluster at {where} can't be joined: {' '.join(str(error).split())[:300]}; {mend}")
