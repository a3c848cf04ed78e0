"""README and docs say what the code says."""

import re
from pathlib import Path

import duckdb
import polars
import pyarrow.parquet as pq
import pytest

from layoutgen.core import feedback, outcomes, preferences, schema, schema_pages
from layoutgen.io.tables import changes
from tests.chaos.quick import night
from tests.drawn import encoded, photo
from tests.pipeline.runs import write_manifest

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = [REPOSITORY / "README.md", REPOSITORY / "cluster" / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
FIGURES = "figures.md"
MOST_LINES = 200
RATE = re.compile(r"\d (?:images|layouts|covers|posters|samples|tokens|rows)/s")


def page(name):
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def test_the_readme_is_read_in_one_sitting():
    assert len((REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_contracts_are_the_schemas():
    kinds = (schema.LAYOUTS, schema.COVER_COLUMNS, schema.POSTER_COLUMNS, schema.ANNOTATIONS, schema.DEAD_LETTERS)
    kinds = (*kinds, changes.CHANGES)
    for table in (*map(schema_pages.markdown, kinds), schema_pages.role_table()):
        assert f"{table}\n" in page("tables.md"), "print the tables with `python -m layoutgen.core.schema_pages`"
    assert f"{feedback.markdown()}\n" in page("tables.md"), "print the table with `python -m layoutgen.core.feedback`"
    contract = f"{preferences.markdown()}\n"
    assert contract in page("tables.md"), "print the table with `python -m layoutgen.core.preferences`"
    assert f"{outcomes.markdown()}\n" in page("tables.md"), "print the table with `python -m layoutgen.core.outcomes`"


def test_every_example_of_reading_a_table_reads_it(tmp_path):
    (tmp_path / "vase.jpg").write_bytes(encoded(photo(48, 64)))
    manifest = write_manifest(tmp_path, [{"product_id": "v", "image": "vase.jpg", "title": "Vase"}])
    root = str(tmp_path / "layouts")
    night(manifest, root, run_id="a")
    examples = re.findall(r"^ *(duckdb|polars|pyarrow|Python): +(.+)$", page("tables.md"), re.MULTILINE)
    assert [engine for engine, _ in examples] == ["duckdb", "polars", "pyarrow", "Python"]
    for engine, text in examples:
        call = text.replace("s3://shop/layouts", root).replace('"layouts/', f'"{root}/').replace("RUN_ID", "a")
        if engine == "duckdb":
            assert duckdb.sql(call).fetchall()
        else:
            setup, _, expression = call.rpartition("; ")
            names = {"pl": polars, "pq": pq}
            exec(setup, names)
            assert len(eval(expression, names))


def test_every_module_stands_below_its_folder():
    parts = re.split(r"^### `([\w/]+)`$", page("house.md"), flags=re.MULTILINE)
    named = {
        f"{folder}/{module}"
        for folder, text in zip(parts[1::2], parts[2::2], strict=True)
        for module in re.findall(r"^\| `(\w+\.py)` \|", text, re.MULTILINE)
    }
    files = [path for top in ("layoutgen", "jobs") for path in (REPOSITORY / top).rglob("*.py")]
    modules = {path.relative_to(REPOSITORY).as_posix() for path in files if path.name != "__init__.py"}
    assert sorted(modules - named) == []
    assert sorted(named - modules) == []


def test_every_folder_stands_in_the_readmes_tree():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    tree = readme[readme.index("## The tree") : readme.index("## Promises")]
    folders = [path.parent for path in (REPOSITORY / "layoutgen").glob("*/__init__.py")]
    assert [folder.name for folder in folders if f"      {folder.name}/ " not in tree] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
class TestPage:
    def test_every_linked_file_and_section_is_there(self, path):
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                name, _, section = target.partition("#")
                linked = (path.parent / name).resolve() if name else path
                assert linked.exists(), target
                assert not section or section in sections(linked), target

    def test_every_test_that_it_names_is_there(self, path):
        for name in re.findall(r"`(tests/[\w/.]+)`", path.read_text(encoding="utf-8")):
            assert (REPOSITORY / name).exists(), name

    def test_every_file_and_folder_of_the_code_that_it_names_is_there(self, path):
        for name in re.findall(r"`((?:layoutgen|jobs|cluster|benchmarks)/[\w/.]+)`", path.read_text(encoding="utf-8")):
            assert (REPOSITORY / name).exists(), name

    def test_a_pace_stands_among_the_figures_and_nowhere_else(self, path):
        if path.name != FIGURES:
            assert RATE.findall(path.read_text(encoding="utf-8")) == []


def sections(path):
    """The headings of a page as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
