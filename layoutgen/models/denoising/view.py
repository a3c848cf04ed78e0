"""What a network is shown of a layout to make: the framed canvas, and where its subject is."""

import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from layoutgen.core import framing
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Box, Canvas, Framing
from layoutgen.imaging.framed import draw_at


class Square(Protocol):
    """Of a network's size: the pictures' side in px, and their channels."""

    @property
    def side(self) -> int: ...  # noqa: D102
    @property
    def channels(self) -> int: ...  # noqa: D102


def pixels_of(
    image: np.ndarray, framed: Framing, canvas: Canvas, subject: np.ndarray | Box | None, size: Square
) -> tuple[Tensor, tuple[int, int]]:
    """A photo (h, w, 3) framed on its canvas, (channels, side, side), 0 to 1, scaled into the upper left of the square,
    and the canvas's (width, height) there in px. A fourth channel says where the subject is: as its map (h, w) of the
    photo, 0 to 1, says, or 1 in its box on the canvas; 0 where nobody knows."""
    scale = size.side / max(canvas.width, canvas.height)
    width, height = max(1, round(canvas.width * scale)), max(1, round(canvas.height * scale))
    out = torch.zeros(size.channels, size.side, size.side)
    out[:3, :height, :width] = torch.from_numpy(draw_at(image, framed, width, height)).permute(2, 0, 1) / 255
    if size.channels > 3 and isinstance(subject, np.ndarray):
        seen = draw_at(subject.astype(np.float32), framed, width, height)
        out[3, :height, :width] = torch.from_numpy(seen).clamp(0, 1)
    elif subject is not None and not isinstance(subject, np.ndarray):
        mark_subject(out, (width, height), subject)
    return out, (width, height)


def mark_subject(pixels: Tensor, canvas_px: tuple[int, int], box: Box) -> None:
    """Say in a picture (channels, side, side) of a canvas of (width, height) px that a subject is in a box, if it has a
    channel for that."""
    width, height = canvas_px
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in box)
    rows = slice(int(top * height), math.ceil(bottom * height))
    pixels[3:, rows, int(left * width) : math.ceil(right * width)] = 1


def subject_of(annotation: Annotation, framed: Framing) -> Box | None:
    """Where the subject is on the canvas: its box as annotated, else that of its map; None where nobody knows."""
    box = annotation.subject
    if box is None and annotation.subject_map is not None:
        box = framing.subject_box(annotation.subject_map)
    return None if box is None else framing.on_canvas(box, framed)


def shown_of(annotation: Annotation, framed: Framing) -> np.ndarray | Box | None:
    """The subject as a network is shown it: its map of the photo where there is one, else its box on the canvas."""
    return subject_of(annotation, framed) if annotation.subject_map is None else annotation.subject_map
