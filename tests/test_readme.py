"""The README says what the code says."""

import re
from pathlib import Path

from layoutgen.core import feedback, schema

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_the_contracts_are_the_schemas():
    for table in (schema.markdown(schema.LAYOUTS), schema.markdown(schema.DEAD_LETTERS), schema.role_table()):
        assert table in README, "print the tables with `python -m layoutgen.core.schema` and put them into README.md"
    assert feedback.markdown() in README, "print the table with `python -m layoutgen.core.feedback`"


def test_every_module_stands_in_the_tree():
    tree = README[README.index("## The tree") :]
    modules = [*(REPOSITORY / "layoutgen").glob("*.py"), *(REPOSITORY / "jobs").glob("*.py")]
    modules += [*(REPOSITORY / "layoutgen" / "core").glob("*.py"), *(REPOSITORY / "layoutgen" / "models").glob("*.py")]
    missing = [path.name for path in modules if path.name != "__init__.py" and path.name not in tree]
    assert not missing


def test_every_linked_file_is_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (REPOSITORY / target).exists(), target
