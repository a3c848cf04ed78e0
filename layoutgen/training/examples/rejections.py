"""Why designers decided as they did, and which rejected layouts stand beside others that answer the same. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from layoutgen.core.feedback import Feedback, blames_layout


def why(decisions: Sequence[Feedback]) -> tuple[tuple[str, ...], str]:
    """All reasons of some decisions, and their notes as one."""
    reasons = dict.fromkeys(reason for decision in decisions for reason in decision.reasons)
    return tuple(reasons), "; ".join(dict.fromkeys(decision.note for decision in decisions if decision.note))


def question(row: Mapping[str, Any]) -> tuple[object, ...]:
    """What two layouts have in common that answer the same: product, canvas, and the picture as it is framed."""
    boxes = (tuple(row.get(name) or ()) for name in ("crop", "picture"))
    of_picture = (row.get("image_sha256") or row.get("image"), row.get("backdrop"), *boxes)
    return (row.get("product_id"), row.get("canvas_width"), row.get("canvas_height"), row.get("language"), *of_picture)


def rejections_of(
    known: Mapping[tuple[str, str], Mapping[str, Any]], decided: Mapping[tuple[str, str], Sequence[Feedback]]
) -> dict[tuple[object, ...], list[Mapping[str, Any]]]:
    """Layouts that all who decided on them rejected, and not for what is no matter of layout, by their question."""
    rejections: dict[tuple[object, ...], list[Mapping[str, Any]]] = {}
    for key, decisions in decided.items():
        if {decision.decision for decision in decisions} == {"reject"} and blames_layout(why(decisions)[0]):
            rejections.setdefault(question(known[key]), []).append(known[key])
    return {question: sorted(rows, key=lambda row: str(row["row_id"])) for question, rows in rejections.items()}
