"""Tasks as networks that denoise are shown them: the framed picture, the lines of the copy, and the truth."""

import numpy as np

from layoutgen.core.layout import Box
from layoutgen.models.denoising.family import Family, NetworkSize
from layoutgen.models.denoising.inputs import Inputs, truth_of
from layoutgen.models.denoising.lines import lines_of
from layoutgen.models.denoising.view import pixels_of
from layoutgen.training.data.sample import Task


def inputs_of(task: Task, family: Family, size: NetworkSize, subject: np.ndarray | Box | None = None) -> Inputs:
    """Show a task to a network of a family and size, its `subject` as `view.pixels_of` takes it. Raises ValueError
    where it has more lines or elements than the network takes, or where its target says a text that the copy does not
    have."""
    picture, canvas_px = pixels_of(task.photo, task.framing, task.canvas, subject, size)
    lines = lines_of(task.copy, task.canvas, task.logo_aspect)
    room = len(task.target) if size.most_elements is None else size.most_elements
    if len(lines) > size.lines or len(task.target) > room:
        raise ValueError(
            f"a layout of {len(lines)} texts and {len(task.target)} elements, and {size.name} takes {size.lines} and "
            f"{room}; leave it out"
        )
    truth = truth_of(task.target, lines)
    target = family.encode(task.target, canvas_px, size)
    return Inputs(picture, canvas_px, lines, truth, target, task.category, task.logo_aspect)
