"""The questions of docs/tables.md that are answered in SQL: read from the page, asked of a table by DuckDB."""

import re
from pathlib import Path
from typing import Any

import duckdb
import fsspec

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tables.md"
_QUESTION = re.compile(r"^(\d\. [^\n]+\?)\n\n```sql\n(.+?)```", re.MULTILINE | re.DOTALL)


def statements() -> dict[str, str]:
    """The SQL of each question, as it stands on the page."""
    return dict(_QUESTION.findall(PAGE.read_text("utf-8")))


def ask(root: str, run_id: str, product_id: str) -> dict[str, list[dict[str, Any]]]:
    """The answers, a list of rows each, from the table at `root`, a folder or an s3:// prefix; a question about covers
    has none where the table has no columns for them."""
    answers = {}
    with duckdb.connect() as connection:
        if root.startswith("s3://"):
            connection.register_filesystem(fsspec.filesystem("s3"))
        published = connection.sql(f"select * from '{root}/snapshots/{run_id}/*.parquet' limit 0").columns
        for question, sql in statements().items():
            if "accepted" in sql and "accepted" not in published:
                continue  # a table without covers
            asked = sql.replace("s3://shop/layouts", root).replace("RUN_ID", run_id).replace("PRODUCT_ID", product_id)
            answers[question] = connection.sql(asked).to_arrow_table().to_pylist()
    return answers
