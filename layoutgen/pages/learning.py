"""The page of a learnt style: what was read on posters and what follows; the text is in `templates/learning.html`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from layoutgen.pages.rendering import render


def page(name: str, report: Mapping[str, Any], kit: Mapping[str, Any], toml: str, pictures: Mapping[str, str]) -> str:
    """Render the page. `pictures` are data URIs by the posters' names."""
    text = json.dumps(kit, ensure_ascii=False, indent=1)
    return render("learning.html", name=name, report=report, kit=text, toml=toml, pictures=pictures, place=_place)


def _place(box: Sequence[float]) -> str:
    """Where a box (ltrb, normalised) lies, as CSS says it."""
    left, top, right, bottom = (100 * side for side in box)
    return f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%"
