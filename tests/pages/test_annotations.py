from layoutgen.pages import annotations
from tests.core.markup import NASTY, Page

VALUE = {"value": 0.5, "low": 0.25, "high": None}


def test_the_annotation_page_is_well_formed_and_escapes_its_input():
    page = annotations.page(
        {"annotations": NASTY, "reference": NASTY, "images": 2, "lines": 9, "level": 0.95, "not_annotated": [NASTY],
         "excluded": [{"file": NASTY, "line": 3, "reason": NASTY}], "results": {NASTY: {NASTY: VALUE}}}
    )  # fmt: skip
    found = Page(page)
    assert found.open == []
    assert "script" not in found.tags
    assert "0.25 to –" in page
