"""No value of a report becomes markup, and no template forgets one."""

import re
from pathlib import Path

import jinja2
import pytest

import layoutgen.pages
from layoutgen.pages import adoption, annotations, plots
from layoutgen.pages.rendering import render
from tests.core.markup import NASTY, Page

TEMPLATES = sorted((Path(layoutgen.pages.__file__).parent / "templates").iterdir())


def test_no_template_or_module_of_the_pages_turns_escaping_off() -> None:
    assert {path.suffix for path in TEMPLATES} == {".html", ".svg", ".css"}
    for path in TEMPLATES:
        assert not re.search(r"\|\s*safe|autoescape", path.read_text()), path.name


def test_a_value_that_a_template_asks_for_and_lacks_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render("adoption.html", groups={})


def test_a_plot_in_a_page_stays_markup_and_its_labels_are_text() -> None:
    rate = {"value": 0.5, "low": 0.4, "high": 0.6}
    rates = {"decided": 2, "adopt": 1, "edit": 1, "reject": 0, "adoption_rate": rate, "as_is_rate": rate}
    report = {
        "layouts": {"source": "a", "rows": 2},
        "feedback": {"source": "b", "rows": 2},
        "level": 0.95,
        "agreement": [],
    }
    more = {
        "overall": rates,
        "reasons": {},
        "by": {NASTY: {NASTY: rates}},
        "edits": None,
        "problems": {NASTY: 1},
        "problem_rows": [],
    }
    page = Page(adoption.page({**report, **more}))
    assert page.tags.count("svg") == 1
    assert "adoption rate by " + NASTY in page.words
    assert not {"script", "img"} & set(page.tags)


def test_markup_in_a_settings_value_is_text() -> None:
    report = {"annotations": "a", "reference": "b", "images": 1, "lines": 1, "level": 0.95, "not_annotated": []}
    report |= {"excluded": [], "results": {NASTY: {"f1": {"value": 0.5, "low": None, "high": None}}}}
    page = Page(annotations.page(report))
    assert any(NASTY in word for word in page.words)
    assert not {"script", "img"} & set(page.tags)


def test_a_curves_name_and_axes_are_text() -> None:
    svg = plots.curves({NASTY: [(0, 1.0), (1, 0.5)]}, across=NASTY, up=NASTY)
    assert not {"script", "img"} & set(Page(svg).tags)
    assert Page(svg).words.count(f"{NASTY}, against {NASTY}") == 1


def test_html_is_built_by_templates_alone() -> None:
    package = Path(layoutgen.pages.__file__).parents[1]
    tags = re.compile(r"</(div|p|h[1-6]|table|tr|td|svg|html|text)>")
    # The shop of the demo answers with an error page where a photo should be; a layout as SVG escapes each text itself,
    # which its own tests hold against copy that injects.
    others = {"catalogue.py", "svg.py"}
    found = [path.name for path in package.rglob("*.py") if path.name not in others and tags.search(path.read_text())]
    assert found == []
