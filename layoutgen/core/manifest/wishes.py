"""How a row's layouts should be, as the manifest says it: style, framing and how many of them."""

import json
import math
from typing import Any

import pyarrow as pa

from layoutgen.core import demands
from layoutgen.core.collages import KINDS
from layoutgen.core.manifest.fields import UnusableError, shown

MOST_VARIANTS = 100
AUTO, AS_IS, SINGLE = "auto", "as_is", "single"
LAYOUTS = (SINGLE, AUTO, "collage", *KINDS)


def style(name: str | None, known: tuple[str, ...]) -> str | None:
    """The name of a house style or auto; None where none is asked for. Raises UnusableError for a name that none of the
    `known` ones has."""
    if not name or not name.strip():
        return None
    if known and name != AUTO and name not in known:
        listed = ", ".join((AUTO, *known))
        raise UnusableError("unknown_style", f"style is {shown(name)}; write one of {listed}, or add it to style.paths")
    return name


def framing(name: str | None) -> str | None:
    """How the photo is laid on the canvas. Raises UnusableError for what nobody does."""
    if not name or not name.strip():
        return None
    if name != AS_IS:
        raise UnusableError("bad_row", f"framing is {shown(name)}; write {AS_IS}, or leave it out")
    return name


def layout(name: str | None, default: str) -> str | None:
    """Whether a row's images are shown together, and how; None where one is shown. Raises UnusableError for what nobody
    does."""
    name = (name or "").strip() or default
    if name not in LAYOUTS:
        raise UnusableError("bad_row", f"layout is {shown(name)}; write one of {', '.join(LAYOUTS)}, or leave it out")
    return None if name == SINGLE else name


def variants(value: Any, default: int) -> int:
    """How many layouts a canvas has. Raises UnusableError for what is no whole number from 1 to `MOST_VARIANTS`."""
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return default
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (number.is_integer() and 1 <= number <= MOST_VARIANTS):
        raise UnusableError(
            "bad_row", f"variants is {shown(value)}; write a whole number from 1 to {MOST_VARIANTS}, or leave it out"
        )
    return int(number)


def constraints(value: Any, zones: tuple[str, ...]) -> str | None:
    """What a layout has to keep, as JSON in one spelling; None for nothing. Raises UnusableError for what can't be read
    or contradicts itself."""
    if isinstance(value, float) and math.isnan(value):
        return None
    try:
        is_something = demands.read(value, zones) != demands.NOTHING
    except demands.DemandError as error:
        raise UnusableError("bad_constraints", str(error)) from None
    if not is_something:
        return None
    return json.dumps(json.loads(value) if isinstance(value, str) else value, ensure_ascii=False, sort_keys=True)


def mean_variants(table: pa.Table, default: int) -> float:
    """About how many layouts a canvas of a manifest's table has."""
    if "variants" not in table.column_names or not len(table):
        return default
    counts = []
    for value in table.column("variants").to_pylist():
        try:
            counts.append(variants(value, default))
        except UnusableError:
            counts.append(1)
    return sum(counts) / len(counts)
