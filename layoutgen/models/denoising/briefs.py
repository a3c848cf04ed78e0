"""What networks that denoise are asked: the briefs that they can read, some at a time, what they see of them, and how
what they propose is left."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from layoutgen.core.framing import seen_edges
from layoutgen.core.layout import Framing, Suggestion
from layoutgen.core.proposals.tidying import sized, tidied
from layoutgen.models.base import Brief, Fault, PlanBrief
from layoutgen.models.decoding.devices import in_halves
from layoutgen.models.denoising.lines import Line, lines_of
from layoutgen.models.denoising.view import Square, mark_subject, pixels_of, shown_of, subject_of

Task = TypeVar("Task")
Answer = TypeVar("Answer")
NOT_FINITE = Fault("not_finite", "the network's answer is not finite; look at its weights, or use another dtype")


def readable(brief: Brief | PlanBrief, most: int) -> tuple[Line, ...] | Fault:
    """The lines of a brief's copy, or why a network that reads `most` of them can't: `empty_copy`, `copy_too_long`."""
    lines = lines_of(brief.copy, brief.canvas, brief.logo_aspect)
    if not lines:
        return Fault("empty_copy", "copy has no title, no selling point, no brand and no logo; mend the row")
    if len(lines) > most:
        return Fault("copy_too_long", f"copy has {len(lines)} texts, and at most {most} are laid out; leave some out")
    return lines


def answers(
    asked: Sequence[Task | Fault], work: Callable[[Sequence[Task]], list[Answer]], rows: int
) -> list[Answer | Fault]:
    """What `work` makes of the tasks, `rows` at once or fewer where memory ends; a fault among them stays as it is."""
    tasks = [task for task in asked if not isinstance(task, Fault)]
    answered = (
        answer for start in range(0, len(tasks), rows) for answer in in_halves(work, tasks[start : start + rows])
    )
    return [task if isinstance(task, Fault) else next(answered) for task in asked]


def pictures_of(shown: Sequence[tuple[Brief, Framing]], size: Square) -> tuple[Tensor, Tensor]:
    """Framed briefs as a network sees them, (n, channels, side, side), and each canvas's width and height there in px,
    (n, 2), integers. Boxes that are to stay free are shown as the subject is, which networks keep off."""
    seen = [
        pixels_of(brief.image, framing, brief.canvas, shown_of(brief.annotation, framing), size)
        for brief, framing in shown
    ]
    for (pixels, canvas_px), (brief, _) in zip(seen, shown, strict=True):
        for box in brief.free:
            mark_subject(pixels, canvas_px, box)
    return torch.stack([pixels for pixels, _ in seen]), torch.tensor([shape for _, shape in seen])


def tidy(layout: Sequence[Suggestion], brief: Brief, framing: Framing) -> tuple[Suggestion, ...]:
    """A layout that a network proposes of a framed brief, as it leaves the composer: see `tidying`."""
    subject = subject_of(brief.annotation, framing)
    return tidied(sized(layout, brief.canvas), brief.canvas, brief.free, subject, seen_edges(framing))
