"""A row in the words of an edit: a text that a designer changed was what there was to say."""

from collections.abc import Mapping
from typing import Any

from layoutgen.core.feedback import Feedback
from layoutgen.core.layout import OFFER_ROLES

_COPY = ("title", "brand", *(role.value for role in OFFER_ROLES))


def reworded(row: Mapping[str, Any], edit: Feedback) -> Mapping[str, Any]:
    """A row whose copy and elements have the texts of an edit's elements, as far as these say which of the row's they
    were, and the edit's house style. Both layouts, ours and the designer's, then are answers to one copy."""
    elements = list(row.get("elements") or ())
    counted = edit.styled or elements
    row = {**row, "style_used": edit.style} if edit.style else row
    words: dict[str, str] = {}
    for element in edit.elements or ():
        before = counted[element.was] if element.was is not None and element.was < len(counted) else None
        if before and before.get("role") == element.role and before.get("text") and element.text:
            words[before["text"]] = element.text
    if all(text == changed for text, changed in words.items()):
        return row
    copy = {name: words.get(row[name], row[name]) for name in _COPY if row.get(name)}
    points = [words.get(point, point) for point in row.get("selling_points") or ()]
    changed = [{**element, "text": words.get(element.get("text"), element.get("text"))} for element in elements]
    return {**row, **copy, "selling_points": points, "elements": changed}
