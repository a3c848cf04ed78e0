import numpy as np

from layoutgen.core.metrics.definitions import METRICS
from layoutgen.core.reports import evaluation_report
from layoutgen.pages import layouts
from tests.core.markup import NASTY, Page
from tests.core.reports.test_evaluation_report import DRAWS, scored


def report(table, **more):
    return {
        "layouts": {"source": NASTY, "rows": 40, "evaluated": len(table), "products": 20, "strata": ["category"]},
        "settings": {"level": 0.95, "seed": 0},
        "saliency": NASTY,
        "latency": {"seconds_per_layout": 0.25},
        "protocols": evaluation_report.protocols(table, DRAWS),
        "groups": evaluation_report.groups(table, ("canvas", "category"), DRAWS),
        "roles": evaluation_report.roles(table),
        "violated": evaluation_report.violated(table),
        "brands_violated": evaluation_report.brands_violated(table),
        "exclusions": {NASTY: 3},
        "worst": evaluation_report.worst_rows(table, 4),
        **more,
    }


def values(table):
    return {name: found.values for name, found in evaluation_report.scores_of(table).items()}


def test_the_page_is_well_formed_and_escapes_every_string_of_the_input():
    table = scored(prefix=NASTY, category=[NASTY if i % 3 else "b" for i in range(40)])
    page = Page(layouts.page(report(table), values(table), {}, {}))
    assert page.open == []
    assert page.scripts == 0
    assert "script" not in page.tags
    assert any(NASTY in word for word in page.words)


def test_the_page_needs_nothing_beside_it():
    table = scored()
    row_id = report(table)["worst"][0]["row_id"]
    page = layouts.page(report(table), values(table), {}, {row_id: "data:image/jpeg;base64,AAAA"})
    addresses = [value for value in Page(page).values if value.startswith(("http", "//", "/")) or ".js" in value]
    assert addresses == []
    assert page.count("data:image/jpeg;base64,AAAA") == 1
    assert "no picture" in page


def test_every_metric_that_a_row_has_is_on_the_page():
    table = scored()
    words = " ".join(Page(layouts.page(report(table), values(table), {}, {})).words)
    assert all(definition.name in words for definition in METRICS.values())


def test_a_comparison_and_a_reference_are_shown_first_with_their_sentences():
    table, other = scored(shift=-0.5), scored()
    compared = {"baseline": NASTY, "baseline_run": NASTY, **evaluation_report.comparison(table, other, DRAWS)}
    names = ("fid", "precision", "recall", "density", "coverage", "max_iou", "docsim", "docsim_best")
    against = {**dict.fromkeys(names, 0.5), "source": NASTY, "layouts": 3, "reference": 4, "features": "f"}
    page = layouts.page(report(table, comparison=compared, distribution=against), values(table), values(other), {})
    assert "ralf_overlap is better: lower by 0.5" in page
    assert "of which 40 differ, and all are compared" in " ".join(page.split())
    assert page.index("is better") < page.index("Protocols")
    assert "<polyline" in page
    assert Page(page).open == []


def test_an_empty_evaluation_has_a_page():
    table = scored().slice(0, 0)
    page = layouts.page(report(table, latency=None), {name: np.zeros(0) for name in METRICS}, {}, {})
    assert Page(page).open == []
