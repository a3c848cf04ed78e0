"""The row contract as docs/tables.md shows it: a table a schema, of column, type and meaning."""

import pyarrow as pa

from layoutgen.core import schema
from layoutgen.core.layout import Role
from layoutgen.core.row_types import BOX


def markdown(rows: pa.Schema) -> str:
    """Render a schema as a Markdown table of column, type and meaning."""
    lines = ["| column | type | meaning |", "| --- | --- | --- |"]
    for field in rows:
        doc = (field.metadata or {}).get(b"doc", b"").decode()
        lines.append(f"| `{field.name}` | {_type_name(field.type)} | {doc} |")
    return "\n".join(lines)


def _type_name(kind: pa.DataType) -> str:
    if kind == BOX:
        return "float32[4]"
    if pa.types.is_list(kind):
        return f"list of {_type_name(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "struct"
    return str(kind)


def role_table() -> str:
    """Render the role vocabulary as a Markdown table."""
    rows = ["| role | 中文 |", "| --- | --- |", *(f"| `{role.value}` | {role.chinese} |" for role in Role)]
    return "\n".join(rows)


if __name__ == "__main__":
    print("\n\n".join([role_table(), *(f"{name}\n\n{markdown(kind)}" for name, kind in schema.KINDS.items())]))  # noqa: T201 - a command
