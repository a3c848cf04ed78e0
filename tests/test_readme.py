"""The README says what the code says."""

import re
from pathlib import Path

import duckdb
import polars
import pyarrow.parquet as pq

from layoutgen.core import feedback, schema
from tests.chaos.quick import night
from tests.conftest import encoded, photo
from tests.pipeline.runs import write_manifest

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_contracts_are_the_schemas():
    for table in (schema.markdown(schema.LAYOUTS), schema.markdown(schema.DEAD_LETTERS), schema.role_table()):
        assert table in README, "print the tables with `python -m layoutgen.core.schema` and put them into README.md"
    assert feedback.markdown() in README, "print the table with `python -m layoutgen.core.feedback`"


def test_every_example_of_reading_a_table_reads_it(tmp_path):
    (tmp_path / "vase.jpg").write_bytes(encoded(photo(48, 64)))
    manifest = write_manifest(tmp_path, [{"product_id": "v", "image": "vase.jpg", "title": "Vase"}])
    root = str(tmp_path / "layouts")
    night(manifest, root, run_id="a")
    examples = re.findall(r"^    (duckdb|polars|pyarrow|Python): +(.+)$", README, re.MULTILINE)
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


def test_every_module_stands_in_the_tree():
    tree = README[README.index("## The tree") :]
    modules = [*(REPOSITORY / "layoutgen").glob("*.py"), *(REPOSITORY / "jobs").glob("*.py")]
    modules += [*(REPOSITORY / "layoutgen" / "core").glob("*.py"), *(REPOSITORY / "layoutgen" / "models").glob("*.py")]
    missing = [path.name for path in modules if path.name != "__init__.py" and path.name not in tree]
    assert not missing


def test_every_linked_file_is_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (REPOSITORY / target).exists(), target
