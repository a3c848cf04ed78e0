from layoutgen.core.metrics import adoption
from layoutgen.core.reports import judging_page
from tests.core.markup import NASTY, Page

VALUE = {"value": 0.5, "low": 0.25, "high": None}


def test_the_annotation_page_is_well_formed_and_escapes_its_input():
    page = judging_page.annotation_page(
        {"annotations": NASTY, "reference": NASTY, "images": 2, "lines": 9, "level": 0.95, "not_annotated": [NASTY],
         "excluded": [{"file": NASTY, "line": 3, "reason": NASTY}], "results": {NASTY: {NASTY: VALUE}}}
    )  # fmt: skip
    found = Page(page)
    assert found.open == []
    assert "script" not in found.tags
    assert "0.25 to –" in page


def test_the_adoption_page_is_well_formed_and_escapes_its_input():
    rates = adoption.rates([], 0.95)
    report = {
        "layouts": {"source": NASTY, "rows": 3},
        "feedback": {"source": NASTY, "rows": 5},
        "level": 0.95,
        "overall": rates,
        "by": {"model": {NASTY: rates}, "week": {}},
        "edits": {"rows": 1, "mean": {"distance": 0.5}},
        "problems": {"malformed": 1},
        "problem_rows": [{"place": 1, "reason": "malformed", "row_id": None, "message": NASTY}],
    }
    for edits in (report["edits"], None):
        found = Page(judging_page.adoption_page({**report, "edits": edits}))
        assert found.open == []
        assert "script" not in found.tags
