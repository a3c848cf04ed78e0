import ast
import json
import pkgutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import layoutgen
from layoutgen.config import jobs, posters, taste, training
from layoutgen.config.base import load
from tests.limits import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 300
MOST_LINES_BY_HAND = 250
FILLER = {
    "found": 117,
    "heat": 0,
    "kept": 33,
    "look": 10,
    "lots": 1,
    "made": 11,
    "one": 64,
    "said": 15,
    "seen": 15,
    "some": 21,
    "take": 10,
    "told": 14,
}
"""How often these words, which name nothing, may be names in `layoutgen` and `jobs`. It only goes down."""


def modules(package):
    folder = Path(layoutgen.__file__).parent / package
    return [module.name for module in pkgutil.walk_packages([str(folder)], f"layoutgen.{package}.")]


def test_core_config_and_stages_import_neither_ray_nor_torch():
    names = [*modules("config"), *modules("core"), *modules("stages")]
    assert len(names) > 20
    code = f"import json, sys, {', '.join(names)}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    loaded = set(json.loads(done.stdout))
    assert set(names) <= loaded
    assert not loaded & {"ray", "torch", "transformers", "onnxruntime", "rapidocr"}


def shipped():
    return sorted([*ROOT.glob("jobs/*.toml"), *ROOT.glob("layoutgen/demo/*.toml")])


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_every_shipped_config_loads(path):
    job = path.name.split(".")[0]
    job = "layouts" if job == "demo" else job
    name = f"{job.capitalize()}Config"
    load(next(kind for module in (jobs, training, posters, taste) if (kind := getattr(module, name, None))), path)


def test_every_kind_of_settings_has_a_shipped_config():
    names = [*vars(jobs), *vars(training), *vars(posters), *vars(taste)]
    kinds = {name.removesuffix("Config").lower() for name in names if name.endswith("Config")} - {""}
    assert kinds >= {"layouts", "annotate"}
    assert kinds <= {path.name.split(".")[0] for path in shipped()}


def code_lines(path):
    """How many lines hold code: no blank ones, comments or docstrings."""
    text = path.read_text(encoding="utf-8")
    docstrings = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docstrings.update(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for i, line in lines if line.strip() and not line.strip().startswith("#") and i not in docstrings)


@pytest.mark.parametrize("folder", ["layoutgen", "jobs"])
def test_no_file_is_too_long_to_be_read_in_one_sitting(folder):
    too_long = {str(path): n for path in (ROOT / folder).rglob("*.py") if (n := code_lines(path)) > MOST_LINES}
    assert not too_long


def test_every_module_says_what_it_is():
    silent = [
        str(path)
        for folder in ("layoutgen", "jobs")
        for path in (ROOT / folder).rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


@pytest.mark.parametrize("folder", ["layoutgen", "jobs"])
def test_no_long_file_is_laid_out_by_hand_to_stay_below_the_limit(folder):
    mark = "# fmt: " + "skip"
    squeezed = [
        str(path)
        for path in (ROOT / folder).rglob("*.py")
        if mark in path.read_text(encoding="utf-8") and code_lines(path) > MOST_LINES_BY_HAND
    ]
    assert not squeezed, f"of more than {MOST_LINES_BY_HAND} code lines: split the file instead of `{mark}`"


def names_of(path):
    """Every name that a module binds: variables, arguments, functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def test_filler_words_as_names_become_fewer():
    paths = [path for folder in ("layoutgen", "jobs") for path in sorted((ROOT / folder).rglob("*.py"))]
    counts = Counter(dict.fromkeys(FILLER, 0))
    for path in paths:
        counts.update(word for name in names_of(path) if (word := name.strip("_")) in FILLER)
    more = {word: f"{count}, allowed {FILLER[word]}" for word, count in counts.items() if count > FILLER[word]}
    assert not more, (
        f"{more}: name a value by what it is, such as `boxes`, `fault` or `path`. Where a change lowers a count, lower "
        f"it in FILLER, too; today: {dict(counts)}"
    )


CLOCKS = {"monotonic", "perf_counter", "time"}


def test_no_test_asserts_how_many_seconds_have_gone_by():
    """A busy machine fails such a test: count attempts, or see `tests.limits`."""
    timed = [
        f"{path}:{claim.lineno}"
        for path in (ROOT / "tests").rglob("*.py")
        for claim in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(claim, ast.Assert)
        for part in ast.walk(claim.test)
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub) and is_clock(part.left)
    ]
    assert not timed


def is_clock(node):
    call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return call and node.func.attr in CLOCKS and getattr(node.func.value, "id", "") == "time"
