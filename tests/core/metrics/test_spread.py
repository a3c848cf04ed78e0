"""Spreads of series and variants: 0 of what looks alike, more of what does not, none of what has no group."""

from typing import Any

import numpy as np
import pytest

from layoutgen.core import rows
from layoutgen.core.layout import Element, Framing, Role
from layoutgen.core.metrics import own
from layoutgen.core.metrics.spread import spreads


def row(key: str, *, title_px: int = 80, left: float = 0.1, ground: str = "panel", **values: Any) -> dict[str, Any]:
    title = Element(Role.TITLE, (left, 0.1, left + 0.3, 0.2), "Vase", ("Vase",), "A", title_px, title_px)
    framing = Framing(picture=(0.5, 0.0, 1.0, 1.0), backdrop=values.pop("backdrop", "#eef0f4"), ground=ground)
    columns = {name: column[0] for name, column in rows.framing_columns({0: framing}, 1).items()}
    return {
        "row_id": key, "product_id": key.partition("@")[0], "canvas_width": 1080, "canvas_height": 1080,
        "elements": [rows.element_row(title)], "style_used": "calm", **columns, **values,
    }  # fmt: skip


def test_alike_looks_have_no_spread_and_each_difference_adds() -> None:
    first = row("p@1080x1080")
    alike = spreads([first, row("p@1080x1440")])
    assert alike["own_series_spread"] == {"value": 0.0, "groups": 1}
    assert alike["own_variant_spread"] == {"value": None, "groups": 0}
    wider = {"style_used": "deep"}, {"ground": "card"}, {"left": 0.6}, {"title_px": 160}, {"backdrop": "#101828"}
    values = [spreads([first, row("p@1080x1440", **other)])["own_series_spread"]["value"] for other in wider]
    assert values[:4] == pytest.approx([0.2] * 4) and 0.15 < float(values[4] or 0) <= 0.2


def test_a_series_holds_products_together_and_one_of_one_has_no_spread() -> None:
    products = [row(f"p{i}@1080x1080", series="618", style_used=style) for i, style in enumerate(("a", "a", "b"))]
    assert spreads(products)["own_series_spread"] == {"value": pytest.approx(2 / 3 * 0.2), "groups": 1}
    assert spreads(products[:1])["own_series_spread"]["groups"] == 0
    one = row("p@1080x1080", series="618")
    many = [one | {"row_id": f"p{i}@1080x1080", "product_id": f"p{i}"} for i in range(10_000)]
    assert spreads(many)["own_series_spread"] == {"value": 0.0, "groups": 1}


def test_variants_count_apart_from_series() -> None:
    canvas = [row("p@1080x1080"), row("p@1080x1080@v1", variant=1, style_used="deep", left=0.6)]
    found = spreads([*canvas, row("p@1080x1440")])
    assert found["own_series_spread"] == {"value": 0.0, "groups": 1}
    assert found["own_variant_spread"]["groups"] == 1
    assert found["own_variant_spread"]["value"] == pytest.approx(1 / 3 + 2 / 3 * 0.5)


def test_a_row_that_can_not_be_read_is_left_out() -> None:
    assert spreads([{**row("p@1"), "elements": None}, row("p@2")])["own_series_spread"]["groups"] == 0


def test_subject_cut_is_what_the_framing_leaves_out() -> None:
    subject = np.zeros((100, 200))
    subject[20:80, 50:150] = 1.0
    assert own.subject_cut(subject, Framing()) == 0
    assert own.subject_cut(subject, Framing(crop=(0.5, 0.0, 1.0, 1.0))) == pytest.approx(0.5)
    assert own.subject_cut(subject, Framing(crop=(0.0, 0.0, 1.0, 0.35))) == pytest.approx(0.75)
    beyond = Framing(picture=(0.0, 0.0, 2.0, 1.0))
    assert own.subject_cut(subject, beyond) == pytest.approx(0.5), "what of the picture lies beyond the canvas"
    assert own.subject_cut(np.zeros((4, 4)), Framing(crop=(0.5, 0.5, 1.0, 1.0))) == 0
