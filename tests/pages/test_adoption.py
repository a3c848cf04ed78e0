from layoutgen.core.metrics import adoption
from layoutgen.pages import adoption as adoption_page
from tests.core.markup import NASTY, Page


def test_the_adoption_page_is_well_formed_and_escapes_its_input():
    rates = adoption.rates([], 0.95)
    overlap = {"value": 0.5, "low": 0.1, "high": 0.9}
    report = {
        "layouts": {"source": NASTY, "rows": 3},
        "feedback": {"source": NASTY, "rows": 5},
        "level": 0.95,
        "overall": rates,
        "by": {"model": {NASTY: rates}, "week": {}},
        "edits": {"rows": 1, "mean": {"distance": 0.5}},
        "agreement": [
            {"annotators": [NASTY, "li"], "rows": 2, "agreement": overlap, "kappa": kappa} for kappa in (None, 0.25)
        ],
        "reasons": {NASTY: {"adopt": 0, "edit": 1, "reject": 2}},
        "problems": {"malformed": 1},
        "problem_rows": [{"place": 1, "reason": "malformed", "row_id": None, "message": NASTY}],
    }
    for edits in (report["edits"], None):
        found = Page(adoption_page.page({**report, "edits": edits}))
        assert found.open == []
        assert "script" not in found.tags
