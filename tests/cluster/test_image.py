"""The image has what every job imports, in the versions that the tests pass with, each file known by its digest."""

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.limits import PATIENCE_S

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "cluster" / "requirements.lock"
ELSEWHERE = {"vllm", "pyphen"}
"""What a job imports only where a setting asks for it and its own environment has it, or where it is installed."""
BESIDE = re.compile(r"(nvidia|cuda)-.*|triton|setuptools")
"""What torch's CUDA build needs and the CPU build of `make setup` does not, or brings with the environment itself."""


def pins(text: str) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([\w.!+]+)", text, re.M)}


@cache
def locked() -> dict[str, str]:
    return pins(LOCK.read_text(encoding="utf-8"))


@cache
def needed(extra: str) -> frozenset[str]:
    """All distributions that this project with an extra needs here, and those that they need."""
    found: set[str] = set()
    waiting = [Requirement(f"layoutgen[{extra}]")]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), tuple(sorted(wanted.extras))
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        for line in importlib.metadata.requires(name) or ():
            requirement = Requirement(line)
            marker = requirement.marker
            if marker is None or any(marker.evaluate({"extra": one}) for one in ("", *extras)):
                waiting.append(requirement)
    return frozenset(found - {"layoutgen"})


@cache
def providers() -> dict[str, set[str]]:
    """The distributions that have a top-level module."""
    return {
        name: set(map(canonicalize_name, owners))
        for name, owners in importlib.metadata.packages_distributions().items()
    }


def test_the_lock_has_the_versions_that_the_tests_pass_with() -> None:
    tested = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    others = {name: version for name, version in locked().items() if tested.get(name) != version}
    assert not [name for name in others if not BESIDE.fullmatch(name)], "run `make lock`"


def test_the_lock_has_all_that_the_project_and_its_training_need() -> None:
    assert needed("train") <= set(locked()), "run `make lock`"
    assert not set(locked()) & {"pytest", "ruff", "mypy", "hypothesis", "polars"}, "what only developers need"


def test_every_locked_file_has_a_digest_and_none_has_an_address() -> None:
    entries = re.split(r"^(?=[\w.-]+==)", LOCK.read_text(encoding="utf-8"), flags=re.M)[1:]
    assert len(entries) == len(locked()) > 100
    for entry in entries:
        assert re.fullmatch(r"[\w.-]+==[\w.!+]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n", entry), entry[:200]
    assert "://" not in LOCK.read_text(encoding="utf-8")


def test_the_image_installs_the_lock_by_its_digests_and_nothing_besides() -> None:
    lines = (ROOT / "cluster" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    installs = re.findall(r"pip install[^&\n]*", lines)
    assert len(installs) == 2 and all("--no-deps" in install for install in installs)
    assert "--require-hashes" in installs[0] and "requirements.lock" in installs[0]
    (base,) = re.findall(r"^FROM (.*)$", lines, re.M)
    assert base.endswith("${BASE_DIGEST}") and 'ARG BASE_DIGEST=""' in lines.splitlines()


def test_jobs_import_nothing_that_the_image_lacks() -> None:
    """Also what is imported only when it is used: every import statement, wherever it stands."""
    lacking: dict[str, str] = {}
    for path in [*(ROOT / "layoutgen").rglob("*.py"), *(ROOT / "jobs").glob("*.py")]:
        if path.is_relative_to(ROOT / "layoutgen" / "demo"):
            continue  # of the demo's machine, not of a node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in {name.partition(".")[0] for name in names} - {"layoutgen", "jobs"} - ELSEWHERE:
                if name not in sys.stdlib_module_names and not providers().get(name, set()) & set(locked()):
                    lacking[name] = str(path.relative_to(ROOT))
    assert not lacking


_IMPORT_ALL = """
import importlib, json, pkgutil, sys
from importlib.machinery import PathFinder

blocked = set(json.loads(sys.argv[1]))

class Image(PathFinder):
    # Ray carries some packages with it, in a folder of its own on the path.
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name in blocked:
            path = [folder for folder in sys.path if not folder.endswith("site-packages")]
        return PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Image
import jobs, layoutgen
for package in (jobs, layoutgen):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.startswith(("layoutgen.demo", "layoutgen.models.decoding.vllm_boxes")):
            importlib.import_module(module.name)
import deepspeed, tensorboardX
"""


@pytest.mark.slow
def test_every_module_of_every_job_is_imported_with_the_images_distributions_alone() -> None:
    installed = {*locked(), "layoutgen", "pip"}
    blocked = [name for name, owners in providers().items() if not owners & installed]
    assert {"pytest", "mypy", "polars", "hypothesis"} <= set(blocked), "the test blocks what the image lacks"
    subprocess.run([sys.executable, "-c", _IMPORT_ALL, json.dumps(blocked)], cwd=ROOT, check=True, timeout=PATIENCE_S)


def test_the_lock_is_made_for_the_images_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (tag,) = re.findall(r"-py(\d)(\d+)-", (ROOT / "cluster" / "Dockerfile").read_text(encoding="utf-8"))
    python = ".".join(tag)
    assert f"--python-version {python} " in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert Requirement(f"python{project['requires-python']}").specifier.contains(f"{python}.0")
