"""What planned rows take on from their brands' kits, before any stage works on them."""

from typing import Any

import pyarrow as pa

from layoutgen.core import rows
from layoutgen.core.brands.kits import BrandKits, taken_on

_READ = (
    *("title", "selling_points", "brand", "logo", "price", "was_price", "call_to_action", "badge", "disclaimer"),
    *("category", "locale", "language"),
)


def branded(planned: pa.Table, kits: BrandKits) -> pa.Table:
    """Planned rows with the copy, logo and disclaimer of their brands' kits; `input_row` keeps what the
    manifest says."""
    if not kits:
        return planned
    columns = {name: planned.column(name).to_pylist() for name in _READ if name in planned.column_names}
    changed: dict[str, list[Any]] = {}
    for i, name in enumerate(columns["brand"]):
        kit = kits.named(name)
        if kit is None:
            continue
        for column, value in taken_on({name: values[i] for name, values in columns.items()}, kit).items():
            changed.setdefault(column, list(columns[column]))[i] = value
    arrays = {name: pa.array(values, planned.schema.field(name).type) for name, values in changed.items()}
    return rows.replace(planned, **arrays)


def with_planned_logo(published: pa.Table, planned: pa.Table, kits: BrandKits) -> pa.Table:
    """Published rows with the logo that they were planned with: placing took another variant of their kit's for some,
    which makes them no other rows."""
    if not kits:
        return published
    logos = published.column("logo").to_pylist()
    named = zip(planned.column("brand").to_pylist(), planned.column("logo").to_pylist(), strict=True)
    for i, (brand, logo) in enumerate(named):
        kit = kits.named(brand)
        if kit and kit.ink(logo) and kit.ink(logos[i]):
            logos[i] = logo
    return rows.replace(published, logo=pa.array(logos, published.schema.field("logo").type))
