"""What an annotator says of one image: its text lines and its subject. Not the annotation standard's JSON: see
`annotation_json`."""

from dataclasses import dataclass, field

import numpy as np

from layoutgen.core.layout import Box, Role


@dataclass(frozen=True)
class TextLine:
    """One line of text in an image. `box` is normalised to the image; `colour` is the glyphs' dominant colour as
    #rrggbb; `language` is zh, en, ja, ko, digits or other; `score` is the reader's confidence in [0, 1]; `placed`
    tells a line that a designer set from one that is printed on the product or stands in the scene. `grounded` is for
    texts that a language model named: True where box and string are measured, False where they are the model's own,
    None where nothing was to be grounded."""

    text: str
    box: Box
    role: Role
    language: str
    colour: str
    score: float
    placed: bool
    grounded: bool | None = None


@dataclass(frozen=True)
class Annotation:
    """All that was read in one image: lines in reading order, the subject's box (None where none stands out) and, from
    annotators that look for it, the subject's map: (h, w) float32 in [0, 1], at a size of the annotator's choice."""

    lines: tuple[TextLine, ...] = ()
    subject: Box | None = None
    subject_map: np.ndarray | None = field(default=None, compare=False, repr=False)
