"""Fills a template of `templates/`: Jinja2, which escapes every value that is not markup of a template already.

Filters of ours: `number` (a measure, or None), `thousands` (a count), `percent` (a share), `px` (a place), `points`
(places of a line). A name that a template asks for and is not given is an error.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def number(value: float | None, digits: int = 3) -> str:
    """A number as people read it; a dash for None."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if 1e3 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def render(template: str, **values: Any) -> Markup:
    """A template's text with these values in it, as markup that other templates take as it is."""
    return Markup(_environment().get_template(template).render(values))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("layoutgen.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "thousands": _thousands,
        "percent": _percent,
        "px": _px,
        "points": _points,
    }
    return environment


def _thousands(count: int) -> str:
    return f"{count:,}"


def _percent(share: float, digits: int = 0) -> str:
    return f"{share:.{digits}%}"


def _px(place: float) -> str:
    return f"{place:.1f}"


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{_px(x)},{_px(y)}" for x, y in places)
