"""The annotator that reads no text: it finds the subject and nothing else."""

import numpy as np

from layoutgen.core import framing
from layoutgen.core.annotation import Annotation
from layoutgen.models.base import Fault, Saliency

VERSION = "subject-1"


class SubjectOnly:
    """Annotates with the subject alone."""

    def __init__(self, saliency: Saliency) -> None:
        self._saliency = saliency

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Fault]:
        """Return annotations without lines."""
        return [
            Annotation((), framing.subject_box(subject_map), subject_map)
            for subject_map in self._saliency.saliency(images)
        ]
