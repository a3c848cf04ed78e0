"""Every benchmark says what it measures and how long it takes, has --full, and stands in a table of docs/figures.md."""

import ast
import json
from pathlib import Path

import pytest

from benchmarks.benchmark import SAME, Benchmark
from benchmarks.suite import SUITES, cells, run_all
from tests.test_architecture import FILLER, names_of

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "benchmarks").glob("*.py"))
MOST_SECONDS, MOST_SUITE_SECONDS = 90, 12 * 60


def arguments_of(path):
    """What a module's Benchmark is made of; None where it has none."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(getattr(node.value, "func", None), "id", "") == "Benchmark":
            words = [ast.literal_eval(argument) for argument in node.value.args]
            return words, {word.arg: ast.literal_eval(word.value) for word in node.value.keywords}
    return None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_a_benchmark_in_the_table_or_says_that_it_is_none(path):
    if (benchmark := arguments_of(path)) is None:
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert "No benchmark itself" in about
        return
    (name, measures, against), sizes = benchmark
    assert name == path.stem
    assert 0 < sizes["seconds"] <= MOST_SECONDS
    row = f"| `{name}` | {measures} | {against} | {sizes['seconds']} | {sizes.get('full', SAME)} |\n"
    assert row in (ROOT / "docs" / "figures.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [path for path in MODULES if arguments_of(path)], ids=lambda path: path.stem)
def test_a_benchmark_takes_the_arguments_that_all_have_and_prints_through_it(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    of_benchmark = {
        call.attr for call in calls if isinstance(call, ast.Attribute) and getattr(call.value, "id", "") == "BENCHMARK"
    }
    assert "parser" in of_benchmark
    assert of_benchmark & {"line", "compare"}
    assert "ArgumentParser" not in {getattr(call, "attr", "") for call in calls}


def test_the_suite_of_make_bench_takes_twelve_minutes_at_most():
    assert (
        sum(arguments_of(ROOT / "benchmarks" / f"{part}.py")[1]["seconds"] for part in SUITES["cpu"])
        <= MOST_SUITE_SECONDS
    )


def test_a_size_is_what_was_given_or_that_of_full_or_the_default(capsys):
    parser = Benchmark("nothing", "nothing", "nothing else", seconds=3, full="a minute").parser("About nothing.")
    parser.add_size("--rows", 10, 1000)
    parser.add_size("--steps", (1, 2), (1, 4, 8), nargs="*")
    assert vars(parser.parse_args([])).items() >= {"rows": 10, "steps": (1, 2), "full": False}.items()
    assert (
        capsys.readouterr().out
        == "nothing: nothing, against nothing else; about 3 s on two quiet cores (--full: a minute)\n"
    )
    assert vars(parser.parse_args(["--full"])).items() >= {"rows": 1000, "steps": (1, 4, 8)}.items()
    assert capsys.readouterr().out == "nothing: nothing, against nothing else; with --full a minute\n"
    assert (
        vars(parser.parse_args(["--full", "--rows", "5", "--steps", "3"])).items() >= {"rows": 5, "steps": [3]}.items()
    )


def test_a_suite_goes_on_after_a_part_that_fails_and_ends_with_a_table(tmp_path, capfd):
    file = tmp_path / "lines.jsonl"
    measured = ["metrics", "--case", "graphic", "--rounds", "1", "--output", str(file)]
    assert run_all([["none_of_ours"], measured]) == 1
    out = capfd.readouterr().out
    (line,) = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert line.items() >= {"bench": "metrics", "case": "graphic", "unit": "layouts/s a core"}.items()
    assert line["hardware"].endswith("one core")
    assert {"commit", "date", "ours", "other", "ratio"} <= line.keys()
    assert {"python", "numpy", "cv2"} <= line["versions"].keys()
    printed = out.split("[2 of 2] ")[1].splitlines()
    assert printed[1].startswith("metrics: layouts measured a second")
    table = [row for row in out.splitlines() if row.startswith("| ")]
    assert table[0] == "| benchmark | case | ours | other | ratio | unit | of the device |"
    assert table[2].startswith("| none_of_ours | failed with exit code 1 after")
    assert table[3].startswith("| metrics | done after")
    assert table[4].startswith(f"|  | graphic | {line['ours']} |")


def test_a_part_that_takes_longer_than_its_share_is_stopped_and_the_next_one_runs(capfd):
    assert run_all([["stream"], ["none_of_ours"]], seconds=2.0) == 1
    table = [row for row in capfd.readouterr().out.splitlines() if row.startswith("| ")]
    assert table[2].startswith("| stream | stopped after")
    assert table[3].startswith("| none_of_ours |")


def test_what_a_part_reaches_of_the_device_stands_in_its_line():
    line = {"case": "a", "ours": 2.0, "other": 1.0, "ratio": 2.0, "unit": "images/s"}
    assert cells(line | {"roofline": 0.314})[-1] == "31%"
    assert cells(line | {"mfu": 0.42, "mfu_6n": 0.6})[-1] == "42%"
    assert cells(line)[-1] == ""


def test_every_suite_runs_benchmarks_that_are_there():
    names = {part.split()[0] for parts in SUITES.values() for part in parts}
    assert names <= {path.stem for path in MODULES if arguments_of(path)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_name_says_what_it_names(path):
    assert sorted({name for name in names_of(path) if name.strip("_") in FILLER}) == []
