"""The folders to which the nodes of a cluster spill objects, and what is free in them, asked on each node."""

import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

_PATIENCE_S = 60.0


class SpillFolder(NamedTuple):
    """A node's folder, bytes that are free in it, and those that the node's object store holds."""

    node: str
    path: str
    free: int
    store_bytes: float


def spill_folders() -> list[SpillFolder]:
    """Those of the nodes that are there; one that does not answer in a minute, or does not say, is left out."""
    ask = ray.remote(num_cpus=0, max_retries=0)(_here)
    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("object_store_memory")]
    asked = [
        ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote()
        for node in nodes
    ]
    ray.wait(asked, num_returns=len(asked), timeout=_PATIENCE_S)
    folders = []
    for node, answer in zip(nodes, asked, strict=True):
        try:
            path, free = ray.get(answer, timeout=0.1)
        except (RayError, GetTimeoutError):
            continue
        if path:
            store_bytes = node["Resources"]["object_store_memory"]
            folders.append(SpillFolder(node["NodeManagerHostname"], path, free, store_bytes))
    return folders


def _here() -> tuple[str, int]:
    """The folder of this node and what is free in it: what its raylet, this worker's parent, was started with."""
    try:
        command = Path(f"/proc/{os.getppid()}/cmdline").read_text()
    except OSError:
        return "", 0
    named = re.search("--fallback_directory=([^\0]+)", command)
    return (named[1], shutil.disk_usage(named[1]).free) if named else ("", 0)
